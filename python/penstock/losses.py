"""What training makes small: how far a network's outputs are from their targets.

Model.compile() takes one of these, or its name; the numbers are torch's with reduction="mean".

>>> import penstock as ps
>>> model = ps.Model([ps.layers.Dense(2, 3)])
>>> model.compile(loss=ps.losses.CrossEntropy(label_smoothing=0.1))
>>> model.compile(loss="cross_entropy")
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.descriptions import Description, describe

__all__ = ["MAE", "MSE", "NLL", "BinaryCrossEntropy", "Cosine", "CrossEntropy", "Hinge", "Huber", "KLDivergence"]


class CrossEntropy(Description):
    """Of logits (samples, classes, ...), beside class numbers (samples, ...) or probabilities of the same shape.

    A softmax at a model's end is folded into it. class_weight has one number a class, as torch's; ignore_index is a
    class number that does not count.

    >>> import penstock as ps
    >>> ps.losses.CrossEntropy(label_smoothing=0.1)
    CrossEntropy(label_smoothing=0.1)
    """

    name = "cross_entropy"

    def __init__(
        self,
        *,
        label_smoothing: float | None = None,
        class_weight: Sequence[float] | None = None,
        ignore_index: int | None = None,
    ) -> None:
        super().__init__(label_smoothing=label_smoothing, class_weight=class_weight, ignore_index=ignore_index)


class NLL(Description):
    """The negative log-likelihood: CrossEntropy of log-probabilities, beside class numbers.

    >>> import penstock as ps
    >>> ps.losses.NLL(ignore_index=0)
    NLL(ignore_index=0)
    """

    name = "nll"

    def __init__(self, *, class_weight: Sequence[float] | None = None, ignore_index: int | None = None) -> None:
        super().__init__(class_weight=class_weight, ignore_index=ignore_index)


class BinaryCrossEntropy(Description):
    """Of logits beside probabilities of the same shape; a sigmoid at a model's end is folded into it.

    pos_weight is what the loss of targets that are 1 is multiplied by.

    >>> import penstock as ps
    >>> ps.losses.BinaryCrossEntropy(pos_weight=3.0)
    BinaryCrossEntropy(pos_weight=3.0)
    """

    name = "binary_cross_entropy"

    def __init__(self, *, pos_weight: float | None = None) -> None:
        super().__init__(pos_weight=pos_weight)


class MSE(Description):
    """The mean square of what the outputs are off.

    >>> import penstock as ps
    >>> ps.losses.MSE()
    MSE()
    """

    name = "mse"

    def __init__(self) -> None:
        super().__init__()


class MAE(Description):
    """The mean of how far the outputs are off.

    >>> import penstock as ps
    >>> ps.losses.MAE()
    MAE()
    """

    name = "mae"

    def __init__(self) -> None:
        super().__init__()


class Huber(Description):
    """Half the square up to delta, and a straight line beyond.

    >>> import penstock as ps
    >>> ps.losses.Huber(delta=2.0)
    Huber(delta=2.0)
    """

    name = "huber"

    def __init__(self, *, delta: float | None = None) -> None:
        super().__init__(delta=delta)


class KLDivergence(Description):
    """Of log-probabilities beside probabilities: the sum over the number of samples, torch's "batchmean".

    >>> import penstock as ps
    >>> ps.losses.KLDivergence()
    KLDivergence()
    """

    name = "kl_divergence"

    def __init__(self) -> None:
        super().__init__()


class Hinge(Description):
    """max(0, 1 - target * output), of targets -1 and 1.

    >>> import penstock as ps
    >>> ps.losses.Hinge()
    Hinge()
    """

    name = "hinge"

    def __init__(self) -> None:
        super().__init__()


class Cosine(Description):
    """1 less the cosine between output and target, along the last axis.

    >>> import penstock as ps
    >>> ps.losses.Cosine()
    Cosine()
    """

    name = "cosine"

    def __init__(self) -> None:
        super().__init__()


KINDS: dict[str, type[Description]] = {
    each.name: each for each in (CrossEntropy, BinaryCrossEntropy, MSE, MAE, Huber, KLDivergence, NLL, Hinge, Cosine)
}


def loss_described(given: Any) -> Any:
    """A loss as the engine's description."""
    return describe(given, "loss", KINDS)
