"""The gradient of every operation beside central differences in float64."""

from collections.abc import Callable
from typing import Any

import numpy
import penstock
import penstock.kpu
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
    "to_device": lambda x: x.to_device("cpu"),
    "astype": lambda x: x.astype("float64"),
    "copy_": lambda x: penstock.empty((2, 3, 2), dtype="float64").copy_(x),
    "copy_ that broadcasts": lambda x: penstock.empty((4, 2, 3, 2), dtype="float64").copy_(x),
}


@pytest.mark.parametrize("name", VIEWS)
def test_of_views_copies_and_indices(name: str) -> None:
    """A view of a view too."""
    assert_gradients(VIEWS[name], drawn(-2, 2, (2, 3, 2)))
    assert_gradients(lambda x: VIEWS[name](2 * x.permute(1, 0, 2).permute(1, 0, 2)), drawn(-2, 2, (2, 3, 2)))


ROWS, INDICES = numpy.array([2, 0, 1]), penstock.Tensor([[2, 0, 0, 1], [1, 1, 3, -1]])

# By the function, and what is special about the case.
ARRANGED: dict[tuple[str, str], Callable[[Any, Any], Any]] = {
    ("asarray", "as it is"): lambda x, y: penstock.asarray(x) * y[0, 0],
    ("asarray", "copied"): lambda x, y: penstock.asarray(x, copy=True) * y[0, 0],
    ("asarray", "converted"): lambda x, y: penstock.asarray(x, dtype="complex128") * y[0, 0],
    ("astype", ""): lambda x, y: penstock.astype(x, "complex128") + y[0, 0],
    ("astype", "copied"): lambda x, y: penstock.astype(x, "float64", copy=True) + y[0, 0],
    ("broadcast_arrays", ""): lambda x, y: penstock.broadcast_arrays(x, y[0, 0])[1] * x,
    ("broadcast_to", ""): lambda x, y: penstock.broadcast_to(x, (4, 2, 3)) * y[0, 0],
    ("concat", ""): lambda x, y: penstock.concat([x, y, 2 * x], axis=1),
    ("concat", "of all in row-major order"): lambda x, y: penstock.concat([x, y], axis=None),
    ("concat", "with what requires nothing"): lambda x, y: penstock.concat([x, penstock.ones((2, 1)), y], axis=-1),
    ("concat", "with integers, to complex numbers"): lambda x, y: penstock.concat(
        [x, penstock.Tensor([[1], [2]], dtype="complex64"), y], axis=1
    ),
    ("diff", ""): lambda x, y: penstock.diff(x) * penstock.diff(y, n=2),
    ("diff", "along another axis"): lambda x, y: penstock.diff(x, axis=0) * y[0, 0],
    ("diff", "of order 0"): lambda x, y: penstock.diff(x, n=0) * y[0, 0],
    ("diff", "until nothing is left"): lambda x, y: penstock.diff(x, n=5) + y[:, :1],
    ("diff", "with what is joined"): lambda x, y: penstock.diff(x, n=2, prepend=y, append=x[:, :1]),
    ("diff", "with what is joined before"): lambda x, y: penstock.diff(x, axis=0, prepend=y[:, 1:]),
    ("diff", "with what is joined behind"): lambda x, y: penstock.diff(x[:, :1], append=y) + x[0, 1],
    ("expand_dims", ""): lambda x, y: penstock.expand_dims(x, axis=1) * penstock.expand_dims(y[:, 1:], axis=0),
    ("flip", ""): lambda x, y: penstock.flip(x) * penstock.flip(y, axis=1)[:, :3],
    ("matrix_transpose", ""): lambda x, y: penstock.matrix_transpose(x) @ y,
    ("meshgrid", ""): lambda x, y: penstock.meshgrid(x[0], y[1])[0] * penstock.meshgrid(x[0], y[1])[1],
    ("meshgrid", "of three"): lambda x, y: penstock.meshgrid(x[0], y[1], y[0], indexing="ij")[2] * x[0, 0],
    ("moveaxis", ""): lambda x, y: penstock.moveaxis(penstock.stack([x, y[:, 1:]]), (0, 1), (2, 0)),
    ("permute_dims", ""): lambda x, y: penstock.permute_dims(x, (1, 0)) @ y,
    ("repeat", "of each alike"): lambda x, y: penstock.repeat(x, 2, axis=1) * y[0, 0],
    ("repeat", "of each otherwise"): lambda x, y: penstock.repeat(x, ROWS, axis=1) * y[:, 1:],
    ("repeat", "of all in row-major order"): lambda x, y: penstock.repeat(x, penstock.arange(6)) + y[0, 0],
    ("reshape", ""): lambda x, y: penstock.reshape(x.T, (-1, 2)) * y[0, 0],
    ("reshape", "copied"): lambda x, y: penstock.reshape(x, (6,), copy=True) * y[0, 0],
    ("roll", "along axes"): lambda x, y: penstock.roll(x, (1, -1), axis=(0, 1)) * y[:, 1:],
    ("roll", "along an axis twice"): lambda x, y: penstock.roll(x, (1, 1), axis=(1, 1)) * y[:, 1:],
    ("roll", "in row-major order"): lambda x, y: penstock.roll(y[:, 1:], 2) * penstock.roll(x, -7),
    ("sort", ""): lambda x, y: penstock.sort(x) * penstock.sort(y, axis=0)[:, 1:],
    ("sort", "descending"): lambda x, y: penstock.sort(x, axis=0, descending=True) * y[:, 1:],
    ("squeeze", ""): lambda x, y: penstock.squeeze(x[:1], 0) * y[:, 1:],
    ("stack", ""): lambda x, y: penstock.stack([x, y[:, :3], x], axis=1),
    ("stack", "at the end"): lambda x, y: penstock.stack([x, y[:, :3]], axis=-1),
    ("take", ""): lambda x, y: (
        penstock.take(x, ROWS, axis=1) * penstock.take(y, penstock.Tensor([1, 1]), axis=0)[:, 1:]
    ),
    ("take_along_axis", ""): lambda x, y: penstock.take_along_axis(y, INDICES, axis=1)[:, 1:] * x,
    ("take_along_axis", "that broadcasts"): lambda x, y: (
        penstock.take_along_axis(x, INDICES[:1, 1:] % 2, axis=0) * y[0, 0]
    ),
    ("tensordot", ""): lambda x, y: penstock.tensordot(x, y, axes=((0,), (0,))),
    ("tensordot", "of nothing"): lambda x, y: penstock.tensordot(x, y, axes=0),
    ("tensordot", "of all"): lambda x, y: penstock.tensordot(x, y[:, 1:], axes=2),
    ("tile", "to more axes"): lambda x, y: penstock.tile(x, (3, 1, 2)) + penstock.tile(y[:1, :2], (1, 3)),
    ("tile", "of a number"): lambda x, y: penstock.tile(x[0, 0], (2,)) * y[0, 0],
    ("tril", ""): lambda x, y: penstock.tril(x) * penstock.tril(y, k=-1)[:, 1:] + penstock.tril(x @ x.T)[:, :1],
    ("triu", ""): lambda x, y: penstock.triu(x, k=1) * penstock.triu(y, k=-1)[:, 1:],
    ("unique_all", ""): lambda x, y: penstock.unique_all(x).values * y[0, 0],
    ("unique_counts", ""): lambda x, y: penstock.unique_counts(x).values * y[0, 0],
    ("unique_inverse", ""): lambda x, y: penstock.unique_inverse(x).values * y[0, 0],
    ("unique_values", ""): lambda x, y: penstock.unique_values(penstock.concat([x, x, y], axis=1)),
    ("unstack", ""): lambda x, y: penstock.unstack(x)[1] * penstock.unstack(y, axis=1)[0][1],
    ("vecdot", ""): lambda x, y: penstock.vecdot(x, y[:, 1:]),
    ("vecdot", "along another axis, that broadcasts"): lambda x, y: penstock.vecdot(x, y[:, :1], axis=-2),
}


