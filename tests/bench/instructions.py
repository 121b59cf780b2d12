"""Counts penstock's own instructions in one exchange or one step of worlds, by valgrind's callgrind.

    python tests/bench/instructions.py    prints a line for each

Unlike times, the counts are the same in every run, so that a test can hold them.  What a run without the statement
takes is subtracted: what is left is the statement alone, without the interpreter's start.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

OURS = ("libcore.so", "_dlpack.abi3.so", "_cffi.abi3.so")
CALLS = 500

SETUP = """
import sys
sys.modules["torch"] = None  # tvm_ffi would import it: a minute under valgrind
import numpy
import penstock
import tvm_ffi
tensor = penstock.zeros((16, 16))
array = numpy.zeros((16, 16), dtype="float32")
carts = penstock.worlds.make("CartPole-v1", num_worlds=4096, threads=1, kernel="16_bytes")
"""

EXCHANGES = {
    "a capsule that nobody takes": "tensor.__dlpack__(max_version=(1, 0))",
    "lent to NumPy": "numpy.from_dlpack(tensor)",
    "lent to NumPy as a buffer": "numpy.asarray(tensor)",
    "lent through the C table": "tvm_ffi.from_dlpack(tensor)",
    "borrowed from NumPy": "penstock.from_dlpack(array)",
    "lent and borrowed through the C table": "penstock.from_dlpack(tensor)",
}
# The episodes that end, and are begun anew, are part of it; the kernel is one that every processor has.
STEPS = {"a step of 4096 worlds of CartPole": "carts.step()"}

STATEMENTS = EXCHANGES | STEPS


def own_instructions(lines: Iterable[str]) -> int:
    """Adds up what a file of callgrind's says of penstock's files: numbers stand for names that were given before."""
    files: dict[str, str] = {}
    total, is_ours, is_call = 0, False, False
    for line in lines:
        key, _, value = line.partition("=")
        if key in ("ob", "cob"):
            number, _, path = value.partition(" ")
            name = Path(files.setdefault(number, path)).name
            is_ours = name.startswith(OURS) if key == "ob" else is_ours
        elif key == "calls":
            is_call = True  # the next line is what the callee takes, counted where the callee stands itself
        elif re.fullmatch(r"[+*-]?\d* \d+", line):
            total += int(line.split()[1]) if is_ours and not is_call else 0
            is_call = False
    return total


def executed(statement: str, calls: int) -> int:
    """A run of its own in which every statement was executed before, and this one is executed so many times."""
    first = "\n".join(STATEMENTS.values())
    program = f"{SETUP}\n{first}\n{first}\nfor _ in range({calls}):\n    {statement}\n"
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "callgrind"
        subprocess.run(
            [
                "valgrind",
                "--tool=callgrind",
                "--quiet",
                f"--callgrind-out-file={output}",
                sys.executable,
                "-c",
                program,
            ],
            check=True,
            timeout=300,
        )
        return own_instructions(output.read_text().splitlines())


@cache
def executed_before() -> int:
    return executed("pass", CALLS)


def count(statement: str) -> int:
    """The instructions in penstock's files that one execution of a statement takes, its end included."""
    return round((executed(statement, CALLS) - executed_before()) / CALLS)


if __name__ == "__main__":
    for name, statement in STATEMENTS.items():
        print(f"{name:<38}  {count(statement)}")
