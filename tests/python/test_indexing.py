"""tensor[index] and tensor[index] = value equal NumPy's, errors included."""

import random
from typing import Any

import numpy as np
import penstock
import pytest

CASES = 10_000
CASES_A_TEST = 500


def random_array(dice: random.Random) -> Any:
    dtype = dice.choice(["int64", "int64", "float32", "uint8"])
    shape = [dice.choice([0, 1, 2, 3, 4, 5]) if dice.random() < 0.9 else 1 for _ in range(dice.randrange(5))]
    return np.arange(int(np.prod(shape)), dtype=dtype).reshape(shape)


def random_slice(dice: random.Random) -> slice:
    def end() -> int | None:
        return dice.choice([None, dice.randrange(-7, 8)])

    return slice(end(), end(), dice.choice([None, 1, 2, 3, -1, -2, 10, -(2**70)]))


def random_integers(dice: random.Random, size: int, shape: tuple[int, ...]) -> Any:
    """Integers that mostly lie within an axis, as a list, a NumPy array or a tensor."""
    limit = size + (dice.random() < 0.05)
    numbers = np.array([dice.randrange(-limit, limit) if limit else 0 for _ in range(int(np.prod(shape)))], np.int64)
    return numbers.reshape(shape).astype(dice.choice(["int64", "int32", "int8"]))


def random_mask(dice: random.Random, shape: tuple[int, ...]) -> Any:
    shape = tuple(size + (dice.random() < 0.03) for size in shape)
    return np.array([dice.random() < 0.5 for _ in range(int(np.prod(shape)))], bool).reshape(shape)


def random_index(dice: random.Random, shape: tuple[int, ...]) -> Any:  # noqa: C901 - a branch a kind of index
    """One index, or a tuple of them, that mostly fits a shape."""
    items: list[Any] = []
    axis = 0
    broadcast: tuple[int, ...] = dice.choice([(), (3,), (1,), (2, 3), (2, 1), (0,)])
    while axis < len(shape) and dice.random() < 0.85:
        size = shape[axis]
        kind = dice.choice(["int", "slice", "slice", "integers", "mask", "none", "ellipsis", "bool", "rare"])
        if kind == "none":
            items.append(None)
        elif kind == "ellipsis":
            if not any(item is Ellipsis for item in items) or dice.random() < 0.05:
                items.append(Ellipsis)
                axis += dice.randrange(len(shape) - axis + 1)
        elif kind == "bool":
            if dice.random() < 0.3:
                items.append(dice.choice([True, False, np.True_, np.array(False)]))
        elif kind == "rare":
            if dice.random() < 0.1:
                rare = [1.0, "a", np.array([0.5]), slice(None, None, 0), slice(0.5), [], np.array(0)]
                items.append(dice.choice(rare))
                axis += 1
        elif kind == "mask":
            taken = dice.randrange(1, len(shape) - axis + 1)
            items.append(random_mask(dice, shape[axis : axis + taken]))
            axis += taken
        else:
            items.append(
                random_slice(dice)
                if kind == "slice"
                else random_integers(dice, size, broadcast)
                if kind == "integers"
                else dice.randrange(-size - (dice.random() < 0.05), max(size, 1))
            )
            axis += 1
    if dice.random() < 0.03:
        items.append(0)
    return items[0] if len(items) == 1 and dice.random() < 0.7 else tuple(items)


def as_ours(dice: random.Random, index: Any) -> Any:
    """The same index with arrays as lists or tensors here and there."""
    if isinstance(index, tuple):
        return tuple(as_ours(dice, item) for item in index)
    if isinstance(index, np.ndarray) and index.ndim and index.size:
        return dice.choice([index, index.tolist(), penstock.Tensor(index)])
    return index


def outcome(action: Any) -> Any:
    """What an action gives, or the built-in class of what it raises."""
    try:
        return action()
    except (IndexError, OverflowError, ValueError, TypeError) as error:
        return next(kind for kind in (IndexError, OverflowError, ValueError, TypeError) if isinstance(error, kind))


