"""Samples of any kind as batches: loader.open() and what it returns."""

from __future__ import annotations

import functools
import os
import sys
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal

from penstock import image
from penstock.errors import DataError, Error, InvalidArgumentError, NotFoundError, TypeMismatchError
from penstock.files import Progress
from penstock.loader.batches import (
    CONVERSIONS,
    converted,
    fields_of_batch,
    from_numpy_fields,
    samples_of_batch,
)
from penstock.loader.data_loader import EndOfData
from penstock.loader.knobs import KNOBS, integer
from penstock.loader.native_samples import NativeBatch, NativeSamples
from penstock.loader.options import LoaderOptions
from penstock.loader.plain_transforms import is_native
from penstock.loader.python_transforms import Failure, OtherProcess, PerBatch, TransformError, TransformPool, run_steps
from penstock.loader.source import Field, Source, made_source
from penstock.meter import Meter

__all__ = ["SampleLoader", "open"]

MOST_EMPTY_EPOCHS = 2
BATCHES_A_PROCESS = 2  # that are with a pool of processes at once

Path = str | os.PathLike[str]
Output = Literal["tensor", "numpy", "torch"]
Format = Literal["auto", "webdataset", "images", "tfrecord", "npz", "npy", "records", "files"]


def open(  # noqa: A001, PLR0913 - it reads loader.open(), and most of what it takes has a default
    sources: Path | Sequence[Path],
    options: LoaderOptions | Mapping[str, Any] | None = None,
    *,
    format: Format = "auto",  # noqa: A002
    fields: Sequence[str | Field] | Mapping[str, Any] | None = None,
    transforms: Sequence[Any] | None = None,
    output: Output = "tensor",
    decode: bool | Literal["rgb", "grey", "stored"] = True,
    apply_orientation: bool = False,
    scaled_decode: bool = False,
    recursive: bool = True,
    save_index: bool = False,
    progress: Progress | bool = False,
) -> SampleLoader:
    """Opens samples as batches, in an order that the options decide, decoded on native threads.

    sources: paths of files and folders, patterns of the shell, names with braces as "train-{000000..000146}.tar".
    format: what they are; "auto" goes by their names and first bytes. options: LoaderOptions, or a dict of their knobs.

    fields: None: batches are dicts of all fields; a list of names (or of Field): tuples of these, in this order, as
    WebDataset's to_tuple() gives; a dict of names to a dtype, (dtype, shape) or None: dicts of these.

    transforms, unless options has them: those of penstock.image, for images, then functions, and OneHot for the field
    "cls". A function gets a sample as a dict of fields to NumPy arrays, numbers or bytes, and returns one; per_batch()
    marks those of whole batches.

    output: what fields of numbers become; each shares the loader's memory, which is used again once nobody holds it.
    Fields of bytes become RaggedBytes. decode: images become "rgb" (True), "grey" or what is "stored"; False: they stay
    bytes. apply_orientation: as EXIF's says. scaled_decode: JPEGs are decoded smaller where they are then shrunk.
    recursive: folders with all below them. save_index: where samples lie is kept beside each shard.
    progress: True shows the indexing on a terminal; a function is called with (done, total) shards; True cancels.

    >>> import numpy, pathlib, tempfile
    >>> from penstock import loader
    >>> path = pathlib.Path(tempfile.mkdtemp(), "train.npz")
    >>> numpy.savez(path, x=numpy.zeros((10, 3), numpy.float32), y=numpy.arange(10))
    >>> options = loader.LoaderOptions().with_batch_size(4).shuffle(True, seed=42)
    >>> with loader.open(path, options, fields=["x", "y"]) as batches:
    ...     for x, y in batches:
    ...         print(x.shape, y.shape)
    (4, 3) (4,)
    (4, 3) (4,)
    (2, 3) (2,)
    """
    source = made_source(
        sources,
        format,
        fields,
        decode,
        apply_orientation=apply_orientation,
        scaled_decode=scaled_decode,
        recursive=recursive,
        save_index=save_index,
    )
    if output not in CONVERSIONS:
        raise InvalidArgumentError(f"output is {output!r}: expected one of {', '.join(CONVERSIONS)}")
    return SampleLoader(source, as_options(options), transforms, output, progress)


