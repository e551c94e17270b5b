"""Figures measured several times: their median, their range, and how they are written."""

import statistics
from dataclasses import dataclass, field


class NotMeasured(Exception):
    """Says in one sentence why there is no figure."""


class Missing(NotMeasured):
    """What is to be measured is not there; nothing is broken."""


@dataclass
class Series:
    """The same figure from several rounds. `why` is set if there was no round, or not all of them, and `missing` if
    that is as it has to be on this machine."""

    values: list[float] = field(default_factory=list)
    why: str = ""
    missing: bool = False

    @property
    def complete(self) -> bool:
        return bool(self.values) and not self.why

    @property
    def median(self) -> float:
        return statistics.median(self.values)


def ratio(of: Series, to: Series) -> Series:
    """Round by round, as neighbours in time compare best. Both must have been measured in the same rounds."""
    if not (of.complete and to.complete):
        return Series([], of.why or to.why or "there is nothing to compare with")
    return Series([a / b for a, b in zip(of.values, to.values) if b])


def ratio_of_medians(of: Series, to: Series) -> Series:
    """Of what was measured in rounds of its own."""
    if not (of.complete and to.complete):
        return Series([], of.why or to.why or "there is nothing to compare with")
    return Series([of.median / to.median] if to.median else [])


def number(value: float, digits: int | None = None) -> str:
    """With separators of thousands; three digits where no number of decimals is asked for."""
    if digits is None:
        magnitude = abs(value)
        digits = 0 if magnitude >= 100 else 1 if magnitude >= 10 else 2 if magnitude >= 1 else 3
    return f"{value:,.{digits}f}"


def spread(series: Series, digits: int | None = None) -> str:
    """'1,234 (1,200 to 1,300)'; of a single round only the figure; or why there is none."""
    if not series.values:
        return f"not measured: {series.why}"
    median = number(series.median, digits)
    text = median
    if len(series.values) > 1:
        text += f" ({number(min(series.values), digits)} to {number(max(series.values), digits)})"
    return text + (f", partial: {series.why}" if series.why else "")


def interleave(rounds: int, measurements: dict) -> dict[str, list]:
    """Calls each of `measurements` once a round, in turns, every other round backwards, so that what drifts
    drifts for all. Returns what they returned by their names; where one raised NotMeasured, that is last in its list
    and it is not called again."""
    results: dict[str, list] = {name: [] for name in measurements}
    for i in range(rounds):
        order = list(measurements.items())
        for name, measure in order if i % 2 == 0 else reversed(order):
            if results[name] and isinstance(results[name][-1], NotMeasured):
                continue
            try:
                results[name].append(measure())
            except NotMeasured as e:
                results[name].append(e)
    return results


def series_of(results: list, pick) -> Series:
    """Of what interleave() returned for one name, the figure that `pick` takes from each result."""
    last = results[-1] if results else None
    why = str(last) if isinstance(last, NotMeasured) else ""
    return Series([pick(r) for r in results if not isinstance(r, NotMeasured)], why, isinstance(last, Missing))
