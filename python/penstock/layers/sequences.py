"""Layers over sequences of features: batch, time, features."""

from __future__ import annotations

from typing import Any

from penstock.layers.layer import Layer

__all__ = ["GRU", "LSTM", "MultiHeadAttention"]


class Recurrent(Layer):
    """What LSTM and GRU share."""

    def __init__(  # noqa: PLR0913 - what torch and Keras take
        self,
        in_features: int,
        units: int,
        return_sequences: bool = False,
        reverse: bool = False,
        *,
        use_bias: bool = True,
        weight_initializer: Any = None,
        recurrent_initializer: Any = None,
        bias_initializer: Any = None,
        seed: int | None = None,
        dtype: Any = None,
    ) -> None:
        settings = {
            "in_features": in_features,
            "units": units,
            "return_sequences": return_sequences,
            "reverse": reverse,
            "use_bias": use_bias,
            "weight_initializer": weight_initializer,
            "recurrent_initializer": recurrent_initializer,
            "bias_initializer": bias_initializer,
        }
        super().__init__(settings, seed=seed, dtype=dtype)


class LSTM(Recurrent):
    """A long short-term memory: (batch, time, in_features) to its last state (batch, units), or to all of them.

    Gates and parameters are torch's: weight_ih (4 units, in_features), weight_hh (4 units, units), bias_ih, bias_hh.
    return_sequences gives (batch, time, units); reverse goes from the end to the beginning.

    >>> import penstock as ps
    >>> ps.layers.LSTM(3, 8)(ps.zeros((5, 7, 3))).shape
    (5, 8)
    >>> ps.layers.LSTM(3, 8, return_sequences=True)(ps.zeros((5, 7, 3))).shape
    (5, 7, 8)
    """

    kind = "lstm"


class GRU(Recurrent):
    """A gated recurrent unit: (batch, time, in_features) to its last state (batch, units), or to all of them.

    Gates and parameters are torch's: weight_ih (3 units, in_features), weight_hh (3 units, units), bias_ih, bias_hh.

    >>> import penstock as ps
    >>> ps.layers.GRU(3, 8, reverse=True)(ps.zeros((5, 7, 3))).shape
    (5, 8)
    """

    kind = "gru"


class MultiHeadAttention(Layer):
    """Each place of a sequence as a mean of all places, weighted by how well they match: (batch, time, features).

    With causal=True a place sees itself and those before it. Called with one sequence it attends to itself; called
    with (query, key, value) as torch's. heads must divide features.

    >>> import penstock as ps
    >>> ps.layers.MultiHeadAttention(8, 2, causal=True)(ps.zeros((5, 7, 8))).shape
    (5, 7, 8)
    """

    kind = "multi_head_attention"

    def __init__(
        self,
        features: int,
        heads: int,
        causal: bool = False,
        *,
        use_bias: bool = True,
        dropout: float | None = None,
        seed: int | None = None,
        dtype: Any = None,
    ) -> None:
        settings = {"features": features, "heads": heads, "causal": causal, "use_bias": use_bias, "dropout": dropout}
        super().__init__(settings, seed=seed, dtype=dtype)
