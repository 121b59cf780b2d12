"""NumPy and torch over a tensor's memory.  Both are imported here, when first asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock.base import HAS_EXTENSION, lend_to_torch
from penstock.errors import TypeMismatchError, UnavailableError

if TYPE_CHECKING:
    from penstock.tensor import Tensor

VIEWED_AS_BITS = {"bfloat16": "uint16", "float8_e4m3fn": "uint8", "float8_e5m2": "uint8"}

def import_optional(name: str, package: str) -> Any:
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise UnavailableError(f"this needs {package}, which is not installed: pip install {package}") from None


def to_numpy(tensor: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    """A NumPy array over the same memory where dtype and copy allow it."""
    numpy = import_optional("numpy", "numpy")
    name = tensor.dtype.name
    if not HAS_EXTENSION:
        array = by_copy(tensor, numpy)
    elif name in VIEWED_AS_BITS:
        try:
            import ml_dtypes
        except ImportError:
            raise TypeMismatchError(
                f"NumPy has no {name}: convert with .astype('float32'), or pip install ml_dtypes"
            ) from None
        array = numpy.asarray(memoryview(tensor.view(VIEWED_AS_BITS[name]))).view(getattr(ml_dtypes, name))
    else:
        array = numpy.asarray(memoryview(tensor))
    if dtype is not None and array.dtype != dtype:
        if copy is False:
            raise ValueError(f"a conversion from {array.dtype} to {dtype} takes a copy, and copy=False forbids one")
        return array.astype(dtype)
    return array.copy() if copy else array


def by_copy(tensor: Tensor, numpy: Any) -> Any:
    _, (name, shape, data) = tensor.__reduce__()
    return numpy.frombuffer(bytearray(data), dtype=name).reshape(shape)


def to_torch(tensor: Tensor) -> Any:
    """A torch tensor over the same memory, by torch's own exchange table, or its capsule reader where it has none."""
    taken: Any = lend_to_torch(tensor)
    if taken is None:  # torch has not been imported yet, or has no table
        torch = import_optional("torch", "torch")
        taken = lend_to_torch(tensor)
        if taken is None:
            taken = torch.from_dlpack(tensor)
    return taken
