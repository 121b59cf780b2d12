"""The array API's functions on dtypes."""

from __future__ import annotations

import builtins
from typing import TYPE_CHECKING, Any, NamedTuple

from penstock import creation, dtypes
from penstock.base import is_tensor
from penstock.dtypes import DType, as_dtype
from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.operators import NUMBERS_OF_PYTHON, number_dtype, promoted

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = ["astype", "can_cast", "finfo", "iinfo", "isdtype", "result_type"]

KINDS: dict[str, tuple[DType, ...]] = {
    "bool": (dtypes.bool,),
    "signed integer": (dtypes.int8, dtypes.int16, dtypes.int32, dtypes.int64),
    "unsigned integer": (dtypes.uint8, dtypes.uint16, dtypes.uint32, dtypes.uint64),
    "real floating": (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64),
    "complex floating": (dtypes.complex64, dtypes.complex128),
}
KINDS["integral"] = KINDS["signed integer"] + KINDS["unsigned integer"]
KINDS["numeric"] = KINDS["integral"] + KINDS["real floating"] + KINDS["complex floating"]

# The bits of each floating dtype's mantissa, the leading 1 included, and the exponent of its largest number.
FLOATS: dict[DType, tuple[int, int]] = {
    dtypes.float16: (11, 15),
    dtypes.bfloat16: (8, 127),
    dtypes.float32: (24, 127),
    dtypes.float64: (53, 1023),
}
PARTS = {dtypes.complex64: dtypes.float32, dtypes.complex128: dtypes.float64}


class FloatLimits(NamedTuple):
    """What finfo() gives.

    bits of one number; eps, from 1 to the next larger number; max and min, the outermost finite numbers;
    smallest_normal, the smallest positive one of full precision; dtype.
    """

    bits: int
    eps: float
    max: float
    min: float
    smallest_normal: float
    dtype: DType


class IntegerLimits(NamedTuple):
    """What iinfo() gives: bits of one number; max and min, the outermost numbers; dtype."""

    bits: int
    max: int
    min: int
    dtype: DType


def astype(x: Any, dtype: Any, /, *, copy: builtins.bool = True, device: Any = None) -> Tensor:
    """The elements converted to a dtype: a copy, unless copy is false and the dtype is that already.

    >>> import penstock
    >>> penstock.astype(penstock.Tensor([1.5, -1.5]), penstock.int32).tolist()
    [1, -1]
    """
    tensor = creation.as_tensor(x)
    if device is not None:
        tensor = tensor.to(device)
    return tensor if not copy and tensor.dtype is as_dtype(dtype) else tensor.astype(dtype)


def dtype_of(x: Any) -> DType:
    """The dtype of an array, or the one that something names."""
    return x.dtype if is_tensor(x) else as_dtype(x if dtypes.find(x) is not None else getattr(x, "dtype", x))


def can_cast(from_: Any, to: Any, /) -> builtins.bool:
    """Whether operands of the first dtype, or that array, promote to the second.

    >>> import penstock
    >>> penstock.can_cast("int8", "int16"), penstock.can_cast("int16", "uint16")
    (True, False)
    """
    try:
        return promoted(dtype_of(from_), as_dtype(to)) is as_dtype(to)
    except TypeMismatchError:
        if dtypes.find(to) is None or not (is_tensor(from_) or dtypes.find(from_) or hasattr(from_, "dtype")):
            raise
        return False


def result_type(*arrays_and_dtypes: Any) -> DType:
    """The dtype that operands are converted to: arrays, dtypes, and Python's numbers beside one of these at least.

    >>> import penstock
    >>> penstock.result_type("int8", penstock.ones(2, dtype="uint8"), 3)
    penstock.int16
    """
    wanted = [dtype_of(each) for each in arrays_and_dtypes if not isinstance(each, NUMBERS_OF_PYTHON)]
    if not wanted:
        raise TypeMismatchError("result_type: expected an array or a dtype among the arguments")
    found = promoted(*wanted)
    for each in arrays_and_dtypes:
        if isinstance(each, NUMBERS_OF_PYTHON):
            found = promoted(found, number_dtype(each, found))
    return found


def isdtype(dtype: Any, kind: Any) -> builtins.bool:
    """Whether a dtype is of a kind: another dtype, a kind's name, or one of a tuple of these.

    The kinds are "bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating" and
    "numeric".

    >>> import penstock
    >>> penstock.isdtype(penstock.int8, "integral"), penstock.isdtype(penstock.int8, ("bool", penstock.int16))
    (True, False)
    """
    wanted = as_dtype(dtype)
    for each in kind if isinstance(kind, tuple) else (kind,):
        if isinstance(each, str) and each in KINDS:
            if wanted in KINDS[each]:
                return True
        elif isinstance(each, str) and dtypes.find(each) is None:
            raise InvalidArgumentError(f"{each!r} is no kind of dtypes: expected one of {', '.join(KINDS)}")
        elif wanted is as_dtype(each):
            return True
    return False


def finfo(type: Any, /) -> FloatLimits:  # noqa: A002 - the array API's name
    """The limits of a floating dtype, of a complex dtype's parts, or of an array's.

    >>> import penstock
    >>> penstock.finfo(penstock.float32).eps
    1.1920928955078125e-07
    """
    dtype = PARTS.get(dtype_of(type), dtype_of(type))
    if dtype not in FLOATS:
        raise TypeMismatchError(f"finfo is for floating dtypes, not {dtype}")
    digits, exponent = FLOATS[dtype]
    largest = (2.0 - 2.0 ** (1 - digits)) * 2.0**exponent
    return FloatLimits(8 * dtype.itemsize, 2.0 ** (1 - digits), largest, -largest, 2.0 ** (1 - exponent), dtype)


def iinfo(type: Any, /) -> IntegerLimits:  # noqa: A002 - the array API's name
    """The limits of an integer dtype, or of an array's.

    >>> import penstock
    >>> penstock.iinfo("int8").max
    127
    """
    dtype = dtype_of(type)
    if dtype not in KINDS["integral"]:
        raise TypeMismatchError(f"iinfo is for integer dtypes, not {dtype}")
    bits = 8 * dtype.itemsize
    if dtype in KINDS["unsigned integer"]:
        return IntegerLimits(bits, 2**bits - 1, 0, dtype)
    return IntegerLimits(bits, 2 ** (bits - 1) - 1, -(2 ** (bits - 1)), dtype)
