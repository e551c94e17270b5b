"""Kernel sockets on both sides: millrace-kv beside redis-server, under millrace-perf and under redis-benchmark."""

import re

from suite import load
from suite.context import Context
from suite.document import Section
from suite.figures import NotMeasured, interleave, ratio, series_of, spread

TEXT = """Both servers on kernel sockets over loopback, 50 connections, values of 3 bytes, in turn; asked by `millrace-perf`
(100,000 keys) and by `redis-benchmark -r 100000`. CPU is user and system time of the server by the kernel's count."""

NAMES = {"ours": "millrace-kv", "redis": "redis-server"}


def measure(context: Context) -> Section:
    section = Section("Kernel sockets, beside redis-server")
    section.text(TEXT)
    rows = []
    for command in ("get", "set"):
        for pipeline in (1, 16):
            rows += measure_one(context, section, command, pipeline)
    section.table(["command", "pipeline", "server", "k requests/s", "ratio", "CPU us a request", "p99 us",
                   "under redis-benchmark, k/s", "ratio"], rows)
    return section


def measure_one(context: Context, section: Section, command: str, pipeline: int) -> list[list[str]]:
    """A row for each server."""
    with context.stage() as stage:
        services = {"ours": load.Lazily(lambda: load.with_keys(stage, load.over_kernel(stage, "millrace-kv"))),
                    "redis": load.Lazily(lambda: load.with_keys(stage, load.redis(stage)))}

        def perf(service):
            return load.perf(stage, service.get(), context.pace, "--workload", f"resp-{command}", "--pipeline", str(pipeline),
                             "--connections", "50", *load.keys_are_there(command), cost=False)

        def benchmark(service):
            return redis_benchmark(stage, service.get(), context, command, pipeline)

        runs = {f"perf {k}": lambda s=s: perf(s) for k, s in services.items()}
        runs |= {f"benchmark {k}": lambda s=s: benchmark(s) for k, s in services.items()}
        results = interleave(context.pace.rounds, runs)
    own = {key: series_of(results[f"perf {key}"], lambda r: r.rate / 1e3) for key in NAMES}
    theirs = {key: series_of(results[f"benchmark {key}"], lambda rate: rate / 1e3) for key in NAMES}
    rows = []
    for key, name in NAMES.items():
        section.check(own[key], theirs[key])
        if key == "ours" and command == "get":
            section.reach("kernel-get" if pipeline == 1 else "kernel-get-p16", ratio(own["ours"], own["redis"]))
        compared = [spread(ratio(s["ours"], s["redis"])) if key == "ours" else "" for s in (own, theirs)]
        loads = results[f"perf {key}"]
        rows.append([command.upper(), str(pipeline), name, spread(own[key]), compared[0],
                     spread(series_of(loads, lambda r: r.cpu_us)), spread(series_of(loads, lambda r: r.latency("p99"))),
                     spread(theirs[key]), compared[1]])
    return rows


def redis_benchmark(stage, service: load.Service, context: Context, command: str, pipeline: int) -> float:
    """Requests a second."""
    requests = int(context.pace.seconds * (60_000 if pipeline == 1 else 500_000))
    port = service.address.split(":")[1]
    pinned = ["taskset", "-c", str(load.client_core()), "redis-benchmark"]
    return parse_redis_benchmark(stage.run([*pinned, "-p", port, "-t", command, "-n", str(requests), "-c", "50",
                                            "-P", str(pipeline), "-r", "100000", "-q"], 120))


def parse_redis_benchmark(text: str) -> float:
    """The rate of what it says at the end: 'GET: 71428.57 requests per second, p50=0.3 msec'."""
    rates = re.findall(r": ([0-9.]+) requests per second", text)
    if not rates:
        raise NotMeasured("redis-benchmark told no rate")
    return float(rates[-1])
