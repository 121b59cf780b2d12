"""The C functions that the peer tests call, declared once, and a thin tensor over them.

The library is the file that PENSTOCK_LIBRARY names; conftest.py has seen to it that there is one.
"""

from __future__ import annotations

import ctypes
import enum
import os
from ctypes import POINTER, Structure, c_char_p, c_double, c_int32, c_int64, c_uint32, c_uint64, c_void_p
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Array: TypeAlias = NDArray[Any]


class Status(enum.IntEnum):
    """What ps_status can be, as far as the tests tell the values apart."""

    OK = 0
    INVALID_ARGUMENT = 1
    OUT_OF_RANGE = 2
    TYPE_MISMATCH = 3


class Casting(enum.IntEnum):
    """ps_casting."""

    SAME_KIND = 0
    UNSAFE = 1


class Equality(enum.IntEnum):
    """ps_equality."""

    BITWISE = 0
    VALUE = 1


# ps_dtype, for the dtypes that NumPy has too.
DTYPE_NUMBERS = {
    "bool": 1,
    "int8": 2,
    "int16": 3,
    "int32": 4,
    "int64": 5,
    "uint8": 6,
    "uint16": 7,
    "uint32": 8,
    "uint64": 9,
    "float16": 10,
    "float32": 12,
    "float64": 13,
    "complex64": 14,
    "complex128": 15,
}
DTYPE_NAMES = list(DTYPE_NUMBERS)
NAMES_BY_NUMBER = {number: name for name, number in DTYPE_NUMBERS.items()}


class FormatOptions(Structure):
    """ps_format_options."""

    _fields_ = (
        ("struct_size", c_uint32),
        ("edge_items", c_int32),
        ("threshold", c_int64),
        ("precision", c_int32),
        ("line_width", c_int32),
    )


class SaveOptions(Structure):
    """ps_save_options."""

    _fields_ = (("struct_size", c_uint32), ("compression", c_int32), ("progress", c_void_p), ("user", c_void_p))


class WrapOptions(Structure):
    """ps_wrap_options."""

    _fields_ = (("struct_size", c_uint32), ("device_type", c_int32), ("device_id", c_int32), ("read_only", c_int32))


SIZES = POINTER(c_int64)
AXES = POINTER(c_int32)
OUT = POINTER(c_void_p)
OUT_FLAG = POINTER(c_int32)

# Name: what a call takes.  Every one of these returns a ps_status, which call() turns into an exception.
FALLIBLE: dict[str, list[Any]] = {
    "ps_tensor_wrap": [OUT, c_void_p, c_int32, c_int32, SIZES, SIZES, c_void_p, c_void_p, POINTER(WrapOptions)],
    "ps_tensor_arange_int64": [OUT, c_int64, c_int64, c_int64, c_int32, c_void_p],
    "ps_tensor_arange_float64": [OUT, c_double, c_double, c_double, c_int32, c_void_p],
    "ps_tensor_slice": [OUT, c_void_p, c_int32, c_int64, c_int64, c_int64],
    "ps_tensor_select": [OUT, c_void_p, c_int32, c_int64],
    "ps_tensor_narrow": [OUT, c_void_p, c_int32, c_int64, c_int64],
    "ps_tensor_permute": [OUT, c_void_p, c_int32, AXES],
    "ps_tensor_transpose": [OUT, c_void_p, c_int32, c_int32],
    "ps_tensor_reshape": [OUT, c_void_p, c_int32, SIZES],
    "ps_tensor_squeeze": [OUT, c_void_p, c_int32, AXES],
    "ps_tensor_unsqueeze": [OUT, c_void_p, c_int32],
    "ps_tensor_expand": [OUT, c_void_p, c_int32, SIZES],
    "ps_tensor_flatten": [OUT, c_void_p],
    "ps_tensor_astype": [OUT, c_void_p, c_int32, c_int32],
    "ps_tensor_to_data": [c_void_p, c_uint64, c_void_p],
    "ps_tensor_equal": [OUT_FLAG, c_void_p, c_void_p, c_int32],
    "ps_tensor_all_close": [OUT_FLAG, c_void_p, c_void_p, c_double, c_double, c_int32],
    "ps_tensor_format": [POINTER(c_uint64), c_char_p, c_uint64, c_void_p, POINTER(FormatOptions)],
    "ps_npy_load": [OUT, c_char_p, c_void_p],
    "ps_npy_save": [c_char_p, c_void_p, c_void_p],
    "ps_npz_open": [OUT, c_char_p],
    "ps_npz_read": [OUT, c_void_p, c_char_p, c_void_p],
    "ps_npz_save": [c_char_p, c_int64, POINTER(c_char_p), POINTER(c_void_p), POINTER(SaveOptions)],
}

