"""Networks end where torch's end: each layer, loss and optimizer once, and random combinations of them.

PENSTOCK_FULL=1 tries 200 combinations in place of 20.
"""

import itertools
import os
from collections.abc import Callable
from typing import Any

import numpy
import penstock as ps
import pytest
import torch
from torch import nn
from torch_twins import (
    BATCH,
    CALM_OPTIMIZERS,
    LOSSES,
    LOSSES_OF_LOGARITHMS,
    OPTIMIZERS,
    TOLERANCE,
    distance,
    distances_after_training,
)

DTYPES = ["float32", "float64"]
SGD = OPTIMIZERS["sgd"]
COMBINATIONS = 200 if os.environ.get("PENSTOCK_FULL") else 20

pytestmark = pytest.mark.usefixtures("one_thread_of_torch")


def numbers(*shape: int) -> Callable[[str], Callable[[Any], Any]]:
    """Batches of normally distributed samples of a shape, in a dtype."""
    return lambda dtype: lambda generator: generator.standard_normal((BATCH, *shape)).astype(dtype)


def indices(count: int, *shape: int) -> Callable[[str], Callable[[Any], Any]]:
    """Batches of whole numbers below count."""
    return lambda _: lambda generator: generator.integers(0, count, (BATCH, *shape))


# By layer: a network that has it, and its samples.
LAYERS: dict[str, tuple[Callable[[], list[Any]], Any]] = {
    "Dense": (lambda: [nn.Linear(6, 5), nn.Linear(5, 4, bias=False)], numbers(6)),
    "Dense over time": (lambda: [nn.Linear(6, 5), nn.Flatten(), nn.Linear(15, 4)], numbers(3, 6)),
    "Conv1D": (lambda: [nn.Conv1d(4, 6, 3, stride=2, padding=1, dilation=2, groups=2), nn.Flatten()], numbers(4, 11)),
    "Conv2D": (lambda: [nn.Conv2d(2, 4, (3, 2), stride=(2, 1), padding=(1, 0)), nn.Flatten()], numbers(2, 7, 6)),
    "Conv2D, grouped": (lambda: [nn.Conv2d(4, 4, 3, dilation=2, groups=4, bias=False), nn.Flatten()], numbers(4, 8, 8)),
    "Conv2D, same": (lambda: [nn.Conv2d(2, 3, 3, padding="same"), nn.Flatten()], numbers(2, 5, 5)),
    "ConvTranspose2D": (
        lambda: [nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2), nn.Flatten()],
        numbers(4, 4, 4),
    ),
    "MaxPool2D": (lambda: [nn.Conv2d(1, 2, 3), nn.MaxPool2d(3, 2, 1), nn.Flatten()], numbers(1, 9, 9)),
    "AvgPool2D": (
        lambda: [nn.Conv2d(1, 2, 3), nn.AvgPool2d(3, 2, 1, count_include_pad=False), nn.Flatten()],
        numbers(1, 9, 9),
    ),
    "GlobalAvgPool2D": (lambda: [nn.Conv2d(2, 4, 3), nn.AdaptiveAvgPool2d(1), nn.Flatten()], numbers(2, 6, 6)),
    "BatchNorm of features": (lambda: [nn.Linear(5, 6, bias=False), nn.BatchNorm1d(6), nn.Linear(6, 3)], numbers(5)),
    "BatchNorm of images": (
        lambda: [nn.Conv2d(2, 4, 3, bias=False), nn.BatchNorm2d(4, momentum=0.3), nn.Flatten()],
        numbers(2, 5, 5),
    ),
    "LayerNorm": (lambda: [nn.Linear(5, 6), nn.LayerNorm(6), nn.Linear(6, 3)], numbers(5)),
    "RMSNorm": (lambda: [nn.Linear(5, 6), nn.RMSNorm(6), nn.Linear(6, 3)], numbers(5)),
    "Dropout, at rate 0": (lambda: [nn.Linear(5, 6), nn.Dropout(0.0), nn.Linear(6, 3)], numbers(5)),
    "Flatten": (lambda: [nn.Flatten(), nn.Linear(12, 3)], numbers(3, 4)),
    "Reshape": (lambda: [nn.Unflatten(1, (2, 3, 3)), nn.Conv2d(2, 2, 2), nn.Flatten()], numbers(18)),
    "Embedding": (lambda: [nn.Embedding(9, 4), nn.Flatten(), nn.Linear(20, 3)], indices(9, 5)),
    "LSTM": (lambda: [nn.LSTM(4, 5, batch_first=True), nn.Flatten(), nn.Linear(30, 3)], numbers(6, 4)),
    "GRU": (lambda: [nn.GRU(4, 5, batch_first=True), nn.Flatten(), nn.Linear(30, 3)], numbers(6, 4)),
    "MultiHeadAttention": (
        lambda: [nn.MultiheadAttention(8, 2, batch_first=True), nn.Flatten(), nn.Linear(40, 3)],
        numbers(5, 8),
    ),
    "Sequential": (lambda: [nn.Sequential(nn.Linear(5, 6), nn.Tanh()), nn.Linear(6, 3)], numbers(5)),
}
ACTIVATIONS: dict[str, Callable[[], Any]] = {
    "ReLU": nn.ReLU, "LeakyReLU": lambda: nn.LeakyReLU(0.2), "ELU": nn.ELU, "GELU": nn.GELU,
    "GELU by tanh": lambda: nn.GELU("tanh"), "SiLU": nn.SiLU, "Mish": nn.Mish, "Sigmoid": nn.Sigmoid, "Tanh": nn.Tanh,
    "Softmax": lambda: nn.Softmax(-1), "LogSoftmax": lambda: nn.LogSoftmax(-1), "Softplus": nn.Softplus,
}  # fmt: skip


