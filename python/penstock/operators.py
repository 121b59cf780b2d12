"""Operations on tensors and Python's numbers, and the operators of a tensor."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from penstock import creation, dtypes
from penstock._native import call, ffi, lib, text
from penstock.base import is_tensor, made
from penstock.dtypes import DType
from penstock.errors import TypeMismatchError

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = ["Operators", "apply_binary", "apply_unary", "operands", "promoted"]

UnaryMethod: TypeAlias = "Callable[[Any], Tensor]"
BinaryMethod: TypeAlias = "Callable[[Any, Any], Tensor]"

# The number of each operation in the C ABI, by its name there and here.
NUMBERS: Final[dict[str, int]] = {
    text(lib.ps_operation_name(number)): number for number in ffi.typeof("ps_operation").elements
}

NUMBERS_OF_PYTHON = (bool, int, float, complex)
COMPLEX_OF: Final[dict[DType, DType]] = {
    dtypes.float64: dtypes.complex128,
    dtypes.complex64: dtypes.complex64,
    dtypes.complex128: dtypes.complex128,
}
INEXACT = frozenset(
    (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64, dtypes.complex64, dtypes.complex128)
)


def number_dtype(value: Any, dtype: DType) -> DType:
    """The dtype that a Python number takes beside a tensor of dtype: that, unless the number is of a higher kind."""
    if isinstance(value, complex) and not isinstance(value, (int, float)):
        return COMPLEX_OF.get(dtype, dtypes.complex64)
    if dtype in INEXACT or isinstance(value, bool):
        return dtype
    if isinstance(value, float):
        return dtypes.float32
    return dtypes.int64 if dtype is dtypes.bool else dtype


def operand(value: Any, dtype: DType) -> Tensor:
    """What stands beside a tensor of dtype: an array as it is, a number as a tensor of rank 0."""
    if is_tensor(value):
        return value
    if isinstance(value, NUMBERS_OF_PYTHON):
        return creation.full((), value, dtype=number_dtype(value, dtype))
    return creation.as_tensor(value)


def operands(*values: Any) -> list[Tensor]:
    """All as tensors, of which one at least is an array: Python's numbers take the dtype of the first array."""
    for value in values:
        if not isinstance(value, NUMBERS_OF_PYTHON):
            first = creation.as_tensor(value)
            return [first if each is value else operand(each, first.dtype) for each in values]
    raise TypeMismatchError(f"{', '.join(map(repr, values))} are numbers: expected a tensor among them")


def promoted(*wanted: DType) -> DType:
    """The dtype that operands of some dtypes are converted to."""
    out = ffi.new("ps_dtype *")
    call(lib.ps_result_type, out, len(wanted), tuple(dtype.number for dtype in wanted))
    number: int = out[0]
    return dtypes.ALL[number - 1]


def apply_unary(operation: int, x: Any) -> Tensor:
    """A new tensor of an operation applied to each element."""
    return made(lib.ps_ops_unary, operation, x if is_tensor(x) else creation.as_tensor(x))


def apply_binary(operation: int, first: Any, second: Any) -> Tensor:
    """A new tensor of an operation applied to each pair of elements."""
    if not (is_tensor(first) and is_tensor(second)):
        first, second = operands(first, second)
    return made(lib.ps_ops_binary, operation, first, second)


def binary_method(name: str, *, is_reflected: bool = False) -> BinaryMethod:
    """The method behind an operator; NotImplemented, which makes Python ask the other operand, for what is no array."""
    operation = NUMBERS[name]

    def method(self: Any, other: Any) -> Tensor:
        if not is_operand(other):
            return NotImplemented  # type: ignore[no-any-return] # Python asks the other operand
        return apply_binary(operation, other, self) if is_reflected else apply_binary(operation, self, other)

    return method


def in_place_method(name: str) -> BinaryMethod:
    """The method behind an operator such as +=, which writes to the tensor itself and keeps its dtype."""
    operation = NUMBERS[name]

    def method(self: Any, other: Any) -> Tensor:
        if not is_operand(other):
            return NotImplemented  # type: ignore[no-any-return] # Python asks the other operand
        destination: Tensor = self
        call(lib.ps_ops_binary_into, destination, operation, destination, operand(other, destination.dtype))
        return destination

    return method


