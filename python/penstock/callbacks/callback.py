"""What a callback is, and the list of them that a run of fit() calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from penstock.errors import DataError, TypeMismatchError

if TYPE_CHECKING:
    from penstock.model import Model

__all__ = ["Callback", "CallbackList", "LambdaCallback"]

Logs = Mapping[str, float]


class Callback:
    """Derive from it, and write the methods that you want to be called; self.model is what is being trained.

    self.params has "epochs", and "steps" and "batch_size" where they are known. logs are the loss and the metrics by
    name, those of validation as "val_loss" and the like, and "learning_rate". Setting self.model.stop_training ends the
    training behind this batch. Methods of batches cost time: they are called only where a callback has them.

    >>> import penstock as ps
    >>> class Count(ps.callbacks.Callback):
    ...     batches = 0
    ...
    ...     def on_batch_end(self, batch, logs):
    ...         self.batches += 1
    >>> model = ps.Model([ps.layers.Dense(1, 1)])
    >>> model.compile("sgd", "mse")
    >>> count = Count()
    >>> _ = model.fit(ps.ones((10, 1)), ps.ones((10, 1)), batch_size=4, callbacks=[count], verbose=0)
    >>> count.batches
    3
    """

    model: Model
    params: dict[str, Any]
    _is_last = False  # of those that save: what the others do must have been done

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for name, method in vars(cls).items():
            described = getattr(Callback, name, None)
            if callable(method) and method.__doc__ is None and described is not None:
                method.__doc__ = described.__doc__

    def set_model(self, model: Model) -> None:
        """Says which model is trained.

        >>> import penstock as ps
        >>> callback = ps.callbacks.Callback()
        >>> callback.set_model(ps.Model())
        """
        self.model = model

    def set_params(self, params: dict[str, Any]) -> None:
        """Says how it is trained.

        >>> import penstock as ps
        >>> callback = ps.callbacks.Callback()
        >>> callback.set_params({"epochs": 3})
        """
        self.params = params

    def on_train_begin(self, logs: Logs) -> None:
        """Before the first epoch, or the one in which a run goes on.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().on_train_begin({})
        """

    def on_train_end(self, logs: Logs) -> None:
        """Behind the last epoch.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().on_train_end({})
        """

    def on_train_abort(self) -> None:
        """Where an exception ends the training, Ctrl-C among them: to close what is open.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().on_train_abort()
        """

    def on_epoch_begin(self, epoch: int, logs: Logs) -> None:
        """Before an epoch; they are counted from 0.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().on_epoch_begin(0, {})
        """

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Behind an epoch and its validation.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().on_epoch_end(0, {"loss": 0.5})
        """

    def on_batch_begin(self, batch: int, logs: Logs) -> None:
        """Before a batch; they are counted from 0 in each epoch.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().on_batch_begin(0, {})
        """

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        """Behind a batch; logs are of the epoch so far.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().on_batch_end(0, {"loss": 0.5})
        """

    def on_train_batch_begin(self, batch: int, logs: Logs) -> None:
        """on_batch_begin() by Keras's longer name.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().on_train_batch_begin(0, {})
        """
        self.on_batch_begin(batch, logs)

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """on_batch_end() by Keras's longer name.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().on_train_batch_end(0, {"loss": 0.5})
        """
        self.on_batch_end(batch, logs)

    def on_test_begin(self, logs: Logs) -> None:
        """Before an epoch's validation.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().on_test_begin({})
        """

    def on_test_end(self, logs: Logs) -> None:
        """Behind an epoch's validation; logs have the figures' plain names.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().on_test_end({"loss": 0.5})
        """

    def state(self) -> dict[str, Any]:
        """What a checkpoint must keep, so that a run that goes on is as one that was never stopped: JSON's values.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().state()
        {}
        """
        return {}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes what state() gave.

        >>> import penstock as ps
        >>> ps.callbacks.Callback().restore({})
        """


def watches_batches(callback: Callback) -> bool:
    """Whether a callback has methods of batches."""
    names = ("on_batch_begin", "on_batch_end", "on_train_batch_begin", "on_train_batch_end")
    return any(getattr(type(callback), name) is not getattr(Callback, name) for name in names)


class LambdaCallback(Callback):
    """Functions in place of methods.

    >>> import penstock as ps
    >>> model = ps.Model([ps.layers.Dense(1, 1)])
    >>> model.compile("sgd", "mse")
    >>> tell = ps.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, sorted(logs)))
    >>> _ = model.fit([[1.0]], [[2.0]], callbacks=[tell], verbose=0)
    0 ['learning_rate', 'loss']
    """

    def __init__(self, **functions: Callable[..., Any]) -> None:
        for name, function in functions.items():
            if not name.startswith("on_") or not hasattr(Callback, name):
                known = ", ".join(each for each in dir(Callback) if each.startswith("on_"))
                raise TypeMismatchError(f"LambdaCallback takes no {name!r}: it takes {known}")
            if not callable(function):
                raise TypeMismatchError(f"{name} is {function!r}: expected a function")
            setattr(self, name, function)


class CallbackList:
    """The callbacks of a run, in their order; those that save come last."""

    def __init__(self, callbacks: Sequence[Callback], model: Model) -> None:
        for each in callbacks:
            if not isinstance(each, Callback):
                hint = ": make one of the class" if isinstance(each, type) else ""
                raise TypeMismatchError(
                    f"callbacks have {each!r}: expected objects of penstock.callbacks.Callback{hint}"
                )
        self.callbacks = sorted(callbacks, key=lambda each: each._is_last)
        self.watches_batches = any(
            watches_batches(each) or (isinstance(each, LambdaCallback) and any("batch" in key for key in vars(each)))
            for each in self.callbacks
        )
        for each in self.callbacks:
            each.set_model(model)

    def set_params(self, params: dict[str, Any]) -> None:
        """Says how it is trained."""
        for each in self.callbacks:
            each.set_params(params)

    def on_train_begin(self) -> None:
        """Before the first epoch."""
        for each in self.callbacks:
            each.on_train_begin({})

    def on_train_end(self, logs: Logs) -> None:
        """Behind the last one."""
        for each in self.callbacks:
            each.on_train_end(logs)

    def on_train_abort(self) -> None:
        """Behind an exception."""
        for each in self.callbacks:
            each.on_train_abort()

    def on_epoch_begin(self, epoch: int) -> None:
        """Before an epoch."""
        for each in self.callbacks:
            each.on_epoch_begin(epoch, {})

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        """Behind an epoch."""
        for each in self.callbacks:
            each.on_epoch_end(epoch, logs)

    def on_train_batch_begin(self, batch: int) -> None:
        """Before a batch."""
        for each in self.callbacks:
            each.on_train_batch_begin(batch, {})

    def on_train_batch_end(self, batch: int, logs: Logs) -> None:
        """Behind a batch."""
        for each in self.callbacks:
            each.on_train_batch_end(batch, logs)

    def on_test_begin(self) -> None:
        """Before validation."""
        for each in self.callbacks:
            each.on_test_begin({})

    def on_test_end(self, logs: Logs) -> None:
        """Behind validation."""
        for each in self.callbacks:
            each.on_test_end(logs)

    def state(self) -> list[dict[str, Any]]:
        """What each must keep."""
        return [{"name": type(each).__name__, "state": each.state()} for each in self.callbacks]

    def restore(self, states: list[dict[str, Any]]) -> None:
        """Takes what state() gave, of callbacks of the same kinds in the same order."""
        saved, here = [each["name"] for each in states], [type(each).__name__ for each in self.callbacks]
        if saved != here:
            raise DataError(
                f"the saved run had the callbacks {', '.join(saved)}, and this one has {', '.join(here)}: give the "
                f"same, or resume=False"
            )
        for each, state in zip(self.callbacks, states, strict=True):
            each.restore(state["state"])