def case_name(case: tuple[str, str]) -> str:
    """As pytest shows it."""
    return " ".join(case).strip()


@pytest.mark.parametrize("case", ARRANGED, ids=case_name)
def test_of_what_joins_and_moves(case: tuple[str, str]) -> None:
    """Each gradient goes back to the part it is of; of complex numbers too."""
    assert_gradients(ARRANGED[case], drawn(-2, 2, (2, 3)), drawn(-1, 2, (2, 4)))
    if case[0] not in ("sort", "unique_all", "unique_counts", "unique_inverse", "unique_values", "asarray", "astype"):
        assert_gradients(ARRANGED[case], complex_drawn(-2, 2, (2, 3)), drawn(-1, 2, (2, 4)))
        assert_gradients(ARRANGED[case], complex_drawn(-2, 2, (2, 3)), complex_drawn(-1, 2, (2, 4)))


CONTRACTED: dict[str, tuple[tuple[int, ...], tuple[int, ...], Any]] = {
    "one axis each": ((2, 3, 4), (3, 5), ((1,), (0,))),
    "axes in another order": ((2, 3, 4), (4, 2, 5), ((2, 0), (0, 1))),
    "axes from the end": ((2, 3, 4), (5, 3, 4), ((-1, -2), (2, -2))),
    "three axes": ((2, 3, 4), (4, 2, 3), ((0, 1, 2), (1, 2, 0))),
    "a count": ((2, 3, 4), (3, 4, 2), 2),
    "nothing in between": ((2, 0), (0, 3), 1),
    "vectors": ((3,), (3,), 1),
}


