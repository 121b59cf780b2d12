"""The gradient of every operation beside central differences in float64."""

from collections.abc import Callable
from typing import Any

import numpy
import penstock
import pytest
from gradient_checks import assert_gradients
from penstock._native import ffi, lib, text

SEED = 11


def drawn(low: float, high: float, shape: tuple[int, ...] = (2, 3)) -> Any:
    """Numbers between two limits."""
    return numpy.random.default_rng(SEED).uniform(low, high, shape)


def complex_drawn(low: float, high: float, shape: tuple[int, ...] = (2, 3)) -> Any:
    """Complex numbers with parts between two limits."""
    generator = numpy.random.default_rng(SEED)
    return generator.uniform(low, high, shape) + 1j * generator.uniform(low, high, shape)


# Where each unary operation is smooth, for real numbers; and for complex ones, None where it takes none.
UNARY: dict[str, tuple[tuple[float, float], tuple[float, float] | None]] = {
    "abs": ((0.2, 2), (0.2, 2)),
    "acos": ((-0.9, 0.9), (-0.9, 0.9)),
    "acosh": ((1.2, 3), (0.3, 2)),
    "asin": ((-0.9, 0.9), (-0.9, 0.9)),
    "asinh": ((-2, 2), (0.2, 0.8)),
    "atan": ((-2, 2), (0.2, 0.8)),
    "atanh": ((-0.9, 0.9), (-0.8, 0.8)),
    "conj": ((-2, 2), (-2, 2)),
    "cos": ((-2, 2), (-1, 1)),
    "cosh": ((-2, 2), (-1, 1)),
    "exp": ((-2, 2), (-1, 1)),
    "expm1": ((-2, 2), (-1, 1)),
    "imag": ((-2, 2), (-2, 2)),
    "log": ((0.3, 3), (0.3, 2)),
    "log10": ((0.3, 3), (0.3, 2)),
    "log1p": ((-0.5, 3), (0.3, 2)),
    "log2": ((0.3, 3), (0.3, 2)),
    "negative": ((-2, 2), (-2, 2)),
    "positive": ((-2, 2), (-2, 2)),
    "real": ((-2, 2), (-2, 2)),
    "reciprocal": ((0.3, 3), (0.3, 2)),
    "sin": ((-2, 2), (-1, 1)),
    "sinh": ((-2, 2), (-1, 1)),
    "sqrt": ((0.3, 3), (0.3, 2)),
    "square": ((-2, 2), (-2, 2)),
    "tan": ((-1, 1), (-0.7, 0.7)),
    "tanh": ((-2, 2), (-0.7, 0.7)),
}

# The same of both operands of a binary one.
BINARY: dict[str, tuple[tuple[float, float], tuple[float, float], bool]] = {
    "add": ((-2, 2), (-2, 2), True),
    "atan2": ((0.3, 2), (-2, -0.3), False),
    "copysign": ((0.3, 2), (-2, -0.3), False),
    "divide": ((-2, 2), (0.4, 2), True),
    "hypot": ((0.3, 2), (-2, -0.3), False),
    "logaddexp": ((-2, 2), (-3, 3), False),
    "maximum": ((-2, 2), (-3, 1), False),
    "minimum": ((-2, 2), (-3, 1), False),
    "multiply": ((-2, 2), (-2, 2), True),
    "pow": ((0.3, 2), (-2, 2), True),
    "remainder": ((5.1, 5.9), (1.6, 1.8), False),
    "subtract": ((-2, 2), (-2, 2), True),
}

REDUCTIONS = ("sum", "prod", "mean", "var", "std", "max", "min")
ACCUMULATIONS = ("cumulative_sum", "cumulative_prod")
COMPLEX_REDUCTIONS = ("sum", "prod", "mean")


def test_every_differentiable_operation_has_a_case() -> None:
    """One that the table of operations calls differentiable and that stands nowhere here fails."""
    numbers = ffi.typeof("ps_operation").elements
    differentiable = {
        text(lib.ps_operation_name(number)) for number in numbers if lib.ps_operation_is_differentiable(number) == 1
    }
    assert differentiable == {*UNARY, *BINARY, *REDUCTIONS, *ACCUMULATIONS}


@pytest.mark.parametrize("name", sorted(UNARY))
def test_of_one_operand(name: str) -> None:
    """Real operands, and complex ones."""
    real, with_imaginary = UNARY[name]
    operation = getattr(penstock, name) if hasattr(penstock, name) else None
    if operation is None:
        pytest.fail(f"penstock has no {name}")
    assert_gradients(operation, drawn(*real))
    if with_imaginary is not None:
        assert_gradients(operation, complex_drawn(*with_imaginary))