@dataclass(frozen=True)
class Delivery:
    """A batch that is with the pool: the promise of its fields, its samples, the native loader's state behind it."""

    native: NativeBatch | None = None
    fields: Future[Any] | None = None
    samples: Sequence[int] = ()
    state: bytes = b""
    error: Error | None = None  # what the native loader raised instead


class SampleLoader:
    """Batches of samples, always in the same order for the same options; loader.open() makes it.

    Iterating yields the batches to the end of the epoch, and the next iteration goes on with the next epoch; len() is
    the batches of one. Any number of threads may use one loader, each batch goes to one of them, unless transforms
    run in processes. As a context manager it stops at the end. It is not copied by fork(): each process goes on alone.

    >>> import numpy, pathlib, tempfile
    >>> from penstock import loader
    >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
    >>> batches = loader.open(folder, {"batch_size": 4}, format="npy", output="numpy", fields=["rows"])
    >>> len(batches), [rows.tolist() for rows, in batches]
    (2, [[0, 1, 2, 3], [4, 5]])
    """

    def __init__(
        self,
        source: Source,
        options: LoaderOptions,
        transforms: Sequence[Any] | None,
        output: str,
        progress: Progress | bool,
    ) -> None:
        native_steps, steps = divided(chosen_transforms(options, transforms))
        self._source, self._options, self._output, self._steps = source, options, output, steps
        self._coming: deque[Delivery] = deque()
        self._lock = threading.Lock()  # of what is with the pool
        self._stopped = threading.Event()
        self._pool = None
        if steps and options["transform_processes"]:
            context = options["multiprocessing_context"] or "spawn"
            self._pool = TransformPool(steps, options["transform_processes"], context)
        meter = Meter(sys.stderr) if progress is True else None
        report = meter.show if meter is not None else (progress if callable(progress) else None)
        self._native = NativeSamples(source, options, native_steps, report)
        if meter is not None:
            meter.clear()
        self._delivered = self._native.state()  # behind the last batch, where the native loader may be ahead of it

    @property
    def options(self) -> LoaderOptions:
        """What the loader was opened with.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> loader.open(folder, {"batch_size": 4}).options
        LoaderOptions(batch_size=4)
        """
        return self._options

    @property
    def num_samples(self) -> int:
        """The samples of this loader's share of an epoch, without those that drop_last drops.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> loader.open(folder, loader.LoaderOptions().with_batch_size(4).drop_last()).num_samples
        4
        """
        return self._native.count()[0]

    @property
    def class_names(self) -> list[str]:
        """Of folders of images, the names of the classes: their places are the numbers in the field "cls".

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> loader.open(folder).class_names
        []
        """
        return self._native.class_names()

    def address(self, sample: int) -> str:
        """Where a sample of the set lies, by its number: file, member, offset, as messages name it.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> "rows.npy" in loader.open(folder).address(5)
        True
        """
        return self._native.address(integer(0)(sample, "sample"))

    def __len__(self) -> int:
        return self._native.count()[1]

    def get_next(self) -> Any:
        """The next batch, going on into the next epoch; EndOfData after the last one.

        Waits for the batch, at most with_timeout()'s seconds; stop() on another thread, or Ctrl-C, ends the wait.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> loader.open(folder, {"batch_size": 4}, output="numpy").get_next()
        {'data': array([0, 1, 2, 3])}
        """
        for _ in range(MOST_EMPTY_EPOCHS):
            native, batch = self._take()
            if native.batch is not None:
                return batch
            if native.end_of_data:
                raise EndOfData(f"all {self._options['epochs']} epochs have been delivered")
        raise DataError(
            f"epoch {native.epoch} gave no batch: fewer samples than a batch with drop_last, or all are bad"
        )

    def __iter__(self) -> Iterator[Any]:
        while True:
            native, batch = self._take()
            if native.batch is not None:
                yield batch
            if native.end_of_data or native.last_of_epoch:
                return

    def _take(self) -> tuple[NativeBatch, Any]:
        """What comes next.  After a failure of a transform the loader stands where it stood before."""
        if self._pool is not None:
            with self._lock:
                return self._take_from(self._pool)
        native = self._native.next()
        if native.batch is None:
            return native, None
        fields = fields_of_batch(native.batch)
        if not self._steps:
            return native, self._as_asked(converted(fields, self._output))
        done = run_steps(self._steps, converted(fields, "numpy"))
        if isinstance(done, Failure):
            self._native.restore(self._delivered)
            raise self._failed(done, samples_of_batch(native.batch))
        self._delivered = self._native.state()
        return native, self._as_asked(from_numpy_fields(done, self._output))

    def _take_from(self, pool: TransformPool) -> tuple[NativeBatch, Any]:
        """The same where processes run the transforms: keeps them busy, and waits for the oldest batch."""
        if pool.is_another_processes():
            pool.close()
            self._go_back()
        try:
            while len(self._coming) < pool.processes * BATCHES_A_PROCESS and self._goes_on():
                self._coming.append(self._delivery(pool))
            first = self._coming[0]
            if first.error is not None:
                self._coming.popleft()
                raise first.error
            waited = self._options["timeout"], self._stopped
            done = None if first.fields is None else pool.result(first.fields, *waited)
            if isinstance(done, Failure):
                raise self._failed(done, first.samples)
        except TransformError:
            self._go_back()
            raise
        self._coming.popleft()
        self._delivered = first.state
        assert first.native is not None  # only where there is an error
        return first.native, None if done is None else self._as_asked(from_numpy_fields(done, self._output))

    def _goes_on(self) -> bool:
        last = self._coming[-1] if self._coming else None
        return last is None or (last.native is not None and not last.native.end_of_data)

    def _delivery(self, pool: TransformPool) -> Delivery:
        try:
            native = self._native.next()
        except Error as error:
            return Delivery(error=error)
        if native.batch is None:
            return Delivery(native, state=self._native.state())
        future = pool.submit(converted(fields_of_batch(native.batch), "numpy"))
        return Delivery(native, future, samples_of_batch(native.batch), self._native.state())

    def _go_back(self) -> None:
        """Drops what is with the pool: the native loader goes on behind the last batch that was handed out."""
        self._coming.clear()
        self._native.restore(self._delivered)

    def _failed(self, failure: Failure, samples: Sequence[int]) -> TransformError:
        place = 0 if failure.place is None else failure.place
        where = self._native.address(samples[place]) if place < len(samples) else "a batch"
        what = "" if failure.place is not None else f"the batch of {len(samples)} samples that begins with "
        error = TransformError(f"{what}{where}: the transform {failure.transform} raised {failure.raised}")
        error.__cause__ = failure.error or OtherProcess(failure.trace)
        return error

    def _as_asked(self, fields: dict[str, Any]) -> Any:
        if not self._source.as_tuple:
            return fields
        names = [field.name for field in self._source.fields]
        missing = next((name for name in names if name not in fields), None)
        if missing is not None:
            raise InvalidArgumentError(f"the transforms gave no field {missing!r}: they gave {sorted(fields)}")
        return tuple(fields[name] for name in names)

    def start(self) -> None:
        """Starts to load, or goes on after stop().  The first batch that is asked for starts it too.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> batches = loader.open(folder)
        >>> batches.start()
        >>> batches.metrics()["running"]
        True
        """
        self._stopped.clear()
        self._native.start()

    def stop(self) -> None:
        """Stops to load, and ends processes of transforms.  A get_next() that waits on another thread is cancelled.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> batches = loader.open(folder)
        >>> batches.stop()
        >>> batches.get_next()
        Traceback (most recent call last):
        ...
        penstock.errors.CancelledError: the loader was stopped: start() makes it go on
        """
        self._stopped.set()
        self._native.stop()
        if self._pool is not None:
            with self._lock:  # who waited has been told
                self._coming.clear()
                self._pool.close()
                self._native.restore(self._delivered)
            self._native.stop()

    def __enter__(self) -> SampleLoader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def set_epoch(self, epoch: int) -> None:
        """Goes on with the first batch of an epoch, counted from 0, wherever it stands.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> batches = loader.open(folder, {"batch_size": 4}, output="numpy")
        >>> _ = batches.get_next()
        >>> batches.set_epoch(0)
        >>> batches.get_next()
        {'data': array([0, 1, 2, 3])}
        """
        with self._lock:
            self._coming.clear()
            self._native.seek(integer(0)(epoch, "epoch"), 0)
            self._delivered = self._native.state()
            self._stopped.clear()

    def state(self) -> bytes:
        """Where the loader stands, behind the last batch that was handed out: a few hundred bytes, without samples.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> len(loader.open(folder).state()) < 1000
        True
        """
        return self._native.state() if self._pool is None else self._delivered

    def restore(self, state: bytes) -> None:
        """Goes on behind the batch that a state was taken after: the next batch is the one that would have come.

        The samples must be the same, and the options but for those of workers, reading, memory, devices, epochs; else
        DataError says what differs.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> batches = loader.open(folder, {"batch_size": 4}, output="numpy")
        >>> _ = batches.get_next()
        >>> later = loader.open(folder, {"batch_size": 4}, output="numpy")
        >>> later.restore(batches.state())
        >>> later.get_next()
        {'data': array([4, 5])}
        """
        with self._lock:
            self._native.restore(bytes(state))
            self._coming.clear()
            self._delivered = self._native.state()
            self._stopped.clear()

    def state_dict(self) -> dict[str, Any]:
        """state() as a dict, which torch.save() and checkpoints of torchdata take.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> list(loader.open(folder).state_dict())
        ['state']
        """
        return {"state": self.state()}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """restore() of what state_dict() gave.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> batches = loader.open(folder)
        >>> batches.load_state_dict(batches.state_dict())
        """
        if not isinstance(state, Mapping) or not isinstance(state.get("state"), bytes):
            raise DataError(f"{state!r} is no state of a loader of samples: expected what state_dict() gives")
        self.restore(state["state"])

    def metrics(self) -> dict[str, Any]:
        """What was done so far: samples, bytes, bad_samples, stages; workers, prefetch and what auto_tune chose.

        inactive has the knobs that were set and do nothing here, with the reasons.

        >>> import numpy, pathlib, tempfile
        >>> from penstock import loader
        >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.arange(6))
        >>> loader.open(folder).metrics()["samples"]
        0
        """
        return {**self._native.metrics(), "inactive": self._options.inactive()}

    def __repr__(self) -> str:
        return f"SampleLoader({', '.join(self._source.paths)}, format={self._source.format}, {self._options!r})"


