"""Counts what one exchange executes: penstock's own instructions, and allocations, by valgrind's callgrind.

    python tests/bench/instructions.py    prints a line for each exchange

Unlike times, the counts are the same in every run, so a test can hold them.  What a run without the exchange takes is
subtracted: what is left is the exchange alone, without the interpreter's start.
"""

import re
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

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
"""

EXCHANGES = {
    "a capsule that nobody takes": "tensor.__dlpack__(max_version=(1, 0))",
    "lent to NumPy": "numpy.from_dlpack(tensor)",
    "lent to NumPy as a buffer": "numpy.asarray(tensor)",
    "lent through the C table": "tvm_ffi.from_dlpack(tensor)",
    "borrowed from NumPy": "penstock.from_dlpack(array)",
    "lent and borrowed through the C table": "penstock.from_dlpack(tensor)",
}


class Counts(NamedTuple):
    """What one exchange takes, its end included."""

    instructions: int  # executed in penstock's own files
    allocations: int  # calls of malloc, by anybody


class Profile:
    """Adds up one file of callgrind's: numbers stand for names that were given before."""

    def __init__(self, lines: list[str]) -> None:
        self.instructions = self.allocations = 0
        self.names: dict[tuple[str, str], str] = {}
        ours = is_call = False
        callee = ""
        for line in lines:
            key, _, value = line.partition("=")
            if key == "ob":
                ours = Path(self.name("ob", value)).name.startswith(OURS)
            elif key in ("fn", "cfn"):
                callee = self.name("fn", value)
            elif key == "cob":
                self.name("ob", value)
            elif key == "calls":
                self.allocations += int(value.split()[0]) if callee == "malloc" else 0
                is_call = True  # the next line is what the callee takes, counted where it stands itself
            elif re.fullmatch(r"[+*-]?\d* \d+", line):
                self.instructions += int(line.split()[1]) if ours and not is_call else 0
                is_call = False

    def name(self, kind: str, value: str) -> str:
        """The name that a "(number) name" or a "(number)" stands for."""
        number, _, name = value.partition(" ")
        return self.names.setdefault((kind, number), name)


def profile(statement: str, calls: int) -> Profile:
    """A run of its own in which every exchange has happened before, and this one happens so many times."""
    first = "\n".join(EXCHANGES.values())
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
        return Profile(output.read_text().splitlines())


@cache
def without_calls() -> Profile:
    return profile("pass", CALLS)


def count(statement: str) -> Counts:
    """What one execution of a statement takes."""
    start, whole = without_calls(), profile(statement, CALLS)
    return Counts(
        round((whole.instructions - start.instructions) / CALLS), round((whole.allocations - start.allocations) / CALLS)
    )


if __name__ == "__main__":
    for name, statement in EXCHANGES.items():
        print(f"{name:<38}  {count(statement)}")
