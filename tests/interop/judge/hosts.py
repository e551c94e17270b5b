"""The hosts at the ends of a wire: Linux in a network namespace of its own, or a program of ours on a TAP device."""

import array
import fcntl
import itertools
import os
import shutil
import socket
import struct
import subprocess
import threading

from suite.figures import Missing, NotMeasured
from suite.stage import Server, Stage, last_words

PORT = 7878
NETWORK = "10.77.0.0/24"
# Of a connection's buffers, in MiB. Linux takes about half of what it is allowed for its own records. Several times
# the bandwidth-delay product of the longest path, its queue included: what is compared is no setting.
OUR_BUFFER, LINUX_BUFFER = 8, 16

SIOCETHTOOL = 0x8946
# ETHTOOL_STXCSUM, ETHTOOL_SSG, ETHTOOL_STSO, ETHTOOL_SGSO, ETHTOOL_SGRO: what a device would do for its kernel.
OFFLOADS = (0x17, 0x19, 0x1F, 0x24, 0x2C)

NEEDED = ("ip", "nsenter", "setpriv", "ss", "unshare")

_numbers = itertools.count(1)
_numbers_lock = threading.Lock()


def _next_number() -> int:
    """For the names of interfaces: several runs share this namespace."""
    with _numbers_lock:
        return next(_numbers)


def call(command: list[str], stdin: str = "") -> str:
    """A command that takes a moment; its output. Raises NotMeasured if it fails."""
    try:
        done = subprocess.run(command, input=stdin, capture_output=True, text=True, check=False, timeout=20)
    except FileNotFoundError:
        raise Missing(f"{command[0]} is not installed") from None
    except subprocess.TimeoutExpired:
        raise NotMeasured(f"{command[0]} took longer than 20 s") from None
    if done.returncode != 0:
        raise NotMeasured(f"{' '.join(command[:4])} failed: {last_words(done.stderr)}")
    return done.stdout


def missing() -> str:
    """Why no hosts can be made here; empty if they can."""
    for program in NEEDED:
        if not shutil.which(program):
            return f"{program} is not installed"
    if not os.access("/dev/net/tun", os.W_OK):
        return "/dev/net/tun is not there or may not be opened"
    return ""


def algorithms() -> list[str]:
    """That this kernel offers."""
    with open("/proc/sys/net/ipv4/tcp_available_congestion_control", encoding="ascii") as file:
        return file.read().split()


def without_offloads(interface: str) -> None:
    """The frames of a wire are of one segment, with all checksums: behind it there is no device to make them up."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
        for command in OFFLOADS:
            value = array.array("B", struct.pack("II", command, 0))
            try:
                fcntl.ioctl(s, SIOCETHTOOL, struct.pack("16sP16x", interface.encode(), value.buffer_info()[0]))
            except OSError as e:
                raise NotMeasured(f"the offloads of {interface} cannot be switched off: {e}") from None


class LinuxHost:
    """The kernel's TCP behind a veth pair; the pair's other end is `interface`, here."""

    kind = "linux"
    SETTINGS = {
        "ipv4.tcp_rmem": f"4096 131072 {LINUX_BUFFER << 20}",
        "ipv4.tcp_wmem": f"4096 16384 {LINUX_BUFFER << 20}",
        "ipv4.tcp_no_metrics_save": "1",  # a connection learns nothing from the one before
        "ipv6.conf.all.disable_ipv6": "1",
    }

    def __init__(self, stage: Stage, address: str, algorithm: str, _: list[str]):
        number = _next_number()
        self.address, self.interface, inner = address, f"wire{number}", f"host{number}"
        here = os.stat("/proc/self/ns/net").st_ino
        self.holder = stage.serve("a namespace", ["unshare", "--net", "sleep", "infinity"],
                                  lambda: self._namespace_differs(stage, here))
        self.inside = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        call(["ip", "link", "add", self.interface, "type", "veth", "peer", "name", inner])
        without_offloads(self.interface)
        without_offloads(inner)
        call(["ip", "link", "set", inner, "netns", str(self.holder.pid)])
        script = ["set -e"] + [f"[ ! -e {path} ] || echo {value} >{path}" for path, value in
                               ((f"/proc/sys/net/{key.replace('.', '/')}", value) for key, value in self.SETTINGS.items())]
        # By route, as a namespace may choose any algorithm there, but as its default only those that the machine allows.
        script += ["ip link set lo up", f"ip address add {address}/24 dev {inner} noprefixroute", f"ip link set {inner} up",
                   f"ip route add {NETWORK} dev {inner} src {address} congctl {algorithm}"]
        call([*self.inside, "sh"], "\n".join(script))
        call(["ip", "link", "set", self.interface, "up"])
        self._before = self._repeated()

    @staticmethod
    def _namespace_differs(stage: Stage, here: int) -> bool:
        try:
            return os.stat(f"/proc/{stage.servers[-1].pid}/ns/net").st_ino != here
        except OSError:
            return False

    def command(self, program: str, role: str) -> list[str]:
        """Of a millrace program on this host's kernel."""
        return [*self.inside, program, role, "--net", "kernel"]

    def listens(self) -> bool:
        return bool(call([*self.inside, "ss", "-Hltn", f"sport = :{PORT}"]).strip())

    def sent_again(self, _: Server) -> int:
        """Segments that its TCP repeated."""
        return self._repeated() - self._before

    def _repeated(self) -> int:
        with open(f"/proc/{self.holder.pid}/net/snmp", encoding="ascii") as file:
            heads, values = [line.split()[1:] for line in file if line.startswith("Tcp:")]
        return int(values[heads.index("RetransSegs")])


class OurHost:
    """A millrace program with its own TCP; its TAP device's other end is `interface`, once the program runs."""

    kind = "ours"

    def __init__(self, _: Stage, address: str, algorithm: str, flags: list[str]):
        self.address, self.interface, self.algorithm, self.flags = address, f"tap{_next_number()}", algorithm, flags

    def command(self, program: str, role: str) -> list[str]:
        return [program, role, "--net", f"tap:{self.interface}", "--address", f"{self.address}/24", "--tcp-congestion",
                self.algorithm, *self.flags, *(text for flag in ("--tcp-send-buffer", "--tcp-receive-buffer")
                                               if flag not in self.flags for text in (flag, f"{OUR_BUFFER}MiB"))]

    def listens(self) -> bool:
        """It does so as soon as its device is there, or a moment later."""
        try:
            return socket.if_nametoindex(self.interface) > 0
        except OSError:
            return False

    def sent_again(self, server: Server) -> int:
        """Of connections that have ended."""
        return round(server.metrics().get("millrace_tcp_retransmissions_total", 0))


KINDS = {host.kind: host for host in (LinuxHost, OurHost)}
