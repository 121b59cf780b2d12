"""Layers that look at each sample's features: products with weights, tables, shapes, and what drops or activates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.layers.layer import Layer

__all__ = [
    "ELU",
    "GELU",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "LeakyReLU",
    "LogSoftmax",
    "Mish",
    "ReLU",
    "Reshape",
    "SiLU",
    "Sigmoid",
    "Softmax",
    "Softplus",
    "Tanh",
]


class Dense(Layer):
    """x @ weight.T + bias over the last axis, then an activation: torch's Linear, Keras's Dense.

    weight has shape (out_features, in_features). Initializers are those of penstock.initializers, or their names; the
    parameters begin as torch's do unless named.

    >>> import penstock as ps
    >>> layer = ps.layers.Dense(2, 3, activation="relu")
    >>> layer(ps.zeros((5, 2))).shape, layer.weight.shape
    ((5, 3), (3, 2))
    """

    kind = "dense"

    def __init__(
        self,
        in_features: int,
        out_features: int,
        *,
        activation: Any = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = None,
        seed: int | None = None,
        dtype: Any = None,
    ) -> None:
        settings = {
            "in_features": in_features,
            "out_features": out_features,
            "activation": activation,
            "use_bias": use_bias,
            "weight_initializer": weight_initializer,
            "bias_initializer": bias_initializer,
        }
        super().__init__(settings, seed=seed, dtype=dtype)


class Embedding(Layer):
    """Rows of a table: whole numbers from 0 to count - 1, of any shape, become rows of features numbers.

    >>> import penstock as ps
    >>> layer = ps.layers.Embedding(10, 4)
    >>> layer(ps.Tensor([[1, 2, 9]])).shape
    (1, 3, 4)
    """

    kind = "embedding"

    def __init__(
        self,
        count: int,
        features: int,
        *,
        weight_initializer: Any = None,
        seed: int | None = None,
        dtype: Any = None,
    ) -> None:
        settings = {"count": count, "features": features, "weight_initializer": weight_initializer}
        super().__init__(settings, seed=seed, dtype=dtype)


class Dropout(Layer):
    """In training drops each element with probability rate, and divides the others by 1 - rate; otherwise nothing.

    >>> import penstock as ps
    >>> dropped = ps.layers.Dropout(0.5, seed=1).train()(ps.ones((100, 100)))
    >>> sorted(set(dropped.flatten().tolist())), 0.45 < dropped.mean().item() / 2 < 0.55
    ([0.0, 2.0], True)
    """

    kind = "dropout"

    def __init__(self, rate: float = 0.5, *, seed: int | None = None, dtype: Any = None) -> None:
        super().__init__({"rate": rate}, seed=seed, dtype=dtype)


class Flatten(Layer):
    """All axes but the first become one.

    >>> import penstock as ps
    >>> ps.layers.Flatten()(ps.zeros((5, 2, 3))).shape
    (5, 6)
    """

    kind = "flatten"

    def __init__(self, *, dtype: Any = None) -> None:
        super().__init__(dtype=dtype)


class Reshape(Layer):
    """Each sample under another shape; one size may be -1.

    >>> import penstock as ps
    >>> ps.layers.Reshape((1, 2, -1))(ps.zeros((5, 6))).shape
    (5, 1, 2, 3)
    """

    kind = "reshape"

    def __init__(self, shape: Sequence[int], *, dtype: Any = None) -> None:
        super().__init__({"shape": list(shape)}, dtype=dtype)


class Activation(Layer):
    """An activation without settings."""

    def __init__(self, *, dtype: Any = None) -> None:
        super().__init__(dtype=dtype)


class ReLU(Activation):
    """What is above 0; 0 for the rest.

    >>> import penstock as ps
    >>> ps.layers.ReLU()([[-1.0, 2.0]]).tolist()
    [[0.0, 2.0]]
    """

    kind = "relu"


class LeakyReLU(Layer):
    """x above 0, negative_slope times x below.

    >>> import penstock as ps
    >>> ps.layers.LeakyReLU(0.5)([[-1.0, 2.0]]).tolist()
    [[-0.5, 2.0]]
    """

    kind = "leaky_relu"

    def __init__(self, negative_slope: float = 0.01, *, dtype: Any = None) -> None:
        super().__init__({"negative_slope": negative_slope}, dtype=dtype)


class ELU(Layer):
    """x above 0, alpha * (exp(x) - 1) below.

    >>> import penstock as ps
    >>> ps.layers.ELU(alpha=2.0)([[float("-inf"), 2.0]]).tolist()
    [[-2.0, 2.0]]
    """

    kind = "elu"

    def __init__(self, alpha: float = 1.0, *, dtype: Any = None) -> None:
        super().__init__({"alpha": alpha}, dtype=dtype)


class GELU(Layer):
    """x times the share of a normal distribution below x; approximate="tanh" has the formula by tanh.

    >>> import penstock as ps
    >>> [round(each, 4) for each in ps.layers.GELU()([[-1.0, 0.0, 1.0]])[0].tolist()]
    [-0.1587, 0.0, 0.8413]
    """

    kind = "gelu"

    def __init__(self, approximate: str = "none", *, dtype: Any = None) -> None:
        super().__init__({"approximate": approximate}, dtype=dtype)


class SiLU(Activation):
    """x * sigmoid(x), also called swish.

    >>> import penstock as ps
    >>> ps.layers.SiLU()([[0.0, 100.0]]).tolist()
    [[0.0, 100.0]]
    """

    kind = "silu"


class Mish(Activation):
    """x * tanh(softplus(x)).

    >>> import penstock as ps
    >>> ps.layers.Mish()([[0.0, 100.0]]).tolist()
    [[0.0, 100.0]]
    """

    kind = "mish"


class Sigmoid(Activation):
    """1 / (1 + exp(-x)).

    >>> import penstock as ps
    >>> ps.layers.Sigmoid()([[0.0, 100.0]]).tolist()
    [[0.5, 1.0]]
    """

    kind = "sigmoid"


class Tanh(Activation):
    """The hyperbolic tangent.

    >>> import penstock as ps
    >>> ps.layers.Tanh()([[0.0, 100.0]]).tolist()
    [[0.0, 1.0]]
    """

    kind = "tanh"


class Softmax(Layer):
    """exp(x) over its sum along an axis, the last one unless named.

    >>> import penstock as ps
    >>> ps.layers.Softmax()([[0.0, 0.0, 0.0, 0.0]]).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """

    kind = "softmax"

    def __init__(self, axis: int = -1, *, dtype: Any = None) -> None:
        super().__init__({"axis": axis}, dtype=dtype)


class LogSoftmax(Layer):
    """The logarithm of softmax, without its loss of digits.

    >>> import penstock as ps
    >>> ps.layers.LogSoftmax()([[0.0, 1000.0]]).tolist()
    [[-1000.0, 0.0]]
    """

    kind = "log_softmax"

    def __init__(self, axis: int = -1, *, dtype: Any = None) -> None:
        super().__init__({"axis": axis}, dtype=dtype)


class Softplus(Layer):
    """log(1 + exp(beta x)) / beta, and x itself where beta x is above threshold.

    >>> import penstock as ps
    >>> ps.layers.Softplus()([[-1000.0, 1000.0]]).tolist()
    [[0.0, 1000.0]]
    """

    kind = "softplus"

    def __init__(self, beta: float = 1.0, threshold: float = 20.0, *, dtype: Any = None) -> None:
        super().__init__({"beta": beta, "threshold": threshold}, dtype=dtype)