@pytest.mark.parametrize("name", CONTRACTED)
def test_of_sums_over_named_axes(name: str) -> None:
    """Real ones, complex ones, and one of each."""
    first, second, axes = CONTRACTED[name]

    def function(x: Any, y: Any) -> Any:
        return penstock.tensordot(x, y, axes=axes)

    assert_gradients(function, drawn(-2, 2, first), drawn(-1, 2, second))
    assert_gradients(function, complex_drawn(-2, 2, first), complex_drawn(-1, 2, second))
    assert_gradients(function, drawn(-2, 2, first), complex_drawn(-1, 2, second))


@pytest.mark.parametrize(
    ("first", "second", "axis"),
    [((3,), (3,), -1), ((2, 3), (2, 3), -2), ((4, 1, 3), (2, 3), -1), ((4, 3, 1), (3, 2), -2), ((2, 0), (2, 0), -1)],
)
def test_of_products_of_vectors(first: tuple[int, ...], second: tuple[int, ...], axis: int) -> None:
    """The first operand is conjugated where it is complex."""

    def function(x: Any, y: Any) -> Any:
        return penstock.vecdot(x, y, axis=axis)

    assert_gradients(function, drawn(-2, 2, first), drawn(-1, 2, second))
    assert_gradients(function, complex_drawn(-2, 2, first), complex_drawn(-1, 2, second))
    assert_gradients(function, complex_drawn(-2, 2, first), drawn(-1, 2, second))
    assert_gradients(function, drawn(-2, 2, first), complex_drawn(-1, 2, second))


RANDOM: dict[str, Callable[[Any], Any]] = {
    "permutation": lambda x: penstock.random.permutation(penstock.random.key(3), x, axis=1),
    "choice": lambda x: penstock.random.choice(penstock.random.key(3), x, (4, 2), axis=1),
}


@pytest.mark.parametrize("name", RANDOM)
def test_of_random_orders(name: str) -> None:
    """Whose elements are the operand's."""
    assert_gradients(RANDOM[name], drawn(-2, 2, (2, 3)))


def test_indices_that_change_afterwards_change_no_gradient() -> None:
    """What was picked, repeated and sorted stays what it was."""
    x = penstock.Tensor([3.0, 1.0, 2.0], requires_grad=True)
    indices, repetitions = penstock.Tensor([2, 0, 0]), penstock.Tensor([2, 0, 1])
    picked, repeated = penstock.take_along_axis(x, indices), penstock.repeat(x, repetitions)
    found = penstock.unique_all(x)
    indices.fill_(1)
    repetitions.fill_(1)
    found.indices.fill_(0)
    weights = penstock.Tensor([1.0, 10.0, 100.0])
    for result, expected in ((picked, [110, 0, 1]), (repeated, [11, 0, 100]), (found.values, [100, 1, 10])):
        x.grad = None
        penstock.sum(result * weights).backward()
        assert x.grad is not None
        assert x.grad.tolist() == expected


def test_sorted_operands_that_change_afterwards_change_no_gradient() -> None:
    """The order is kept, not the operand."""
    x = penstock.Tensor([3.0, 1.0, 2.0], requires_grad=True)
    ordered = penstock.sort(x)
    with penstock.no_grad():
        x.fill_(0)
    penstock.sum(ordered * penstock.Tensor([1.0, 10.0, 100.0])).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [100, 1, 10]


