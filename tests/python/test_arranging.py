"""Sorting, picking, joining and making at their edges: NaN, zeros of both signs, layouts, sizes, errors."""

from collections.abc import Callable
from typing import Any

import numpy as np
import penstock
import pytest
import torch

RANDOM = np.random.default_rng(7)
DTYPES = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64")


def numbers(dtype: str, count: int, spread: str) -> Any:
    """Numbers spread over all a dtype holds, over a few, or far apart in two heaps."""
    bits = RANDOM.integers(0, 256, count * np.dtype(dtype).itemsize, dtype=np.uint8).view(dtype)
    if dtype == "bool":
        return RANDOM.integers(0, 2, count).astype(bool)
    if spread == "few":
        return RANDOM.integers(0, 7, count).astype(dtype)
    if spread == "heaps":
        heaps = np.where(RANDOM.random(count) < 0.5, np.array(1, dtype), bits.max())
        return heaps - RANDOM.integers(0, 60, count).astype(dtype) if dtype.startswith("float") else heaps
    return bits


@pytest.mark.parametrize("spread", ["all", "few", "heaps"])
@pytest.mark.parametrize("count", [1, 2, 31, 33, 1000, 5000, 120_000])
@pytest.mark.parametrize("dtype", DTYPES)
def test_sorted_as_numpys(dtype: str, count: int, spread: str) -> None:
    with np.errstate(all="ignore"):
        array = numbers(dtype, count, spread)
    tensor = penstock.Tensor(array)
    np.testing.assert_array_equal(penstock.sort(tensor).numpy(), np.sort(array, stable=True))
    np.testing.assert_array_equal(penstock.argsort(tensor).numpy(), np.argsort(array, stable=True))


def test_one_number_far_above_many_that_are_close_together() -> None:
    array = np.concatenate([RANDOM.integers(0, 2**40, 70_000), [2**62]])
    np.testing.assert_array_equal(penstock.sort(penstock.Tensor(array)).numpy(), np.sort(array))
    np.testing.assert_array_equal(penstock.argsort(penstock.Tensor(array)).numpy(), np.argsort(array, stable=True))


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("descending", [False, True])
def test_small_floats_are_sorted_as_torchs(dtype: str, descending: bool) -> None:
    values = torch.randn(3, 500, generator=torch.manual_seed(1)).to(getattr(torch, dtype))
    values[0, 7], values[1, 3] = float("nan"), float("inf")
    found, expected = penstock.from_dlpack(values), torch.sort(values, stable=True, descending=descending)
    assert torch.equal(
        penstock.sort(found, descending=descending).torch().nan_to_num(nan=7.5), expected.values.nan_to_num(nan=7.5)
    )
    assert torch.equal(penstock.argsort(found, descending=descending).torch(), expected.indices)


