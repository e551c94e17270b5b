#!/usr/bin/env python3
"""run.py [--quick] BUILD: millrace's TCP and Linux's over the same impaired wire, and their goodput side by side.

Everything happens in network namespaces that end with this program. Prints a Markdown table and names the paths over
which ours delivered less; --write makes it the table of doc/interop.md. Exit code 0: measured; 1: something could not be
measured; 2: wrong use. Where namespaces are not allowed it says so, measures nothing and ends with 0."""

import argparse
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time

sys.dont_write_bytecode = True
SOURCE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
sys.path.insert(0, os.path.join(SOURCE, "tests", "bench"))
from judge import hosts, intact, paths, report, runs, schedule  # noqa: E402
from suite import machine  # noqa: E402
from suite.figures import NotMeasured  # noqa: E402

INSIDE = "MILLRACE_INTEROP_INSIDE"
BEGIN, END = "<!-- what ./dev interop --write measured -->", "<!-- end -->"
# Flows at the wire's full rate that the cores can carry at once, with the wire itself, and no frame late.
FLOWS_OF_A_CORE = 1.0


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a few paths for a moment each: does everything work?")
    parser.add_argument("--moment", action="store_true", help="two paths for half a second, CUBIC only: for a test")
    parser.add_argument("--intact", action="store_true", help="measure nothing, but see that every byte arrives over a wire that "
                        "loses, reorders, duplicates and corrupts")
    parser.add_argument("--rounds", type=int, default=3, help="of each path, from 1 to 50 (default: 3)")
    parser.add_argument("--path", action="append", default=[], metavar="TEXT", help="only paths whose name begins so (repeatable)")
    parser.add_argument("--algorithm", action="append", default=[], metavar="NAME",
                        help="only these (repeatable; default: cubic, and bbr where there is one)")
    parser.add_argument("--flag", action="append", default=[], metavar="FLAG", help="for our own TCP, such as --flag=--tcp-pacing")
    parser.add_argument("--more", action="store_true", help="add rounds to those measured before, instead of beginning anew")
    parser.add_argument("--write", action="store_true", help="make the table that of doc/interop.md")
    parser.add_argument("--capture", metavar="FOLDER", default="", help="keep in this folder what the senders send and get, headers only, in pcap "
                        "format: a file for each run")
    parser.add_argument("--list", action="store_true", help="name the paths and end")
    parser.add_argument("build", help="folder of a release build")
    options = parser.parse_args()
    if not 1 <= options.rounds <= 50:
        parser.error(f"--rounds takes a number from 1 to 50, not {options.rounds}")
    options.paths = paths.MOMENT if options.moment else paths.QUICK if options.quick else paths.ALL
    if options.path:
        options.paths = [p for p in options.paths if any(p.name.startswith(text) for text in options.path)]
    if not options.paths:
        parser.error("no path begins so; --list names them")
    if options.capture and not os.path.isdir(options.capture):
        parser.error(f"--capture: {options.capture} is no folder")
    options.brief = options.quick or options.moment
    options.rounds = 1 if options.brief else options.rounds
    if options.write and (options.brief or options.path or options.flag):
        parser.error("--write is for a measurement of all paths with the settings that are the default")
    return options


def enter_namespace(options) -> str:
    """Begins this program anew inside a network namespace; returns only if that cannot be, with the reason."""
    enter = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--user", "--map-root-user", "--net"]
    if why := hosts.missing():
        return why
    if subprocess.run([*enter, "true"], capture_output=True, check=False).returncode != 0:
        return "network namespaces are not allowed here"
    os.environ[INSIDE] = "1"
    os.execvp(enter[0], [*enter, sys.executable, *sys.argv])


def prepare() -> None:
    """The namespace of the wires: nobody here speaks but they."""
    for key in ("all", "default"):
        path = f"/proc/sys/net/ipv6/conf/{key}/disable_ipv6"
        if os.path.exists(path):
            with open(path, "w", encoding="ascii") as file:
                file.write("1")


def contestants(options, tools: runs.Tools) -> list[tuple[str, str, str]]:
    """Who sends to whom here: CUBIC, and BBR on each side that has it."""
    help_text = subprocess.run([os.path.join(tools.folder, "millrace-perf"), "--help"], capture_output=True, text=True,
                               check=False).stdout
    ours_line = next((line for line in help_text.splitlines() if "--tcp-congestion" in line), "")
    wanted = options.algorithm or (["cubic"] if options.moment else ["cubic", "bbr"])
    return schedule.senders([a for a in wanted if a in ours_line], [a for a in wanted if a in hosts.algorithms()])


