"""Arrays of every dtype that NumPy and penstock share, drawn so that edge cases are common."""

from __future__ import annotations

from typing import Any

import numpy as np
from library import Array
from numpy.random import Generator

SPECIALS = [np.nan, np.inf, -np.inf, -0.0, 0.0]

# Around the limits of printing: ties in the last digit, and where one form of number gives way to another.
BORDERLINE = [9.5, 99.95, 0.5, 1.5, 2.5, 0.05, 0.25, 999.5, 1e3, 1e-4, 9.9999e-5, 999999, 1e6, 99999999, 1e8, 0.1, -0.0]


def random_shape(random: Generator, most_ndim: int = 5) -> tuple[int, ...]:
    """A shape of at most a few hundred elements; now and then without any."""
    ndim = int(random.integers(0, most_ndim + 1))
    largest = (0, 40, 9, 6, 5, 4)[ndim]
    smallest = 0 if random.random() < 0.1 else 1
    return tuple(int(size) for size in random.integers(smallest, largest, ndim))


def random_bytes(random: Generator, dtype: np.dtype[Any], count: int) -> Array:
    return np.frombuffer(random.bytes(count * dtype.itemsize), dtype).copy()


def random_integers(random: Generator, dtype: np.dtype[Any], count: int) -> Array:
    """All bits, or only some low ones."""
    shifted: Array = random_bytes(random, dtype, count) >> dtype.type(random.integers(0, 8 * dtype.itemsize))
    return shifted


def random_floats(random: Generator, dtype: np.dtype[Any], count: int) -> Array:
    """Of one character an array: any bits, one magnitude, many magnitudes, few digits, powers of two, borderline."""
    normal = random.standard_normal(count)
    characters = (
        lambda: random_bytes(random, dtype, count),
        lambda: normal,
        lambda: random.integers(-1000, 1000, count),
        lambda: normal * 10.0 ** random.integers(-8, 9),
        lambda: normal * 10.0 ** random.integers(-3, 4, count),
        lambda: np.round(normal * 10, int(random.integers(0, 6))),
        lambda: 2.0 ** random.integers(-30, 30, count) * random.choice([-1, 1], count),
        lambda: random.integers(-100, 100, count) / random.choice([2, 8, 1000, 1024]),
        lambda: random.choice(BORDERLINE, count),
    )
    with np.errstate(over="ignore", invalid="ignore"):
        values = characters[random.integers(len(characters))]().astype(dtype)
    if count > 0 and random.random() < 0.25:
        places = random.integers(0, count, random.integers(1, count + 1))
        values[places] = random.choice(SPECIALS, places.size)
    return values


def random_values(random: Generator, name: str, count: int) -> Array:
    dtype = np.dtype(name)
    if dtype.kind == "b":
        return np.asarray(random.random(count) < random.choice([0, 0.5, 1]))
    if dtype.kind in "iu":
        return random_integers(random, dtype, count)
    if dtype.kind == "f":
        return random_floats(random, dtype, count)
    part = np.dtype(f"f{dtype.itemsize // 2}")
    parts = [random_floats(random, part, count) for _ in range(2)]
    return np.stack(parts, axis=-1).view(dtype).reshape(count)


def random_array(random: Generator, name: str, shape: tuple[int, ...] | None = None) -> Array:
    """Of any strides: transposed, reversed or stepped over, now and then."""
    shape = random_shape(random) if shape is None else shape
    steps = [int(random.choice([1, 1, 1, 2, -1, -2])) for _ in shape]
    stored = tuple(size * abs(step) for size, step in zip(shape, steps, strict=True))
    order = random.permutation(len(shape))
    array = random_values(random, name, int(np.prod(stored))).reshape([stored[axis] for axis in order])
    array = array.transpose(np.argsort(order)) if len(shape) > 0 else array
    index: tuple[Any, ...] = (*(slice(None, None, step) for step in steps), ...)  # ...: an array even of rank 0
    return np.asarray(array[index])
