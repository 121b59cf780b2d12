"""Networks trained beside torch's, with the same parameters, batches, loss and optimizer: how far they end apart."""

from collections.abc import Callable
from typing import Any

import numpy
import penstock as ps
import torch
import torch.nn.functional as F  # noqa: N812 - torch's users call it so

TOLERANCE = {"float32": 1e-5, "float64": 1e-10}
STEPS = 10
BATCH = 12

Loss = Callable[[Any, Any], Any]

# By name: penstock's loss, torch's, and what targets are like.
LOSSES: dict[str, tuple[Any, Loss, str]] = {
    "cross_entropy": ("cross_entropy", F.cross_entropy, "classes"),
    "cross_entropy of probabilities": ("cross_entropy", F.cross_entropy, "probabilities"),
    "cross_entropy, smoothed": (
        ps.losses.CrossEntropy(label_smoothing=0.1),
        lambda outputs, targets: F.cross_entropy(outputs, targets, label_smoothing=0.1),
        "classes",
    ),
    "binary_cross_entropy": ("binary_cross_entropy", F.binary_cross_entropy_with_logits, "bits"),
    "mse": ("mse", F.mse_loss, "numbers"),
    "mae": ("mae", F.l1_loss, "numbers"),
    "huber": (
        ps.losses.Huber(delta=0.5),
        lambda outputs, targets: F.huber_loss(outputs, targets, delta=0.5),
        "numbers",
    ),
    "hinge": ("hinge", lambda outputs, targets: F.relu(1 - outputs * targets).mean(), "signs"),
    "cosine": ("cosine", lambda outputs, targets: (1 - F.cosine_similarity(outputs, targets)).mean(), "numbers"),
}
# Those whose outputs are log-probabilities.
LOSSES_OF_LOGARITHMS: dict[str, tuple[Any, Loss, str]] = {
    "nll": ("nll", F.nll_loss, "classes"),
    "kl_divergence": (
        "kl_divergence",
        lambda outputs, targets: F.kl_div(outputs, targets, reduction="batchmean"),
        "probabilities",
    ),
}

# By name: penstock's optimizer, and torch's for parameters.
OPTIMIZERS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    "sgd": (ps.optimizers.SGD(0.05), lambda p: torch.optim.SGD(p, 0.05)),
    "sgd with momentum": (
        ps.optimizers.SGD(0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
        lambda p: torch.optim.SGD(p, 0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
    ),
    "adam": (ps.optimizers.Adam(0.001), lambda p: torch.optim.Adam(p, 0.001)),
    "adam with amsgrad": (
        ps.optimizers.Adam(0.001, amsgrad=True, weight_decay=0.01),
        lambda p: torch.optim.Adam(p, 0.001, amsgrad=True, weight_decay=0.01),
    ),
    "adamw": (ps.optimizers.AdamW(0.001), lambda p: torch.optim.AdamW(p, 0.001)),
    "rmsprop": (
        ps.optimizers.RMSprop(0.001, momentum=0.9, centered=True),
        lambda p: torch.optim.RMSprop(p, 0.001, momentum=0.9, centered=True),
    ),
    "adagrad": (ps.optimizers.Adagrad(0.01), lambda p: torch.optim.Adagrad(p, 0.01)),
}
# The same for random networks, whose gradients may be 0 but for rounding, as where a normalization takes a weight's
# size away: an optimizer that divides by a gradient's size would follow that rounding, but for a larger epsilon.
CALM_OPTIMIZERS: dict[str, tuple[Any, Callable[[Any], Any]]] = {
    name: pair for name, pair in OPTIMIZERS.items() if name.startswith("sgd")
} | {
    "adam": (ps.optimizers.Adam(0.001, epsilon=1e-3), lambda p: torch.optim.Adam(p, 0.001, eps=1e-3)),
    "adamw": (ps.optimizers.AdamW(0.001, epsilon=1e-3), lambda p: torch.optim.AdamW(p, 0.001, eps=1e-3)),
    "rmsprop": (ps.optimizers.RMSprop(0.001, epsilon=1e-3), lambda p: torch.optim.RMSprop(p, 0.001, eps=1e-3)),
    "adagrad": (ps.optimizers.Adagrad(0.01, epsilon=1e-3), lambda p: torch.optim.Adagrad(p, 0.01, eps=1e-3)),
}


def target_of(kind: str, shape: tuple[int, ...], generator: Any, dtype: str) -> Any:
    """Targets for outputs of a shape."""
    if kind == "classes":
        return generator.integers(0, shape[1], (shape[0], *shape[2:]))
    if kind == "bits":
        return generator.integers(0, 2, shape).astype(dtype)
    if kind == "signs":
        return (2 * generator.integers(0, 2, shape) - 1).astype(dtype)
    drawn = generator.standard_normal(shape)
    if kind == "probabilities":
        drawn = numpy.exp(drawn) / numpy.exp(drawn).sum(axis=1, keepdims=True)
    return drawn.astype(dtype)


def distance(mine: Any, theirs: Any) -> float:
    """The norm of a difference, relative to what it is compared with."""
    mine, theirs = numpy.asarray(mine, numpy.float64), numpy.asarray(theirs, numpy.float64)
    size = float(numpy.linalg.norm(theirs))
    difference = float(numpy.linalg.norm(mine - theirs))
    return difference / size if size > 0 else difference


def torch_forward(network: Any) -> Callable[[Any], Any]:
    """How a Sequential is called whose recurrent and attention modules give pairs."""

    def forward(x: Any) -> Any:
        for module in network:
            if isinstance(module, torch.nn.MultiheadAttention):
                x = module(x, x, x, need_weights=False)[0]
            elif isinstance(module, (torch.nn.LSTM, torch.nn.GRU)):
                x = module(x)[0]
            else:
                x = module(x)
        return x

    return forward


def distances_after_training(
    network: Any,
    inputs: Callable[[Any], Any],
    loss: str,
    optimizer: tuple[Any, Callable[[Any], Any]],
    dtype: str,
    seed: int = 0,
) -> dict[str, float]:
    """How far each parameter is from torch's after ten steps, and the outputs."""
    generator = numpy.random.default_rng(seed)
    network = network.to(getattr(torch, dtype)).train()
    forward = torch_forward(network)
    ours, theirs, kind = (LOSSES | LOSSES_OF_LOGARITHMS)[loss]
    our_optimizer, their_optimizer = optimizer
    model = ps.Model.from_torch(network)
    model.compile(our_optimizer, ours)
    stepper = their_optimizer(network.parameters())
    x = None
    for _ in range(STEPS):
        x = inputs(generator)
        given = torch.from_numpy(x)
        outputs = forward(given)
        y = target_of(kind, tuple(outputs.shape), generator, dtype)
        stepper.zero_grad()
        theirs(outputs, torch.from_numpy(y)).backward()
        stepper.step()
        model.train_on_batch(x, y)
    network.eval()
    found = {"outputs": distance(model.predict(x).numpy(), forward(torch.from_numpy(x)).detach().numpy())}
    expected = {name: each for name, each in network.state_dict().items() if "num_batches" not in name}
    mine = list(model.named_parameters().values())
    for (name, parameter), value in zip(expected.items(), mine, strict=True):
        found[name] = distance(value.detach().numpy(), parameter.detach().numpy())
    return found
