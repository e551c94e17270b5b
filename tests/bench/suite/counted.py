"""What the gate counts: the programs, and which of their functions are what."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from suite import callgrind
from suite.baseline import Entry


@dataclass
class Case:
    """One operation of which a program can do many."""

    name: str
    what: str
    program: str
    # How the program is told to do a number of them; '{n}' stands for the number.
    arguments: list[str]
    few: int
    many: int
    # Counts only what this one does; None: the whole program.
    function: str | None = None


def plural(n: int, noun: str) -> str:
    return f"{n} {noun}{'s' if n > 1 else ''}"


def echo(connections: int) -> Case:
    """A server's share of an echo: device, IP, TCP, the coroutine, timers."""
    return Case(f"echo-64B-x{connections}", f"64-byte echo on {plural(connections, 'connection')}: the server's turns",
                "millrace-echo-bench", ["--requests={n}", f"--connections={connections}"], 1_000, 6_000, "serve_turn")


def bulk(direction: str, *flags: str) -> Case:
    """A server's share of a full segment in one long stream: device, IP, TCP, the coroutine."""
    return Case(f"bulk-{direction}", f"a segment of 1448 bytes that the server {direction}s, in one long stream",
                "millrace-bulk-bench", ["--segments={n}", *flags], 4_000, 20_000, "serve_turn")


def kv(command: str, connections: int, pipeline: int = 1) -> Case:
    """A server's share of a request to the key-value store."""
    at_once = f", {pipeline} at once" if pipeline > 1 else ""
    few = 50 * connections * pipeline
    return Case(f"kv-{command}-x{connections}" + (f"-p{pipeline}" if pipeline > 1 else ""),
                f"{command.upper()} of 3 bytes on {plural(connections, 'connection')}{at_once}: the server's turns",
                "millrace-kv-bench", ["--requests={n}", f"--command={command}", f"--connections={connections}",
                                      f"--pipeline={pipeline}"], few, 3 * few, "serve_turn")


def kv_alone(command: str, pipeline: int = 1) -> Case:
    """A request to the key-value store without a network: parser, command and reply."""
    at_once = f", {pipeline} at once" if pipeline > 1 else ""
    return Case(f"kv-{command}-alone" + (f"-p{pipeline}" if pipeline > 1 else ""),
                f"{command.upper()} of 3 bytes without a network{at_once}", "millrace-kv-bench",
                ["--requests={n}", f"--command={command}", f"--pipeline={pipeline}", "--without-network"],
                2_000, 10_000, "answer_read")


def primitive(key: str, what: str) -> Case:
    """A primitive of core/, by the key that millrace-core-bench --list gives it."""
    return Case(f"core-{key}", what, "millrace-core-bench", ["--only", key, "--operations", "{n}"], 2_000, 12_000)


CASES = [
    echo(1), echo(50), bulk("receive"), bulk("send", "--sends"),
    kv("get", 1), kv("get", 50), kv("set", 50), kv("get", 50, 16),
    kv_alone("get"), kv_alone("set"), kv_alone("get", 16),
    primitive("then-ready", "then on a ready future"),
    primitive("await-ready", "co_await of a ready future"),
    primitive("call-ready", "call and co_await of a ready coroutine"),
    primitive("promise-waiter", "promise to a waiting coroutine, resumed"),
    primitive("then-pending", "then on a pending future, resolved and run"),
    primitive("yield", "yield through the run queue"),
    primitive("semaphore-free", "semaphore wait and signal, free"),
    primitive("semaphore-handed", "semaphore handed from waiter to waiter"),
    primitive("thread-block", "stackful thread: block and go on"),
    primitive("thread-call", "call of async()"),
    primitive("timer-arm-cancel", "timer arm and cancel"),
    primitive("timer-later", "timer moved later while armed"),
    primitive("buffer-copy", "small buffer copied and dropped"),
]


# Ethernet, IPv4 and TCP with timestamps, which every frame has beside its 64 bytes.
ECHO_FRAME = 14 + 20 + 32 + 64


def frame(device: str, burst: int) -> Case:
    """A frame received and sent again, no stack between; an operation is a frame there and one back."""
    return Case(f"frame-{device}-b{burst}", f"a frame received and sent over {device}, {plural(burst, 'frame')} at once",
                "millrace-link-bench", [device, str(ECHO_FRAME), str(burst), "{n}"], 3_200, 16_000, "reflect")


def count_frame(device: str, burst: int, programs: str) -> float:
    """Instructions for one frame received and sent again."""
    return count(frame(device, burst), programs).instructions / 2


def count(case: Case, programs: str) -> Entry:
    """Counts one operation; `programs` is the folder they are in."""
    def run(n):
        return callgrind.count(os.path.join(programs, case.program), [a.replace("{n}", str(n)) for a in case.arguments],
                               [case.function] if case.function else [])
    cost = callgrind.per_operation(run(case.few), run(case.many), case.many - case.few, case.function)
    return Entry(case.name, cost.instructions, cost.allocations, case.what)


def count_all(programs: str, cases=None) -> list[Entry]:
    """Counts them all, as many at once as there are processors: it does not change the counts."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        return list(pool.map(lambda c: count(c, programs), CASES if cases is None else cases))
