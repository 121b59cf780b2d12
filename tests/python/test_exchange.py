"""Tensors lent to torch, NumPy, JAX and tvm-ffi through DLPack: what each takes, refuses, and sees."""

import itertools
from typing import Any

import children
import consumers
import numpy as np
import penstock
import pytest
import torch
import tvm_ffi
from consumers import ALL, ALL_DTYPES, JAX, NUMPY, REFUSES, TORCH, TVM_FFI, Consumer, content, pattern

pytestmark = pytest.mark.usefixtures("nothing_stays")


def named(consumer: Consumer) -> str:
    return consumer.name


each_consumer = pytest.mark.parametrize("consumer", ALL, ids=named)
each_strided_consumer = pytest.mark.parametrize("consumer", [TORCH, NUMPY, TVM_FFI], ids=named)
REFUSALS = (BufferError, RuntimeError, ValueError, TypeError)  # each library's own


def check_taken(consumer: Consumer, tensor: penstock.Tensor) -> None:
    taken = consumer.take(tensor)
    assert tuple(taken.shape) == tensor.shape
    assert consumer.content(taken) == content(tensor)
    if tensor.size:
        assert consumer.address(taken) == tensor.data_ptr


def check_refused(consumer: Consumer, tensor: penstock.Tensor) -> None:
    before = content(tensor)
    with pytest.raises(REFUSALS):
        consumer.take(tensor)
    assert content(tensor) == before


@each_consumer
@pytest.mark.parametrize("dtype", ALL_DTYPES)
def test_every_dtype_a_consumer_knows_is_taken_and_others_raise(consumer: Consumer, dtype: str) -> None:
    check = check_refused if (consumer.name, dtype) in REFUSES else check_taken
    check(consumer, pattern(dtype, (2, 3)))


@each_consumer
@pytest.mark.parametrize("rank", range(9))
def test_every_rank_up_to_8_is_taken(consumer: Consumer, rank: int) -> None:
    check_taken(consumer, pattern("float32", (2, 1, 3, 1, 2, 1, 2, 3)[:rank]))


@each_consumer
@pytest.mark.parametrize("shape", [(0,), (0, 3), (3, 0), (2, 0, 3)])
def test_sizes_of_0_are_taken(consumer: Consumer, shape: tuple[int, ...]) -> None:
    check_taken(consumer, penstock.zeros(shape))


@each_consumer
def test_a_transposed_tensor_is_taken(consumer: Consumer) -> None:
    check_taken(consumer, pattern("int32", (2, 3)).T)


@each_strided_consumer
def test_a_skipping_stride_is_taken(consumer: Consumer) -> None:
    tensor = pattern("int16", (5, 7))[1::2, ::3]
    taken = consumer.take(tensor)
    assert consumer.content(taken) == content(tensor)
    assert consumer.address(taken) == tensor.data_ptr


@each_strided_consumer
def test_a_stride_of_0_is_taken(consumer: Consumer) -> None:
    tensor = pattern("int16", (3,)).expand(4, 3)
    assert consumer.content(consumer.take(tensor)) == content(tensor)


@each_strided_consumer
def test_read_only_memory_is_taken(consumer: Consumer) -> None:
    lent = np.arange(6)
    lent.flags.writeable = False
    tensor = penstock.from_numpy(lent)
    assert consumer.content(consumer.take(tensor)) == lent.tobytes()


def test_numpy_sees_that_memory_is_read_only() -> None:
    assert not np.from_dlpack(penstock.arange(3).expand(2, 3)).flags.writeable
    assert np.from_dlpack(penstock.arange(3)).flags.writeable


def test_jax_refuses_a_skipping_stride() -> None:
    check_refused(JAX, pattern("int32", (8,))[::2])


def test_jax_refuses_a_stride_of_0() -> None:
    check_refused(JAX, pattern("int32", (3,)).expand(2, 3))


def test_jax_refuses_read_only_memory() -> None:
    lent = np.arange(6)
    lent.flags.writeable = False
    check_refused(JAX, penstock.from_numpy(lent))


@each_consumer
def test_a_negative_stride_raises(consumer: Consumer) -> None:
    tensor = penstock.arange(4)[::-1]
    with pytest.raises(BufferError, match="contiguous"):
        consumer.take(tensor)


def test_torch_and_a_negative_stride_do_not_end_the_process() -> None:
    program = """
        import penstock, torch
        try:
            torch.from_dlpack(penstock.arange(4)[::-1])
        except BufferError as error:
            print(".contiguous()" in str(error))
    """
    assert children.run(program) == "True\n"


def test_a_negative_stride_on_an_axis_of_one_is_no_hindrance() -> None:
    check_taken(TORCH, penstock.arange(4)[2:1:-1])


# ---- The same memory ----


@pytest.mark.parametrize("consumer", [TORCH, NUMPY], ids=named)
def test_writes_are_seen_both_ways(consumer: Consumer) -> None:
    tensor = penstock.zeros((2, 3))
    taken = consumer.take(tensor)
    taken[0, 1] = 5
    tensor[1, 2] = 7
    assert tensor.tolist() == taken.tolist() == [[0, 5, 0], [0, 0, 7]]


@pytest.mark.parametrize("consumer", [JAX, TVM_FFI], ids=named)
def test_writes_of_ours_are_seen_by_those_that_cannot_write(consumer: Consumer) -> None:
    tensor = penstock.zeros(3)
    taken = consumer.take(tensor)
    tensor[1] = 7
    assert consumer.content(taken) == np.array([0, 7, 0], np.float32).tobytes()