def measure(options, tools: runs.Tools, results: report.Results, who) -> None:
    todo = schedule.jobs(options.paths, who, options.rounds, results.next_round // schedule.LIGHT_TIMES + 1,
                         light_times=1 if options.brief else schedule.LIGHT_TIMES)
    capacity = FLOWS_OF_A_CORE * len(os.sched_getaffinity(0)) * (3 if options.moment else 1)
    done = 0

    def finished(outcome: runs.Outcome) -> None:
        nonlocal done
        done += 1
        results.add(outcome)
        told = f"{outcome.mbit:.1f} Mbit/s" if not outcome.why_not else f"NOT MEASURED: {outcome.why_not}"
        print(f"interop: {done}/{len(todo)} {outcome.path}, {report.said(outcome.who)}: {told}", file=sys.stderr, flush=True)

    schedule.run_all(todo, runs.weight, capacity, lambda job: runs.run(job, tools), finished)


def see_that_all_arrives(tools: runs.Tools) -> int:
    """Between ours and Linux, each as the one that connects."""
    def sentence(pair: tuple[str, str]) -> str:
        server, client = pair
        what = f"intact, {report.NAMES[client]} connected to {report.NAMES[server]}"
        try:
            return f"{what}: {intact.transfer(server, client, tools)}"
        except (NotMeasured, OSError) as e:
            return f"NOT {what}: {e}"

    sentences: list[str] = []
    schedule.run_all([("linux", "ours"), ("ours", "linux")], lambda _: 1.0, 2.0, sentence, sentences.append)
    print("\n".join(sorted(sentences)))
    return 1 if any(s.startswith("NOT") for s in sentences) else 0


def head(options, tools: runs.Tools) -> str:
    times = f"{tools.seconds:g} s" if tools.seconds else "4 to 10 s"
    lines = [f"Machine: {machine.processor()}, {len(os.sched_getaffinity(0))} cores, Linux {machine.kernel()}; commit "
             f"{machine.commit(SOURCE)}, {time.strftime('%Y-%m-%d', time.gmtime())}."]
    if options.brief:
        lines.append(f"**A smoke run of {times} each: it shows that everything works, not how fast.**")
    if tools.flags:
        lines.append(f"Our own TCP had {' '.join(tools.flags)}.")
    return "\n\n".join(lines)


def publish(text: str) -> None:
    """Puts the table into doc/interop.md, between its two marks."""
    document = os.path.join(SOURCE, "doc", "interop.md")
    with open(document, encoding="utf-8") as file:
        before, rest = file.read().split(BEGIN)
    with open(document, "w", encoding="utf-8") as file:
        file.write(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}")


def measure_and_tell(options, tools: runs.Tools) -> int:
    about = head(options, tools)  # before anything of ours makes the machine busy
    who = contestants(options, tools)
    results = report.Results.load(options.results) if options.more else report.Results(file=options.results)
    measure(options, tools, results, who)
    text = report.markdown(results, options.paths, who, about)
    print(text)
    if options.write:
        publish(text)
    return 1 if results.failures else 0


def main() -> int:
    options = arguments()
    if options.list:
        print("\n".join(p.name for p in options.paths))
        return 0
    build = os.path.abspath(options.build)
    tools = runs.Tools(os.path.join(build, "bin"), seconds=0.5 if options.moment else 1.0 if options.quick else 0.0,
                       captures=options.capture and os.path.abspath(options.capture), flags=options.flag)
    for program in ("millrace-perf", "millrace-interop-wire"):
        if not os.path.isfile(os.path.join(tools.folder, program)):
            print(f"interop: {build} holds no {program}; ./dev interop builds it", file=sys.stderr)
            return 2
    if INSIDE not in os.environ:
        print(f"interop: skipped, because {enter_namespace(options)}", file=sys.stderr)
        return 0
    prepare()
    options.results = "" if options.brief else os.path.join(build, "interop.json")
    tempfile.tempdir = tempfile.mkdtemp(prefix="millrace-interop.")
    try:
        return see_that_all_arrives(tools) if options.intact else measure_and_tell(options, tools)
    finally:
        shutil.rmtree(tempfile.tempdir, ignore_errors=True)


def on_signal(number, _):
    """All that was started ends with this process, and so do the namespaces; only files would stay."""
    if tempfile.tempdir:
        shutil.rmtree(tempfile.tempdir, ignore_errors=True)
    os._exit(128 + number)


if __name__ == "__main__":
    for sign in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(sign, on_signal)
    sys.exit(main())
