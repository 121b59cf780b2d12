"""Transforms that are Python functions: run where batches are taken, or in a pool of processes."""

from __future__ import annotations

import concurrent.futures
import math
import multiprocessing
import os
import pickle
import signal
import threading
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any

from penstock.errors import CancelledError, Error, InvalidArgumentError, TimedOutError, TypeMismatchError
from penstock.interop import import_optional
from penstock.loader.batches import RaggedBytes

LOOK_EVERY = 1.0  # seconds: how long a process outlives its parent
POLL = 0.1  # seconds: how long stop() and Ctrl-C may wait

__all__ = ["Failure", "PerBatch", "TransformError", "TransformPool", "per_batch", "run_steps"]


class TransformError(Error, RuntimeError):
    """A Python transform raised: the message has its name, the sample's address and what was raised, also the cause.

    >>> from penstock import loader
    >>> issubclass(loader.TransformError, RuntimeError)
    True
    """


@dataclass(frozen=True)
class PerBatch:
    """A function that takes a whole batch."""

    function: Callable[[dict[str, Any]], Mapping[str, Any]]


def per_batch(function: Callable[[dict[str, Any]], Mapping[str, Any]]) -> PerBatch:
    """Marks a function among a loader's transforms as one of whole batches rather than of single samples.

    It gets a dict of fields to NumPy arrays, the first axis the batch's, or to sequences of bytes; it returns one.

    >>> import numpy, pathlib, tempfile
    >>> from penstock import loader
    >>> numpy.save(pathlib.Path(folder := tempfile.mkdtemp(), "rows.npy"), numpy.ones((4, 3), numpy.float32))
    >>> def doubled(batch):
    ...     return {name: rows * 2 for name, rows in batch.items()}
    >>> options = loader.LoaderOptions().with_batch_size(4)
    >>> with loader.open(folder, options, format="npy", transforms=[loader.per_batch(doubled)]) as batches:
    ...     [rows.tolist()[0] for (rows,) in map(dict.values, batches)]
    [[2.0, 2.0, 2.0]]
    """
    return PerBatch(function)


@dataclass(frozen=True)
class Failure:
    """What a transform raised: which one, at which sample of the batch (None: at the batch as a whole), and what."""

    transform: str
    place: int | None
    raised: str
    trace: str
    error: BaseException | None  # None where it comes from another process


class OtherProcess(Exception):  # noqa: N818 - it is shown as the cause of a TransformError
    """The traceback of what was raised in another process."""

    def __str__(self) -> str:
        return f"\n\n{self.args[0]}"


def run_steps(steps: Sequence[Any], fields: dict[str, Any]) -> dict[str, Any] | Failure:
    """A batch through the transforms, one after the other."""
    for step in steps:
        place = None
        function = step.function if isinstance(step, PerBatch) else step
        try:
            if isinstance(step, PerBatch):
                fields = as_fields(step.function(fields))
                continue
            rows = []
            for place in range(size_of(fields)):
                rows.append(as_fields(step({name: values[place] for name, values in fields.items()})))
            place = None
            fields = stacked(rows)
        except Exception as error:
            function = getattr(function, "func", function)  # of a functools.partial
            name = getattr(function, "__qualname__", repr(function))
            return Failure(name, place, f"{type(error).__name__}: {error}", traceback.format_exc(), error)
    return fields


def size_of(fields: Mapping[str, Any]) -> int:
    """The samples in a batch."""
    return min((len(values) for values in fields.values()), default=0)


def as_fields(returned: Any) -> dict[str, Any]:
    """What a transform returned, if it is a dict of fields."""
    if not isinstance(returned, Mapping):
        raise TypeMismatchError(f"it returned {type(returned).__name__}: expected a dict of fields")
    return dict(returned)


