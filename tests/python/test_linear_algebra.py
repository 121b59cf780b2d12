"""Products of matrices and vectors beside NumPy's and array_api_strict's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import array_api_strict
import children
import numpy as np
import penstock
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from penstock import Tensor

INTEGERS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
INEXACT = ("float16", "float32", "float64", "complex64", "complex128")
# An element's error, of the sum of the products' sizes: that many roundings, and one of the result.
ROUNDINGS = 64
vecdot: Any = np.vecdot  # whose types do not know axis
UNIT = {"float32": 2.0**-24, "float64": 2.0**-53, "complex64": 2.0**-24, "complex128": 2.0**-53, "float16": 2.0**-24}
LAST = {"float16": 2.0**-11}
SMALLEST = {"float16": 2.0**-24}


def random_array(rng: np.random.Generator, shape: tuple[int, ...], dtype: str) -> np.ndarray[Any, Any]:
    """Normal numbers, or integers from the whole range."""
    if dtype == "bool":
        return rng.random(shape) < 0.3
    if dtype in INTEGERS:
        limits = np.iinfo(dtype)
        return rng.integers(limits.min, limits.max, size=shape, dtype=dtype, endpoint=True)
    if dtype.startswith("complex"):
        return (rng.standard_normal(shape) + 1j * rng.standard_normal(shape)).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def laid_out(array: np.ndarray[Any, Any], layout: str) -> np.ndarray[Any, Any]:
    """The same elements in other memory."""
    if layout == "columns" and array.ndim > 1:
        return array.swapaxes(-1, -2).copy().swapaxes(-1, -2)
    if layout == "every other":
        return np.repeat(array, 2, axis=-1)[..., ::2]
    if layout == "backwards":
        return array[..., ::-1].copy()[..., ::-1]
    return array


def check(ours: Tensor, first: np.ndarray[Any, Any], second: np.ndarray[Any, Any], expected: Any, sizes: Any) -> None:
    """ours is expected, within the roundings of a sum of products whose sizes add up to sizes."""
    dtype = str(first.dtype)
    got = np.asarray(ours)
    assert ours.dtype.name == dtype
    assert got.shape == expected.shape
    if dtype not in INEXACT:
        np.testing.assert_array_equal(got, expected)
        return
    allowed = ROUNDINGS * UNIT[dtype] * sizes + LAST.get(dtype, 0) * np.abs(expected) + SMALLEST.get(dtype, 0)
    assert np.all(np.abs(got - expected) <= allowed), (first.shape, second.shape, dtype)


def wide(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What a sum is rounded from: float16's products are exact in float64."""
    return array.astype(np.float64) if array.dtype == np.float16 else array


def sizes_of(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    sizes: np.ndarray[Any, Any] = np.abs(array).astype(np.float64)
    return sizes


# Of each dtype; many more shapes and layouts are seen with PENSTOCK_MATMUL_EXAMPLES=1000.
EXAMPLES = int(os.environ.get("PENSTOCK_MATMUL_EXAMPLES", "12"))
SIZES = st.one_of(st.integers(0, 20), st.sampled_from((31, 32, 33, 64, 65, 130)))
INNER = st.one_of(st.integers(0, 20), st.sampled_from((63, 64, 65, 255, 257, 520, 1030)))
LAYOUTS = st.sampled_from(("rows", "columns", "every other", "backwards"))


@st.composite
def broadcasting_batches(draw: st.DrawFn) -> tuple[tuple[int, ...], tuple[int, ...]]:
    whole = draw(st.lists(st.integers(0, 3), max_size=3))
    sides = []
    for _ in range(2):
        side = [draw(st.sampled_from((size, 1))) for size in whole]
        sides.append(tuple(side[draw(st.integers(0, len(side))) :]))
    return sides[0], sides[1]


@pytest.mark.parametrize("dtype", [*INEXACT, *INTEGERS, "bool"])
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_matmul_is_numpys(dtype: str, data: st.DataObject) -> None:
    rows, inner, columns = data.draw(SIZES), data.draw(INNER), data.draw(SIZES)
    left_batch, right_batch = data.draw(broadcasting_batches())
    if left_batch or right_batch:
        rows, inner, columns = rows % 21, inner % 70, columns % 40
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    first_shape = data.draw(st.sampled_from(((*left_batch, rows, inner), (inner,))))
    second_shape = data.draw(st.sampled_from(((*right_batch, inner, columns), (inner,))))
    first = laid_out(random_array(rng, first_shape, dtype), data.draw(LAYOUTS))
    second = laid_out(random_array(rng, second_shape, dtype), data.draw(LAYOUTS))
    expected = np.asarray(np.matmul(wide(first), wide(second)))
    check(penstock.matmul(first, second), first, second, expected, np.matmul(sizes_of(first), sizes_of(second)))


@pytest.mark.parametrize("dtype", ["float32", "complex128", "int16"])
@settings(max_examples=EXAMPLES, deadline=None)
@given(data=st.data())
def test_tensordot_is_numpys(dtype: str, data: st.DataObject) -> None:
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32)))
    summed = data.draw(st.lists(st.integers(0, 4), max_size=3))
    first_order = data.draw(st.permutations(range(len(summed) + data.draw(st.integers(0, 2)))))
    second_order = data.draw(st.permutations(range(len(summed) + data.draw(st.integers(0, 2)))))
    axes = first_order[: len(summed)], second_order[: len(summed)]
    arrays = []
    for order in (first_order, second_order):
        shape = data.draw(st.lists(st.integers(0, 5), min_size=len(order), max_size=len(order)))
        for axis, size in zip(order, summed, strict=False):
            shape[axis] = size
        arrays.append(random_array(rng, tuple(shape), dtype))
    first, second = arrays
    expected = np.tensordot(first, second, axes)
    sizes = np.tensordot(sizes_of(first), sizes_of(second), axes)
    check(penstock.tensordot(first, second, axes=axes), first, second, expected, sizes)


