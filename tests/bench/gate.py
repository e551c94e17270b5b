#!/usr/bin/env python3
"""gate.py [--accept] BUILD: counts what one operation costs in a release build and compares it with the baseline.

Exit code 0: nothing became dearer (or nothing can be counted here, and why); 1: something did; 2: wrong use."""

import argparse
import os
import re
import subprocess
import sys

sys.dont_write_bytecode = True
from suite import baseline, callgrind, counted  # noqa: E402

BASELINE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "baseline.txt")


def first_line(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.partition("\n")[0]


def cache_of(build: str) -> dict[str, str]:
    """The build's settings."""
    try:
        with open(os.path.join(build, "CMakeCache.txt"), encoding="utf-8") as file:
            return dict(re.findall(r"^(\w+):\w+=(.*)$", file.read(), re.MULTILINE))
    except FileNotFoundError:
        sys.exit(f"gate: {build} is no build folder: it has no CMakeCache.txt")


def tools(cache) -> str:
    """What counts depend on beside our sources."""
    compiler = first_line(cache.get("CMAKE_CXX_COMPILER", "c++"), "--version")
    libc = first_line("getconf", "GNU_LIBC_VERSION")
    return f"{compiler}; {libc}; {first_line('valgrind', '--version')}; -march={cache.get('MILLRACE_ARCH', '')}"


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--accept", action="store_true", help="write the counts as the new baseline")
    parser.add_argument("--baseline", default=BASELINE, help="the file to compare with, or to write")
    parser.add_argument("build", help="folder of a release build")
    return parser.parse_args()


def report(compared: baseline.Comparison, accepted_tools: str, tools_now: str) -> int:
    """Says what has changed; the exit code."""
    for sentence in compared.cheaper:
        print(f"gate: cheaper: {sentence}")
    if compared.cheaper:
        print("gate: hold on to what became cheaper: ./dev bench --accept, and commit tests/bench/baseline.txt")
    for sentence in compared.dearer:
        print(f"gate: DEARER: {sentence}")
    if compared.passed:
        print(f"gate: passed: nothing is more than {baseline.TOLERATED_PERCENT:.0f} % dearer than its baseline")
        return 0
    if accepted_tools != tools_now:
        print(f"gate: note that the baseline was counted with {accepted_tools}; here are {tools_now}")
    print("gate: failed. If there is a good reason: ./dev bench --accept, commit tests/bench/baseline.txt and say why")
    return 1


def main() -> int:
    options = arguments()
    options.build = os.path.abspath(options.build)
    cache = cache_of(options.build)
    if cache.get("CMAKE_BUILD_TYPE") not in ("Release", "RelWithDebInfo") or cache.get("MILLRACE_SANITIZE") == "ON":
        print(f"gate: {options.build} is no release build; counts of others mean nothing", file=sys.stderr)
        return 2
    if why := callgrind.missing():
        print(f"gate: skipped, because {why}")
        return 1 if options.accept else 0
    tools_now = tools(cache)
    try:
        entries = counted.count_all(os.path.join(options.build, "bin"))
        if options.accept:
            with open(options.baseline, "w", encoding="utf-8") as file:
                file.write(baseline.format_entries(entries, tools_now))
            print(f"gate: accepted {len(entries)} counts: {os.path.relpath(options.baseline)}")
            return 0
        with open(options.baseline, encoding="utf-8") as file:
            text = file.read()
        for e in entries:
            print(f"{e.name:<32} {e.instructions:>9.1f} instructions {e.allocations:>7.3f} allocations")
        return report(baseline.compare(baseline.parse_entries(text), entries), baseline.tools_of(text), tools_now)
    except (callgrind.CannotCount, baseline.BadBaseline, OSError, subprocess.TimeoutExpired) as e:
        print(f"gate: {e}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
