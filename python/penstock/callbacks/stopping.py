"""Callbacks that end the training."""

from __future__ import annotations

import base64
import math
import operator
from typing import Any

from penstock.callbacks.callback import Callback, Logs
from penstock.callbacks.watching import Watch
from penstock.errors import InvalidArgumentError

__all__ = ["EarlyStopping", "TerminateOnNaN"]


class EarlyStopping(Callback):
    """Ends the training where a figure has not become better, by more than min_delta, for patience epochs in a row.

    mode is "min" or "max"; "auto" goes by the figure's name: accuracies are to rise, the others to fall. With
    restore_best_weights the model ends with the parameters of its best epoch. stopped_epoch is where it ended.

    >>> import penstock as ps
    >>> model = ps.Model([ps.layers.Dense(1, 1)])
    >>> model.compile(ps.optimizers.SGD(learning_rate=0.0), "mse")
    >>> stop = ps.callbacks.EarlyStopping("loss", patience=2)
    >>> len(model.fit([[1.0]], [[2.0]], epochs=10, callbacks=[stop], verbose=0).epoch), stop.stopped_epoch
    (3, 2)
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        *,
        patience: int = 0,
        min_delta: float = 0.0,
        mode: str = "auto",
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        self.monitor, self.patience = monitor, operator.index(patience)
        if self.patience < 0:
            raise InvalidArgumentError(f"EarlyStopping: patience is {patience}: expected epochs from 0")
        self.min_delta, self.mode = min_delta, mode
        self.restore_best_weights, self.start_from_epoch = restore_best_weights, start_from_epoch
        self._resumed: dict[str, Any] | None = None
        self._begin()

    def _begin(self) -> None:
        self._watch = Watch("EarlyStopping", self.monitor, self.mode, self.min_delta)
        self.wait, self.stopped_epoch, self.best_epoch = 0, 0, 0
        self._best_weights: list[bytes] | None = None

    def on_train_begin(self, logs: Logs) -> None:
        if self._resumed is None:
            self._begin()
        self._resumed = None

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        value = self._watch.value(logs)
        if value is None or epoch < self.start_from_epoch:
            return
        self.wait += 1
        if self._watch.is_better(value):
            self._watch.best, self.best_epoch, self.wait = value, epoch, 0
            if self.restore_best_weights:
                self._best_weights = self.model._weight_bytes()
        elif self.wait >= self.patience and epoch > 0:
            self.stopped_epoch, self.model.stop_training = epoch, True

    def on_train_end(self, logs: Logs) -> None:
        if self.restore_best_weights and self._best_weights is not None:
            self.model._set_weight_bytes(self._best_weights)

    def state(self) -> dict[str, Any]:
        weights = None
        if self._best_weights is not None:
            weights = [base64.b64encode(each).decode() for each in self._best_weights]
        counts = {"wait": self.wait, "stopped_epoch": self.stopped_epoch, "best_epoch": self.best_epoch}
        return self._watch.state() | counts | {"weights": weights}

    def restore(self, state: dict[str, Any]) -> None:
        self._begin()
        self._watch.restore(state)
        self.wait, self.stopped_epoch = int(state["wait"]), int(state["stopped_epoch"])
        self.best_epoch = int(state["best_epoch"])
        if state["weights"] is not None:
            self._best_weights = [base64.b64decode(each) for each in state["weights"]]
        self._resumed = state


class TerminateOnNaN(Callback):
    """Ends the training behind a batch whose loss is no finite number; goes with compile(on_nan="ignore").

    compile(on_nan="stop") does the same and leaves the parameters as they were before that batch.

    >>> import penstock as ps
    >>> model = ps.Model([ps.layers.Dense(1, 1)])
    >>> model.compile("sgd", "mse", on_nan="ignore")
    >>> stop = ps.callbacks.TerminateOnNaN()
    >>> len(model.fit([[1.0]], [[float("nan")]], epochs=10, callbacks=[stop], verbose=0).epoch)
    1
    """

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        if not math.isfinite(logs["loss"]):
            self.model.stop_training = True
