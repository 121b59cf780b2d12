"""Tensors on a GPU beside the same on the CPU, with no other library: these also run on an emulated GPU."""

import pickle
from pathlib import Path

import penstock
import pytest

GPU = "cuda:0"
NUMBERS = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16",
                             "bfloat16", "float32", "float64", "complex64", "complex128"]  # fmt: skip
LAYOUTS = [
    lambda t: t,
    lambda t: t.T,
    lambda t: t[::2, 1::3],
    lambda t: t[::-1, ::-2],
    lambda t: t[3],
    lambda t: t[2:3].expand(4, 8),
]


def numbers(dtype: str) -> penstock.Tensor:
    """An 8 x 8 matrix of small numbers, a third of them below 0 where the dtype has such."""
    return (penstock.arange(-20, 44).astype(dtype)).reshape(8, 8)


def bits(tensor: penstock.Tensor) -> bytes:
    """The elements in row-major order, as they lie in memory."""
    return bytes(memoryview(tensor.to("cpu").contiguous().flatten().view("uint8")))


def test_the_gpu_is_listed_with_what_it_is() -> None:
    gpu = penstock.get_devices()[1]
    assert (gpu.name, gpu.kind) == (GPU, "cuda")
    assert gpu.memory_gb > 0.1
    assert gpu.model != ""
    capability = gpu.compute_capability
    assert capability is not None
    assert capability >= (8, 0)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("layout", range(len(LAYOUTS)))
def test_elements_come_back_as_they_went(dtype: str, layout: int) -> None:
    host = LAYOUTS[layout](numbers(dtype))
    there = host.to(GPU)
    assert there.device == GPU
    assert bits(there) == bits(host)


@pytest.mark.parametrize("dtype", NUMBERS)
@pytest.mark.parametrize("layout", range(len(LAYOUTS)))
def test_a_view_made_on_the_gpu_is_the_cpus(dtype: str, layout: int) -> None:
    host = numbers(dtype)
    assert bits(LAYOUTS[layout](host.to(GPU)).contiguous()) == bits(LAYOUTS[layout](host))


@pytest.mark.parametrize("source", NUMBERS)
@pytest.mark.parametrize("target", NUMBERS)
def test_conversions_give_the_cpus_bits(source: str, target: str) -> None:
    host = numbers(source)
    assert bits(host.to(GPU).T.astype(target)) == bits(host.T.astype(target))


@pytest.mark.parametrize("dtype", NUMBERS)
def test_fills_every_dtype(dtype: str) -> None:
    host, there = numbers(dtype), numbers(dtype).to(GPU)
    for tensor in (host, there):
        tensor[::2, 1::3].fill_(True)
    assert bits(there) == bits(host)


def test_tensors_are_made_there() -> None:
    with penstock.device(GPU):
        made = [penstock.zeros(5), penstock.ones(5, dtype="int8"), penstock.full(5, 2.5), penstock.arange(0, 9, 2),
                penstock.Tensor([[1, 2], [3, 4]])]  # fmt: skip
    assert [tensor.device for tensor in made] == [GPU] * 5
    assert [tensor.tolist() for tensor in made] == [
        [0.0] * 5, [1] * 5, [2.5] * 5, [0, 2, 4, 6, 8], [[1, 2], [3, 4]],
    ]  # fmt: skip


def test_elements_are_read_picked_and_assigned() -> None:
    there = penstock.arange(6).reshape(2, 3).to(GPU)
    there[0, 1] = 40
    there[[1, 0], [2, 2]] = penstock.Tensor([8, 9])
    assert (there[1, 2].item(), there.tolist(), there[[1]].device.name) == (8, [[0, 40, 9], [3, 4, 8]], GPU)
    assert repr(there).endswith("device=cuda:0)")


@pytest.mark.parametrize("dtype", NUMBERS)
def test_equal_is_the_cpus(dtype: str) -> None:
    host = numbers(dtype)
    there = host.to(GPU)
    assert there.equal(there.clone())
    assert there.equal(host)
    assert there.equal(there.T.contiguous()) == host.equal(host.T.contiguous())


def test_files_and_pickles_hold_a_gpus_elements(tmp_path: Path) -> None:
    there = penstock.arange(100).to(GPU)
    penstock.save(tmp_path / "a.npy", there)
    assert penstock.load(tmp_path / "a.npy").equal(there.to("cpu"))
    assert pickle.loads(pickle.dumps(there)).tolist() == list(range(100))


