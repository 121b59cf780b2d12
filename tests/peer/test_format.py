"""Tensors are printed as NumPy's repr prints arrays."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
import pytest
from library import DTYPE_NAMES, Array, FormatOptions, wrap
from numpy.random import Generator, default_rng
from random_arrays import random_array

DEFAULTS = {"edgeitems": 3, "threshold": 1000, "precision": 8, "linewidth": 75}
CASES_A_DTYPE = 500


class tensor(np.ndarray[Any, Any]):  # noqa: N801
    """An array whose repr begins as a tensor's."""


def with_closing(text: str, closing: str, line_width: int) -> str:
    """The text and what closes it, by NumPy's rule for what stands behind the elements."""
    last_line = len(text) - (text.rfind("\n") + 1)
    fits = last_line + 1 + len(closing) <= line_width
    return text + (" " if fits else "\n" + " " * len("tensor(")) + closing


def body(array: Array) -> str:
    return "[]" if array.size == 0 else np.array2string(array, separator=", ", prefix="tensor(", suffix=")")


def expected(array: Array, options: dict[str, int]) -> str:
    with np.printoptions(**options):  # type: ignore[arg-type]
        text = f"tensor({body(array)},"
    return with_closing(text, f"shape={array.shape}, dtype={array.dtype}, device=cpu)", options["linewidth"])


def printed(array: Array, options: dict[str, int]) -> str:
    fields = (options["edgeitems"], options["threshold"], options["precision"], options["linewidth"])
    return wrap(array).format(FormatOptions(ctypes.sizeof(FormatOptions), *fields))


def random_options(random: Generator) -> dict[str, int]:
    ranges = {"edgeitems": (1, 5), "threshold": (0, 30), "precision": (0, 18), "linewidth": (1, 120)}
    drawn = {name: int(random.integers(*limits)) for name, limits in ranges.items() if random.random() < 0.5}
    return DEFAULTS | drawn


@pytest.mark.parametrize("dtype", DTYPE_NAMES)
def test_random_arrays_are_printed_as_by_numpy(dtype: str) -> None:
    random = default_rng(DTYPE_NAMES.index(dtype))
    for _ in range(CASES_A_DTYPE):
        array, options = random_array(random, dtype), random_options(random)
        assert printed(array, options) == expected(array, options), options


@pytest.mark.parametrize("dtype", DTYPE_NAMES)
def test_large_arrays_are_shortened_as_by_numpy(dtype: str) -> None:
    random = default_rng(100 + DTYPE_NAMES.index(dtype))
    for shape in ((1000,), (1001,), (7, 200), (2, 600), (1500, 2), (10, 11, 12), (6, 7, 8, 9), (1, 1, 1, 1001)):
        array = random_array(random, dtype, shape)
        assert wrap(array).format() == expected(array, DEFAULTS), shape


def test_every_float16_is_printed_as_by_numpy() -> None:
    numbers = np.arange(1 << 15, dtype=np.uint16).view(np.float16)
    for number in numbers.reshape(-1, 1):
        assert printed(number, DEFAULTS) == expected(number, DEFAULTS), number


@pytest.mark.parametrize(("dtype", "lowest", "highest"), [("float32", -149, 128), ("float64", -1074, 1024)])
def test_every_power_of_two_is_printed_as_by_numpy(dtype: str, lowest: int, highest: int) -> None:
    # Where a number's neighbours lie closer below than above, the shortest digits are hardest to find.
    options = DEFAULTS | {"precision": 17}
    for exponent in range(lowest, highest):
        number = np.ldexp(np.ones(1, dtype), exponent)
        neighbours = np.concatenate([np.nextafter(number, 0), number, np.nextafter(number, np.inf)])
        for array in (number, neighbours):
            assert printed(array, options) == expected(array, options), exponent


def test_the_rule_for_the_closing_is_numpys() -> None:
    # expected() is only as good as with_closing(): here it stands before what NumPy itself closes an array with.
    broken = 0
    for count in range(1, 200):
        array = np.arange(count, dtype=np.int16).view(tensor)
        text = with_closing(f"tensor({body(array)},", "dtype=int16)", 75)
        assert repr(array) == text
        broken += text.endswith("\n       dtype=int16)")
    assert broken > 0
