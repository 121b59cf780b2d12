"""The array API's functions that sort, search, and find different elements.

Elements are in ascending order of their numbers, False before True; -0 equals 0, and a NaN is above all else.
"""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, NamedTuple

from penstock import creation, dtypes
from penstock._native import call, ffi, lib
from penstock.base import adopt, made
from penstock.errors import InvalidArgumentError
from penstock.operators import operands

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = [
    "argsort",
    "nonzero",
    "searchsorted",
    "sort",
    "unique_all",
    "unique_counts",
    "unique_inverse",
    "unique_values",
]

SIDES = {"left": 0, "right": 1}  # ps_side


class UniqueAll(NamedTuple):
    """What unique_all() gives.

    values, in ascending order; indices, where each stands first in row-major order; inverse_indices, which of them
    each element is; counts, how often each stands.
    """

    values: Tensor
    indices: Tensor
    inverse_indices: Tensor
    counts: Tensor


class UniqueCounts(NamedTuple):
    """What unique_counts() gives: values, in ascending order; counts, how often each stands."""

    values: Tensor
    counts: Tensor


class UniqueInverse(NamedTuple):
    """What unique_inverse() gives: values, in ascending order; inverse_indices, which of them each element is."""

    values: Tensor
    inverse_indices: Tensor


def sort(x: Any, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Tensor:
    """The elements sorted along an axis; a copy. Equal ones stay in their order, whatever stable says.

    NaN comes last, in a descending order first.

    >>> import penstock
    >>> penstock.sort(penstock.Tensor([3, 1, 2])).tolist()
    [1, 2, 3]
    """
    return made(lib.ps_ops_sort, creation.as_tensor(x), axis, int(bool(descending)))


def argsort(x: Any, /, *, axis: int = -1, descending: builtins.bool = False, stable: builtins.bool = True) -> Tensor:
    """The indices along an axis in whose order the elements are sorted, as sort() sorts them.

    >>> import penstock
    >>> penstock.argsort(penstock.Tensor([3, 1, 2])).tolist()
    [1, 2, 0]
    """
    return made(lib.ps_ops_argsort, creation.as_tensor(x), axis, int(bool(descending)))


def as_indices(x: Any) -> Tensor:
    """An array of integers as int64."""
    tensor = creation.as_tensor(x)
    is_integer = tensor.dtype.name.startswith(("int", "uint"))
    return tensor.astype(dtypes.int64) if is_integer and tensor.dtype is not dtypes.int64 else tensor


def searchsorted(x1: Any, x2: Any, /, *, side: str = "left", sorter: Any = None) -> Tensor:
    """At which index each of x2 would have to be put into x1 for that to stay sorted: before its equals, or behind.

    side is "left" or "right"; sorter, the indices that sort x1 where it is not. Dtypes promote.

    >>> import penstock
    >>> penstock.searchsorted(penstock.Tensor([1, 3, 5]), penstock.Tensor([0, 3, 9])).tolist()
    [0, 1, 3]
    """
    if side not in SIDES:
        raise InvalidArgumentError(f"searchsorted: side is {side!r}: expected 'left' or 'right'")
    line, wanted = operands(x1, x2)
    order = ffi.NULL if sorter is None else as_indices(sorter)
    return made(lib.ps_ops_searchsorted, line, wanted, SIDES[side], order)


def nonzero(x: Any, /) -> tuple[Tensor, ...]:
    """Where the elements are not 0 or false: the indices along each axis, in row-major order.

    >>> import penstock
    >>> [each.tolist() for each in penstock.nonzero(penstock.Tensor([[0, 7], [8, 0]]))]
    [[0, 1], [1, 0]]
    """
    tensor = creation.as_tensor(x)
    if tensor.ndim == 0:
        raise InvalidArgumentError(f"nonzero of shape {tensor.shape}: expected one axis or more")
    where = made(lib.ps_tensor_nonzero, tensor)
    return tuple(where.select(1, axis) for axis in range(tensor.ndim))


def unique_parts(x: Any, *wanted: builtins.bool) -> list[Tensor]:
    """The different elements, and of their indices, inverse and counts what is wanted."""
    outs = [ffi.new("ps_tensor **") if each else ffi.NULL for each in (True, *wanted)]
    call(lib.ps_ops_unique, *outs, creation.as_tensor(x))
    return [adopt(int(ffi.cast("intptr_t", out[0]))) for out in outs if out != ffi.NULL]


def unique_all(x: Any, /) -> UniqueAll:
    """The different elements, where each stands first, which of them each element is, and how often each stands.

    Every NaN is different from every other.

    >>> import penstock
    >>> found = penstock.unique_all(penstock.Tensor([5, 3, 5]))
    >>> found.values.tolist(), found.indices.tolist(), found.inverse_indices.tolist(), found.counts.tolist()
    ([3, 5], [1, 0], [1, 0, 1], [1, 2])
    """
    return UniqueAll(*unique_parts(x, True, True, True))


def unique_counts(x: Any, /) -> UniqueCounts:
    """The different elements, and how often each stands.

    >>> import penstock
    >>> penstock.unique_counts(penstock.Tensor([5, 3, 5])).counts.tolist()
    [1, 2]
    """
    return UniqueCounts(*unique_parts(x, False, False, True))


def unique_inverse(x: Any, /) -> UniqueInverse:
    """The different elements, and which of them each element is.

    >>> import penstock
    >>> penstock.unique_inverse(penstock.Tensor([5, 3, 5])).inverse_indices.tolist()
    [1, 0, 1]
    """
    return UniqueInverse(*unique_parts(x, False, True, False))


def unique_values(x: Any, /) -> Tensor:
    """The different elements in ascending order.

    >>> import penstock
    >>> penstock.unique_values(penstock.Tensor([5, 3, 5])).tolist()
    [3, 5]
    """
    return unique_parts(x, False, False, False)[0]
