"""A loader of samples as the C ABI has it: opened from options, asked for batches, states and metrics."""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from penstock import image
from penstock._native import call, ffi, lib, raise_last_error, struct, text
from penstock.devices import Device
from penstock.dtypes import as_dtype
from penstock.files import Progress, WithProgress
from penstock.loader.options import LoaderOptions
from penstock.loader.source import COLOURS, FORMATS, Source

__all__ = ["NativeBatch", "NativeSamples"]

POLL_MS = 100  # how long a Ctrl-C may wait
PAGE_CACHE_MODES = ("auto", "normal", "sequential", "random", "dont_need", "direct")
LOADING_MODES = ("prefetch", "sequential", "streaming", "async_pool")
MEMORY_FORMATS = ("auto", "channels_first", "channels_last")


@dataclass(frozen=True)
class NativeBatch:
    """What was handed out: the batch, or None where an epoch ended without one, and what is said of it."""

    batch: Any
    epoch: int
    index: int
    last_of_epoch: bool
    end_of_data: bool


class NativeSamples:
    """A ps_sample_loader."""

    def __init__(
        self, source: Source, options: LoaderOptions, transforms: Sequence[Any], progress: Progress | None
    ) -> None:
        kept: list[Any] = []  # what the struct points to, until the loader is open
        watched = WithProgress(progress)
        fields = {**source_fields(source, kept), **order_fields(options, kept), **work_fields(options)}
        native_transforms = image.native_transforms(transforms) if transforms else ffi.NULL
        made = struct("ps_sample_loader_options", **fields, **watched.fields())
        made.transforms = native_transforms
        paths = [ffi.new("char[]", os.fsencode(path)) for path in source.paths]
        out = ffi.new("ps_sample_loader **")
        watched.run(call, lib.ps_sample_loader_open, out, len(paths), ffi.new("char *[]", paths), made)
        self._native = ffi.gc(out[0], lib.ps_sample_loader_release)
        self._timeout = options["timeout"] or math.inf

    def next(self) -> NativeBatch:
        """The next batch.  Waits in short steps, so that Ctrl-C is answered."""
        out, info = ffi.new("ps_sample_batch **"), struct("ps_sample_batch_info")
        deadline = time.monotonic() + self._timeout
        while True:
            left = max(deadline - time.monotonic(), 0)
            status = lib.ps_sample_loader_next(out, info, self._native, math.ceil(min(left * 1000, POLL_MS)))
            if status == lib.PS_OK:
                break
            if status != lib.PS_TIMED_OUT or left <= POLL_MS / 1000:
                raise_last_error(status)
        batch = ffi.gc(out[0], lib.ps_sample_batch_release) if info.field_count else None
        return NativeBatch(batch, info.epoch, info.index, bool(info.last_of_epoch), bool(info.end_of_data))

    def start(self) -> None:
        """Starts the threads."""
        call(lib.ps_sample_loader_start, self._native)

    def stop(self) -> None:
        """Stops them; who waits for a batch is told."""
        call(lib.ps_sample_loader_stop, self._native)

    def count(self) -> tuple[int, int, int]:
        """Samples and batches of an epoch, and samples of the whole set."""
        samples, batches, in_set = (ffi.new("int64_t *") for _ in range(3))
        call(lib.ps_sample_loader_count, samples, batches, in_set, self._native)
        return samples[0], batches[0], in_set[0]

    def class_names(self) -> list[str]:
        """The names of the classes, by number."""
        count = lib.ps_sample_loader_class_count(self._native)
        return [text(lib.ps_sample_loader_class_name(self._native, index)) for index in range(count)]

    def address(self, sample: int) -> str:
        """Where a sample of the set lies."""
        return self._text(lambda *room: lib.ps_sample_loader_address(*room, self._native, sample))

    def metrics(self) -> dict[str, Any]:
        """What was done so far."""
        found: dict[str, Any] = json.loads(self._text(lambda *room: lib.ps_sample_loader_metrics(*room, self._native)))
        return found

    def seek(self, epoch: int, batch: int) -> None:
        """Goes on with a batch of an epoch."""
        call(lib.ps_sample_loader_seek, self._native, epoch, batch)

    def state(self) -> bytes:
        """Where it stands."""
        size = ffi.new("uint64_t *", 4096)
        while True:
            capacity = size[0]
            room = ffi.new("char[]", capacity)
            call(lib.ps_sample_loader_state, size, room, capacity, self._native)
            if size[0] <= capacity:
                return bytes(ffi.buffer(room, size[0]))

    def restore(self, state: bytes) -> None:
        """Goes on where a state was taken."""
        call(lib.ps_sample_loader_restore, self._native, ffi.from_buffer(state) if state else ffi.NULL, len(state))

    def _text(self, function: Callable[..., int]) -> str:
        length = ffi.new("uint64_t *", 16384)
        while True:
            capacity = length[0] + 1
            room = ffi.new("char[]", capacity)
            call(function, length, room, capacity)
            if length[0] < capacity:
                return bytes(ffi.buffer(room, length[0])).decode(errors="replace")


