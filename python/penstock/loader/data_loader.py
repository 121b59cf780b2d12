"""The loader itself: batches of tensors from chess games, and its place in their order as a few hundred bytes."""

from __future__ import annotations

import json
import os
import struct as packing
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from types import TracebackType
from typing import Any, TextIO

from penstock._native import call, ffi, lib, raise_last_error, struct
from penstock.base import adopt
from penstock.dtypes import as_dtype
from penstock.errors import DataError, Error, InvalidArgumentError
from penstock.loader.config import LARGEST, DataLoaderConfig
from penstock.meter import Meter

__all__ = ["DataLoader", "EndOfData"]

TENSORS = 3
POLL_MS = 100  # how long a Ctrl-C may wait
SHOW_EVERY = 0.1  # seconds
MOST_EMPTY_EPOCHS = 2
STATES_MAGIC = b"PSLOADERS1"


class EndOfData(Error, EOFError):  # noqa: N818 - as StopIteration, it is no mistake
    """All epochs have been delivered.

    >>> from penstock import loader
    >>> issubclass(loader.EndOfData, EOFError)
    True
    """


class DataLoader:
    r"""Batches of planes, policy and values from chess games, always in the same order for the same configuration.

    config is a DataLoaderConfig, or a dict that DataLoaderConfig.from_dict takes. output says what batches consist of:
    "tensor" (penstock.Tensor), "numpy" or "torch"; None leaves it to the configuration. Each shares its memory,
    which is used again for a later batch once nobody holds it.

    Iterating yields the batches to the end of the epoch; the next iteration goes on with the next epoch. Any number of
    threads may use one loader, each batch goes to one of them. As a context manager it stops at the end. With progress,
    who iterates sees on standard error how much of the epoch's chunks is read, where that is a terminal.

    >>> import pathlib, tempfile
    >>> from penstock import loader
    >>> game = pathlib.Path(tempfile.mkdtemp(), "game")
    >>> _ = game.write_bytes((b"\3" + bytes(8275)) * 5)  # five positions, version 3
    >>> with loader.DataLoader({"file_path_provider": {"sources": [game]}, "epochs": 2}) as batches:
    ...     [len(planes) for planes, policy, values in batches]
    [5]
    """

    def __init__(
        self, config: DataLoaderConfig | Mapping[str, Any], *, output: str | None = None, progress: bool = False
    ) -> None:
        made = config if isinstance(config, DataLoaderConfig) else DataLoaderConfig.from_dict(config)
        if output is not None:
            made = DataLoaderConfig.from_dict({**made.to_dict(), "output": output})
        self._config = made
        self._convert = CONVERSIONS[made.output]
        self._loaders = open_loaders(made)
        self._reports: list[threading.Event] = []
        self._progress = progress

    @property
    def config(self) -> DataLoaderConfig:
        """What the loader was made from.

        >>> from penstock import loader
        >>> loader.DataLoader({"file_path_provider": {"directory": "games"}, "seed": 7}).config.seed
        7
        """
        return self._config

    def _loader(self, alias: str | None) -> Any:
        if alias is None and len(self._loaders) == 1:
            return next(iter(self._loaders.values()))
        if alias not in self._loaders or alias is None:
            expected = ", ".join(repr(name) for name in self._loaders if name)
            raise InvalidArgumentError(
                f"the output is {alias!r}: expected {'one of ' + expected if expected else 'None'}"
            )
        return self._loaders[alias]

    def get_next(self, alias: str | None = None) -> tuple[Any, ...]:
        r"""The next batch, going on into the next epoch; EndOfData after the last one.

        alias names the output where there are several. Waits for the batch; stop() on another thread, or Ctrl-C, ends
        the wait.

        >>> import pathlib, tempfile
        >>> from penstock import loader
        >>> game = pathlib.Path(tempfile.mkdtemp(), "game")
        >>> _ = game.write_bytes((b"\3" + bytes(8275)) * 5)
        >>> planes, policy, values = loader.DataLoader({"file_path_provider": {"sources": [game]}}).get_next()
        >>> planes.shape
        (5, 112, 8, 8)
        """
        native = self._loader(alias)
        for _ in range(MOST_EMPTY_EPOCHS):
            while True:
                batch, info = self._wait(native)
                if batch is not None:
                    return batch
                if info.end_of_data:
                    raise EndOfData(f"all {self._config.epochs} epochs have been delivered")
                if json.loads(metrics_text(native))["drops"] == 0:
                    break
        raise DataError(
            f"epoch {info.epoch} gave no batch: no position was sampled, or fewer than a batch with drop_last"
        )

    def _wait(self, native: Any) -> tuple[tuple[Any, ...] | None, Any]:
        """What the C ABI gives next: a batch, or None where an epoch ended without one or all are over."""
        tensors = ffi.new("ps_tensor *[]", TENSORS)
        info = struct("ps_batch_info")
        while True:
            status = lib.ps_loader_next(tensors, info, native, POLL_MS)
            if status == lib.PS_OK:
                break
            if status != lib.PS_TIMED_OUT:
                raise_last_error(status)
        if info.tensor_count == 0:
            return None, info
        held = [adopt(int(ffi.cast("intptr_t", tensor))) for tensor in tensors]
        return tuple(self._convert(tensor) for tensor in held), info

    def iterate(self, alias: str | None = None) -> Iterator[tuple[Any, ...]]:
        r"""The batches of one output to the end of its epoch; nothing once all epochs are over.

        >>> import pathlib, tempfile
        >>> from penstock import loader
        >>> folder = pathlib.Path(tempfile.mkdtemp())
        >>> for number in range(20):
        ...     _ = (folder / str(number)).write_bytes(b"\3" + bytes(8275))
        >>> shares = {"train": 0.5, "test": 0.5}
        >>> both = loader.DataLoader({"file_path_provider": {"directory": folder}, "outputs": shares})
        >>> sum(len(values) for alias in shares for planes, policy, values in both.iterate(alias))
        20
        """
        native = self._loader(alias)
        share = shares_of(self._config)[alias or next(iter(self._loaders))]
        meter = EpochMeter(native, self._config, share) if self._progress else None
        try:
            while True:
                batch, info = self._wait(native)
                if meter is not None:
                    meter.show_epoch()
                if batch is not None:
                    yield batch
                if info.end_of_data or info.last_of_epoch:
                    return
        finally:
            if meter is not None:
                meter.clear()

    def __iter__(self) -> Iterator[tuple[Any, ...]]:
        return self.iterate()

    def start(self) -> None:
        """Starts to load, or goes on after stop(). The first batch that is asked for does so too.

        >>> from penstock import loader
        >>> batches = loader.DataLoader({"file_path_provider": {"directory": "."}})
        >>> batches.start()
        >>> batches.stop()
        """
        for native in self._loaders.values():
            call(lib.ps_loader_start, native)

    def stop(self) -> None:
        """Stops to load. A get_next() that waits on another thread ends at once, with a CancelledError.

        >>> from penstock import loader
        >>> batches = loader.DataLoader({"file_path_provider": {"directory": "."}})
        >>> batches.stop()
        >>> batches.get_next()
        Traceback (most recent call last):
        ...
        penstock.errors.CancelledError: the loader was stopped: start() makes it go on
        """
        while self._reports:
            self._reports.pop().set()
        for native in self._loaders.values():
            call(lib.ps_loader_stop, native)

    def __enter__(self) -> DataLoader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def state(self) -> bytes:
        """Where the loader stands, behind the last batch that was handed out: a few hundred bytes, without samples.

        >>> from penstock import loader
        >>> len(loader.DataLoader({"file_path_provider": {"directory": "games"}}).state()) < 1000
        True
        """
        states = {alias: state_of(native) for alias, native in self._loaders.items()}
        return join_states(states) if len(states) > 1 else next(iter(states.values()))

    def restore(self, state: bytes) -> None:
        r"""Goes on behind the batch that a state was taken after: the next batch is the one that would have come.

        The files must be the same, and the configuration but for threads, queues, epochs and bad_sample_limit; else
        DataError says what differs. What lies in the reservoir is read again.

        >>> import pathlib, tempfile
        >>> from penstock import loader
        >>> game = pathlib.Path(tempfile.mkdtemp(), "game")
        >>> _ = game.write_bytes((b"\3" + bytes(8275)) * 5)
        >>> config = {"file_path_provider": {"sources": [game]}, "tensor_generator": {"batch_size": 2}, "epochs": 1}
        >>> batches = loader.DataLoader(config)
        >>> _ = batches.get_next()
        >>> later = loader.DataLoader(config)
        >>> later.restore(batches.state())
        >>> [len(values) for planes, policy, values in later]
        [2, 1]
        """
        given = bytes(state)
        states = split_states(given) if len(self._loaders) > 1 else dict.fromkeys(self._loaders, given)
        if states.keys() != self._loaders.keys():
            raise DataError(f"the state is of outputs {sorted(states)}: expected {sorted(self._loaders)}")
        before = {alias: state_of(native) for alias, native in self._loaders.items()}
        try:
            for alias, native in self._loaders.items():
                call(lib.ps_loader_restore, native, ffi.from_buffer(states[alias]), len(states[alias]))
        except Error:
            for alias, native in self._loaders.items():
                call(lib.ps_loader_restore, native, ffi.from_buffer(before[alias]), len(before[alias]))
            raise

    def metrics(self, alias: str | None = None) -> dict[str, Any]:
        """What was done so far: samples, bytes, bad_samples, and for each stage its rate, load, wait and queue.

        >>> from penstock import loader
        >>> loader.DataLoader({"file_path_provider": {"directory": "games"}}).metrics()["samples"]
        0
        """
        chosen = next(iter(self._loaders)) if alias is None else alias
        found: dict[str, Any] = json.loads(metrics_text(self._loader(chosen or None)))
        return found

    def report_metrics(self, every: float, stream: TextIO | None = None) -> None:
        """Writes metrics() as a line of JSON every so many seconds, to standard error unless told, until stop().

        >>> from penstock import loader
        >>> batches = loader.DataLoader({"file_path_provider": {"directory": "."}})
        >>> batches.report_metrics(every=60)
        >>> batches.stop()
        """
        stopped = threading.Event()
        self._reports.append(stopped)
        target = sys.stderr if stream is None else stream

        def write() -> None:
            while not stopped.wait(every):
                for alias, native in self._loaders.items():
                    line = {"output": alias or None, **json.loads(metrics_text(native))}
                    print(json.dumps(line), file=target, flush=True)

        threading.Thread(target=write, name="loader metrics", daemon=True).start()

    def __repr__(self) -> str:
        files = self._config.file_path_provider.paths()
        generator = self._config.tensor_generator
        return (
            f"DataLoader({', '.join(files) or 'no source'}, batch_size={generator.batch_size}, "
            f"dtype={generator.dtype}, "
            f"seed={self._config.seed}, epochs={self._config.epochs})"
        )