def unary_method(name: str) -> UnaryMethod:
    """The method behind an operator with one operand."""
    operation = NUMBERS[name]

    def method(self: Any) -> Tensor:
        return apply_unary(operation, self)

    return method


def matmul_method(*, is_reflected: bool = False) -> BinaryMethod:
    """The method behind @; NotImplemented for what is no array."""

    def method(self: Any, other: Any) -> Tensor:
        if not (is_tensor(other) or creation.is_array(other)):
            return NotImplemented  # type: ignore[no-any-return] # Python asks the other operand
        array = creation.as_tensor(other)
        return made(lib.ps_ops_matmul, array, self) if is_reflected else made(lib.ps_ops_matmul, self, array)

    return method


def matmul_in_place(self: Any, other: Any) -> Tensor:
    """The method behind @=, which writes to the tensor itself and keeps its dtype and shape."""
    if not (is_tensor(other) or creation.is_array(other)):
        return NotImplemented  # type: ignore[no-any-return] # Python asks the other operand
    destination: Tensor = self
    call(lib.ps_ops_matmul_into, destination, destination, creation.as_tensor(other))
    return destination


def is_operand(value: Any) -> bool:
    """Whether an operator can take something."""
    return is_tensor(value) or isinstance(value, NUMBERS_OF_PYTHON) or creation.is_array(value)


class Operators:
    """The operators of a tensor: each is the operation of the array API that has its meaning."""

    __slots__ = ()
    __array_priority__ = 1000  # NumPy's arrays leave an operator with a tensor on the right to the tensor

    __abs__ = unary_method("abs")
    __invert__ = unary_method("bitwise_invert")
    __neg__ = unary_method("negative")
    __pos__ = unary_method("positive")

    __add__ = binary_method("add")
    __and__ = binary_method("bitwise_and")
    __floordiv__ = binary_method("floor_divide")
    __ge__ = binary_method("greater_equal")
    __gt__ = binary_method("greater")
    __le__ = binary_method("less_equal")
    __lshift__ = binary_method("bitwise_left_shift")
    __lt__ = binary_method("less")
    __matmul__ = matmul_method()
    __mod__ = binary_method("remainder")
    __mul__ = binary_method("multiply")
    __or__ = binary_method("bitwise_or")
    __pow__ = binary_method("pow")
    __rshift__ = binary_method("bitwise_right_shift")
    __sub__ = binary_method("subtract")
    __truediv__ = binary_method("divide")
    __xor__ = binary_method("bitwise_xor")

    __radd__ = binary_method("add", is_reflected=True)
    __rand__ = binary_method("bitwise_and", is_reflected=True)
    __rfloordiv__ = binary_method("floor_divide", is_reflected=True)
    __rlshift__ = binary_method("bitwise_left_shift", is_reflected=True)
    __rmatmul__ = matmul_method(is_reflected=True)
    __rmod__ = binary_method("remainder", is_reflected=True)
    __rmul__ = binary_method("multiply", is_reflected=True)
    __ror__ = binary_method("bitwise_or", is_reflected=True)
    __rpow__ = binary_method("pow", is_reflected=True)
    __rrshift__ = binary_method("bitwise_right_shift", is_reflected=True)
    __rsub__ = binary_method("subtract", is_reflected=True)
    __rtruediv__ = binary_method("divide", is_reflected=True)
    __rxor__ = binary_method("bitwise_xor", is_reflected=True)

    __iadd__ = in_place_method("add")
    __iand__ = in_place_method("bitwise_and")
    __ifloordiv__ = in_place_method("floor_divide")
    __ilshift__ = in_place_method("bitwise_left_shift")
    __imatmul__ = matmul_in_place
    __imod__ = in_place_method("remainder")
    __imul__ = in_place_method("multiply")
    __ior__ = in_place_method("bitwise_or")
    __ipow__ = in_place_method("pow")
    __irshift__ = in_place_method("bitwise_right_shift")
    __isub__ = in_place_method("subtract")
    __itruediv__ = in_place_method("divide")
    __ixor__ = in_place_method("bitwise_xor")

    __eq__ = binary_method("equal")  # type: ignore[assignment] # of each element
    __ne__ = binary_method("not_equal")  # type: ignore[assignment]
    __hash__ = object.__hash__  # of the object: its elements may change
