"""Random tensors: what is pinned, what is likely, what threads and parts must not change, and what is refused."""

import json
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import penstock
import pytest
import torch
from penstock import random

KEY = random.key(2024)
FLOATS = ["float16", "bfloat16", "float32", "float64"]


def chi_square(counts: Any, expected: Any) -> float:
    """How far counts are from what is expected, in deviations of the chi-square distribution."""
    counts, expected = np.asarray(counts, dtype=float), np.broadcast_to(np.asarray(expected, dtype=float), len(counts))
    freedom = len(counts) - 1
    return float((((counts - expected) ** 2 / expected).sum() - freedom) / np.sqrt(2 * freedom))


def kolmogorov_smirnov(values: Any, distribution: Callable[[Any], Any]) -> float:
    """The largest distance between the values' distribution and another, times the root of their number."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    steps = np.arange(len(ordered) + 1) / len(ordered)
    exact = distribution(ordered)
    return float(max(np.abs(steps[1:] - exact).max(), np.abs(steps[:-1] - exact).max()) * np.sqrt(len(ordered)))


def normal_distribution(x: Any) -> Any:
    return torch.special.ndtr(torch.from_numpy(x)).numpy()


# ---- What is pinned ----


def test_recorded_values_come_again() -> None:
    key = random.key(7)
    assert random.fold_in(key, 0) == random.Key(RECORDED["fold_in"][0], RECORDED["fold_in"][1])
    assert random.fold_in(key, 2**64 - 1) == random.Key(RECORDED["fold_in_last"][0], RECORDED["fold_in_last"][1])
    assert random.integers(key, 0, 1000, 6).tolist() == RECORDED["integers"]
    assert random.integers(key, -(2**40), 2**40, 4).tolist() == RECORDED["integers_wide"]
    assert [value.hex() for value in random.uniform(key, 4, dtype="float64").tolist()] == RECORDED["uniform"]
    assert [value.hex() for value in random.uniform(key, 4).tolist()] == RECORDED["uniform_32"]
    assert [value.hex() for value in random.normal(key, 4, dtype="float64").tolist()] == RECORDED["normal"]
    assert [value.hex() for value in random.normal(key, 4).tolist()] == RECORDED["normal_32"]
    assert random.permutation(key, 8).tolist() == RECORDED["permutation"]
    assert random.choice(key, 1000, 4, replace=False).tolist() == RECORDED["choice"]
    assert random.choice(key, 4, 6, p=[1, 2, 3, 4]).tolist() == RECORDED["choice_p"]
    assert random.choice(key, 5, 3, replace=False, p=[1, 2, 3, 4, 5]).tolist() == RECORDED["choice_p_once"]
    assert random.bernoulli(key, 0.3, 8).tolist() == RECORDED["bernoulli"]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("draw", [random.uniform, random.normal])
def test_neither_threads_nor_shape_change_a_bit(draw: Any, dtype: str) -> None:
    threads = penstock.get_num_threads()
    try:
        penstock.set_num_threads(1)
        alone = draw(KEY, 300_007, dtype=dtype)
        penstock.set_num_threads(4)
        shared = draw(KEY, 300_007, dtype=dtype)
    finally:
        penstock.set_num_threads(threads)
    assert bool(penstock.all(alone == shared))
    assert draw(KEY, (7, 11), dtype=dtype).reshape(77).tolist() == alone[:77].tolist()


def test_a_permutation_begins_as_a_choice_of_few_or_many() -> None:
    order = random.permutation(KEY, 5000).tolist()
    assert sorted(order) == list(range(5000))
    assert random.choice(KEY, 5000, 40, replace=False).tolist() == order[:40]
    assert random.choice(KEY, 5000, 4000, replace=False).tolist() == order[:4000]


def test_a_generator_is_its_keys_one_after_the_other() -> None:
    stream = random.Generator(11)
    drawn = [stream.uniform(5).tolist(), stream.normal(5).tolist(), stream.permutation(5).tolist()]
    keys = random.split(random.key(11), 3)
    assert drawn == [
        random.uniform(keys[0], 5).tolist(),
        random.normal(keys[1], 5).tolist(),
        random.permutation(keys[2], 5).tolist(),
    ]


def test_a_saved_generator_goes_on_where_it_was() -> None:
    stream = random.Generator(3)
    stream.uniform(10)
    saved, pickled = json.dumps(stream.state), pickle.dumps(stream)
    drawn = stream.normal(10).tolist()
    other = random.Generator(0)
    other.state = json.loads(saved)
    assert other.normal(10).tolist() == drawn
    assert pickle.loads(pickled).normal(10).tolist() == drawn


def test_streams_that_were_split_have_nothing_in_common() -> None:
    parts = [*random.Generator(5).split(50), random.Generator(5)]
    drawn = [tuple(part.integers(0, 2**40, 20).tolist()) for part in parts]
    assert len({number for numbers in drawn for number in numbers}) == 51 * 20


def test_a_generator_without_a_seed_is_another_each_time() -> None:
    assert random.Generator().state != random.Generator().state


# ---- What is likely ----


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniform_numbers_are_evenly_distributed(dtype: str) -> None:
    values = random.uniform(KEY, 200_000, dtype=dtype).numpy()
    assert values.min() >= 0
    assert values.max() < 1
    assert kolmogorov_smirnov(values, lambda x: x) < 1.95  # one time in a thousand by chance
    pairs = np.histogram2d(values[::2], values[1::2], bins=32)[0].ravel()
    assert abs(chi_square(pairs, len(values) / 2 / 1024)) < 4


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-3.0, -1.0), (1000.0, 1001.0), (-1e-7, 0.0)])
def test_uniform_numbers_stay_below_their_upper_limit(low: float, high: float, dtype: str) -> None:
    if dtype in ("float16", "bfloat16") and low == 1000.0:
        high = 1024.0
    values = random.uniform(KEY, 100_000, low=low, high=high, dtype=dtype).astype("float64")
    limits = penstock.Tensor([low, high]).astype(dtype).astype("float64").tolist()
    assert limits[0] <= penstock.min(values).item() <= penstock.max(values).item() < limits[1]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_normal_numbers_are_normally_distributed(dtype: str) -> None:
    values = random.normal(KEY, 200_000, dtype=dtype).numpy()
    assert kolmogorov_smirnov(values, normal_distribution) < 1.95
    assert abs(np.corrcoef(values[::2], values[1::2])[0, 1]) < 4 / np.sqrt(100_000)
    assert np.abs(values).max() < 6
    assert (np.abs(values) > 3).mean() == pytest.approx(0.0027, rel=0.2)


def test_mean_and_deviation_shift_and_scale_normal_numbers() -> None:
    values, unit = (
        random.normal(KEY, 1000, mean=5, deviation=0.25, dtype="float64"),
        random.normal(KEY, 1000, dtype="float64"),
    )
    np.testing.assert_allclose(values.numpy(), 5 + 0.25 * unit.numpy(), rtol=1e-15)
    assert random.normal(KEY, 3, mean=2, deviation=0).tolist() == [2.0, 2.0, 2.0]


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64"])
def test_whole_numbers_are_each_as_likely(dtype: str) -> None:
    values = random.integers(KEY, 3, 103, 100_000, dtype=dtype).numpy()
    assert values.dtype.name == dtype
    assert abs(chi_square(np.bincount(values.astype(int) - 3, minlength=100), 1000)) < 4


def test_whole_numbers_reach_their_limits() -> None:
    assert set(random.integers(KEY, 2, shape=100).tolist()) == {0, 1}
    wide = random.integers(KEY, -(2**63), 2**63 - 1, 10_000).numpy()
    assert wide.min() < -0.99 * 2**63 < 0.99 * 2**63 < wide.max()
    # Numbers that 2^32 is far from a multiple of are drawn again: three quarters here must each be a third likelier.
    third = random.integers(KEY, 0, 3 * 2**30, 90_000).numpy()
    assert abs(chi_square(np.bincount(third // 2**30, minlength=3), 30_000)) < 4


def test_truths_have_their_probability() -> None:
    assert random.bernoulli(KEY, 0.25, 100_000).numpy().mean() == pytest.approx(0.25, abs=0.006)
    assert not random.bernoulli(KEY, 0.0, 1000).numpy().any()
    assert random.bernoulli(KEY, 1.0, 1000).numpy().all()


def test_every_order_is_as_likely() -> None:
    orders = [tuple(random.permutation(key, 4).tolist()) for key in random.split(KEY, 4800)]
    counts = {order: orders.count(order) for order in set(orders)}
    assert len(counts) == 24
    assert abs(chi_square(list(counts.values()), 200)) < 4


def test_choices_follow_their_probabilities() -> None:
    weights = np.array([1.0, 0.0, 2.0, 5.0])
    chosen = random.choice(KEY, 4, 80_000, p=weights).numpy()
    counts = np.bincount(chosen, minlength=4)
    assert counts[1] == 0
    assert abs(chi_square(counts[[0, 2, 3]], weights[[0, 2, 3]] * 10_000)) < 4


def test_choices_without_replacement_follow_what_is_left() -> None:
    weights = [1.0, 2.0, 3.0]
    pairs = [tuple(random.choice(key, 3, 2, replace=False, p=weights).tolist()) for key in random.split(KEY, 6000)]
    expected = {(a, b): weights[a] / 6 * weights[b] / (6 - weights[a]) for a in range(3) for b in range(3) if a != b}
    assert set(pairs) == expected.keys()
    assert abs(chi_square([pairs.count(pair) for pair in expected], [6000 * p for p in expected.values()])) < 4


# ---- Tensors that are put in order or chosen from ----


def test_rows_and_columns_are_moved_whole() -> None:
    matrix = penstock.arange(12).reshape(4, 3)
    order = random.permutation(KEY, 4).tolist()
    assert random.permutation(KEY, matrix).tolist() == [matrix[row].tolist() for row in order]
    shuffled = penstock.arange(12).reshape(4, 3)
    random.shuffle(KEY, shuffled)
    assert shuffled.tolist() == random.permutation(KEY, matrix).tolist()
    random.shuffle(KEY, shuffled.T, axis=-2)
    assert sorted(map(sum, shuffled.tolist())) == [3, 12, 21, 30]
    assert random.choice(KEY, matrix, 5, axis=1).shape == (4, 5)


# ---- What is refused ----


@pytest.mark.parametrize(
    ("draw", "kind", "text"),
    [
        (lambda: random.uniform(KEY, 3, low=1, high=1), ValueError, "low is 1 and high 1"),
        (lambda: random.uniform(KEY, 3, low=-1e308, high=1e308, dtype="float64"), ValueError, "finite distance"),
        (lambda: random.uniform(KEY, 3, dtype="int32"), TypeError, "floating, not int32"),
        (lambda: random.normal(KEY, 3, deviation=-1), ValueError, "deviation is -1"),
        (lambda: random.normal(KEY, 3, mean=float("nan")), ValueError, "mean is nan"),
        (lambda: random.integers(KEY, 5, 5, 3), ValueError, "low is 5 and high 5"),
        (lambda: random.integers(KEY, 0, 300, 3, dtype="uint8"), IndexError, "299"),
        (lambda: random.integers(KEY, 0, 3, 3, dtype="bool"), TypeError, "integer dtype, not bool"),
        (lambda: random.bernoulli(KEY, 1.5, 3), ValueError, "probability is 1.5"),
        (lambda: random.permutation(KEY, -1), ValueError, "count is -1"),
        (lambda: random.choice(KEY, 3, 4, replace=False), ValueError, "4 numbers to choose without replacement from 3"),
        (lambda: random.choice(KEY, 3, 4, p=[1, 2]), ValueError, r"shape \(2,\): expected \(3,\)"),
        (lambda: random.choice(KEY, 2, 4, p=[1, -2]), ValueError, "a probability is -2"),
        (lambda: random.choice(KEY, 2, 2, replace=False, p=[1, 0]), ValueError, "only 1 have a probability above 0"),
        (lambda: random.choice(KEY, 0), ValueError, "population is 0"),
        (lambda: random.permutation(KEY, penstock.zeros((2, 3)), axis=2), ValueError, "axis is 2"),
        (lambda: random.key(-1), OverflowError, "seed is -1"),
        (lambda: random.fold_in(KEY, 2**64), OverflowError, "uint64_t|too big|big to convert"),
        (lambda: random.split(KEY, -1), ValueError, "count is -1"),
        (lambda: setattr(random.Generator(1), "state", {"seed": 1}), ValueError, "seed, stream and given, not seed"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(draw: Callable[[], Any], kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        draw()


def test_a_tensor_of_nothing_can_be_drawn() -> None:
    assert random.uniform(KEY, (0, 3)).shape == (0, 3)
    assert random.permutation(KEY, 0).tolist() == []
    assert isinstance(random.normal(KEY).item(), float)


# What key 7 gave when its schemes were written down: it never changes.
RECORDED: dict[str, Any] = {
    "fold_in": [6148732317671232841, 15783398687793613998],
    "fold_in_last": [16751301239002947234, 2071870047533765721],
    "integers": [954, 750, 114, 85, 406, 795],
    "integers_wide": [-959576880621, 61462501899, 1035882392802, 826645031006],
    "uniform": ["0x1.04a616509e658p-4", "0x1.0e4f735a0b9c8p-1", "0x1.f12f66ece2ac6p-1", "0x1.c077e2285e924p-1"],
    "uniform_32": ["0x1.e8c0f40000000p-1", "0x1.8013f20000000p-1", "0x1.d3aba00000000p-4", "0x1.5edac00000000p-4"],
    "normal": ["-0x1.27d0f504c510ap+1", "-0x1.a3ec32ab32994p-2", "0x1.60f1832447039p-3", "-0x1.5ce8f0cac8af7p-3"],
    "normal_32": ["0x1.31bf5a0000000p-12", "-0x1.3829d00000000p-2", "0x1.c9ec000000000p+0", "0x1.1160180000000p+0"],
    "permutation": [7, 6, 2, 3, 5, 0, 1, 4],
    "choice": [954, 750, 115, 88],
    "choice_p": [0, 2, 3, 3, 2, 0],
    "choice_p_once": [2, 3, 4],
    "bernoulli": [True, False, False, False, False, True, False, True],
}
