"""What the tests share."""

import gc
from collections.abc import Iterator

import pytest

import penstock


@pytest.fixture
def nothing_stays() -> Iterator[None]:
    """Fails a test after which penstock holds more memory, or other objects' memory, than before it."""
    gc.collect()
    before = penstock.memory_stats()
    yield
    gc.collect()
    after = penstock.memory_stats()
    assert after._replace(peak_bytes=0) == before._replace(peak_bytes=0)
