#!/usr/bin/env python3
"""run.py [--quick] BUILD [PART...]: measures a release build and writes tables and plots.

All parts, measured at length, become doc/benchmarks.md and doc/benchmarks/; with --quick, or for some parts only,
BUILD/bench/benchmarks.md. Exit code 0: measured, and what could not be is named with its reason; 1: something broke,
and the document says INCOMPLETE; 2: wrong use."""

import argparse
import os
import shutil
import signal
import sys
import time
from dataclasses import replace

sys.dont_write_bytecode = True
from suite import load, machine, plots  # noqa: E402
from suite.context import Context  # noqa: E402
from suite.document import Section, document  # noqa: E402
from suite.parts import PARTS  # noqa: E402

SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))

INTRODUCTION = """What millrace costs, as `./dev bench` wrote it. {machine}

Each figure is the median of {rounds} rounds of {seconds:g} s, with the least and the most; what is compared ran in turn.
Machines are shared and drift by up to a factor of two: compare figures of one run only, and ratios rather than figures."""

QUICK_WARNING = "**A smoke run (--quick): one short round each. Its figures show that everything runs, not how fast.**"


def arguments():
    parser = argparse.ArgumentParser(prog="./dev bench", usage="%(prog)s [--quick] [--rounds N] [--list] [PART...]",
                                     description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="one short round of few cases: does everything run?")
    parser.add_argument("--rounds", type=int, default=load.FULL.rounds, help="of each figure, from 2 to 20 (default: 5)")
    parser.add_argument("--list", action="store_true", help="name the parts and end")
    parser.add_argument("build", help=argparse.SUPPRESS)  # the folder of a release build: ./dev gives it
    parser.add_argument("parts", nargs="*", metavar="PART", help="some parts only: " + ", ".join(PARTS))
    options = parser.parse_intermixed_args()  # flags before, between and behind the parts
    if unknown := [p for p in options.parts if p not in PARTS]:
        parser.error(f"there is no part {' or '.join(unknown)}; there are {', '.join(PARTS)}")
    if not 2 <= options.rounds <= 20:
        parser.error(f"--rounds takes a number from 2 to 20, not {options.rounds}")
    return options


def measure(name: str, context: Context) -> Section:
    """One part; what goes wrong in it ends it, not the suite."""
    what, run = PARTS[name]
    print(f"bench: {name}: {what}", file=sys.stderr, flush=True)
    began = time.monotonic()
    try:
        section = run(context)
    except Exception as e:  # noqa: BLE001: whatever it is, the other parts can be measured
        section = Section(what, failed=[f"{type(e).__name__}: {e}"])
    for why in section.failed:
        print(f"bench: {name}: INCOMPLETE: {why}", file=sys.stderr)
    for why in section.skipped:
        print(f"bench: {name}: left out: {why}", file=sys.stderr)
    print(f"bench: {name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    return section


def heading(pace: load.Pace) -> str:
    """What stands above all parts. To be asked for before anything is measured."""
    notes = [QUICK_WARNING] if pace.quick else []
    notes += [note + "." for note in [plots.missing()] if note]
    notes += [note for note in [machine.crowd()] if note]
    if len(load.cores()) < 2:
        notes.append("There is one core: both ends of everything shared it.")
    introduction = INTRODUCTION.format(machine=machine.describe(SOURCE), rounds=pace.rounds, seconds=pace.seconds)
    return "\n\n".join([introduction, *notes])


def publish(folder: str) -> str:
    """Makes what was measured the project's document; its path."""
    target = os.path.join(SOURCE, "doc", "benchmarks.md")
    pictures = os.path.join(SOURCE, "doc", "benchmarks")
    shutil.rmtree(pictures, ignore_errors=True)
    if os.path.isdir(os.path.join(folder, "benchmarks")):
        shutil.copytree(os.path.join(folder, "benchmarks"), pictures)
    shutil.copyfile(os.path.join(folder, "benchmarks.md"), target)
    return target


def main() -> int:
    options = arguments()
    if options.list:
        for name, (what, _) in PARTS.items():
            print(f"{name:<10} {what}")
        return 0
    build = os.path.abspath(options.build)
    if not os.path.isfile(os.path.join(build, "bin", "millrace-perf")):
        print(f"bench: {build} holds no millrace-perf; ./dev bench builds it", file=sys.stderr)
        return 2
    pace = load.QUICK if options.quick else replace(load.FULL, rounds=options.rounds)
    folder = os.path.join(build, "bench")
    shutil.rmtree(folder, ignore_errors=True)
    os.makedirs(folder)
    head = heading(pace)
    context = Context(os.path.join(build, "bin"), pace, os.path.join(folder, "benchmarks"))
    began = time.monotonic()
    sections = [measure(name, context) for name in PARTS if not options.parts or name in options.parts]
    path = os.path.join(folder, "benchmarks.md")
    with open(path, "w", encoding="utf-8") as file:
        file.write(document(head, sections))
    if not (options.quick or options.parts):
        path = publish(folder)
    whole = all(s.whole for s in sections)
    took = time.monotonic() - began
    print(f"bench: {'done' if whole else 'INCOMPLETE'} in {took:.0f} s: {os.path.relpath(path)}", file=sys.stderr)
    return 0 if whole else 1


ENDINGS = (signal.SIGTERM, signal.SIGHUP)


def on_signal(number, _):
    """Ends the run, once: what it started is ended and its files are removed on the way out."""
    for ending in ENDINGS:
        signal.signal(ending, signal.SIG_IGN)
    raise SystemExit(128 + number)


if __name__ == "__main__":
    for sign in ENDINGS:
        signal.signal(sign, on_signal)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        print("bench: interrupted; nothing was written", file=sys.stderr)
        sys.exit(130)
