"""Tries an exchange of memory with one framework, for `penstock doctor`.

    python -m penstock.self_test torch

Runs in a process of its own, so that a framework that is broken, or ends the process, harms nothing else.  What it
prints ends in a line of JSON: what was tried, and whether it held.
"""

from __future__ import annotations

import gc
import importlib
import importlib.metadata
import importlib.util
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import penstock

__all__ = ["FRAMEWORKS", "run"]

# The module that is imported, and the package it comes from.
FRAMEWORKS = {
    "numpy": "numpy",
    "torch": "torch",
    "jax": "jax",
    "tvm_ffi": "apache-tvm-ffi",
    "ml_dtypes": "ml_dtypes",
}

Check = dict[str, Any]  # "check": what should hold; "passed"; and "seen" where it did not


@dataclass
class Framework:
    """What the test must know of a framework; its arrays are opaque here."""

    make: Callable[[], Any]  # six zeros of its own
    borrow: Callable[[penstock.Tensor], Any]
    address: Callable[[Any], int]
    read: Callable[[Any], list[float]]
    write: Callable[[Any, int, float], None] | None  # None where its arrays are immutable
    lend: Callable[[Any], penstock.Tensor] = penstock.from_dlpack
    dtype: str = "float32"


def assign(array: Any, index: int, value: float) -> None:
    array[index] = value


def numpy_arrays(numpy: Any, **differences: Any) -> Framework:
    arrays = {
        "make": lambda: numpy.zeros(6, dtype="float32"),
        "borrow": numpy.from_dlpack,
        "address": lambda array: array.ctypes.data,
        "read": lambda array: array.tolist(),
        "write": assign,
    }
    return Framework(**arrays | differences)


def torch_tensors(torch: Any) -> Framework:
    return Framework(
        make=lambda: torch.zeros(6),
        borrow=torch.from_dlpack,
        address=lambda tensor: tensor.data_ptr(),
        read=lambda tensor: tensor.tolist(),
        write=assign,
    )


def jax_arrays(jax: Any) -> Framework:
    return Framework(
        make=lambda: jax.numpy.zeros(6),
        borrow=jax.dlpack.from_dlpack,
        address=lambda array: array.unsafe_buffer_pointer(),
        # + 0: JAX keeps the first conversion of an array, and would show it again after a write
        read=lambda array: (array + 0).tolist(),
        write=None,
    )


def tvm_ffi_tensors(tvm_ffi: Any) -> Framework:
    return Framework(
        make=lambda: tvm_ffi.from_dlpack(penstock.zeros(6)),  # it has no memory of its own
        borrow=tvm_ffi.from_dlpack,
        address=lambda tensor: tensor.data_ptr(),
        read=lambda tensor: penstock.from_dlpack(tensor).tolist(),
        write=lambda tensor, index, value: assign(penstock.from_dlpack(tensor), index, value),
    )


def ml_dtypes_arrays(ml_dtypes: Any) -> Framework:
    numpy = importlib.import_module("numpy")
    return numpy_arrays(
        numpy,
        make=lambda: numpy.zeros(6, dtype=ml_dtypes.bfloat16),
        borrow=numpy.asarray,
        lend=penstock.from_numpy,
        dtype="bfloat16",
    )


KINDS: dict[str, Callable[[Any], Framework]] = {
    "numpy": numpy_arrays,
    "torch": torch_tensors,
    "jax": jax_arrays,
    "tvm_ffi": tvm_ffi_tensors,
    "ml_dtypes": ml_dtypes_arrays,
}


def holds(check: str, seen: object, expected: object) -> Check:
    if seen == expected:
        return {"check": check, "passed": True}
    return {"check": check, "passed": False, "seen": f"{seen}, expected {expected}"}


def held_memory() -> tuple[int, int]:
    gc.collect()
    stats = penstock.memory_stats("cpu")
    return stats.live_bytes, stats.live_storages


def check_lending(framework: Framework) -> Iterator[Check]:
    """The engine's memory under an array of the framework's."""
    before = held_memory()
    tensor = penstock.zeros(6, dtype=framework.dtype)
    array = framework.borrow(tensor)
    yield holds("lent: both see one address", framework.address(array), tensor.data_ptr)
    tensor[2] = 7
    yield holds("lent: what penstock writes is seen", framework.read(array)[2], 7)
    if framework.write:
        framework.write(array, 4, 9)
        yield holds("lent: what it writes is seen by penstock", tensor.tolist()[4], 9)
    del tensor
    gc.collect()
    yield holds("lent: the memory outlives penstock's tensor", framework.read(array)[2], 7)
    del array
    yield holds("lent: all memory is given back", held_memory(), before)


def check_borrowing(framework: Framework) -> Iterator[Check]:
    """The framework's memory under a tensor of the engine's."""
    before = held_memory()
    array = framework.make()
    tensor = framework.lend(array)
    yield holds("borrowed: both see one address", tensor.data_ptr, framework.address(array))
    yield holds("borrowed: its elements are seen by penstock", tensor.tolist(), [0] * 6)
    if framework.write:
        tensor[2] = 7
        yield holds("borrowed: what penstock writes is seen", framework.read(array)[2], 7)
        framework.write(array, 4, 9)
        yield holds("borrowed: what it writes is seen by penstock", tensor.tolist()[4], 9)
    expected = tensor.tolist()
    del array
    gc.collect()
    yield holds("borrowed: the memory outlives its array", tensor.tolist(), expected)
    del tensor
    yield holds("borrowed: all memory is given back", held_memory(), before)


def run(name: str) -> dict[str, Any]:
    """What `penstock doctor` says of one framework: its state, its version, and the checks made."""
    if importlib.util.find_spec(name) is None:
        return {"state": "not installed", "version": None, "checks": []}
    try:
        version = importlib.metadata.version(FRAMEWORKS[name])
    except importlib.metadata.PackageNotFoundError:
        version = "of unknown version"
    checks: list[Check] = []
    doing = f"import {name}"
    try:
        framework = KINDS[name](importlib.import_module(name))
        doing = "exchange"
        for checked in (check_lending, check_borrowing):
            checks.extend(checked(framework))
    except BaseException as error:  # whatever a framework does is reported, SystemExit too
        checks.append({"check": doing, "passed": False, "seen": f"{type(error).__name__}: {error}"})
    state = "works" if all(check["passed"] for check in checks) else "failed"
    return {"state": state, "version": version, "checks": checks}


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1])))
