"""NumPy and torch over a tensor's memory.  Both are imported here, when first asked for."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from penstock._native import call, ffi, lib
from penstock.base import HAS_EXTENSION, lend_to_torch
from penstock.errors import InvalidArgumentError, NotExportableError, TypeMismatchError, UnavailableError

if TYPE_CHECKING:
    from penstock.tensor import Tensor

# Dtypes that are ml_dtypes', not NumPy's own, and those as which NumPy takes their bits.
VIEWED_AS_BITS = {"bfloat16": "uint16", "float8_e4m3fn": "uint8", "float8_e5m2": "uint8"}


def import_optional(name: str, package: str) -> Any:
    """A module that penstock does without until it is asked for."""
    import importlib

    try:
        return importlib.import_module(name)
    except ImportError:
        raise UnavailableError(f"this needs {package}, which is not installed: pip install {package}") from None


def to_numpy(tensor: Tensor, dtype: Any = None, copy: bool | None = None) -> Any:
    """A NumPy array over the same memory where dtype and copy allow it."""
    if tensor.requires_grad:
        raise NotExportableError(
            f"a tensor of shape {tensor.shape} that requires gradients is not lent to NumPy, since they would be lost: "
            "use t.detach().numpy()"
        )
    numpy = sys.modules.get("numpy") or import_optional("numpy", "numpy")
    array = over_memory(tensor, numpy) if HAS_EXTENSION else by_copy(tensor, numpy, copy)
    if dtype is not None and array.dtype != dtype:
        if copy is False:
            raise InvalidArgumentError(
                f"a conversion from {array.dtype} to {dtype} takes a copy: copy=False forbids it"
            )
        return array.astype(dtype)
    return array.copy() if copy else array


def over_memory(tensor: Tensor, numpy: Any) -> Any:
    """A NumPy array that shares the tensor's memory."""
    name = tensor.dtype.name
    if name not in VIEWED_AS_BITS:
        return numpy.asarray(memoryview(tensor))
    dtype = numpy_dtype(name, numpy)
    return numpy.asarray(memoryview(tensor.view(VIEWED_AS_BITS[name]))).view(dtype)


def by_copy(tensor: Tensor, numpy: Any, copy: bool | None) -> Any:
    """What stands in without the extension: a NumPy array with the same elements."""
    if copy is False:
        raise InvalidArgumentError("without penstock's DLPack extension NumPy gets a copy: copy=False forbids it")
    dtype = numpy_dtype(tensor.dtype.name, numpy)
    return numpy.frombuffer(to_bytes(tensor), dtype=dtype).reshape(tensor.shape)


def numpy_dtype(name: str, numpy: Any) -> Any:
    """NumPy's dtype of that name, or that of ml_dtypes."""
    if name not in VIEWED_AS_BITS:
        return numpy.dtype(name)
    try:
        import ml_dtypes
    except ImportError:
        raise TypeMismatchError(
            f"NumPy has no {name}: convert with .astype('float32'), or pip install ml_dtypes"
        ) from None
    return numpy.dtype(getattr(ml_dtypes, name))


def to_bytes(tensor: Tensor) -> bytearray:
    """A copy of the elements in row-major order."""
    data = bytearray(tensor.nbytes)
    call(lib.ps_tensor_to_data, ffi.from_buffer(data) if data else ffi.NULL, len(data), tensor)
    return data


def to_torch(tensor: Tensor) -> Any:
    """A torch tensor over the same memory, by torch's own exchange table, or its capsule reader where it has none."""
    taken: Any = lend_to_torch(tensor)
    if taken is None:  # torch has not been imported yet, or has no table
        torch = import_optional("torch", "torch")
        taken = lend_to_torch(tensor)
        if taken is None:
            taken = torch.from_dlpack(tensor)
    return taken
