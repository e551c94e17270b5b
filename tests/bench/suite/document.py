"""Parts of the document: tables, text and plots in Markdown."""

from dataclasses import dataclass, field

from suite import targets
from suite.figures import Series


def table(heads: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; bars in its cells do not end them."""
    def line(cells):
        return "| " + " | ".join(str(c).replace("|", "\\|").replace("\n", " ") for c in cells) + " |"
    for row in rows:
        if len(row) != len(heads):
            raise ValueError(f"{len(row)} cells for {len(heads)} columns: {row}")
    return "\n".join([line(heads), "|" + "---|" * len(heads), *map(line, rows)])


@dataclass
class Section:
    """What one part has to tell."""

    title: str
    blocks: list[str] = field(default_factory=list)
    # What was not measured because something is not there.
    skipped: list[str] = field(default_factory=list)
    # What went wrong.
    failed: list[str] = field(default_factory=list)
    # Figures of which there is a target, by its key in targets.TARGETS.
    reached: dict[str, Series] = field(default_factory=dict)

    def text(self, paragraph: str) -> None:
        self.blocks.append(paragraph)

    def table(self, heads: list[str], rows: list[list[str]]) -> None:
        self.blocks.append(table(heads, rows))

    def plot(self, path: str | None, what: str) -> None:
        """`path` is relative to the document; None if it could not be drawn."""
        if path:
            self.blocks.append(f"![{what}]({path})")

    def check(self, *series) -> None:
        """Takes note of what was not measured whole."""
        for s in series:
            if s.why and s.why not in self.failed + self.skipped:
                (self.skipped if s.missing else self.failed).append(s.why)

    def reach(self, key: str, figure: Series) -> None:
        targets.TARGETS[key]  # there is such a target
        self.reached[key] = figure

    @property
    def whole(self) -> bool:
        return not self.failed

    def markdown(self) -> str:
        warnings = [f"**INCOMPLETE: {why}**" for why in self.failed] + [f"Left out: {why}." for why in self.skipped]
        return "\n\n".join([f"## {self.title}", *warnings, *self.blocks])


TARGETS = """Ratios are those of neighbours in time; the parts below say how each figure is measured."""


def beside_targets(sections: list[Section]) -> list[str]:
    """A section of its own, if any target was measured."""
    rows = targets.rows({key: figure for s in sections for key, figure in s.reached.items()})
    if not rows:
        return []
    section = Section("Beside the targets")
    section.text(TARGETS)
    section.table(["work", "target", "moonshot", "measured", ""], rows)
    return [section.markdown()]


def document(heading: str, sections: list[Section]) -> str:
    """The whole document. What is not whole is said first."""
    broken = [s.title for s in sections if not s.whole]
    warning = ["**INCOMPLETE: not everything could be measured in: " + "; ".join(broken) + ".**"] if broken else []
    return "\n\n".join(["# Benchmarks", *warning, heading, *beside_targets(sections), *[s.markdown() for s in sections]]) + "\n"
