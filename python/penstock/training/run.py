"""The loop of fit(): epochs, batches, what is called behind them, and where it is if it ends early."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from penstock._native import call, ffi, lib, raise_last_error, struct, text
from penstock.base import made
from penstock.callbacks.callback import Callback, CallbackList
from penstock.callbacks.history import History
from penstock.errors import DataError, InvalidArgumentError
from penstock.training.batches import Batches, IterableBatches
from penstock.training.interrupts import Interrupts
from penstock.training.progress import Progress

if TYPE_CHECKING:
    from penstock.model import Model

__all__ = ["Run", "evaluate", "metric_names", "metric_values"]


def metric_names(native: Any) -> list[str]:
    """The names of a model's metrics, without the loss."""
    return [text(lib.ps_model_metric_name(native, index)) for index in range(lib.ps_model_metric_count(native))]


def metric_values(native: Any, names: Sequence[str]) -> dict[str, float]:
    """The metrics since they were reset."""
    value = ffi.new("double *")
    found = {}
    for index, name in enumerate(names):
        call(lib.ps_model_metric, value, native, index)
        found[name] = float(value[0])
    return found


def evaluate(model: Model, batches: Batches, progress: Progress | None = None) -> dict[str, float]:
    """Loss and metrics over all batches."""
    native, result = model._handle(), struct("ps_batch_result")
    names = metric_names(native)
    call(lib.ps_model_reset_metrics, native)
    done = 0
    if progress is not None:
        progress.begin()
    with Interrupts() as interrupts:
        for x, y, options in batches.epoch(None, 0):
            interrupts.busy = True
            status = lib.ps_model_test_on_batch(result, native, x, y, options)
            if status:
                raise_last_error(status)
            done += 1
            interrupts.busy = False
            interrupts.check()
            if progress is not None and progress.wants_batches and progress.is_due():
                progress.show(done, {"loss": result.mean_loss} | metric_values(native, names))
    logs = {"loss": float(result.mean_loss)} | metric_values(native, names)
    if progress is not None:
        progress.end(None, done, logs)
    return logs


class Run:
    """One call of fit()."""

    def __init__(
        self,
        model: Model,
        batches: Batches,
        *,
        validation: Batches | None,
        first_epoch: int,
        epochs: int,
        shuffle: bool,
        callbacks: Sequence[Callback],
        progress: Progress,
    ) -> None:
        self.model, self.batches, self.validation = model, batches, validation
        self.epochs, self.shuffle, self.progress = epochs, shuffle, progress
        self.epoch, self.batch = first_epoch, 0
        self.history = History()
        self.callbacks = CallbackList([self.history, *callbacks], model)
        self.callbacks.set_params({"epochs": epochs, "steps": batches.steps, "batch_size": batches.batch_size})
        self.native = model._handle()
        self.names = metric_names(self.native)
        self.result = struct("ps_batch_result")
        self.interrupts = Interrupts()

    # ---- Where it is ----

    def position(self) -> str:
        """Where the run is, for a checkpoint."""
        return json.dumps(
            {
                "epoch": self.epoch,
                "batch": self.batch,
                "stopped": bool(self.model.stop_training),
                "loss": float(self.result.mean_loss),
                "learning_rate": float(self.result.learning_rate),
                "callbacks": self.callbacks.state(),
                "data": self.batches.state(),
            }
        )

    def resume(self, position: str) -> None:
        """Goes on where another run was."""
        try:
            saved = json.loads(position)
            self.epoch, self.batch = int(saved["epoch"]), int(saved["batch"])
            self.model.stop_training = bool(saved["stopped"])
            self.result.mean_loss, self.result.learning_rate = saved["loss"], saved["learning_rate"]
            self.callbacks.restore(saved["callbacks"])
            data = saved["data"]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DataError(f"the saved position is none that fit() has written: {error}") from None
        if self.batches.steps is not None and self.batch > self.batches.steps:
            raise InvalidArgumentError(
                f"the saved run was behind batch {self.batch} of an epoch, and these data have {self.batches.steps}: "
                f"give what it was given, or resume=False"
            )
        if not self.batches.restore(data) and isinstance(self.batches, IterableBatches):
            steps = self.batches.steps_per_epoch
            skipped = self.batch + (0 if steps is None else steps * self.epoch)
            if skipped:
                self.batches.skip(skipped)

    # ---- The loop ----

    def run(self) -> History:
        """Trains to the last epoch, or until somebody stops it."""
        self.model._run = self
        self.model.history = self.history
        try:
            with self.interrupts:
                self.callbacks.on_train_begin()
                while self.epoch < self.epochs and not self.model.stop_training:
                    self._run_epoch()
                self.callbacks.on_train_end(self.history.last())
        except BaseException:
            self.progress.break_off()
            self.callbacks.on_train_abort()
            raise
        finally:
            self.model._run = None
        return self.history

    def _order(self) -> Any:
        count = self.batches.samples
        if not self.shuffle or count is None:
            return None
        return made(lib.ps_model_epoch_order, self.native, lib.ps_model_epoch(self.native), count)

    def _run_epoch(self) -> None:
        self.progress.begin(self.epoch, self.batch)
        if self.batch == 0:
            call(lib.ps_model_reset_metrics, self.native)
            self.callbacks.on_epoch_begin(self.epoch)
        self._run_batches()
        self.interrupts.busy = True
        self._end_epoch()
        self.interrupts.busy = False
        self.interrupts.check()

    def _run_batches(self) -> None:
        native, result, interrupts, progress = self.native, self.result, self.interrupts, self.progress
        step, callbacks, model = self.model._step, self.callbacks, self.model
        is_watched = callbacks.watches_batches
        for x, y, options in self.batches.epoch(self._order(), self.batch):
            interrupts.busy = True
            if is_watched:
                callbacks.on_train_batch_begin(self.batch)
            status = step(result, native, x, y, options)
            if status:
                raise_last_error(status)
            self.batch += 1
            if is_watched:
                callbacks.on_train_batch_end(self.batch - 1, self._logs())
            if progress.wants_batches and progress.is_due():
                progress.show(self.batch, self._logs())
            interrupts.busy = False
            if interrupts.pending:
                interrupts.check()
            if result.stopped or model.stop_training:
                model.stop_training = True
                break
        model._input_shape = self.batches.input_shape()

    def _logs(self) -> dict[str, float]:
        """Loss and metrics of the epoch so far."""
        return {"loss": float(self.result.mean_loss)} | metric_values(self.native, self.names)

    def _end_epoch(self) -> None:
        done, logs = self.batch, self._logs()
        if self.validation is not None:
            self.callbacks.on_test_begin()
            of_validation = evaluate(self.model, self.validation)
            logs |= {f"val_{name}": value for name, value in of_validation.items()}
            self.callbacks.on_test_end(of_validation)
        logs["learning_rate"] = float(self.result.learning_rate)
        call(lib.ps_model_end_epoch, self.native, logs.get("val_loss", logs["loss"]))
        self.epoch, self.batch = self.epoch + 1, 0
        self.callbacks.on_epoch_end(self.epoch - 1, logs)
        self.progress.end(self.epoch - 1, done, logs)
