"""What a server costs that nobody asks anything, and how soon it answers then."""

import time

from suite import load
from suite.context import Context
from suite.document import Section
from suite.figures import interleave, series_of, spread

TEXT = """`--idle adaptive` (the default) looks on for 50 us and then sleeps until a frame, a deadline or another shard wakes it;
`--idle spin` looks on for ever. CPU is that of `millrace-echo` with nobody connected, in percent of a core. The latency is
that of a 64-byte echo on one connection every 20 ms, from when it was due: each is the first after the server fell idle.
The client spins."""

REQUESTS_PER_SECOND = 50


def measure(context: Context) -> Section:
    section = Section("Idle CPU, and the first answer after idleness")
    section.text(TEXT)
    rows = []
    for network, start in (("memif", load.over_memif), ("kernel sockets", load.over_kernel)):
        with context.stage() as stage:
            services = {policy: load.Lazily(lambda p=policy: start(stage, "millrace-echo", "--idle", p))
                        for policy in ("adaptive", "spin")}
            runs = {policy: lambda s=service: measure_one(context, stage, s) for policy, service in services.items()}
            results = interleave(context.pace.rounds, runs)
        for policy in services:
            cpu = series_of(results[policy], lambda r: r[0])
            section.check(cpu)
            rows.append([network, policy, spread(cpu), *[spread(series_of(results[policy], lambda r, p=p: r[1].latency(p)))
                                                         for p in ("min", "p50", "p99")]])
    section.table(["over", "policy", "idle CPU, %", "first answer: least us", "p50 us", "p99 us"], rows)
    return section


def measure_one(context: Context, stage, service) -> tuple[float, load.Load]:
    """Percent of a core, and the load of rare requests."""
    server = service.get().server
    time.sleep(context.pace.seconds)  # what came before is over
    before, began = server.cpu_seconds(), time.monotonic()
    time.sleep(2 * context.pace.seconds)
    percent = (server.cpu_seconds() - before) / (time.monotonic() - began) * 100
    return percent, load.perf(stage, service.get(), context.pace.of(2.0), "--workload", "rr", "--connections", "1", "--rate",
                              str(REQUESTS_PER_SECOND), "--idle", "spin", cost=False, judge_rate=False)