@pytest.mark.parametrize("count", [5, 100])
def test_equal_elements_keep_their_order_bit_for_bit(count: int) -> None:
    bits = np.resize(np.array([0xFFC00001, 0x80000000, 0x7FC00002, 0, 0x3F800000], np.uint32), count)
    array = bits.view(np.float32)
    order = np.argsort(array, stable=True)
    tensor = penstock.Tensor(array)
    assert penstock.argsort(tensor).tolist() == order.tolist()
    assert penstock.sort(tensor).numpy().view(np.uint32).tolist() == bits[order].tolist()
    downwards = penstock.argsort(tensor, descending=True).numpy()
    keys = np.where(np.isnan(array), np.float32(9), array)
    assert downwards.tolist() == np.argsort(-keys, stable=True).tolist()
    assert penstock.sort(tensor, descending=True).numpy().view(np.uint32).tolist() == bits[downwards].tolist()


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "dense": lambda x: x,
    "transposed": lambda x: x.transpose(2, 0, 1),
    "reversed": lambda x: x[::-1, :, ::-1],
    "every other": lambda x: x[:, ::2],
    "repeated": lambda x: np.broadcast_to(x[:1], x.shape),
    "without elements": lambda x: x[:, :0],
}
ALONG: dict[str, Callable[[Any, Any, int], Any]] = {
    "sort": lambda xp, x, axis: xp.sort(x, axis=axis),
    "argsort": lambda xp, x, axis: xp.argsort(x, axis=axis, stable=True),
    "diff": lambda xp, x, axis: xp.diff(x, axis=axis),
    "take": lambda xp, x, axis: xp.take(x, xp.asarray([0, -1, 0, 1]) if x.shape[axis] else xp.arange(0), axis=axis),
    "take_along_axis": lambda xp, x, axis: xp.take_along_axis(x, xp.argsort(x, axis=axis), axis=axis),
    "repeat": lambda xp, x, axis: xp.repeat(x, xp.arange(x.shape[axis]), axis=axis),
    "roll": lambda xp, x, axis: xp.roll(x, 2, axis=axis),
    "concat": lambda xp, x, axis: xp.concat([x, x], axis=axis),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("name", ALONG)
def test_any_layout_and_axis_gives_what_numpys_does(name: str, axis: int, layout: str) -> None:
    array = LAYOUTS[layout](RANDOM.standard_normal((6, 7, 8)).astype(np.float32))
    found = ALONG[name](penstock, penstock.from_numpy(array), axis)
    np.testing.assert_array_equal(found.numpy(), ALONG[name](np, array, axis))


@pytest.mark.parametrize("index", [
    np.s_[[2, 0, -1]], np.s_[:, [2, 0]], np.s_[..., [1, 1, 3]], np.s_[[0, 1], :, [2, 3]], np.s_[:, [[0], [1]], [2, 3]],
])  # fmt: skip
@pytest.mark.parametrize("layout", ["dense", "transposed", "reversed", "every other"])
def test_large_picks_and_puts_are_numpys(layout: str, index: Any) -> None:
    array = LAYOUTS[layout](np.arange(60 * 70 * 80).reshape(60, 70, 80))
    tensor = penstock.from_numpy(array)
    np.testing.assert_array_equal(tensor[index].numpy(), array[index])
    written, expected = penstock.Tensor(array), array.copy()
    written[index] = penstock.Tensor(array[index]) + 1
    expected[index] = array[index] + 1
    np.testing.assert_array_equal(written.numpy(), expected)


def test_as_many_picks_as_threads_share_are_numpys() -> None:
    array, index = RANDOM.standard_normal(300_000), RANDOM.integers(-300_000, 300_000, 400_000)
    np.testing.assert_array_equal(penstock.take(penstock.Tensor(array), index).numpy(), array[index])
    wrong = index.copy()
    wrong[[350_000, 399_999]] = 300_000, -300_001
    either = r"index (300000|-300001) is outside axis 0 of size 300000 of shape \(300000,\)"  # whose thread comes first
    with pytest.raises(IndexError, match=either):
        penstock.take(penstock.Tensor(array), wrong)


def test_each_nan_is_different_and_zeros_are_one() -> None:
    found = penstock.unique_all(penstock.Tensor([float("nan"), 0.0, float("nan"), -0.0]))
    assert (found.indices.tolist(), found.counts.tolist()) == ([1, 0, 2], [2, 1, 1])
    assert found.inverse_indices.tolist() == [1, 0, 2, 0]
    assert len(penstock.unique_values(penstock.Tensor([complex(float("nan"), 1), 1j, complex(float("nan"), 1)]))) == 3


def test_what_is_unique_of_a_single_number_and_of_nothing() -> None:
    found = penstock.unique_all(penstock.Tensor(5))
    assert (found.values.tolist(), found.inverse_indices.shape) == ([5], ())
    empty = penstock.unique_all(penstock.zeros((0, 3)))
    assert [each.shape for each in empty] == [(0,), (0,), (0, 3), (0,)]


def test_places_among_nan_and_nothing() -> None:
    line = penstock.Tensor([1.0, 2.0, float("nan")])
    assert penstock.searchsorted(line, penstock.Tensor([float("nan"), float("inf")])).tolist() == [2, 2]
    assert penstock.searchsorted(line, penstock.Tensor([float("nan")]), side="right").tolist() == [3]
    assert penstock.searchsorted(penstock.zeros(0), penstock.ones(2)).tolist() == [0, 0]
    assert penstock.searchsorted(penstock.Tensor([1, 3]), 2).item() == 1


def test_asarray_shares_copies_or_refuses() -> None:
    array = np.zeros(3, dtype=np.float32)
    shared, copied = penstock.asarray(array, copy=False), penstock.asarray(array, copy=True)
    array[0] = 5
    assert (shared.tolist(), copied.tolist()) == ([5.0, 0.0, 0.0], [0.0, 0.0, 0.0])
    assert penstock.asarray(shared) is shared
    lent = torch.zeros(2)
    penstock.asarray(lent)[0] = 3
    buffer = bytearray(2)
    penstock.asarray(buffer, copy=False)[1] = 9
    assert (lent.tolist(), bytes(buffer)) == ([3.0, 0.0], b"\x00\x09")
    assert penstock.asarray(array, dtype="int8").dtype is penstock.int8
    with pytest.raises(ValueError, match="copy=False nothing may be copied, but list holds no memory"):
        penstock.asarray([1, 2], copy=False)
    with pytest.raises(ValueError, match="float32 is not int8"):
        penstock.asarray(array, dtype="int8", copy=False)


def test_numbers_far_apart_are_evenly_spaced() -> None:
    assert penstock.linspace(-1e308, 1e308, 3, dtype="float64").tolist() == [-1e308, 0.0, 1e308]
    assert penstock.linspace(-1, 1, 4, dtype="int64").tolist() == np.linspace(-1, 1, 4, dtype="int64").tolist()
    for count in (2, 3, 10, 1000):
        expected = np.linspace(0.1, 0.7, count)
        assert penstock.linspace(0.1, 0.7, count, dtype="float64").tolist() == expected.tolist()


ERRORS: dict[str, tuple[Callable[[], Any], type[Exception], str]] = {
    "sort of rank 0": (lambda: penstock.sort(penstock.Tensor(1)), IndexError, r"sort: axis -1 is outside shape \(\)"),
    "sort of complex": (lambda: penstock.sort([1j]), TypeError, "sort does not take complex64"),
    "argsort of complex": (lambda: penstock.argsort([1j]), TypeError, "argsort does not take complex64"),
    "nonzero of rank 0": (lambda: penstock.nonzero(penstock.Tensor(1)), ValueError, r"nonzero of shape \(\)"),
    "a side": (lambda: penstock.searchsorted([1], [2], side="up"), ValueError, "side is 'up'"),
    "matrix": (lambda: penstock.searchsorted([[1]], [2]), ValueError, r"sorted values have shape \(1, 1\)"),
    "take without axis": (lambda: penstock.take([[1]], [0]), ValueError, r"shape \(1, 1\), so axis must be named"),
    "take of floats": (lambda: penstock.take([1], [0.5]), TypeError, "indices are of float32: expected int64"),
    "take_along_axis": (
        lambda: penstock.take_along_axis([[1, 2]], [[0], [2]]),
        IndexError,
        r"index 2 is outside axis 1 of size 2 of shape",
    ),
    "take_along_axis of other shapes": (
        lambda: penstock.take_along_axis(penstock.ones((2, 3)), penstock.zeros((4, 1), dtype="int64")), ValueError,
        r"shapes \(2, 3\) and \(4, 1\) do not fit",
    ),
    "tile of too many": (
        lambda: penstock.tile(penstock.ones(2), (2**62,)), ValueError, r"tile: shape \(2,\) with repetitions \(46116",
    ),
    "tile of too many bytes": (
        lambda: penstock.tile(penstock.ones(2), (2**60,)), ValueError, r"tile: repetitions \(11529",
    ),
    "tile by no int64": (lambda: penstock.tile([1], (2**70,)), OverflowError, r"tile: repetitions \(118059"),
    "repeat of other length": (
        lambda: penstock.repeat([1, 2], [1, 2, 3]),
        ValueError,
        r"repetitions have shape \(3,\)",
    ),
    "repeat below 0": (lambda: penstock.repeat([1, 2], -1), ValueError, "-1 repetitions"),
    "roll": (lambda: penstock.roll([1], (1, 2), axis=0), ValueError, "2 shifts are given for 1 axes"),
    "diff of bool": (lambda: penstock.diff([True]), TypeError, "diff does not take bool"),
    "diff below 0": (lambda: penstock.diff([1], n=-1), ValueError, "diff of order -1"),
    "concat of nothing": (lambda: penstock.concat([]), ValueError, "concat of no arrays"),
    "concat of rank 0": (lambda: penstock.concat([penstock.Tensor(1)]), IndexError, r"concat: axis 0 is outside shape"),
    "stack at an axis": (lambda: penstock.stack([[1]], axis=3), IndexError, "axis 3 is outside the 2 axes"),
    "tril of a line": (lambda: penstock.tril([1]), ValueError, r"tril of shape \(1,\)"),
    "eye below 0": (lambda: penstock.eye(-1), ValueError, "eye of -1 rows"),
    "linspace below 0": (lambda: penstock.linspace(0, 1, -1), ValueError, "linspace of -1 numbers"),
    "linspace to NaN": (lambda: penstock.linspace(0, penstock.nan, 2), ValueError, "from 0 to nan is not finite"),
    "linspace of complex": (lambda: penstock.linspace(0, 1j, 2, dtype="float32"), TypeError, "cannot become float32"),
    "meshgrid": (lambda: penstock.meshgrid([[1]]), ValueError, r"shapes \(1, 1\): expected one axis each"),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_names_what_was_given(name: str) -> None:
    action, kind, sentence = ERRORS[name]
    with pytest.raises(kind, match=sentence):
        action()
