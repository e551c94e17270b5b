"""One run: a connection over one path, for some seconds, from one kind of host to another."""

import json
import os
import time
from dataclasses import asdict, dataclass, field

from suite.figures import NotMeasured
from suite.stage import Stage

from judge.hosts import KINDS, PORT
from judge.paths import CEILING, Path

SENDER, RECEIVER = "10.77.0.1", "10.77.0.2"
# The sender's buffer would go on for long after the measurement: nobody waits for it.
GRACE = "1ms"
CUT_OFF = "has not answered within"
# Of a client that comes before its server listens.
ATTEMPTS = 5


@dataclass(frozen=True)
class Job:
    """Who sends to whom; runs of one path and round have the same seed, so the same packets are lost."""

    path: Path
    sender: str  # a kind of host
    algorithm: str
    receiver: str
    round: int

    @property
    def who(self) -> tuple[str, str, str]:
        return self.sender, self.algorithm, self.receiver

    @property
    def file_name(self) -> str:
        words = f"{self.path.name} {self.sender} {self.algorithm} {self.receiver} {self.round}"
        return "".join(c if c.isalnum() or c == "." else "-" for c in words)

    @property
    def expected(self) -> float:
        return self.path.expected(self.algorithm)


@dataclass
class Outcome:
    """What a run came to."""

    path: str
    sender: str
    algorithm: str
    receiver: str
    round: int
    mbit: float = 0.0  # of payload, as the receiver's application got it
    sent_again: int = 0
    packets: int = 0  # of the sender, that the wire was given
    dropped: int = 0  # of these, by chance and by a full queue
    late_us: float = 0.0  # by which 99 of 100 packets were at most sent on too late
    why_not: str = ""

    as_dict = asdict

    @property
    def who(self) -> tuple[str, str, str]:
        return self.sender, self.algorithm, self.receiver


@dataclass
class Tools:
    """Where the programs are."""

    folder: str
    seconds: float = 0.0  # of each run; 0: as the path asks for
    captures: str = ""  # a folder for what the senders send and get; empty: nothing is captured
    flags: list[str] = field(default_factory=list)  # more of them, for our own TCP


def run(job: Job, tools: Tools) -> Outcome:
    """Runs it; what goes wrong stands in `why_not`."""
    outcome = Outcome(job.path.name, *job.who, job.round)
    try:
        with Stage(tools.folder) as stage:
            _run(stage, job, tools, outcome)
    except (NotMeasured, OSError) as e:
        outcome.why_not = str(e)
    return outcome


def _run(stage: Stage, job: Job, tools: Tools, outcome: Outcome) -> None:
    sender = KINDS[job.sender](stage, SENDER, job.algorithm, tools.flags)
    receiver = KINDS[job.receiver](stage, RECEIVER, job.algorithm, tools.flags)
    perf = stage.program("millrace-perf")
    server = stage.serve("the sender", [*sender.command(perf, "server"), "--listen", str(PORT), "--log", "error"],
                         sender.listens)
    capture = ["--capture", os.path.join(tools.captures, job.file_name + ".pcap")] if tools.captures else []
    wire = stage.serve("the wire", [stage.program("millrace-interop-wire"), "--a", sender.interface, "--b",
                                    receiver.interface, *job.path.wire_arguments(job.round), *capture], lambda: True)
    seconds = tools.seconds or job.path.seconds
    client = [*receiver.command(perf, "client"), "--server", f"{SENDER}:{PORT}", "--workload", "read", "--message", "64KiB",
              "--duration", f"{seconds * 1000:.0f}ms", "--warm-up", "0s", "--grace", GRACE, "--connect-timeout", "20s",
              "--json", "--log", "error"]
    report = _measure(stage, client, seconds)
    outcome.mbit = report["received_bytes"] * 8e-6 / report["seconds"]
    time.sleep(job.path.rtt_ms / 1000 + 0.05)  # the receiver's RST has arrived
    outcome.sent_again = sender.sent_again(server)
    wire.stop()
    _judge_wire(wire.said(), outcome)


def _measure(stage: Stage, client: list[str], seconds: float) -> dict:
    for attempt in range(ATTEMPTS):
        text = stage.run(client, seconds + 30, codes=(0, 1))  # 1: it was cut off
        try:
            report = json.loads(text)
        except ValueError:
            raise NotMeasured(f"the receiver reported no JSON but '{text[-200:]}'") from None
        if report["seconds"] > 0 or attempt + 1 == ATTEMPTS:
            break
        time.sleep(0.2)
    if report["error"] and CUT_OFF not in report["error"]:
        raise NotMeasured(f"the receiver: {report['error']}")
    if abs(report["seconds"] - seconds) > 0.05 * seconds:
        raise NotMeasured(f"{report['seconds']:.2f} s were measured instead of {seconds:.2f} s")
    return report


# What a wire may not do: figures over it would be of another path.
BROKEN = {"too_long": "were longer than the MTU", "overloaded": "were too many to hold", "missed": "came too fast for the wire",
          "unfinished": "had no checksum", "refused": "were refused by an interface"}


def _judge_wire(said: str, outcome: Outcome) -> None:
    try:
        report = json.loads(next(line for line in said.splitlines() if line.startswith("{")))
    except (StopIteration, ValueError):
        raise NotMeasured(f"the wire reported nothing, but said: {said[-200:]}") from None
    forth = report["a_to_b"]
    outcome.packets, outcome.dropped = forth["packets"], forth["lost"] + forth["overflowed"]
    outcome.late_us = report["late_us"]["p99"]
    for way in ("a_to_b", "b_to_a"):
        for what, sentence in BROKEN.items():
            if report[way][what]:
                raise NotMeasured(f"{report[way][what]} frames {sentence}")


def weight(job: Job) -> float:
    """Of the machine, as a part of what one flow at the wire's full rate takes; the shortest path, where microseconds
    count, has the machine for itself."""
    return 100.0 if job.path.rtt_ms < 1 else max(0.05, job.expected / CEILING)
