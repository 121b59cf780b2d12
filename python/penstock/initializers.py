"""How parameters begin, by the names that Keras and torch give them.

A layer takes one of these, or its name in small letters:

>>> import penstock as ps
>>> layer = ps.layers.Dense(100, 50, weight_initializer=ps.initializers.HeNormal(), bias_initializer="zeros")
>>> layer.bias.tolist() == [0.0] * 50
True
"""

from __future__ import annotations

from penstock.descriptions import Description

__all__ = [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "Normal",
    "Ones",
    "Orthogonal",
    "TruncatedNormal",
    "Uniform",
    "Zeros",
]


class WithoutSettings(Description):
    """A value that the name says."""

    def __init__(self) -> None:
        super().__init__()


class Zeros(WithoutSettings):
    """All 0.

    >>> import penstock as ps
    >>> ps.layers.Dense(2, 1, weight_initializer=ps.initializers.Zeros()).weight.tolist()
    [[0.0, 0.0]]
    """

    name = "zeros"


class Ones(WithoutSettings):
    """All 1.

    >>> import penstock as ps
    >>> ps.layers.Dense(2, 1, weight_initializer=ps.initializers.Ones()).weight.tolist()
    [[1.0, 1.0]]
    """

    name = "ones"


class Constant(Description):
    """One value.

    >>> import penstock as ps
    >>> ps.layers.Dense(2, 1, weight_initializer=ps.initializers.Constant(0.5)).weight.tolist()
    [[0.5, 0.5]]
    """

    name = "constant"

    def __init__(self, value: float) -> None:
        super().__init__(value=value)


class Uniform(Description):
    """Evenly between low and high.

    >>> import penstock as ps
    >>> weight = ps.layers.Dense(100, 100, weight_initializer=ps.initializers.Uniform(0, 2)).weight
    >>> 0 <= weight.min().item() < 0.1, 1.9 < weight.max().item() <= 2
    (True, True)
    """

    name = "uniform"

    def __init__(self, low: float = -0.05, high: float = 0.05) -> None:
        super().__init__(low=low, high=high)


class AroundMean(Description):
    """A mean and a standard deviation."""

    def __init__(self, mean: float = 0.0, deviation: float = 0.05) -> None:
        super().__init__(mean=mean, deviation=deviation)


class Normal(AroundMean):
    """Normally distributed around mean.

    >>> import penstock as ps
    >>> weight = ps.layers.Dense(100, 100, weight_initializer=ps.initializers.Normal(deviation=2)).weight
    >>> 1.9 < weight.std().item() < 2.1
    True
    """

    name = "normal"


class TruncatedNormal(AroundMean):
    """Normally distributed around mean; what lies beyond two deviations is drawn again, as Keras's.

    >>> import penstock as ps
    >>> weight = ps.layers.Dense(100, 100, weight_initializer=ps.initializers.TruncatedNormal(deviation=1)).weight
    >>> ps.abs(weight).max().item() <= 2
    True
    """

    name = "truncated_normal"


class VarianceScaling(Description):
    """A variance that follows from how many numbers go in and out."""

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__(gain=gain)


class GlorotUniform(VarianceScaling):
    """Uniform with variance 2 gain² / (in + out), also called xavier_uniform: how Keras's layers begin.

    >>> import penstock as ps
    >>> weight = ps.layers.Dense(2, 4, weight_initializer=ps.initializers.GlorotUniform()).weight
    >>> ps.abs(weight).max().item() <= 1
    True
    """

    name = "glorot_uniform"


class GlorotNormal(VarianceScaling):
    """Truncated normal with variance 2 gain² / (in + out), also called xavier_normal.

    >>> import penstock as ps
    >>> ps.layers.Dense(2, 4, weight_initializer=ps.initializers.GlorotNormal(gain=2)).weight.shape
    (4, 2)
    """

    name = "glorot_normal"


class HeUniform(VarianceScaling):
    """Uniform with variance 2 gain² / in, also called kaiming_uniform: for ReLU.

    >>> import penstock as ps
    >>> weight = ps.layers.Dense(6, 4, weight_initializer=ps.initializers.HeUniform()).weight
    >>> ps.abs(weight).max().item() <= 1
    True
    """

    name = "he_uniform"


class HeNormal(VarianceScaling):
    """Truncated normal with variance 2 gain² / in, also called kaiming_normal: for ReLU.

    >>> import penstock as ps
    >>> ps.layers.Dense(2, 4, weight_initializer=ps.initializers.HeNormal()).weight.shape
    (4, 2)
    """

    name = "he_normal"


class LecunUniform(VarianceScaling):
    """Uniform with variance gain² / in.

    >>> import penstock as ps
    >>> ps.layers.Dense(2, 4, weight_initializer=ps.initializers.LecunUniform()).weight.shape
    (4, 2)
    """

    name = "lecun_uniform"


class LecunNormal(VarianceScaling):
    """Truncated normal with variance gain² / in.

    >>> import penstock as ps
    >>> ps.layers.Dense(2, 4, weight_initializer=ps.initializers.LecunNormal()).weight.shape
    (4, 2)
    """

    name = "lecun_normal"


class Orthogonal(VarianceScaling):
    """Rows, or columns where there are fewer, that stand at right angles and have length gain.

    >>> import penstock as ps
    >>> weight = ps.layers.Dense(4, 2, weight_initializer=ps.initializers.Orthogonal()).weight
    >>> abs(ps.vecdot(weight[0], weight[1]).item()) < 1e-6
    True
    """

    name = "orthogonal"
