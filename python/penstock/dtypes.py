"""The types an element can have."""

from __future__ import annotations

import builtins
import sys
from typing import Any, Final

from penstock._native import lib, text
from penstock.errors import TypeMismatchError

__all__ = [
    "DType",
    "bfloat16",
    "bool",
    "complex64",
    "complex128",
    "float8_e4m3fn",
    "float8_e5m2",
    "float16",
    "float32",
    "float64",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
]


class DType:
    """The type of an element: its name, its itemsize in bytes, and its number in the C ABI.

    There is one object for each, so that `is` compares them; a dtype also equals its name.

    >>> import penstock
    >>> penstock.zeros(3).dtype is penstock.float32
    True
    >>> penstock.float32.name, penstock.float32.itemsize, penstock.float32.number
    ('float32', 4, 12)
    """

    __slots__ = ("itemsize", "name", "number")
    name: Final[str]
    number: Final[int]
    itemsize: Final[int]

    def __init__(self, number: int) -> None:
        self.number = number
        self.name = text(lib.ps_dtype_name(number))
        self.itemsize = int(lib.ps_dtype_size(number))

    def __repr__(self) -> str:
        return f"penstock.{self.name}"

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> builtins.bool:
        if isinstance(other, DType):
            return self is other
        found = find(other)
        return found is self if found is not None else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)

    def __reduce__(self) -> tuple[Any, ...]:
        return as_dtype, (self.name,)


bool = DType(1)
int8 = DType(2)
int16 = DType(3)
int32 = DType(4)
int64 = DType(5)
uint8 = DType(6)
uint16 = DType(7)
uint32 = DType(8)
uint64 = DType(9)
float16 = DType(10)
bfloat16 = DType(11)
float32 = DType(12)
float64 = DType(13)
complex64 = DType(14)
complex128 = DType(15)
float8_e4m3fn = DType(16)
float8_e5m2 = DType(17)

ALL: Final[tuple[DType, ...]] = (
    bool, int8, int16, int32, int64, uint8, uint16, uint32, uint64, float16, bfloat16, float32, float64, complex64,
    complex128, float8_e4m3fn, float8_e5m2,
)  # fmt: skip
BY_NUMBER: Final[tuple[DType | None, ...]] = (None, *ALL)
BY_NAME: Final[dict[str, DType]] = {dtype.name: dtype for dtype in ALL}
OF_PYTHON: Final[dict[Any, DType]] = {builtins.bool: bool, int: int64, float: float32, complex: complex64}


def find(wanted: object) -> DType | None:
    """The dtype for a DType, a name, a Python, NumPy or torch type; None where there is none."""
    if isinstance(wanted, DType):
        return wanted
    if isinstance(wanted, str):
        return BY_NAME.get(wanted)
    if isinstance(wanted, type) and wanted in OF_PYTHON:
        return OF_PYTHON[wanted]
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(wanted, torch.dtype):
        return BY_NAME.get(str(wanted).removeprefix("torch."))
    return find_numpys(wanted)


def find_numpys(wanted: object) -> DType | None:
    """The dtype for a NumPy dtype in this machine's byte order, or for a class that NumPy takes as one."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not isinstance(wanted, (numpy.dtype, type)):
        return None
    try:
        found = numpy.dtype(wanted)
    except TypeError:
        return None
    return BY_NAME.get(found.name) if found.isnative else None


def as_dtype(wanted: object) -> DType:
    """The dtype that something names, or an exception that says what names one."""
    found = find(wanted)
    if found is None:
        raise TypeMismatchError(
            f"{wanted!r} is no dtype: expected a name as 'float32' or 'int64', a penstock, NumPy or torch dtype, "
            f"or one of bool, int, float, complex"
        )
    return found
