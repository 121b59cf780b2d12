"""LoaderOptions by themselves: values, limits, contradictions, presets, and the way to JSON and TOML and back."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import penstock
import pytest
from penstock import image, loader
from penstock.loader import LoaderOptions
from penstock.loader.knobs import KNOBS

# A method, its arguments, and the knobs that it sets.
SETTINGS: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    ("with_batch_size", (256,), {"batch_size": 256}),
    ("drop_last", (True,), {"drop_last": True}),
    ("shuffle", (True, 42), {"shuffle": True, "seed": 42}),
    ("with_seed", (2**64 - 1,), {"seed": 2**64 - 1}),
    ("with_epochs", (3,), {"epochs": 3}),
    ("num_workers", (0,), {"num_workers": 0}),
    ("with_prefetch", (16,), {"prefetch": 16}),
    ("pin_memory", ("auto",), {"pin_memory": "auto"}),
    ("non_blocking", (True, "cuda:1"), {"non_blocking": True, "device": "cuda:1"}),
    ("with_device", ("cuda",), {"device": "cuda:0"}),
    ("persistent_workers", (True,), {"persistent_workers": True}),
    ("with_timeout", (30,), {"timeout": 30.0}),
    ("use_spawn", (), {"multiprocessing_context": "spawn"}),
    ("use_fork", (), {"multiprocessing_context": "fork"}),
    ("use_forkserver", (), {"multiprocessing_context": "forkserver"}),
    ("with_transform_processes", (4,), {"transform_processes": 4}),
    ("sequential_sampling", (), {"sampler": "sequential"}),
    ("random_sampling", (True,), {"sampler": "random", "replacement": True}),
    ("weighted_sampling", ([1, 2.5], True, 9), {"sampler": "weighted", "weights": (1.0, 2.5), "num_samples": 9}),
    ("distributed_sampling", (1, 4), {"sampler": "distributed", "rank": 1, "world_size": 4}),
    ("with_shard", (2, 3), {"shard_rank": 2, "shard_world_size": 3}),
    ("with_pytorch_worker", (1, 2), {"worker_id": 1, "num_workers_pytorch": 2}),
    ("channels_first", (), {"memory_format": "channels_first"}),
    ("channels_last", (), {"memory_format": "channels_last"}),
    ("auto_memory_format", (), {"memory_format": "auto"}),
    ("with_generator_seed", (5,), {"generator_seed": 5}),
    ("enable_transforms", (False,), {"enable_transforms": False}),
    ("with_collate_buffer_size", (8,), {"collate_buffer_size": 8}),
    ("with_loading_mode", ("streaming",), {"loading_mode": "streaming"}),
    ("with_reader_mode", ("range",), {"reader_mode": "range"}),
    ("with_part_size", (2**20,), {"part_size": 2**20}),
    ("with_max_inflight_parts", (8,), {"max_inflight_parts": 8}),
    ("with_page_cache_mode", ("direct",), {"page_cache_mode": "direct"}),
    ("auto_tune", (True, 2**30), {"auto_tune": True, "memory_limit": 2**30}),
    ("with_bad_samples", ("skip", 3), {"on_bad_sample": "skip", "bad_sample_limit": 3}),
]


@pytest.mark.parametrize(("method", "arguments", "expected"), SETTINGS, ids=[method for method, _, _ in SETTINGS])
def test_a_method_sets_its_knobs_in_new_options(method: str, arguments: tuple[Any, ...], expected: Any) -> None:
    before = LoaderOptions()
    after = getattr(before, method)(*arguments)
    assert {knob: after[knob] for knob in expected} == expected
    assert before == LoaderOptions()
    others = KNOBS.keys() - expected.keys() - {"replacement"}
    assert {knob: after[knob] for knob in others} == {knob: KNOBS[knob].default for knob in others}


def test_every_knob_can_be_set_by_a_method() -> None:
    assert KNOBS.keys() == {knob for _, _, expected in SETTINGS for knob in expected}


@pytest.mark.parametrize(
    ("method", "arguments", "error", "said"),
    [
        ("with_batch_size", (0,), IndexError, "with_batch_size(): batch_size is 0: expected 1 to"),
        ("with_batch_size", (2.0,), TypeError, "with_batch_size(): batch_size is 2.0: expected an integer"),
        ("with_batch_size", (True,), TypeError, "batch_size is True"),
        ("drop_last", (1,), TypeError, "drop_last(): drop_last is 1: expected True or False"),
        ("shuffle", ("yes",), TypeError, "shuffle(): shuffle is 'yes'"),
        ("shuffle", (True, -1), IndexError, "shuffle(): seed is -1"),
        ("num_workers", (-1,), IndexError, "num_workers(): num_workers is -1: expected 0 to 1024"),
        ("num_workers", ("many",), TypeError, "num_workers is 'many'"),
        ("with_prefetch", (0,), IndexError, "with_prefetch(): prefetch is 0: expected 1 to"),
        ("pin_memory", ("yes",), TypeError, "pin_memory is 'yes': expected True, False or 'auto'"),
        ("non_blocking", (1,), TypeError, "non_blocking is 1"),
        ("with_device", ("gpu",), ValueError, "'gpu' is no device"),
        ("with_timeout", (-1,), IndexError, "timeout is -1: expected 0 to"),
        ("with_timeout", (float("nan"),), IndexError, "timeout is nan"),
        ("with_timeout", ("1",), TypeError, "timeout is '1': expected seconds"),
        ("weighted_sampling", ([],), ValueError, "weights has no weight above 0"),
        ("weighted_sampling", ([0, 0],), ValueError, "weights has no weight above 0"),
        ("weighted_sampling", ([1, -2],), IndexError, "weights[1] is -2: expected a finite number from 0"),
        ("weighted_sampling", ([1, float("inf")],), IndexError, "weights[1] is inf"),
        ("weighted_sampling", ("ab",), TypeError, "weights is 'ab'"),
        ("weighted_sampling", ([1, 0], False, 2), ValueError, "num_samples is 2: without replacement 1 can be drawn"),
        ("distributed_sampling", (4, 4), ValueError, "rank is 4: expected 0 to 3, below world_size"),
        ("with_shard", (-1, 2), IndexError, "with_shard(): rank is -1"),
        ("with_pytorch_worker", (2, 2), ValueError, "worker_id is 2: expected 0 to 1"),
        ("with_loading_mode", ("fast",), ValueError, "expected one of sequential, prefetch, streaming, async_pool"),
        ("with_reader_mode", ("all",), ValueError, "expected one of whole, range"),
        ("with_part_size", (1000,), IndexError, "part_size is 1000: expected 4096 to"),
        ("with_page_cache_mode", ("off",), ValueError, "page_cache_mode is 'off'"),
        ("with_bad_samples", ("ignore",), ValueError, "on_bad_sample is 'ignore'"),
        ("with_bad_samples", ("stop", 3), ValueError, "bad_sample_limit is 3, and on_bad_sample 'stop' skips none"),
        ("enable_transforms", ("resize",), TypeError, "enable_transforms is 'resize'"),
    ],
)
def test_a_wrong_value_is_refused_with_its_method_and_what_was_expected(
    method: str, arguments: tuple[Any, ...], error: type[Exception], said: str
) -> None:
    with pytest.raises(error) as caught:
        getattr(LoaderOptions(), method)(*arguments)
    assert said in str(caught.value)
    assert isinstance(caught.value, penstock.Error)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda options: options.shuffle().weighted_sampling([1, 2]), "shuffle(True) reads each sample once"),
        (lambda options: options.weighted_sampling([1, 2]).shuffle(), "the weighted sampler with replacement"),
        (lambda options: options.shuffle().sequential_sampling(), "the sequential sampler chooses another order"),
        (lambda options: options.random_sampling(True).shuffle(), "the random sampler with replacement"),
        (lambda options: options.num_workers(0).persistent_workers(), "num_workers(0) has none"),
        (lambda options: options.with_shard(0, 2).distributed_sampling(0, 2), "both choose this rank's share"),
    ],
)
def test_what_contradicts_is_refused_with_the_reason(made: Callable[[LoaderOptions], Any], said: str) -> None:
    with pytest.raises(ValueError, match=r"set one|has none") as caught:
        made(LoaderOptions())
    assert said in str(caught.value)


def test_shuffle_goes_with_shares_and_with_a_random_order() -> None:
    assert LoaderOptions().shuffle().distributed_sampling(0, 2)["shuffle"]
    assert LoaderOptions().shuffle().random_sampling()["sampler"] == "random"
    assert LoaderOptions().weighted_sampling([1, 2]).sequential_sampling().shuffle(False)["weights"] is None


def test_a_rank_is_taken_from_the_environment_where_it_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "2")
    monkeypatch.setenv("WORLD_SIZE", "8")
    assert LoaderOptions().distributed_sampling() == LoaderOptions().distributed_sampling(2, 8)
    assert LoaderOptions().with_shard() == LoaderOptions().with_shard(2, 8)
    assert LoaderOptions().distributed_optimized()["rank"] == 2
    assert LoaderOptions().distributed_sampling(rank=7)["rank"] == 7
    monkeypatch.setenv("RANK", "second")
    with pytest.raises(ValueError, match="rank is not given, and RANK is 'second': expected an integer"):
        LoaderOptions().distributed_sampling()
    monkeypatch.delenv("RANK")
    with pytest.raises(KeyError, match="rank is not given, and the environment has no RANK"):
        LoaderOptions().with_shard()


def test_numbers_and_arrays_of_numpy_are_taken() -> None:
    weights: Any = np.array([1, 3], np.float32)
    options = LoaderOptions().with_batch_size(np.int32(8)).weighted_sampling(weights)  # type: ignore[arg-type]
    assert type(options["batch_size"]) is int
    assert options["weights"] == (1.0, 3.0)
    assert LoaderOptions().weighted_sampling(penstock.arange(3))["weights"] == (0.0, 1.0, 2.0)  # type: ignore[arg-type]


def test_a_knob_that_there_is_not_is_named() -> None:
    with pytest.raises(KeyError, match="no knob 'batchsize': expected one of batch_size"):
        LoaderOptions()["batchsize"]
    with pytest.raises(ValueError, match="no knob 'batchsize'"):
        LoaderOptions.from_dict({"batchsize": 8})
    with pytest.raises(ValueError, match="no knob 'batchsize'"):
        LoaderOptions(batchsize=8)


def test_repr_shows_what_was_set_and_what_of_it_does_nothing() -> None:
    options = LoaderOptions().with_batch_size(8).with_part_size(2**20).use_fork().weighted_sampling([1, 2, 3])
    assert repr(options) == (
        "LoaderOptions(batch_size=8, part_size=1048576 (inactive: reader_mode is 'whole'), "
        "multiprocessing_context='fork' (inactive: no transform processes: native decoding is threads), "
        "sampler='weighted', weights=<3 weights>, replacement=True)"
    )


def test_auto_is_reported_inactive_without_a_gpu() -> None:
    options = LoaderOptions().gpu_optimized()
    has_gpu = len(penstock.get_devices()) > 1
    assert ("pin_memory='auto' (inactive: no CUDA device)" in repr(options)) != has_gpu
    assert ("pin_memory" in options.inactive()) != has_gpu


def test_presets_print_the_knobs_that_they_set() -> None:
    assert LoaderOptions().gpu_optimized() == LoaderOptions(
        pin_memory="auto", non_blocking="auto", persistent_workers=True, prefetch=4
    )
    distributed = LoaderOptions().distributed_optimized(1, 2)
    assert distributed == LoaderOptions().gpu_optimized().drop_last().distributed_sampling(1, 2)
    debug = LoaderOptions().shuffle(True, seed=3).gpu_optimized().debug_mode()
    for shown in ("num_workers=0", "loading_mode='sequential'", "shuffle=False", "persistent_workers=False"):
        assert shown in repr(debug)
    assert debug.gpu_optimized()["num_workers"] == "auto"


def options_with_all_set() -> list[LoaderOptions]:
    made = [getattr(LoaderOptions(), method)(*arguments) for method, arguments, _ in SETTINGS]
    steps = [image.Resize(224, 224), image.Normalize((0.5,), (0.25,))]
    return [*made, LoaderOptions().enable_transforms(steps), LoaderOptions().distributed_optimized(1, 2)]


@pytest.mark.parametrize("options", options_with_all_set(), ids=repr)
def test_options_come_back_from_dicts_json_toml_and_pickles(options: LoaderOptions) -> None:
    assert LoaderOptions.from_dict(options.to_dict()) == options
    assert LoaderOptions.from_json(options.to_json()) == options
    assert LoaderOptions.from_toml(options.to_toml()) == options
    assert pickle.loads(pickle.dumps(options)) == options
    assert hash(copy.copy(options)) == hash(options)
    assert options.to_dict().keys() == KNOBS.keys()


def test_a_function_has_no_place_in_json() -> None:
    with pytest.raises(ValueError, match=r"enable_transforms\[0\] is <built-in function abs>: a Python callable"):
        LoaderOptions().enable_transforms([abs]).to_json()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ('{"batch_size": 0}', "batch_size is 0"),
        ('{"enable_transforms": [{"transform": "Explode"}]}', "the transform 'Explode'"),
        ('{"enable_transforms": [{"transform": "Resize", "depth": 3}]}', "depth"),
    ],
)
def test_json_that_is_not_options_is_refused_with_the_reason(text: str, said: str) -> None:
    with pytest.raises(penstock.Error) as caught:
        LoaderOptions.from_json(text)
    assert said in str(caught.value)


def test_toml_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="the options are no TOML"):
        LoaderOptions.from_toml("batch_size 8")


def test_options_are_equal_where_all_knobs_are() -> None:
    assert LoaderOptions().with_prefetch(2) == LoaderOptions()
    assert LoaderOptions().with_prefetch(3) != LoaderOptions()
    assert LoaderOptions() != {"prefetch": 2}


def test_the_names_of_the_package_are_the_loaders() -> None:
    assert penstock.LoaderOptions is loader.LoaderOptions is loader.PyLoaderOptions
    assert penstock.DataLoader is loader.DataLoader
