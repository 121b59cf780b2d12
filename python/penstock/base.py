"""The base of Tensor: the extension that lends and borrows memory, or what stands in where it was not built."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeGuard

from penstock import errors
from penstock._native import call, ffi

if TYPE_CHECKING:
    from penstock import _dlpack as extension
    from penstock.tensor import Tensor

    HAS_EXTENSION: bool
else:
    try:
        import penstock._dlpack as extension

        extension.set_exception_classes(errors.CLASSES)
        HAS_EXTENSION = True
    except ModuleNotFoundError:  # one that is there and does not load is an error to be seen
        import penstock.base_without_extension as extension

        HAS_EXTENSION = False

TensorBase = extension.TensorBase
adopt = extension.adopt
adopt_as = extension.adopt_as
borrow_buffer = extension.borrow_buffer
create_dlpack_capsule = extension.create_dlpack_capsule
fast_function = extension.fast_function
from_dlpack = extension.from_dlpack
lend_to_torch = extension.lend_to_torch
set_operators = extension.set_operators
set_tensor_class = extension.set_tensor_class
# What is only read may be a copy.
read_buffer: Callable[[Any], Tensor] = getattr(extension, "read_buffer", borrow_buffer)

__all__ = [
    "HAS_EXTENSION",
    "TensorBase",
    "adopt",
    "adopt_as",
    "borrow_buffer",
    "create_dlpack_capsule",
    "fast_function",
    "from_dlpack",
    "is_tensor",
    "lend_to_torch",
    "made",
    "read_buffer",
    "set_operators",
    "set_tensor_class",
]


def is_tensor(item: Any) -> TypeGuard[Tensor]:
    """Whether something is a penstock.Tensor, for modules that Tensor is made of."""
    return isinstance(item, TensorBase)


def made(function: Any, *arguments: Any) -> Tensor:
    """Calls a function of the C ABI whose first parameter receives a tensor, and wraps that."""
    out = ffi.new("ps_tensor **")
    call(function, out, *arguments)
    return adopt(int(ffi.cast("intptr_t", out[0])))
