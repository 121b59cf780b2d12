"""The same two networks in each library, with what a step of training and a forward pass are there.

A step is all that a user does for one batch: zeroed gradients, forward, loss, backward, Adam. Inputs are each library's
own arrays, made before. First values differ from library to library: they cost nothing to differ.
"""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import onnxruntime
import penstock as ps
import torch

RATE, BETA1, BETA2, EPSILON = 0.001, 0.9, 0.999, 1e-8
Statement = Callable[[], Any]
SHAPES = {"mlp": (784,), "lenet": (1, 28, 28)}


@functools.cache
def batch(network: str, rows: int) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Random inputs, and classes: one copy, which all sides look into."""
    random = np.random.default_rng(7)
    x = random.standard_normal((rows, *SHAPES[network]), dtype=np.float32)
    return x, random.integers(0, 10, rows)


def ours(network: str) -> ps.Model:
    """The network in penstock, compiled for training."""
    layers: list[ps.layers.Layer]
    if network == "mlp":
        layers = [ps.layers.Dense(784, 128, activation="relu"), ps.layers.Dense(128, 10)]
    else:
        layers = [
            ps.layers.Conv2D(1, 6, 5, padding=2, activation="relu"),
            ps.layers.MaxPool2D(2),
            ps.layers.Conv2D(6, 16, 5, activation="relu"),
            ps.layers.MaxPool2D(2),
            ps.layers.Flatten(),
            ps.layers.Dense(400, 120, activation="relu"),
            ps.layers.Dense(120, 84, activation="relu"),
            ps.layers.Dense(84, 10),
        ]
    model = ps.Model(layers, seed=1)
    model.compile(ps.optimizers.Adam(RATE, beta1=BETA1, beta2=BETA2, epsilon=EPSILON), "cross_entropy")
    return model


def torchs(network: str) -> torch.nn.Sequential:
    """The network in torch."""
    nn = torch.nn
    if network == "mlp":
        return nn.Sequential(nn.Linear(784, 128), nn.ReLU(), nn.Linear(128, 10))
    return nn.Sequential(
        *(nn.Conv2d(1, 6, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 16, 5), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Flatten(), nn.Linear(400, 120), nn.ReLU(), nn.Linear(120, 84), nn.ReLU(), nn.Linear(84, 10)),
    )


# ---- Steps ----


def our_step(network: str, rows: int) -> Statement:
    """train_on_batch(), which gives the loss as a number of Python."""
    model = ours(network)
    x, y = (ps.asarray(each) for each in batch(network, rows))
    return lambda: model.train_on_batch(x, y)


def torch_step(network: str, rows: int, *, backend: str | None = None, fused: bool = False) -> Statement:
    """The usual five lines; backend compiles forward, loss and backward, and the optimizer."""
    net = torchs(network)
    optimizer = torch.optim.Adam(net.parameters(), RATE, (BETA1, BETA2), EPSILON, fused=fused or None)
    x, y = (torch.from_numpy(each) for each in batch(network, rows))

    def loss_of(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.cross_entropy(net(x), y)

    update: Callable[[], Any] = optimizer.step
    if backend is not None:
        loss_of = torch.compile(loss_of, backend=backend)
        update = torch.compile(optimizer.step, backend=backend)

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = loss_of(x, y)
        loss.backward()  # type: ignore[no-untyped-call]
        update()
        return loss

    return step


def jax_forward(network: str, parameters: Any, x: Any) -> Any:
    """The network in JAX: parameters are pairs of weight and bias."""
    if network == "lenet":
        for (weight, bias), padding in zip(parameters[:2], ("SAME", "VALID"), strict=True):
            x = jax.nn.relu(jax.lax.conv(x, weight, (1, 1), padding) + bias[:, None, None])
            x = jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")
        x, parameters = x.reshape(x.shape[0], -1), parameters[2:]
    for weight, bias in parameters[:-1]:
        x = jax.nn.relu(x @ weight + bias)
    return x @ parameters[-1][0] + parameters[-1][1]


def jax_parameters(network: str) -> Any:
    """First values."""
    shapes: list[tuple[int, ...]] = [(784, 128), (128, 10)]
    if network == "lenet":
        shapes = [(6, 1, 5, 5), (16, 6, 5, 5), (400, 120), (120, 84), (84, 10)]
    random = np.random.default_rng(1)
    biases = [shape[0] if len(shape) == 4 else shape[1] for shape in shapes]
    return [
        (jnp.asarray(random.uniform(-0.05, 0.05, shape), jnp.float32), jnp.zeros(bias))
        for shape, bias in zip(shapes, biases, strict=True)
    ]


def jax_step(network: str, rows: int) -> Statement:
    """One jitted function for the whole step, which may write over what it was given."""

    def loss_of(parameters: Any, x: Any, y: Any) -> Any:
        logits = jax.nn.log_softmax(jax_forward(network, parameters, x))
        return -jnp.take_along_axis(logits, y[:, None], axis=1).mean()

    def update(state: Any, x: Any, y: Any) -> Any:
        parameters, first, second, count = state
        loss, gradients = jax.value_and_grad(loss_of)(parameters, x, y)
        count = count + 1
        first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradients)
        second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, gradients)
        rate, root = RATE / (1 - BETA1**count), jnp.sqrt(1 - BETA2**count)
        parameters = jax.tree.map(
            lambda p, m, v: p - rate * m / (jnp.sqrt(v) / root + EPSILON), parameters, first, second
        )
        return (parameters, first, second, count), loss

    jitted = jax.jit(update, donate_argnums=0)
    parameters = jax_parameters(network)
    zeros = [jax.tree.map(jnp.zeros_like, parameters) for _ in range(2)]
    state: Any = (parameters, *zeros, jnp.float32(0))
    x, y = (jax.device_put(each) for each in batch(network, rows))

    def step() -> Any:
        nonlocal state
        state, loss = jitted(state, x, y)
        return jax.block_until_ready((state, loss))  # type: ignore[no-untyped-call]

    return step


# ---- Forward ----


def our_forward(network: str, rows: int) -> Statement:
    """predict_on_batch()."""
    model, x = ours(network), ps.asarray(batch(network, rows)[0])
    return lambda: model.predict_on_batch(x)


def torch_forward(network: str, rows: int) -> Statement:
    """A call of the network, whose parameters ask for no gradients."""
    net, x = torchs(network).eval().requires_grad_(False), torch.from_numpy(batch(network, rows)[0])
    return lambda: net(x)


def onnx_forward(network: str, rows: int, threads: int) -> Statement:
    """ONNX Runtime on the file that our model is exported to."""
    x = batch(network, rows)[0]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    model = ours(network)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "model.onnx")
        model.export_onnx(path, SHAPES[network])
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    given = {session.get_inputs()[0].name: x}
    return lambda: session.run(None, given)
