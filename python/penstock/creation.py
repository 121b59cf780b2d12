"""New tensors, and tensors over memory that is already there."""

from __future__ import annotations

import operator
import struct
import sys
from collections.abc import Sequence
from typing import Any, Protocol

from penstock import devices, dtypes
from penstock._native import call, ffi, lib
from penstock.base import create_capsule, import_buffer, import_dlpack
from penstock.devices import Device
from penstock.dtypes import DType, as_dtype
from penstock.errors import InvalidArgumentError, NotExportableError, TypeMismatchError
from penstock.tensor import Tensor, made

__all__ = [
    "arange",
    "create_dlpack_capsule",
    "empty",
    "from_dlpack",
    "from_numpy",
    "full",
    "get_dlpack_device",
    "ones",
    "zeros",
]

# How struct writes one Python number of each dtype that has a format.
FORMATS = {
    "bool": "?", "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I",
    "uint64": "Q", "float16": "e", "float32": "f", "float64": "d",
}  # fmt: skip


class SupportsDLPack(Protocol):
    """What from_dlpack takes: anything with these two methods."""

    def __dlpack__(self, *, stream: Any = None) -> Any: ...

    def __dlpack_device__(self) -> tuple[int, int]: ...


def shape_of(shape: int | Sequence[int]) -> tuple[int, ...]:
    return tuple(operator.index(size) for size in shape) if hasattr(shape, "__iter__") else (operator.index(shape),)


def empty(shape: int | Sequence[int], *, dtype: Any = None, device: Device | str | None = None) -> Tensor:
    """A tensor whose elements have no defined value yet; float32 unless dtype says otherwise.

    >>> import penstock
    >>> penstock.empty((2, 3), dtype="int8").nbytes
    6
    """
    sizes = shape_of(shape)
    number = as_dtype(dtype or dtypes.float32).number
    return made(lib.ps_tensor_empty, number, len(sizes), sizes, devices.options(device))


def zeros(shape: int | Sequence[int], *, dtype: Any = None, device: Device | str | None = None) -> Tensor:
    """A tensor of zeros; float32 unless dtype says otherwise.

    >>> import penstock
    >>> penstock.zeros(3)
    tensor([0., 0., 0.], shape=(3,), dtype=float32, device=cpu)
    """
    sizes = shape_of(shape)
    number = as_dtype(dtype or dtypes.float32).number
    return made(lib.ps_tensor_zeros, number, len(sizes), sizes, devices.options(device))


def ones(shape: int | Sequence[int], *, dtype: Any = None, device: Device | str | None = None) -> Tensor:
    """A tensor of ones; float32 unless dtype says otherwise.

    >>> import penstock
    >>> penstock.ones(3, dtype="int64").tolist()
    [1, 1, 1]
    """
    return full(shape, 1, dtype=dtype or dtypes.float32, device=device)


def full(
    shape: int | Sequence[int], fill_value: Any, *, dtype: Any = None, device: Device | str | None = None
) -> Tensor:
    """A tensor of one value; its dtype follows the value unless dtype says otherwise.

    >>> import penstock
    >>> penstock.full(3, 2.5).dtype
    penstock.float32
    """
    sizes = shape_of(shape)
    value, value_number = scalar(fill_value)
    number = as_dtype(dtype if dtype is not None else dtype_of_number(fill_value)).number
    return made(
        lib.ps_tensor_full, number, len(sizes), sizes, value, value_number, devices.options(device)
    )


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    device: Device | str | None = None,
) -> Tensor:
    """start, start + step, ... up to but without stop: int64 for ints, float32 for floats.

    >>> import penstock
    >>> penstock.arange(3).tolist(), penstock.arange(0, 1, 0.5).tolist()
    ([0, 1, 2], [0.0, 0.5])
    """
    if stop is None:
        start, stop = 0, start
    numbers = (start, stop, step)
    if all(isinstance(number, int) for number in numbers):
        number = as_dtype(dtype or dtypes.int64).number
        return made(lib.ps_tensor_arange_int64, *numbers, number, devices.options(device))
    number = as_dtype(dtype or dtypes.float32).number
    return made(lib.ps_tensor_arange_float64, *numbers, number, devices.options(device))


