"""GET and SET: millrace-kv over memif beside redis-server on kernel loopback."""

from suite import load
from suite.context import Context
from suite.document import Section
from suite.figures import interleave, ratio, series_of, spread

TEXT = """The same client, `millrace-perf client --workload resp-get` (or `resp-set`) with 100,000 keys and values of 3 bytes, asks
millrace-kv on our own TCP over memif and Debian's redis-server on kernel sockets over loopback, both pinned to a core, in turn.
CPU a request: of millrace-kv, which looks on between requests, the cycles in which it had work, by its own count; of
redis-server its user and system time by the kernel's."""

AT_EQUAL_LOAD = """At equal load: both are asked for the same number of requests a second, due at fixed times on 50 connections; latency
counts from when a request was due, so that what waits behind a slow one is not left out. The rate is half of what
redis-server reached above."""

NAMES = {"ours": "millrace-kv", "redis": "redis-server"}


def measure(context: Context) -> Section:
    section = Section("GET and SET over memif, beside redis-server on kernel sockets")
    section.text(TEXT)
    rows, groups, drawn = [], [], {"millrace-kv": [], "redis-server": []}
    redis_rate = 0.0
    for command in ("get", "set"):
        for pipeline in (1, 16):
            for connections in (50,) if context.pace.quick else (50, 100):
                results = measure_one(context, command, pipeline, connections)
                rows += rows_of(section, f"{command.upper()}", pipeline, connections, results)
                if connections == 50:
                    groups.append(f"{command.upper()}, pipeline {pipeline}")
                    for key, name in NAMES.items():
                        drawn[name].append(series_of(results[key], lambda r: 1 / r.busy_us))
                    rates = series_of(results["redis"], lambda r: r.rate)
                    if command == "get" and pipeline == 1 and rates.values:
                        redis_rate = rates.median
    section.table(["command", "pipeline", "connections", "server", "k requests/s", "CPU us a request",
                   "requests per core-second, ratio", "p50 us", "p99 us", "p99.9 us"], rows)
    title = "Requests per second of the server's CPU, 50 connections"
    context.plot(section, "kv", title, "million", groups, drawn)
    if redis_rate:
        at_equal_load(context, section, int(redis_rate / 2))
    return section


def services(stage):
    """Of both, not yet started."""
    return {"ours": load.Lazily(lambda: load.with_keys(stage, load.over_memif(stage, "millrace-kv"))),
            "redis": load.Lazily(lambda: load.with_keys(stage, load.redis(stage)))}


def measure_one(context: Context, command: str, pipeline: int, connections: int) -> dict[str, list]:
    with context.stage() as stage:
        def run(service):
            return load.perf(stage, service.get(), context.pace, "--workload", f"resp-{command}",
                             "--pipeline", str(pipeline), "--connections", str(connections), *load.keys_are_there(command))
        return interleave(context.pace.rounds, {name: lambda s=s: run(s) for name, s in services(stage).items()})


def latencies(results: list) -> list[str]:
    return [spread(series_of(results, lambda r, p=p: r.latency(p))) for p in ("p50", "p99", "p999")]


def rows_of(section: Section, command: str, pipeline: int, connections: int, results: dict[str, list]) -> list[list[str]]:
    """One row for each server."""
    cpu = {key: series_of(results[key], lambda r: r.busy_us) for key in NAMES}
    rows = []
    for key, name in NAMES.items():
        rate = series_of(results[key], lambda r: r.rate / 1e3)
        section.check(rate)
        advantage = ""
        if key == "ours":
            better = ratio(cpu["redis"], cpu["ours"])
            advantage = spread(better)
            if (command, connections) == ("GET", 50):
                section.reach("get" if pipeline == 1 else "get-p16", better)
        rows.append([command, str(pipeline), str(connections), name, spread(rate), spread(cpu[key]), advantage,
                     *latencies(results[key])])
    return rows


def at_equal_load(context: Context, section: Section, rate: int) -> None:
    section.text(AT_EQUAL_LOAD)
    with context.stage() as stage:
        def run(service):
            return load.perf(stage, service.get(), context.pace, "--workload", "resp-get", "--rate", str(rate),
                             "--connections", "50", *load.keys_are_there("get"), judge_rate=not context.pace.quick)
        results = interleave(context.pace.rounds, {name: lambda s=s: run(s) for name, s in services(stage).items()})
    p99 = {key: series_of(results[key], lambda r: r.latency("p99")) for key in NAMES}
    section.reach("get-p99", ratio(p99["ours"], p99["redis"]))
    rows = []
    for key, name in NAMES.items():
        section.check(p99[key])
        share = ratio(p99["ours"], p99["redis"]) if key == "ours" else None
        rows.append([name, f"{rate / 1e3:.0f}", *latencies(results[key]), spread(share) if share else ""])
    section.table(["server", "k requests/s", "p50 us", "p99 us", "p99.9 us", "p99, ratio"], rows)
