"""Where programs are started: all of them end with it, and its folder is removed."""

import os
import re
import shutil
import signal
import socket
import stat
import subprocess
import tempfile
import time

from suite.figures import Missing, NotMeasured

# Of a server that is asked to end, or to tell its metrics.
PATIENCE = 20.0
# Nothing is written for so long: the metrics have been told.
QUIET = 0.15
# A server that is alive so long after it opened its socket will stay.
SETTLED = 0.1


def last_words(text: str) -> str:
    """The last line of what a program said."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it said nothing"


def free_port() -> int:
    """Of 127.0.0.1, free a moment ago."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def wait_until(ready, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


class Server:
    """A process that serves until it is stopped."""

    def __init__(self, name: str, command: list[str], log: str, environment: dict[str, str]):
        self.name, self.command, self.log = name, command, log
        with open(log, "wb") as file:
            # The kernel ends it, should this process be ended without a word.
            self.process = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], env=environment,
                                            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT)

    @property
    def pid(self) -> int:
        return self.process.pid

    def said(self, since: int = 0) -> str:
        with open(self.log, encoding="utf-8", errors="replace") as file:
            file.seek(since)
            return file.read()

    def wait_until(self, ready, what: str) -> None:
        """Until `ready()`; raises NotMeasured if it ends before, or takes too long."""
        if not wait_until(lambda: self.process.poll() is not None or ready(), PATIENCE) or self.process.poll() is not None:
            raise NotMeasured(f"{self.name} did not {what}: {last_words(self.said())}")

    def metrics(self) -> dict[str, float]:
        """What a millrace program tells on SIGUSR1: figures by name and labels, shards summed."""
        before = os.path.getsize(self.log)
        self.process.send_signal(signal.SIGUSR1)
        self.wait_until(lambda: "_reactor_turns_total" in self.said(before), "tell its metrics")
        size = -1
        while size != os.path.getsize(self.log):
            size = os.path.getsize(self.log)
            time.sleep(QUIET)
        return parse_metrics(self.said(before))

    def cpu_seconds(self) -> float:
        """User and system time so far."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="utf-8") as file:
                fields = file.read().rpartition(")")[2].split()
        except OSError as e:
            raise NotMeasured(f"{self.name} is gone: {e}") from None
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                self.process.kill()
        self.process.wait()


def parse_metrics(text: str) -> dict[str, float]:
    """Prometheus' text; the label of the shard is dropped, and the figures of all shards are added up."""
    result: dict[str, float] = {}
    for name, labels, value in re.findall(r"^(millrace_\w+)(?:\{([^}]*)\})? (\S+)$", text, re.MULTILINE):
        kept = ",".join(part for part in labels.split(",") if part and not part.startswith("shard="))
        key = f"{name}{{{kept}}}" if kept else name
        result[key] = result.get(key, 0.0) + float(value)
    return result


class Stage:
    """Starts programs, all in one folder; a context manager that leaves nothing behind."""

    def __init__(self, programs: str):
        self.programs = programs
        self.folder = ""
        self.servers: list[Server] = []
        self._count = 0
        self._child: subprocess.Popen | None = None

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="millrace-bench.")
        # DPDK keeps its files below it.
        self.environment = dict(os.environ, XDG_RUNTIME_DIR=self.folder, HOME=self.folder)
        return self

    def __exit__(self, *_):
        if self._child and self._child.poll() is None:
            self._child.kill()
            self._child.wait()
        for server in self.servers:
            server.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def program(self, name: str) -> str:
        return os.path.join(self.programs, name)

    def path(self, name: str) -> str:
        """A fresh one in the stage's folder."""
        self._count += 1
        return os.path.join(self.folder, f"{self._count}.{name}")

    def serve(self, name: str, command: list[str], ready, what: str = "start") -> Server:
        """Starts a server and waits until `ready()`."""
        if not shutil.which(command[0]):
            raise Missing(f"{os.path.basename(command[0])} is not installed")
        server = Server(name, command, self.path(name + ".log"), self.environment)
        self.servers.append(server)
        server.wait_until(ready, what)
        time.sleep(SETTLED)  # what it opened may be there before it finds what is wrong
        server.wait_until(lambda: True, what)
        return server

    def end(self, server: Server) -> None:
        server.stop()
        self.servers.remove(server)

    def run(self, command: list[str], timeout: float, codes: tuple[int, ...] = (0,)) -> str:
        """Its standard output; raises NotMeasured if it ends with another code than these, or takes too long."""
        shown = os.path.basename(command[0])
        if not shutil.which(command[0]):
            raise Missing(f"{shown} is not installed")
        self._child = subprocess.Popen(["setpriv", "--pdeathsig", "KILL", *command], env=self.environment,
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            out, errors = self._child.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.communicate()
            raise NotMeasured(f"{shown} took longer than {timeout:.0f} s") from None
        if self._child.returncode not in codes:
            raise NotMeasured(f"{shown} ended with code {self._child.returncode}: {last_words(errors or out)}")
        return out


def socket_is_there(path: str):
    """A function that asks whether a memif server listens."""
    def there() -> bool:
        try:
            return stat.S_ISSOCK(os.stat(path).st_mode)
        except OSError:
            return False
    return there


def port_answers(port: int):
    """A function that asks whether a server of 127.0.0.1 does."""
    def answers() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return True
        except OSError:
            return False
    return answers