class EpochMeter(Meter):
    """Shows how much of an epoch's chunks is read, some times a second."""

    def __init__(self, native: Any, config: DataLoaderConfig, share: tuple[float, float]) -> None:
        super().__init__(sys.stderr)
        self.native = native
        self.config = config
        self.share = share[1] - share[0]
        self.next_time = 0.0

    def show_epoch(self) -> None:
        """Looks at the time first: metrics cost more than that."""
        now = time.monotonic()
        if self.stream is not None and now >= self.next_time:
            self.next_time = now + SHOW_EVERY
            metrics = json.loads(metrics_text(self.native))
            watched = self.config.file_path_provider.watch
            chunks = min(metrics["chunks"], self.config.shuffling_chunk_pool.chunk_pool_size if watched else LARGEST)
            total = max(round(chunks * self.share), 1)
            self.show(min(metrics["epoch_chunks"], total), total)


def to_numpy(tensor: Any) -> Any:
    """The same memory as a NumPy array."""
    return tensor.numpy()


def to_torch(tensor: Any) -> Any:
    """The same memory as a torch tensor."""
    return tensor.to_torch()


CONVERSIONS = {"tensor": lambda tensor: tensor, "numpy": to_numpy, "torch": to_torch}


def shares_of(config: DataLoaderConfig) -> dict[str, tuple[float, float]]:
    """Which part of the chunks each output has; a single output has no name."""
    if config.outputs is None:
        return {"": (0.0, 1.0)}
    shares: dict[str, tuple[float, float]] = {}
    begin = 0.0
    for alias, share in config.outputs.items():
        end = min(begin + share, 1.0)
        shares[alias] = (begin, 1.0 if end > 1 - 1e-9 else end)
        begin = end
    return shares


