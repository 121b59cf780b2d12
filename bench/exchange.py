"""What lending and borrowing memory costs, beside what the same libraries take among themselves.

    scripts/bench exchange            all rows, kept in bench/results/exchange.json
    python bench/exchange.py ROW...   only these, kept nowhere

Ours and the peer's run in turns in one process, results dropped at once, so that each time includes the deleter.
"""

from __future__ import annotations

import ctypes
import gc
import sys
from pathlib import Path
from typing import Any

import measure
import numpy as np
import penstock
import torch
import tvm_ffi
from penstock import _cffi
from penstock._cffi import lib

SHAPE = (16, 16)
PACKAGES = ("penstock", "numpy", "torch", "apache-tvm-ffi", "cffi")

ROWS = (
    measure.Row("torch.from_dlpack", "torch.from_dlpack(tensor)", "torch.from_dlpack(numpy_array)", bar=1.0),
    measure.Row("numpy.from_dlpack", "np.from_dlpack(tensor)", "np.from_dlpack(numpy_array)", bar=1.5),
    measure.Row("numpy.asarray", "np.asarray(tensor)", "torch_tensor.numpy()", bar=1.0),
    measure.Row("exchange table", "tvm_ffi.from_dlpack(tensor)", "tvm_ffi.from_dlpack(torch_tensor)", bar=1.0),
    measure.Row(
        "penstock.from_dlpack", "penstock.from_dlpack(torch_tensor)", "tvm_ffi.from_dlpack(torch_tensor)", bar=2.5
    ),
    measure.Row("to_torch", "tensor.to_torch()", "torch.from_numpy(np.asarray(tensor))", bar=1.0, strict=True),
    # A function of libcore that only returns a number; a function of CPython's own that does the same in C.
    measure.Row("cffi beside ctypes", "lib.ps_abi_version()", "ctypes_library.ps_abi_version()"),
    measure.Row("cffi beside an extension", "lib.ps_abi_version()", "sys.getrecursionlimit()"),
)


def namespace() -> dict[str, Any]:
    """What the statements of the rows mention."""
    return {
        "torch": torch,
        "np": np,
        "tvm_ffi": tvm_ffi,
        "penstock": penstock,
        "sys": sys,
        "lib": lib,
        "ctypes_library": ctypes.CDLL(str(library_path())),
        "tensor": penstock.zeros(SHAPE),
        "numpy_array": np.zeros(SHAPE, dtype=np.float32),
        "torch_tensor": torch.zeros(SHAPE),
    }


def library_path() -> Path:
    """The file of libcore that this process has loaded: the one beside the cffi module."""
    return Path(_cffi.__file__).with_name("libcore.so.1")


def address(array: Any) -> int:
    """Where an array of any of the libraries begins."""
    if isinstance(array, np.ndarray):
        return int(array.ctypes.data)
    return int(array.data_ptr() if callable(array.data_ptr) else array.data_ptr)


def check_shared(row: measure.Row, names: dict[str, Any]) -> None:
    """Fails where a statement does not give the very memory it was given: a copy is no exchange."""
    lent = {address(names[name]) for name in ("tensor", "numpy_array", "torch_tensor")}
    for statement in (row.ours, row.peer):
        result = eval(statement, names)
        if not isinstance(result, int) and address(result) not in lent:
            raise SystemExit(f"{statement} copied the memory: there is nothing to measure")


def main() -> int:
    """Measures and prints; the status does not depend on the figures."""
    options, rows = measure.command_line(__doc__, ROWS)
    torch.set_num_threads(1)
    effort = measure.QUICK if options.quick else measure.FULL
    names = namespace()
    results = []
    for row in rows:
        check_shared(row, names)
        gc.collect()
        results.append(measure.measure(row, names, effort))
    measure.report(options, "exchange", results, rows, PACKAGES, effort)
    return 0


if __name__ == "__main__":
    sys.exit(main())
