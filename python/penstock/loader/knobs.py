"""What each knob of LoaderOptions may be, its default, and which knobs contradict each other."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from penstock.devices import Device, get_devices
from penstock.errors import InvalidArgumentError, NotFoundError, OutOfRangeError, TypeMismatchError

__all__ = ["KNOBS", "Knob", "contradiction", "inactive", "rank_and_world_size"]

LARGEST = 2**62
LARGEST_SEED = 2**64 - 1
MOST_THREADS = 1024
MOST_BATCHES = 65536
MOST_SECONDS = 1e9

Check = Callable[[Any, str], Any]


@dataclass(frozen=True)
class Knob:
    """A knob: its value unless set, and what checks a value and gives it as it is kept."""

    default: Any
    check: Check


def integer(least: int, most: int = LARGEST) -> Check:
    """Integers within limits, NumPy's too."""

    def check(value: Any, where: str) -> int:
        if isinstance(value, bool) or not hasattr(value, "__index__"):
            raise TypeMismatchError(f"{where} is {value!r}: expected an integer")
        number = int(value.__index__())
        if not least <= number <= most:
            raise OutOfRangeError(f"{where} is {number}: expected {least} to {most}")
        return number

    return check


def flag(value: Any, where: str) -> bool:
    """True or False."""
    if not isinstance(value, bool):
        raise TypeMismatchError(f"{where} is {value!r}: expected True or False")
    return value


def flag_or_auto(value: Any, where: str) -> bool | str:
    """True, False or "auto"."""
    if not isinstance(value, bool) and value != "auto":
        raise TypeMismatchError(f"{where} is {value!r}: expected True, False or 'auto'")
    return bool(value) if isinstance(value, bool) else "auto"


def one_of(*words: str) -> Check:
    """One of some words."""

    def check(value: Any, where: str) -> str:
        if value not in words:
            raise InvalidArgumentError(f"{where} is {value!r}: expected one of {', '.join(words)}")
        return str(value)

    return check


def optional(check: Check) -> Check:
    """None, or what another check takes."""
    return lambda value, where: None if value is None else check(value, where)


def or_auto(check: Check) -> Check:
    """The word "auto", or what another check takes."""
    return lambda value, where: "auto" if isinstance(value, str) and value == "auto" else check(value, where)


def seconds(value: Any, where: str) -> float:
    """A time from 0, which means no limit."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise TypeMismatchError(f"{where} is {value!r}: expected seconds")
    if not 0 <= value <= MOST_SECONDS:
        raise OutOfRangeError(f"{where} is {value}: expected 0 to {MOST_SECONDS:g} seconds")
    return float(value)


def weights(value: Any, where: str) -> tuple[float, ...]:
    """A finite number from 0 for each sample, at least one above 0; arrays and tensors of them too."""
    items = value.tolist() if hasattr(value, "tolist") else value
    if isinstance(items, (str, bytes)) or not isinstance(items, Iterable):
        raise TypeMismatchError(f"{where} is {value!r}: expected a number for each sample")
    numbers = tuple(items)
    for position, weight in enumerate(numbers):
        if isinstance(weight, bool) or not isinstance(weight, (int, float)):
            raise TypeMismatchError(f"{where}[{position}] is {weight!r}: expected a number")
        if not (0 <= weight < math.inf):
            raise OutOfRangeError(f"{where}[{position}] is {weight}: expected a finite number from 0")
    if not any(numbers):
        raise InvalidArgumentError(f"{where} has no weight above 0: there is nothing to draw")
    return tuple(float(weight) for weight in numbers)


def transforms(value: Any, where: str) -> bool | tuple[Any, ...]:
    """True, False, or a list of penstock.image's transforms and of callables, in the order in which they run."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (str, bytes, Mapping)) or not isinstance(value, Iterable):
        raise TypeMismatchError(f"{where} is {value!r}: expected True, False or a list of transforms")
    return tuple(value)


def cuda_device(value: Any, where: str) -> str:
    """A device's name."""
    if not isinstance(value, (str, Device)):
        raise TypeMismatchError(f"{where} is {value!r}: expected a device as 'cuda:0'")
    return Device(value).name if isinstance(value, str) else value.name


