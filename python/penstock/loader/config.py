"""What a loader is to do, stage by stage: dataclasses that are checked when they are built, and go to TOML and back."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, Self, get_args

from penstock.errors import InvalidArgumentError, OutOfRangeError, TypeMismatchError
from penstock.loader import texts

__all__ = [
    "ChunkSourceLoaderConfig",
    "ChunkUnpackerConfig",
    "DataLoaderConfig",
    "FilePathProviderConfig",
    "ShufflingChunkPoolConfig",
    "ShufflingFrameSamplerConfig",
    "TensorGeneratorConfig",
]

DtypeName = Literal["float32", "float16", "bfloat16"]
OverflowRule = Literal["block", "drop_new", "keep_newest"]
OutputKind = Literal["tensor", "numpy", "torch"]
MOST_THREADS = 1024
LONGEST_QUEUE = 1_000_000
LARGEST = 2**62


def require_integer(config: Config, field: str, least: int, most: int = LARGEST) -> None:
    """Refuses a field that is no integer within limits; one that is None by default may be None."""
    value = getattr(config, field)
    if value is None and default_of(config, field) is None:
        return
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeMismatchError(f"{name_of(config, field)} is {value!r}: expected an integer")
    if not least <= value <= most:
        raise OutOfRangeError(f"{name_of(config, field)} is {value}: expected {least} to {most}")


def require_number(config: Config, field: str, least: float, most: float = 1e12, *, above: bool = False) -> None:
    """Refuses a field that is no number within limits, the lower one left out where above is set."""
    value = getattr(config, field)
    if value is None and default_of(config, field) is None:
        return
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        raise TypeMismatchError(f"{name_of(config, field)} is {value!r}: expected a number")
    if not (least < value <= most if above else least <= value <= most):
        limits = f"above {least:g}, at most {most:g}" if above else f"{least:g} to {most:g}"
        raise OutOfRangeError(f"{name_of(config, field)} is {value}: expected {limits}")


def require_one_of(config: Config, field: str, choices: Sequence[str]) -> None:
    """Refuses a field that is none of some words."""
    value = getattr(config, field)
    if value not in choices:
        raise InvalidArgumentError(f"{name_of(config, field)} is {value!r}: expected one of {', '.join(choices)}")


def require_bool(config: Config, field: str) -> None:
    """Refuses a field that is neither True nor False."""
    value = getattr(config, field)
    if not isinstance(value, bool):
        raise TypeMismatchError(f"{name_of(config, field)} is {value!r}: expected True or False")


def default_of(config: Config, field: str) -> Any:
    """The default of a field."""
    return next(each.default for each in fields_of(type(config)) if each.name == field)


def fields_of(kind: type[Config]) -> tuple[dataclasses.Field[Any], ...]:
    """The fields of a configuration: every class that derives from Config is a dataclass."""
    return dataclasses.fields(kind)  # type: ignore[arg-type]


def name_of(config: Config, field: str) -> str:
    """A field in messages."""
    return f"{type(config).__name__}.{field}"


def path_as_str(path: Any, what: str) -> str:
    """A path as str; bytes and anything else are refused."""
    text = os.fspath(path) if isinstance(path, os.PathLike) else path
    if not isinstance(text, str):
        raise TypeMismatchError(f"{what} is {path!r}: expected a str or a path")
    return text


class Config:
    """What all configurations can: become a dict, JSON or TOML, and come back."""

    stage: ClassVar[str] = ""

    def to_dict(self) -> dict[str, Any]:
        """The fields as a dict of plain values, which from_dict() takes.

        >>> from penstock import loader
        >>> made = loader.ChunkSourceLoaderConfig(threads=2)
        >>> made.to_dict()["threads"]
        2
        """
        return {field.name: plain(getattr(self, field.name)) for field in fields_of(type(self))}

    @classmethod
    def from_dict(cls, fields: Mapping[str, Any]) -> Self:
        """What to_dict() was made from; fields that are missing take their defaults.

        >>> from penstock import loader
        >>> loader.ChunkSourceLoaderConfig.from_dict({"threads": 2}).threads
        2
        """
        known = {field.name for field in fields_of(cls)}
        unknown = [name for name in fields if name not in known]
        if unknown:
            raise InvalidArgumentError(
                f"{cls.__name__} has no field {unknown[0]!r}: expected {', '.join(sorted(known))}"
            )
        return cls(**fields)

    def to_json(self) -> str:
        """The fields as JSON.

        >>> from penstock import loader
        >>> made = loader.ChunkSourceLoaderConfig(threads=2)
        >>> '"threads": 2' in made.to_json()
        True
        """
        return texts.as_json(self.to_dict())

    @classmethod
    def from_json(cls, text: str) -> Self:
        """What to_json() was made from.

        >>> from penstock import loader
        >>> loader.ChunkSourceLoaderConfig.from_json('{"threads": 2}').threads
        2
        """
        return cls.from_dict(texts.from_json(text, "the configuration is"))

    def to_toml(self) -> str:
        """The fields as TOML, which has no null: those that are None are left out.

        >>> from penstock import loader
        >>> made = loader.ChunkSourceLoaderConfig(threads=2)
        >>> "threads = 2" in made.to_toml()
        True
        """
        return texts.as_toml(self.to_dict())

    @classmethod
    def from_toml(cls, text: str) -> Self:
        """What to_toml() was made from.

        >>> from penstock import loader
        >>> loader.ChunkSourceLoaderConfig.from_toml("threads = 2").threads
        2
        """
        return cls.from_dict(texts.from_toml(text, "the configuration is"))


def plain(value: Any) -> Any:
    """A field's value as JSON and TOML have it."""
    if isinstance(value, Config):
        return value.to_dict()
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


