"""A million connections: what each costs in memory, and requests spread over all of them in time."""

import json

from suite.context import Context
from suite.document import Section
from suite.figures import Missing, NotMeasured, interleave, ratio, series_of, spread

TEXT = """`millrace-flows-bench`: a service that echoes 64 bytes, a coroutine for each connection, on our own TCP over the in-process
link; at its other end a crowd of clients that are 16 bytes each, on 1,000 ports of as many addresses as it takes, so that
memory and caches are the server's alone. Once all are open each is asked once, and then again in a random order, 32 at a
time; each request acknowledges the answer before. Cycles are those of the server's turns. A handshake's cycles include
accepting it and starting its coroutine; the longest turn is of 32 handshakes, one of which may make a table grow.

What grows is the time that memory takes (and from 512 connections on the instructions, by a quarter, to ask for that memory in
time). A request touches about 20 cache lines that belong to its connection alone: 11 of the socket, one of the table, the rest of
the coroutine and of the data that is acknowledged. The last column is what a line costs where nothing else is done: of as many
objects of a socket's size, in random order, four on their way while one is written to."""

MEMORY = """Bytes of each connection that waits for a request, by the heap's own count of what is allocated, in steps: after the
handshakes, after each connection's coroutine was called, and after all of these were handed to `background()`. Tables are the
slots that find a connection by its segments and the list of all. The client's end is not in it. Resident is what the kernel
counted in the runs above, per connection. Where there are few, it is buffers and tables that their number is no matter to."""

TIME_WAIT = """A connection that the server has closed first leaves {figure} bytes for a minute, its place in the table included."""

SERIES = [10, 100, 10_000, 100_000, 1_000_000]
REQUESTS = 1_000_000
# The largest run takes about twice what its connections are to take, and 0.7 GiB to see what a line costs.
ROOM_BYTES = 3 << 30


def measure(context: Context) -> Section:
    section = Section("A million connections")
    section.text(TEXT)
    series = [10, 10_000] if context.pace.quick else SERIES
    requests = 50_000 if context.pace.quick else REQUESTS
    with context.stage() as stage:
        def run(connections, *mode):
            if connections >= 1_000_000 and available_bytes() < ROOM_BYTES:
                raise Missing(f"{connections:,} connections: less than {ROOM_BYTES >> 30} GiB of memory are free")
            command = [stage.program("millrace-flows-bench"), f"--connections={connections}", *mode]
            return parse(stage.run(command, 300))

        runs = {n: lambda n=n: run(n, f"--requests={max(n, requests)}") for n in series}
        results = interleave(min(context.pace.rounds, 3), runs)
        some = min(100_000, series[-1])
        idle = interleave(1, {n: lambda n=n: run(n, "--memory") for n in series[1:]})
        left = interleave(1, {some: lambda: run(some, "--time-wait")})[some]
    table_of_time(section, results)
    table_of_memory(section, idle, results, some)
    left = series_of(left, lambda r: r["time_wait"])
    section.check(left)
    section.reach("time-wait-bytes", left)
    section.text(TIME_WAIT.format(figure=spread(left)))
    return section


def table_of_time(section: Section, results: dict) -> None:
    cycles = {n: series_of(results[n], lambda r: r["cycles_per_request"]) for n in results}
    section.check(*cycles.values())
    rows = []
    for n in results:
        rows.append([f"{n:,}", spread(cycles[n], 0), spread(ratio(cycles[n], cycles[10])),
                     spread(series_of(results[n], lambda r: r["opened_per_second"] / 1e3)),
                     spread(series_of(results[n], lambda r: r["longest_opening_us"]), 0),
                     spread(series_of(results[n], lambda r: r["cycles_per_line"]), 0)])
    section.table(["connections", "cycles a request", "beside 10", "opened, k/s", "longest turn of 32, us", "cycles a line"], rows)
    if 100_000 in cycles:
        section.reach("flows-x100000", ratio(cycles[100_000], cycles[10]))


def table_of_memory(section: Section, idle: dict, opened: dict, connections: int) -> None:
    """Of runs of `connections` it is asked whether the target is reached."""
    all_of_it = series_of(idle[connections], lambda r: r["idle"])
    section.check(all_of_it)
    section.reach("flow-bytes", all_of_it)
    section.text(MEMORY)
    heads = {"socket": "socket", "tables": "tables", "coroutine": "coroutine", "background": "background", "idle": "all",
             "used": "more once used"}
    section.table(["connections", *heads.values(), "resident"],
                  [[f"{n:,}", *[spread(series_of(idle[n], lambda r, k=key: r[k]), 0) for key in heads],
                    spread(series_of(opened[n], lambda r: r["resident_bytes"]), 0)] for n in idle])


def available_bytes() -> int:
    with open("/proc/meminfo", encoding="utf-8") as file:
        figures = dict(line.split(":", 1) for line in file)
    return int(figures["MemAvailable"].split()[0]) * 1024


def parse(text: str) -> dict:
    """What millrace-flows-bench has printed."""
    try:
        return json.loads(text)
    except ValueError:
        raise NotMeasured("millrace-flows-bench told no figures") from None
