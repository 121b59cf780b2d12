"""Ranges hold the numbers that NumPy's hold."""

from __future__ import annotations

import numpy as np
import pytest
from library import DTYPE_NUMBERS, make
from numpy.random import default_rng

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]


@pytest.mark.parametrize("dtype", INTEGERS)
def test_integer_ranges_are_numpys(dtype: str) -> None:
    random = default_rng(INTEGERS.index(dtype))
    limits = np.iinfo(dtype)
    lowest, highest = max(limits.min, -(2**62)), min(limits.max, 2**62)
    for _ in range(300):
        start, stop = (int(random.integers(lowest, highest)) for _ in range(2))
        if random.random() < 0.5:
            stop = min(max(start + int(random.integers(-50, 50)), lowest), highest)
        step = (abs(stop - start) // int(random.integers(1, 60)) + 1) * int(random.choice([-1, 1]))
        expected = np.array(range(start, stop, step), dtype)  # np.arange cannot step down through unsigned numbers
        made = make("ps_tensor_arange_int64", start, stop, step, DTYPE_NUMBERS[dtype], None).array()
        assert np.array_equal(made, expected), (start, stop, step)
        if limits.min < 0:
            assert np.array_equal(made, np.arange(start, stop, step, dtype=np.dtype(dtype))), (start, stop, step)


def test_float64_ranges_are_numpys_to_the_bit() -> None:
    random = default_rng(0)
    for _ in range(2000):
        start, stop = random.standard_normal(2) * 10.0 ** random.integers(-3, 6)
        step = (stop - start) / random.uniform(-3, 60) or 1.0
        if random.random() < 0.3:
            start, stop, step = (float(np.round(number, 2)) for number in (start, stop, step))
        if step == 0 or abs((stop - start) / step) > 1e4:
            continue
        expected = np.arange(start, stop, step)
        made = make("ps_tensor_arange_float64", start, stop, step, DTYPE_NUMBERS["float64"], None).array()
        assert made.tobytes() == expected.tobytes(), (start, stop, step)
