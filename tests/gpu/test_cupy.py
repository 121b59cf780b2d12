"""A GPU's memory between penstock and CuPy.  Without CuPy these are red and say how to install it; no other test is."""

from typing import Any

import penstock
import pytest

GPU = "cuda:0"


@pytest.fixture
def cupy() -> Any:
    """The module."""
    try:
        import cupy  # noqa: PLC0415 - its absence is this fixture's to report
    except ImportError as error:
        pytest.fail(f"CuPy is not installed ({error}): pip install cupy-cuda13x")
    return cupy


def test_cupy_borrows_our_memory(cupy: Any) -> None:
    ours = penstock.arange(12, device=GPU).reshape(3, 4)
    theirs = cupy.from_dlpack(ours)
    theirs[0, 0] = 50
    cupy.cuda.Device().synchronize()
    assert (theirs.data.ptr, ours[0, 0].item()) == (ours.data_ptr, 50)


def test_penstock_borrows_cupys_memory(cupy: Any) -> None:
    theirs = cupy.arange(12).reshape(3, 4)
    ours = penstock.from_dlpack(theirs)
    assert (ours.data_ptr, ours.tolist()) == (theirs.data.ptr, theirs.get().tolist())


def test_a_stream_of_cupys_is_taken_and_waited_for(cupy: Any) -> None:
    stream = cupy.cuda.Stream(non_blocking=True)
    with stream:
        theirs = cupy.zeros(1_000_000)
        for _ in range(100):
            theirs += 1
        ours = penstock.from_dlpack(theirs)
    assert ours.tolist() == [100.0] * 1_000_000
    with penstock.stream(stream):
        ours.fill_(3)
        assert penstock.get_stream(GPU) == stream.ptr
    with stream:
        assert (theirs == 3).all()
