"""Callbacks that change the learning rate."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from penstock.callbacks.callback import Callback, Logs
from penstock.callbacks.watching import Watch
from penstock.errors import InvalidArgumentError, TypeMismatchError

__all__ = ["LearningRateScheduler", "ReduceLROnPlateau"]


class LearningRateScheduler(Callback):
    """Before each epoch asks a function, of the epoch's number and the learning rate, for a new one.

    >>> import penstock as ps
    >>> model = ps.Model([ps.layers.Dense(1, 1)])
    >>> model.compile(ps.optimizers.SGD(0.1), "mse")
    >>> halve = ps.callbacks.LearningRateScheduler(lambda epoch, rate: rate / 2)
    >>> model.fit([[1.0]], [[2.0]], epochs=2, callbacks=[halve], verbose=0).history["learning_rate"]
    [0.05, 0.025]
    """

    def __init__(self, function: Callable[[int, float], float]) -> None:
        if not callable(function):
            raise TypeMismatchError(f"LearningRateScheduler: {function!r} is no function of an epoch and a rate")
        self.function = function

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        self.model.learning_rate = self.function(epoch, self.model.learning_rate)


class ReduceLROnPlateau(Callback):
    """Multiplies the learning rate by factor where a figure has not become better for patience epochs.

    min_delta is how much counts as better, cooldown for how many epochs it then waits, minimum where it ends; mode is
    as EarlyStopping's. penstock.schedules.ReduceOnPlateau does it inside the engine.

    >>> import penstock as ps
    >>> model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros", bias_initializer="zeros")])
    >>> model.compile(ps.optimizers.SGD(1.0), "mse")
    >>> reduce = ps.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1)
    >>> model.fit([[1.0]], [[0.0]], epochs=3, callbacks=[reduce], verbose=0).history["learning_rate"]
    [1.0, 1.0, 0.5]
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        factor: float = 0.1,
        patience: int = 10,
        min_delta: float = 1e-4,
        cooldown: int = 0,
        minimum: float = 0.0,
        mode: str = "auto",
    ) -> None:
        if not 0 < factor < 1:
            raise InvalidArgumentError(f"ReduceLROnPlateau: factor is {factor}: expected a number between 0 and 1")
        self.monitor, self.factor, self.patience, self.mode = monitor, factor, patience, mode
        self.min_delta, self.cooldown, self.minimum = min_delta, cooldown, minimum
        self._is_resumed = False
        self._begin()

    def _begin(self) -> None:
        self._watch = Watch("ReduceLROnPlateau", self.monitor, self.mode, self.min_delta)
        self.wait, self.cooling = 0, 0

    def on_train_begin(self, logs: Logs) -> None:
        if not self._is_resumed:
            self._begin()
        self._is_resumed = False

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        value = self._watch.value(logs)
        if value is None:
            return
        if self.cooling > 0:
            self.cooling -= 1
            self.wait = 0
        if self._watch.is_better(value):
            self._watch.best, self.wait = value, 0
        elif self.cooling == 0:
            self.wait += 1
            rate = self.model.learning_rate
            if self.wait >= self.patience and rate > self.minimum:
                self.model.learning_rate = max(rate * self.factor, self.minimum)
                self.cooling, self.wait = self.cooldown, 0

    def state(self) -> dict[str, Any]:
        return self._watch.state() | {"wait": self.wait, "cooling": self.cooling}

    def restore(self, state: dict[str, Any]) -> None:
        self._begin()
        self._watch.restore(state)
        self.wait, self.cooling = int(state["wait"]), int(state["cooling"])
        self._is_resumed = True
