"""The libraries that borrow a tensor's memory: how each takes it, and what is then seen of it.

The tests of the exchange try each of them; REFUSES is what the docs' table of consumers says.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy
import numpy as np
import penstock
import torch
import tvm_ffi

jax.config.update("jax_enable_x64", True)  # type: ignore[no-untyped-call]

ALL_DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32",
    "float64", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2",
)  # fmt: skip


@dataclass(frozen=True)
class Consumer:
    """One library: how it takes a tensor, and where and what it then sees."""

    name: str
    take: Callable[[Any], Any]
    address: Callable[[Any], int]
    content: Callable[[Any], bytes]  # the elements in row-major order


def torch_content(array: torch.Tensor) -> bytes:
    return bytes(array.contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())


TORCH = Consumer("torch", torch.from_dlpack, torch.Tensor.data_ptr, torch_content)
NUMPY = Consumer("numpy", np.from_dlpack, lambda array: int(array.ctypes.data), lambda array: bytes(array.tobytes()))
JAX = Consumer(
    "jax",
    jax.numpy.from_dlpack,
    lambda array: int(array.unsafe_buffer_pointer()),
    lambda array: bytes(np.asarray(array).tobytes()),
)
TVM_FFI = Consumer(
    "tvm_ffi",
    tvm_ffi.from_dlpack,
    lambda array: int(array.data_ptr()),
    lambda array: torch_content(torch.from_dlpack(array)) if array.shape else through_penstock(array),
)
ALL = (TORCH, NUMPY, JAX, TVM_FFI)

# (consumer, what is lent) that the consumer itself does not take.
REFUSES = {
    ("numpy", "bfloat16"),
    ("numpy", "float8_e4m3fn"),
    ("numpy", "float8_e5m2"),
    ("jax", "a skipping stride"),
    ("jax", "a stride of 0"),
    ("jax", "read-only memory"),
}


def through_penstock(array: Any) -> bytes:
    return content(penstock.from_dlpack(array))


def content(tensor: penstock.Tensor) -> bytes:
    """A tensor's own elements in row-major order."""
    flat = tensor.contiguous().reshape(-1)
    return bytes(memoryview(flat.view("uint8"))) if flat.size else b""


def pattern(dtype: str, shape: tuple[int, ...]) -> penstock.Tensor:
    """A tensor of the engine's with bytes that no two neighbours share."""
    made = penstock.zeros(shape, dtype=dtype)
    if made.size:
        flat = made.reshape(-1).view("uint8")
        flat[:] = np.arange(flat.size) % (2 if dtype == "bool" else 61)
    return made
