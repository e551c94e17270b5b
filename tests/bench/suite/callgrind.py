"""Instructions and allocations of a program, counted exactly by valgrind's callgrind."""

import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field

# glibc chooses its memcpy and its like by what the processor can do. These are taken away, so that every machine
# runs, and counts, the variants of SSE2: what callgrind emulates depends on the machine below it.
FIXED_FEATURES = "glibc.cpu.hwcaps=" + ",".join(
    "-" + f for f in ("AVX", "AVX2", "AVX_Fast_Unaligned_Load", "AVX512F", "AVX512VL", "AVX512BW", "BMI1", "BMI2",
                      "LZCNT", "MOVBE", "RTM", "ERMS", "FSRM", "Fast_Copy_Backward", "Fast_Unaligned_Copy",
                      "Slow_BSF", "SSSE3", "SSE4_1", "SSE4_2"))
# Nothing of the caller's environment: its size moves the stack.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "GLIBC_TUNABLES": FIXED_FEATURES}

ALLOCATIONS = ("malloc", "calloc", "realloc", "memalign", "aligned_alloc", "posix_memalign")


@dataclass
class Counted:
    """One run of a program."""

    instructions: int
    allocations: int
    # Instructions within calls of a function, those it calls included, by its name without parameters.
    within: dict[str, int] = field(default_factory=dict)


@dataclass
class PerOperation:
    """What one operation costs: the difference of two runs, divided by that of their operations."""

    instructions: float
    allocations: float


class CannotCount(Exception):
    """Says in one sentence why there is no count."""


def missing() -> str | None:
    """Why nothing can be counted here; None if it can."""
    return None if shutil.which("valgrind") else "valgrind is not installed"


def parse(lines, functions=()) -> Counted:
    """Reads callgrind's output file. `functions` are those whose inclusive instructions are wanted."""
    names: dict[str, str] = {}

    def name_of(text: str) -> str:
        number, name = re.match(r"\((\d+)\)(?: (.*))?", text).groups()
        if name:
            names[number] = name
        return names[number]

    result = Counted(0, 0, {f: 0 for f in functions})
    called, follows_call = "", False
    for line in lines:
        if follows_call:
            follows_call = False
            base = called.split("(")[0]
            if base in result.within:
                result.within[base] += int(line.split()[1])
        elif line.startswith("fn="):
            name_of(line[3:].rstrip())
        elif line.startswith("cfn="):
            called = name_of(line[4:].rstrip())
        elif line.startswith("calls="):
            follows_call = True
            if called in ALLOCATIONS:
                result.allocations += int(line[6:].split()[0])
        elif line.startswith("totals: "):
            result.instructions = int(line[8:])
    return result


def count(program: str, arguments, functions=(), timeout=300) -> Counted:
    """Runs a program under callgrind, where addresses are the same every time."""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out")
        command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", program, *arguments]
        done = subprocess.run(command, env=ENVIRONMENT, cwd=folder, capture_output=True, text=True, timeout=timeout)
        shown = " ".join([os.path.basename(program), *arguments])
        if done.returncode != 0:
            why = (done.stderr.strip().splitlines() or ["no message"])[-1]
            raise CannotCount(f"{shown} ended with code {done.returncode}: {why}")
        with open(out, encoding="utf-8", errors="replace") as file:
            result = parse(file, functions)
    for function, instructions in result.within.items():
        if instructions == 0:
            raise CannotCount(f"{shown} never called {function}, or it was inlined")
    return result


def per_operation(few: Counted, many: Counted, operations: int, function: str | None) -> PerOperation:
    """`operations` more were done in `many`; of `function` only, or of the whole program."""
    def cost(c):
        return c.within[function] if function else c.instructions
    return PerOperation((cost(many) - cost(few)) / operations, (many.allocations - few.allocations) / operations)