@pytest.mark.parametrize("axes", [0, 1, 2])
def test_a_number_of_axes_pairs_the_last_with_the_first(axes: int) -> None:
    first, second = np.arange(12.0).reshape(3, 2, 2), np.arange(12.0).reshape(2, 2, 3)
    ours = penstock.tensordot(first, second, axes=axes)
    theirs = array_api_strict.tensordot(array_api_strict.asarray(first), array_api_strict.asarray(second), axes=axes)
    np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64", "int32", "float16"])
@pytest.mark.parametrize(
    ("first_shape", "second_shape", "axis"),
    [((5,), (5,), -1), ((3, 5), (5,), -1), ((4, 1, 70), (3, 70), -1), ((7, 3), (7, 3), -2), ((2, 0), (2, 0), -1),
     ((100_000,), (100_000,), -1)],
)  # fmt: skip
def test_vecdot_is_the_strict_ones(
    dtype: str, first_shape: tuple[int, ...], second_shape: tuple[int, ...], axis: int
) -> None:
    rng = np.random.default_rng(7)
    first, second = random_array(rng, first_shape, dtype), random_array(rng, second_shape, dtype)
    if axis == -1 and dtype == "float16":
        first, second = first[..., :1000], second[..., :1000]
    expected = np.asarray(vecdot(wide(first), wide(second), axis=axis))
    sizes = vecdot(sizes_of(first), sizes_of(second), axis=axis)
    ours = penstock.vecdot(first, second, axis=axis)
    check(ours, first, second, expected, sizes)


@pytest.mark.parametrize("dtype", ["float16", "complex64", "int8"])
@pytest.mark.parametrize("axis", [-1, -2])
def test_vecdot_of_every_kind_reads_strides(dtype: str, axis: int) -> None:
    rng = np.random.default_rng(11)
    first, second = random_array(rng, (3, 700, 5), dtype), random_array(rng, (700, 5), dtype)[::-1]
    expected = np.asarray(vecdot(wide(first), wide(second), axis=axis))
    sizes = vecdot(sizes_of(first), sizes_of(second), axis=axis)
    check(penstock.vecdot(first, second, axis=axis), first, second, expected, sizes)


@pytest.mark.parametrize("dtype", ["float32", "float16", "complex64"])
def test_a_long_dot_is_shared_out(dtype: str, tmp_path: Path) -> None:
    vector = penstock.ones(1_000_000, dtype=dtype)
    with penstock.trace(tmp_path / "trace.json"):
        sum_of_products = penstock.vecdot(vector, vector)
    names = [event["name"] for event in json.loads((tmp_path / "trace.json").read_text())["traceEvents"]]
    assert names.count("shard") > 1
    assert sum_of_products.item() == (float("inf") if dtype == "float16" else 1_000_000)


def test_bfloat16_is_summed_in_float32_and_rounded_once() -> None:
    ones = penstock.ones((1, 1000), dtype=penstock.bfloat16)
    assert penstock.matmul(ones, ones.mT).tolist() == [[1000.0]]  # in bfloat16 the sum would stop at 256


