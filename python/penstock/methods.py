"""The reductions of a tensor as its methods, as NumPy's and torch's users call them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock import reductions

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = ["Reductions"]

Axes = int | tuple[int, ...] | None


class Reductions:
    """Each is the function of the same name: over one axis, a tuple of them, or all."""

    __slots__ = ()

    def all(self: Any, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
        """Whether all elements are true.

        >>> import penstock
        >>> penstock.Tensor([True, False]).all().item()
        False
        """
        return reductions.all(self, axis=axis, keepdims=keepdims)

    def any(self: Any, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
        """Whether one element at least is true.

        >>> import penstock
        >>> penstock.Tensor([True, False]).any().item()
        True
        """
        return reductions.any(self, axis=axis, keepdims=keepdims)

    def argmax(self: Any, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
        """Where the largest element is.

        >>> import penstock
        >>> penstock.Tensor([1, 5, 2]).argmax().item()
        1
        """
        return reductions.argmax(self, axis=axis, keepdims=keepdims)

    def argmin(self: Any, axis: int | None = None, *, keepdims: bool = False) -> Tensor:
        """Where the smallest element is.

        >>> import penstock
        >>> penstock.Tensor([1, 5, 2]).argmin().item()
        0
        """
        return reductions.argmin(self, axis=axis, keepdims=keepdims)

    def max(self: Any, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
        """The largest elements; NaN where there is one.

        >>> import penstock
        >>> penstock.Tensor([1, 5, 2]).max().item()
        5
        """
        return reductions.max(self, axis=axis, keepdims=keepdims)

    def mean(self: Any, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
        """The arithmetic means.

        >>> import penstock
        >>> penstock.Tensor([1.0, 2.0]).mean().item()
        1.5
        """
        return reductions.mean(self, axis=axis, keepdims=keepdims)

    def min(self: Any, axis: Axes = None, *, keepdims: bool = False) -> Tensor:
        """The smallest elements; NaN where there is one.

        >>> import penstock
        >>> penstock.Tensor([1, 5, 2]).min().item()
        1
        """
        return reductions.min(self, axis=axis, keepdims=keepdims)

    def prod(self: Any, axis: Axes = None, *, dtype: Any = None, keepdims: bool = False) -> Tensor:
        """The products.

        >>> import penstock
        >>> penstock.Tensor([2, 3]).prod().item()
        6
        """
        return reductions.prod(self, axis=axis, dtype=dtype, keepdims=keepdims)

    def std(self: Any, axis: Axes = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
        """The standard deviations.

        >>> import penstock
        >>> penstock.Tensor([1.0, 5.0]).std().item()
        2.0
        """
        return reductions.std(self, axis=axis, correction=correction, keepdims=keepdims)

    def sum(self: Any, axis: Axes = None, *, dtype: Any = None, keepdims: bool = False) -> Tensor:
        """The sums.

        >>> import penstock
        >>> penstock.Tensor([2, 3]).sum().item()
        5
        """
        return reductions.sum(self, axis=axis, dtype=dtype, keepdims=keepdims)

    def var(self: Any, axis: Axes = None, *, correction: float = 0.0, keepdims: bool = False) -> Tensor:
        """The variances.

        >>> import penstock
        >>> penstock.Tensor([1.0, 3.0]).var().item()
        1.0
        """
        return reductions.var(self, axis=axis, correction=correction, keepdims=keepdims)
