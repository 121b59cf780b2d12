"""New tensors, and tensors over memory that is already there."""

from __future__ import annotations

import operator
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from penstock import base, devices, dtypes
from penstock._native import call, ffi, lib
from penstock.base import borrow_buffer, from_dlpack, is_tensor, made, read_buffer
from penstock.devices import Device
from penstock.differentiable import made_leaf
from penstock.dtypes import DType, as_dtype
from penstock.errors import InvalidArgumentError, NotExportableError, TypeMismatchError
from penstock.interop import VIEWED_AS_BITS
from penstock.python_numbers import common_dtype, dtype_of_number, flatten, number_of, pack

if TYPE_CHECKING:
    from penstock.tensor import Tensor

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


class SupportsDLPack(Protocol):
    """What from_dlpack takes: anything with these two methods."""

    def __dlpack__(self, *, stream: Any = None) -> Any: ...

    def __dlpack_device__(self) -> tuple[int, int]: ...


def shape_of(shape: int | Sequence[int]) -> tuple[int, ...]:
    """A shape given as one size, or as any sequence of them."""
    return tuple(operator.index(size) for size in shape) if hasattr(shape, "__iter__") else (operator.index(shape),)


def allocated(function: Any, shape: int | Sequence[int], dtype: Any, options: Any) -> Tensor:
    """A tensor by a function of the C ABI that takes a dtype, float32 unless named, and a shape."""
    sizes = shape_of(shape)
    return made(function, as_dtype(dtype or dtypes.float32).number, len(sizes), sizes, options)


