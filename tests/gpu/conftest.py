"""What the tests on a GPU share.  ./scripts/test --gpu runs them; without a GPU they are red, never skipped."""

import gc
from collections.abc import Iterator

import penstock
import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Names the marker."""
    config.addinivalue_line("markers", "gpu: an NVIDIA GPU must be there")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder."""
    for item in items:
        item.add_marker(pytest.mark.gpu)


@pytest.fixture(autouse=True)
def nothing_stays() -> Iterator[None]:
    """Fails a test after which penstock holds more memory on a device than before it."""
    gc.collect()
    before = {device: penstock.memory_stats(device) for device in penstock.get_devices()}
    yield
    gc.collect()
    after = {device: penstock.memory_stats(device) for device in penstock.get_devices()}
    assert {device: stats._replace(peak_bytes=0) for device, stats in after.items()} == {
        device: stats._replace(peak_bytes=0) for device, stats in before.items()
    }
