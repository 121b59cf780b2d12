"""What differs from NumPy on purpose: all of it, each with the reason.

Every test has both sides, so that it turns red when NumPy comes to agree.
"""

from __future__ import annotations

import ctypes

import numpy as np
import pytest
from library import DTYPE_NUMBERS, Casting, Equality, FormatOptions, PenstockError, flag, make, wrap


def test_conversions_to_integers_saturate() -> None:
    """What does not fit is cut to the limits and NaN gives 0; NumPy gives whatever this CPU's instruction does.

    A result must not depend on the CPU.
    """
    array = np.array([1e10, -1e10, np.inf, np.nan])
    with np.errstate(invalid="ignore"):
        by_numpy = array.astype(np.int32)
    converted = wrap(array).astype("int32", Casting.UNSAFE).array()
    assert converted.tolist() == [2**31 - 1, -(2**31), 2**31 - 1, 0]
    assert by_numpy.tolist() != converted.tolist()


def test_narrow_ranges_are_computed_in_float64() -> None:
    """Each number is the float64 one, rounded once; NumPy adds up the step after rounding it to float32."""
    by_numpy = np.arange(0, 1, 0.1, dtype=np.dtype(np.float32))
    made = make("ps_tensor_arange_float64", 0, 1, 0.1, DTYPE_NUMBERS["float32"], None).array()
    assert made.tolist() == np.arange(0, 1, 0.1).astype(np.float32).tolist()
    assert by_numpy.tolist() != made.tolist()


def test_nearly_equal_is_computed_in_float64() -> None:
    """The tolerance that was given is the one that counts; NumPy rounds it to the dtype of the arrays."""
    expected = np.array([1], np.float32)
    actual = np.nextafter(expected, np.float32(2))  # 1 + 1.1920929e-07
    relative = 1.19209289e-07
    assert not flag("ps_tensor_all_close", wrap(actual), wrap(expected), relative, 0, 0)
    assert np.allclose(actual, expected, relative, 0)


@pytest.mark.filterwarnings("ignore:One of rtol or atol is not valid")
def test_nothing_is_close_to_an_infinity_but_itself() -> None:
    """However wide the tolerance; NumPy lets an infinite tolerance bring an infinity close to a finite number."""
    infinite, finite = np.array([np.inf]), np.array([1.0])
    assert not flag("ps_tensor_all_close", wrap(infinite), wrap(finite), 0, np.inf, 0)
    assert np.allclose(infinite, finite, 0, np.inf)


def test_equal_takes_a_nan_for_a_nan_without_being_asked() -> None:
    """Its two notions are the bits and the values; there is none by which a tensor differs from itself."""
    array = np.array([np.nan])
    assert flag("ps_tensor_equal", wrap(array), wrap(array.copy()), Equality.VALUE)
    assert not np.array_equal(array, array)


def test_equal_needs_one_dtype() -> None:
    """Tensors that are equal can stand for each other; NumPy compares what arrays of different dtypes convert to."""
    first, second = np.array([1], np.int32), np.array([1], np.int64)
    assert not flag("ps_tensor_equal", wrap(first), wrap(second), Equality.VALUE)
    assert np.array_equal(first, second)


def test_nearly_equal_needs_one_shape() -> None:
    """A result of another shape is wrong however near its numbers are; NumPy broadcasts one to the other."""
    row, one = np.ones(3), np.ones(1)
    with pytest.raises(PenstockError, match="shape"):
        flag("ps_tensor_all_close", wrap(row), wrap(one), 0, 0, 0)
    assert np.allclose(row, one)


def test_no_edge_items_print_no_items() -> None:
    """0 items at each end means none; NumPy prints the last one."""
    array = np.arange(10)
    options = FormatOptions(ctypes.sizeof(FormatOptions), 0, 5, 8, 75)
    assert wrap(array).format(options).startswith("tensor([...], ")
    with np.printoptions(edgeitems=0, threshold=5):
        assert str(np.array2string(array, separator=", ")) == "[..., 9]"


def test_many_short_axes_are_printed_with_smaller_edges() -> None:
    """A shortened tensor prints at most 1,000,000 elements; NumPy would print all 4.7e11 of this one.

    A repr must come back, whatever it is of.
    """
    array = np.broadcast_to(np.int8(1), (6,) * 15)
    assert wrap(array).format().count("1") < 1_000_000
