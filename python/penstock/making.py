"""The array API's functions that make tensors from others, or by rule."""

from __future__ import annotations

import builtins
import operator
from typing import TYPE_CHECKING, Any

from penstock import creation, devices, dtypes
from penstock._native import lib
from penstock.base import borrow_buffer, from_dlpack, is_tensor, made
from penstock.devices import Device
from penstock.dtypes import DType, as_dtype
from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.python_numbers import number_of

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = [
    "asarray",
    "empty_like",
    "eye",
    "full_like",
    "linspace",
    "meshgrid",
    "ones_like",
    "tril",
    "triu",
    "zeros_like",
]


def asarray(
    obj: Any,
    /,
    *,
    dtype: Any = None,
    device: Device | str | None = None,
    copy: builtins.bool | None = None,
) -> Tensor:
    """A tensor of an array, a buffer, a number, or nested lists of numbers.

    With copy=None the memory is shared where that can be, otherwise copied; with copy=True it is always copied, with
    copy=False never: what cannot be shared is a ValueError.

    >>> import numpy, penstock
    >>> array = numpy.zeros(2)
    >>> penstock.asarray(array)[0] = 5
    >>> array.tolist(), penstock.asarray([1, 2], dtype="float32").tolist()
    ([5.0, 0.0], [1.0, 2.0])
    """
    if copy:
        return creation.tensor(obj, dtype, device)
    if not creation.is_array(obj):
        require_copy_allowed(copy, f"{type(obj).__name__} holds no memory to share")
        return creation.tensor(obj, dtype, device)
    tensor = shared(obj)
    if dtype is not None and tensor.dtype is not as_dtype(dtype):
        require_copy_allowed(copy, f"{tensor.dtype} is not {as_dtype(dtype)}")
        tensor = tensor.astype(dtype)
    if device is not None and tensor.device != devices.as_device(device):
        require_copy_allowed(copy, f"the memory lies on {tensor.device}, not on {devices.as_device(device)}")
        tensor = tensor.to(device)
    return tensor


def require_copy_allowed(copy: builtins.bool | None, reason: str) -> None:
    """Refuses what asarray(copy=False) would have to copy."""
    if copy is False:
        raise InvalidArgumentError(f"asarray: with copy=False nothing may be copied, but {reason}")


def shared(data: Any) -> Tensor:
    """A tensor over an array's memory, by whichever protocol it has."""
    if is_tensor(data):
        return data
    if creation.is_numpys(data):
        return creation.from_numpy(data)
    if hasattr(data, "__dlpack__"):
        return from_dlpack(data)
    return borrow_buffer(data) if creation.is_buffer(data) else shared(data.__array__())


# ---- Like another ----


def like(x: Any, dtype: Any, device: Device | str | None) -> tuple[tuple[int, ...], DType, Device | str]:
    """The shape of an array, its dtype and device where none is named."""
    tensor = creation.as_tensor(x)
    return tensor.shape, as_dtype(dtype) if dtype is not None else tensor.dtype, device or tensor.device


def empty_like(x: Any, /, *, dtype: Any = None, device: Device | str | None = None) -> Tensor:
    """A tensor of another's shape, dtype and device, whose elements have no defined value yet.

    >>> import penstock
    >>> penstock.empty_like(penstock.zeros((2, 3))).shape
    (2, 3)
    """
    shape, wanted, place = like(x, dtype, device)
    return creation.empty(shape, dtype=wanted, device=place)


def zeros_like(x: Any, /, *, dtype: Any = None, device: Device | str | None = None) -> Tensor:
    """Zeros of another's shape, dtype and device.

    >>> import penstock
    >>> penstock.zeros_like(penstock.Tensor([1, 2])).tolist()
    [0, 0]
    """
    shape, wanted, place = like(x, dtype, device)
    return creation.zeros(shape, dtype=wanted, device=place)


def ones_like(x: Any, /, *, dtype: Any = None, device: Device | str | None = None) -> Tensor:
    """Ones of another's shape, dtype and device.

    >>> import penstock
    >>> penstock.ones_like(penstock.Tensor([5.0, 6.0])).tolist()
    [1.0, 1.0]
    """
    shape, wanted, place = like(x, dtype, device)
    return creation.ones(shape, dtype=wanted, device=place)


def full_like(x: Any, /, fill_value: Any, *, dtype: Any = None, device: Device | str | None = None) -> Tensor:
    """One value in another's shape, dtype and device.

    >>> import penstock
    >>> penstock.full_like(penstock.Tensor([1, 2]), 7).tolist()
    [7, 7]
    """
    shape, wanted, place = like(x, dtype, device)
    return creation.full(shape, fill_value, dtype=wanted, device=place)