@pytest.mark.parametrize("name", sorted(BINARY))
def test_of_two_operands(name: str) -> None:
    """Of one shape, of two that broadcast, a tensor with itself, and complex ones."""
    first, second, takes_complex = BINARY[name]
    operation = getattr(penstock, name)
    assert_gradients(operation, drawn(*first), drawn(*second))
    assert_gradients(operation, drawn(*first, shape=(2, 1, 3)), drawn(*second, shape=(4, 1)))
    assert_gradients(operation, drawn(*first, shape=()), drawn(*second))
    if takes_complex:
        assert_gradients(operation, complex_drawn(*first), complex_drawn(*second))
        assert_gradients(operation, drawn(*first), complex_drawn(*second, shape=(3,)))


@pytest.mark.parametrize("name", REDUCTIONS)
@pytest.mark.parametrize("axis", [None, 0, -1, (0, 2), (1,), (0, 1, 2)])
@pytest.mark.parametrize("keepdims", [False, True])
def test_of_reductions(name: str, axis: Any, keepdims: bool) -> None:
    """Over all axes, one, and several."""
    operation = getattr(penstock, name)
    assert_gradients(lambda x: operation(x, axis=axis, keepdims=keepdims), drawn(-2, 2, (2, 3, 2)))
    if name in COMPLEX_REDUCTIONS:
        assert_gradients(lambda x: operation(x, axis=axis, keepdims=keepdims), complex_drawn(-2, 2, (2, 3, 2)))


@pytest.mark.parametrize("name", ["var", "std"])
def test_of_variances_with_a_correction(name: str) -> None:
    """Which divides by less than the count."""
    operation = getattr(penstock, name)
    assert_gradients(lambda x: operation(x, axis=0, correction=1), drawn(-2, 2, (4, 2)))
    assert_gradients(lambda x: operation(x, correction=1.5), drawn(-2, 2, (4, 2)))


@pytest.mark.parametrize("zeros", [(), (1,), (0, 3)])
def test_of_products_with_zeros(zeros: tuple[int, ...]) -> None:
    """None, one, and two: no quotient of the product by the element says it there."""
    numbers = drawn(0.5, 2, (4,))
    numbers[list(zeros)] = 0
    assert_gradients(penstock.prod, numbers)
    assert_gradients(lambda x: penstock.prod(x, axis=0), numpy.stack([numbers, numbers[::-1]], axis=1))
    assert_gradients(penstock.cumulative_prod, numbers)
    assert_gradients(penstock.cumulative_prod, numbers + 0j)


@pytest.mark.parametrize("name", ACCUMULATIONS)
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("include_initial", [False, True])
def test_of_running_totals(name: str, axis: int, include_initial: bool) -> None:
    """Along each axis, with and without the total of nothing."""
    operation = getattr(penstock, name)

    def function(x: Any) -> Any:
        return operation(x, axis=axis, include_initial=include_initial)

    assert_gradients(function, drawn(-2, 2, (2, 3, 2)))
    assert_gradients(function, complex_drawn(-2, 2, (2, 3, 2)))


def test_of_where_and_clip() -> None:
    """Both branches; operands below, between and above limits that are tensors, one of them, or none."""
    condition = numpy.array([[True, False, True], [False, True, False]])
    assert_gradients(penstock.where, condition, drawn(-2, 2), drawn(-1, 1, (3,)))
    spread = numpy.array([[-2.0, -0.5, 0.1], [0.3, 1.5, 3.0]])
    low, high = numpy.array([-1.0, -0.9, 0.2]), numpy.array([[1.0], [1.2]])
    assert_gradients(penstock.clip, spread, low, high)
    assert_gradients(lambda x, y: penstock.clip(x, min=y), spread, low)
    assert_gradients(lambda x, y: penstock.clip(x, max=y), spread, high)
    assert_gradients(lambda x: penstock.clip(x, -1.0, 1.2), spread)
    assert_gradients(penstock.clip, spread, high, low + 0.05)  # high below low decides


VIEWS: dict[str, Callable[[Any], Any]] = {
    "reshape": lambda x: x.reshape(3, 2, 2),
    "flatten": lambda x: x.flatten(),
    "permute": lambda x: x.permute(2, 0, 1),
    "permute from the end": lambda x: x.permute(-1, -3, -2),
    "transpose": lambda x: x.transpose(0, -1),
    "mT": lambda x: x.mT,
    "select": lambda x: x.select(1, -1),
    "narrow": lambda x: x.narrow(1, 1, 2),
    "unsqueeze and squeeze": lambda x: x.unsqueeze(1).squeeze(1),
    "expand": lambda x: x.unsqueeze(0).expand(4, -1, -1, -1),
    "contiguous": lambda x: x.transpose(0, 1).contiguous(),
    "clone": lambda x: x.clone(),
    "flip": lambda x: penstock.flip(x, axis=(0, 2)),
    "an int": lambda x: x[1],
    "ints": lambda x: x[0, -1, 1],
    "slices": lambda x: x[:, 2:0:-1, ::2],
    "an empty slice": lambda x: x[:, 3:],
    "an ellipsis and a new axis": lambda x: x[..., None, 1],
    "an index array": lambda x: x[[1, 0, 1, 1]],
    "index arrays": lambda x: x[[1, 0, 1], [2, 2, -1]],
    "index arrays apart": lambda x: x[[1, 0], :, [0, 1]],
    "an index matrix": lambda x: x[:, penstock.Tensor([[0, 1], [2, 0]])],
    "a mask": lambda x: x[penstock.Tensor([[True, False, True], [False, False, True]])],
    "a mask of the whole": lambda x: x[x > 0],
    "to": lambda x: x.to("cpu"),
    "astype": lambda x: x.astype("float64"),
    "copy_": lambda x: penstock.empty((2, 3, 2), dtype="float64").copy_(x),
    "copy_ that broadcasts": lambda x: penstock.empty((4, 2, 3, 2), dtype="float64").copy_(x),
}


