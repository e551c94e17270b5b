"""Whether every byte arrives over a wire that does to packets all that wires do, both ways at once."""

import json

from suite.figures import NotMeasured
from suite.stage import Stage

from judge.hosts import KINDS, PORT
from judge.runs import RECEIVER, SENDER, Tools

TROUBLES = ["--rate", "100Mbit", "--delay", "1ms", "--queue", "50", "--loss", "1%", "--reorder", "2%", "--reorder-hold", "5ms",
            "--duplicate", "1%", "--corrupt", "1%", "--both-ways"]
# Little enough that what is on its way at the end has arrived soon.
BUFFERS = ["--tcp-send-buffer", "256KiB", "--tcp-receive-buffer", "256KiB"]
SECONDS = 1.0


def transfer(server_kind: str, client_kind: str, tools: Tools, seed: int = 1) -> str:
    """Bytes of a known pattern from each end to the other until both have said that they have finished, compared where
    they arrive. What arrived, in words; raises NotMeasured if it was anything else than what was sent."""
    with Stage(tools.folder) as stage:
        server_host = KINDS[server_kind](stage, SENDER, "cubic", BUFFERS)
        client_host = KINDS[client_kind](stage, RECEIVER, "cubic", BUFFERS)
        perf = stage.program("millrace-perf")
        server = stage.serve("the server", [*server_host.command(perf, "server"), "--listen", str(PORT)], server_host.listens)
        wire = stage.serve("the wire", [stage.program("millrace-interop-wire"), "--a", server_host.interface, "--b",
                                        client_host.interface, "--seed", str(seed), *TROUBLES], lambda: True)
        report = json.loads(stage.run([*client_host.command(perf, "client"), "--server", f"{SENDER}:{PORT}", "--workload", "rw",
                                       "--message", "64KiB", "--duration", f"{SECONDS:g}s", "--warm-up", "0s", "--grace", "60s",
                                       "--connect-timeout", "20s", "--json", "--log", "error"], SECONDS + 100))
        wire.stop()
        if report["partial"]:
            raise NotMeasured(report["error"])
        if "other bytes than expected" in server.said():
            raise NotMeasured("the server received other bytes than were sent")
        troubles = json.loads(next(line for line in wire.said().splitlines() if line.startswith("{")))
    hit = {what: troubles["a_to_b"][what] + troubles["b_to_a"][what] for what in ("lost", "reordered", "duplicated", "corrupted")}
    if not all((report["sent_bytes"], report["received_bytes"], *hit.values())):
        raise NotMeasured(f"nothing was proven: {report['sent_bytes']} bytes sent, {report['received_bytes']} received, {hit}")
    return (f"{report['sent_bytes'] >> 10} KiB and {report['received_bytes'] >> 10} KiB, "
            + ", ".join(f"{n} packets {what}" for what, n in hit.items()))