def options_of(config: DataLoaderConfig, share: tuple[float, float]) -> dict[str, Any]:
    """The fields of ps_loader_options."""
    pool, unpacker, sampler = config.shuffling_chunk_pool, config.chunk_unpacker, config.shuffling_frame_sampler
    generator, provider, source = config.tensor_generator, config.file_path_provider, config.chunk_source_loader
    fields: dict[str, Any] = {
        "watch": int(provider.watch),
        "seed": config.seed,
        "epochs": config.epochs or 0,
        "path_queue_capacity": provider.queue_capacity,
        "source_queue_capacity": source.queue_capacity,
        "chunk_pool_size": pool.chunk_pool_size,
        "pool_queue_capacity": pool.queue_capacity,
        "source_threads": source.threads,
        "indexing_threads": pool.indexing_threads,
        "loading_threads": pool.chunk_loading_threads,
        "unpacking_threads": unpacker.threads,
        "hanse_threshold": pool.hanse_sampling_threshold or 0,
        "hanse_gamma": pool.hanse_sampling_gamma,
        "unpacking_queue_capacity": unpacker.queue_capacity,
        "position_rate": unpacker.position_sampling_rate,
        "position_count": unpacker.position_count or 0,
        "diff_focus": int(unpacker.diff_focus_min is not None),
        "drop_last": int(generator.drop_last),
        "reservoir_size": sampler.reservoir_size,
        "sampling_queue_capacity": sampler.queue_capacity,
        "batch_size": generator.batch_size,
        "batch_queue_capacity": generator.queue_capacity,
        "tensor_threads": generator.threads,
        "dtype": as_dtype(generator.dtype).number,
        "overflow": ("block", "drop_new", "keep_newest").index(generator.overflow),
        "skip_bad": int(config.on_bad_sample == "skip" and config.bad_sample_limit != 0),
        "bad_limit": config.bad_sample_limit or 0,
        "share_begin": share[0],
        "share_end": share[1],
        "recursive": int(provider.recursive),
        "save_index": int(source.save_index),
    }
    if unpacker.diff_focus_min is not None:
        for name in ("min", "slope", "q_weight", "policy_scale"):
            fields[f"diff_focus_{name}"] = getattr(unpacker, f"diff_focus_{name}")
    return fields