@dataclass(frozen=True)
class FilePathProviderConfig(Config):
    """Which files are read: all below directory, and sources (files, folders, and patterns of the shell for either).

    watch: sources are folders, in which files are taken up as they are closed or renamed into place.
    recursive: folders are read with all below them; without it only the files in them.
    anchor: a file's name; those that come before it, sorted by name, are not used. queue_capacity counts files.

    >>> from penstock import loader
    >>> loader.FilePathProviderConfig(directory="games").to_dict()["directory"]
    'games'
    """

    stage: ClassVar[str] = "file_path_provider"
    queue_capacity: int = 16
    directory: str | os.PathLike[str] | None = None
    sources: Sequence[str | os.PathLike[str]] = ()
    watch: bool = False
    recursive: bool = True
    anchor: str | None = None

    def __post_init__(self) -> None:
        require_integer(self, "queue_capacity", 1, LONGEST_QUEUE)
        require_bool(self, "watch")
        require_bool(self, "recursive")
        if self.directory is not None:
            object.__setattr__(self, "directory", path_as_str(self.directory, name_of(self, "directory")))
        if isinstance(self.sources, (str, os.PathLike)):
            raise TypeMismatchError(f"{name_of(self, 'sources')} is {self.sources!r}: expected a list of paths")
        sources = tuple(path_as_str(source, name_of(self, "sources")) for source in self.sources)
        object.__setattr__(self, "sources", sources)
        if self.anchor is not None and not isinstance(self.anchor, str):
            raise TypeMismatchError(f"{name_of(self, 'anchor')} is {self.anchor!r}: expected a file's name")

    def paths(self) -> list[str]:
        """The directory, where there is one, and the sources.

        >>> from penstock import loader
        >>> loader.FilePathProviderConfig(directory="games", sources=["more"]).paths()
        ['games', 'more']
        """
        return ([] if self.directory is None else [str(self.directory)]) + [str(source) for source in self.sources]


@dataclass(frozen=True)
class ChunkSourceLoaderConfig(Config):
    """How files are opened: .gz, .tar, .tar.gz or .tgz, .tar.zst, and all others as they are.

    queue_capacity counts files. save_index: where each chunk of an archive lies is kept beside it, in .NAME.index, and
    used as long as the archive has the same size and modification time.

    >>> from penstock import loader
    >>> loader.ChunkSourceLoaderConfig(threads=2)
    ChunkSourceLoaderConfig(threads=2, queue_capacity=16, save_index=False)
    """

    stage: ClassVar[str] = "chunk_source_loader"
    threads: int = 1
    queue_capacity: int = 16
    save_index: bool = False

    def __post_init__(self) -> None:
        require_integer(self, "threads", 1, MOST_THREADS)
        require_integer(self, "queue_capacity", 1, LONGEST_QUEUE)
        require_bool(self, "save_index")


@dataclass(frozen=True)
class ShufflingChunkPoolConfig(Config):
    """How chunks are drawn: chunk_pool_size at a time are shuffled; where folders are watched, the newest.

    With hanse_sampling_threshold, a chunk of c positions is used with probability min(1, c / threshold) ** gamma.
    queue_capacity counts chunks that are loaded ahead.

    >>> from penstock import loader
    >>> loader.ShufflingChunkPoolConfig(chunk_pool_size=1000).chunk_loading_threads
    4
    """

    stage: ClassVar[str] = "shuffling_chunk_pool"
    chunk_pool_size: int = 100_000
    indexing_threads: int = 1
    chunk_loading_threads: int = 4
    hanse_sampling_threshold: float | None = None
    hanse_sampling_gamma: float = 1.0
    queue_capacity: int = 16

    def __post_init__(self) -> None:
        require_integer(self, "chunk_pool_size", 1)
        require_integer(self, "indexing_threads", 1, MOST_THREADS)
        require_integer(self, "chunk_loading_threads", 1, MOST_THREADS)
        require_number(self, "hanse_sampling_threshold", 0, above=True)
        require_number(self, "hanse_sampling_gamma", 0)
        require_integer(self, "queue_capacity", 1, LONGEST_QUEUE)


