"""Servers and their load: millrace's programs over memif and kernel sockets, redis-server, the bare link."""

import json
import os
from dataclasses import dataclass

from suite.figures import NotMeasured
from suite.stage import Server, Stage, free_port, port_answers, socket_is_there

SERVER_ADDRESS, CLIENT_ADDRESS = "10.78.0.1", "10.78.0.2"


@dataclass
class Pace:
    """How long and how often is measured."""

    rounds: int
    seconds: float
    warm_up: float
    quick: bool

    def of(self, seconds: float) -> "Pace":
        """The same, but each round takes so long, unless there is hurry."""
        return self if self.quick else Pace(self.rounds, seconds, self.warm_up, False)


FULL = Pace(rounds=5, seconds=1.0, warm_up=0.25, quick=False)
QUICK = Pace(rounds=1, seconds=0.2, warm_up=0.05, quick=True)


def cores() -> list[int]:
    """Those that this process may use."""
    return sorted(os.sched_getaffinity(0))


def server_core() -> int:
    return cores()[0]


def client_core() -> int:
    return cores()[-1]


def core_list(shards: int, first: int) -> str:
    """Cores for so many shards: the first, then the others."""
    others = [c for c in cores() if c != first]
    return ",".join(map(str, ([first] + others)[:shards]))


@dataclass
class Service:
    """A server that runs, and how a client finds it."""

    server: Server
    network: list[str]
    address: str
    shards: int = 1


class Lazily:
    """A service that starts when it is first asked for, so that its failure is that of who asks."""

    def __init__(self, start):
        self._start, self._service, self._failure = start, None, None

    def get(self) -> Service:
        if self._failure:
            raise self._failure
        if not self._service:
            try:
                self._service = self._start()
            except NotMeasured as e:
                self._failure = e
                raise
        return self._service


def over_memif(stage: Stage, program: str, *arguments: str, shards: int = 1) -> Service:
    """A millrace program on its own TCP over shared memory."""
    path = stage.path("memif")
    command = [stage.program(program), "--net", f"memif:server,{path}", "--address", f"{SERVER_ADDRESS}/24", "--listen",
               "7777", "--shards", str(shards), "--cpus", core_list(shards, server_core()), *arguments]
    server = stage.serve(program, command, socket_is_there(path))
    return Service(server, ["--net", f"memif:client,{path}", "--address", f"{CLIENT_ADDRESS}/24"],
                   f"{SERVER_ADDRESS}:7777", shards)


def over_kernel(stage: Stage, program: str, *arguments: str) -> Service:
    """A millrace program on kernel sockets of loopback."""
    port = free_port()
    command = [stage.program(program), "--net", "kernel", "--bind", "127.0.0.1", "--listen", str(port), "--cpus",
               str(server_core()), *arguments]
    server = stage.serve(program, command, port_answers(port))
    return Service(server, ["--net", "kernel"], f"127.0.0.1:{port}")


def redis(stage: Stage) -> Service:
    """Debian's redis-server, pinned to a core as ours is, writing nothing to disk."""
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
               "--server_cpulist", str(server_core()), "--dir", stage.folder]
    server = stage.serve("redis-server", command, port_answers(port))
    return Service(server, ["--net", "kernel"], f"127.0.0.1:{port}")


def busy_cycles(before: dict[str, float], after: dict[str, float]) -> float:
    """Of all shards between two looks at their metrics, without those of looking on in vain and of sleep."""
    return sum(after[name] - before.get(name, 0.0) for name in after if name.startswith("millrace_cost_cycles_total")
               and 'work="idle"' not in name and 'work="sleep"' not in name)


