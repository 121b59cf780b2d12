"""What is equal, and nearly equal, to NumPy is so to penstock."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from library import DTYPE_NAMES, Array, Equality, flag, wrap
from numpy.random import Generator, default_rng
from random_arrays import random_array

CASES_A_DTYPE = 200
TOLERANCES = [(0.0, 0.0), (1e-5, 1e-8), (0.0, 0.5), (0.25, 0.0), (1e-3, 1.0)]


def equal(first: Array, second: Array, equality: Equality) -> bool:
    return flag("ps_tensor_equal", wrap(first), wrap(second), equality)


def slightly_changed(random: Generator, array: Array) -> Array:
    """A copy of other strides, half the time with one element changed: to another, to zero, in its sign."""
    changed = array.copy(order=random.choice(["C", "F"]))
    if array.size > 0 and random.random() < 0.5:
        place = np.unravel_index(random.integers(array.size), array.shape)
        negative = array[place] if array.dtype.kind == "b" else np.negative(array[place])
        others = [array[tuple(random.integers(array.shape))], array.dtype.type(0), negative]
        changed[place] = others[random.integers(3)]
    return changed


@pytest.mark.parametrize("dtype", DTYPE_NAMES)
def test_equal_values_are_numpys(dtype: str) -> None:
    random = default_rng(DTYPE_NAMES.index(dtype))
    for _ in range(CASES_A_DTYPE):
        array = random_array(random, dtype)
        other = slightly_changed(random, array)
        assert equal(array, other, Equality.VALUE) == np.array_equal(array, other, equal_nan=True)


@pytest.mark.parametrize("dtype", DTYPE_NAMES)
def test_equal_bits_are_those_of_the_bytes(dtype: str) -> None:
    random = default_rng(DTYPE_NAMES.index(dtype))
    for _ in range(CASES_A_DTYPE):
        array = random_array(random, dtype)
        other = slightly_changed(random, array)
        assert equal(array, other, Equality.BITWISE) == (array.tobytes() == other.tobytes())


def widened(array: Array) -> Array:
    """As penstock compares; test_differences.py has the reason."""
    return array.astype(np.complex128 if array.dtype.kind == "c" else np.float64)


def nearby(random: Generator, array: Array) -> Array:
    """Another array close to this one, of any dtype, half the time with one element that may be farther off."""
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        other = np.asarray(widened(array) * (1 + random.choice([0, 1e-6, 0.1]) * random.uniform(-1, 1, array.shape)))
        if array.size > 0 and random.random() < 0.5:
            place = np.unravel_index(random.integers(array.size), array.shape)
            other[place] = random.choice([np.nan, np.inf, -np.inf, 0, 1])
        return other.astype(random.choice([array.dtype, np.dtype(random.choice(DTYPE_NAMES))]))


@pytest.mark.parametrize("dtype", DTYPE_NAMES)
def test_nearly_equal_is_numpys(dtype: str) -> None:
    random = default_rng(DTYPE_NAMES.index(dtype))
    seen = {True: 0, False: 0}
    for _ in range(CASES_A_DTYPE):
        expected = random_array(random, dtype)
        actual = nearby(random, expected)
        relative, absolute = TOLERANCES[random.integers(len(TOLERANCES))]
        nan_equal = bool(random.integers(2))
        with np.errstate(all="ignore"):
            by_numpy = np.allclose(widened(actual), widened(expected), relative, absolute, equal_nan=nan_equal)
        tensors = (wrap(actual), wrap(expected))
        assert flag("ps_tensor_all_close", *tensors, relative, absolute, int(nan_equal)) == by_numpy, (actual, expected)
        seen[by_numpy] += 1
    assert min(seen.values()) > 5  # both happen
