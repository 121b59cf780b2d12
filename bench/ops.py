"""What operations cost beside NumPy's and torch's: element by element, over axes, random numbers, and the call itself.

    scripts/bench ops             all rows, kept in bench/results/ops.json
    python bench/ops.py ROW...    only these, kept nowhere

A row's name says what is computed, of how many elements, on how many threads, and beside whom. NumPy computes on
one thread always, torch on as many as ours. The bars: as fast as NumPy on one thread, 1.8 times as fast as that on two,
calls on ten elements as fast as torch's.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import measure
import numpy as np
import penstock as ps
import torch

PACKAGES = ("penstock", "numpy", "torch")
SIZES = {"10": 10, "1k": 1_000, "100k": 100_000, "1M": 1_000_000, "10M": 10_000_000}
SHARED_BY_THREADS = ("1M", "10M")
EFFORT = measure.Effort(rounds=12, seconds=0.001)

# Statements with {xp} for the library and {a} for its arrays: x and y are positive float32, x64 and y64 float64; square
# has as many elements as x in rows, row is one of those; every_second lies two elements apart.
ELEMENTWISE = {
    **{name: f"{{xp}}.{name}({{a}}.x, {{a}}.y)" for name in ("add", "multiply", "less", "maximum", "pow")},
    **{name: f"{{xp}}.{name}({{a}}.x)" for name in ("exp", "log", "sin", "tanh", "sqrt")},
    "add, float64": "{xp}.add({a}.x64, {a}.y64)",
    "exp, float64": "{xp}.exp({a}.x64)",
    "sin, float64": "{xp}.sin({a}.x64)",
    "add, float32 and float64": "{xp}.add({a}.x, {a}.y64)",
    "add, a row to each": "{xp}.add({a}.square, {a}.row)",
    "add, one transposed": "{xp}.add({a}.square, {a}.square.T)",
    "add, every second": "{xp}.add({a}.every_second, {a}.every_second)",
}
REDUCTIONS = {
    **{f"{name}, all axes": f"{{xp}}.{name}({{a}}.x)" for name in ("sum", "max", "mean")},
    **{
        f"{name}, axis {axis}": f"{{xp}}.{name}({{a}}.square, axis={axis})"
        for name in ("sum", "max", "mean")
        for axis in (0, 1)
    },
}
CALLS = {
    "a + b": "{a}.x + {a}.y",
    "add": "{xp}.add({a}.x, {a}.y)",
    "a + 1.0": "{a}.x + 1.0",
    "a < b": "{a}.x < {a}.y",
    "exp": "{xp}.exp({a}.x)",
    "sum": "{xp}.sum({a}.x)",
    "mean along an axis": "{xp}.mean({a}.x, axis=0)",
    "a[1:5]": "{a}.x[1:5]",
    "a[3]": "{a}.x[3]",
}
RANDOM = {
    "uniform": ("stream.uniform(count)", "generator.random(count, dtype=np.float32)"),
    "normal": ("stream.normal(count)", "generator.standard_normal(count, dtype=np.float32)"),
    "normal, float64": ("stream.normal(count, dtype='float64')", "generator.standard_normal(count)"),
    "integers": ("stream.integers(0, 1000, count)", "generator.integers(0, 1000, count)"),
    "permutation": ("stream.permutation(count)", "generator.permutation(count)"),
}
TORCHS_NAMES = {"torch.less": "torch.lt", "torch.max(t.square, axis": "torch.amax(t.square, dim"}


@dataclass(frozen=True)
class Question:
    """A row, and what it is measured on."""

    row: measure.Row
    size: str
    threads: int


def for_torch(statement: str) -> str:
    """A statement with the names that torch has for functions."""
    written = statement.format(xp="torch", a="t")
    for plain, torchs in TORCHS_NAMES.items():
        written = written.replace(plain, torchs)
    return written


def questions() -> Iterator[Question]:
    """All rows."""
    for name, statement in CALLS.items():
        ours = statement.format(xp="ps", a="p")
        for peer, written, bar in (
            ("torch", for_torch(statement), 1.0),
            ("NumPy", statement.format(xp="np", a="n"), None),
        ):
            yield Question(measure.Row(f"call of {name}, 10, 1 thread, {peer}", ours, written, bar), "10", 1)
    for size in list(SIZES)[1:]:
        for threads in (1, 2) if size in SHARED_BY_THREADS else (1,):
            words, bar = f"{size}, {threads} thread{'s' if threads > 1 else ''}", 1.0 if threads == 1 else 1 / 1.8
            for name, statement in (ELEMENTWISE | REDUCTIONS).items():
                ours = statement.format(xp="ps", a="p")
                numpys = statement.format(xp="np", a="n")
                yield Question(measure.Row(f"{name}, {words}, NumPy", ours, numpys, bar), size, threads)
                yield Question(measure.Row(f"{name}, {words}, torch", ours, for_torch(statement)), size, threads)
            for name, (ours, numpys) in RANDOM.items():
                yield Question(measure.Row(f"random {name}, {words}, NumPy", ours, numpys, bar), size, threads)


def namespace(count: int) -> dict[str, Any]:
    """What the statements mention: the same memory for each library."""
    generator = np.random.default_rng(1)
    side = max(1, int(count**0.5))
    of_numpy: dict[str, Any] = {
        "x": generator.uniform(0.1, 10, count).astype(np.float32),
        "y": generator.uniform(0.5, 3, count).astype(np.float32),
        "x64": generator.uniform(0.1, 10, count),
        "y64": generator.uniform(0.5, 3, count),
        "square": generator.uniform(0, 1, (side, side)).astype(np.float32),
        "row": generator.uniform(0, 1, side).astype(np.float32),
    }
    every_second = np.zeros(2 * count, dtype=np.float32)
    return {
        "ps": ps,
        "np": np,
        "torch": torch,
        "n": SimpleNamespace(**of_numpy, every_second=every_second[::2]),
        "p": SimpleNamespace(
            **{name: ps.from_dlpack(array) for name, array in of_numpy.items()},
            every_second=ps.from_dlpack(every_second)[::2],
        ),
        "t": SimpleNamespace(
            **{name: torch.from_numpy(array) for name, array in of_numpy.items()},
            every_second=torch.from_numpy(every_second)[::2],
        ),
        "count": count,
        "generator": np.random.default_rng(2),
        "stream": ps.random.Generator(2),
    }


def main() -> int:
    """Measures and prints; the status does not depend on the figures."""
    asked = list(questions())
    options, rows = measure.command_line(__doc__, [question.row for question in asked])
    effort = measure.QUICK if options.quick else EFFORT
    wanted = {row.name for row in rows}
    results = []
    names: dict[str, Any] = {}
    size = ""
    for question in asked:
        if question.row.name not in wanted:
            continue
        if question.size != size:
            size = question.size
            names.clear()  # before the next, larger ones are made
            gc.collect()
            names = namespace(min(SIZES[size], 1000) if options.quick else SIZES[size])
        ps.set_num_threads(question.threads)
        torch.set_num_threads(question.threads)
        results.append(measure.measure(question.row, names, effort))
    measure.report(options, "ops", results, rows, PACKAGES, effort)
    return 0


if __name__ == "__main__":
    sys.exit(main())