def test_a_product_of_dtypes_has_the_one_that_both_promote_to() -> None:
    ours = penstock.matmul(penstock.ones((2, 3), dtype=penstock.int8), penstock.ones((3, 2), dtype=penstock.float64))
    assert ours.dtype is penstock.float64
    assert ours.tolist() == [[3.0, 3.0], [3.0, 3.0]]


def test_the_operator_takes_arrays_on_both_sides() -> None:
    matrix = penstock.Tensor([[1.0, 2.0], [3.0, 4.0]])
    array = np.array([[0.0, 1.0], [1.0, 0.0]], dtype=np.float32)
    assert (matrix @ array).tolist() == [[2.0, 1.0], [4.0, 3.0]]
    assert (array @ matrix).tolist() == [[3.0, 4.0], [1.0, 2.0]]


def test_the_operator_in_place_keeps_the_memory() -> None:
    matrix = penstock.Tensor([[1.0, 2.0], [3.0, 4.0]])
    same = matrix
    matrix @= penstock.Tensor([[0.0, 1.0], [1.0, 0.0]])
    assert matrix is same
    assert matrix.tolist() == [[2.0, 1.0], [4.0, 3.0]]


def test_the_operator_in_place_refuses_what_has_another_shape() -> None:
    matrix = penstock.ones((2, 2))
    with pytest.raises(penstock.InvalidArgumentError, match=r"\(2, 3\).*\(2, 2\)"):
        matrix @= penstock.ones((2, 3))
    assert matrix.tolist() == [[1.0, 1.0], [1.0, 1.0]]


def test_a_number_is_no_operand() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        penstock.ones((2, 2)) @ 2


@pytest.mark.parametrize(
    ("first", "second"), [((2, 3), (2, 3)), ((2, 3), (4,)), ((2, 1, 3), (3, 3, 1)), ((2, 3), ()), ((), (3,))]
)
def test_shapes_that_do_not_fit_are_both_named(first: tuple[int, ...], second: tuple[int, ...]) -> None:
    with pytest.raises(penstock.InvalidArgumentError) as refusal:
        penstock.matmul(penstock.ones(first), penstock.ones(second))
    assert f"{first} and {second}" in str(refusal.value)


def test_axes_that_do_not_pair_are_refused() -> None:
    first, second = penstock.ones((2, 3)), penstock.ones((3, 2))
    with pytest.raises(penstock.InvalidArgumentError, match="axes is 3"):
        penstock.tensordot(first, second, axes=3)
    with pytest.raises(penstock.InvalidArgumentError, match="as many of x1 as of x2"):
        penstock.tensordot(first, second, axes=((0,), (0, 1)))
    with pytest.raises(penstock.InvalidArgumentError, match=r"axis 0 of the first has size 2, axis 0 of the second 3"):
        penstock.tensordot(first, second, axes=((0,), (0,)))
    with pytest.raises(penstock.OutOfRangeError, match="axis is 0"):
        penstock.vecdot(first, second, axis=0)


# In turns, so that each library's threads meet the other's; torch's do not survive a fork, so that it has one there.
BESIDE_TORCH = """
import os
{imports}

theirs = torch.randn(300, 300, generator=torch.Generator().manual_seed(3))
ours = penstock.from_dlpack(theirs)
our_product, their_product = ours @ ours, theirs @ theirs
assert torch.allclose(torch.from_dlpack(our_product), their_product, atol=1e-3)

def multiplies():
    for _ in range(2):
        if not penstock.all(ours @ ours == our_product):
            return False
        if not torch.allclose(theirs @ theirs, their_product, atol=1e-3):
            return False
    return True

assert multiplies()
child = os.fork()
if child == 0:
    torch.set_num_threads(1)
    os._exit(0 if multiplies() else 1)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
assert multiplies()
print("both multiplied" if status == 0 else f"the child ended with {{status}}")
"""


@pytest.mark.parametrize("imports", ["import torch, penstock", "import penstock, torch"])
def test_torch_and_penstock_multiply_in_one_process_and_after_a_fork(imports: str) -> None:
    assert "both multiplied" in children.run(BESIDE_TORCH.format(imports=imports))


FORK = """
import os
import penstock

matrix = penstock.Tensor([[1.0, 2.0], [3.0, 4.0]]).expand((200, 2, 2))
large = penstock.ones((300, 300))
expected = (matrix @ matrix).tolist(), (large @ large).tolist()
child = os.fork()
if child == 0:
    os._exit(0 if ((matrix @ matrix).tolist(), (large @ large).tolist()) == expected else 1)
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print("the child multiplied" if status == 0 else f"the child ended with {status}")
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_multiplies() -> None:
    assert "the child multiplied" in children.run(FORK)
