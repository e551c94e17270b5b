"""Echo over memif: messages there and back on 1 to 10,000 connections, beside the bare link."""

from suite import load
from suite.context import Context
from suite.document import Section
from suite.figures import Series, interleave, ratio, ratio_of_medians, series_of, spread

# Ethernet, IPv4 and TCP with timestamps, which every frame has beside its message.
HEADERS = 14 + 20 + 32
# The link's ring: more frames cannot be on their way.
LARGEST_WINDOW = 256

TEXT = """`millrace-perf client --workload rr` against `millrace-echo`, one shard each on a core of its own, linked by memif. The bare
link is `millrace-perf bare-link`: a generator and a reflector without a stack on the same device, with as many frames of
the same size on their way as there are connections (at most {most}, the size of its ring). The ratio is that of neighbours
in time. Cycles are those of the server in which it had work, by its own count (`millrace_cost_cycles_total`)."""


def measure(context: Context) -> Section:
    section = Section("Echo over memif, beside the bare link")
    section.text(TEXT.format(most=LARGEST_WINDOW))
    connections = [1, 50] if context.pace.quick else [1, 10, 32, 50, 1_000, 10_000]
    rows, groups, drawn, cycles = [], [], {"millrace": [], "bare link": []}, {}
    for message in (64,) if context.pace.quick else (1, 64):
        for n in connections:
            row, ours, bare, busy = measure_one(context, section, message, n)
            rows.append(row)
            if message == 64:
                cycles[n] = busy
                if n in (1, 50):
                    section.reach(f"echo-x{n}", ratio(ours, bare))
                groups.append(f"{n:,}")
                drawn["millrace"].append(ours)
                drawn["bare link"].append(bare)
    heads = ["bytes", "connections", "k echoes/s", "bare link, k/s", "ratio", "server's cycles", "p50 us", "p99 us"]
    section.table(heads, rows)
    if 10_000 in cycles:
        section.reach("echo-x10000", ratio_of_medians(cycles[10_000], cycles[10]))
    context.plot(section, "echo", "Echo of 64 bytes over memif, by connections", "thousand a second", groups, drawn)
    return section


def measure_one(context: Context, section: Section, message: int, connections: int) -> tuple[list[str], Series, Series, Series]:
    """One row of the table, what is drawn of it, and the server's cycles."""
    # Thousands of connections take a while to open; what that costs the server is to be little beside the echoes.
    pace = context.pace.of(3.0) if connections >= 1_000 else context.pace
    window = min(connections, LARGEST_WINDOW)

    with context.stage() as stage:
        def ours():
            return load.perf(stage, echo.get(), pace, "--workload", "rr", "--message", str(message),
                             "--connections", str(connections))

        def bare():
            return load.bare_link(stage, reflector.get(), context.pace, "--message", str(message + HEADERS),
                                  "--window", str(window))

        echo = load.Lazily(lambda: load.over_memif(stage, "millrace-echo"))
        reflector = load.Lazily(lambda: load.bare_reflector(stage))
        results = interleave(pace.rounds, {"ours": ours, "bare": bare})
    rate = series_of(results["ours"], lambda r: r.rate / 1e3)
    limit = series_of(results["bare"], lambda r: r["frames_per_second"] / 1e3)
    cycles = series_of(results["ours"], lambda r: r.cycles)
    section.check(rate, limit)
    row = [str(message), f"{connections:,}", spread(rate), spread(limit), spread(ratio(rate, limit)),
           spread(cycles, 0),
           spread(series_of(results["ours"], lambda r: r.latency("p50"))),
           spread(series_of(results["ours"], lambda r: r.latency("p99")))]
    return row, rate, limit, cycles
