"""Handwritten digits are learned: tests/data/digits says whose they are."""

import gzip
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import penstock as ps
import pytest

DIGITS = Path(__file__).resolve().parents[1] / "data" / "digits" / "digits.csv.gz"
SEEDS = range(5)


def digits(seed: int) -> tuple[Any, Any, Any, Any]:
    """Images from 0 to 1 and digits, to train and to test with: a fifth, drawn by the seed."""
    with gzip.open(DIGITS, "rt") as file:
        rows = numpy.loadtxt(file, delimiter=",", dtype=numpy.float32)
    rows = rows[numpy.random.default_rng(seed).permutation(len(rows))]
    x, y = rows[:, :64] / 16, rows[:, 64].astype(numpy.int64)
    return x[360:], y[360:], x[:360], y[:360]


def dense_network(seed: int) -> ps.Model:
    layers = [ps.layers.Dense(64, 256, activation="relu"), ps.layers.Dropout(0.3), ps.layers.Dense(256, 10)]
    return ps.Model(layers, seed=seed)


def convolutions(seed: int) -> ps.Model:
    layers = [
        ps.layers.Reshape((1, 8, 8)),
        ps.layers.Conv2D(1, 16, 3, padding=1, activation="relu"),
        ps.layers.Conv2D(16, 32, 3, padding=1, activation="relu"),
        ps.layers.MaxPool2D(2),
        ps.layers.Dropout(0.25),
        ps.layers.Flatten(),
        ps.layers.Dense(32 * 16, 64, activation="relu"),
        ps.layers.Dense(64, 10, activation="softmax"),
    ]
    return ps.Model(layers, seed=seed)


@pytest.mark.parametrize(("network", "epochs", "mean"), [(dense_network, 60, 0.97), (convolutions, 20, 0.98)])
def test_digits_are_learned_whatever_the_seed(network: Callable[[int], ps.Model], epochs: int, mean: float) -> None:
    found = []
    for seed in SEEDS:
        x, y, x_test, y_test = digits(seed)
        model = network(seed)
        model.compile(ps.optimizers.Adam(0.002), "cross_entropy", metrics=["accuracy"])
        model.fit(x, y, epochs=epochs, verbose=0)
        figures = model.evaluate(x_test, y_test, verbose=0, return_dict=True)
        found.append(figures["accuracy"])
    assert min(found) >= 0.96, found
    assert sum(found) / len(found) >= mean, found
