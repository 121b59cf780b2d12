"""Python's numbers, one or nested lists of them, as bytes of a dtype."""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Sequence
from typing import Any

from penstock import dtypes
from penstock.dtypes import DType
from penstock.errors import DoesNotFitError, InvalidArgumentError, TypeMismatchError
from penstock.recording_modes import is_grad_enabled

__all__ = ["common_dtype", "dtype_of_number", "flatten", "number_of", "pack", "unpack"]

# How struct writes one number of each dtype.
FORMATS = {
    "bool": "?", "int8": "b", "int16": "h", "int32": "i", "int64": "q", "uint8": "B", "uint16": "H", "uint32": "I",
    "uint64": "Q", "float64": "d", "complex128": "d",
}  # fmt: skip

# A dtype that struct lacks is written as a wider one, which the engine then rounds once.
WRITTEN_AS = {
    "float16": "float64", "bfloat16": "float64", "float32": "float64", "complex64": "complex128",
}  # fmt: skip

# How memoryview reads the parts of one number of each dtype.
UNPACKED_AS = {
    **FORMATS, "int64": "q", "uint64": "Q", "float32": "f", "float64": "d", "complex64": "f", "complex128": "d"
}  # fmt: skip


def flatten(data: Any) -> tuple[list[Any], tuple[int, ...]]:
    """The numbers of nested lists in row-major order, and the lists' shape."""
    shape: list[int] = []
    level = [data]
    while level and is_list(level[0]):
        length = len(level[0])
        for item in level:
            if not is_list(item) or len(item) != length:
                found = f"{len(item)} items" if is_list(item) else repr(item)
                raise InvalidArgumentError(f"the nested lists are uneven: {found}, expected a list of {length}")
        shape.append(length)
        level = [part for item in level for part in item]
    plain = [number_of(item) for item in level]
    for number in plain:
        if is_list(number):
            raise InvalidArgumentError(f"the nested lists are uneven: {number!r} stands where a number was expected")
    return plain, tuple(shape)


def number_of(item: Any) -> Any:
    """Python's own number for an array's only element; anything else as it is.

    InvalidArgumentError for one whose gradients would get lost.
    """
    if not hasattr(item, "item"):
        return item
    if getattr(item, "shape", ()) != ():
        raise InvalidArgumentError(f"an array of shape {tuple(item.shape)} stands in a list: expected numbers")
    if getattr(item, "requires_grad", False) and is_grad_enabled():
        raise InvalidArgumentError(
            "a tensor that requires gradients is not taken for a number, since they would be lost: join tensors with "
            "stack() or concat(), repeat one with expand(), or take its item()"
        )
    return item.item()


def is_list(item: Any) -> bool:
    """Whether something is a sequence of numbers or of such sequences."""
    return isinstance(item, (list, tuple, range))


def dtype_of_number(value: Any) -> DType:
    """The dtype a Python number gets when none is named: float32 for floats, int64, complex64 and bool."""
    found = dtypes.find(getattr(value, "dtype", None))  # a NumPy float64 is a float too, and keeps its dtype
    for kind in (bool, int, float, complex):
        if found is None and isinstance(value, kind):
            found = dtypes.OF_PYTHON[kind]
    if found is None:
        raise TypeMismatchError(f"{value!r} of {type(value).__name__} is no number")
    return found


def common_dtype(numbers: Sequence[Any]) -> DType:
    """complex over float over int over bool; float32 for nothing at all."""
    order = [dtypes.bool, dtypes.int64, dtypes.float32, dtypes.complex64]
    examples = {type(number): number for number in numbers}.values()
    found = [dtype_of_number(number) for number in examples]
    return max(found, key=order.index, default=dtypes.float32)