def test_writes_through_a_view_that_outlives_its_parent_are_seen() -> None:
    tensor = penstock.zeros((3, 4))
    column = torch.from_dlpack(tensor[:, 1])
    column[2] = 9
    assert tensor[2].tolist() == [0, 9, 0, 0]


@pytest.mark.parametrize("dtype", ALL_DTYPES)
def test_torch_tensors_of_every_dtype_are_borrowed(dtype: str) -> None:
    lent = torch.zeros(6, dtype=getattr(torch, dtype))
    lent.view(torch.uint8)[:] = 1
    borrowed = penstock.from_dlpack(lent)
    assert (borrowed.dtype.name, borrowed.data_ptr) == (dtype, lent.data_ptr())
    assert content(borrowed) == consumers.torch_content(lent)


@pytest.mark.parametrize("dtype", [dtype for dtype in ALL_DTYPES if ("numpy", dtype) not in REFUSES])
def test_numpy_arrays_of_every_dtype_are_borrowed(dtype: str) -> None:
    lent = np.arange(6).astype(dtype)
    borrowed = penstock.from_dlpack(lent)
    assert (borrowed.dtype.name, borrowed.data_ptr) == (dtype, lent.ctypes.data)
    assert content(borrowed) == lent.tobytes()


def test_jax_arrays_are_borrowed_read_only() -> None:
    lent = JAX.take(penstock.arange(3))
    borrowed = penstock.from_dlpack(lent)
    assert borrowed.tolist() == [0, 1, 2]
    assert borrowed.data_ptr == JAX.address(lent)


def test_tvm_ffi_tensors_are_borrowed() -> None:
    lent = tvm_ffi.from_dlpack(torch.arange(3))
    borrowed = penstock.from_dlpack(lent)
    assert borrowed.tolist() == [0, 1, 2]
    assert borrowed.data_ptr == lent.data_ptr()


def test_borrowed_strides_are_kept() -> None:
    lent = np.arange(24).reshape(4, 6)[::2, 1::2]
    borrowed = penstock.from_dlpack(lent)
    assert (borrowed.strides, borrowed.tolist()) == ((12, 2), lent.tolist())
    assert penstock.from_dlpack(torch.arange(6).reshape(2, 3).T).strides == (1, 3)


def test_a_borrowed_read_only_array_stays_so() -> None:
    lent = np.arange(3)
    lent.flags.writeable = False
    borrowed = penstock.from_dlpack(lent)
    with pytest.raises(penstock.ReadOnlyError):
        borrowed[0] = 1


def test_what_was_borrowed_is_lent_on_at_the_same_address() -> None:
    lent = torch.arange(6)
    for first, second in itertools.product([TORCH, NUMPY, TVM_FFI], repeat=2):
        relayed = second.take(penstock.from_dlpack(first.take(penstock.from_dlpack(lent))))
        assert second.address(relayed) == lent.data_ptr()


# ---- What torch's own export gets wrong ----


def refused_by_us(lent: torch.Tensor, advice: str) -> None:
    with pytest.raises(BufferError, match=advice):
        penstock.from_dlpack(lent)
    with pytest.raises(BufferError, match=advice):
        penstock.from_dlpack(lent, copy=True)


@pytest.mark.parametrize("dtype", [torch.complex64, torch.complex128])
def test_a_conjugate_view_of_torch_is_refused(dtype: torch.dtype) -> None:
    refused_by_us(torch.zeros(3, dtype=dtype).conj(), r"resolve_conj\(\)")


def test_a_negative_view_of_torch_is_refused() -> None:
    refused_by_us(torch.zeros(3, dtype=torch.complex64).conj().imag, r"resolve_neg\(\)")


def test_a_torch_tensor_that_requires_grad_is_refused() -> None:
    refused_by_us(torch.zeros(3, requires_grad=True), r"detach\(\)")


def test_a_subclass_of_torch_tensors_is_checked_too() -> None:
    refused_by_us(torch.nn.Parameter(torch.zeros(3)), r"detach\(\)")


def test_resolved_torch_tensors_are_taken() -> None:
    lent = torch.tensor([1 + 2j]).conj().resolve_conj()
    assert penstock.from_dlpack(lent).tolist() == [1 - 2j]
    assert penstock.from_dlpack(torch.ones(2, requires_grad=True).detach()).tolist() == [1, 1]


# ---- Device and copy of from_dlpack ----


@pytest.mark.parametrize(
    "lent", [torch.arange(3), np.arange(3), penstock.arange(3)], ids=["torch", "numpy", "penstock"]
)
def test_copy_of_from_dlpack_says_whether_memory_is_shared(lent: Any) -> None:
    copied = penstock.from_dlpack(lent, copy=True)
    shared = penstock.from_dlpack(lent, copy=False)
    lent[0] = 9
    assert (copied.tolist(), shared.tolist()) == ([0, 1, 2], [9, 1, 2])


def test_the_device_of_from_dlpack_may_be_the_arrays_own() -> None:
    lent = np.arange(3)
    assert penstock.from_dlpack(lent, device="cpu").data_ptr == lent.ctypes.data


def test_what_has_no_dlpack_is_named() -> None:
    with pytest.raises(TypeError, match=r"\[1, 2\] has no __dlpack__"):
        penstock.from_dlpack([1, 2])  # type: ignore[arg-type]
