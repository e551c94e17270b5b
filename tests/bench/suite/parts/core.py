"""Nanoseconds of core's primitives."""

import re

from suite.context import Context
from suite.document import Section
from suite.figures import NotMeasured, interleave, series_of, spread
from suite.targets import TARGETS

TEXT = """`millrace-core-bench`: each figure is the median of 15 rounds within a process, in CPU time (between shards: time of day);
of several processes the median and the range. Seastar's on this kind of machine: ready `then` 2.9, `co_await` ready 7, promise to waiting
coroutine 41, timer arm and cancel 16."""


def measure(context: Context) -> Section:
    section = Section("The primitives of core/")
    section.text(TEXT)
    some = ["--only", "then-ready"] if context.pace.quick else []
    with context.stage() as stage:
        def run():
            return parse_lines(stage.run([stage.program("millrace-core-bench"), *some], 120))
        results = interleave(min(context.pace.rounds, 3), {"core": run})["core"]
    complete = series_of(results, len)
    section.check(complete)
    names = results[0] if complete.values else {}
    section.table(["primitive", "ns"], [[name, spread(series_of(results, lambda r, n=name: r[n]), 1)] for name in names])
    for name in names:
        if name in TARGETS:
            section.reach(name, series_of(results, lambda r, n=name: r[n]))
    return section


def parse_lines(text: str) -> dict[str, float]:
    """Of lines like 'timer arm and cancel      7.8 ns   (best 7.7)'."""
    found = dict(re.findall(r"^(.*?) +([0-9.]+) ns ", text, re.MULTILINE))
    if not found:
        raise NotMeasured("millrace-core-bench told no times")
    return {name: float(ns) for name, ns in found.items()}