def dtype_of_number(value: Any) -> DType:
    """The dtype a Python number gets when none is named."""
    for kind in (bool, int, float, complex):
        if isinstance(value, kind):
            return dtypes.OF_PYTHON[kind]
    if isinstance(value, Tensor):
        return value.dtype
    found = dtypes.find(type(value))
    if found is None:
        raise TypeMismatchError(f"{value!r} of {type(value).__name__} is no number")
    return found


def scalar(value: Any) -> tuple[Any, int]:
    """One number as C takes it: its memory and its ps_dtype."""
    if isinstance(value, bool):
        return ffi.new("uint8_t *", value), dtypes.bool.number
    if isinstance(value, float):
        return ffi.new("double *", value), dtypes.float64.number
    if isinstance(value, complex):
        return ffi.new("double[2]", [value.real, value.imag]), dtypes.complex128.number
    if hasattr(value, "item"):
        return scalar(value.item())
    try:
        whole = operator.index(value)
    except TypeError:
        raise TypeMismatchError(f"{value!r} of {type(value).__name__} is no number") from None
    if whole > 2**63 - 1:
        return ffi.new("uint64_t *", whole), dtypes.uint64.number
    return ffi.new("int64_t *", whole), dtypes.int64.number


# ---- From what people have ----


def tensor(data: Any, dtype: Any, device: Device | str | None) -> Tensor:
    """A new tensor from nested lists, a number, or any array, which is copied."""
    if isinstance(data, Tensor) or hasattr(data, "__dlpack__") or hasattr(data, "__array__") or is_buffer(data):
        source = borrow(data)
        wanted = as_dtype(dtype if dtype is not None else source.dtype)
        made_new = empty(source.shape, dtype=wanted, device=device)
        call(lib.ps_tensor_copy, made_new, source, 1)
        return made_new
    shape = nested_shape(data)
    flat = list(flattened(data, len(shape)))
    found = as_dtype(dtype) if dtype is not None else common_dtype(flat)
    return from_numbers(flat, shape, found, device)


def from_flat(shape: Any, flat_data: Any, dtype: Any, device: Device | str | None) -> Tensor:
    """Tensor(shape, flat_data), as its older users write it."""
    made_flat = tensor(flat_data, dtype, device)
    sizes = shape_of(shape)
    if made_flat.ndim != 1:
        raise InvalidArgumentError(f"flat_data has shape {made_flat.shape}: expected one axis")
    return made_flat.reshape(*sizes) if sizes else made_flat.reshape(())


def borrow(data: Any) -> Tensor:
    """A tensor over an array's memory, by whichever protocol it has."""
    if isinstance(data, Tensor):
        return data
    if hasattr(data, "__dlpack__"):
        try:
            return from_dlpack(data)
        except BufferError:
            if not is_buffer(data):
                raise
    if is_buffer(data):
        return import_whole_buffer(data)
    return import_whole_buffer(data.__array__())


def import_whole_buffer(data: Any) -> Tensor:
    imported: Tensor = import_buffer(data)
    return imported


def is_buffer(data: Any) -> bool:
    try:
        memoryview(data).release()
    except (TypeError, BufferError):
        return False
    return True


def nested_shape(data: Any) -> tuple[int, ...]:
    shape = []
    while isinstance(data, (list, tuple)):
        shape.append(len(data))
        if not data:
            break
        data = data[0]
    return tuple(shape)


def flattened(data: Any, depth: int) -> Any:
    if depth == 0:
        if isinstance(data, (list, tuple)):
            raise InvalidArgumentError("the nested lists are uneven: some are deeper than others")
        yield data
        return
    if not isinstance(data, (list, tuple)):
        raise InvalidArgumentError(f"the nested lists are uneven: {data!r} stands where a list was expected")
    length = nested_shape(data)[0]
    for item in data:
        if depth > 1 and isinstance(item, (list, tuple)) and len(item) != len(data[0]):
            raise InvalidArgumentError(f"the nested lists are uneven: {len(item)} items beside {len(data[0])}")
        yield from flattened(item, depth - 1)
    del length


def common_dtype(numbers: list[Any]) -> DType:
    """complex over float over int over bool; float32 for nothing at all."""
    order = [dtypes.bool, dtypes.int64, dtypes.float32, dtypes.complex64]
    found = [dtype_of_number(number) for number in numbers]
    if not found:
        return dtypes.float32
    ranked = [order.index(dtype) if dtype in order else len(order) for dtype in found]
    return found[ranked.index(max(ranked))]