@pytest.mark.parametrize("seed", range(CASES // CASES_A_TEST))
def test_reading_equals_numpys(seed: int) -> None:
    dice = random.Random(seed)
    for _ in range(CASES_A_TEST):
        array = random_array(dice)
        index = random_index(dice, array.shape)
        ours = as_ours(dice, index)
        tensor = penstock.Tensor(array)
        expected, actual = outcome(lambda: array[index]), outcome(lambda: tensor[ours])
        if isinstance(expected, type) or isinstance(actual, type):
            assert actual is expected, (array.shape, index)
        else:
            assert (actual.shape, actual.tolist()) == (expected.shape, expected.tolist()), (array.shape, index)


def random_value(dice: random.Random, shape: tuple[int, ...]) -> Any:
    """Something that mostly broadcasts to a shape."""
    kind = dice.choice(["number", "number", "full", "broadcast", "wrong"])
    if kind == "number":
        known: list[Any] = [True, np.int16(7), 300, -1, 1j, float("nan"), float("inf")]
        return dice.choice([dice.randrange(256), dice.random(), *known])
    if kind == "broadcast":
        shape = tuple(dice.choice([size, 1]) for size in shape)[dice.randrange(len(shape) + 1) :]
    elif kind == "wrong" and dice.random() < 0.3:
        shape = (*shape, 7)
    numbers = np.array([dice.randrange(256) for _ in range(int(np.prod(shape)))], np.int64).reshape(shape)
    return numbers.tolist() if kind != "wrong" and numbers.size and dice.random() < 0.3 else numbers


@pytest.mark.parametrize("seed", range(CASES // CASES_A_TEST))
def test_assigning_equals_numpys(seed: int) -> None:
    dice = random.Random(1000 + seed)
    for _ in range(CASES_A_TEST):
        array = random_array(dice)
        index = random_index(dice, array.shape)
        picked = outcome(lambda: array[index])
        value = random_value(dice, () if isinstance(picked, type) else picked.shape)
        tensor = penstock.Tensor(array)
        ours = as_ours(dice, index)
        expected = outcome(lambda: array.__setitem__(index, value))
        actual = outcome(lambda: tensor.__setitem__(ours, value))
        case = (array.dtype, array.shape, index, value)
        assert (actual, repr(tensor.tolist())) == (expected, repr(array.tolist())), case


# ---- What random cases do not name ----


def test_what_a_slice_gives_shares_memory() -> None:
    tensor = penstock.arange(6)
    tensor[::2][1] = 20
    assert tensor.tolist() == [0, 1, 20, 3, 4, 5]


def test_what_arrays_pick_is_a_copy() -> None:
    tensor = penstock.arange(4)
    picked = tensor[[0, 1]]
    picked[0] = 9
    assert tensor.tolist() == [0, 1, 2, 3]


def test_an_int_gives_a_tensor_of_one_axis_less() -> None:
    assert penstock.arange(3)[1].shape == ()
    assert penstock.arange(3)[np.int64(1)].item() == 1
    assert penstock.arange(3)[penstock.arange(3)[2]].item() == 2


def test_an_element_is_a_view() -> None:
    tensor = penstock.arange(3)
    tensor[1].fill_(7)
    assert tensor.tolist() == [0, 7, 2]


@pytest.mark.parametrize("index", [1.0, "1", [0.5], np.array([1.5]), slice("a", None), object()])
def test_what_is_no_index_raises_as_with_numpy(index: Any) -> None:
    with pytest.raises((IndexError, TypeError)) as theirs:
        np.arange(3)[index]
    with pytest.raises(theirs.type if theirs.type in (IndexError, TypeError) else Exception):
        penstock.arange(3)[index]


def test_a_step_of_0_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="step"):
        penstock.arange(3)[::0]


def test_the_message_has_index_axis_and_shape() -> None:
    with pytest.raises(IndexError, match=r"index 5 .* axis 1 of size 3 of shape \(2, 3\)"):
        penstock.zeros((2, 3))[0, 5]


def test_assigning_through_read_only_memory_raises() -> None:
    with pytest.raises(penstock.ReadOnlyError):
        penstock.arange(3).expand(2, 3)[0] = 1
    with pytest.raises(penstock.ReadOnlyError):
        penstock.arange(3).expand(2, 3)[[0], [1]] = 1


def test_values_are_converted_as_numpy_converts_them() -> None:
    ours, theirs = penstock.zeros(3, dtype="int32"), np.zeros(3, np.int32)
    ours[:] = [1.9, -1.9, 2.5]
    theirs[:] = [1.9, -1.9, 2.5]
    ours[0] = 7.8
    theirs[0] = 7.8
    ours[[1]] = 3.9
    theirs[[1]] = 3.9
    assert ours.tolist() == theirs.tolist()


def test_an_overlapping_assignment_reads_first() -> None:
    tensor = penstock.arange(5)
    tensor[1:] = tensor[:-1]
    assert tensor.tolist() == [0, 0, 1, 2, 3]
    tensor[:] = tensor[::-1]
    assert tensor.tolist() == [3, 2, 1, 0, 0]


def test_an_element_assigned_twice_keeps_the_last_value() -> None:
    tensor = penstock.zeros(3)
    tensor[[1, 1]] = [5.0, 6.0]
    assert tensor.tolist() == [0, 6, 0]


def test_a_failed_assignment_changes_nothing() -> None:
    tensor = penstock.arange(3)
    with pytest.raises(ValueError, match="shape"):
        tensor[:2] = [1, 2, 3]
    with pytest.raises(IndexError):
        tensor[[0, 7]] = 9
    assert tensor.tolist() == [0, 1, 2]
