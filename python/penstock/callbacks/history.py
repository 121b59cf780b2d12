"""What fit() gives back: the figures of each epoch."""

from __future__ import annotations

from typing import Any

from penstock.callbacks.callback import Callback, Logs

__all__ = ["History"]


class History(Callback):
    """history: a list for the loss and each metric, a value an epoch; epoch: the epochs' numbers.

    >>> import penstock as ps
    >>> model = ps.Model([ps.layers.Dense(1, 1)])
    >>> model.compile("sgd", "mse")
    >>> done = model.fit([[1.0]], [[2.0]], epochs=3, verbose=0)
    >>> done.epoch, sorted(done.history), len(done.history["loss"])
    ([0, 1, 2], ['learning_rate', 'loss'], 3)
    """

    def __init__(self) -> None:
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        self.epoch.append(epoch)
        for name, value in logs.items():
            self.history.setdefault(name, []).append(value)

    def last(self) -> dict[str, float]:
        """The figures of the last epoch.

        >>> import penstock as ps
        >>> ps.callbacks.History().last()
        {}
        """
        return {name: values[-1] for name, values in self.history.items()}

    def state(self) -> dict[str, Any]:
        return {"history": self.history, "epoch": self.epoch}

    def restore(self, state: dict[str, Any]) -> None:
        self.history = {str(name): list(values) for name, values in state["history"].items()}
        self.epoch = list(state["epoch"])

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}: {value:.4g}" for name, value in self.last().items())
        return f"<History of {len(self.epoch)} epochs{': ' if shown else ''}{shown}>"
