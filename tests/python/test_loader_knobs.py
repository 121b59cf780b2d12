"""Each knob of LoaderOptions shows its effect: a test goes red where the knob is stored and ignored."""

import collections
import ctypes
import importlib
import mmap
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import penstock
import PIL.Image
import pytest
import sample_functions
from penstock import image, loader
from penstock.loader import LoaderOptions

stats: Any = importlib.import_module("scipy.stats")  # it comes without types

ROWS = 1000
HAS_GPU = len(penstock.get_devices()) > 1
PLAIN = LoaderOptions().with_batch_size(10).num_workers(1)


@pytest.fixture
def rows(tmp_path: Path) -> Path:
    """A thousand rows of their numbers."""
    path = tmp_path / "rows.npy"
    np.save(path, np.arange(ROWS))
    return path


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Forty JPEGs of 40 by 30 pixels of noise."""
    folder = tmp_path / "pictures" / "noise"
    folder.mkdir(parents=True)
    noise = np.random.default_rng(0)
    for number in range(40):
        levels = noise.integers(0, 256, (30, 40, 3), np.uint8)
        PIL.Image.fromarray(levels).save(folder / f"{number:02}.jpg", quality=95)
    return folder.parent


def epoch_of(path: Path, options: LoaderOptions) -> list[int]:
    with loader.open(path, options, output="numpy", fields=["y"]) as batches:
        return [number for (numbers,) in batches for number in numbers.tolist()]


def threads() -> int:
    return len(list(Path("/proc/self/task").iterdir()))


def settled(value: Callable[[], int]) -> int:
    """What a number is once it has not changed for a while."""
    before = None
    while (now := value()) != before:
        before = now
        time.sleep(0.3)
    return now


def batches_made(batches: loader.SampleLoader) -> int:
    return settled(lambda: next(s["items"] for s in batches.metrics()["stages"] if s["name"] == "collate"))


def test_batch_size_and_drop_last(rows: Path) -> None:
    for options, sizes in ((PLAIN, [300, 300, 300, 100]), (PLAIN.drop_last(), [300, 300, 300])):
        with loader.open(rows, options.with_batch_size(300), fields=["y"]) as batches:
            assert [len(numbers) for (numbers,) in batches] == sizes
            assert (len(batches), batches.num_samples) == (len(sizes), sum(sizes))


def test_shuffle_and_seed(rows: Path) -> None:
    assert epoch_of(rows, PLAIN) == list(range(ROWS))
    first, same, other = (epoch_of(rows, PLAIN.shuffle(True, seed)) for seed in (1, 1, 2))
    assert first == same != other
    assert sorted(first) == sorted(other) == list(range(ROWS))
    assert first == epoch_of(rows, PLAIN.shuffle().with_seed(1))


def test_epochs(rows: Path) -> None:
    with loader.open(rows, PLAIN.with_batch_size(500).with_epochs(2)) as batches:
        for _ in range(4):
            batches.get_next()
        with pytest.raises(loader.EndOfData, match="all 2 epochs have been delivered"):
            batches.get_next()
        assert list(batches) == []


def test_num_workers(rows: Path) -> None:
    before = threads()
    with loader.open(rows, PLAIN.num_workers(0)) as batches:
        batches.get_next()
        assert threads() == before
    counts = []
    for workers in (1, 6):
        with loader.open(rows, PLAIN.num_workers(workers)) as batches:
            batches.get_next()
            counts.append(threads())
    assert counts[1] - counts[0] == 5


def test_prefetch(rows: Path) -> None:
    made = []
    for ahead in (1, 6):
        with loader.open(rows, PLAIN.with_prefetch(ahead)) as batches:
            batches.get_next()
            made.append(batches_made(batches))
    assert made[1] - made[0] == 5


@pytest.mark.parametrize("knob", ["pin_memory", "non_blocking"])
def test_what_needs_a_gpu(rows: Path, knob: str) -> None:
    wanted = getattr(PLAIN.with_device("cuda:0") if HAS_GPU and knob == "non_blocking" else PLAIN, knob)
    if HAS_GPU:
        with loader.open(rows, wanted(True), output="torch", fields=["y"]) as batches:
            (numbers,) = batches.get_next()
            assert numbers.is_pinned() if knob == "pin_memory" else numbers.is_cuda
            assert batches.metrics()[knob] == "active"
        return
    with pytest.raises(penstock.UnavailableError):
        loader.open(rows, wanted(True))
    with loader.open(rows, wanted("auto")) as batches:
        batches.get_next()
        assert batches.metrics()[knob] == "inactive"
        assert batches.metrics()["inactive"] == {knob: "no CUDA device"}


def test_device(rows: Path) -> None:
    if HAS_GPU:
        with loader.open(rows, PLAIN.with_device("cuda:0"), fields=["y"]) as batches:
            assert batches.get_next()[0].device == "cuda:0"
    else:
        with pytest.raises(penstock.UnavailableError):
            loader.open(rows, PLAIN.with_device("cuda:0"))


def test_persistent_workers(rows: Path) -> None:
    before = threads()
    found = []
    for stay in (False, True):
        with loader.open(rows, PLAIN.num_workers(3).persistent_workers(stay).with_batch_size(500)) as batches:
            list(batches)
            found.append(settled(threads) - before)
    assert found == [0, 3]


@pytest.mark.parametrize(
    ("workers", "said"), [(0, "who asks has not finished it"), (1, r'the stage "decode" is behind.*with sample \d')]
)
def test_timeout(tmp_path: Path, workers: int, said: str) -> None:
    folder = tmp_path / "noise"
    folder.mkdir()
    levels = np.random.default_rng(0).integers(0, 256, (1000, 1000, 3), np.uint8)
    for number in range(8):
        PIL.Image.fromarray(levels).save(folder / f"{number}.png", compress_level=1)
    options = PLAIN.num_workers(workers).with_batch_size(8).with_timeout(0.01)
    with loader.open(tmp_path, options, format="images") as batches:
        messages = []
        while True:  # nothing is lost: the same batch comes later
            try:
                assert len(batches.get_next()["cls"]) == 8
                break
            except TimeoutError as error:
                messages.append(str(error))
        assert [message for message in messages if re.search(said, message)]


@pytest.mark.parametrize(
    ("method", "name"),
    [("use_fork", "ForkProcess"), ("use_spawn", "SpawnProcess"), ("use_forkserver", "ForkServerProcess")],
)
def test_multiprocessing_context_and_transform_processes(rows: Path, method: str, name: str) -> None:
    options = getattr(PLAIN, method)().with_transform_processes(1)
    with loader.open(rows, options, transforms=[sample_functions.start_method]) as batches:
        assert set(batches.get_next()["process"]) == {name}


def test_sequential_sampling(rows: Path) -> None:
    assert epoch_of(rows, PLAIN.sequential_sampling()) == list(range(ROWS))


def test_random_sampling(rows: Path) -> None:
    once = epoch_of(rows, PLAIN.random_sampling())
    assert once == epoch_of(rows, PLAIN.shuffle())
    drawn = epoch_of(rows, PLAIN.random_sampling(True, num_samples=50 * ROWS).with_batch_size(5000))
    counts = collections.Counter(drawn)
    assert stats.chisquare([counts[number] for number in range(ROWS)]).pvalue > 1e-4


def test_weighted_sampling_with_replacement(rows: Path) -> None:
    weights = np.r_[0, np.random.default_rng(1).random(ROWS - 1)]
    options = PLAIN.weighted_sampling(weights.tolist(), num_samples=200_000).with_batch_size(5000)
    counts = collections.Counter(epoch_of(rows, options))
    assert counts[0] == 0
    expected = 200_000 * weights / weights.sum()
    enough = expected >= 5
    found = np.array([counts[number] for number in range(ROWS)])
    rest = [found[~enough].sum()], [expected[~enough].sum()]
    assert stats.chisquare(np.r_[found[enough], rest[0]], np.r_[expected[enough], rest[1]]).pvalue > 1e-4


def test_weighted_sampling_without_replacement(tmp_path: Path) -> None:
    np.save(tmp_path / "few.npy", np.arange(3))
    weights = [5.0, 3.0, 2.0]
    pairs: collections.Counter[tuple[int, ...]] = collections.Counter()
    options = PLAIN.weighted_sampling(weights, replacement=False, num_samples=2).with_batch_size(2)
    with loader.open(tmp_path / "few.npy", options, output="numpy", fields=["y"]) as batches:
        for _ in range(6000):
            pairs[tuple(batches.get_next()[0].tolist())] += 1
    expected = {
        (i, j): 6000 * weights[i] / 10 * weights[j] / (10 - weights[i]) for i in range(3) for j in range(3) if i != j
    }
    assert pairs.keys() == expected.keys()
    assert stats.chisquare([pairs[pair] for pair in expected], list(expected.values())).pvalue > 1e-4


@pytest.mark.parametrize("share", ["distributed_sampling", "with_shard", "with_pytorch_worker"])
def test_shares_are_disjoint_and_cover_the_set(rows: Path, share: str) -> None:
    shares = [epoch_of(rows, getattr(PLAIN.shuffle(), share)(rank, 3)) for rank in range(3)]
    assert sorted(number for one in shares for number in one) == list(range(ROWS))
    assert {len(one) for one in shares} <= {333, 334}


def test_memory_format(pictures: Path) -> None:
    strides = {}
    for name in ("channels_first", "channels_last", "auto_memory_format"):
        with loader.open(pictures, getattr(PLAIN, name)(), output="numpy", fields=["jpg"]) as batches:
            (levels,) = batches.get_next()
            assert levels.shape == (10, 3, 30, 40)
            strides[name] = levels.strides
    assert strides["channels_first"] == (3600, 1200, 40, 1)
    assert strides["channels_last"] == strides["auto_memory_format"] == (3600, 1, 120, 3)


def test_generator_seed(pictures: Path) -> None:
    def crops(options: LoaderOptions) -> tuple[bytes, list[str]]:
        steps = [image.RandomCrop(8)]
        fields = ["jpg", "__key__"]
        with loader.open(pictures, options, output="numpy", fields=fields, transforms=steps) as batches:
            levels, keys = batches.get_next()
            return levels.tobytes(), list(keys)

    shuffled = PLAIN.shuffle(True, seed=1)
    first, same, other = (crops(shuffled.with_generator_seed(seed)) for seed in (1, 1, 2))
    assert first == same
    assert first[0] != other[0]
    assert first[1] == other[1]
    assert crops(shuffled) == first  # where it is not set it is the order's


def test_enable_transforms(pictures: Path) -> None:
    steps = [image.CenterCrop(20), image.ToDType("float32", scale=True)]

    def batch(options: LoaderOptions, transforms: Any = None) -> Any:
        with loader.open(pictures, options, output="numpy", fields=["jpg"], transforms=transforms) as batches:
            return batches.get_next()[0]

    assert batch(PLAIN, steps).shape == batch(PLAIN.enable_transforms(steps)).shape == (10, 3, 20, 20)
    assert batch(PLAIN, steps).dtype == np.float32
    assert batch(PLAIN.enable_transforms(False), steps).shape == (10, 3, 30, 40)


def test_collate_buffer_size(rows: Path) -> None:
    found = []
    for size in (1, 3):
        options = PLAIN.with_collate_buffer_size(size).with_prefetch(8).num_workers(4)
        with loader.open(rows, options) as batches:
            batches.get_next()
            found.append(batches.metrics()["collate_buffer_size"])
    assert found == [1, 3]


def test_loading_mode(rows: Path) -> None:
    made, orders = {}, []
    for mode in ("sequential", "prefetch", "streaming", "async_pool"):
        options = PLAIN.with_loading_mode(mode).with_prefetch(4).shuffle()
        orders.append(epoch_of(rows, options))
        with loader.open(rows, options) as batches:
            batches.get_next()
            assert batches.metrics()["loading_mode"] == mode
            made[mode] = batches_made(batches)
    assert orders == [orders[0]] * 4
    assert made.pop("sequential") == 1
    assert min(made.values()) > 3


def reads() -> int:
    """The system calls so far with which this process has read."""
    return int(dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())["syscr"])


@pytest.fixture
def large_file(tmp_path: Path) -> Path:
    path = tmp_path / "large.bin"
    path.write_bytes(np.random.default_rng(0).bytes(4 * 2**20))
    return path


def bytes_of(path: Path, options: LoaderOptions) -> tuple[bytes, int]:
    """A file as a sample, and the system calls that read it."""
    with loader.open(path, options.with_batch_size(1), format="files") as batches:
        before = reads()
        (found,) = batches.get_next().values()
        return found[0], reads() - before


def test_reader_mode_and_part_size(large_file: Path) -> None:
    whole, calls_of_whole = bytes_of(large_file, PLAIN)
    ranged = PLAIN.with_reader_mode("range")
    for part_size in (2**16, 2**18):
        found, calls = bytes_of(large_file, ranged.with_part_size(part_size))
        assert found == whole == large_file.read_bytes()
        assert calls >= 2**22 // part_size > calls_of_whole
    assert bytes_of(large_file, PLAIN.with_part_size(2**16))[1] == calls_of_whole


def resident_pages(path: Path) -> int:
    """The pages of a file that lie in the page cache."""
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, mmap.MAP_SHARED, mmap.PROT_READ) as mapped:
        pages = -(-len(mapped) // mmap.PAGESIZE)
        address = np.frombuffer(mapped, np.uint8).ctypes.data
        found = (ctypes.c_ubyte * pages)()
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.mincore(ctypes.c_void_p(address), ctypes.c_size_t(len(mapped)), found) == 0
        return sum(page & 1 for page in found)


def drop_from_page_cache(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def test_page_cache_mode(large_file: Path) -> None:
    pages: dict[str, int] = {}
    for mode in ("normal", "dont_need", "direct"):
        drop_from_page_cache(large_file)
        assert resident_pages(large_file) < 100
        found, _ = bytes_of(large_file, PLAIN.with_page_cache_mode(mode))
        assert found == large_file.read_bytes() if mode == "normal" else len(found) == 2**22
        pages[mode] = resident_pages(large_file)
    assert pages["normal"] == 1024
    assert pages["dont_need"] < 100
    assert pages["direct"] < 100


def test_page_cache_modes_read_ahead_or_not(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.zeros((1024, 4096), np.uint8))
    pages = {}
    for mode in ("random", "sequential"):
        with loader.open(path, PLAIN.with_batch_size(1).num_workers(0).with_page_cache_mode(mode)) as batches:
            drop_from_page_cache(path)
            batches.get_next()
            pages[mode] = resident_pages(path)
    assert pages["random"] < pages["sequential"]


def test_auto_tune_reports_its_choice_and_keeps_the_order(rows: Path) -> None:
    tuned = PLAIN.shuffle().num_workers(2).persistent_workers().auto_tune()
    assert epoch_of(rows, tuned) == epoch_of(rows, PLAIN.shuffle())
    with loader.open(rows, tuned) as batches:
        for _ in range(3):
            list(batches)
        choice = batches.metrics()["auto_tune"]
        assert set(choice) >= {"settled", "trials"}
        assert 1 <= batches.metrics()["active_workers"] <= 2
    with loader.open(rows, PLAIN) as batches:
        batches.get_next()
        assert batches.metrics()["auto_tune"] is None


def test_memory_limit_bounds_the_batches_ahead(tmp_path: Path) -> None:
    path = tmp_path / "rows.npy"
    np.save(path, np.zeros((400, 10_000), np.uint8))
    made = []
    for limit in (300_000, None):
        options = LoaderOptions(memory_limit=limit) if limit else LoaderOptions()
        with loader.open(path, options.with_batch_size(10).num_workers(1).with_prefetch(20)) as batches:
            batches.get_next()
            made.append(batches_made(batches))
    assert made[0] <= 1 + 3 < made[1]


def test_bad_samples(pictures: Path) -> None:
    for number in (3, 7):
        path = pictures / "noise" / f"{number:02}.jpg"
        path.write_bytes(path.read_bytes()[:200])
    with loader.open(pictures, PLAIN) as batches, pytest.raises(penstock.DataError, match=r"03\.jpg"):
        list(batches)
    with loader.open(pictures, PLAIN.with_bad_samples("skip")) as batches:
        assert sum(len(batch["cls"]) for batch in batches) == 38
        assert batches.metrics()["bad_samples"] == 2
        assert "03.jpg" in batches.metrics()["bad_sample_examples"][0]
    limited = PLAIN.with_bad_samples("skip", limit=1)
    with loader.open(pictures, limited) as batches, pytest.raises(penstock.DataError, match=r"07\.jpg"):
        list(batches)
