"""Connections opened, used for one request and closed."""

from suite import load
from suite.context import Context
from suite.document import Section
from suite.figures import interleave, series_of, spread

TEXT = """`millrace-perf client --workload crr` against `millrace-echo`: connect, 64 bytes and their answer, close; on so many
connections at once. The client closes first and keeps the TIME-WAIT records; over memif for 10 ms only, or it would run
out of ports."""


def measure(context: Context) -> Section:
    section = Section("Connections opened, used and closed")
    section.text(TEXT)
    rows = []
    for connections in (1, 50):
        with context.stage() as stage:
            def run(service):
                return load.perf(stage, service.get(), context.pace, "--workload", "crr", "--connections", str(connections),
                                 "--tcp-time-wait", "10ms")
            services = {"memif": load.Lazily(lambda: load.over_memif(stage, "millrace-echo")),
                        "kernel sockets": load.Lazily(lambda: load.over_kernel(stage, "millrace-echo"))}
            results = interleave(context.pace.rounds, {name: lambda s=s: run(s) for name, s in services.items()})
        for name in services:
            rate = series_of(results[name], lambda r: r.rate / 1e3)
            section.check(rate)
            busy = series_of(results[name], lambda r: r.busy_us)
            if (connections, name) == (50, "memif"):
                section.reach("churn", series_of(results[name], lambda r: 1e3 / r.busy_us))
            rows.append([str(connections), name, spread(rate), spread(busy),
                         spread(series_of(results[name], lambda r: r.latency("p50"))),
                         spread(series_of(results[name], lambda r: r.latency("p99")))])
    section.table(["at once", "over", "k/s", "server's CPU, us each", "p50 us", "p99 us"], rows)
    return section
