"""Instructions, allocations and packets of a request over the in-process link; as the gate counts them."""

import re

from suite import callgrind, counted
from suite.context import Context
from suite.document import Section
from suite.figures import NotMeasured, Series, number, spread

TEXT = """One thread, two stacks and an instant link between them: no device, no second core, exact counts. Of the server's turns:
device, IP, TCP, the application's coroutine, timers. Allocations are those of both ends. `tests/bench/gate.py` counts with
valgrind's callgrind (the difference of two runs, divided by that of their operations), and `./dev check` fails when one
becomes more than 3 % dearer than `tests/bench/baseline.txt` says."""

MEMIF = """With memif instead of that link, an echo costs what it costs above, less a frame received and sent over the link, and
more one over memif (`millrace-link-bench`, bursts as large as there are connections, at most 32):"""

PACKETS = """Packets that the server received and sent for a request (`millrace-echo-bench`, `millrace-kv-bench`):"""

REQUESTS = [("64-byte echo, 50 connections", "millrace-echo-bench", []),
            ("GET, 50 connections", "millrace-kv-bench", ["--command", "get"]),
            ("GET, 50 connections, 16 at once", "millrace-kv-bench", ["--command", "get", "--pipeline", "16"])]


def measure(context: Context) -> Section:
    section = Section("Instructions, allocations and packets of a request")
    section.text(TEXT)
    if why := callgrind.missing():
        section.skipped.append(f"instructions and allocations: {why}")
    else:
        cases = counted.CASES[:2] if context.pace.quick else counted.CASES
        try:
            entries = counted.count_all(context.programs, cases)
            rows = [[e.what, number(e.instructions), f"{abs(e.allocations):.2f}"] for e in entries]
            section.table(["operation", "instructions", "allocations"], rows)
            over_memif(context, section, {e.name: e.instructions for e in entries})
        except callgrind.CannotCount as e:
            section.failed.append(str(e))
    section.text(PACKETS)
    rows = []
    with context.stage() as stage:
        for what, program, arguments in REQUESTS:
            try:
                rows.append([what, *packets(stage, program, arguments)])
            except NotMeasured as e:
                section.failed.append(str(e))
    section.table(["request", "received", "sent"], rows)
    return section


def over_memif(context: Context, section: Section, instructions: dict[str, float]) -> None:
    rows = []
    for connections, burst in ((1, 1), (50, 32)):
        echo = instructions[f"echo-64B-x{connections}"]
        link, memif = (counted.count_frame(device, burst, context.programs) for device in ("link", "memif"))
        whole = Series([echo - link + memif])
        rows.append([str(connections), number(echo), number(link), number(memif), spread(whole)])
        if connections == 50:
            section.reach("echo-instructions", whole)
    section.text(MEMIF)
    section.table(["connections", "echo over the link", "its frame", "memif's frame", "echo over memif"], rows)


def packets(stage, program: str, arguments: list[str]) -> list[str]:
    """Per request: the difference of two runs."""
    def run(requests):
        command = [stage.program(program), "--requests", str(requests), "--connections", "50", *arguments]
        return parse_segments(stage.run(command, 120))
    few, many = run(8_000), run(80_000)
    return [f"{(m - f) / 72_000:.3f}" for f, m in zip(few, many)]


def parse_segments(text: str) -> tuple[int, int]:
    """Received and sent, of 'the server received 10 segments and sent 11 in 12 turns'."""
    match = re.search(r"server received (\d+) segments and sent (\d+)", text)
    if not match:
        raise NotMeasured("the bench told no segments")
    return int(match[1]), int(match[2])
