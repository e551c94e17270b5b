"""The machine and what was measured on it."""

import os
import re
import subprocess
import time


def output(*command: str) -> str:
    """Of a program; empty if it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""


def processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as file:
            found = re.search(r"^model name\s*: (.*)$", file.read(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else os.uname().machine


def kernel() -> str:
    """The version, without what a builder added to it."""
    return re.match(r"[0-9.]*[0-9]|", os.uname().release)[0]


def commit(folder: str) -> str:
    revision = output("git", "-C", folder, "rev-parse", "--short", "HEAD") or "unknown"
    changed = output("git", "-C", folder, "status", "--porcelain", "--untracked-files=no", "--", ":!doc/benchmarks*")
    return revision + (" with changes" if changed else "")


def describe(source: str) -> str:
    """Sentences for the document's head."""
    redis = re.search(r"v=([0-9.]+)", output("redis-server", "--version"))
    parts = [f"Machine: {processor()}, {len(os.sched_getaffinity(0))} cores, Linux {kernel()}",
             f"DPDK {output('pkg-config', '--modversion', 'libdpdk') or 'of an unknown version'}, no hugepages",
             f"redis-server {redis[1] if redis else 'not installed'}", f"{output('c++', '--version').partition(chr(10))[0]}",
             f"commit {commit(source)}", time.strftime("%Y-%m-%d", time.gmtime())]
    return "; ".join(parts) + "."


def crowd() -> str | None:
    """A sentence if others use the machine now."""
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    if load <= 0.5 * cores:
        return None
    return (f"The machine was busy with other work when this began (load {load:.1f} on {cores} cores): "
            "ratios may hold, figures do not.")
