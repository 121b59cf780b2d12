"""What holds for the whole process: versions, threads, memory, traces, errors."""

import json
import pickle
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import penstock
import pytest
from penstock import errors
from penstock._native import lib


@pytest.fixture
def threads_put_back() -> Iterator[None]:
    """Puts the number of threads back after a test."""
    yield
    penstock.set_num_threads(0)


def test_the_version_has_three_numbers() -> None:
    assert re.fullmatch(r"\d+\.\d+\.\d+", penstock.__version__)


def test_the_binary_interface_is_of_the_versions_major() -> None:
    major, minor = penstock.abi_version()
    assert major == int(penstock.__version__.split(".")[0])
    assert minor >= 0


# ---- Threads ----


@pytest.mark.usefixtures("threads_put_back")
def test_the_number_of_threads_is_what_was_set() -> None:
    penstock.set_num_threads(3)
    assert penstock.get_num_threads() == 3


@pytest.mark.usefixtures("threads_put_back")
def test_0_threads_go_back_to_what_the_process_may_use() -> None:
    before = penstock.get_num_threads()
    penstock.set_num_threads(before + 1)
    penstock.set_num_threads(0)
    assert penstock.get_num_threads() == before


@pytest.mark.parametrize("number", [-1, 1025, 2**40])
def test_an_impossible_number_of_threads_raises_and_changes_nothing(number: int) -> None:
    before = penstock.get_num_threads()
    with pytest.raises((IndexError, OverflowError), match=str(number)):
        penstock.set_num_threads(number)
    assert penstock.get_num_threads() == before


# ---- Memory ----


def test_memory_is_counted_while_it_is_held() -> None:
    before = penstock.memory_stats()
    tensor = penstock.zeros((10, 100))
    view = tensor[0]
    during = penstock.memory_stats("cpu")
    assert during.live_bytes - before.live_bytes == 4000
    assert during.live_storages - before.live_storages == 1
    del tensor
    assert penstock.memory_stats().live_storages == during.live_storages  # the view holds it
    del view
    after = penstock.memory_stats()
    assert after._replace(peak_bytes=0) == before._replace(peak_bytes=0)
    assert after.peak_bytes >= during.live_bytes


def test_memory_of_a_device_that_is_not_there_is_unavailable() -> None:
    with pytest.raises(penstock.UnavailableError, match="cuda:0"):
        penstock.memory_stats("cuda:0")


# ---- Traces ----


def test_a_trace_has_what_ran(tmp_path: Path) -> None:
    with penstock.trace(tmp_path / "trace.json"):
        penstock.save(tmp_path / "a.npy", penstock.zeros(10))
    events = json.loads((tmp_path / "trace.json").read_text())["traceEvents"]
    assert [event for event in events if event["ph"] == "X"]


def test_a_trace_is_written_though_its_body_raises(tmp_path: Path) -> None:
    with pytest.raises(KeyError), penstock.trace(tmp_path / "trace.json"):
        raise KeyError("mine")
    assert json.loads((tmp_path / "trace.json").read_text())


def test_a_second_trace_is_a_value_error(tmp_path: Path) -> None:
    with penstock.trace(tmp_path / "first.json"), pytest.raises(ValueError, match="trace"):  # noqa: SIM117
        with penstock.trace(tmp_path / "second.json"):
            pass


def test_a_trace_that_cannot_be_written_is_an_os_error(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="missing"), penstock.trace(tmp_path / "missing/trace.json"):
        pass


# ---- Errors ----

CLASSES = [value for value in vars(penstock).values() if isinstance(value, type) and issubclass(value, penstock.Error)]
BUILT_IN = {
    "CancelledError": RuntimeError, "DataError": ValueError, "DoesNotFitError": OverflowError,
    "InternalError": RuntimeError, "InvalidArgumentError": ValueError, "IoError": OSError,
    "NotExportableError": BufferError, "NotFoundError": KeyError, "OutOfMemoryError": MemoryError,
    "OutOfRangeError": IndexError, "ReadOnlyError": ValueError, "TimedOutError": TimeoutError,
    "TypeMismatchError": TypeError, "UnavailableError": RuntimeError,
}  # fmt: skip


def test_each_error_is_also_the_built_in_one_that_fits() -> None:
    found = {each.__name__: each for each in CLASSES if each is not penstock.Error}
    assert found.keys() == BUILT_IN.keys()
    assert [name for name, built_in in BUILT_IN.items() if not issubclass(found[name], built_in)] == []


@pytest.mark.parametrize("each", CLASSES)
def test_an_error_shows_its_sentence_and_can_be_pickled(each: Any) -> None:
    error = each("one sentence")
    assert str(error) == "one sentence"
    assert (type(pickle.loads(pickle.dumps(error))), str(pickle.loads(pickle.dumps(error)))) == (each, "one sentence")


def test_there_is_a_class_for_each_status() -> None:
    named = 0
    while lib.ps_status_name(named):
        named += 1
    assert len(errors.CLASSES) == named