def open_loaders(config: DataLoaderConfig) -> dict[str, Any]:
    """A loader of the C ABI for each output."""
    paths = [ffi.new("char[]", os.fsencode(path)) for path in config.file_path_provider.paths()]
    if not paths:
        raise InvalidArgumentError("FilePathProviderConfig has neither directory nor sources: there is nothing to read")
    sources = ffi.new("char *[]", paths)
    anchor = config.file_path_provider.anchor
    loaders = {}
    for alias, share in shares_of(config).items():
        options = struct("ps_loader_options", **options_of(config, share))
        anchor_bytes = ffi.NULL if anchor is None else ffi.new("char[]", os.fsencode(anchor))
        options.anchor = anchor_bytes
        out = ffi.new("ps_loader **")
        call(lib.ps_loader_open, out, len(paths), sources, options)
        loaders[alias] = ffi.gc(out[0], lib.ps_loader_release)
    return loaders


def state_of(native: Any) -> bytes:
    """One loader's state."""
    size = ffi.new("uint64_t *", 4096)
    while True:
        capacity = size[0]
        room = ffi.new("char[]", capacity)
        call(lib.ps_loader_state, size, room, capacity, native)
        if size[0] <= capacity:
            return bytes(ffi.buffer(room, size[0]))


def metrics_text(native: Any) -> str:
    """One loader's metrics, as JSON."""
    length = ffi.new("uint64_t *", 16384)
    while True:
        capacity = length[0] + 1
        room = ffi.new("char[]", capacity)
        call(lib.ps_loader_metrics, length, room, capacity, native)
        if length[0] < capacity:
            return bytes(ffi.buffer(room, length[0])).decode(errors="replace")


def join_states(states: Mapping[str, bytes]) -> bytes:
    """The states of several outputs as one: a magic, then for each its name and its bytes, each behind its length."""
    joined = STATES_MAGIC
    for alias, state in states.items():
        name = alias.encode()
        joined += packing.pack("<QQ", len(name), len(state)) + name + state
    return joined


def split_states(joined: bytes) -> dict[str, bytes]:
    """What join_states() was given."""
    if not joined.startswith(STATES_MAGIC):
        raise DataError("the state is not one of a loader with several outputs")
    states: dict[str, bytes] = {}
    at = len(STATES_MAGIC)
    while at < len(joined):
        if len(joined) - at < 16:
            raise DataError("the state is cut short")
        name_size, state_size = packing.unpack_from("<QQ", joined, at)
        at += 16
        if name_size + state_size > len(joined) - at:
            raise DataError("the state is cut short")
        states[joined[at : at + name_size].decode(errors="replace")] = joined[
            at + name_size : at + name_size + state_size
        ]
        at += name_size + state_size
    return states
