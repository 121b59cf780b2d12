"""The array API's functions beside array_api_strict, function by function, on inputs that hypothesis makes.

What the standard leaves open, and NumPy decides in its own way, is kept out: SECOND says where.
"""

import warnings
from collections.abc import Callable
from typing import Any, Literal

import array_api_strict as strict
import hypothesis.extra.numpy as arrays
import numpy as np
import penstock
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from penstock import elementwise, making, manipulation, ordering, reductions
from penstock.operators import NUMBERS, promoted

DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "complex64",
    "complex128",
)  # fmt: skip
FEW = settings(max_examples=20, deadline=None, derandomize=True)
WIDTHS: dict[int, Literal[32, 64]] = {4: 32, 8: 64}
# Where a mistake of the caller's leaves the result open: what the second operand is kept to.
SECOND = {
    "bitwise_left_shift": (0, 7),
    "bitwise_right_shift": (0, 7),
    "floor_divide": (1, 100),
    "remainder": (1, 100),
    "pow": (0, 5),
}
UNARY = [name for name in elementwise.__all__ if NUMBERS.get(name, 100) < 100]
BINARY = [name for name in elementwise.__all__ if NUMBERS.get(name, 0) > 100]
REDUCTIONS = [name for name in reductions.__all__ if not name.startswith("cumulative")]


def accepts(name: str, count: int, dtype: str) -> bool:
    """Whether array_api_strict's function takes a dtype."""
    example = strict.ones((2,), dtype=getattr(strict, dtype))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            getattr(strict, name)(*[example] * count)
    except TypeError:
        return False
    return True


def elements(dtype: str, limits: tuple[int, int] | None = None) -> st.SearchStrategy[Any]:
    """Elements of a dtype: any, NaN and infinities included, but finite and of moderate size for complex numbers."""
    kind = np.dtype(dtype)
    if limits is not None and kind.kind in "iu":
        return st.integers(*limits)
    if limits is not None and kind.kind == "f":
        return st.floats(*limits, width=WIDTHS[kind.itemsize])
    if kind.kind == "c":
        part = st.floats(-8, 8, width=32).filter(lambda value: value == 0 or abs(value) > 2**-10)
        return st.builds(complex, part, part)
    if kind.kind == "f":
        return st.floats(width=WIDTHS[kind.itemsize], allow_subnormal=False)
    return arrays.from_dtype(kind)


def array(dtype: str, shape: Any, limits: tuple[int, int] | None = None) -> st.SearchStrategy[Any]:
    """A NumPy array of a dtype and shape."""
    return arrays.arrays(np.dtype(dtype), shape, elements=elements(dtype, limits))


def assert_agree(ours: penstock.Tensor, theirs: Any, tolerance: float = 4) -> None:
    """The same dtype and shape, and values within some units in the last place."""
    expected = np.asarray(theirs._array)
    assert (ours.dtype.name, ours.shape) == (expected.dtype.name, expected.shape)
    kind = expected.dtype.kind
    relative = tolerance * np.finfo(expected.dtype).eps if kind in "fc" else 0.0
    tiny = float(np.finfo(expected.dtype).tiny) if kind in "fc" else 0.0
    found = ours.numpy()
    if kind == "c":  # which part of what is not finite is infinite or NaN, the standard leaves open
        finite = np.isfinite(expected)
        np.testing.assert_array_equal(np.isfinite(found), finite)
        found, expected = found[finite], expected[finite]
        tiny = float(relative * np.max(np.abs(expected), initial=0.0))
    np.testing.assert_allclose(found, expected, rtol=relative, atol=tiny)


def tolerance_of(dtype: str) -> float:
    """How many units in the last place two libraries' functions may be apart."""
    return 64 if dtype.startswith("complex") else 4


