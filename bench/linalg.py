"""What products of matrices cost, beside torch's and NumPy's on as many threads.

    scripts/bench linalg              all rows, kept in bench/results/linalg.json
    python bench/linalg.py ROW...     only these, kept nowhere
    taskset -c 0 python bench/linalg.py ...    on one thread: each library takes the cores that the process may use

Ours and the peer's run in turns in one process, on square matrices of normal numbers, each side when the threads of the
other one have gone to sleep: that is what the user of one library sees.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import measure
import numpy as np
import penstock
import torch

PACKAGES = ("penstock", "numpy", "torch")
SIZES = (64, 256, 512, 1024, 2048)
BAR = 1 / 0.95  # 0.95 of the peer's speed
BARRED_FROM = 256
EFFORT = measure.Effort(rounds=16, seconds=0.002, settling_seconds=0.05)
QUICK = measure.Effort(rounds=1, seconds=0.0)  # the largest products alone take seconds


def rows() -> list[measure.Row]:
    """Each size and dtype beside each library that has it, and what the smallest call takes."""
    found = []
    for dtype, peers in (("f32", ("torch", "numpy")), ("bf16", ("torch",)), ("f64", ("torch", "numpy"))):
        for size in SIZES:
            for peer in peers:
                bar = BAR if size >= BARRED_FROM and dtype != "f64" else None
                name = f"{dtype} {size} beside {peer}"
                ours, theirs = f"ours_{dtype}_{size}", f"{peer}_{dtype}_{size}"
                found.append(measure.Row(name, f"{ours} @ {ours}", f"{theirs} @ {theirs}", bar=bar))
    transposed = "ours_f32_512 @ ours_f32_512.mT", "torch_f32_512 @ torch_f32_512.mT"
    found.append(measure.Row("f32 512 by a transpose beside torch", *transposed))
    found.append(measure.Row("smallest call beside torch", "ours_f32_4 @ ours_f32_4", "torch_f32_4 @ torch_f32_4"))
    return found


def namespace() -> dict[str, Any]:
    """What the statements of the rows mention."""
    names: dict[str, Any] = {}
    generator = torch.Generator().manual_seed(7)
    for size in (4, *SIZES):
        for dtype, wanted in (("f32", torch.float32), ("bf16", torch.bfloat16), ("f64", torch.float64)):
            matrix = torch.randn(size, size, generator=generator).to(wanted)
            names[f"torch_{dtype}_{size}"] = matrix
            names[f"ours_{dtype}_{size}"] = penstock.from_dlpack(matrix)
            if dtype != "bf16":
                names[f"numpy_{dtype}_{size}"] = np.asarray(matrix)
    return names


def main() -> int:
    """Measures and prints; the status does not depend on the figures."""
    options, wanted = measure.command_line(__doc__, rows())
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    effort = QUICK if options.quick else EFFORT
    names = namespace()
    results = [measure.measure(row, names, effort) for row in wanted]
    measure.report(options, "linalg", results, wanted, PACKAGES, effort)
    return 0


if __name__ == "__main__":
    sys.exit(main())
