"""One shard and two: the same load over memif with a queue for each."""

from suite import load
from suite.context import Context
from suite.document import Section
from suite.figures import interleave, ratio, series_of, spread

TEXT = """64-byte echo on 50 connections over memif; with two shards, two queues, a shard of the server and one of the client on each
of two cores. memif has no receive-side scaling: frames of a flow that belongs to the other shard are handed over in software.
This machine lends {cores} cores: {judgement}"""

SHARED = """with two shards the server and the client share them, so that the
figure says what sharding costs where there is no free core, not how it scales; and cycles go on while the kernel runs
the other process, so that those of two shards say more than was worked."""
FREE = """enough for both ends."""


def measure(context: Context) -> Section:
    section = Section("One shard and two")
    cores = len(load.cores())
    section.text(TEXT.format(cores=cores, judgement=FREE if cores >= 4 else SHARED))
    if cores < 2:
        section.skipped.append("two shards: there is one core")
        return section
    with context.stage() as stage:
        def run(service):
            return load.perf(stage, service.get(), context.pace, "--workload", "rr", "--connections", "50")
        services = {n: load.Lazily(lambda n=n: load.over_memif(stage, "millrace-echo", shards=n)) for n in (1, 2)}
        results = interleave(context.pace.rounds, {str(n): lambda s=s: run(s) for n, s in services.items()})
    rates = {n: series_of(results[n], lambda r: r.rate / 1e3) for n in results}
    section.check(*rates.values())
    if cores >= 4:
        section.reach("shards", ratio(rates["2"], rates["1"]))
    section.table(["shards", "k echoes/s", "beside one shard", "server's cycles an echo", "p99 us"],
                  [[n, spread(rates[n]), spread(ratio(rates[n], rates["1"])),
                    spread(series_of(results[n], lambda r: r.cycles), 0),
                    spread(series_of(results[n], lambda r: r.latency("p99")))] for n in results])
    return section
