"""How the learning rate changes while a model is trained; the numbers are those of torch.optim.lr_scheduler.

An optimizer takes one. What they count is epochs, or steps with per="step"; OneCycle and WarmUp count steps unless they
are told otherwise.

>>> import penstock as ps
>>> model = ps.Model([ps.layers.Dense(1, 1)])
>>> schedule = ps.schedules.Exponential(0.5)
>>> model.compile(ps.optimizers.SGD(learning_rate=0.1, schedule=schedule), "mse")
>>> _ = model.fit([[1.0]], [[1.0]], epochs=2, verbose=0)
>>> model.learning_rate
0.025
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.descriptions import Description, describe

__all__ = ["Cosine", "Exponential", "MultiStep", "OneCycle", "ReduceOnPlateau", "Step", "WarmUp"]


class Step(Description):
    """Multiplied by gamma after each step_size epochs.

    >>> import penstock as ps
    >>> ps.schedules.Step(10, gamma=0.5)
    Step(step_size=10, gamma=0.5)
    """

    name = "step"

    def __init__(self, step_size: int, gamma: float = 0.1, *, per: str | None = None) -> None:
        super().__init__(step_size=step_size, gamma=gamma, per=per)


class MultiStep(Description):
    """Multiplied by gamma after each of these numbers of epochs.

    >>> import penstock as ps
    >>> ps.schedules.MultiStep([30, 60])
    MultiStep(milestones=[30, 60], gamma=0.1)
    """

    name = "multistep"

    def __init__(self, milestones: Sequence[int], gamma: float = 0.1, *, per: str | None = None) -> None:
        super().__init__(milestones=list(milestones), gamma=gamma, per=per)


class Exponential(Description):
    """Multiplied by gamma after each epoch.

    >>> import penstock as ps
    >>> ps.schedules.Exponential(0.9)
    Exponential(gamma=0.9)
    """

    name = "exponential"

    def __init__(self, gamma: float, *, per: str | None = None) -> None:
        super().__init__(gamma=gamma, per=per)


class Cosine(Description):
    """Down to minimum along half a cosine of this many steps (epochs, unless per="step"), and up again behind it.

    >>> import penstock as ps
    >>> ps.schedules.Cosine(100, per="step")
    Cosine(steps=100, minimum=0.0, per='step')
    """

    name = "cosine"

    def __init__(self, steps: int, minimum: float = 0.0, *, per: str | None = None) -> None:
        super().__init__(steps=steps, minimum=minimum, per=per)


class OneCycle(Description):
    """Up from maximum / div_factor to maximum, then down to that over final_div_factor: all in total_steps steps.

    The optimizer's own learning rate does not matter. start_fraction is the part of the steps that goes up.

    >>> import penstock as ps
    >>> ps.schedules.OneCycle(0.1, 1000)
    OneCycle(maximum=0.1, total_steps=1000)
    """

    name = "one_cycle"

    def __init__(
        self,
        maximum: float,
        total_steps: int,
        *,
        start_fraction: float | None = None,
        div_factor: float | None = None,
        final_div_factor: float | None = None,
        per: str | None = None,
    ) -> None:
        super().__init__(
            maximum=maximum,
            total_steps=total_steps,
            start_fraction=start_fraction,
            div_factor=div_factor,
            final_div_factor=final_div_factor,
            per=per,
        )


class WarmUp(Description):
    """Up in a line from start_factor (a third unless named) of the rate, in this many steps; then another schedule.

    >>> import penstock as ps
    >>> ps.schedules.WarmUp(100, then=ps.schedules.Cosine(1000, per="step"))
    WarmUp(steps=100, then=Cosine(steps=1000, minimum=0.0, per='step'))
    """

    name = "warm_up"

    def __init__(
        self, steps: int, start_factor: float | None = None, then: Any = None, *, per: str | None = None
    ) -> None:
        following = then if then is None or isinstance(then, Description) else schedule_described(then)
        super().__init__(steps=steps, start_factor=start_factor, then=following, per=per)


class ReduceOnPlateau(Description):
    """Multiplied by factor where the loss (validation's, where there is one) has not become better for patience epochs.

    mode is "min" or "max", threshold how much counts as better ("rel": a share, "abs": a difference), cooldown for how
    many epochs it then waits, minimum where it ends.

    >>> import penstock as ps
    >>> ps.schedules.ReduceOnPlateau(factor=0.5, patience=3)
    ReduceOnPlateau(factor=0.5, patience=3)
    """

    name = "reduce_on_plateau"

    def __init__(
        self,
        *,
        factor: float | None = None,
        patience: int | None = None,
        threshold: float | None = None,
        threshold_mode: str | None = None,
        mode: str | None = None,
        cooldown: int | None = None,
        minimum: float | None = None,
    ) -> None:
        super().__init__(
            factor=factor,
            patience=patience,
            threshold=threshold,
            threshold_mode=threshold_mode,
            mode=mode,
            cooldown=cooldown,
            minimum=minimum,
        )


KINDS: dict[str, type[Description]] = {
    each.name: each for each in (Step, MultiStep, Exponential, Cosine, OneCycle, WarmUp, ReduceOnPlateau)
}


def schedule_described(given: Any) -> Any:
    """A schedule as the engine's description."""
    return describe(given, "schedule", KINDS, ["constant"])
