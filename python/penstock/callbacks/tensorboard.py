"""A callback that writes what TensorBoard shows."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from penstock.callbacks.callback import Callback, Logs
from penstock.callbacks.event_files import EventFile
from penstock.errors import InvalidArgumentError

__all__ = ["TensorBoard"]


class TensorBoard(Callback):
    """Writes event files for TensorBoard, in the folders train and validation: figures of epochs, as "epoch_loss".

    update_freq is "epoch", "batch" or a number of batches; behind so many the figures so far are written too, as
    "batch_loss", by the number of the step. TensorBoard itself is not needed.

    >>> import pathlib, tempfile
    >>> import penstock as ps
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> model = ps.Model([ps.layers.Dense(1, 1)])
    >>> model.compile("sgd", "mse")
    >>> _ = model.fit([[1.0]], [[2.0]], callbacks=[ps.callbacks.TensorBoard(folder)], verbose=0)
    >>> [path.parent.name for path in folder.rglob("events.out.tfevents.*")]
    ['train']
    """

    def __init__(self, log_dir: str | os.PathLike[str] = "logs", *, update_freq: str | int = "epoch") -> None:
        if update_freq not in ("epoch", "batch") and (not isinstance(update_freq, int) or update_freq < 1):
            raise InvalidArgumentError(
                f'TensorBoard: update_freq is {update_freq!r}: expected "epoch", "batch" or a number of batches'
            )
        self.log_dir = Path(log_dir)
        self.update_freq = 1 if update_freq == "batch" else update_freq
        self._files: dict[str, EventFile] = {}

    def _file(self, name: str) -> EventFile:
        if name not in self._files:
            self._files[name] = EventFile(self.log_dir / name)
        return self._files[name]

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        if isinstance(self.update_freq, int) and self.model.step % self.update_freq == 0:
            self._file("train").scalars(self.model.step, {f"batch_{name}": value for name, value in logs.items()})

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        parts: dict[str, dict[str, Any]] = {"train": {}, "validation": {}}
        for name, value in logs.items():
            part = "validation" if name.startswith("val_") else "train"
            parts[part][f"epoch_{name.removeprefix('val_')}"] = value
        for part, values in parts.items():
            if values:
                self._file(part).scalars(epoch, values)
                self._file(part).flush()

    def on_train_end(self, logs: Logs) -> None:
        self.on_train_abort()

    def on_train_abort(self) -> None:
        for file in self._files.values():
            file.close()
        self._files = {}