# Name: what a call returns and takes.
INFALLIBLE: dict[str, tuple[Any, list[Any]]] = {
    "ps_last_error": (c_char_p, []),
    "ps_tensor_release": (None, [c_void_p]),
    "ps_tensor_ndim": (c_int32, [c_void_p]),
    "ps_tensor_shape": (SIZES, [c_void_p]),
    "ps_tensor_strides": (SIZES, [c_void_p]),
    "ps_tensor_dtype": (c_int32, [c_void_p]),
    "ps_tensor_nbytes": (c_int64, [c_void_p]),
    "ps_tensor_data": (c_void_p, [c_void_p]),
    "ps_npz_release": (None, [c_void_p]),
    "ps_npz_count": (c_int64, [c_void_p]),
    "ps_npz_name": (c_char_p, [c_void_p, c_int64]),
}


def load(path: str) -> ctypes.CDLL:
    """The library with every function declared."""
    library = ctypes.CDLL(path)
    for name, arguments in FALLIBLE.items():
        getattr(library, name).restype = c_int32
        getattr(library, name).argtypes = arguments
    for name, (result, arguments) in INFALLIBLE.items():
        getattr(library, name).restype = result
        getattr(library, name).argtypes = arguments
    return library


LIBRARY = load(os.environ["PENSTOCK_LIBRARY"])


