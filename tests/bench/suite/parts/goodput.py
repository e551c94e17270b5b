"""Goodput over simulated paths: the tables of tests/sim/, computed anew and compared."""

import difflib
import os
import time
from concurrent.futures import ThreadPoolExecutor

from suite import load
from suite.context import Context
from suite.document import Section
from suite.figures import NotMeasured

SOURCE = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 4))
# Enough to see that it runs.
QUICK = "goodput_counted"
PATIENCE = 3600.0

TEXT = """`millrace-sim-goodput --compare NAME`: whole hosts in virtual time from one seed, so that figures are exact, on every
machine the same, and a change of any of them is a change of behaviour. A table that is not as it is kept in `tests/sim/` fails
this; if the change is right, `MILLRACE_SNAPSHOTS=write ./dev bench goodput` writes what is now."""


def measure(context: Context) -> Section:
    section = Section("Goodput over simulated paths")
    section.text(TEXT)
    with context.stage() as stage:
        names = [line.split()[0] for line in stage.run([stage.program("millrace-sim-goodput"), "--list"], 10).splitlines()]
    if context.pace.quick:
        names = [QUICK]
    # Virtual time does not mind who else runs, so that tables are computed at once, the long ones, the last, first.
    with ThreadPoolExecutor(len(load.cores())) as pool:
        results = list(pool.map(lambda name: compute(context, name), names[::-1]))[::-1]
    rows = []
    for name, (why, seconds) in zip(names, results):
        if why:
            section.failed.append(why)
        rows.append([f"`tests/sim/{name}.md`", "differs" if why else "as kept", f"{seconds:.0f}"])
    section.table(["table", "", "computed in, s"], rows)
    return section


def compute(context: Context, name: str) -> tuple[str, float]:
    """What is wrong with one table, empty if nothing; and how long that took."""
    began = time.monotonic()
    try:
        with context.stage() as stage:
            text = stage.run([stage.program("millrace-sim-goodput"), "--compare", name], PATIENCE, codes=(0, 1))
        why = difference(name, text)
    except NotMeasured as e:
        why = str(e)
    return why, time.monotonic() - began


def difference(name: str, text: str, source: str = SOURCE) -> str:
    """Between the file and what was computed: a diff, empty if there is none."""
    path = os.path.join("tests", "sim", name + ".md")
    try:
        with open(os.path.join(source, path), encoding="utf-8") as file:
            kept = file.read()
    except FileNotFoundError:
        return f"{path} is not there"
    lines = difflib.unified_diff(kept.splitlines(), text.splitlines(), path, "computed", n=0, lineterm="")
    return "\n".join(lines)
