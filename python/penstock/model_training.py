"""The part of a model that trains, is tested, and predicts."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from penstock import creation
from penstock._native import as_c, call, ffi, lib, raise_last_error, struct
from penstock.base import is_tensor, made
from penstock.callbacks.callback import Callback
from penstock.callbacks.history import History
from penstock.errors import InvalidArgumentError
from penstock.json_texts import read_text
from penstock.layers.layer import as_input
from penstock.training.batches import (
    ArrayBatches,
    Batches,
    batches_of,
    require_count,
    split_off,
    weights_of,
)
from penstock.training.progress import Progress
from penstock.training.run import Run, evaluate, metric_names, metric_values

if TYPE_CHECKING:
    from penstock.dtypes import DType
    from penstock.tensor import Tensor

__all__ = ["ModelTraining"]

Figures = float | list[float] | dict[str, float]
ALL_ROWS = 2**63 - 1  # as the size of a batch


class ModelTraining:
    """Training, testing, predicting."""

    if TYPE_CHECKING:
        _dtype: DType
        _input_shape: tuple[int, ...] | None
        _position: str | None
        _step: Any
        history: History
        stop_training: bool

        def _handle(self) -> Any: ...
        def _is_compiled(self) -> bool: ...

    def fit(  # noqa: PLR0913 - Keras's habits
        self,
        x: Any,
        y: Any = None,
        *,
        epochs: int = 1,
        batch_size: int = 32,
        validation_data: Any = None,
        validation_split: float = 0.0,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        callbacks: Sequence[Callback] = (),
        verbose: str | int = "auto",
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        resume: str | os.PathLike[str] | bool | None = None,
    ) -> History:
        """Trains for some epochs, and gives their figures.

        x, y: arrays whose first axis is the samples, lists of numbers too; or x is a loader, or anything that gives
        batches (x, y) or (x, y, weights) when iterated over, an epoch each time. batch_size: rows a step, the last one
        of an epoch may have fewer; shuffle: each epoch in an order of its own. validation_data: (x, y), (x, y, weights)
        or a loader, looked at behind each epoch; validation_split: this share of the rows, the last ones, is that.
        class_weight: {class: weight}, 1 for others; sample_weight: one number a sample. steps_per_epoch: batches of an
        epoch. epochs counts from initial_epoch. verbose: 0 nothing, 1 a bar, 2 a line an epoch.

        resume: a checkpoint of ModelCheckpoint's, from which the run goes on: given the same arguments, it ends with
        the same bytes as one that was never stopped. A model that was loaded from one goes on by itself; False begins
        anew. Ctrl-C ends the training between two batches: the model and its history stay as they are then.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(1, 1)])
        >>> model.compile(ps.optimizers.SGD(0.1), "mse")
        >>> x = ps.linspace(-1, 1, 64).reshape(64, 1)
        >>> history = model.fit(x, 3 * x + 1, epochs=50, batch_size=8, validation_split=0.25, verbose=0)
        >>> history.history["val_loss"][-1] < 0.001
        True
        """
        if epochs < 0 or initial_epoch < 0:
            raise InvalidArgumentError(f"epochs is {epochs}, initial_epoch {initial_epoch}: expected numbers from 0")
        self._require_compiled("fit()")
        weights = {"sample_weight": sample_weight, "class_weight": class_weight}
        batches: ArrayBatches | Batches
        batches = batches_of(x, y, self._dtype, batch_size=batch_size, steps_per_epoch=steps_per_epoch, **weights)
        validation: Batches | None = None
        if validation_split:
            if validation_data is not None or not isinstance(batches, ArrayBatches):
                raise InvalidArgumentError("validation_split takes rows of arrays: it does not go with validation_data")
            batches, validation = split_off(batches, validation_split)
        elif validation_data is not None:
            validation = validation_batches(validation_data, self._dtype, batch_size)
        self.stop_training = False
        run = Run(
            self,  # type: ignore[arg-type] # a Model, of which this is a part
            batches,
            validation=validation,
            first_epoch=initial_epoch,
            epochs=epochs,
            shuffle=shuffle,
            callbacks=callbacks,
            progress=Progress(verbose, epochs, batches.steps),
        )
        position, self._position = self._position, None
        if isinstance(resume, (str, os.PathLike)):
            call(lib.ps_model_restore, self._handle(), os.fsencode(resume))
            position = read_text(lib.ps_model_position, self._handle())
        if position and resume is not False:
            run.resume(position)
        return run.run()

    @overload
    def evaluate(
        self,
        x: Any,
        y: Any = None,
        *,
        batch_size: int = 32,
        sample_weight: Any = None,
        verbose: str | int = "auto",
        return_dict: Literal[True],
    ) -> dict[str, float]: ...
    @overload
    def evaluate(
        self,
        x: Any,
        y: Any = None,
        *,
        batch_size: int = 32,
        sample_weight: Any = None,
        verbose: str | int = "auto",
        return_dict: Literal[False] = False,
    ) -> float | list[float]: ...
    def evaluate(
        self,
        x: Any,
        y: Any = None,
        *,
        batch_size: int = 32,
        sample_weight: Any = None,
        verbose: str | int = "auto",
        return_dict: bool = False,
    ) -> Figures:
        """The loss over all rows, or a list of it and the metrics, or a dict of them.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros", bias_initializer="zeros")])
        >>> model.compile("sgd", "mse", metrics=["mae"])
        >>> model.evaluate([[1.0], [2.0]], [[3.0], [3.0]], verbose=0, return_dict=True)
        {'loss': 9.0, 'mae': 3.0}
        """
        self._require_compiled("evaluate()")
        batches = batches_of(x, y, self._dtype, batch_size=batch_size, sample_weight=sample_weight)
        logs = evaluate(self, batches, Progress(verbose, None, batches.steps))  # type: ignore[arg-type]
        return as_figures(logs, return_dict)

    def predict(self, x: Any, *, batch_size: int = 32, verbose: str | int = 0) -> Tensor:
        """The results for all rows, batch_size of them at a time; x may be an iterable of batches too.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(2, 3, activation="softmax")])
        >>> model.predict(ps.zeros((100, 2))).shape
        (100, 3)
        """
        if is_batches(x):
            return self._predict_batches(x, verbose)
        tensor = as_input(x, self._dtype)
        self._input_shape = tensor.shape[1:]
        return made(lib.ps_model_predict, self._handle(), tensor, require_count(batch_size, "batch_size"))

    def _predict_batches(self, batches: Any, verbose: str | int) -> Tensor:
        from penstock.manipulation import concat

        progress = Progress(verbose, None, None)
        progress.begin()
        results = []
        for batch in batches:
            x = batch[0] if isinstance(batch, (tuple, list)) else batch
            results.append(self.predict_on_batch(x["x"] if isinstance(x, Mapping) else x))
            if progress.wants_batches and progress.is_due():
                progress.show(len(results), {})
        if not results:
            raise InvalidArgumentError("predict() was given no batch")
        progress.end(None, len(results), {})
        return concat(results, axis=0)

    def predict_on_batch(self, x: Any) -> Tensor:
        """The results for one batch.

        >>> import penstock as ps
        >>> ps.Model([ps.layers.ReLU()]).predict_on_batch([[-1.0, 2.0]]).tolist()
        [[0.0, 2.0]]
        """
        return made(lib.ps_model_predict, self._handle(), as_input(x, self._dtype), ALL_ROWS)

    @overload
    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        *,
        reset_metrics: bool = True,
        return_dict: Literal[True],
    ) -> dict[str, float]: ...
    @overload
    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        *,
        reset_metrics: bool = True,
        return_dict: Literal[False] = False,
    ) -> float | list[float]: ...
    def train_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        *,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Figures:
        """One step of training; gives the batch's loss, or a list of it and the metrics, or a dict.

        With reset_metrics=False figures are of all batches since they were reset.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros", bias_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> model.train_on_batch([[1.0]], [[3.0]])
        9.0
        """
        self._position = None  # the run that a loaded checkpoint was of does not go on from here
        return self._on_batch(self._step, x, y, sample_weight, class_weight, reset_metrics, return_dict)

    @overload
    def test_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        reset_metrics: bool = True,
        return_dict: Literal[True],
    ) -> dict[str, float]: ...
    @overload
    def test_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        reset_metrics: bool = True,
        return_dict: Literal[False] = False,
    ) -> float | list[float]: ...
    def test_on_batch(
        self,
        x: Any,
        y: Any,
        sample_weight: Any = None,
        *,
        reset_metrics: bool = True,
        return_dict: bool = False,
    ) -> Figures:
        """The loss of a batch, or a list of it and the metrics, or a dict; nothing is trained.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros", bias_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> model.test_on_batch([[1.0]], [[3.0]], return_dict=True)
        {'loss': 9.0}
        """
        step = lib.ps_model_test_on_batch
        return self._on_batch(step, x, y, sample_weight, None, reset_metrics, return_dict)

    def _on_batch(
        self,
        step: Any,
        x: Any,
        y: Any,
        sample_weight: Any,
        class_weight: Mapping[int, float] | None,
        reset_metrics: bool,
        return_dict: bool,
    ) -> Figures:
        native = self._handle()
        inputs, targets = as_input(x, self._dtype), as_input(y, self._dtype)
        weights = weights_of(targets, sample_weight, class_weight)
        options = ffi.NULL if weights is None else struct("ps_batch_options", weights=as_c(weights))
        if reset_metrics:
            call(lib.ps_model_reset_metrics, native)
        result = struct("ps_batch_result")
        status = step(result, native, as_c(inputs), as_c(targets), options)
        if status:
            raise_last_error(status)
        if inputs.ndim:
            self._input_shape = inputs.shape[1:]
        logs = {"loss": float(result.loss if reset_metrics else result.mean_loss)}
        return as_figures(logs | metric_values(native, metric_names(native)), return_dict)

    def compute_gradients(self, x: Any, y: Any, sample_weight: Any = None) -> float:
        """The first half of a step of training: leaves the gradients, and gives the loss.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros", bias_initializer="zeros")])
        >>> model.compile("sgd", "mse")
        >>> model.compute_gradients([[1.0]], [[3.0]])
        9.0
        >>> model.named_gradients()["0.bias"].tolist()
        [-6.0]
        """
        figures = self._on_batch(lib.ps_model_compute_gradients, x, y, sample_weight, None, True, True)
        assert isinstance(figures, dict)
        return figures["loss"]

    def apply_gradients(self) -> None:
        """The second half: updates the parameters by the gradients, which may have been changed.

        >>> import penstock as ps
        >>> model = ps.Model([ps.layers.Dense(1, 1, weight_initializer="zeros", bias_initializer="zeros")])
        >>> model.compile(ps.optimizers.SGD(0.5), "mse")
        >>> _ = model.compute_gradients([[1.0]], [[3.0]])
        >>> model.apply_gradients()
        >>> model.named_parameters()["0.bias"].tolist()
        [3.0]
        """
        call(lib.ps_model_apply_gradients, self._handle())

    def _require_compiled(self, method: str) -> None:
        if not self._is_compiled():
            raise InvalidArgumentError(
                f'{method} needs a loss and an optimizer: call compile(optimizer="adam", loss=...) first'
            )


def validation_batches(given: Any, dtype: DType, batch_size: int) -> Batches:
    """validation_data as batches."""
    if isinstance(given, tuple) and len(given) in (2, 3):
        weights = given[2] if len(given) == 3 else None
        return batches_of(given[0], given[1], dtype, batch_size=batch_size, sample_weight=weights)
    if isinstance(given, tuple) or creation.is_array(given):
        raise InvalidArgumentError("validation_data: expected (x, y), (x, y, weights) or a loader of batches")
    return batches_of(given, None, dtype)


def is_batches(x: Any) -> bool:
    """Whether something to predict from is batches rather than rows."""
    if is_tensor(x) or creation.is_array(x) or not hasattr(x, "__iter__"):
        return False
    if not isinstance(x, (list, tuple)):
        return True
    first = next(iter(x), None)
    if isinstance(first, (list, tuple)):
        first = next(iter(first), None)
    return is_tensor(first) or (creation.is_array(first) and bool(getattr(first, "shape", ())))


def as_figures(logs: dict[str, float], return_dict: bool) -> Figures:
    """Loss and metrics as Keras gives them."""
    if return_dict:
        return logs
    return logs["loss"] if len(logs) == 1 else list(logs.values())