def test_equal_elements_are_sorted_and_found_by_the_first() -> None:
    """In their order; of unique elements the first of its equals has the gradient."""
    x = penstock.Tensor([2.0, 1.0, 2.0, 1.0], requires_grad=True)
    penstock.sum(penstock.sort(x) * penstock.Tensor([1.0, 2.0, 3.0, 4.0])).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [3, 1, 4, 2]
    x.grad = None
    penstock.sum(penstock.unique_values(x) * penstock.Tensor([1.0, 10.0])).backward()
    assert x.grad is not None
    assert x.grad.tolist() == [10, 1, 0, 0]


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


# ---- What must not be forgotten ----

# Functions of the namespace whose results lead nowhere, and why.
SLOPE_0 = "constant between the places where it jumps"
TRUTHS = "gives truth values"
PLACES = "gives indices or counts"
INTEGERS = "takes integers and truth values alone"
MAKES = "makes a tensor of numbers, which lead nowhere"
ABOUT = "is about dtypes, devices, memory or recording: takes no elements"
NOT_DIFFERENTIABLE: dict[str, str] = {
    **dict.fromkeys(("ceil", "floor", "floor_divide", "round", "sign", "trunc"), SLOPE_0),
    **dict.fromkeys(
        ("all", "any", "equal", "greater", "greater_equal", "isfinite", "isinf", "isnan", "less", "less_equal",
         "logical_and", "logical_not", "logical_or", "logical_xor", "not_equal", "signbit"), TRUTHS,
    ),
    **dict.fromkeys(("argmax", "argmin", "argsort", "count_nonzero", "nonzero", "searchsorted"), PLACES),
    **dict.fromkeys(
        ("bitwise_and", "bitwise_invert", "bitwise_left_shift", "bitwise_or", "bitwise_right_shift", "bitwise_xor"),
        INTEGERS,
    ),
    **dict.fromkeys(
        ("arange", "empty", "empty_like", "eye", "full", "full_like", "linspace", "ones", "ones_like", "zeros",
         "zeros_like"), MAKES,
    ),
    **dict.fromkeys(
        ("abi_version", "can_cast", "create_dlpack_capsule", "enable_grad", "finfo", "get_device",
         "get_devices", "get_dlpack_device", "get_num_threads", "get_stream", "iinfo", "is_grad_enabled", "isdtype",
         "memory_stats", "no_grad", "result_type", "set_device", "set_num_threads", "set_stream",
         "synchronize", "trace", "__array_namespace_info__"), ABOUT,
    ),
    "from_dlpack": "other libraries' tensors bring no graph of penstock's",
    "from_numpy": "NumPy's arrays bring no graph",
    "load": "files bring no graph",
    "safetensors_metadata": "files bring no graph",
    "save": "writes the elements to a file",
    "save_npz": "writes the elements to a file",
    "save_safetensors": "writes the elements to a file",
    "grad": "walks back itself: test_autograd.py",
    "gradients": "walks back itself: test_autograd.py",
    "value_and_grad": "walks back itself: test_autograd.py",
    "nextafter": "refused: test_what_has_no_rule_is_refused",
}  # fmt: skip

# The same of the methods of a tensor; those that the functions' cases or VIEWS are of are not listed.
METHODS_NOT_DIFFERENTIABLE: dict[str, str] = {
    **dict.fromkeys(("all", "any", "all_close", "equal"), TRUTHS),
    **dict.fromkeys(("argmax", "argmin"), PLACES),
    **dict.fromkeys(("backward", "detach", "requires_grad_"), "is about gradients itself: test_autograd.py"),
    **dict.fromkeys(("dims", "gpuID", "isOnGPU"), ABOUT),
    **dict.fromkeys(("numpy", "to_numpy", "to_torch", "torch"), "lends memory, and is refused: test_autograd.py"),
    **dict.fromkeys(("format", "item", "tolist"), "gives Python's own objects"),
    "fill_": "writes one number: test_autograd.py",
    "view": "shows the bits as another dtype, and is refused: test_autograd.py",
}
METHODS = ("max", "mean", "min", "prod", "std", "sum", "var")


def names_in(function: Callable[..., Any]) -> tuple[str, ...]:
    """What a case's function refers to."""
    return function.__code__.co_names


