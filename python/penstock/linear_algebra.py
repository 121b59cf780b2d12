"""The array API's products of matrices and vectors.

Operands are tensors, other arrays, or nested lists; dtypes promote as result_type() says. Errors name both shapes or
dtypes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock import creation
from penstock._native import lib
from penstock.base import is_tensor, made

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = ["matmul"]


def matmul(x1: Any, x2: Any, /) -> Tensor:
    """The product of matrices, the last two axes of each; the axes before those broadcast.

    >>> import penstock
    >>> penstock.matmul(penstock.Tensor([[1, 2], [3, 4]]), penstock.Tensor([10, 1])).tolist()
    [12, 34]

    An operand of one axis is a row on the left, a column on the right, and the result lacks that axis. float16 and
    bfloat16 are summed in float32 and rounded once, integers wrap around; of bool a sum is true where one product is.
    """
    first = x1 if is_tensor(x1) else creation.as_tensor(x1)
    second = x2 if is_tensor(x2) else creation.as_tensor(x2)
    return made(lib.ps_ops_matmul, first, second)