@dataclass
class Load:
    """What millrace-perf reported of one run, and what it cost the server."""

    report: dict
    # Of the server, per request: busy cycles by its own count; 0 where it does not count.
    cycles: float = 0.0
    # CPU time of the server's process, spinning included, per request.
    cpu_us: float = 0.0
    cycles_per_second: float = 0.0

    @property
    def rate(self) -> float:
        return self.report["requests_per_second"]

    @property
    def gbits(self) -> float:
        return max(self.report["sent_gbit_per_second"], self.report["received_gbit_per_second"])

    def latency(self, which: str) -> float:
        return self.report["latency_us"][which]

    @property
    def busy_us(self) -> float:
        """Of the server, per request, without looking on in vain where it counts that."""
        return self.cycles / self.cycles_per_second * 1e6 if self.cycles else self.cpu_us


# Of the rate asked for; what is less was not that load.
REACHED = 0.95


def parse_report(text: str, judge_rate: bool = True) -> dict:
    """millrace-perf's or bare-link's JSON; a partial one, or one that missed its rate, is none."""
    try:
        report = json.loads(text)
    except ValueError as e:
        raise NotMeasured(f"millrace-perf reported no JSON: {e}") from None
    if report.get("partial"):
        raise NotMeasured(f"millrace-perf's figures are partial: {report.get('error')}")
    asked = report.get("settings", {}).get("rate", 0)
    if judge_rate and asked and report["requests_per_second"] < REACHED * asked:
        raise NotMeasured(f"asked for {asked} requests/s, only {report['requests_per_second']:.0f} were answered")
    return report


def times(pace: Pace) -> list[str]:
    """What tells millrace-perf how long to measure."""
    return ["--duration", f"{pace.seconds * 1000:.0f}ms", "--warm-up", f"{pace.warm_up * 1000:.0f}ms"]


def perf(stage: Stage, service: Service, pace: Pace, *workload: str, cost: bool = True, judge_rate: bool = True) -> Load:
    """One run of millrace-perf; with what it cost the server: `cost` has a server of ours tell its cycles."""
    ours = service.server.name.startswith("millrace")
    command = [stage.program("millrace-perf"), "client", *service.network, "--server", service.address,
               "--shards", str(service.shards), "--cpus", core_list(service.shards, client_core()), *times(pace),
               "--check=no", "--json", "--log", "error", *workload]
    before = service.server.metrics() if ours and cost else {}
    cpu_before = service.server.cpu_seconds()
    report = parse_report(stage.run(command, pace.seconds + 60), judge_rate)
    cpu = service.server.cpu_seconds() - cpu_before
    load = Load(report)
    requests = report.get("requests", 0) * (pace.warm_up + report["seconds"]) / report["seconds"]
    if requests > 0:
        load.cpu_us = cpu / requests * 1e6
    if before and requests > 0:
        after = service.server.metrics()
        load.cycles = busy_cycles(before, after) / requests
        load.cycles_per_second = after.get("millrace_cost_cycles_per_second", 0.0) / service.shards
    return load


def with_keys(stage: Stage, service: Service) -> Service:
    """Stores the keys of resp-get: once, so that it is no part of what is measured."""
    moment = Pace(1, 0.01, 0.0, True)
    perf(stage, service, moment, "--workload", "resp-get", "--connections", "8", "--pipeline", "64", cost=False)
    return service


def keys_are_there(command: str) -> list[str]:
    """What tells millrace-perf so; SETs need none."""
    return ["--preload=no"] if command == "get" else []


def bare_reflector(stage: Stage, mtu: int = 1500) -> Service:
    """The other end of the bare link."""
    path = stage.path("memif")
    command = [stage.program("millrace-perf"), "bare-link", "server", "--net", f"memif:server,{path}", "--cpus",
               str(server_core()), "--device-mtu", str(mtu)]
    server = stage.serve("millrace-perf bare-link", command, socket_is_there(path))
    return Service(server, ["--net", f"memif:client,{path}", "--device-mtu", str(mtu)], "")


def bare_link(stage: Stage, reflector: Service, pace: Pace, *arguments: str) -> dict:
    """One run of the generator: its report."""
    command = [stage.program("millrace-perf"), "bare-link", "client", *reflector.network, "--cpus", str(client_core()),
               *times(pace), "--json", *arguments]
    return parse_report(stage.run(command, pace.seconds + 60))