class PenstockError(Exception):
    """A call that did not return PS_OK."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(f"status {status}: {sentence}")
        self.status = status


def call(name: str, *arguments: Any) -> None:
    """Calls a function that returns a ps_status; PenstockError when that is not PS_OK."""
    status = getattr(LIBRARY, name)(*arguments)
    if status != Status.OK:
        raise PenstockError(status, LIBRARY.ps_last_error().decode())


def flag(name: str, *arguments: Any) -> bool:
    """What a function writes through its first argument, an int32_t that is 0 or 1."""
    result = c_int32(-1)
    call(name, ctypes.byref(result), *arguments)
    assert result.value in {0, 1}
    return result.value == 1


def sizes(numbers: tuple[int, ...]) -> Any:
    """A shape or strides as C takes them."""
    return (c_int64 * len(numbers))(*numbers)


class Tensor:
    """A ps_tensor and the one hold on it; for views, too, what lends their memory."""

    def __init__(self, handle: c_void_p, lender: object = None) -> None:
        self._as_parameter_ = handle  # what ctypes passes for this object, which lives until the call returns
        self.lender = lender

    def __del__(self) -> None:
        """Gives the hold back."""
        LIBRARY.ps_tensor_release(self)

    @property
    def shape(self) -> tuple[int, ...]:
        """One size an axis."""
        return tuple(LIBRARY.ps_tensor_shape(self)[: LIBRARY.ps_tensor_ndim(self)])

    @property
    def strides(self) -> tuple[int, ...]:
        """In elements."""
        return tuple(LIBRARY.ps_tensor_strides(self)[: LIBRARY.ps_tensor_ndim(self)])

    @property
    def dtype(self) -> str:
        """Its name."""
        return NAMES_BY_NUMBER[LIBRARY.ps_tensor_dtype(self)]

    @property
    def data(self) -> int | None:
        """The address of the first element; None when there are no elements."""
        address: int | None = LIBRARY.ps_tensor_data(self)
        return address

    def array(self) -> Array:
        """A copy of the elements."""
        copied = np.empty(self.shape, self.dtype)
        call("ps_tensor_to_data", copied.ctypes.data, copied.nbytes, self)
        return copied

    def view(self, verb: str, *arguments: Any) -> Tensor:
        """What ps_tensor_<verb>(out, this, arguments...) makes."""
        return make(f"ps_tensor_{verb}", self, *arguments, lender=self.lender)

    def reshape(self, shape: tuple[int, ...]) -> Tensor:
        """The same elements under another shape."""
        return self.view("reshape", len(shape), sizes(shape))

    def expand(self, shape: tuple[int, ...]) -> Tensor:
        """Repeated to a larger shape."""
        return self.view("expand", len(shape), sizes(shape))

    def permute(self, axes: tuple[int, ...]) -> Tensor:
        """The axes in another order."""
        return self.view("permute", len(axes), (c_int32 * len(axes))(*axes))

    def squeeze(self, axes: tuple[int, ...]) -> Tensor:
        """Without these axes of size 1; without all, when none is named."""
        return self.view("squeeze", len(axes), (c_int32 * len(axes))(*axes))

    def astype(self, dtype: str, casting: Casting) -> Tensor:
        """A copy of another dtype."""
        return self.view("astype", DTYPE_NUMBERS[dtype], casting)

    def format(self, options: FormatOptions | None = None) -> str:
        """What it is printed as."""
        length = c_uint64()
        call("ps_tensor_format", ctypes.byref(length), None, 0, self, options)
        text = ctypes.create_string_buffer(length.value + 1)
        call("ps_tensor_format", ctypes.byref(length), text, len(text), self, options)
        assert len(text.value) == length.value
        return text.value.decode()


def make(name: str, *arguments: Any, lender: object = None) -> Tensor:
    """The tensor that a function writes through its first argument."""
    handle = c_void_p()
    call(name, ctypes.byref(handle), *arguments)
    return Tensor(handle, lender)


def wrap(array: Array) -> Tensor:
    """A tensor over the array's own memory, with its strides."""
    options = WrapOptions(ctypes.sizeof(WrapOptions), 1, 0, int(not array.flags.writeable))
    strides = tuple(stride // array.itemsize for stride in array.strides)
    number = DTYPE_NUMBERS[array.dtype.name]
    shape = sizes(array.shape)
    return make(
        "ps_tensor_wrap",
        array.ctypes.data,
        number,
        array.ndim,
        shape,
        sizes(strides),
        None,
        None,
        options,
        lender=array,
    )


def save_npz(path: Path, arrays: dict[str, Array], compression: int) -> None:
    """Writes arrays as one .npz file."""
    tensors = [wrap(array) for array in arrays.values()]
    names = (c_char_p * len(arrays))(*(name.encode() for name in arrays))
    handles = (c_void_p * len(arrays))(*(tensor._as_parameter_ for tensor in tensors))
    options = SaveOptions(ctypes.sizeof(SaveOptions), compression, None, None)
    call("ps_npz_save", os.fsencode(path), len(arrays), names, handles, options)


def load_npz(path: Path) -> dict[str, Array]:
    """Every array of a .npz file by its name, in the file's order."""
    npz = c_void_p()
    call("ps_npz_open", ctypes.byref(npz), os.fsencode(path))
    try:
        names = [LIBRARY.ps_npz_name(npz, index) for index in range(LIBRARY.ps_npz_count(npz))]
        return {name.decode(): make("ps_npz_read", npz, name, None).array() for name in names}
    finally:
        LIBRARY.ps_npz_release(npz)