DIFF_FOCUS = ("diff_focus_min", "diff_focus_slope", "diff_focus_q_weight", "diff_focus_policy_scale")


@dataclass(frozen=True)
class ChunkUnpackerConfig(Config):
    """Which positions of a chunk are kept: each with probability position_sampling_rate, or exactly position_count.

    With all four diff_focus fields, a position is also kept only with probability min(1, diff_focus_min +
    diff_focus_slope * (q_weight * abs(best_q - orig_q) + policy_kld) / (q_weight + policy_scale)); one whose orig_q is
    NaN is always kept. queue_capacity counts chunks.

    >>> from penstock import loader
    >>> loader.ChunkUnpackerConfig(position_sampling_rate=0.03).threads
    1
    """

    stage: ClassVar[str] = "chunk_unpacker"
    threads: int = 1
    position_sampling_rate: float = 1.0
    position_count: int | None = None
    diff_focus_min: float | None = None
    diff_focus_slope: float | None = None
    diff_focus_q_weight: float | None = None
    diff_focus_policy_scale: float | None = None
    queue_capacity: int = 16

    def __post_init__(self) -> None:
        require_integer(self, "threads", 1, MOST_THREADS)
        require_number(self, "position_sampling_rate", 0, 1, above=True)
        require_integer(self, "position_count", 1)
        if self.position_count is not None and self.position_sampling_rate != 1:
            raise InvalidArgumentError(
                f"{name_of(self, 'position_count')} is {self.position_count} and position_sampling_rate "
                f"{self.position_sampling_rate}: only one of them can choose positions"
            )
        require_number(self, "diff_focus_min", 0, 1)
        for field in DIFF_FOCUS[1:]:
            require_number(self, field, 0)
        missing = [field for field in DIFF_FOCUS if getattr(self, field) is None]
        if 0 < len(missing) < len(DIFF_FOCUS):
            raise InvalidArgumentError(
                f"{name_of(self, missing[0])} is missing: diff focus needs {', '.join(DIFF_FOCUS)}"
            )
        require_integer(self, "queue_capacity", 1, LONGEST_QUEUE)
        if self.diff_focus_q_weight == 0 and self.diff_focus_policy_scale == 0:
            raise InvalidArgumentError(f"{name_of(self, 'diff_focus_policy_scale')} and diff_focus_q_weight are both 0")