def empty(
    shape: int | Sequence[int],
    *,
    dtype: Any = None,
    device: Device | str | None = None,
    alignment: int | None = None,
    pinned: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor whose elements have no defined value yet; float32 unless dtype says otherwise.

    The memory is allocated on device (this thread's default unless named), its first element at a multiple of alignment
    bytes (64 unless named), and page-locked where pinned is true. requires_grad makes it a leaf, whose gradient
    backward() gathers. The other functions that make tensors take the same.

    >>> import penstock
    >>> penstock.empty((2, 3), dtype="int8").nbytes
    6
    >>> penstock.empty(5, alignment=4096).data_ptr % 4096
    0
    """
    return made_leaf(
        allocated(lib.ps_tensor_empty, shape, dtype, devices.options(device, alignment, pinned)), requires_grad
    )


def zeros(
    shape: int | Sequence[int],
    *,
    dtype: Any = None,
    device: Device | str | None = None,
    alignment: int | None = None,
    pinned: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of zeros; float32 unless dtype says otherwise.

    >>> import penstock
    >>> penstock.zeros(3)
    tensor([0., 0., 0.], shape=(3,), dtype=float32, device=cpu)
    """
    return made_leaf(
        allocated(lib.ps_tensor_zeros, shape, dtype, devices.options(device, alignment, pinned)), requires_grad
    )


def ones(
    shape: int | Sequence[int],
    *,
    dtype: Any = None,
    device: Device | str | None = None,
    alignment: int | None = None,
    pinned: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of ones; float32 unless dtype says otherwise.

    >>> import penstock
    >>> penstock.ones(3, dtype="int64").tolist()
    [1, 1, 1]
    """
    return full(
        shape, 1, dtype=dtype or dtypes.float32, device=device, alignment=alignment, pinned=pinned,
        requires_grad=requires_grad,
    )  # fmt: skip


def full(
    shape: int | Sequence[int],
    fill_value: Any,
    *,
    dtype: Any = None,
    device: Device | str | None = None,
    alignment: int | None = None,
    pinned: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """A tensor of one value; its dtype follows the value unless dtype says otherwise.

    >>> import penstock
    >>> penstock.full(3, 2.5).dtype
    penstock.float32
    """
    sizes = shape_of(shape)
    wanted = as_dtype(dtype if dtype is not None else dtype_of_number(fill_value))
    value, written_as = pack(flatten(fill_value)[0], wanted)
    filled = made(
        lib.ps_tensor_full, wanted.number, len(sizes), sizes, ffi.from_buffer(value), written_as.number,
        devices.options(device, alignment, pinned),
    )  # fmt: skip
    return made_leaf(filled, requires_grad)


def arange(
    start: float,
    stop: float | None = None,
    step: float = 1,
    *,
    dtype: Any = None,
    device: Device | str | None = None,
    alignment: int | None = None,
    pinned: bool = False,
    requires_grad: bool = False,
) -> Tensor:
    """start, start + step, ... up to but without stop: int64 for ints, float32 for floats.

    >>> import penstock
    >>> penstock.arange(3).tolist(), penstock.arange(0, 1, 0.5).tolist()
    ([0, 1, 2], [0.0, 0.5])
    """
    if stop is None:
        start, stop = 0, start
    options = devices.options(device, alignment, pinned)
    numbers = [number_of(number) for number in (start, stop, step)]
    try:
        whole = [operator.index(number) for number in numbers]
    except TypeError:
        number = as_dtype(dtype or dtypes.float32).number
        return made_leaf(made(lib.ps_tensor_arange_float64, *map(float, numbers), number, options), requires_grad)
    return made_leaf(
        made(lib.ps_tensor_arange_int64, *whole, as_dtype(dtype or dtypes.int64).number, options), requires_grad
    )


# ---- From what people have ----


def tensor(
    data: Any, dtype: Any, device: Device | str | None, alignment: int | None = None, pinned: bool = False
) -> Tensor:
    """A new tensor from nested lists, a number, or any array, which is copied."""
    options = devices.options(device, alignment, pinned)
    if is_array(data):
        source = borrow(data)
        return converted(source, as_dtype(dtype if dtype is not None else source.dtype), options)
    numbers, shape = flatten(data)
    return from_numbers(numbers, shape, as_dtype(dtype) if dtype is not None else common_dtype(numbers), options)


def converted(source: Tensor, dtype: DType, options: Any) -> Tensor:
    """A new tensor with the elements of another."""
    made_new = made(lib.ps_tensor_empty, dtype.number, source.ndim, source.shape, options)
    call(lib.ps_tensor_copy, made_new, source, 1)  # PS_CAST_UNSAFE: the dtype was asked for
    return made_new


def is_array(data: Any) -> bool:
    """Whether something brings its own elements, shape and dtype."""
    return is_tensor(data) or hasattr(data, "__dlpack__") or hasattr(data, "__array__") or is_buffer(data)


def from_flat(shape: Any, flat: Tensor) -> Tensor:
    """What Tensor(shape, flat_data) gives, as its older users write it."""
    if flat.ndim != 1:
        raise InvalidArgumentError(f"flat_data has shape {flat.shape}: expected one axis")
    return flat.reshape(shape_of(shape))


def borrow(data: Any) -> Tensor:
    """A tensor over an array's memory, by whichever protocol it has."""
    if is_tensor(data):
        return data
    if is_numpys(data):
        return over_array(data, read_buffer)
    if hasattr(data, "__dlpack__"):
        try:
            return from_dlpack(data)
        except BufferError:
            if not is_buffer(data):
                raise
    return read_buffer(data) if is_buffer(data) else borrow(data.__array__())


def is_buffer(data: Any) -> bool:
    """Whether something has the buffer protocol, and lends its memory by it."""
    try:
        memoryview(data).release()
    except (TypeError, BufferError):
        return False
    return True


def from_numbers(numbers: list[Any], shape: tuple[int, ...], dtype: DType, options: Any) -> Tensor:
    """A new tensor of Python's numbers in row-major order."""
    data, written_as = pack(numbers, dtype)
    written = made(
        lib.ps_tensor_from_data, written_as.number, len(shape), shape, ffi.from_buffer(data), len(data), options
    )
    return written if written_as is dtype else converted(written, dtype, options)


def as_tensor(data: Any) -> Tensor:
    """An array's memory as a tensor; a new one of numbers."""
    return borrow(data) if is_array(data) else tensor(data, None, None)


def assignable(value: Any, dtype: DType) -> Tensor:
    """What is assigned to a tensor of dtype: an array as it is, numbers and lists of them as that dtype."""
    if is_array(value):
        return borrow(value)
    numbers, shape = flatten(value)
    return from_numbers(numbers, shape, dtype, ffi.NULL)


# ---- Over other libraries' memory ----


def from_numpy(array: Any, /) -> Tensor:
    """A tensor over a NumPy array's memory, read-only where the array is.

    >>> import numpy, penstock
    >>> array = numpy.zeros(3)
    >>> penstock.from_numpy(array)[0] = 5
    >>> array
    array([5., 0., 0.])
    """
    if not is_numpys(array):
        raise TypeMismatchError(f"from_numpy takes a NumPy array, got {type(array).__name__}")
    return over_array(array, borrow_buffer)


def is_numpys(data: Any) -> bool:
    """Whether something is a NumPy array."""
    numpy = sys.modules.get("numpy")
    return numpy is not None and isinstance(data, numpy.ndarray)


def over_array(array: Any, take: Callable[[Any], Tensor]) -> Tensor:
    """A tensor over a NumPy array's memory, or a copy, as take makes one of a buffer."""
    if not array.dtype.isnative:
        raise NotExportableError(f"the array is of {array.dtype}, not in this machine's byte order: convert it first")
    if dtypes.find(array.dtype) is None:
        raise NotExportableError(f"the array is of {array.dtype}, which no dtype of penstock's is: convert it first")
    if array.dtype.name in VIEWED_AS_BITS:  # NumPy makes no buffers of these
        return take(array.view(VIEWED_AS_BITS[array.dtype.name])).view(array.dtype.name)
    return take(array)


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
    return base.create_dlpack_capsule(data_ptr, shape, wanted.number, device_type, device_id, owner, versioned)


def get_dlpack_device(device_type: int, device_id: int) -> tuple[int, int]:
    """What `__dlpack_device__` returns for a device in DLPack's numbers, checked.

    >>> import penstock
    >>> penstock.get_dlpack_device(1, 0)
    (1, 0)
    """
    if device_type < 1 or device_id < 0:
        raise InvalidArgumentError(f"({device_type}, {device_id}) is no DLPack device: types count from 1, ids from 0")
    return int(device_type), int(device_id)