def both(name: str, *operands: Any, **options: Any) -> tuple[penstock.Tensor, Any]:
    """What ours and array_api_strict's function of a name make of NumPy's arrays."""
    ours = getattr(penstock, name)(*(penstock.Tensor(each) for each in operands), **options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = getattr(strict, name)(*(strict.asarray(each) for each in operands), **options)
    return ours, theirs


def assert_agrees_of_three_axes(function: Any) -> None:
    """function(xp, x) gives the same by both libraries for arrays of three axes and every dtype."""

    @FEW
    @given(st.data())
    def agrees(data: Any) -> None:
        shape = data.draw(arrays.array_shapes(min_dims=3, max_dims=3, max_side=4))
        operand = data.draw(array(data.draw(st.sampled_from(DTYPES)), shape))
        assert_agree(function(penstock, penstock.Tensor(operand)), function(strict, strict.asarray(operand)))

    agrees()


@pytest.mark.parametrize("name", UNARY)
def test_a_function_of_one_operand(name: str) -> None:
    accepted = [dtype for dtype in DTYPES if accepts(name, 1, dtype)]
    assert accepted

    @FEW
    @given(st.data())
    def agrees(data: Any) -> None:
        dtype = data.draw(st.sampled_from(accepted))
        operand = data.draw(array(dtype, arrays.array_shapes(min_dims=0, max_dims=3, max_side=4)))
        if name == "sign" and dtype.startswith("complex"):  # array_api_strict gives NaN for 0, the standard says 0
            operand = operand + (operand == 0)
        assert_agree(*both(name, operand), tolerance=tolerance_of(dtype))

    agrees()


@pytest.mark.parametrize("name", BINARY)
def test_a_function_of_two_operands(name: str) -> None:
    accepted = [dtype for dtype in DTYPES if accepts(name, 2, dtype)]
    assert accepted

    @FEW
    @given(st.data())
    def agrees(data: Any) -> None:
        dtype = data.draw(st.sampled_from(accepted))
        shapes = data.draw(arrays.mutually_broadcastable_shapes(num_shapes=2, max_dims=3, max_side=4)).input_shapes
        first = data.draw(array(dtype, shapes[0]))
        second = data.draw(array(dtype, shapes[1], SECOND.get(name)))
        assert_agree(*both(name, first, second), tolerance=tolerance_of(dtype))

    agrees()


@pytest.mark.parametrize("first", DTYPES)
@pytest.mark.parametrize("second", DTYPES)
def test_dtypes_promote(first: str, second: str) -> None:
    try:
        theirs = strict.result_type(getattr(strict, first), getattr(strict, second))
    except TypeError:  # the standard leaves it open
        return
    found = promoted(penstock.dtypes.BY_NAME[first], penstock.dtypes.BY_NAME[second])
    assert found.name == str(theirs).removeprefix("array_api_strict.")


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_reduction(name: str) -> None:
    accepted = [dtype for dtype in DTYPES if accepts(name, 1, dtype)]
    assert accepted

    @FEW
    @given(st.data())
    def agrees(data: Any) -> None:
        dtype = data.draw(st.sampled_from(accepted))
        shape = data.draw(arrays.array_shapes(min_dims=1, max_dims=3, max_side=4))
        limits = (-4, 4) if np.dtype(dtype).kind in "if" else ((0, 4) if np.dtype(dtype).kind == "u" else None)
        operand = data.draw(array(dtype, shape, limits))
        axis = data.draw(st.none() | st.integers(-len(shape), len(shape) - 1))
        keepdims = data.draw(st.booleans())
        ours, theirs = both(name, operand, axis=axis, keepdims=keepdims)
        expected = np.asarray(theirs._array)
        assert ours.shape == expected.shape
        if name in ("argmax", "argmin", "count_nonzero") or expected.dtype.kind in "iub":
            assert_agree(ours, theirs)
        else:
            assert ours.dtype.name == expected.dtype.name
            size = np.abs(operand.astype(np.complex128)).sum() + 1
            size = max(size, float(np.max(np.abs(expected))))
            np.testing.assert_allclose(
                ours.numpy(),
                expected,
                rtol=64 * np.finfo(expected.dtype).eps,
                atol=64 * np.finfo(expected.dtype).eps * size,
            )

    agrees()


@pytest.mark.parametrize("name", ["cumulative_sum", "cumulative_prod"])
def test_running_totals(name: str) -> None:
    @FEW
    @given(st.data())
    def agrees(data: Any) -> None:
        dtype = data.draw(st.sampled_from(DTYPES[1:]))
        shape = data.draw(arrays.array_shapes(min_dims=1, max_dims=3, max_side=4))
        limits = (0, 4) if np.dtype(dtype).kind in "uif" else None
        operand = data.draw(array(dtype, shape, limits))
        axis = data.draw(st.integers(-len(shape), len(shape) - 1))
        ours, theirs = both(name, operand, axis=axis, include_initial=data.draw(st.booleans()))
        assert_agree(ours, theirs, tolerance=64)

    agrees()


@FEW
@given(st.data())
def test_clip(data: Any) -> None:
    dtype = data.draw(st.sampled_from(DTYPES[1:11]))
    number = float if dtype.startswith("float") else int
    low, high = (data.draw(st.none() | limits.map(number)) for limits in (st.integers(0, 50), st.integers(51, 100)))
    operand = data.draw(array(dtype, (5,), (0, 120)))
    assert_agree(*both("clip", operand, min=low, max=high))


@FEW
@given(st.data())
def test_where(data: Any) -> None:
    dtype = data.draw(st.sampled_from(DTYPES))
    shapes = data.draw(arrays.mutually_broadcastable_shapes(num_shapes=3, max_dims=3, max_side=4)).input_shapes
    condition = data.draw(array("bool", shapes[0]))
    assert_agree(*both("where", condition, data.draw(array(dtype, shapes[1])), data.draw(array(dtype, shapes[2]))))


def numeric_diff(xp: Any, x: Any) -> Any:
    """Differences of differences, of numbers with a row of themselves before and two behind."""
    numbers = x if xp.isdtype(x.dtype, "numeric") else xp.astype(x, xp.int8)
    return xp.diff(numbers, axis=0, n=2, prepend=numbers[:1, ...], append=numbers[:1, ...])


MOVES: dict[str, Callable[[Any, Any], Any]] = {
    "broadcast_to": lambda xp, x: xp.broadcast_to(x, (2, *x.shape)),
    "broadcast_arrays": lambda xp, x: xp.broadcast_arrays(x, x[:1, :, :])[1],
    "concat": lambda xp, x: xp.concat([x, x[:, :1, :]], axis=-2),
    "concat in row-major order": lambda xp, x: xp.concat([x, x[0, ...]], axis=None),
    "expand_dims": lambda xp, x: xp.expand_dims(x, axis=-2),
    "diff": lambda xp, x: xp.diff(x if xp.isdtype(x.dtype, "numeric") else xp.astype(x, xp.int8), axis=1),
    "diff twice, with more on both sides": numeric_diff,
    "flip": lambda xp, x: xp.flip(x),
    "flip an axis": lambda xp, x: xp.flip(x, axis=(0, -1)),
    "matrix_transpose": lambda xp, x: xp.matrix_transpose(x),
    "moveaxis": lambda xp, x: xp.moveaxis(x, (0, 2), (-1, 0)),
    "permute_dims": lambda xp, x: xp.permute_dims(x, (2, 0, 1)),
    "repeat": lambda xp, x: xp.repeat(x, 3, axis=1),
    "repeat in row-major order": lambda xp, x: xp.repeat(x, 2),
    "repeat each": lambda xp, x: xp.repeat(x, xp.arange(x.shape[0]), axis=0),
    "reshape": lambda xp, x: xp.reshape(xp.matrix_transpose(x), (-1,)),
    "reshape a copy": lambda xp, x: xp.reshape(x, (-1,), copy=True),
    "roll": lambda xp, x: xp.roll(x, 2),
    "roll axes": lambda xp, x: xp.roll(x, (1, -5), axis=(0, 2)),
    "squeeze": lambda xp, x: xp.squeeze(xp.expand_dims(x, axis=1), 1),
    "stack": lambda xp, x: xp.stack([x, x], axis=-1),
    "take": lambda xp, x: xp.take(x, xp.asarray([0, -1, 0]), axis=1),
    "take the last axis": lambda xp, x: xp.take(xp.matrix_transpose(x), xp.asarray([0, -1]), axis=-1),
    "take_along_axis": lambda xp, x: xp.take_along_axis(x, xp.asarray([[[0, 0]], [[-1, 0]]])[:1, ...], axis=-1),
    "take_along_axis 0": lambda xp, x: xp.take_along_axis(x, xp.zeros((2, *x.shape[1:]), dtype=xp.int64) - 1, axis=0),
    "tile": lambda xp, x: xp.tile(x, (2, 3)),
    "tile with new axes": lambda xp, x: xp.tile(x, (2, 1, 1, 2)),
    "unstack": lambda xp, x: xp.unstack(x, axis=1)[-1],
}


@pytest.mark.parametrize("name", MOVES)
def test_moving_elements(name: str) -> None:
    assert_agrees_of_three_axes(MOVES[name])


@pytest.mark.parametrize("name", manipulation.__all__)
def test_each_function_that_moves_elements_is_compared(name: str) -> None:
    assert any(move.split()[0] == name for move in MOVES)


def test_what_cannot_be_joined_is_an_error_with_both_shapes() -> None:
    with pytest.raises(ValueError, match=r"concat: shapes \(2, 3\) and \(2, 4\) differ in more than axis 0"):
        penstock.concat([penstock.zeros((2, 3)), penstock.zeros((2, 4))])
    with pytest.raises(ValueError, match=r"stack: shapes \(2,\) and \(3,\) differ"):
        penstock.stack([penstock.zeros(2), penstock.zeros(3)])


@pytest.mark.parametrize("name", DTYPES)
def test_dtypes_are_of_the_kinds_and_limits_that_the_standard_says(name: str) -> None:
    theirs = getattr(strict, name)
    kinds = ("bool", "signed integer", "unsigned integer", "integral", "real floating", "complex floating", "numeric")
    for kind in kinds:
        assert penstock.isdtype(name, kind) == strict.isdtype(theirs, kind)
    if strict.isdtype(theirs, "integral"):
        ours, limits = penstock.iinfo(name), strict.iinfo(theirs)
        assert (ours.bits, ours.min, ours.max) == (limits.bits, limits.min, limits.max)
    elif strict.isdtype(theirs, ("real floating", "complex floating")):
        found, expected = penstock.finfo(name), strict.finfo(theirs)
        assert (found.bits, found.eps, found.min, found.max, found.smallest_normal) == (
            np.finfo(name).bits, expected.eps, expected.min, expected.max, expected.smallest_normal
        )  # fmt: skip
    else:
        assert name == "bool"


@pytest.mark.parametrize("first", DTYPES)
def test_dtypes_cast_as_the_standard_says(first: str) -> None:
    for second in DTYPES:
        try:
            strict.result_type(getattr(strict, first), getattr(strict, second))
        except TypeError:  # of several kinds: the standard leaves it open
            continue
        theirs = strict.can_cast(getattr(strict, first), getattr(strict, second))
        assert penstock.can_cast(first, second) == theirs, second


def test_elements_convert() -> None:
    tensor = penstock.Tensor([1.5, -1.5])
    assert penstock.astype(tensor, "int8").tolist() == [1, -1]
    assert penstock.astype(tensor, "float32", copy=False) is tensor
    assert penstock.astype(tensor, "float32") is not tensor


def test_what_is_no_dtype_of_a_kind_is_an_error() -> None:
    with pytest.raises(ValueError, match="'integer' is no kind of dtypes: expected one of bool, signed integer"):
        penstock.isdtype("int8", "integer")
    with pytest.raises(TypeError, match="iinfo is for integer dtypes, not float32"):
        penstock.iinfo("float32")
    with pytest.raises(TypeError, match="expected an array or a dtype"):
        penstock.result_type(1, 2.0)


# ---- Order ----

REAL = DTYPES[:11]
ORDERS: dict[str, Callable[[Any, Any], Any]] = {
    "sort": lambda xp, x: xp.sort(x),
    "sort an axis": lambda xp, x: xp.sort(x, axis=0, descending=True),
    "argsort": lambda xp, x: xp.argsort(x, axis=1),
    "argsort downwards": lambda xp, x: xp.argsort(x, descending=True, stable=True),
    "searchsorted": lambda xp, x: xp.searchsorted(xp.sort(xp.reshape(x, (-1,))), x),
    "searchsorted from the right": lambda xp, x: xp.searchsorted(xp.sort(xp.reshape(x, (-1,))), x, side="right"),
    "searchsorted in another order": lambda xp, x: xp.searchsorted(
        xp.reshape(x, (-1,)), x, sorter=xp.argsort(xp.reshape(x, (-1,)))
    ),
    "nonzero": lambda xp, x: xp.stack(xp.nonzero(x)),
    "unique_all": lambda xp, x: xp.unique_all(x).values,
    "unique_all, indices": lambda xp, x: xp.unique_all(x).indices,
    "unique_all, inverse": lambda xp, x: xp.unique_all(x).inverse_indices,
    "unique_all, counts": lambda xp, x: xp.unique_all(x).counts,
    "unique_counts": lambda xp, x: xp.unique_counts(x).values,
    "unique_counts, counts": lambda xp, x: xp.unique_counts(x).counts,
    "unique_inverse": lambda xp, x: xp.unique_inverse(x).values,
    "unique_inverse, inverse": lambda xp, x: xp.unique_inverse(x).inverse_indices,
    "unique_values": lambda xp, x: xp.unique_values(x),
}


@pytest.mark.parametrize("name", ORDERS)
def test_order(name: str) -> None:
    takes_all = name.startswith(("unique", "nonzero"))
    known = DTYPES if takes_all else REAL[1:]

    @FEW
    @given(st.data())
    def agrees(data: Any) -> None:
        dtype = data.draw(st.sampled_from(known))
        shape = data.draw(arrays.array_shapes(min_dims=2, max_dims=3, max_side=5))
        few = (0, 5) if data.draw(st.booleans()) else None
        operand = data.draw(array(dtype, shape, few))
        # array_api_strict puts NaNs, and equal elements of a descending order, where NumPy's flipped arrays have them.
        operand = np.where(np.isnan(operand), np.ones((), operand.dtype), operand)
        assert_agree(ORDERS[name](penstock, penstock.Tensor(operand)), ORDERS[name](strict, strict.asarray(operand)))

    agrees()


@pytest.mark.parametrize("name", ordering.__all__)
def test_each_function_of_order_is_compared(name: str) -> None:
    assert any(each.split(",")[0].split()[0] == name for each in ORDERS)


# ---- Making ----

MADE: dict[str, Callable[[Any, Any], Any]] = {
    "asarray": lambda xp, x: xp.asarray(x, copy=True),
    "asarray, converted": lambda xp, x: xp.asarray([[1, 2], [3, 4]], dtype=x.dtype),
    "empty_like": lambda xp, x: xp.zeros_like(xp.empty_like(x)),
    "eye": lambda xp, x: xp.eye(3, 5, k=1, dtype=x.dtype),
    "eye below": lambda xp, x: xp.eye(4, k=-2, dtype=x.dtype),
    "full_like": lambda xp, x: xp.full_like(x, True if x.dtype == xp.bool else 1),
    "linspace": lambda xp, x: xp.linspace(-1, 3, 7, dtype=floating(xp, x)),
    "linspace, open": lambda xp, x: xp.linspace(5.5, 0.25, 6, dtype=floating(xp, x), endpoint=False),
    "linspace, one": lambda xp, x: xp.linspace(2, 9, 1, dtype=floating(xp, x)),
    "linspace, none": lambda xp, x: xp.linspace(2, 9, 0, dtype=floating(xp, x)),
    "linspace, complex": lambda xp, x: xp.linspace(1j, 3 - 2j, 4, dtype=xp.complex128),
    "meshgrid": lambda xp, x: xp.stack(xp.meshgrid(x[0, 0, :], x[0, :, 0], x[:, 0, 0])),
    "meshgrid in order": lambda xp, x: xp.stack(xp.meshgrid(x[0, 0, :], x[0, :, 0], indexing="ij")),
    "ones_like": lambda xp, x: xp.ones_like(x),
    "tril": lambda xp, x: xp.tril(x, k=1),
    "triu": lambda xp, x: xp.triu(xp.matrix_transpose(x), k=-1),
    "zeros_like": lambda xp, x: xp.zeros_like(x),
}


def floating(xp: Any, x: Any) -> Any:
    """A dtype of fractions: the array's where it is one."""
    return x.dtype if xp.isdtype(x.dtype, ("real floating", "complex floating")) else xp.float64


@pytest.mark.parametrize("name", MADE)
def test_making(name: str) -> None:
    assert_agrees_of_three_axes(MADE[name])


@pytest.mark.parametrize("name", making.__all__)
def test_each_function_that_makes_tensors_is_compared(name: str) -> None:
    assert any(each.split(",")[0].split()[0] == name for each in MADE)
