"""What sorting, picking and joining cost, beside NumPy and torch, each on one thread.

    scripts/bench ops_arrange            all rows, kept in bench/results/ops_arrange.json
    python bench/ops_arrange.py ROW...   only these, kept nowhere

Of 1,000, 30,000 and 1,000,000 numbers, drawn from a normal distribution or, as integers, from all there are.  NumPy's
sort need not keep equal elements in their order and has one for vectors; its stable sort, which does what ours does,
has rows of its own.
"""

from __future__ import annotations

import sys
from typing import Any

import measure
import numpy as np
import penstock
import torch

PACKAGES = ("penstock", "numpy", "torch")
COUNTS = (1_000, 30_000, 1_000_000)
DTYPES = ("float32", "int64")
EFFORT = measure.Effort(rounds=15, seconds=0.002)


def rows_of(dtype: str, count: int) -> list[measure.Row]:
    """Each question on numbers of one dtype."""
    at = f"{dtype}, {count:,}"
    ours, array, borrowed = f"t['{dtype}', {count}]", f"n['{dtype}', {count}]", f"b['{dtype}', {count}]"
    index, numpys_index = f"t['index', {count}]", f"n['index', {count}]"
    questions = (
        ("sort", f"penstock.sort({ours})", f"np.sort({array})"),
        ("stable sort", f"penstock.sort({ours})", f"np.sort({array}, stable=True)"),
        ("argsort", f"penstock.argsort({ours})", f"np.argsort({array})"),
        ("argsort beside torch", f"penstock.argsort({ours})", f"torch.argsort({borrowed}, stable=True)"),
        ("take", f"penstock.take({ours}, {index})", f"np.take({array}, {numpys_index})"),
        ("index", f"{ours}[{index}]", f"{array}[{numpys_index}]"),
        ("concat", f"penstock.concat([{ours}, {ours}])", f"np.concatenate([{array}, {array}])"),
        ("unique", f"penstock.unique_values({ours})", f"np.unique_values({array})"),
        ("searchsorted", f"penstock.searchsorted({ours}, {ours})", f"np.searchsorted({array}, {array})"),
    )
    # What is not in order is searched as well: each search takes as many steps.
    return [measure.Row(f"{name} {at}", statement, peer) for name, statement, peer in questions]


ROWS = tuple(row for dtype in DTYPES for count in COUNTS for row in rows_of(dtype, count))


def namespace() -> dict[str, Any]:
    """What the statements of the rows mention: t for ours, n for NumPy's, b for torch's."""
    random = np.random.default_rng(0)
    arrays: dict[tuple[str, int], Any] = {}
    for count in COUNTS:
        arrays["index", count] = random.integers(0, count, count)
        for dtype in DTYPES:
            is_float = dtype.startswith("float")
            limits = None if is_float else np.iinfo(dtype)
            arrays[dtype, count] = (
                random.standard_normal(count).astype(dtype)
                if limits is None
                else random.integers(limits.min, limits.max, count, dtype=dtype)
            )
    return {
        "penstock": penstock,
        "np": np,
        "torch": torch,
        "t": {key: penstock.Tensor(array) for key, array in arrays.items()},
        "n": arrays,
        "b": {key: torch.from_numpy(array) for key, array in arrays.items()},
    }


def main() -> int:
    """Measures and prints; the status does not depend on the figures."""
    options, rows = measure.command_line(__doc__, ROWS)
    torch.set_num_threads(1)
    penstock.set_num_threads(1)
    effort = measure.QUICK if options.quick else EFFORT
    names = namespace()
    results = measure.measure_each(rows, names, effort)
    measure.report(options, "ops_arrange", results, rows, PACKAGES, effort)
    return 0


if __name__ == "__main__":
    sys.exit(main())