@dataclass(frozen=True)
class ShufflingFrameSamplerConfig(Config):
    """How positions are shuffled: in a reservoir of reservoir_size_per_thread * threads, a parameter of the order.

    With reservoir_size_per_thread=0 positions stay in the order of their games. queue_capacity counts batches.

    >>> from penstock import loader
    >>> loader.ShufflingFrameSamplerConfig(reservoir_size_per_thread=20_000, threads=2).reservoir_size
    40000
    """

    stage: ClassVar[str] = "shuffling_frame_sampler"
    reservoir_size_per_thread: int = 1_000_000
    threads: int = 1
    queue_capacity: int = 4

    def __post_init__(self) -> None:
        require_integer(self, "threads", 1, MOST_THREADS)
        require_integer(self, "reservoir_size_per_thread", 0, 2**32 // self.threads)
        require_integer(self, "queue_capacity", 1, LONGEST_QUEUE)

    @property
    def reservoir_size(self) -> int:
        """How many positions lie in the reservoir.

        >>> from penstock import loader
        >>> loader.ShufflingFrameSamplerConfig(reservoir_size_per_thread=10, threads=2).reservoir_size
        20
        """
        return self.reservoir_size_per_thread * self.threads


@dataclass(frozen=True)
class TensorGeneratorConfig(Config):
    """What batches are: batch_size positions, as float32, float16 or bfloat16; queue_capacity of them are made ahead.

    drop_last: an epoch's last batch is dropped where it is not full. overflow: what becomes of a batch that finds the
    queue full: "block" (it waits), "drop_new" or "keep_newest" (it, or the oldest one, is dropped and counted).

    >>> from penstock import loader
    >>> loader.TensorGeneratorConfig(dtype="bfloat16").batch_size
    1024
    """

    stage: ClassVar[str] = "tensor_generator"
    batch_size: int = 1024
    threads: int = 1
    dtype: DtypeName = "float32"
    drop_last: bool = False
    queue_capacity: int = 4
    overflow: OverflowRule = "block"

    def __post_init__(self) -> None:
        require_integer(self, "batch_size", 1, 2**32)
        require_integer(self, "threads", 1, MOST_THREADS)
        object.__setattr__(self, "dtype", getattr(self.dtype, "name", self.dtype))
        require_one_of(self, "dtype", get_args(DtypeName))
        require_bool(self, "drop_last")
        require_integer(self, "queue_capacity", 1, LONGEST_QUEUE)
        require_one_of(self, "overflow", get_args(OverflowRule))


STAGES: dict[str, type[Config]] = {
    stage.stage: stage
    for stage in (
        FilePathProviderConfig,
        ChunkSourceLoaderConfig,
        ShufflingChunkPoolConfig,
        ChunkUnpackerConfig,
        ShufflingFrameSamplerConfig,
        TensorGeneratorConfig,
    )
}


@dataclass(frozen=True)
class DataLoaderConfig(Config):
    """A whole loader: its stages by name, or as stages=[...] in any order; missing ones take their defaults.

    seed decides the order and what is sampled. epochs: how often all chunks are read; None: without end.
    on_bad_sample: "stop" (a chunk that cannot be read is an error, at the batch where it belongs) or "skip" (it is
    counted), up to bad_sample_limit, None for any number. outputs: names of disjoint shares of the chunks, as
    {"train": 0.9, "test": 0.1}. output: what batches consist of, "tensor", "numpy" or "torch".

    >>> from penstock import loader
    >>> config = loader.DataLoaderConfig(stages=[loader.FilePathProviderConfig(directory="games")], seed=7)
    >>> loader.DataLoaderConfig.from_toml(config.to_toml()) == config
    True
    """

    file_path_provider: FilePathProviderConfig = FilePathProviderConfig()
    chunk_source_loader: ChunkSourceLoaderConfig = ChunkSourceLoaderConfig()
    shuffling_chunk_pool: ShufflingChunkPoolConfig = ShufflingChunkPoolConfig()
    chunk_unpacker: ChunkUnpackerConfig = ChunkUnpackerConfig()
    shuffling_frame_sampler: ShufflingFrameSamplerConfig = ShufflingFrameSamplerConfig()
    tensor_generator: TensorGeneratorConfig = TensorGeneratorConfig()
    seed: int = 0
    epochs: int | None = None
    on_bad_sample: Literal["stop", "skip"] = "stop"
    bad_sample_limit: int | None = None
    outputs: Mapping[str, float] | None = None
    output: OutputKind = "tensor"
    stages: dataclasses.InitVar[Sequence[Config] | None] = None

    def __post_init__(self, stages: Sequence[Config] | None) -> None:
        self._take_stages(stages or ())
        for name, kind in STAGES.items():
            given = getattr(self, name)
            if isinstance(given, Mapping):
                object.__setattr__(self, name, kind.from_dict(given))
            elif not isinstance(given, kind):
                raise TypeMismatchError(f"{name_of(self, name)} is {given!r}: expected a {kind.__name__}")
        require_integer(self, "seed", 0, 2**64 - 1)
        require_integer(self, "epochs", 1)
        require_one_of(self, "on_bad_sample", ("stop", "skip"))
        require_integer(self, "bad_sample_limit", 0)
        require_one_of(self, "output", get_args(OutputKind))
        if self.outputs is not None:
            self._require_outputs(self.outputs)

    def _take_stages(self, stages: Sequence[Config]) -> None:
        taken: set[str] = set()
        for stage in stages:
            if not isinstance(stage, tuple(STAGES.values())):
                raise TypeMismatchError(f"stages has {stage!r}: expected configurations of stages")
            if stage.stage in taken or getattr(self, stage.stage) != STAGES[stage.stage]():
                raise InvalidArgumentError(f"{stage.stage} is given twice")
            taken.add(stage.stage)
            object.__setattr__(self, stage.stage, stage)

    def _require_outputs(self, outputs: Mapping[str, float]) -> None:
        for alias, share in outputs.items():
            if not isinstance(alias, str) or not isinstance(share, (int, float)) or not 0 < share <= 1:
                raise InvalidArgumentError(f"outputs has {alias!r}: {share!r}; expected names with shares from 0 to 1")
        if not outputs or sum(outputs.values()) > 1 + 1e-9:
            raise InvalidArgumentError(f"outputs is {dict(outputs)!r}: expected shares that sum up to 1 at most")
