"""Layers that bring features to one size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.layers.layer import Layer

__all__ = ["BatchNorm", "LayerNorm", "RMSNorm"]


class BatchNorm(Layer):
    """Each feature (axis 1) less its mean, over its deviation, times weight, plus bias.

    In training the mean and deviation are the batch's, and the running ones move by momentum towards them (torch's
    meaning: 0.1 takes a tenth of the batch's); otherwise they are the running ones.

    >>> import penstock as ps
    >>> layer = ps.layers.BatchNorm(3)
    >>> layer(ps.zeros((5, 3))).shape, sorted(layer.parameters())
    ((5, 3), ['bias', 'running_mean', 'running_var', 'weight'])
    """

    kind = "batch_norm"

    def __init__(
        self, features: int, *, epsilon: float = 1e-5, momentum: float = 0.1, affine: bool = True, dtype: Any = None
    ) -> None:
        settings = {"features": features, "epsilon": epsilon, "momentum": momentum, "affine": affine}
        super().__init__(settings, dtype=dtype)


class LayerNorm(Layer):
    """The last axes of each sample, of this shape, less their mean, over their deviation, times weight, plus bias.

    >>> import penstock as ps
    >>> ps.layers.LayerNorm(4)(ps.arange(8.0).reshape(2, 4)).shape
    (2, 4)
    """

    kind = "layer_norm"

    def __init__(
        self, shape: int | Sequence[int], *, epsilon: float = 1e-5, affine: bool = True, use_bias: bool = True,
        dtype: Any = None,
    ) -> None:  # fmt: skip
        sizes = [shape] if isinstance(shape, int) else list(shape)
        super().__init__({"shape": sizes, "epsilon": epsilon, "affine": affine, "use_bias": use_bias}, dtype=dtype)


class RMSNorm(Layer):
    """The last axes of each sample, of this shape, over the root of their mean square, times weight.

    epsilon, added to the mean square, is the least number that counts beside 1 in that dtype unless it is given.

    >>> import penstock as ps
    >>> ps.layers.RMSNorm(4)(ps.ones((2, 4))).shape
    (2, 4)
    """

    kind = "rms_norm"

    def __init__(
        self, shape: int | Sequence[int], *, epsilon: float | None = None, affine: bool = True, dtype: Any = None
    ) -> None:
        sizes = [shape] if isinstance(shape, int) else list(shape)
        super().__init__({"shape": sizes, "epsilon": epsilon, "affine": affine}, dtype=dtype)
