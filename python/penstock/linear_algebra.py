"""The array API's products of matrices and vectors.

Operands are tensors, other arrays, or nested lists; dtypes promote as result_type() says. Errors name both shapes or
dtypes.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, TypeVar

from penstock import creation
from penstock._native import ffi, lib
from penstock.base import fast_function, is_tensor, made
from penstock.errors import InvalidArgumentError

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = ["matmul", "tensordot", "vecdot"]


PRODUCT_OF_MATRICES: Final = 0  # for fast_function(): no ps_operation has the number

Function = TypeVar("Function", bound=Callable[..., Any])


def fast(function: Function) -> Function:
    """matmul with the built-in one in front, where the extension is there."""
    return fast_function(PRODUCT_OF_MATRICES, function, "(x1, x2, /)")


@fast
def matmul(x1: Any, x2: Any, /) -> Tensor:
    """The product of matrices, the last two axes of each; the axes before those broadcast.

    >>> import penstock
    >>> penstock.matmul(penstock.Tensor([[1, 2], [3, 4]]), penstock.Tensor([10, 1])).tolist()
    [12, 34]

    An operand of one axis is a row on the left, a column on the right, and the result lacks that axis. float16 and
    bfloat16 are summed in float32 and rounded once, integers wrap around; of bool a sum is true where one product is.
    """
    return made(lib.ps_ops_matmul, as_operand(x1), as_operand(x2))


def tensordot(x1: Any, x2: Any, /, *, axes: int | tuple[Sequence[int], Sequence[int]] = 2) -> Tensor:
    """The products summed over pairs of axes: the result has the other axes of x1, then those of x2.

    >>> import penstock
    >>> a, b = penstock.ones((2, 3, 4)), penstock.ones((4, 3, 5))
    >>> penstock.tensordot(a, b, axes=((1, 2), (1, 0))).shape
    (2, 5)

    A number pairs that many last axes of x1 with the first ones of x2; two sequences name the axes of each.
    """
    first, second = as_operand(x1), as_operand(x2)
    first_axes, second_axes = last_and_first(axes, first, second) if isinstance(axes, int) else map(tuple, axes)
    if len(first_axes) != len(second_axes):
        raise InvalidArgumentError(f"tensordot: axes are {axes!r}: expected as many of x1 as of x2")
    as_array = (ffi.new("int32_t[]", first_axes), ffi.new("int32_t[]", second_axes))
    return made(lib.ps_ops_tensordot, first, second, len(first_axes), *as_array)


def vecdot(x1: Any, x2: Any, /, *, axis: int = -1) -> Tensor:
    """The products summed over one axis, counted from the end: of complex numbers, those of x1 conjugated.

    >>> import penstock
    >>> penstock.vecdot(penstock.Tensor([[1, 2], [3, 4]]), penstock.Tensor([10, 1])).tolist()
    [12, 34]
    """
    return made(lib.ps_ops_vecdot, as_operand(x1), as_operand(x2), axis)


def as_operand(x: Any) -> Tensor:
    """A tensor as it is, anything else as one."""
    return x if is_tensor(x) else creation.as_tensor(x)


def last_and_first(count: int, first: Tensor, second: Tensor) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """That many last axes of one tensor, and first axes of the other."""
    if not 0 <= count <= min(first.ndim, second.ndim):
        raise InvalidArgumentError(
            f"tensordot: axes is {count}: expected 0 to {min(first.ndim, second.ndim)} for shapes {first.shape} and "
            f"{second.shape}"
        )
    return tuple(range(first.ndim - count, first.ndim)), tuple(range(count))
