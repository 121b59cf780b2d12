"""What the tests share.

    pytest tests/python                          all, on the package as it is installed
    pytest --without-extension tests/python      those that need no exchange, on a copy without the extension

scripts/test runs both; the second with the copy's folder in PYTHONPATH.
"""

import gc
import importlib
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import penstock
import pytest
from hypothesis.configuration import set_hypothesis_home_dir
from penstock.base import HAS_EXTENSION

# The files whose tests, but for those marked `exchange`, need nothing of the extension.
WITHOUT_EXTENSION = {
    "test_creation.py", "test_devices.py", "test_files.py", "test_indexing.py", "test_operators_under_gradients.py",
    "test_process.py", "test_tensor.py",
}  # fmt: skip

# The same examples in each run: what was red stays red until it is mended.
hypothesis.settings.register_profile("penstock", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("penstock")
# A shell lets what it runs in the background ignore Ctrl-C, and so would every program that a test starts.
signal.signal(signal.SIGINT, signal.default_int_handler)
set_hypothesis_home_dir(Path(__file__).resolve().parents[2] / "build/hypothesis")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds --without-extension."""
    parser.addoption("--without-extension", action="store_true", help="the package has no DLPack extension")


def pytest_configure(config: pytest.Config) -> None:
    """Refuses a package that is not the one asked for."""
    config.addinivalue_line("markers", "exchange: the extension must be there")
    if config.getoption("--without-extension") == HAS_EXTENSION:
        raise pytest.UsageError(f"{penstock.__file__} is {'with' if HAS_EXTENSION else 'without'} the extension")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves out files that are all about the exchange."""
    if config.getoption("--without-extension") and collection_path.suffix == ".py":
        return collection_path.name not in WITHOUT_EXTENSION
    return None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out tests that are about the exchange."""
    if config.getoption("--without-extension"):
        items[:] = [item for item in items if item.get_closest_marker("exchange") is None]


def pytest_collection_finish() -> None:
    """Lets gc.collect() pass over what the imports made: it would take most of the tests' time."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def nothing_stays() -> Iterator[None]:
    """Fails a test after which penstock holds more memory, or other objects' memory, than before it."""
    gc.collect()
    before = penstock.memory_stats()
    yield
    gc.collect()
    after = penstock.memory_stats()
    assert after._replace(peak_bytes=0) == before._replace(peak_bytes=0)


@pytest.fixture
def one_thread_of_torch() -> Iterator[None]:
    """For networks so small that they take longer on two."""
    torch: Any = importlib.import_module("torch")  # only here: the tests without the extension have no use for it

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
