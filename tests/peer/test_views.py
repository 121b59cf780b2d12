"""Views show the elements that NumPy's show."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pytest
from library import Array, PenstockError, Status, Tensor, wrap
from numpy.random import Generator, default_rng
from random_arrays import random_array, random_shape

OPEN = -(2**63)  # PS_SLICE_OPEN

Step: TypeAlias = Callable[[Generator, Array, Tensor], tuple[Array, Tensor]]


def sliced(random: Generator, array: Array, tensor: Tensor) -> tuple[Array, Tensor]:
    axis = int(random.integers(array.ndim))
    size = array.shape[axis]
    start, stop = (int(number) for number in random.integers(-2 * size - 2, 2 * size + 2, 2))
    starts_open, stops_open = random.random(2) < 0.3
    step = int(random.choice([-size - 3, -3, -2, -1, 1, 2, 3, size + 3]))
    part = slice(None if starts_open else start, None if stops_open else stop, step)
    ends = (OPEN if starts_open else start, OPEN if stops_open else stop)
    return array[(slice(None),) * axis + (part,)], tensor.view("slice", axis - array.ndim, *ends, step)


def selected(random: Generator, array: Array, tensor: Tensor) -> tuple[Array, Tensor]:
    axis = int(random.integers(array.ndim))
    if array.shape[axis] == 0:
        return array, tensor
    index = int(random.integers(-array.shape[axis], array.shape[axis]))
    return array[(slice(None),) * axis + (index, ...)], tensor.view("select", axis, index)


def narrowed(random: Generator, array: Array, tensor: Tensor) -> tuple[Array, Tensor]:
    axis = int(random.integers(array.ndim))
    start = int(random.integers(array.shape[axis] + 1))
    length = int(random.integers(array.shape[axis] - start + 1))
    index = (slice(None),) * axis + (slice(start, start + length),)
    return array[index], tensor.view("narrow", axis, start, length)


def permuted(random: Generator, array: Array, tensor: Tensor) -> tuple[Array, Tensor]:
    axes = tuple(int(axis) for axis in random.permutation(array.ndim))
    return array.transpose(axes), tensor.permute(axes)


def transposed(random: Generator, array: Array, tensor: Tensor) -> tuple[Array, Tensor]:
    first, second = (int(axis) for axis in random.integers(-array.ndim, array.ndim, 2))
    return array.swapaxes(first, second), tensor.view("transpose", first, second)


def unsqueezed(random: Generator, array: Array, tensor: Tensor) -> tuple[Array, Tensor]:
    axis = int(random.integers(-array.ndim - 1, array.ndim + 1))
    return np.expand_dims(array, axis), tensor.view("unsqueeze", axis)


def squeezed(random: Generator, array: Array, tensor: Tensor) -> tuple[Array, Tensor]:
    ones = [axis for axis in range(array.ndim) if array.shape[axis] == 1]
    if not ones or random.random() < 0.5:
        return array.squeeze(), tensor.squeeze(())
    axes = tuple(int(axis) for axis in random.choice(ones, random.integers(1, len(ones) + 1), replace=False))
    return array.squeeze(axes), tensor.squeeze(axes)


def expanded(random: Generator, array: Array, tensor: Tensor) -> tuple[Array, Tensor]:
    new_axes = tuple(int(size) for size in random.integers(0, 4, random.integers(0, 3)))
    sizes = tuple(int(random.integers(0, 4)) if size == 1 else size for size in array.shape)
    return np.broadcast_to(array, new_axes + sizes), tensor.expand(new_axes + sizes)


STEPS_WITH_AN_AXIS: list[Step] = [sliced, selected, narrowed, permuted, transposed]
STEPS: list[Step] = [unsqueezed, squeezed, expanded]


@pytest.mark.parametrize("seed", range(20))
def test_chains_of_views_show_what_numpys_show(seed: int) -> None:
    random = default_rng(seed)
    for _ in range(50):
        array = random_array(random, "int16")
        tensor = wrap(array)
        for _ in range(6):
            steps = STEPS + STEPS_WITH_AN_AXIS if array.ndim > 0 else STEPS
            step = steps[random.integers(len(steps))]
            array, tensor = step(random, array, tensor)
            assert tensor.shape == array.shape, step
            assert np.array_equal(tensor.array(), array), step


def factors(random: Generator, count: int) -> tuple[int, ...]:
    """A shape of that many elements, ones in between."""
    shape: list[int] = []
    while count > 1 and len(shape) < 5:
        divisors = [number for number in range(2, count + 1) if count % number == 0]
        shape.append(int(random.choice(divisors)))
        count //= shape[-1]
    shape += [count] + [1] * int(random.integers(0, 2))
    return tuple(int(size) for size in random.permutation(shape))


def random_strided(random: Generator) -> Array:
    """Axes of which some can be joined and some cannot: permuted, stepped over, repeated."""
    if random.random() < 0.5:
        return random_array(random, "int16", random_shape(random, 4))
    shape = tuple(int(size) for size in random.choice([1, 2, 2, 3, 4], random.integers(1, 5)))
    array = np.arange(np.prod(shape), dtype=np.int16).reshape(shape)
    axis = int(random.integers(array.ndim))
    if random.random() < 0.3:
        array = np.broadcast_to(array[(slice(None),) * axis + (slice(0, 1),)], shape)
    if random.random() < 0.3:
        array = array.swapaxes(axis, int(random.integers(array.ndim)))
    return array


def reshaped_by_numpy(array: Array, shape: tuple[int, ...]) -> Array | None:
    try:
        return np.reshape(array, shape, copy=False)
    except ValueError:
        return None


def reshaped_by_penstock(array: Array, shape: tuple[int, ...]) -> Tensor | None:
    tensor = wrap(array)
    try:
        view = tensor.reshape(shape)
    except PenstockError as error:
        if error.status != Status.INVALID_ARGUMENT:
            raise
        return None
    assert view.data == tensor.data
    return view


@pytest.mark.parametrize("seed", range(20))
def test_reshape_gives_a_view_exactly_where_numpy_does(seed: int) -> None:
    random = default_rng(seed)
    seen = {True: 0, False: 0}
    for _ in range(200):
        array = random_strided(random)
        shape = factors(random, array.size)
        if array.size > 0 and random.random() < 0.3:
            place = int(random.integers(len(shape)))
            shape = (*shape[:place], -1, *shape[place + 1 :])
        by_numpy, by_penstock = reshaped_by_numpy(array, shape), reshaped_by_penstock(array, shape)
        assert (by_penstock is None) == (by_numpy is None), (array.shape, array.strides, shape)
        seen[by_numpy is None] += 1
        if by_numpy is not None and by_penstock is not None:
            assert by_penstock.shape == by_numpy.shape
            assert np.array_equal(by_penstock.array(), by_numpy)
    assert min(seen.values()) > 10  # both happen
