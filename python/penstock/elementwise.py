"""The array API's functions that compute element by element.

Operands are tensors, other arrays, or nested lists; one of two may be a Python number, which takes the dtype of the
other. Operands broadcast by NumPy's rules, and dtypes promote as result_type() says; float32 stands in for integers
and bool where fractions are needed. Errors name the operation and all shapes or dtypes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from penstock import creation
from penstock._native import ffi, lib
from penstock.base import fast_function, made
from penstock.errors import TypeMismatchError
from penstock.operators import NUMBERS, apply_binary, apply_unary, operands

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = [
    "abs",
    "acos",
    "acosh",
    "add",
    "asin",
    "asinh",
    "atan",
    "atan2",
    "atanh",
    "bitwise_and",
    "bitwise_invert",
    "bitwise_left_shift",
    "bitwise_or",
    "bitwise_right_shift",
    "bitwise_xor",
    "ceil",
    "clip",
    "conj",
    "copysign",
    "cos",
    "cosh",
    "divide",
    "equal",
    "exp",
    "expm1",
    "floor",
    "floor_divide",
    "greater",
    "greater_equal",
    "hypot",
    "imag",
    "isfinite",
    "isinf",
    "isnan",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log2",
    "log10",
    "logaddexp",
    "logical_and",
    "logical_not",
    "logical_or",
    "logical_xor",
    "maximum",
    "minimum",
    "multiply",
    "negative",
    "nextafter",
    "not_equal",
    "positive",
    "pow",
    "real",
    "reciprocal",
    "remainder",
    "round",
    "sign",
    "signbit",
    "sin",
    "sinh",
    "sqrt",
    "square",
    "subtract",
    "tan",
    "tanh",
    "trunc",
    "where",
]

Unary: TypeAlias = "Callable[[Any], Tensor]"
Binary: TypeAlias = "Callable[[Any, Any], Tensor]"


def documented(function: Any, name: str, meaning: str, example: str, result: str) -> Any:
    """Gives a function the name that it is called by, and what is said of it."""
    function.__name__ = function.__qualname__ = name
    function.__module__ = "penstock"
    function.__doc__ = f"{meaning}\n\n>>> import penstock\n>>> {example}.tolist()\n{result}\n"
    return function


def unary(name: str, meaning: str, example: str, result: str) -> Unary:
    """The function of one operand that has a name; example and result are lists."""
    operation = NUMBERS[name]

    def function(x: Any, /) -> Tensor:
        return apply_unary(operation, x)

    made_function: Unary = documented(function, name, meaning, f"penstock.{name}(penstock.Tensor({example}))", result)
    return fast_function(operation, made_function, "(x, /)")


def binary(name: str, meaning: str, first: str, second: str, result: str) -> Binary:
    """The function of two operands that has a name; those of the example are lists, or the second a number."""
    operation = NUMBERS[name]

    def function(x1: Any, x2: Any, /) -> Tensor:
        return apply_binary(operation, x1, x2)

    example = f"penstock.{name}(penstock.Tensor({first}), {second})"
    made_function: Binary = documented(function, name, meaning, example, result)
    return fast_function(operation, made_function, "(x1, x2, /)")


abs = unary("abs", "Each element's size: its distance from 0.", "[-1.5, 2.0]", "[1.5, 2.0]")
acos = unary("acos", "The angles, in radians from 0 to pi, whose cosines the elements are.", "[1.0]", "[0.0]")
acosh = unary("acosh", "The numbers, 0 or more, whose hyperbolic cosines the elements are.", "[1.0]", "[0.0]")
asin = unary("asin", "The angles, in radians from -pi/2 to pi/2, whose sines the elements are.", "[0.0]", "[0.0]")
asinh = unary("asinh", "The numbers whose hyperbolic sines the elements are.", "[0.0]", "[0.0]")
atan = unary("atan", "The angles, in radians from -pi/2 to pi/2, whose tangents the elements are.", "[0.0]", "[0.0]")
atanh = unary("atanh", "The numbers whose hyperbolic tangents the elements are.", "[0.0]", "[0.0]")
bitwise_invert = unary("bitwise_invert", "Each bit of integers turned around; of bool, not.", "[0, 5]", "[-1, -6]")
ceil = unary("ceil", "The nearest whole numbers that are not smaller.", "[1.2, -1.2]", "[2.0, -1.0]")
conj = unary("conj", "Complex numbers with their imaginary parts' signs turned around.", "[1 + 2j]", "[(1-2j)]")
cos = unary("cos", "The cosines of angles in radians.", "[0.0]", "[1.0]")
cosh = unary("cosh", "The hyperbolic cosines.", "[0.0]", "[1.0]")
exp = unary("exp", "e to the power of each element.", "[0.0]", "[1.0]")
expm1 = unary("expm1", "e to the power of each element, less 1: accurate near 0.", "[0.0]", "[0.0]")
floor = unary("floor", "The nearest whole numbers that are not larger.", "[1.2, -1.2]", "[1.0, -2.0]")
imag = unary("imag", "The imaginary parts.", "[1 + 2j]", "[2.0]")
isfinite = unary(
    "isfinite", "Whether each element is neither infinite nor NaN.", '[1.0, float("inf")]', "[True, False]"
)
isinf = unary("isinf", "Whether each element is infinite.", '[1.0, float("inf")]', "[False, True]")
isnan = unary("isnan", "Whether each element is NaN.", '[1.0, float("nan")]', "[False, True]")
log = unary("log", "The natural logarithms.", "[1.0]", "[0.0]")
log10 = unary("log10", "The logarithms to the base of 10.", "[100.0]", "[2.0]")
log1p = unary("log1p", "The natural logarithm of 1 more than each element: accurate near 0.", "[0.0]", "[0.0]")
log2 = unary("log2", "The logarithms to the base of 2.", "[8.0]", "[3.0]")
logical_not = unary("logical_not", "Whether each element is 0 or false.", "[0, 5]", "[True, False]")
negative = unary("negative", "The elements with their signs turned around.", "[1, -2]", "[-1, 2]")
positive = unary("positive", "The elements as they are, copied.", "[1, -2]", "[1, -2]")
real = unary("real", "The real parts.", "[1 + 2j]", "[1.0]")
reciprocal = unary("reciprocal", "1 divided by each element.", "[4.0]", "[0.25]")
round = unary("round", "The nearest whole numbers, of two the even one.", "[1.4, 2.5]", "[1.0, 2.0]")
sign = unary(
    "sign",
    "-1, 0 or 1 with the sign of each element; of complex numbers, those of size 1.",
    "[-2.5, 0.0]",
    "[-1.0, 0.0]",
)
signbit = unary(
    "signbit",
    "Whether each element is negative, -0 and NaNs with their sign set included.",
    "[-0.0, 0.0]",
    "[True, False]",
)
sin = unary("sin", "The sines of angles in radians.", "[0.0]", "[0.0]")
sinh = unary("sinh", "The hyperbolic sines.", "[0.0]", "[0.0]")
sqrt = unary("sqrt", "The square roots; NaN of what is negative.", "[4.0]", "[2.0]")
square = unary("square", "The elements multiplied by themselves.", "[3, -2]", "[9, 4]")
tan = unary("tan", "The tangents of angles in radians.", "[0.0]", "[0.0]")
tanh = unary("tanh", "The hyperbolic tangents.", "[0.0]", "[0.0]")
trunc = unary("trunc", "The whole numbers without what stands behind the point.", "[1.7, -1.7]", "[1.0, -1.0]")

add = binary("add", "The sums.", "[1, 2]", "3", "[4, 5]")
atan2 = binary("atan2", "The angles, in radians, at which points (x2, x1) lie.", "[0.0]", "[1.0]", "[0.0]")
bitwise_and = binary("bitwise_and", "The bits that are set in both; of bool, and.", "[6]", "3", "[2]")
bitwise_left_shift = binary(
    "bitwise_left_shift", "Integers with their bits moved up; those that leave are lost.", "[1, 3]", "2", "[4, 12]"
)
bitwise_or = binary("bitwise_or", "The bits that are set in one at least; of bool, or.", "[6]", "3", "[7]")
bitwise_right_shift = binary(
    "bitwise_right_shift", "Integers with their bits moved down, the sign repeated.", "[8, -8]", "2", "[2, -2]"
)
bitwise_xor = binary(
    "bitwise_xor", "The bits that are set in one of both; of bool, either but not both.", "[6]", "3", "[5]"
)
copysign = binary(
    "copysign", "The size of the first with the sign of the second.", "[1.0, 2.0]", "-0.0", "[-1.0, -2.0]"
)
divide = binary("divide", "The quotients, with fractions: of integers, in float32.", "[1, 3]", "2", "[0.5, 1.5]")
equal = binary("equal", "Whether both are equal; a NaN equals nothing.", "[1, 2]", "2", "[False, True]")
floor_divide = binary(
    "floor_divide",
    "The quotients rounded down, as Python's //; integers divided by 0 give 0.",
    "[7, -7]",
    "2",
    "[3, -4]",
)
greater = binary("greater", "Whether the first is larger.", "[1, 2]", "1", "[False, True]")
greater_equal = binary(
    "greater_equal", "Whether the first is larger, or both are equal.", "[0, 1]", "1", "[False, True]"
)
hypot = binary(
    "hypot", "The square root of the sum of squares, without overflow on the way.", "[3.0]", "[4.0]", "[5.0]"
)
less = binary("less", "Whether the first is smaller.", "[1, 2]", "2", "[True, False]")
less_equal = binary("less_equal", "Whether the first is smaller, or both are equal.", "[2, 3]", "2", "[True, False]")
logaddexp = binary(
    "logaddexp", "log(exp(x1) + exp(x2)), without overflow on the way.", "[1000.0]", "[-1000.0]", "[1000.0]"
)
logical_and = binary("logical_and", "Whether neither is 0 or false.", "[0, 5]", "[1, 1]", "[False, True]")
logical_or = binary("logical_or", "Whether one at least is not 0 or false.", "[0, 5]", "[0, 0]", "[False, True]")
logical_xor = binary("logical_xor", "Whether one but not both is 0 or false.", "[0, 5]", "[1, 1]", "[True, False]")
maximum = binary("maximum", "The larger of both; NaN where one is.", "[1, 3]", "2", "[2, 3]")
minimum = binary("minimum", "The smaller of both; NaN where one is.", "[1, 3]", "2", "[1, 2]")
multiply = binary("multiply", "The products.", "[1, 2]", "3", "[3, 6]")
nextafter = binary(
    "nextafter",
    "The next number after the first on the way to the second.",
    "[0.0]",
    "[1.0]",
    "[1.401298464324817e-45]",
)
not_equal = binary("not_equal", "Whether both differ; a NaN differs from all.", "[1, 2]", "2", "[True, False]")
pow = binary("pow", "The first to the power of the second.", "[2, 3]", "3", "[8, 27]")
remainder = binary(
    "remainder",
    "What is left of the division, with the sign of the second, as Python's %; integers divided by 0 leave 0.",
    "[7, -7]",
    "4",
    "[3, 1]",
)
subtract = binary("subtract", "The differences.", "[1, 2]", "3", "[-2, -1]")


def where(condition: Any, x1: Any, x2: Any, /) -> Tensor:
    """The first's elements where condition is true, the second's elsewhere.

    >>> import penstock
    >>> penstock.where(penstock.Tensor([True, False]), penstock.Tensor([1, 2]), 0).tolist()
    [1, 0]
    """
    first, second = operands(x1, x2)
    return made(lib.ps_ops_where, creation.as_tensor(condition), first, second)


def clip(x: Any, /, min: Any = None, max: Any = None) -> Tensor:
    """The elements with what is below min raised to it, and what is above max lowered to that; None is no limit.

    >>> import penstock
    >>> penstock.clip(penstock.Tensor([1, 5, 9]), 2, 6).tolist()
    [2, 5, 6]
    """
    tensor = creation.as_tensor(x)
    return made(lib.ps_ops_clip, tensor, limit(min, tensor), limit(max, tensor))


def limit(value: Any, tensor: Tensor) -> Any:
    """A limit of clip(); NULL for none."""
    if value is None:
        return ffi.NULL
    found = operands(tensor, value)[1]
    if isinstance(value, float) and found.dtype is not tensor.dtype:
        raise TypeMismatchError(f"clip: {value} is no limit for {tensor.dtype}: expected an integer")
    return found