KNOBS: Mapping[str, Knob] = {
    "batch_size": Knob(1, integer(1, 2**32)),
    "drop_last": Knob(False, flag),
    "shuffle": Knob(False, flag),
    "seed": Knob(0, integer(0, LARGEST_SEED)),
    "epochs": Knob(None, optional(integer(1))),
    "num_workers": Knob("auto", or_auto(integer(0, MOST_THREADS))),
    "prefetch": Knob(2, integer(1, MOST_BATCHES)),
    "pin_memory": Knob(False, flag_or_auto),
    "non_blocking": Knob(False, flag_or_auto),
    "device": Knob(None, optional(cuda_device)),
    "persistent_workers": Knob(False, flag),
    "timeout": Knob(0.0, seconds),
    "multiprocessing_context": Knob(None, optional(one_of("spawn", "fork", "forkserver"))),
    "transform_processes": Knob(0, integer(0, MOST_THREADS)),
    "sampler": Knob(None, optional(one_of("sequential", "random", "weighted", "distributed"))),
    "replacement": Knob(False, flag),
    "weights": Knob(None, optional(weights)),
    "num_samples": Knob(None, optional(integer(1))),
    "rank": Knob(0, integer(0, LARGEST)),
    "world_size": Knob(1, integer(1, LARGEST)),
    "shard_rank": Knob(0, integer(0, LARGEST)),
    "shard_world_size": Knob(1, integer(1, LARGEST)),
    "worker_id": Knob(0, integer(0, LARGEST)),
    "num_workers_pytorch": Knob(1, integer(1, LARGEST)),
    "memory_format": Knob("auto", one_of("auto", "channels_first", "channels_last")),
    "generator_seed": Knob(None, optional(integer(0, LARGEST_SEED))),
    "enable_transforms": Knob(True, transforms),
    "collate_buffer_size": Knob("auto", or_auto(integer(1, MOST_BATCHES))),
    "loading_mode": Knob("prefetch", one_of("sequential", "prefetch", "streaming", "async_pool")),
    "reader_mode": Knob("whole", one_of("whole", "range")),
    "part_size": Knob(8 * 2**20, integer(4096)),
    "max_inflight_parts": Knob(4, integer(1, MOST_THREADS)),
    "page_cache_mode": Knob("auto", one_of("auto", "normal", "sequential", "random", "dont_need", "direct")),
    "auto_tune": Knob(False, flag),
    "memory_limit": Knob(None, optional(integer(1))),
    "on_bad_sample": Knob("stop", one_of("stop", "skip")),
    "bad_sample_limit": Knob(None, optional(integer(0))),
}

SHARES = (("rank", "world_size"), ("shard_rank", "shard_world_size"), ("worker_id", "num_workers_pytorch"))


def rank_and_world_size(rank: int | None, world_size: int | None, method: str) -> tuple[int, int]:
    """A rank among others, from RANK and WORLD_SIZE where it is not given, as torchrun sets them."""
    found = []
    for given, name, least in ((rank, "RANK", 0), (world_size, "WORLD_SIZE", 1)):
        where = f"{method}(): {name.lower()}"
        if given is not None:
            found.append(integer(least)(given, where))
            continue
        text = os.environ.get(name)
        if text is None:
            raise NotFoundError(f"{where} is not given, and the environment has no {name}")
        if not text.isdecimal():
            raise InvalidArgumentError(f"{where} is not given, and {name} is {text!r}: expected an integer")
        found.append(integer(least)(int(text), f"{where}, from {name},"))
    return found[0], found[1]


def contradiction(values: Mapping[str, Any]) -> str | None:  # noqa: PLR0911 - one for each
    """Why the values, which lack knobs that were not set, cannot all be; None where they can."""

    def value(name: str) -> Any:
        return values.get(name, KNOBS[name].default)

    sampler = value("sampler")
    if value("shuffle") and (sampler in ("sequential", "weighted") or (sampler == "random" and value("replacement"))):
        kept = f"the {sampler} sampler{' with replacement' if value('replacement') else ''}"
        return f"shuffle(True) reads each sample once in a random order, and {kept} chooses another order: set one"
    for position, count in SHARES:
        if value(position) >= value(count):
            return f"{position} is {value(position)}: expected 0 to {value(count) - 1}, below {count}"
    if value("world_size") > 1 and value("shard_world_size") > 1:
        return "distributed_sampling() and with_shard() both choose this rank's share: set one"
    if values.get("num_workers") == 0 and value("persistent_workers"):
        return "persistent_workers(True) keeps threads, and num_workers(0) has none"
    if value("weights") is not None and value("num_samples") is not None and not value("replacement"):
        drawable = sum(1 for weight in value("weights") if weight > 0)
        if value("num_samples") > drawable:
            return f"num_samples is {value('num_samples')}: without replacement {drawable} can be drawn"
    if value("bad_sample_limit") is not None and value("on_bad_sample") == "stop":
        return f"bad_sample_limit is {value('bad_sample_limit')}, and on_bad_sample 'stop' skips none"
    return None


def inactive(values: Mapping[str, Any]) -> dict[str, str]:
    """The knobs that were set and do nothing as things are, each with the reason."""
    found = {}
    has_cuda = any(each.kind == "cuda" for each in get_devices())
    if values.get("pin_memory") == "auto" and not has_cuda:
        found["pin_memory"] = "no CUDA device"
    if values.get("non_blocking") == "auto" and not has_cuda:
        found["non_blocking"] = "no CUDA device"
    elif values.get("non_blocking") == "auto" and values.get("device") is None:
        found["non_blocking"] = "no device to copy to"
    if values.get("reader_mode", "whole") == "whole":
        found |= {name: "reader_mode is 'whole'" for name in ("part_size", "max_inflight_parts") if name in values}
    if values.get("multiprocessing_context") and not values.get("transform_processes"):
        found["multiprocessing_context"] = "no transform processes: native decoding is threads"
    return found
