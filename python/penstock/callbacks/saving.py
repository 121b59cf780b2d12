"""Callbacks that write files: checkpoints, and figures as a table."""

from __future__ import annotations

import csv
import os
from pathlib import Path
from typing import IO, Any

from penstock.callbacks.callback import Callback, Logs
from penstock.callbacks.watching import Watch
from penstock.errors import InvalidArgumentError, TypeMismatchError

__all__ = ["CSVLogger", "ModelCheckpoint"]


class ModelCheckpoint(Callback):
    """Saves the model, its training and where the run is, behind each epoch or each so many batches.

    path may have fields: {epoch}, counted from 1, {batch}, and the figures by name, as
    "epoch{epoch:02}-{val_loss:.3f}.safetensors". With save_best_only a file is written where the figure monitor has
    become better; mode is as EarlyStopping's. every is "epoch" or a number of batches. A run that was killed goes on
    with Model.fit(..., resume=path), and ends as one that was not.

    >>> import pathlib, tempfile
    >>> import penstock as ps
    >>> path = pathlib.Path(tempfile.mkdtemp(), "epoch{epoch}.safetensors")
    >>> model = ps.Model([ps.layers.Dense(1, 1)])
    >>> model.compile("sgd", "mse")
    >>> save = ps.callbacks.ModelCheckpoint(path)
    >>> _ = model.fit([[1.0]], [[2.0]], epochs=2, callbacks=[save], verbose=0)
    >>> sorted(each.name for each in path.parent.iterdir())
    ['epoch1.safetensors', 'epoch2.safetensors']
    """

    _is_last = True

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        monitor: str = "val_loss",
        save_best_only: bool = False,
        mode: str = "auto",
        every: str | int = "epoch",
    ) -> None:
        self.path = os.fspath(path)
        if not self.path.endswith(".safetensors"):
            raise InvalidArgumentError(
                f"ModelCheckpoint: path is {self.path!r}: expected one that ends in .safetensors"
            )
        if every != "epoch" and (not isinstance(every, int) or every < 1):
            raise InvalidArgumentError(f'ModelCheckpoint: every is {every!r}: expected "epoch" or a number of batches')
        if save_best_only and every != "epoch":
            raise InvalidArgumentError("ModelCheckpoint: save_best_only looks behind epochs: every must be 'epoch'")
        self.monitor, self.save_best_only, self.every = monitor, save_best_only, every
        self._watch = Watch("ModelCheckpoint", monitor, mode)
        self._since = 0

    def on_batch_end(self, batch: int, logs: Logs) -> None:
        if self.every == "epoch":
            return
        self._since += 1
        if self._since >= int(self.every):
            self._since = 0
            self._save(self.model._run.epoch if self.model._run is not None else 0, batch + 1, logs)

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        if self.every != "epoch":
            return
        if self.save_best_only:
            value = self._watch.value(logs)
            if value is None or not self._watch.is_better(value):
                return
            self._watch.best = value
        self._save(epoch, 0, logs)

    def _save(self, epoch: int, batch: int, logs: Logs) -> None:
        try:
            path = self.path.format(**{"epoch": epoch + 1, "batch": batch} | dict(logs))
        except (KeyError, ValueError, IndexError) as error:
            known = ", ".join(["epoch", "batch", *logs])
            raise InvalidArgumentError(
                f"ModelCheckpoint: path is {self.path!r}: its fields are {known}: {error}"
            ) from None
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        self.model._save_checkpoint(path)

    def state(self) -> dict[str, Any]:
        return self._watch.state() | {"since": self._since}

    def restore(self, state: dict[str, Any]) -> None:
        self._watch.restore(state)
        self._since = int(state["since"])


class CSVLogger(Callback):
    """Writes the figures of each epoch as a line of a table; append goes on with a file that is there.

    >>> import pathlib, tempfile
    >>> import penstock as ps
    >>> path = pathlib.Path(tempfile.mkdtemp(), "log.csv")
    >>> model = ps.Model([ps.layers.Dense(1, 1)])
    >>> model.compile("sgd", "mse")
    >>> _ = model.fit([[1.0]], [[2.0]], epochs=2, callbacks=[ps.callbacks.CSVLogger(path)], verbose=0)
    >>> [line.split(",")[0] for line in path.read_text().splitlines()]
    ['epoch', '0', '1']
    """

    def __init__(self, path: str | os.PathLike[str], *, separator: str = ",", append: bool = False) -> None:
        if len(separator) != 1:
            raise TypeMismatchError(f"CSVLogger: separator is {separator!r}: expected one character")
        self.path, self.separator, self.append = Path(path), separator, append
        self._kept: int | None = None  # bytes of the file that belong to what a checkpoint has
        self._file: IO[str] | None = None
        self._columns: list[str] = []

    def on_train_begin(self, logs: Logs) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self._kept is not None and self.path.exists():
            with self.path.open("r+b") as file:
                file.truncate(self._kept)
        goes_on = (self.append or self._kept is not None) and self.path.exists() and self.path.stat().st_size > 0
        if goes_on:
            with self.path.open(newline="") as file_there:
                self._columns = next(csv.reader(file_there, delimiter=self.separator), [])[1:]
        else:
            self._columns = []
        self._kept = None
        self._file = self.path.open("a" if goes_on else "w", newline="")

    def on_epoch_end(self, epoch: int, logs: Logs) -> None:
        assert self._file is not None
        writer = csv.writer(self._file, delimiter=self.separator, lineterminator="\n")
        if not self._columns:
            self._columns = list(logs)
            writer.writerow(["epoch", *self._columns])
        writer.writerow([epoch, *(logs.get(name, "") for name in self._columns)])
        self._file.flush()

    def on_train_end(self, logs: Logs) -> None:
        self.on_train_abort()

    def on_train_abort(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def state(self) -> dict[str, Any]:
        return {"size": self.path.stat().st_size if self.path.exists() else 0}

    def restore(self, state: dict[str, Any]) -> None:
        self._kept = int(state["size"])