def assert_near(found: dict[str, float], dtype: str) -> None:
    assert {name: each for name, each in found.items() if not each <= TOLERANCE[dtype]} == {}


def small_network(*layers: Any) -> Any:
    torch.manual_seed(3)
    return nn.Sequential(*(layers or (nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 4))))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_trains_as_torchs(name: str, dtype: str) -> None:
    make, inputs = LAYERS[name]
    torch.manual_seed(1)
    assert_near(distances_after_training(nn.Sequential(*make()), inputs(dtype), "mse", SGD, dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_an_activation_trains_as_torchs(name: str, dtype: str) -> None:
    network = small_network(nn.Linear(6, 8), ACTIVATIONS[name](), nn.Linear(8, 4))
    assert_near(distances_after_training(network, numbers(6)(dtype), "mse", SGD, dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES)
def test_a_loss_trains_as_torchs(loss: str, dtype: str) -> None:
    assert_near(distances_after_training(small_network(), numbers(6)(dtype), loss, SGD, dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("loss", LOSSES_OF_LOGARITHMS)
def test_a_loss_of_logarithms_trains_as_torchs(loss: str, dtype: str) -> None:
    network = small_network(nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 4), nn.LogSoftmax(-1))
    assert_near(distances_after_training(network, numbers(6)(dtype), loss, SGD, dtype), dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_an_optimizer_steps_as_torchs(optimizer: str, dtype: str) -> None:
    assert_near(
        distances_after_training(small_network(), numbers(6)(dtype), "mse", OPTIMIZERS[optimizer], dtype), dtype
    )


@pytest.mark.parametrize("dtype", DTYPES)
def test_lion_steps_as_its_paper_says(dtype: str) -> None:
    rate, beta1, beta2, decay = 0.01, 0.9, 0.99, 0.1
    generator = numpy.random.default_rng(4)
    model = ps.Model([ps.layers.Dense(6, 4)], dtype=dtype)
    model.compile(ps.optimizers.Lion(rate, beta1=beta1, beta2=beta2, weight_decay=decay), "mse")
    weight, bias = (each.numpy().astype(numpy.float64) for each in model.get_weights())
    means = [numpy.zeros_like(weight), numpy.zeros_like(bias)]
    for _ in range(10):
        x, y = generator.standard_normal((BATCH, 6)).astype(dtype), generator.standard_normal((BATCH, 4)).astype(dtype)
        slope = 2 * (x @ weight.T + bias - y) / y.size
        for parameter, gradient, mean in zip((weight, bias), (slope.T @ x, slope.sum(axis=0)), means, strict=True):
            parameter[...] -= rate * (numpy.sign(beta1 * mean + (1 - beta1) * gradient) + decay * parameter)
            mean[...] = beta2 * mean + (1 - beta2) * gradient
        model.train_on_batch(x, y)
    found = [each.numpy() for each in model.get_weights()]
    assert distance(found[0], weight) <= TOLERANCE[dtype]
    assert distance(found[1], bias) <= TOLERANCE[dtype]


def random_dense(generator: Any) -> tuple[Any, Callable[[str], Any]]:
    """A network of features."""
    sizes = generator.integers(4, 20, generator.integers(2, 5)).tolist()
    layers: list[Any] = []
    for before, behind in itertools.pairwise(sizes):
        norm = generator.choice(["", "", "LayerNorm", "BatchNorm1d", "RMSNorm"])
        layers.append(nn.Linear(before, behind, bias=norm != "BatchNorm1d"))
        if norm:
            layers.append(getattr(nn, norm)(behind))
        layers.append(ACTIVATIONS[str(generator.choice(list(ACTIVATIONS)))]())
    return nn.Sequential(*layers, nn.Linear(sizes[-1], 4)), numbers(sizes[0])


def random_images(generator: Any) -> tuple[Any, Callable[[str], Any]]:
    """A network of images."""
    channels, size = int(generator.integers(1, 4)), int(generator.integers(8, 13))
    layers: list[Any] = []
    before = channels
    for _ in range(generator.integers(1, 3)):
        behind = int(generator.integers(1, 4)) * 2
        has_norm = bool(generator.integers(0, 2))
        kernel, padding = int(generator.integers(1, 4)), int(generator.integers(0, 2))
        layers.append(nn.Conv2d(before, behind, kernel, padding=padding, bias=not has_norm))
        if has_norm:
            layers.append(nn.BatchNorm2d(behind))
        layers.append([nn.ReLU, nn.GELU, nn.SiLU, nn.Tanh][generator.integers(0, 4)]())
        before = behind
    layers += [[nn.MaxPool2d(2), nn.AvgPool2d(2), nn.AdaptiveAvgPool2d(1)][generator.integers(0, 3)], nn.Flatten()]
    outputs = nn.Sequential(*layers)(torch.zeros(2, channels, size, size)).shape[1]
    return nn.Sequential(*layers, nn.Linear(outputs, 4)), numbers(channels, size, size)


def random_sequences(generator: Any) -> tuple[Any, Callable[[str], Any]]:
    """A network of sequences."""
    time, features, units = (int(each) for each in generator.integers(2, 7, 3))
    kind = str(generator.choice(["LSTM", "GRU", "attention"]))
    if kind == "attention":
        # Without a bias: nothing depends on the keys', and an optimizer that divides by its gradient follows noise.
        layer, units = nn.MultiheadAttention(2 * features, 2, bias=False, batch_first=True), 2 * features
        return nn.Sequential(layer, nn.LayerNorm(units), nn.Flatten(), nn.Linear(time * units, 4)), numbers(time, units)
    layer = getattr(nn, kind)(features, units, batch_first=True)
    return nn.Sequential(layer, nn.Flatten(), nn.Linear(time * units, 4)), numbers(time, features)


@pytest.mark.parametrize("seed", range(COMBINATIONS))
def test_a_random_network_trains_as_torchs(seed: int) -> None:
    generator = numpy.random.default_rng(seed)
    torch.manual_seed(seed)
    network, inputs = [random_dense, random_images, random_sequences][seed % 3](generator)
    loss, optimizer = str(generator.choice(list(LOSSES))), str(generator.choice(list(CALM_OPTIMIZERS)))
    dtype = DTYPES[int(generator.integers(0, 2))]
    found = distances_after_training(network, inputs(dtype), loss, CALM_OPTIMIZERS[optimizer], dtype, seed)
    assert_near(found, dtype)
