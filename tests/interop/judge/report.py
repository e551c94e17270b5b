"""What the runs say: goodput beside Linux's own over the same path, as Markdown, and who lost."""

import json
import os
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from suite.document import table
from suite.figures import Series, number

from judge.paths import Path
from judge.runs import Outcome

# Of Linux's goodput: less than this is lost; what is nearer is chance.
EVEN = 0.95
# A wire whose packets were that late, beside half a round trip, was another wire.
LATE = 0.1
LATE_LEAST_US = 200.0

NAMES = {"ours": "millrace", "linux": "Linux"}


class Results:
    """Outcomes by path and by who sent to whom; kept in a file, so that rounds can be added to it."""

    def __init__(self, outcomes: Iterable[Outcome] = (), file: str = ""):
        self.outcomes, self.file = list(outcomes), file

    @classmethod
    def load(cls, file: str) -> "Results":
        """Those of before, if there are any."""
        if not os.path.exists(file):
            return cls(file=file)
        with open(file, encoding="utf-8") as f:
            return cls((Outcome(**o) for o in json.load(f)), file)

    def add(self, outcome: Outcome) -> None:
        """Keeps it at once: what was measured is not lost if somebody ends the rest."""
        self.outcomes.append(outcome)
        if self.file:
            with open(self.file + ".new", "w", encoding="utf-8") as f:
                json.dump([o.as_dict() for o in self.outcomes], f, indent=0)
            os.replace(self.file + ".new", self.file)

    @property
    def next_round(self) -> int:
        return max((o.round for o in self.outcomes), default=-1) + 1

    def of(self, path: Path, who: tuple[str, str, str]) -> list[Outcome]:
        return [o for o in self.outcomes if o.path == path.name and o.who == who]

    def ratios(self, path: Path, of: tuple[str, str, str], to: tuple[str, str, str]) -> Series:
        """Round by round: those of a round lost the same packets."""
        mbit = {who: {o.round: o.mbit for o in self.of(path, who) if not o.why_not} for who in (of, to)}
        both = sorted(r for r in mbit[of] if mbit[to].get(r))
        return Series([mbit[of][r] / mbit[to][r] for r in both], "" if both else "no round has both")

    def goodput(self, path: Path, who: tuple[str, str, str]) -> Series:
        all_of_it = self.of(path, who)
        whole = [o.mbit for o in all_of_it if not o.why_not]
        why = next((o.why_not for o in all_of_it if o.why_not), "" if whole else "it was not asked for")
        return Series(whole, "" if whole else why)

    @property
    def failures(self) -> list[str]:
        """Runs that came to nothing, each reason once."""
        found: dict[str, int] = defaultdict(int)
        for o in self.outcomes:
            if o.why_not:
                found[f"{o.path}, {said(o.who)}: {o.why_not}"] += 1
        return [f"{why} ({n} times)" if n > 1 else why for why, n in found.items()]

    def late(self, path: Path) -> float:
        return max((o.late_us for o in self.outcomes if o.path == path.name and not o.why_not), default=0.0)


def said(who: tuple[str, str, str]) -> str:
    sender, algorithm, receiver = who
    return f"{NAMES[sender]} ({algorithm.upper()}) to {NAMES[receiver]}"


@dataclass
class Comparison:
    """One of ours over one path, beside Linux to Linux with the same algorithm."""

    path: Path
    who: tuple[str, str, str]
    ours: Series
    linux: Series
    ratios: Series

    @property
    def ratio(self) -> float | None:
        return self.ratios.median if self.ratios.values else None

    @property
    def lost(self) -> bool:
        return self.ratio is not None and self.ratio < EVEN

    def cell(self) -> str:
        text = mbits(self.ours)
        if self.ratio is None:
            return text
        return f"{text}, **{self.ratio:.2f}**" if self.lost else f"{text}, {self.ratio:.2f}"


def mbits(series: Series) -> str:
    if not series.values:
        return f"not measured: {series.why}"
    return number(series.median, 1)


def compare(results: Results, paths: Iterable[Path], who: Iterable[tuple[str, str, str]]) -> list[Comparison]:
    """Everyone with an end of ours."""
    return [Comparison(path, w, results.goodput(path, w), results.goodput(path, linux), results.ratios(path, w, linux))
            for path in paths for w in who if "ours" in (w[0], w[2]) for linux in [("linux", w[1], "linux")]]


def main_table(results: Results, paths: list[Path], who: list[tuple[str, str, str]]) -> str:
    """A row for each path, a column for each pair of hosts."""
    rows = []
    for path in paths:
        cells = {c.who: c.cell() for c in compare(results, [path], who)}
        rows.append([path.name] + [cells.get(w) or mbits(results.goodput(path, w)) for w in who])
    return table(["round trip, loss", *map(said, who)], rows)


def span(series: Series) -> str:
    low, high = min(series.values), max(series.values)
    runs = f"{len(series.values)} run{'s' if len(series.values) > 1 else ''}"
    return f"{number(series.median, 1)} ({number(low, 1)} to {number(high, 1)}, {runs})"


def repeats(outcomes: list[Outcome]) -> str:
    """Of a hundred packets that were lost, how many were sent again: more than that were sent again in vain."""
    lost, again = sum(o.dropped for o in outcomes), sum(o.sent_again for o in outcomes)
    return f"{again:,} sent again for {lost:,} lost"


def losers(results: Results, comparisons: list[Comparison]) -> list[str]:
    """A sentence for each cell in which ours delivered less; the worst first."""
    lost = sorted((c for c in comparisons if c.lost), key=lambda c: c.ratio)
    return [f"{c.path.name}, {said(c.who)}: {c.ratio:.2f} ({min(c.ratios.values):.2f} to "
            f"{max(c.ratios.values):.2f}); {span(c.ours)} beside {span(c.linux)} Mbit/s; "
            f"{repeats(results.of(c.path, c.who))}, Linux itself "
            f"{repeats(results.of(c.path, ('linux', c.who[1], 'linux')))}" for c in lost]


def late_wires(results: Results, paths: Iterable[Path]) -> list[str]:
    """Paths over which the wire was not what it was told to be."""
    return [f"{p.name}: one packet in a hundred was sent on more than {results.late(p):.0f} us late" for p in paths
            if results.late(p) > max(LATE_LEAST_US, LATE * p.rtt_ms * 500)]


def markdown(results: Results, paths: list[Path], who: list[tuple[str, str, str]], head: str) -> str:
    """All of it."""
    comparisons = compare(results, paths, who)
    judged = [c for c in comparisons if c.ratio is not None]
    lost = losers(results, comparisons)
    won = len(judged) - len(lost)
    verdict = f"At least Linux's goodput ({EVEN:.2f} of it, since the rest is chance) in {won} of {len(judged)} cells."
    latest = max(map(results.late, paths), default=0.0)
    blocks = [head, main_table(results, paths, who), verdict,
              f"In every run 99 of 100 packets were sent on at most {latest:.0f} us after they were due."]
    if lost:
        blocks.append("Lost to Linux:\n\n" + "\n".join(f"* {sentence}" for sentence in lost))
    if late := late_wires(results, paths):
        blocks.append("The wire was late, so that these are figures of another path:\n\n" + "\n".join(f"* {s}" for s in late))
    if results.failures:
        blocks.append("Came to nothing:\n\n" + "\n".join(f"* {s}" for s in results.failures))
    return "\n\n".join(blocks)
