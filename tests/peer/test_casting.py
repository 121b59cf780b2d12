"""Which dtypes convert to which, and to what values."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
from library import DTYPE_NAMES, Array, Casting, PenstockError, Status, wrap
from numpy.random import default_rng
from random_arrays import random_array

PAIRS = [(source, target) for source in DTYPE_NAMES for target in DTYPE_NAMES]
CASES_A_PAIR = 25


def is_allowed(source: str, target: str) -> bool:
    try:
        wrap(np.zeros(2, source)).astype(target, Casting.SAME_KIND)
    except PenstockError as error:
        if error.status != Status.TYPE_MISMATCH:
            raise
        return False
    return True


def only_defined(array: Array, target: np.dtype[Any]) -> Array:
    """The array with 0 for what has no defined value as a target integer: C leaves it to the CPU, and NumPy to C."""
    if array.dtype.kind not in "fc" or target.kind not in "iu":
        return array
    limits = np.iinfo(target)
    with np.errstate(invalid="ignore"):  # a signalling NaN
        real = np.trunc(array.real.astype(np.longdouble))
    inside = (real >= np.longdouble(limits.min)) & (real <= np.longdouble(limits.max))
    return np.where(inside, array, array.dtype.type(0))


def by_numpy(array: Array, target: str) -> Array:
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", np.exceptions.ComplexWarning)
        return array.astype(target)


def bits(array: Array) -> bytes:
    """The bytes, with one pattern for every NaN: which of them a conversion gives is not NumPy's to say."""
    if array.dtype.kind == "c":
        array = np.ascontiguousarray(array).reshape(-1).view(f"f{array.itemsize // 2}")
    if array.dtype.kind == "f":
        array = np.where(np.isnan(array), array.dtype.type(np.nan), array)
    return array.tobytes()


def test_same_kind_is_numpys_table() -> None:
    allowed = {pair for pair in PAIRS if is_allowed(*pair)}
    assert allowed == {pair for pair in PAIRS if np.can_cast(*pair, casting="same_kind")}


@pytest.mark.parametrize(("source", "target"), PAIRS)
def test_unsafe_conversion_gives_numpys_values(source: str, target: str) -> None:
    random = default_rng(PAIRS.index((source, target)))
    for _ in range(CASES_A_PAIR):
        array = only_defined(random_array(random, source), np.dtype(target))
        converted = wrap(array).astype(target, Casting.UNSAFE)
        assert converted.dtype == target
        assert converted.shape == array.shape
        assert bits(converted.array()) == bits(by_numpy(array, target)), array
