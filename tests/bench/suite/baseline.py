"""The committed counts, and what has become dearer or cheaper since."""

from dataclasses import dataclass

# Of instructions; and what is too little to speak of, in instructions and allocations.
TOLERATED_PERCENT = 3.0
LEAST_INSTRUCTIONS = 0.5
LEAST_ALLOCATIONS = 0.02


@dataclass
class Entry:
    """The cost of one operation."""

    name: str
    instructions: float
    allocations: float
    what: str


@dataclass
class Comparison:
    """Sentences about a count beside its baseline."""

    dearer: list[str]
    cheaper: list[str]

    @property
    def passed(self) -> bool:
        return not self.dearer


class BadBaseline(Exception):
    """Says in which line what is wrong."""


HEADER = """\
# What one operation costs: instructions and allocations, exactly, as tests/bench/gate.py counts them in a release build.
# ./dev check fails when one becomes more than 3 % dearer; ./dev bench --accept writes this file anew.
"""


def format_entries(entries, tools: str) -> str:
    """The file's text. `tools` says what it was counted with."""
    width = max(len(e.name) for e in entries)
    lines = [f"{e.name:<{width}} {e.instructions:>9.1f} {e.allocations:>8.3f}  {e.what}" for e in entries]
    heads = f"{'# name':<{width}} {'instr.':>9} {'allocs':>8}  what"
    return HEADER + f"# tools: {tools}\n" + "\n".join([heads, *lines]) + "\n"


def tools_of(text: str) -> str:
    """What the file was counted with."""
    for line in text.splitlines():
        if line.startswith("# tools: "):
            return line.removeprefix("# tools: ")
    return ""


def parse_entries(text: str) -> list[Entry]:
    """Reads the file's text."""
    entries: dict[str, Entry] = {}
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        fields = line.split(maxsplit=3)
        try:
            entry = Entry(fields[0], float(fields[1]), float(fields[2]), fields[3])
        except (IndexError, ValueError):
            raise BadBaseline(f"line {number}: '{line}' is no name, instructions, allocations and text") from None
        if entry.name in entries:
            raise BadBaseline(f"line {number}: {entry.name} was there before")
        entries[entry.name] = entry
    return list(entries.values())


def change(was: float, now: float) -> str:
    """In words: '3978.2, was 3338.0 (+19.2 %)'."""
    percent = f" ({(now - was) / was * 100:+.1f} %)" if was else ""
    return f"{now:.1f}, was {was:.1f}{percent}"


def compare(baseline, counted) -> Comparison:
    """Every entry of the baseline must have been counted, and every count must have its entry."""
    result = Comparison([], [])
    now = {e.name: e for e in counted}
    for was in baseline:
        entry = now.pop(was.name, None)
        if entry is None:
            result.dearer.append(f"{was.name}: in the baseline, but no longer counted")
            continue
        told = f"{was.name} ({was.what})"
        difference = entry.instructions - was.instructions
        if abs(difference) > max(was.instructions * TOLERATED_PERCENT / 100, LEAST_INSTRUCTIONS):
            sentence = f"{told}: instructions {change(was.instructions, entry.instructions)}"
            (result.dearer if difference > 0 else result.cheaper).append(sentence)
        difference = entry.allocations - was.allocations
        if abs(difference) > LEAST_ALLOCATIONS:
            sentence = f"{told}: allocations {entry.allocations:.3f}, were {was.allocations:.3f}"
            (result.dearer if difference > 0 else result.cheaper).append(sentence)
    for entry in now.values():
        result.dearer.append(f"{entry.name}: counted, but not in the baseline")
    return result
