"""Paths between two hosts, and what a connection over one can be expected to carry."""

from dataclasses import dataclass
from math import inf, sqrt

RATE_MBIT = 100.0
PAYLOAD, FRAME = 1448, 1514  # bytes of a full segment with timestamps, and of its Ethernet frame
LEAST_QUEUE = 50  # packets

# Payload in Mbit/s that the wire can carry.
CEILING = RATE_MBIT * PAYLOAD / FRAME


@dataclass(frozen=True)
class Path:
    """One bottleneck of RATE_MBIT with the same delay both ways. Packets are lost and overtaken on the data's way only,
    so that the same seed drops the same packets of whoever sends them, and a handshake is no gamble."""

    rtt_ms: float
    loss_percent: float = 0.0
    queue_bdp: float = 1.0  # of the bandwidth-delay product
    reorder_percent: float = 0.0
    hold_ms: float = 0.0  # the latest of those overtaken
    also: str = ""  # what sets it apart from the grid of losses and round trips

    @property
    def queue_packets(self) -> int:
        product = RATE_MBIT * 1e6 * self.rtt_ms / 1e3 / 8 / FRAME
        return max(round(product * self.queue_bdp), LEAST_QUEUE if self.queue_bdp >= 1 else 8)

    @property
    def name(self) -> str:
        return f"{self.rtt_ms:g} ms, " + (self.also or f"{self.loss_percent:g} %")

    @property
    def seconds(self) -> float:
        """To measure: at least fifty round trips, and the slow start of the longest path."""
        return max(4.0, min(10.0, self.rtt_ms / 1e3 * 120))

    def expected(self, algorithm: str) -> float:
        """Mbit/s, roughly: the square-root law of Reno's kind; BBR is not kept by what is lost at random."""
        if algorithm == "bbr" or self.loss_percent == 0:
            return CEILING
        law = PAYLOAD * 8e-6 * sqrt(1.5) / (self.rtt_ms / 1e3 * sqrt(self.loss_percent / 100))
        return min(CEILING, law)

    def wire_arguments(self, seed: int) -> list[str]:
        """For millrace-interop-wire; a is the sender."""
        arguments = ["--rate", f"{RATE_MBIT:g}Mbit", "--delay", f"{self.rtt_ms * 500:g}us", "--queue",
                     str(self.queue_packets), "--seed", str(seed)]
        if self.loss_percent:
            arguments += ["--loss", f"{self.loss_percent:g}%"]
        if self.reorder_percent:
            arguments += ["--reorder", f"{self.reorder_percent:g}%", "--reorder-hold", f"{self.hold_ms * 1000:g}us"]
        return arguments


ROUND_TRIPS = (0.1, 10, 50, 200)
LOSSES = (0, 0.1, 1, 3)
GRID = [Path(rtt, loss) for rtt in ROUND_TRIPS for loss in LOSSES]
SPECIAL = [
    Path(10, queue_bdp=0.1, also="a tenth of a BDP of queue"),
    Path(50, queue_bdp=0.1, also="a tenth of a BDP of queue"),
    Path(10, reorder_percent=1, hold_ms=5, also="1 % late by up to 5 ms"),
    Path(50, reorder_percent=1, hold_ms=25, also="1 % late by up to 25 ms"),
]
ALL = GRID + SPECIAL
QUICK = [Path(0.1), Path(10, 1), Path(50), SPECIAL[0], SPECIAL[2]]
MOMENT = [Path(10, 1), SPECIAL[2]]  # for a test that everything works

assert inf not in (p.expected("cubic") for p in ALL)
