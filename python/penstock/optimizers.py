"""How parameters follow their gradients; the numbers are torch.optim's, Lion's those of its paper.

Model.compile() takes one of these, or its name. All of them take

- `learning_rate`, or `lr`, and `schedule`: one of penstock.schedules, or its name;
- `weight_decay`: added to the gradient; AdamW and Lion take it from the parameter itself;
- `clip_value`: each element of the gradient stays within plus and minus that;
- `clip_norm`: then all gradients together are scaled down to that norm;
- `groups`: for some parameters another rate or decay, as
  `[{"parameters": ["0.*", "*.bias"], "learning_rate": 0.01, "weight_decay": 0.0}]`, the first entry that matches.

>>> import penstock as ps
>>> model = ps.Model([ps.layers.Dense(2, 3)])
>>> model.compile(ps.optimizers.AdamW(lr=3e-4, clip_norm=1.0), "mse")
>>> model.learning_rate
0.0003
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from penstock.descriptions import Description, describe
from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.schedules import schedule_described

__all__ = ["SGD", "Adagrad", "Adam", "AdamW", "Lion", "RMSprop"]

COMMON = ("weight_decay", "clip_norm", "clip_value", "groups", "schedule")


class Optimizer(Description):
    """What all have: a learning rate, decay, clipping, groups and a schedule."""

    def __init__(self, learning_rate: float | None, common: Mapping[str, Any], **own: Any) -> None:
        given = dict(common)
        if "lr" in given:
            if learning_rate is not None:
                raise InvalidArgumentError(f"{type(self).__name__}: lr and learning_rate are the same: give one")
            learning_rate = given.pop("lr")
        for key in given:
            if key not in COMMON:
                known = ", ".join(["learning_rate", "lr", *own, *COMMON])
                raise TypeMismatchError(f"{type(self).__name__} takes no {key!r}: it takes {known}")
        if given.get("schedule") is not None and not isinstance(given["schedule"], Description):
            given["schedule"] = schedule_described(given["schedule"])
        super().__init__(learning_rate=learning_rate, **own, **given)


class SGD(Optimizer):
    """Down the gradient, with momentum where that is not 0.  learning_rate is 0.01 unless named.

    >>> import penstock as ps
    >>> ps.optimizers.SGD(0.1, momentum=0.9, nesterov=True)
    SGD(learning_rate=0.1, momentum=0.9, nesterov=True)
    """

    name = "sgd"

    def __init__(
        self,
        learning_rate: float | None = None,
        *,
        momentum: float | None = None,
        dampening: float | None = None,
        nesterov: bool | None = None,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, common, momentum=momentum, dampening=dampening, nesterov=nesterov)


class Adam(Optimizer):
    """Down the gradient's mean, over the root of its mean square.  learning_rate is 0.001 unless named.

    >>> import penstock as ps
    >>> ps.optimizers.Adam(learning_rate=0.001, beta1=0.9, beta2=0.999)
    Adam(learning_rate=0.001, beta1=0.9, beta2=0.999)
    """

    name = "adam"

    def __init__(
        self,
        learning_rate: float | None = None,
        *,
        beta1: float | None = None,
        beta2: float | None = None,
        epsilon: float | None = None,
        amsgrad: bool | None = None,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, common, beta1=beta1, beta2=beta2, epsilon=epsilon, amsgrad=amsgrad)


class AdamW(Adam):
    """Adam, with weight_decay (0.01 unless named) taken from the parameters themselves.

    >>> import penstock as ps
    >>> ps.optimizers.AdamW(lr=3e-4, weight_decay=0.1)
    AdamW(learning_rate=0.0003, weight_decay=0.1)
    """

    name = "adamw"


class RMSprop(Optimizer):
    """Down the gradient, over the root of its mean square.  learning_rate is 0.01 unless named.

    >>> import penstock as ps
    >>> ps.optimizers.RMSprop(0.001, alpha=0.9)
    RMSprop(learning_rate=0.001, alpha=0.9)
    """

    name = "rmsprop"

    def __init__(
        self,
        learning_rate: float | None = None,
        *,
        alpha: float | None = None,
        epsilon: float | None = None,
        momentum: float | None = None,
        centered: bool | None = None,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, common, alpha=alpha, epsilon=epsilon, momentum=momentum, centered=centered)


class Adagrad(Optimizer):
    """Down the gradient, over the root of the sum of its squares.  learning_rate is 0.01 unless named.

    >>> import penstock as ps
    >>> ps.optimizers.Adagrad(0.1)
    Adagrad(learning_rate=0.1)
    """

    name = "adagrad"

    def __init__(
        self,
        learning_rate: float | None = None,
        *,
        learning_rate_decay: float | None = None,
        initial_accumulator: float | None = None,
        epsilon: float | None = None,
        **common: Any,
    ) -> None:
        super().__init__(
            learning_rate,
            common,
            learning_rate_decay=learning_rate_decay,
            initial_accumulator=initial_accumulator,
            epsilon=epsilon,
        )


class Lion(Optimizer):
    """One learning rate along the sign of the gradient's mean.  learning_rate is 0.0001 unless named.

    >>> import penstock as ps
    >>> ps.optimizers.Lion(weight_decay=0.1)
    Lion(weight_decay=0.1)
    """

    name = "lion"

    def __init__(
        self,
        learning_rate: float | None = None,
        *,
        beta1: float | None = None,
        beta2: float | None = None,
        **common: Any,
    ) -> None:
        super().__init__(learning_rate, common, beta1=beta1, beta2=beta2)


KINDS: dict[str, type[Description]] = {each.name: each for each in (SGD, Adam, AdamW, RMSprop, Adagrad, Lion)}


def optimizer_described(given: Any) -> Any:
    """An optimizer as the engine's description."""
    return describe(given, "optimizer", KINDS)