def test_memory_is_counted_where_it_lies() -> None:
    before = penstock.memory_stats(GPU), penstock.memory_stats("cpu")
    held = penstock.empty(1000, dtype="uint8", device=GPU)
    assert penstock.memory_stats(GPU).live_bytes == before[0].live_bytes + 1000
    assert penstock.memory_stats("cpu").live_bytes == before[1].live_bytes
    del held
    assert penstock.memory_stats(GPU).live_bytes == before[0].live_bytes


def test_running_out_of_memory_is_an_error_that_leaves_nothing() -> None:
    with pytest.raises(penstock.OutOfMemoryError, match="1099511627776 bytes on cuda:0"):
        penstock.empty(1 << 40, dtype="uint8", device=GPU)
    assert penstock.zeros(10, device=GPU).tolist() == [0.0] * 10


def test_pinned_memory_is_main_memory() -> None:
    pinned = penstock.ones(1000, pinned=True)
    assert (pinned.is_pinned, pinned.device.name, pinned.__dlpack_device__()) == (True, "cpu", (1, 0))
    assert pinned.to(GPU).to("cpu", pinned=True).equal(pinned)
    assert pinned.numpy().sum() == 1000


def test_pinned_memory_is_lent_as_such_where_that_is_asked_for() -> None:
    capsule = penstock.ones(3, pinned=True).__dlpack__(dl_device=(3, 0), copy=False)
    assert penstock.from_dlpack(capsule).tolist() == [1.0, 1.0, 1.0]
    with pytest.raises(BufferError, match="pinned"):
        penstock.ones(3).__dlpack__(dl_device=(3, 0), copy=False)


def test_the_buffer_protocol_says_to_copy() -> None:
    with pytest.raises(BufferError, match=r"\.to\('cpu'\)"):
        memoryview(penstock.zeros(3, device=GPU))


@pytest.mark.parametrize("stream", [0, -2, "default", 1.5])
def test_a_stream_that_is_none_is_refused(stream: object) -> None:
    with pytest.raises(BufferError, match="stream must be"):
        penstock.zeros(3, device=GPU).__dlpack__(stream=stream)


@pytest.mark.parametrize("stream", [None, -1, 1, 2])
def test_the_streams_of_the_array_api_are_taken(stream: int | None) -> None:
    there = penstock.arange(3, device=GPU)
    assert penstock.from_dlpack(there.__dlpack__(stream=stream, max_version=(1, 0))).tolist() == [0, 1, 2]


def test_a_device_is_asked_for_in_both_directions() -> None:
    there, host = penstock.arange(3, device=GPU), penstock.arange(3)
    assert penstock.from_dlpack(there, device="cpu").tolist() == [0, 1, 2]
    assert penstock.from_dlpack(host, device=GPU).device == GPU
    for tensor, device in ((there, (1, 0)), (host, (2, 0))):
        with pytest.raises(BufferError, match="takes a copy"):
            tensor.__dlpack__(dl_device=device, copy=False)


def test_a_copy_asked_for_is_one() -> None:
    there = penstock.arange(3, device=GPU)
    copied = penstock.from_dlpack(there, copy=True)
    there.fill_(7)
    assert copied.tolist() == [0, 1, 2]


def test_memory_is_shared_by_an_import() -> None:
    there = penstock.arange(3, device=GPU)
    borrowed = penstock.from_dlpack(there)
    borrowed[0] = 9
    assert (borrowed.data_ptr, there.tolist()) == (there.data_ptr, [9, 1, 2])


def test_the_current_stream_is_the_legacy_one_until_one_is_set() -> None:
    assert penstock.get_stream(GPU) == 1
    with penstock.stream(2, GPU):
        assert penstock.get_stream(GPU) == 2
        assert penstock.full(3, 5, device=GPU).tolist() == [5, 5, 5]
    assert penstock.get_stream(GPU) == 1
    penstock.synchronize(GPU)


def test_elements_move_between_two_gpus_where_there_are_two() -> None:
    for gpu in penstock.get_devices()[2:]:
        there = penstock.arange(64, device=GPU).reshape(8, 8)
        assert there.T.to(gpu).tolist() == there.T.tolist()
        assert penstock.zeros((8, 8), device=gpu).copy_(there).equal(there.astype("float32"))
