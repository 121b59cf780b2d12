"""A GPU's memory between penstock and torch, and the order of their streams."""

from collections.abc import Callable
from typing import Any

import penstock
import pytest
import torch

cuda: Any = torch.cuda  # most of it has no types
GPU = "cuda:0"
DTYPES = ["bool", "int8", "int16", "int32", "int64", "uint8", "float16", "bfloat16", "float32", "float64", "complex64",
          "complex128"]  # fmt: skip
LATE = 200_000_000  # cycles: about a tenth of a second


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lend", [torch.from_dlpack, lambda t: t.torch(), lambda t: torch.from_dlpack(t.__dlpack__())])
def test_torch_borrows_every_dtype(dtype: str, lend: Callable[[Any], torch.Tensor]) -> None:
    ours = penstock.arange(12).astype(dtype).reshape(3, 4).to(GPU)
    theirs = lend(ours.T)
    assert (theirs.data_ptr(), theirs.device) == (ours.data_ptr, torch.device(GPU))
    assert theirs.cpu().tolist() == ours.T.tolist()


@pytest.mark.parametrize("dtype", DTYPES)
def test_penstock_borrows_every_dtype(dtype: str) -> None:
    theirs = torch.arange(12, device=GPU).reshape(3, 4).to(getattr(torch, dtype)).T
    for ours in (penstock.from_dlpack(theirs), penstock.from_dlpack(theirs.__dlpack__())):
        assert (ours.data_ptr, ours.device.name, ours.strides) == (theirs.data_ptr(), GPU, theirs.stride())
        assert ours.tolist() == theirs.cpu().tolist()


def test_conversions_and_fills_agree_with_torch() -> None:
    theirs = torch.randn(1000, device=GPU)
    ours = penstock.from_dlpack(theirs)
    assert torch.from_dlpack(ours.astype("float16")).equal(theirs.half())
    assert torch.from_dlpack(ours.astype("bfloat16")).equal(theirs.bfloat16())
    ours.fill_(2.5)
    assert theirs.eq(2.5).all()


def test_the_memory_outlives_the_tensor_it_was_lent_from() -> None:
    lent = torch.from_dlpack(penstock.full(1000, 3.0, device=GPU))
    other = [penstock.zeros(1000, device=GPU) for _ in range(10)]
    assert lent.eq(3).all()
    del lent, other


@pytest.mark.parametrize("lend", [torch.from_dlpack, lambda t: t.torch()])
def test_torch_waits_for_our_late_stream(lend: Callable[[Any], torch.Tensor]) -> None:
    stream = cuda.Stream()
    ours = penstock.zeros(1000, device=GPU)
    cuda.synchronize()
    with cuda.stream(stream):
        cuda._sleep(LATE)
    with penstock.stream(stream):
        ours.fill_(5)
        lent = lend(ours)
    assert lent.eq(5).all()


@pytest.mark.parametrize("by", [penstock.from_dlpack, lambda t: penstock.from_dlpack(t, copy=False)])
def test_our_stream_waits_for_a_late_producer(by: Callable[[Any], penstock.Tensor]) -> None:
    stream, ours_on = cuda.Stream(), cuda.Stream()
    theirs = torch.zeros(1000, device=GPU)
    cuda.synchronize()
    with cuda.stream(stream), penstock.stream(ours_on):
        cuda._sleep(LATE)
        theirs.fill_(6)
        assert by(theirs).clone().tolist() == [6.0] * 1000


def test_a_late_consumer_reads_right_values_after_the_lender_is_gone() -> None:
    stream = cuda.Stream()
    ours = penstock.full(1_000_000, 7.0, device=GPU)
    with cuda.stream(stream):
        lent = torch.from_dlpack(ours)
        cuda._sleep(LATE)
        total = lent.sum()
        del lent, ours
    reused = [penstock.zeros(1_000_000, device=GPU) for _ in range(4)]  # wherever the memory went by now
    stream.synchronize()
    assert total.item() == 7_000_000
    del reused


def test_an_exchange_does_not_wait() -> None:
    ours, theirs = penstock.zeros(1000, device=GPU), torch.zeros(1000, device=GPU)
    done = cuda.Event()
    cuda.synchronize()
    cuda._sleep(10 * LATE)
    done.record()
    lent, borrowed = torch.from_dlpack(ours), penstock.from_dlpack(theirs)
    assert not done.query()
    cuda.synchronize()
    del lent, borrowed


def test_a_stream_of_torchs_is_taken_for_a_while() -> None:
    stream = cuda.Stream()
    with penstock.stream(stream):
        assert penstock.get_stream(GPU) == stream.cuda_stream
    assert penstock.get_stream(GPU) == 1


def test_three_hundred_thousand_exchanges_leave_nothing() -> None:
    ours, theirs = penstock.zeros(10, device=GPU), torch.zeros(10, device=GPU)
    for _ in range(100_000):
        torch.from_dlpack(ours)
        ours.__dlpack__()
        penstock.from_dlpack(theirs)
    cuda.synchronize()