@pytest.mark.parametrize("case", ARRANGED, ids=case_name)
def test_a_case_calls_what_it_is_a_case_of(case: tuple[str, str]) -> None:
    """Otherwise the list of what is tested would say too much."""
    assert case[0] in names_in(ARRANGED[case])


def test_every_function_has_a_case_or_a_reason() -> None:
    """One of penstock's namespace that stands nowhere here fails, and so does one that stands in both lists."""
    functions = {
        name
        for name in penstock.__all__
        if callable(getattr(penstock, name)) and not isinstance(getattr(penstock, name), (type, penstock.DType))
    }
    tested = {*UNARY, *BINARY, *REDUCTIONS, *ACCUMULATIONS, "where", "clip", "matmul", *(name for name, _ in ARRANGED)}
    assert tested | set(NOT_DIFFERENTIABLE) == functions
    assert not tested & set(NOT_DIFFERENTIABLE)


def test_every_method_has_a_case_or_a_reason() -> None:
    """The same of a tensor's."""
    methods = {
        name
        for name in dir(penstock.Tensor)
        if not name.startswith("_") and callable(getattr(penstock.Tensor, name, None))
    }
    tested = {*METHODS} | {name for view in VIEWS.values() for name in names_in(view) if name in methods}
    assert tested | set(METHODS_NOT_DIFFERENTIABLE) == methods
    assert not tested & set(METHODS_NOT_DIFFERENTIABLE)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("axis", [None, 0, (0, 1)])
def test_of_methods_that_reduce(name: str, axis: Any) -> None:
    """As the functions."""
    assert_gradients(lambda x: getattr(x, name)(axis), drawn(-2, 2))


@pytest.mark.parametrize(
    "name", sorted(each for each, reason in NOT_DIFFERENTIABLE.items() if reason in (SLOPE_0, TRUTHS, PLACES))
)
def test_what_has_no_derivative_requires_nothing(name: str) -> None:
    """Whatever its operands require."""
    operation: Any = getattr(penstock, name)
    x = penstock.Tensor([0.5, 1.5], requires_grad=True)
    binary = ("equal", "floor_divide", "greater", "less", "logical_and", "logical_or", "logical_xor", "not_equal")
    operands = (x, x) if name.startswith(binary) or name == "searchsorted" else (x,)
    made = operation(*operands)
    assert not any(each.requires_grad for each in (made if isinstance(made, tuple) else (made,)))


def refused() -> dict[str, Callable[[Any], Any]]:
    """What would lose the gradients of a vector."""
    matrix = numpy.ones((2, 3), dtype=numpy.float32)

    def simulated(x: Any) -> Any:
        with penstock.kpu.Simulator(main_memory_size=1 << 20) as simulator:
            return simulator.matmul(x.astype("float32").unsqueeze(0), matrix)

    def convolved(x: Any) -> Any:
        with penstock.kpu.Simulator(main_memory_size=1 << 20) as simulator:
            return simulator.conv2d(matrix.reshape(1, 1, 2, 3), x.astype("float32").reshape(1, 1, 2, 1))

    return {
        "nextafter": lambda x: penstock.nextafter(x, 2 * x),
        "an element in a list": lambda x: penstock.Tensor([x[0], x[1]]),
        "an element of an assigned list": lambda x: penstock.zeros(2).__setitem__(slice(None), [x[0], 1.0]),
        "a value to fill with": lambda x: penstock.zeros(2).fill_(x[0]),
        "full": lambda x: penstock.full((2,), x[0]),
        "full_like": lambda x: penstock.full_like(x, x[0]),
        "linspace": lambda x: penstock.linspace(0.0, x[0], 3),
        "arange": lambda x: penstock.arange(0.0, x[0]),
        "a bound of random numbers": lambda x: penstock.random.normal(penstock.random.key(1), (2,), mean=x[0]),
        "shuffle": lambda x: penstock.random.shuffle(penstock.random.key(1), 2 * x[:1].expand(4)),
        "a product of a KPU's": simulated,
        "a convolution of a KPU's": convolved,
    }


@pytest.mark.parametrize("name", refused())
def test_what_has_no_rule_is_refused(name: str) -> None:
    """With a sentence about gradients; under no_grad() it is as for any other tensor."""
    x = penstock.Tensor([0.5, 1.5], requires_grad=True)
    with pytest.raises(ValueError, match="gradient"):
        refused()[name](x)
    with penstock.no_grad():
        refused()[name](x)