def from_numbers(numbers: list[Any], shape: tuple[int, ...], dtype: DType, device: Device | str | None) -> Tensor:
    wide = "float64" if dtype.name in ("bfloat16", "float16", "float32") else dtype.name
    try:
        if dtype.name.startswith("complex"):
            parts = [part for number in numbers for part in (complex(number).real, complex(number).imag)]
            data, wide = struct.pack(f"={len(parts)}d", *parts), "complex128"
        elif wide in FORMATS:
            plain = [number.item() if hasattr(number, "item") else number for number in numbers]
            data = struct.pack(f"={len(plain)}{FORMATS[wide]}", *plain)
        else:
            raise TypeMismatchError(f"{dtype} is for storage only: make uint8 and view it as {dtype}")
    except (struct.error, OverflowError) as error:
        raise InvalidArgumentError(f"a number does not fit {dtype}: {error}") from None
    number = dtypes.BY_NAME[wide].number
    wide_tensor = made(
        lib.ps_tensor_from_data, number, len(shape), shape, ffi.from_buffer(data), len(data), devices.options(device)
    )
    return wide_tensor if wide == dtype.name else wide_tensor.astype(dtype)


# ---- Over other libraries' memory ----


def from_dlpack(x: SupportsDLPack, /, *, device: Device | str | None = None, copy: bool | None = None) -> Tensor:
    """Borrows another library's array as a tensor over the same memory.

    >>> import numpy, penstock
    >>> penstock.from_dlpack(numpy.arange(3)).tolist()
    [0, 1, 2]

    The memory lives until the last tensor over it is gone. BufferError when it cannot be shared as asked (dtype,
    device, copy=False): the message says which, and what would work.
    """
    numbers = None if device is None else devices.as_device(device).numbers
    imported: Tensor = import_dlpack(x, numbers, copy)
    return imported


def from_numpy(array: Any, /) -> Tensor:
    """A tensor over a NumPy array's memory, read-only where the array is.

    >>> import numpy, penstock
    >>> array = numpy.zeros(3)
    >>> penstock.from_numpy(array)[0] = 5
    >>> array
    array([5., 0., 0.])
    """
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(array, numpy.ndarray):
        raise TypeMismatchError(f"from_numpy takes a NumPy array, got {type(array).__name__}")
    if array.dtype.name in ("bfloat16", "float8_e4m3fn", "float8_e5m2"):
        bits = array.view(f"uint{8 * array.dtype.itemsize}")
        return import_whole_buffer(bits).view(array.dtype.name)
    if not array.dtype.isnative:
        raise NotExportableError(f"the array is of {array.dtype}, not in this machine's byte order: copy it first")
    return import_whole_buffer(array)


def create_dlpack_capsule(
    data_ptr: int,
    shape: Sequence[int],
    dtype: Any,
    device_type: int,
    device_id: int,
    owner: Any = None,
    versioned: bool = False,
) -> Any:
    """A DLPack capsule over row-major memory of any origin.

    owner is kept until the consumer's deleter has run; the memory must live as long.

    >>> import ctypes, torch, penstock
    >>> numbers = (ctypes.c_float * 3)(1, 2, 3)
    >>> capsule = penstock.create_dlpack_capsule(ctypes.addressof(numbers), (3,), "float32", 1, 0, owner=numbers)
    >>> torch.from_dlpack(capsule)
    tensor([1., 2., 3.])
    """
    wanted = as_dtype(dtype)
    codes = {"bool": 6, "int": 0, "uint": 1, "float": 2, "bfloat": 4, "complex": 5}
    special = {"float8_e4m3fn": 10, "float8_e5m2": 12}
    code = special.get(wanted.name, codes.get(wanted.name.rstrip("0123456789"), 0))
    return create_capsule(
        data_ptr, shape, (code, 8 * wanted.itemsize), device_type, device_id, owner, versioned
    )


def get_dlpack_device(device_type: int, device_id: int) -> tuple[int, int]:
    """What `__dlpack_device__` returns for a device in DLPack's numbers, checked.

    >>> import penstock
    >>> penstock.get_dlpack_device(1, 0)
    (1, 0)
    """
    if device_type < 1 or device_id < 0:
        raise InvalidArgumentError(f"({device_type}, {device_id}) is no DLPack device: types count from 1, ids from 0")
    return int(device_type), int(device_id)