def as_options(options: LoaderOptions | Mapping[str, Any] | None) -> LoaderOptions:
    """What loader.open() was given as options."""
    if options is None:
        return LoaderOptions()
    if isinstance(options, LoaderOptions):
        return options
    if isinstance(options, Mapping):
        return LoaderOptions.from_dict(options)
    raise TypeMismatchError(f"options is {options!r}: expected LoaderOptions, or a dict of knobs")


def chosen_transforms(options: LoaderOptions, transforms: Sequence[Any] | None) -> tuple[Any, ...]:
    """The transforms that run: those of the options, or those that loader.open() was given."""
    enabled = options["enable_transforms"]
    if isinstance(enabled, tuple):
        if transforms is not None:
            raise InvalidArgumentError("transforms are given twice: to enable_transforms() and to loader.open()")
        return enabled
    if transforms is None or not enabled:
        return ()
    checked = KNOBS["enable_transforms"].check(transforms, "transforms")
    if isinstance(checked, bool):
        raise TypeMismatchError(f"transforms is {transforms!r}: expected a list of transforms")
    return tuple(checked)


def with_one_hot_labels(transform: image.OneHot, fields: dict[str, Any]) -> dict[str, Any]:
    """A batch whose labels are rows."""
    if "cls" not in fields:
        raise NotFoundError(f"{transform!r} is for the field 'cls': the batch has {', '.join(sorted(fields))}")
    return {**fields, "cls": transform(fields["cls"]).numpy()}


def divided(transforms: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Transforms of the native workers, and those of Python behind them."""
    steps: list[Any] = []
    native: list[Any] = []
    for place, transform in enumerate(transforms):
        if is_native(transform):
            if steps:
                raise InvalidArgumentError(
                    f"transforms[{place}] is {transform!r} behind a function: the native workers run all of "
                    f"penstock.image's before any function; penstock.image.apply() runs one in a function"
                )
            native.append(transform)
        elif isinstance(transform, image.OneHot):
            steps.append(PerBatch(functools.partial(with_one_hot_labels, transform)))
        elif callable(transform) or isinstance(transform, PerBatch):
            steps.append(transform)
        else:
            raise TypeMismatchError(
                f"transforms[{place}] is {transform!r}: expected a transform of penstock.image or a function"
            )
    return native, steps