def stacked(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The fields of samples as those of a batch: numbers and arrays become arrays, anything else lists."""
    numpy = import_optional("numpy", "numpy")
    if not rows:
        return {}
    fields: dict[str, Any] = {}
    for place, row in enumerate(rows):
        if row.keys() != rows[0].keys():
            raise InvalidArgumentError(
                f"it returned the fields {sorted(row)} at sample {place} of the batch, and {sorted(rows[0])} before"
            )
    for name, first in rows[0].items():
        items = [row[name] for row in rows]
        if not isinstance(first, (bool, int, float, numpy.ndarray, numpy.generic)):
            fields[name] = items
            continue
        shapes = [numpy.shape(item) for item in items]
        other = next((place for place, shape in enumerate(shapes) if shape != shapes[0]), None)
        if other is not None:
            raise InvalidArgumentError(
                f"it returned {name} of shape {shapes[other]} at sample {other} of the batch, and of {shapes[0]} before"
            )
        fields[name] = numpy.stack(items)
    return fields


# What a fork copied without its threads: it must not be collected, for that would wait for one of them.
OF_PARENTS: list[Any] = []
WORK: list[Any] = []  # of a process of the pool: its transforms


def begin_work(packed: bytes) -> None:
    """What a process does first."""
    begin_forked(pickle.loads(packed))


def begin_forked(steps: Sequence[Any]) -> None:
    """The same where the process is a copy, and transforms need no pickling.  Ctrl-C is the parent's to answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    threading.Thread(target=end_with, args=(os.getppid(),), daemon=True).start()
    WORK[:] = steps


def end_with(parent: int) -> None:
    """Ends the process once its parent has ended, however that was."""
    while os.getppid() == parent:
        time.sleep(LOOK_EVERY)
    os._exit(1)


def work(fields: dict[str, Any]) -> dict[str, Any] | Failure:
    """A batch through the transforms, in a process of the pool."""
    done = run_steps(WORK, dict(fields))
    if isinstance(done, Failure):
        return Failure(done.transform, done.place, done.raised, done.trace, None)
    return {name: list(values) if isinstance(values, RaggedBytes) else values for name, values in done.items()}


class TransformPool:
    """Processes that run the transforms.  Batches travel both ways by pickling; who asks first is answered first."""

    def __init__(self, steps: Sequence[Any], processes: int, context: str) -> None:
        self.processes = processes
        self._owner = 0
        self._executor: concurrent.futures.ProcessPoolExecutor | None = None
        self._context = context
        self._steps = list(steps)
        self._packed = b"" if context == "fork" else packed(steps, context)

    def is_another_processes(self) -> bool:
        """Whether what runs was started before a fork, and answers the parent alone."""
        return self._executor is not None and self._owner != os.getpid()

    def submit(self, fields: dict[str, Any]) -> concurrent.futures.Future[Any]:
        """A batch to be worked on; the first one starts the processes."""
        if self._executor is None:
            if multiprocessing.current_process().daemon:
                raise InvalidArgumentError(
                    "with_transform_processes() starts processes, which a worker of torch's DataLoader may not: leave "
                    "it out, and the functions run in that worker"
                )
            begin: Any = begin_forked if self._context == "fork" else begin_work
            steps = self._steps if self._context == "fork" else self._packed
            context = multiprocessing.get_context(self._context)
            self._executor = concurrent.futures.ProcessPoolExecutor(self.processes, context, begin, (steps,))
            self._owner = os.getpid()
        try:
            return self._executor.submit(work, fields)
        except BrokenProcessPool as error:
            raise self._ended(error) from None

    def result(
        self, future: concurrent.futures.Future[Any], timeout: float, stopped: threading.Event
    ) -> dict[str, Any] | Failure:
        """What became of a batch; waits for it, at most timeout seconds (0: without end), or until it is to stop."""
        deadline = time.monotonic() + (timeout or math.inf)
        while not future.done():
            left = deadline - time.monotonic()
            if stopped.is_set():
                raise CancelledError("the loader was stopped: start() makes it go on")
            if left <= 0:
                raise TimedOutError(f"no batch within {timeout:g} s: the transforms in processes are behind")
            concurrent.futures.wait([future], min(left, POLL))
        try:
            done: dict[str, Any] | Failure = future.result()
        except (BrokenProcessPool, concurrent.futures.CancelledError) as error:
            raise self._ended(error) from None
        return done

    def _ended(self, error: BaseException) -> TransformError:
        self.close()
        return TransformError(
            f"a process that runs the transforms has ended: it was killed, ran out of memory, or could not start "
            f"({error}); the next batch that is asked for starts new ones"
        )

    def close(self) -> None:
        """Ends the processes."""
        if self.is_another_processes():
            OF_PARENTS.append(self._executor)
        elif self._executor is not None:
            processes = list((self._executor._processes or {}).values())
            for process in processes:
                process.terminate()  # it may be at a function that takes long
            self._executor.shutdown(wait=False, cancel_futures=True)
        self._executor = None


def packed(steps: Sequence[Any], context: str) -> bytes:
    """The transforms as a new interpreter can take them."""
    for step in steps:
        function = step.function if isinstance(step, PerBatch) else step
        try:
            pickle.dumps(function)
        except Exception as error:
            raise InvalidArgumentError(
                f"the transform {function!r} cannot be sent to a process that use_{context}() starts ({error}): define "
                f"it at the top of a module, or use_fork()"
            ) from None
    return pickle.dumps(list(steps))