def source_fields(source: Source, kept: list[Any]) -> dict[str, Any]:
    """The fields of ps_sample_loader_options that say what is read."""
    fields = ffi.new("ps_sample_field[]", len(source.fields))
    for made, field in zip(fields, source.fields, strict=True):
        name, shape = ffi.new("char[]", field.name.encode()), ffi.new("int64_t[]", list(field.shape))
        kept += [name, shape]
        made.name, made.shape, made.ndim = name, shape, len(field.shape)
        made.dtype = 0 if field.dtype is None else as_dtype(field.dtype).number
        made.optional = field.optional
    kept.append(fields)
    return {
        "format": FORMATS.index(source.format),
        "fields": fields if source.fields else ffi.NULL,
        "field_count": len(source.fields),
        "recursive": source.recursive,
        "save_index": source.save_index,
        "decode": source.decode is not None,
        "colour": COLOURS.index(source.decode or "rgb"),
        "apply_orientation": source.apply_orientation,
        "scaled_decode": source.scaled_decode,
    }


def order_fields(options: LoaderOptions, kept: list[Any]) -> dict[str, Any]:
    """Those that say which samples come, and in which order."""
    weights = ffi.NULL if options["weights"] is None else ffi.new("double[]", list(options["weights"]))
    kept.append(weights)
    return {
        "sampler": sampler_of(options),
        "drop_last": options["drop_last"],
        "seed": options["seed"],
        "generator_seed": options["seed"] if options["generator_seed"] is None else options["generator_seed"],
        "num_samples": number_of_samples(options),
        "weights": weights,
        "weight_count": len(options["weights"] or ()),
        "rank": options["rank"],
        "world_size": options["world_size"],
        "worker_id": options["worker_id"],
        "worker_count": options["num_workers_pytorch"],
        "shard_rank": options["shard_rank"],
        "shard_world_size": options["shard_world_size"],
        "batch_size": options["batch_size"],
        "epochs": options["epochs"] or 0,
        "memory_format": MEMORY_FORMATS.index(options["memory_format"]),
    }


def sampler_of(options: LoaderOptions) -> int:
    """A ps_sampler."""
    if options["sampler"] == "weighted":
        return int(lib.PS_SAMPLER_WEIGHTED if options["replacement"] else lib.PS_SAMPLER_WEIGHTED_ONCE)
    if options["sampler"] == "random" and options["replacement"]:
        return int(lib.PS_SAMPLER_REPLACEMENT)
    shuffled = options["shuffle"] or options["sampler"] == "random"
    return int(lib.PS_SAMPLER_SHUFFLE if shuffled else lib.PS_SAMPLER_SEQUENTIAL)


def number_of_samples(options: LoaderOptions) -> int:
    """The draws of an epoch; 0 where the set decides."""
    if options["num_samples"] is not None:
        return int(options["num_samples"])
    once = options["sampler"] == "weighted" and not options["replacement"]
    return sum(1 for weight in options["weights"] if weight > 0) if once else 0


def work_fields(options: LoaderOptions) -> dict[str, Any]:
    """Those that say how it is done, and where batches lie."""
    device_type, device_id = (0, 0) if options["device"] is None else Device(options["device"]).numbers
    return {
        "reader_mode": options["reader_mode"] == "range",
        "part_size": options["part_size"],
        "max_inflight_parts": options["max_inflight_parts"],
        "page_cache": PAGE_CACHE_MODES.index(options["page_cache_mode"]),
        "num_workers": workers_of(options),
        "prefetch": options["prefetch"],
        "collate_buffer_size": 0 if options["collate_buffer_size"] == "auto" else options["collate_buffer_size"],
        "persistent_workers": options["persistent_workers"],
        "loading_mode": LOADING_MODES.index(options["loading_mode"]),
        "auto_tune": options["auto_tune"],
        "memory_limit": options["memory_limit"] or 0,
        "timeout_ms": 0,  # next() counts the time
        "pin_memory": choice(options["pin_memory"]),
        "non_blocking": choice(options["non_blocking"]),
        "device_type": device_type,
        "device_id": device_id,
        "skip_bad": options["on_bad_sample"] == "skip" and options["bad_sample_limit"] != 0,
        "bad_limit": options["bad_sample_limit"] or 0,
    }


def workers_of(options: LoaderOptions) -> int:
    """The threads; "auto" is one for each core that this process, among the torch workers of its rank, has."""
    if options["num_workers"] != "auto":
        return int(options["num_workers"])
    return max(len(os.sched_getaffinity(0)) // int(options["num_workers_pytorch"]), 1)


def choice(value: bool | str) -> int:
    """A ps_choice."""
    return 2 if value == "auto" else int(value)
