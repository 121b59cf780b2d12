"""How samples of any kind become batches: the knobs of loader.open(), set one after the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal, Self

from penstock.devices import Device
from penstock.errors import InvalidArgumentError, NotFoundError
from penstock.loader import texts
from penstock.loader.knobs import KNOBS, contradiction, inactive, rank_and_world_size
from penstock.loader.plain_transforms import from_plain, to_plain

__all__ = ["LoaderOptions", "PyLoaderOptions"]


class LoaderOptions:
    """The knobs of loader.open().  Each method returns new options and leaves those it is called on as they are.

    Values are checked where they are set, and what contradicts is refused there with the reason. options["pin_memory"]
    reads a knob, set or not; repr() shows those that were set, and which of them do nothing here. Two options are equal
    where all their knobs are.

    >>> from penstock import loader
    >>> options = loader.LoaderOptions().with_batch_size(256).shuffle(True, seed=42).num_workers(8).drop_last(True)
    >>> options["batch_size"], options["seed"], options["prefetch"]
    (256, 42, 2)
    >>> options
    LoaderOptions(batch_size=256, shuffle=True, seed=42, num_workers=8, drop_last=True)
    """

    __slots__ = ("_values",)
    _values: dict[str, Any]

    def __init__(self, **knobs: Any) -> None:
        self._values = checked({}, type(self).__name__, knobs)

    def _with(self, method: str, **knobs: Any) -> Self:
        made = object.__new__(type(self))
        made._values = checked(self._values, method, knobs)
        return made

    def with_batch_size(self, size: int) -> Self:
        """So many samples make a batch; 1 unless set.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_batch_size(0)
        Traceback (most recent call last):
        ...
        penstock.errors.OutOfRangeError: with_batch_size(): batch_size is 0: expected 1 to 4294967296
        """
        return self._with("with_batch_size", batch_size=size)

    def drop_last(self, on: bool = True) -> Self:
        """An epoch's last batch is dropped where it is not full.

        >>> from penstock import loader
        >>> loader.LoaderOptions().drop_last()["drop_last"]
        True
        """
        return self._with("drop_last", drop_last=on)

    def shuffle(self, on: bool = True, seed: int | None = None) -> Self:
        """Every sample once an epoch, in an order that seed and epoch decide; seed is with_seed()'s.

        Refused beside sequential_sampling(), weighted_sampling() and random_sampling(True), which choose another order.

        >>> from penstock import loader
        >>> loader.LoaderOptions().shuffle(True, seed=42)
        LoaderOptions(shuffle=True, seed=42)
        """
        return self._with("shuffle", shuffle=on, **given(seed=seed))

    def with_seed(self, seed: int) -> Self:
        """The seed of the order, and of transforms unless with_generator_seed() gives them their own; 0 unless set.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_seed(7)["seed"]
        7
        """
        return self._with("with_seed", seed=seed)

    def with_epochs(self, epochs: int | None) -> Self:
        """How often all samples are read before get_next() says EndOfData; None, as without it: without end.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_epochs(3)["epochs"]
        3
        """
        return self._with("with_epochs", epochs=epochs)

    def num_workers(self, count: int | Literal["auto"]) -> Self:
        """So many native threads read and decode; 0: the thread that asks for batches does; "auto": one a core.

        >>> from penstock import loader
        >>> loader.LoaderOptions().num_workers(8)["num_workers"]
        8
        """
        return self._with("num_workers", num_workers=count)

    def with_prefetch(self, batches: int) -> Self:
        """So many batches are made ahead, 2 unless set: the memory that they take is the bound.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_prefetch(16)["prefetch"]
        16
        """
        return self._with("with_prefetch", prefetch=batches)

    def pin_memory(self, on: bool | Literal["auto"] = True) -> Self:
        """Batches lie in page-locked memory.  True needs CUDA; "auto" does nothing without it, and says so.

        >>> from penstock import loader
        >>> loader.LoaderOptions().pin_memory("auto")["pin_memory"]
        'auto'
        """
        return self._with("pin_memory", pin_memory=on)

    def non_blocking(self, on: bool | Literal["auto"] = True, device: Device | str | None = None) -> Self:
        """Batches are copied to a CUDA device on a stream beside the one that computes, which waits for them.

        device is with_device()'s. True needs CUDA; "auto" does nothing without it, and says so.

        >>> from penstock import loader
        >>> loader.LoaderOptions().non_blocking("auto", device="cuda:0")["device"]
        'cuda:0'
        """
        return self._with("non_blocking", non_blocking=on, **given(device=device))

    def with_device(self, device: Device | str | None) -> Self:
        """Where batches are handed over; None: in the CPU's memory.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_device("cuda:0")["device"]
        'cuda:0'
        """
        return self._with("with_device", device=device)

    def persistent_workers(self, on: bool = True) -> Self:
        """Threads, open files and caches live across epochs; without it they end with each.

        >>> from penstock import loader
        >>> loader.LoaderOptions().persistent_workers()["persistent_workers"]
        True
        """
        return self._with("persistent_workers", persistent_workers=on)

    def with_timeout(self, seconds: float) -> Self:
        """A batch that is not there after so many seconds is a TimedOutError; the loader stays usable.  0: no limit.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_timeout(30)["timeout"]
        30.0
        """
        return self._with("with_timeout", timeout=seconds)

    def use_spawn(self) -> Self:
        """Processes for Python transforms start from a new interpreter: the functions must be importable there.

        >>> from penstock import loader
        >>> loader.LoaderOptions().use_spawn().with_transform_processes(2)["multiprocessing_context"]
        'spawn'
        """
        return self._with("use_spawn", multiprocessing_context="spawn")

    def use_fork(self) -> Self:
        """Processes for Python transforms are copies of this one.

        >>> from penstock import loader
        >>> loader.LoaderOptions().use_fork().with_transform_processes(2)["multiprocessing_context"]
        'fork'
        """
        return self._with("use_fork", multiprocessing_context="fork")

    def use_forkserver(self) -> Self:
        """Processes for Python transforms are copies of a clean one that is kept for it.

        >>> from penstock import loader
        >>> loader.LoaderOptions().use_forkserver().with_transform_processes(2)["multiprocessing_context"]
        'forkserver'
        """
        return self._with("use_forkserver", multiprocessing_context="forkserver")

    def with_transform_processes(self, count: int) -> Self:
        """So many processes run the Python transforms, spawned unless use_fork() or use_forkserver() is set; 0: none.

        Batches travel to them and back by pickling. Native decoding stays on threads.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_transform_processes(4)["transform_processes"]
        4
        """
        return self._with("with_transform_processes", transform_processes=count)

    def sequential_sampling(self) -> Self:
        """Samples in the order in which they are stored, as without any sampler.

        >>> from penstock import loader
        >>> loader.LoaderOptions().sequential_sampling()["sampler"]
        'sequential'
        """
        return self._with(
            "sequential_sampling", sampler="sequential", replacement=False, weights=None, num_samples=None
        )

    def random_sampling(self, replacement: bool = False, num_samples: int | None = None) -> Self:
        """Samples in an order that seed and epoch decide; with replacement, each draw is from all of them.

        num_samples: so many make an epoch; None: as many as there are.

        >>> from penstock import loader
        >>> loader.LoaderOptions().random_sampling(True, num_samples=1000)
        LoaderOptions(sampler='random', replacement=True, num_samples=1000)
        """
        chosen = {"replacement": replacement, "num_samples": num_samples, "weights": None}
        return self._with("random_sampling", sampler="random", **chosen)

    def weighted_sampling(
        self, weights: Sequence[float], replacement: bool = True, num_samples: int | None = None
    ) -> Self:
        """A sample is drawn with a probability in proportion to its weight; there is one for each sample.

        num_samples: so many make an epoch; None: as many as there are weights; without replacement, weights above 0.

        >>> from penstock import loader
        >>> loader.LoaderOptions().weighted_sampling([1, 0, 0], replacement=False, num_samples=2)
        Traceback (most recent call last):
        ...
        penstock.errors.InvalidArgumentError: weighted_sampling(): num_samples is 2: without replacement 1 can be drawn
        """
        chosen = {"weights": weights, "replacement": replacement, "num_samples": num_samples}
        return self._with("weighted_sampling", sampler="weighted", **chosen)

    def distributed_sampling(self, rank: int | None = None, world_size: int | None = None) -> Self:
        """Of each epoch, shuffled or not, this rank's share: disjoint from the other ranks', and all with them.

        What is not given is taken from the environment's RANK and WORLD_SIZE, as torchrun sets them.

        >>> from penstock import loader
        >>> loader.LoaderOptions().distributed_sampling(rank=1, world_size=4)["world_size"]
        4
        """
        rank, world_size = rank_and_world_size(rank, world_size, "distributed_sampling")
        chosen = {"replacement": False, "weights": None, "num_samples": None}
        return self._with("distributed_sampling", sampler="distributed", rank=rank, world_size=world_size, **chosen)

    def with_shard(self, rank: int | None = None, world_size: int | None = None) -> Self:
        """Only this rank's share of the samples, whatever the sampler; from RANK and WORLD_SIZE where not given.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_shard(2, 2)
        Traceback (most recent call last):
        ...
        penstock.errors.InvalidArgumentError: with_shard(): shard_rank is 2: expected 0 to 1, below shard_world_size
        """
        rank, world_size = rank_and_world_size(rank, world_size, "with_shard")
        return self._with("with_shard", shard_rank=rank, shard_world_size=world_size)

    def with_pytorch_worker(self, worker_id: int, num_workers: int) -> Self:
        """Of this rank's share, that of one of a torch DataLoader's processes; penstock.torch does so by itself.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_pytorch_worker(0, 2)
        LoaderOptions(worker_id=0, num_workers_pytorch=2)
        """
        return self._with("with_pytorch_worker", worker_id=worker_id, num_workers_pytorch=num_workers)

    def channels_first(self) -> Self:
        """Batches of images have the shape (samples, channels, height, width).

        >>> from penstock import loader
        >>> loader.LoaderOptions().channels_first()["memory_format"]
        'channels_first'
        """
        return self._with("channels_first", memory_format="channels_first")

    def channels_last(self) -> Self:
        """Batches of images have the shape (samples, channels, height, width) over memory in which channels come last.

        >>> from penstock import loader
        >>> loader.LoaderOptions().channels_last()["memory_format"]
        'channels_last'
        """
        return self._with("channels_last", memory_format="channels_last")

    def auto_memory_format(self) -> Self:
        """Batches of images lie in memory as the decoder makes them.

        >>> from penstock import loader
        >>> loader.LoaderOptions().auto_memory_format()["memory_format"]
        'auto'
        """
        return self._with("auto_memory_format", memory_format="auto")

    def with_generator_seed(self, seed: int | None) -> Self:
        """The seed of what transforms draw, apart from the order's; None: the order's.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_generator_seed(3)["generator_seed"]
        3
        """
        return self._with("with_generator_seed", generator_seed=seed)

    def enable_transforms(self, transforms: bool | Sequence[Any] = True) -> Self:
        """Transforms in the order in which they run, or whether those that loader.open() is given do.

        Those of penstock.image run in the native workers; callables follow, where batches are taken.

        >>> from penstock import loader
        >>> loader.LoaderOptions().enable_transforms(False)["enable_transforms"]
        False
        """
        return self._with("enable_transforms", enable_transforms=transforms)

    def with_collate_buffer_size(self, batches: int | Literal["auto"]) -> Self:
        """So many batches are assembled at the same time; "auto": as many as with_prefetch() and the memory allow.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_collate_buffer_size(4)["collate_buffer_size"]
        4
        """
        return self._with("with_collate_buffer_size", collate_buffer_size=batches)

    def with_loading_mode(self, mode: Literal["sequential", "prefetch", "streaming", "async_pool"]) -> Self:
        """How workers share the work; the batches are the same in each.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_loading_mode("streaming")["loading_mode"]
        'streaming'
        """
        return self._with("with_loading_mode", loading_mode=mode)

    def with_reader_mode(self, mode: Literal["whole", "range"]) -> Self:
        """With "whole" a sample is read in one go; with "range" a large one in parts, several at once.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_reader_mode("range").with_part_size(2**20)
        LoaderOptions(reader_mode='range', part_size=1048576)
        """
        return self._with("with_reader_mode", reader_mode=mode)

    def with_part_size(self, size: int) -> Self:
        """The bytes of a part with with_reader_mode("range"), 8 MiB unless set.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_part_size(2**20)
        LoaderOptions(part_size=1048576 (inactive: reader_mode is 'whole'))
        """
        return self._with("with_part_size", part_size=size)

    def with_max_inflight_parts(self, count: int) -> Self:
        """So many parts of a sample are read at once with with_reader_mode("range"), 4 unless set.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_reader_mode("range").with_max_inflight_parts(8)["max_inflight_parts"]
        8
        """
        return self._with("with_max_inflight_parts", max_inflight_parts=count)

    def with_page_cache_mode(
        self, mode: Literal["auto", "normal", "sequential", "random", "dont_need", "direct"]
    ) -> Self:
        """How files go through the system's page cache: read ahead or not, dropped after use, or past it.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_page_cache_mode("dont_need")["page_cache_mode"]
        'dont_need'
        """
        return self._with("with_page_cache_mode", page_cache_mode=mode)

    def auto_tune(self, on: bool = True, memory_limit: int | None = None) -> Self:
        """The loader moves the workers that run and the batches ahead to what is fastest, within memory_limit bytes.

        metrics() says what it chose. The order stays.

        >>> from penstock import loader
        >>> loader.LoaderOptions().auto_tune(True, memory_limit=2**30)["memory_limit"]
        1073741824
        """
        return self._with("auto_tune", auto_tune=on, **given(memory_limit=memory_limit))

    def with_bad_samples(self, rule: Literal["stop", "skip"], limit: int | None = None) -> Self:
        """A sample that cannot be read is an error ("stop"), or passed over and counted, at most limit of them.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_bad_samples("skip", limit=10)
        LoaderOptions(on_bad_sample='skip', bad_sample_limit=10)
        """
        return self._with("with_bad_samples", on_bad_sample=rule, bad_sample_limit=limit)

    def gpu_optimized(self) -> Self:
        """What feeds a GPU; the same without one, but for what "auto" then leaves out.

        >>> from penstock import loader
        >>> loader.LoaderOptions().gpu_optimized()["pin_memory"]
        'auto'
        """
        chosen = {"pin_memory": "auto", "non_blocking": "auto", "persistent_workers": True, "prefetch": 4}
        return self._with("gpu_optimized", num_workers="auto", **chosen)

    def distributed_optimized(self, rank: int | None = None, world_size: int | None = None) -> Self:
        """gpu_optimized() and distributed_sampling(), with full batches only.

        >>> from penstock import loader
        >>> loader.LoaderOptions().distributed_optimized(0, 8)["drop_last"]
        True
        """
        rank, world_size = rank_and_world_size(rank, world_size, "distributed_optimized")
        return self.gpu_optimized().drop_last().distributed_sampling(rank, world_size)

    def debug_mode(self) -> Self:
        """All on the thread that asks, one sample after the other in stored order: errors stand where they arise.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_batch_size(8).debug_mode()["num_workers"]
        0
        """
        threads = {"num_workers": 0, "prefetch": 1, "persistent_workers": False, "transform_processes": 0}
        order = {"shuffle": False, "sampler": "sequential", "replacement": False, "weights": None, "num_samples": None}
        return self._with("debug_mode", loading_mode="sequential", auto_tune=False, timeout=0, **threads, **order)

    def __getitem__(self, knob: str) -> Any:
        if knob not in KNOBS:
            raise NotFoundError(f"LoaderOptions has no knob {knob!r}: expected one of {', '.join(KNOBS)}")
        return self._values.get(knob, KNOBS[knob].default)

    def __iter__(self) -> Iterator[str]:
        return iter(KNOBS)

    def inactive(self) -> dict[str, str]:
        """The knobs that were set and do nothing as things are here, each with the reason.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_part_size(2**20).inactive()
        {'part_size': "reader_mode is 'whole'"}
        """
        return inactive(self._values)

    def to_dict(self) -> dict[str, Any]:
        """All knobs as plain values, which from_dict() takes; a callable among the transforms is refused.

        >>> from penstock import loader
        >>> loader.LoaderOptions().with_batch_size(8).to_dict()["batch_size"]
        8
        """
        return {knob: to_plain(self[knob], f"LoaderOptions.to_dict(): {knob}") for knob in KNOBS}

    @classmethod
    def from_dict(cls, knobs: Mapping[str, Any]) -> Self:
        """What to_dict() was made from; knobs that are missing are not set.

        >>> from penstock import loader
        >>> loader.LoaderOptions.from_dict({"batch_size": 8})
        LoaderOptions(batch_size=8)
        """
        unknown = [name for name in knobs if name not in KNOBS]
        if unknown:
            raise InvalidArgumentError(f"LoaderOptions has no knob {unknown[0]!r}: expected one of {', '.join(KNOBS)}")
        made = {name: from_plain(value, name) for name, value in knobs.items()}
        return cls(**{name: value for name, value in made.items() if value != KNOBS[name].default})

    def to_json(self) -> str:
        """The knobs as JSON.

        >>> from penstock import loader
        >>> loader.LoaderOptions.from_json(loader.LoaderOptions().drop_last().to_json())
        LoaderOptions(drop_last=True)
        """
        return texts.as_json(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What to_json() was made from.

        >>> from penstock import loader
        >>> loader.LoaderOptions.from_json('{"num_workers": 2}')["num_workers"]
        2
        """
        return cls.from_dict(texts.from_json(text, "the options are"))

    def to_toml(self) -> str:
        """The knobs as TOML, which has no null: those that are None are left out.

        >>> from penstock import loader
        >>> "batch_size = 8" in loader.LoaderOptions().with_batch_size(8).to_toml()
        True
        """
        return texts.as_toml(self.to_dict())

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """What to_toml() was made from.

        >>> from penstock import loader
        >>> loader.LoaderOptions.from_toml("batch_size = 8")
        LoaderOptions(batch_size=8)
        """
        return cls.from_dict(texts.from_toml(text, "the options are"))

    def __repr__(self) -> str:
        reasons = self.inactive()
        shown = []
        for knob, value in self._values.items():
            words = f"<{len(value)} weights>" if knob == "weights" and value is not None else repr(value)
            shown.append(f"{knob}={words}" + (f" (inactive: {reasons[knob]})" if knob in reasons else ""))
        return f"{type(self).__name__}({', '.join(shown)})"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LoaderOptions):
            return NotImplemented
        return all(self[knob] == other[knob] for knob in KNOBS)

    def __hash__(self) -> int:
        return hash(tuple((knob, self[knob]) for knob in KNOBS if knob not in ("enable_transforms", "weights")))

    def __getstate__(self) -> dict[str, Any]:
        return dict(self._values)

    def __setstate__(self, values: Mapping[str, Any]) -> None:
        self._values = dict(values)


PyLoaderOptions = LoaderOptions


def given(**knobs: Any) -> dict[str, Any]:
    """The knobs that are not None: those that a method's caller left out stay as they are."""
    return {name: value for name, value in knobs.items() if value is not None}


def checked(before: Mapping[str, Any], method: str, knobs: Mapping[str, Any]) -> dict[str, Any]:
    """The values with those that a method sets; refuses what no knob takes, and what contradicts."""
    values = dict(before)
    for name, value in knobs.items():
        if name not in KNOBS:
            raise InvalidArgumentError(f"{method}() has no knob {name!r}: expected one of {', '.join(KNOBS)}")
        values[name] = KNOBS[name].check(value, f"{method}(): {name}")
        if values[name] is None:
            del values[name]
    reason = contradiction(values)
    if reason is not None:
        raise InvalidArgumentError(f"{method}(): {reason}")
    return values