def pack(numbers: Sequence[Any], dtype: DType) -> tuple[bytes, DType]:
    """The numbers' bytes, and the dtype they are in: dtype, or one that it is rounded from.

    TypeMismatchError for what is no number, complex numbers for a real dtype, and dtypes that are for storage only;
    InvalidArgumentError for a NaN where an integer is wanted; DoesNotFitError for an integer beyond the dtype's limits.
    """
    written_as = dtypes.BY_NAME[WRITTEN_AS.get(dtype.name, dtype.name)]
    if written_as.name not in FORMATS:
        raise TypeMismatchError(f"{dtype} is for storage only: make uint8 and view it as {dtype}")
    format_code = FORMATS[written_as.name]
    if dtype is dtypes.bool:
        plain: list[Any] = [bool(require_number(number)) for number in numbers]
    elif written_as is dtypes.complex128:
        plain = [part for number in numbers for part in parts_of(number)]
    elif written_as is dtypes.float64:
        plain = [as_float(number, dtype) for number in numbers]
    else:
        plain = [as_integer(number, dtype) for number in numbers]
    try:
        return struct.pack(f"={len(plain)}{format_code}", *plain), written_as
    except struct.error:
        raise DoesNotFitError(f"{outside(plain, dtype)} does not fit {dtype}") from None


def unpack(data: bytearray, shape: tuple[int, ...], dtype: DType) -> Any:
    """Nested lists of the numbers whose bytes these are, in row-major order."""
    if dtype.name not in UNPACKED_AS:
        raise TypeMismatchError(f"{dtype} is for storage only: view('uint8') shows the bits")
    is_complex = dtype.name.startswith("complex")
    code: Any = UNPACKED_AS[dtype.name]
    flat: list[Any] = memoryview(data).cast(code).tolist()
    if is_complex:
        flat = [complex(real, imaginary) for real, imaginary in zip(flat[::2], flat[1::2], strict=True)]
    return nested(flat, shape)


def nested(flat: list[Any], shape: tuple[int, ...]) -> Any:
    """Numbers in row-major order as nested lists of a shape."""
    if not shape:
        return flat[0]
    for position in range(len(shape) - 1, 0, -1):
        size, count = shape[position], math.prod(shape[:position])
        flat = [flat[start * size : (start + 1) * size] for start in range(count)]
    return flat


def outside(numbers: Sequence[int], dtype: DType) -> int:
    """The first integer beyond the dtype's limits."""
    bits = 8 * dtype.itemsize
    low, high = (0, 2**bits) if dtype.name.startswith("u") else (-(2 ** (bits - 1)), 2 ** (bits - 1))
    return next(number for number in numbers if not low <= number < high)


def require_number(value: Any) -> Any:
    """A number as Python's own; TypeMismatchError for anything else."""
    if isinstance(value, (int, float, complex)):
        return value
    for convert in (operator.index, operator.methodcaller("__float__")):
        try:
            return convert(value)
        except (TypeError, AttributeError):
            continue
    raise TypeMismatchError(f"{value!r} of {type(value).__name__} is no number")


def parts_of(value: Any) -> tuple[float, float]:
    """A number's real and imaginary parts."""
    number = complex(require_number(value))
    return number.real, number.imag


def as_real(value: Any, dtype: DType) -> Any:
    """A number without an imaginary part."""
    number = value if type(value) in (int, float) else require_number(value)
    if isinstance(number, complex):
        raise TypeMismatchError(f"{number} is complex: it cannot become {dtype} without losing its imaginary part")
    return number


def as_float(value: Any, dtype: DType) -> float:
    """A number as float64."""
    try:
        return float(as_real(value, dtype))
    except OverflowError:
        raise DoesNotFitError(f"an integer of {int(value).bit_length()} bits does not fit {dtype}") from None


def as_integer(value: Any, dtype: DType) -> int:
    """A number as an integer, its fraction cut."""
    if type(value) is int:
        return value
    number = as_real(value, dtype)
    if isinstance(number, float):
        if math.isnan(number):
            raise InvalidArgumentError(f"NaN is no {dtype}")
        if math.isinf(number):
            raise DoesNotFitError(f"{number} does not fit {dtype}")
    return int(number)
