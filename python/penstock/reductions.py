"""The array API's functions that reduce axes, and the running totals along one.

axis is one axis, a tuple of them, or None for all; keepdims keeps those axes, with size 1. Elements are joined in a
fixed order: the number of threads changes no bit.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from penstock import creation
from penstock._native import ffi, lib, struct
from penstock.base import fast_function, made
from penstock.dtypes import as_dtype
from penstock.errors import InvalidArgumentError
from penstock.operators import NUMBERS

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = [
    "all",
    "any",
    "argmax",
    "argmin",
    "count_nonzero",
    "cumulative_prod",
    "cumulative_sum",
    "max",
    "mean",
    "min",
    "prod",
    "std",
    "sum",
    "var",
]

Axes = int | tuple[int, ...] | None
Function = TypeVar("Function", bound=Callable[..., Any])


def reduced(name: str, x: Any, axis: Axes, keepdims: bool, **options: Any) -> Tensor:
    """A new tensor with an operation over axes."""
    tensor = creation.as_tensor(x)
    if axis is None:
        axes: tuple[int, ...] = ()
    elif isinstance(axis, tuple) and not axis:  # each element is reduced alone, as along an axis of size 1
        tensor, axes, keepdims = tensor.unsqueeze(0), (0,), False
    else:
        axes = axis if isinstance(axis, tuple) else (axis,)
    given = struct("ps_reduce_options", keep_axes=keepdims, **options) if options or keepdims else ffi.NULL
    return made(lib.ps_ops_reduce, NUMBERS[name], tensor, len(axes), axes, given)


def dtype_number(dtype: Any) -> int:
    """The number of a dtype; 0 for none."""
    return 0 if dtype is None else as_dtype(dtype).number


def fast(function: Function) -> Function:
    """A function of an operation's name, with the built-in one in front where the extension is there."""
    signature = inspect.signature(function)
    bare = [parameter.replace(annotation=parameter.empty) for parameter in signature.parameters.values()]
    shown = signature.replace(parameters=bare, return_annotation=signature.empty)
    return fast_function(NUMBERS[function.__name__], function, str(shown))


@fast
def sum(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """The sums: pairwise, of integers in 64 bits unless dtype says otherwise.

    >>> import penstock
    >>> penstock.sum(penstock.Tensor([[1, 2], [3, 4]]), axis=0).tolist()
    [4, 6]
    """
    return reduced("sum", x, axis, keepdims, dtype=dtype_number(dtype))


@fast
def prod(x: Any, /, *, axis: Axes = None, dtype: Any = None, keepdims: bool = False) -> Tensor:
    """The products: of integers in 64 bits unless dtype says otherwise.

    >>> import penstock
    >>> penstock.prod(penstock.Tensor([[1, 2], [3, 4]]), axis=0).tolist()
    [3, 8]
    """
    return reduced("prod", x, axis, keepdims, dtype=dtype_number(dtype))


@fast
def mean(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The arithmetic means: of integers in float32, NaN of no elements.

    >>> import penstock
    >>> penstock.mean(penstock.Tensor([1.0, 2.0])).item()
    1.5
    """
    return reduced("mean", x, axis, keepdims)


@fast
def var(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The variances: the squares of distances from the mean, summed and divided by count - correction.

    >>> import penstock
    >>> penstock.var(penstock.Tensor([1.0, 3.0])).item()
    1.0
    """
    return reduced("var", x, axis, keepdims, correction=correction)


@fast
def std(x: Any, /, *, axis: Axes = None, correction: float = 0.0, keepdims: bool = False) -> Tensor:
    """The standard deviations: the square roots of var().

    >>> import penstock
    >>> penstock.std(penstock.Tensor([1.0, 5.0])).item()
    2.0
    """
    return reduced("std", x, axis, keepdims, correction=correction)


@fast
def max(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The largest elements; NaN where there is one.

    >>> import penstock
    >>> penstock.max(penstock.Tensor([1, 3, 2])).item()
    3
    """
    return reduced("max", x, axis, keepdims)


@fast
def min(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """The smallest elements; NaN where there is one.

    >>> import penstock
    >>> penstock.min(penstock.Tensor([2, 1, 3])).item()
    1
    """
    return reduced("min", x, axis, keepdims)


@fast
def any(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether an element at least is not 0 or false; false of none.

    >>> import penstock
    >>> penstock.any(penstock.Tensor([0, 3])).item()
    True
    """
    return reduced("any", x, axis, keepdims)


@fast
def all(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """Whether no element is 0 or false; true of none.

    >>> import penstock
    >>> penstock.all(penstock.Tensor([0, 3])).item()
    False
    """
    return reduced("all", x, axis, keepdims)


@fast
def count_nonzero(x: Any, /, *, axis: Axes = None, keepdims: bool = False) -> Tensor:
    """How many elements are not 0 or false.

    >>> import penstock
    >>> penstock.count_nonzero(penstock.Tensor([0, 3, 4])).item()
    2
    """
    return reduced("count_nonzero", x, axis, keepdims)


@fast
def argmax(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the largest element stands, the first of equal ones; without axis, in row-major order.

    >>> import penstock
    >>> penstock.argmax(penstock.Tensor([1, 3, 3])).item()
    1
    """
    return reduced("argmax", x, axis, keepdims)


@fast
def argmin(x: Any, /, *, axis: int | None = None, keepdims: bool = False) -> Tensor:
    """Where the smallest element stands, the first of equal ones; without axis, in row-major order.

    >>> import penstock
    >>> penstock.argmin(penstock.Tensor([3, 1, 1])).item()
    1
    """
    return reduced("argmin", x, axis, keepdims)


def accumulated(name: str, x: Any, axis: int | None, dtype: Any, include_initial: bool) -> Tensor:
    """A new tensor with the running totals of an operation."""
    tensor = creation.as_tensor(x)
    if axis is None:
        if tensor.ndim != 1:
            raise InvalidArgumentError(f"{name}: the tensor has shape {tensor.shape}, so axis must be named")
        axis = 0
    return made(lib.ps_ops_accumulate, NUMBERS[name], tensor, axis, dtype_number(dtype), int(include_initial))


def cumulative_sum(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """The running sums along axis, which may be left out for one axis; include_initial puts 0 in front.

    >>> import penstock
    >>> penstock.cumulative_sum(penstock.Tensor([1, 2, 3])).tolist()
    [1, 3, 6]
    """
    return accumulated("cumulative_sum", x, axis, dtype, include_initial)


def cumulative_prod(x: Any, /, *, axis: int | None = None, dtype: Any = None, include_initial: bool = False) -> Tensor:
    """The running products along axis, which may be left out for one axis; include_initial puts 1 in front.

    >>> import penstock
    >>> penstock.cumulative_prod(penstock.Tensor([1, 2, 3])).tolist()
    [1, 2, 6]
    """
    return accumulated("cumulative_prod", x, axis, dtype, include_initial)
