"""The way into libcore: the cffi module, and statuses turned into exceptions."""

from __future__ import annotations

from typing import Any

from penstock import errors
from penstock._cffi import ffi, lib

__all__ = ["call", "ffi", "lib", "raise_last_error", "text"]


def text(characters: Any) -> str:
    """A C string of the library's as str."""
    return str(ffi.string(characters).decode())


def raise_last_error(status: int) -> None:
    raise errors.CLASSES[status if status < len(errors.CLASSES) else 0](text(lib.ps_last_error()))


def as_c(argument: Any) -> Any:
    """A tensor as its ps_tensor, a list of tensors (or None) as an array of them; anything else as it is."""
    if isinstance(argument, (int, float, bytes, tuple)):
        return argument
    if isinstance(argument, list):
        return ffi.new("ps_tensor *[]", [ffi.NULL if tensor is None else as_c(tensor) for tensor in argument])
    address = getattr(argument, "_handle", None)
    return argument if address is None else ffi.cast("ps_tensor *", address)


def call(function: Any, *arguments: Any) -> None:
    """Calls a function of the C ABI, and raises the exception of a status that is not PS_OK.

    Tensors are given as they are: the arguments keep them alive until the call is over.
    """
    status = function(*map(as_c, arguments))
    if status:
        raise_last_error(status)
