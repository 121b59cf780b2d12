"""Stands in for the extension where it was not built: the same names, with what cffi alone can do.

Nothing is lent or borrowed without the extension: those calls raise, and say how to build it.  Elements are copied, in
and out.
"""

from __future__ import annotations

from typing import Any, NoReturn

from penstock import dtypes
from penstock._native import call, ffi, lib
from penstock.errors import NotExportableError

__all__ = [
    "TensorBase",
    "adopt",
    "adopt_as",
    "borrow_buffer",
    "create_dlpack_capsule",
    "fast_function",
    "from_dlpack",
    "lend_to_torch",
    "read_buffer",
    "set_operators",
    "set_tensor_class",
]

ADVICE = "penstock was built without its DLPack extension: pip install --force-reinstall penstock builds it"


class TensorBase:
    """One hold on one tensor of the engine."""

    __slots__ = ("_pointer",)
    _pointer: Any

    @property
    def _handle(self) -> int:
        return int(ffi.cast("intptr_t", self._pointer))

    @property
    def shape(self) -> tuple[int, ...]:
        """The size of each axis."""
        return tuple(ffi.unpack(lib.ps_tensor_shape(self._pointer), self.ndim)) if self.ndim else ()

    @property
    def strides(self) -> tuple[int, ...]:
        """How many elements apart neighbours along each axis lie."""
        return tuple(ffi.unpack(lib.ps_tensor_strides(self._pointer), self.ndim)) if self.ndim else ()

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return int(lib.ps_tensor_ndim(self._pointer))

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(lib.ps_tensor_element_count(self._pointer))

    @property
    def nbytes(self) -> int:
        """The bytes of the elements."""
        return int(lib.ps_tensor_nbytes(self._pointer))

    @property
    def is_contiguous(self) -> bool:
        """Whether the elements lie densely in row-major order."""
        return bool(lib.ps_tensor_is_contiguous(self._pointer) == 1)

    @property
    def is_readonly(self) -> bool:
        """Whether nothing may be written through this tensor."""
        return bool(lib.ps_tensor_is_readonly(self._pointer) == 1)

    @property
    def is_pinned(self) -> bool:
        """Whether the memory is page-locked main memory."""
        return bool(lib.ps_tensor_is_pinned(self._pointer) == 1)

    @property
    def data_ptr(self) -> int:
        """The address of the first element; 0 when there are none."""
        return int(ffi.cast("intptr_t", lib.ps_tensor_data(self._pointer)))

    @property
    def _dtype_number(self) -> int:
        return int(lib.ps_tensor_dtype(self._pointer))

    @property
    def _device_numbers(self) -> tuple[int, int]:
        return int(lib.ps_tensor_device_type(self._pointer)), int(lib.ps_tensor_device_id(self._pointer))

    def __dlpack__(self, **_: Any) -> NoReturn:
        raise NotExportableError(ADVICE)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._device_numbers

    def __buffer__(self, flags: int) -> NoReturn:  # asked from Python 3.12 on; 3.11 raises a TypeError of its own
        raise NotExportableError(ADVICE)


def refuse(*_: Any, **__: Any) -> NoReturn:
    """Stands for each function that lends or borrows."""
    raise NotExportableError(ADVICE)


borrow_buffer = create_dlpack_capsule = from_dlpack = lend_to_torch = refuse

tensor_classes: list[type] = [TensorBase]  # new tensors get the last one


def set_tensor_class(tensor_class: type) -> None:
    """Tells which class new tensors get."""
    tensor_classes.append(tensor_class)


def set_operators(_: type) -> None:
    """Does nothing: a tensor's operators are Python's methods here."""


def fast_function(_: int, function: Any, __: str) -> Any:
    """The function itself: there is no faster one here."""
    return function


def adopt(address: int) -> Any:
    """A new tensor that takes over one hold on the ps_tensor at an address."""
    tensor: Any = object.__new__(tensor_classes[-1])
    tensor._pointer = ffi.gc(ffi.cast("ps_tensor *", address), lib.ps_tensor_release)
    return tensor


def adopt_as(cls: type, tensor: Any) -> Any:
    """The tensor once more, as an object of a subclass."""
    twin: Any = object.__new__(cls)
    twin._pointer = ffi.gc(lib.ps_tensor_retain(tensor._pointer), lib.ps_tensor_release)
    return twin


# The struct module's codes, and NumPy's for complex numbers, by what they stand for.
KINDS = {
    "?": "bool", **dict.fromkeys("bhilqn", "int"), **dict.fromkeys("BHILQNc", "uint"),
    **dict.fromkeys("efd", "float"), "Zf": "complex", "Zd": "complex",
}  # fmt: skip


def read_buffer(x: Any) -> Any:
    """A new tensor with the elements of an object with the buffer protocol."""
    view = memoryview(x)
    kind = KINDS.get(view.format.lstrip("@=<|"), "")
    name = kind if kind == "bool" else f"{kind}{8 * view.itemsize}"
    if name not in dtypes.BY_NAME:
        raise NotExportableError(f"a buffer of format {view.format!r} has no dtype of penstock's")
    data, out = view.tobytes(), ffi.new("ps_tensor **")
    number = dtypes.BY_NAME[name].number
    call(lib.ps_tensor_from_data, out, number, view.ndim, view.shape, ffi.from_buffer(data), len(data), ffi.NULL)
    return adopt(int(ffi.cast("intptr_t", out[0])))
