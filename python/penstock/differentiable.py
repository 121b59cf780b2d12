"""The part of a tensor that is about its gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from penstock._native import call, ffi, lib
from penstock.base import adopt, made
from penstock.errors import InvalidArgumentError, UnavailableError

if TYPE_CHECKING:
    from typing import Self

    from penstock.tensor import Tensor

__all__ = ["Differentiable", "made_leaf"]


class Differentiable:
    """Gradients of a tensor: whether it has one, what it is, and where it comes from."""

    __slots__ = ()

    @property
    def requires_grad(self) -> bool:
        """Whether gradients flow to this tensor; settable where it is a leaf.

        True makes it a leaf that gathers its gradient; False makes it none, and drops what it has gathered.
        TypeMismatchError for a dtype that is neither floating nor complex.

        >>> import penstock
        >>> w = penstock.zeros(3, requires_grad=True)
        >>> w.requires_grad, (2 * w).requires_grad, penstock.zeros(3).requires_grad
        (True, True, False)
        """
        as_c: Any = ffi.cast("ps_tensor *", self._handle)  # type: ignore[attr-defined] # TensorBase has it
        return bool(lib.ps_tensor_requires_grad(as_c) == 1)

    @requires_grad.setter
    def requires_grad(self, wanted: bool) -> None:
        call(lib.ps_tensor_set_requires_grad, self, int(bool(wanted)))

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Sets requires_grad; returns this tensor.

        >>> import penstock
        >>> penstock.zeros(2).requires_grad_()
        tensor([0., 0.], shape=(2,), dtype=float32, device=cpu, requires_grad=True)
        """
        self.requires_grad = requires_grad
        return self

    @property
    def is_leaf(self) -> bool:
        """False for a tensor that remembers how it was made of one that requires gradients.

        >>> import penstock
        >>> w = penstock.zeros(3, requires_grad=True)
        >>> w.is_leaf, (2 * w).is_leaf
        (True, False)
        """
        as_c: Any = ffi.cast("ps_tensor *", self._handle)  # type: ignore[attr-defined] # TensorBase has it
        return bool(lib.ps_tensor_is_leaf(as_c) == 1)

    @property
    def grad(self) -> Tensor | None:
        """The gradient that a leaf has gathered from backward(), or None; settable, to None or a tensor that is copied.

        >>> import penstock
        >>> w = penstock.ones(2, requires_grad=True)
        >>> penstock.sum(w * w).backward()
        >>> w.grad
        tensor([2., 2.], shape=(2,), dtype=float32, device=cpu)
        >>> w.grad = None
        """
        out = ffi.new("ps_tensor **")
        call(lib.ps_tensor_grad, out, self)
        return None if out[0] == ffi.NULL else adopt(int(ffi.cast("intptr_t", out[0])))

    @grad.setter
    def grad(self, gradient: Tensor | None) -> None:
        call(lib.ps_tensor_set_grad, self, ffi.NULL if gradient is None else gradient)

    def backward(self, gradient: Tensor | None = None, retain_graph: bool = False, create_graph: bool = False) -> None:
        """Adds this tensor's derivative by each leaf that it was made of to that leaf's grad.

        gradient, of this tensor's shape, is what its elements are multiplied by and summed before they are
        differentiated; it may be left out for one real element. Memory kept for the way back is given back on it,
        unless retain_graph says that there will be another one. Second derivatives are not computed: create_graph must
        be false.

        >>> import penstock
        >>> x = penstock.Tensor([1.0, 2.0], requires_grad=True)
        >>> (x**2).backward(penstock.Tensor([1.0, 10.0]))
        >>> x.grad.tolist()
        [2.0, 40.0]
        """
        if create_graph:
            raise UnavailableError("create_graph: second derivatives are not computed")
        seeds = ffi.NULL if gradient is None else [gradient]
        call(lib.ps_backward, 1, [self], seeds, int(retain_graph))

    def detach(self) -> Tensor:
        """The same memory as a tensor that requires no gradients; a view.

        >>> import penstock
        >>> penstock.ones(2, requires_grad=True).detach().requires_grad
        False
        """
        return made(lib.ps_tensor_detach, self)

    @property
    def _version(self) -> int:
        """How often the library has written to this tensor's memory."""
        as_c: Any = ffi.cast("ps_tensor *", self._handle)  # type: ignore[attr-defined] # TensorBase has it
        return int(lib.ps_tensor_version(as_c))


def made_leaf(tensor: Tensor, requires_grad: bool) -> Tensor:
    """A new tensor, as a leaf where that was asked for."""
    if requires_grad:
        tensor.requires_grad = True
    return tensor


def deep_copied(tensor: Tensor) -> Tensor:
    """A leaf of its own with the same elements and gradient; InvalidArgumentError for what leads back to others."""
    if not tensor.is_leaf:
        raise InvalidArgumentError(
            f"a tensor of shape {tensor.shape} that leads back to leaves cannot be copied deeply: copy its detach()"
        )
    copied = tensor.detach().clone()
    if tensor.requires_grad:
        copied.requires_grad = True
        copied.grad = tensor.grad
    return copied