# ---- By rule ----


def eye(
    n_rows: int,
    n_cols: int | None = None,
    /,
    *,
    k: int = 0,
    dtype: Any = None,
    device: Device | str | None = None,
) -> Tensor:
    """A matrix with ones on its k-th diagonal, upwards from the main one, and zeros elsewhere; float32 unless named.

    >>> import penstock
    >>> penstock.eye(2, 3, k=1).tolist()
    [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    columns = n_rows if n_cols is None else n_cols
    number = as_dtype(dtype or dtypes.float32).number
    return made(lib.ps_ops_eye, n_rows, columns, limited(k), number, devices.options(device))


def limited(diagonal: int) -> int:
    """A diagonal's number as int64: what lies further out means the same."""
    return max(-(2**63), min(2**63 - 1, operator.index(diagonal)))


def linspace(
    start: complex,
    stop: complex,
    /,
    num: int,
    *,
    dtype: Any = None,
    device: Device | str | None = None,
    endpoint: builtins.bool = True,
) -> Tensor:
    """num numbers at even distances from start to stop, or without endpoint up to the one before it.

    float32, or complex64 of complex numbers, unless dtype says otherwise; rounded down for an integer dtype.

    >>> import penstock
    >>> penstock.linspace(0, 1, 5).tolist()
    [0.0, 0.25, 0.5, 0.75, 1.0]
    """
    start, stop = number_of(start), number_of(stop)
    is_complex = isinstance(start, complex) or isinstance(stop, complex)
    wanted = as_dtype(dtype or (dtypes.complex64 if is_complex else dtypes.float32))
    first, last = complex(start), complex(stop)
    if not is_complex:
        return even_numbers(first.real, last.real, num, endpoint, wanted, device)
    if not wanted.name.startswith("complex"):
        raise TypeMismatchError(f"linspace: complex numbers cannot become {wanted}")
    made_new = even_numbers(first.real, last.real, num, endpoint, wanted, device)
    parts = made_new.view("float32" if wanted is dtypes.complex64 else "float64")
    parts[1::2] = even_numbers(first.imag, last.imag, num, endpoint, parts.dtype, device)
    return made_new


def even_numbers(
    start: float, stop: float, count: int, with_stop: builtins.bool, dtype: DType, device: Device | str | None
) -> Tensor:
    """Real numbers at even distances."""
    return made(
        lib.ps_ops_linspace, start, stop, operator.index(count), int(bool(with_stop)), dtype.number,
        devices.options(device),
    )  # fmt: skip


def meshgrid(*arrays: Any, indexing: str = "xy") -> list[Tensor]:
    """The coordinates of all points of a grid: for each of some arrays of one axis a copy of the grid's shape.

    indexing="ij" gives the axes in the arrays' order; "xy" exchanges the first two.

    >>> import penstock
    >>> [each.tolist() for each in penstock.meshgrid([1, 2], [3, 4])]
    [[[1, 2], [1, 2]], [[3, 3], [4, 4]]]
    """
    if indexing not in ("xy", "ij"):
        raise InvalidArgumentError(f"meshgrid: indexing is {indexing!r}: expected 'xy' or 'ij'")
    tensors = [creation.as_tensor(each) for each in arrays]
    if any(tensor.ndim > 1 for tensor in tensors):
        shapes = ", ".join(str(tensor.shape) for tensor in tensors)
        raise InvalidArgumentError(f"meshgrid: shapes {shapes}: expected one axis each")
    order = list(range(len(tensors)))
    if indexing == "xy" and len(order) > 1:
        order[:2] = [1, 0]
    shape = tuple(tensors[place].size for place in order)
    return [
        tensor.reshape([tensor.size if place == each else 1 for each in order]).expand(shape).clone()
        for place, tensor in enumerate(tensors)
    ]


def tril(x: Any, /, *, k: int = 0) -> Tensor:
    """Copies of matrices, the last two axes, with zeros above the k-th diagonal.

    >>> import penstock
    >>> penstock.tril(penstock.ones((2, 2))).tolist()
    [[1.0, 0.0], [1.0, 1.0]]
    """
    return made(lib.ps_ops_tril, creation.as_tensor(x), limited(k))


def triu(x: Any, /, *, k: int = 0) -> Tensor:
    """Copies of matrices, the last two axes, with zeros below the k-th diagonal.

    >>> import penstock
    >>> penstock.triu(penstock.ones((2, 2))).tolist()
    [[1.0, 1.0], [0.0, 1.0]]
    """
    return made(lib.ps_ops_triu, creation.as_tensor(x), limited(k))