@pytest.mark.parametrize("name", VIEWS)
def test_of_views_copies_and_indices(name: str) -> None:
    """A view of a view too."""
    assert_gradients(VIEWS[name], drawn(-2, 2, (2, 3, 2)))
    assert_gradients(lambda x: VIEWS[name](2 * x.permute(1, 0, 2).permute(1, 0, 2)), drawn(-2, 2, (2, 3, 2)))


JOINS: dict[str, Callable[[Any, Any], Any]] = {
    "concat": lambda x, y: penstock.concat([x, y, 2 * x], axis=1),
    "concat of all in row-major order": lambda x, y: penstock.concat([x, y], axis=None),
    "concat with what requires nothing": lambda x, y: penstock.concat([x, penstock.ones((2, 1)), y], axis=-1),
    "stack": lambda x, y: penstock.stack([x, y[:, :3], x], axis=1),
    "tile": lambda x, y: penstock.tile(x, (3, 1, 2)) + penstock.tile(y[:1, :2], (1, 3)),
    "tile of a number": lambda x, y: penstock.tile(x[0, 0], (2,)) * y[0, 0],
    "roll": lambda x, y: penstock.roll(x, (1, -1), axis=(0, 1)) * penstock.roll(y[:, 1:], 2),
    "unstack": lambda x, y: penstock.unstack(x)[1] * penstock.unstack(y, axis=1)[0][1],
    "broadcast_arrays": lambda x, y: penstock.broadcast_arrays(x, y[0, 0])[1] * x,
}


@pytest.mark.parametrize("name", JOINS)
def test_of_what_joins_and_moves(name: str) -> None:
    """Each gradient goes back to the part it is of."""
    assert_gradients(JOINS[name], drawn(-2, 2, (2, 3)), drawn(-1, 2, (2, 4)))


MATRICES = {
    "matrices": ((2, 3), (3, 4)),
    "a row and a matrix": ((3,), (3, 4)),
    "a matrix and a column": ((2, 3), (3,)),
    "a row and a column": ((3,), (3,)),
    "batches that broadcast": ((5, 1, 2, 3), (4, 3, 2)),
    "a batch and a column": ((4, 2, 3), (3,)),
    "a row and a batch": ((3,), (4, 3, 2)),
    "nothing in between": ((2, 0), (0, 3)),
}


@pytest.mark.parametrize("name", MATRICES)
def test_of_matrix_products(name: str) -> None:
    """Real ones and complex ones, and a real one with a complex one."""
    first, second = MATRICES[name]
    assert_gradients(penstock.matmul, drawn(-2, 2, first), drawn(-2, 2, second))
    assert_gradients(lambda x, y: x @ y, complex_drawn(-2, 2, first), complex_drawn(-1, 2, second))
    assert_gradients(penstock.matmul, drawn(-2, 2, first), complex_drawn(-1, 2, second))


def test_in_place_operations_lead_back() -> None:
    """Also where an operand is the destination."""

    def function(x: Any) -> Any:
        y = x * 2
        y += x
        y *= y
        y /= 1 + x**2
        return y

    assert_gradients(function, drawn(-2, 2))


def test_through_conversions_gradients_come_back_in_the_operands_dtype() -> None:
    """From float32 to float64 and complex128, and on from there."""
    x = penstock.Tensor([1.5, -2.0], dtype="float32", requires_grad=True)
    penstock.sum(x.astype("float64") ** 2).backward()
    assert x.grad is not None
    assert (x.grad.dtype, x.grad.tolist()) == (penstock.float32, [3.0, -4.0])
    x.grad = None
    penstock.sum(penstock.real(x * penstock.Tensor(2 + 1j, dtype="complex128"))).backward()
    assert x.grad is not None
    assert (x.grad.dtype, x.grad.tolist()) == (penstock.float32, [2.0, 2.0])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_of_small_floats(dtype: str) -> None:
    """Whose gradients are as small."""
    x = penstock.Tensor([1.5, -2.0], dtype=dtype, requires_grad=True)
    penstock.sum(x * x + x[[0, 0]]).backward()
    assert x.grad is not None
    assert (x.grad.dtype.name, x.grad.tolist()) == (dtype, [5.0, -4.0])
