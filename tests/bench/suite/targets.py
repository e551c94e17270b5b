"""What the project wants to reach, and the table that says how far it has come."""

from dataclasses import dataclass

from suite.figures import Series, number, spread


@dataclass(frozen=True)
class Target:
    """A figure to reach: `goal`, and better still `moonshot`; at least so much, or at most."""

    work: str
    goal: float
    moonshot: float | None = None
    at_most: bool = False
    unit: str = ""

    def bound(self, value: float | None) -> str:
        if value is None:
            return ""
        return f"at {'most' if self.at_most else 'least'} {number(value, 0 if value >= 10 else None)}{self.unit}"

    def verdict(self, reached: Series) -> str:
        if not reached.complete:
            return "not measured"
        for name, bound in (("moonshot", self.moonshot), ("reached", self.goal)):
            if bound is not None and (reached.median <= bound if self.at_most else reached.median >= bound):
                return name
        return "**missed**"


# Seastar's primitives on this kind of machine take 2.9, 7, 41 and 16 ns: 0.7 of that is the goal, half the moonshot.
def primitive(what: str, seastar: float) -> Target:
    return Target(f"{what} (Seastar {seastar:g} ns)", 0.7 * seastar, 0.5 * seastar, at_most=True, unit=" ns")


TARGETS = {
    "echo-x50": Target("echo 64 B on 50 connections, of the bare link's round trips", 0.33, 0.45),
    "echo-instructions": Target("instructions for an echo of 64 B on 50 connections, memif included", 1200, 900, at_most=True),
    "echo-x1": Target("echo 64 B on 1 connection, of the bare link's round trips", 0.65, 0.8),
    "get": Target("GET on 50 connections, requests per core-second beside redis-server", 20, 30),
    "get-p99": Target("p99 of GET at equal load, of redis-server's", 0.1, at_most=True),
    "get-p16": Target("GET in a pipeline of 16, requests per core-second beside redis-server", 8, 12),
    "bulk": Target("one bulk stream at MTU 1500, of the bare link's bytes", 0.7, 0.85),
    "bulk-gbit": Target("one bulk stream at MTU 1500", 30, unit=" Gbit/s"),
    "churn": Target("connections opened, used and closed on 50 at once, per second of the server's core", 100, 200, unit=" k"),
    "echo-x10000": Target("cycles of an echo on 10,000 connections, beside 10", 1.3, 1.15, at_most=True),
    "flow-bytes": Target("an idle connection, its futures and coroutine included", 1024, 768, at_most=True, unit=" bytes"),
    "time-wait-bytes": Target("a connection in TIME-WAIT", 64, at_most=True, unit=" bytes"),
    "flows-x100000": Target("cycles of a request over 100,000 connections, beside 10", 1.3, 1.15, at_most=True),
    "shards": Target("two shards beside one, where cores are free", 1.9),
    "kernel-get": Target("GET on kernel sockets, requests/s beside redis-server", 1.0, 1.5),
    "kernel-get-p16": Target("the same in a pipeline of 16", 1.0, 1.5),
    "then on a ready future": primitive("`then` on a ready future", 2.9),
    "co_await of a ready future": primitive("`co_await` of a ready future", 7),
    "promise to a waiting coroutine, resumed": primitive("promise to a waiting coroutine", 41),
    "timer arm and cancel": primitive("timer armed and cancelled", 16),
}


def rows(reached: dict[str, Series]) -> list[list[str]]:
    """One for each target that was measured, in the order of TARGETS."""
    return [[t.work, t.bound(t.goal), t.bound(t.moonshot), spread(reached[key]), t.verdict(reached[key])]
            for key, t in TARGETS.items() if key in reached]
