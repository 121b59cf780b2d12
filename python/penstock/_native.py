"""The way into libcore: the cffi module, and statuses turned into exceptions."""

from __future__ import annotations

import threading
from typing import Any

from penstock import errors
from penstock._cffi import ffi, lib

__all__ = ["call", "ffi", "lib", "note_exception", "raise_last_error", "struct", "text"]


def text(characters: Any) -> str:
    """A C string of the library's as str."""
    return str(ffi.string(characters).decode())


class Raised(threading.local):
    """What this thread's call of the C ABI has to raise once it is out of C."""

    exception: BaseException | None = None


raised = Raised()


def note_exception(exception: BaseException) -> None:
    """Keeps what a function of Python's, called by C, raised, until that call of C is over."""
    raised.exception = exception


def raise_last_error(status: int) -> None:
    """Raises the exception of a status, with this thread's last sentence; or what Python raised below C."""
    exception, raised.exception = raised.exception, None
    if exception is not None:
        raise exception
    raise errors.CLASSES[status if status < len(errors.CLASSES) else 0](text(lib.ps_last_error()))


def struct(name: str, **fields: Any) -> Any:
    """A struct of the C ABI that begins with struct_size: its defaults, and what is given."""
    made = ffi.new(f"{name} *")
    getattr(lib, f"{name}_init")(made, ffi.sizeof(name))
    for field, value in fields.items():
        try:
            setattr(made, field, value)
        except OverflowError as error:
            raise errors.DoesNotFitError(f"{field} is {value}: {error}") from None
    return made


AS_THEY_ARE = (ffi.CData, int, float, bytes, tuple)  # asked first: asking cffi's objects for a _handle is slow


def as_c(argument: Any) -> Any:
    """A tensor as its ps_tensor, a list of tensors (or None) as an array of them; anything else as it is."""
    if isinstance(argument, AS_THEY_ARE):
        return argument
    if isinstance(argument, list):
        return ffi.new("ps_tensor *[]", [ffi.NULL if tensor is None else as_c(tensor) for tensor in argument])
    address = getattr(argument, "_handle", None)
    return argument if address is None else ffi.cast("ps_tensor *", address)


def call(function: Any, *arguments: Any) -> None:
    """Calls a function of the C ABI, and raises the exception of a status that is not PS_OK.

    Tensors are given as they are: the arguments keep them alive until the call is over.
    """
    try:
        status = function(*map(as_c, arguments))
    except OverflowError as error:  # an integer that no parameter of the ABI can hold
        raise errors.DoesNotFitError(str(error)) from None
    if status:
        raise_last_error(status)
