"""The DLPack protocol to the letter: arguments, capsules' names, structs, and what is refused on the way in."""

import ctypes
import gc
import weakref
from enum import IntEnum
from typing import Any

import numpy as np
import penstock
import pytest
import torch
import tvm_ffi
from producers import IS_COPIED, READ_ONLY, Producer, capsule_name, struct_in

pytestmark = pytest.mark.usefixtures("nothing_stays")

NEW: Any = {"max_version": (1, 0)}


def read_only_tensor() -> penstock.Tensor:
    return penstock.arange(3).expand(2, 3)


# ---- What __dlpack__ is asked ----


@pytest.mark.parametrize("version", [None, (0, 8), (0, 0)])
def test_without_a_version_of_1_the_legacy_capsule_is_made(version: Any) -> None:
    assert capsule_name(penstock.zeros(3).__dlpack__(max_version=version)) == b"dltensor"


def test_without_arguments_the_legacy_capsule_is_made() -> None:
    assert capsule_name(penstock.zeros(3).__dlpack__()) == b"dltensor"


@pytest.mark.parametrize("version", [(1, 0), (1, 3), (1, 99), (2, 0)])
def test_from_version_1_on_the_versioned_capsule_is_made(version: tuple[int, int]) -> None:
    capsule = penstock.zeros(3).__dlpack__(max_version=version)
    assert capsule_name(capsule) == b"dltensor_versioned"
    assert (struct_in(capsule).major, struct_in(capsule).minor) == (1, 3)


@pytest.mark.parametrize("version", [1, "1.0", (1,), (1, 0, 0), (None, None), (1.5, 0)])
def test_a_version_that_is_no_pair_of_integers_is_a_buffer_error(version: Any) -> None:
    with pytest.raises(BufferError, match="max_version"):
        penstock.zeros(3).__dlpack__(max_version=version)


def test_arguments_are_keyword_only() -> None:
    with pytest.raises(TypeError, match="keyword"):
        penstock.zeros(3).__dlpack__(None)  # type: ignore[call-arg]


def test_an_unknown_argument_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="colour"):
        penstock.zeros(3).__dlpack__(colour=1)  # type: ignore[call-arg]


@pytest.mark.parametrize("stream", [None, -1])
def test_no_stream_and_minus_1_are_accepted_on_the_cpu(stream: Any) -> None:
    penstock.zeros(3).__dlpack__(stream=stream)


@pytest.mark.parametrize("stream", [0, 1, 2, 12345, -2, 2**100, "1", 1.0])
def test_any_other_stream_is_a_buffer_error_on_the_cpu(stream: Any) -> None:
    with pytest.raises(BufferError, match="stream"):
        penstock.zeros(3).__dlpack__(stream=stream)


def test_copy_true_lends_new_memory_and_says_so() -> None:
    tensor = penstock.arange(3)
    lent = struct_in(tensor.__dlpack__(copy=True, **NEW))
    assert lent.tensor.data != tensor.data_ptr
    assert lent.flags & IS_COPIED


@pytest.mark.parametrize("copy", [None, False])
def test_without_copy_the_memory_itself_is_lent(copy: bool | None) -> None:
    tensor = penstock.arange(3)
    capsule = tensor.__dlpack__(copy=copy, **NEW)
    assert (struct_in(capsule).tensor.data, struct_in(capsule).flags) == (tensor.data_ptr, 0)


def test_a_copy_of_a_negative_stride_is_lent_row_major() -> None:
    tensor = penstock.arange(6).reshape(2, 3)[:, ::-1]
    copied = penstock.from_dlpack(tensor.__dlpack__(copy=True, **NEW))
    assert (copied.strides, copied.tolist()) == ((3, 1), [[2, 1, 0], [5, 4, 3]])


@pytest.mark.parametrize("copy", [None, False])
@pytest.mark.parametrize("version", [None, (1, 0)])
def test_a_negative_stride_is_refused_unless_copied(copy: bool | None, version: Any) -> None:
    with pytest.raises(BufferError, match=r"\.contiguous\(\)"):
        penstock.arange(4)[::-1].__dlpack__(copy=copy, max_version=version)


def test_the_legacy_capsule_refuses_read_only_memory() -> None:
    with pytest.raises(BufferError, match="read-only"):
        read_only_tensor().__dlpack__()


def test_the_versioned_capsule_says_that_memory_is_read_only() -> None:
    capsule = read_only_tensor().__dlpack__(**NEW)
    assert struct_in(capsule).flags == READ_ONLY


def test_a_copy_of_read_only_memory_may_be_written() -> None:
    capsule = read_only_tensor().__dlpack__(copy=True, **NEW)
    assert struct_in(capsule).flags == IS_COPIED
    read_only_tensor().__dlpack__(copy=True)


def test_the_own_device_may_be_named() -> None:
    class Kind(IntEnum):
        CPU = 1

    tensor = penstock.arange(3)
    for device in ((1, 0), (Kind.CPU, 0)):
        capsule = tensor.__dlpack__(dl_device=device, **NEW)
        assert struct_in(capsule).tensor.data == tensor.data_ptr


@pytest.mark.parametrize("device", [(2, 0), (3, 0), (99, 0), (1, 1), (1, -1), (0, 0), (-1, 0), (2**40, 0), (1, 2**32)])
@pytest.mark.parametrize("copy", [None, True, False])
def test_a_device_that_cannot_be_reached_is_a_buffer_error(device: tuple[int, int], copy: bool | None) -> None:
    with pytest.raises(BufferError):
        penstock.arange(3).__dlpack__(dl_device=device, copy=copy)


@pytest.mark.parametrize("device", ["cpu", 1, (1,), (1, 0, 0), ("cpu", 0)])
def test_a_device_that_is_no_pair_of_integers_is_a_buffer_error(device: Any) -> None:
    with pytest.raises(BufferError, match="dl_device"):
        penstock.arange(3).__dlpack__(dl_device=device)


def test_the_device_is_two_plain_ints() -> None:
    device = penstock.zeros(3).__dlpack_device__()
    assert device == (1, 0)
    assert [type(number) for number in device] == [int, int]


# ---- What the struct says ----


def test_the_pointer_is_already_moved() -> None:
    tensor = penstock.arange(12).reshape(3, 4)[1:, 2]
    for version in (None, (1, 0)):
        capsule = tensor.__dlpack__(max_version=version)
        lent = struct_in(capsule).tensor
        assert (lent.data, lent.byte_offset) == (tensor.data_ptr, 0)
        assert (lent.ndim, lent.shape[0], lent.strides[0]) == (1, 2, 4)


def test_strides_are_there_unless_the_rank_is_0() -> None:
    capsule = penstock.zeros((2, 3)).__dlpack__()
    assert [struct_in(capsule).tensor.strides[axis] for axis in range(2)] == [3, 1]


def test_there_is_no_address_where_a_size_is_0() -> None:
    capsule = penstock.zeros((2, 0)).__dlpack__()
    assert struct_in(capsule).tensor.data is None


def test_memory_of_the_engine_is_aligned_to_64_bytes() -> None:
    assert [penstock.zeros(size).data_ptr % 64 for size in range(1, 20)] == [0] * 19


@pytest.mark.parametrize(
    ("dtype", "code", "bits"),
    [("bool", 6, 8), ("int8", 0, 8), ("uint64", 1, 64), ("float16", 2, 16), ("bfloat16", 4, 16), ("complex64", 5, 64),
     ("float8_e4m3fn", 10, 8), ("float8_e5m2", 12, 8)],
)  # fmt: skip
def test_dtypes_have_dlpacks_codes(dtype: str, code: int, bits: int) -> None:
    capsule = penstock.zeros(3, dtype=dtype).__dlpack__()
    lent = struct_in(capsule).tensor
    assert (lent.code, lent.bits, lent.lanes) == (code, bits, 1)


# ---- Capsules are used once ----


@pytest.mark.parametrize("version", [None, (1, 0)])
@pytest.mark.parametrize("take", [torch.from_dlpack, penstock.from_dlpack], ids=["torch", "penstock"])
def test_a_consumed_capsule_is_renamed(version: Any, take: Any) -> None:
    capsule = penstock.arange(3).__dlpack__(max_version=version)
    taken = take(capsule)
    assert capsule_name(capsule) == (b"used_dltensor" if version is None else b"used_dltensor_versioned")
    assert taken.tolist() == [0, 1, 2]


def test_a_used_capsule_is_refused() -> None:
    capsule = penstock.arange(3).__dlpack__()
    torch.from_dlpack(capsule)
    with pytest.raises(BufferError, match="once"):
        penstock.from_dlpack(capsule)


def test_a_capsule_of_something_else_is_refused() -> None:
    with pytest.raises(BufferError, match="capsule"):
        penstock.from_dlpack(penstock.Tensor.__dlpack_c_exchange_api__)


@pytest.mark.parametrize("version", [None, (1, 0)])
def test_a_capsule_nobody_consumed_frees_what_it_lent(version: Any) -> None:
    before = penstock.memory_stats().live_storages
    capsule = penstock.zeros(1000).__dlpack__(max_version=version)
    assert penstock.memory_stats().live_storages == before + 1
    del capsule
    assert penstock.memory_stats().live_storages == before


# ---- Borrowing, and refusing to ----


@pytest.fixture(params=[True, False], ids=["versioned", "legacy"])
def producer(request: pytest.FixtureRequest) -> Producer:
    return Producer(versioned=request.param)


def test_the_deleter_runs_once_when_the_last_view_is_gone(producer: Producer) -> None:
    capsule = producer.capsule()
    borrowed = penstock.from_dlpack(capsule)
    view = borrowed[2:]
    del borrowed, capsule
    assert (view.tolist(), producer.deleted) == ([2, 3, 4, 5], 0)
    del view
    assert producer.deleted == 1


def test_missing_strides_mean_row_major(producer: Producer) -> None:
    producer.managed.tensor.ndim = 2
    producer.extents[0], producer.extents[1] = 2, 3
    assert penstock.from_dlpack(producer).strides == (3, 1)


def test_the_offset_in_bytes_is_added(producer: Producer) -> None:
    producer.managed.tensor.byte_offset = 8
    producer.extents[0] = 2
    assert penstock.from_dlpack(producer).tolist() == [2, 3]


def test_a_missing_deleter_is_none_of_ours(producer: Producer) -> None:
    producer.managed.deleter = type(producer.deleter)()
    assert penstock.from_dlpack(producer).tolist() == [0, 1, 2, 3, 4, 5]


BROKEN = {
    "lanes": {"lanes": 4},
    "no lanes": {"lanes": 0},
    "an unknown code": {"code": 77},
    "an opaque handle": {"code": 3},
    "unknown bits": {"bits": 12},
    "four bits": {"code": 0, "bits": 4},
    "an unknown device": {"device_type": 7},
    "a device of number 0": {"device_type": 0},
    "no memory": {"data": None},
    "a rank above 16": {"ndim": 17},
    "a rank below 0": {"ndim": -1},
    "memory that is not aligned": {"byte_offset": 1},
}


def check_refused(producer: Producer) -> None:
    capsule = producer.capsule()
    with pytest.raises(BufferError):
        penstock.from_dlpack(capsule)
    assert (capsule_name(capsule), producer.deleted) == (producer.name, 0)
    del capsule
    gc.collect()
    assert producer.deleted == 1


@pytest.mark.parametrize("fields", BROKEN.values(), ids=BROKEN)
def test_a_broken_struct_stays_in_its_capsule_which_frees_it(producer: Producer, fields: dict[str, Any]) -> None:
    for name, value in fields.items():
        setattr(producer.managed.tensor, name, value)
    check_refused(producer)


@pytest.mark.parametrize("size", [-1, 2**62, 2**63 - 1])
def test_impossible_sizes_are_refused(producer: Producer, size: int) -> None:
    producer.extents[0] = size
    check_refused(producer)


def test_extents_that_overflow_are_refused(producer: Producer) -> None:
    producer.managed.tensor.ndim = 3
    producer.extents[0] = producer.extents[1] = producer.extents[2] = 2**31
    check_refused(producer)


def test_strides_that_overflow_are_refused(producer: Producer) -> None:
    producer.strides = (ctypes.c_int64 * 1)(2**61)
    producer.managed.tensor.strides = producer.strides
    check_refused(producer)


@pytest.mark.parametrize("major", [0, 2, 2**32 - 1])
def test_an_unknown_major_version_is_refused(major: int) -> None:
    producer = Producer()
    producer.managed.major = major
    producer.managed.tensor = type(producer.managed.tensor)()  # nothing here may be read
    check_refused(producer)


def test_a_later_minor_version_is_taken() -> None:
    producer = Producer()
    producer.managed.minor = 99
    assert penstock.from_dlpack(producer).tolist() == [0, 1, 2, 3, 4, 5]


def test_read_only_and_unknown_flags_are_told_apart() -> None:
    producer = Producer()
    producer.managed.flags = READ_ONLY | 1 << 40
    assert penstock.from_dlpack(producer).is_readonly
    plain = Producer()
    plain.managed.flags = 1 << 40
    assert not penstock.from_dlpack(plain).is_readonly


def test_a_producer_older_than_the_arguments_is_asked_without_them() -> None:
    class Old(Producer):
        def __dlpack__(self) -> Any:  # type: ignore[override]
            return self.capsule()

    old: Any = Old(versioned=False)
    assert penstock.from_dlpack(old).tolist() == [0, 1, 2, 3, 4, 5]
    with pytest.raises(TypeError):
        penstock.from_dlpack(old, copy=True)


def test_what_a_producer_raises_comes_through() -> None:
    class Failing(Producer):
        def __dlpack__(self, **_: Any) -> Any:
            raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        penstock.from_dlpack(Failing())


# ---- The C exchange table ----


def test_the_type_has_the_exchange_table() -> None:
    assert capsule_name(penstock.Tensor.__dlpack_c_exchange_api__) == b"dlpack_exchange_api"


def test_subclasses_inherit_the_exchange_table() -> None:
    class Mine(penstock.Tensor):
        pass

    assert Mine.__dlpack_c_exchange_api__ is penstock.Tensor.__dlpack_c_exchange_api__
    assert tvm_ffi.from_dlpack(Mine([1, 2])).shape == (2,)


def test_tvm_ffi_functions_take_tensors_as_arguments() -> None:
    seen = []
    function = tvm_ffi.convert(lambda array: seen.append((array.data_ptr(), tuple(array.shape))))
    tensor = penstock.zeros((2, 3))
    function(tensor)
    assert seen == [(tensor.data_ptr, (2, 3))]


def test_the_exchange_table_refuses_a_negative_stride() -> None:
    with pytest.raises(BufferError, match="contiguous"):
        tvm_ffi.from_dlpack(penstock.arange(4)[::-1])


# ---- Capsules over memory of any origin ----


@pytest.mark.parametrize("versioned", [False, True])
def test_a_capsule_over_foreign_memory_shares_it(versioned: bool) -> None:
    array = np.arange(6, dtype=np.int32)
    capsule = penstock.create_dlpack_capsule(array.ctypes.data, (2, 3), "int32", 1, 0, array, versioned)
    assert capsule_name(capsule) == (b"dltensor_versioned" if versioned else b"dltensor")
    taken = torch.from_dlpack(capsule)
    array[5] = 50
    assert taken.tolist() == [[0, 1, 2], [3, 4, 50]]


class Owner:
    """Something whose end can be seen."""

    def __init__(self) -> None:
        self.array = np.arange(3)


@pytest.mark.parametrize("versioned", [False, True])
def test_the_owner_is_kept_until_the_deleter_has_run(versioned: bool) -> None:
    owner = Owner()
    alive = weakref.ref(owner)
    capsule = penstock.create_dlpack_capsule(owner.array.ctypes.data, [3], "int64", 1, 0, owner, versioned)
    del owner
    taken = torch.from_dlpack(capsule)
    del capsule
    assert alive() is not None
    assert taken.tolist() == [0, 1, 2]
    del taken
    penstock.zeros(1).__dlpack__()  # an entry into the extension, which gives owners back
    assert alive() is None


@pytest.mark.parametrize("versioned", [False, True])
def test_an_unconsumed_capsule_gives_its_owner_back(versioned: bool) -> None:
    owner = Owner()
    alive = weakref.ref(owner)
    capsule = penstock.create_dlpack_capsule(owner.array.ctypes.data, (3,), "int64", 1, 0, owner, versioned)
    del owner, capsule
    assert alive() is None


def test_a_capsule_over_foreign_memory_can_be_on_any_device() -> None:
    capsule = penstock.create_dlpack_capsule(4096, (2, 0), "bfloat16", 2, 1)
    lent = struct_in(capsule).tensor
    assert (lent.device_type, lent.device_id, lent.code, lent.bits) == (2, 1, 4, 16)


@pytest.mark.parametrize("shape", [(-1,), (2**40, 2**40), (1,) * 17])
def test_an_impossible_shape_of_foreign_memory_is_a_value_error(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        penstock.create_dlpack_capsule(4096, shape, "float32", 1, 0)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("address", (3,), "float32", 1, 0), TypeError),
        ((4096, 3, "float32", 1, 0), TypeError),
        ((4096, ("3",), "float32", 1, 0), TypeError),
        ((4096, (3,), "f4", 1, 0), TypeError),
        ((4096, (3,), "float32", "cpu", 0), TypeError),
    ],
)
def test_wrong_arguments_of_create_dlpack_capsule_raise(arguments: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        penstock.create_dlpack_capsule(*arguments)


def test_get_dlpack_device_gives_two_plain_ints() -> None:
    assert penstock.get_dlpack_device(1, 0) == (1, 0)
    assert penstock.get_dlpack_device(2, 3) == (2, 3)


@pytest.mark.parametrize("device", [(0, 0), (-1, 0), (1, -1)])
def test_get_dlpack_device_refuses_impossible_numbers(device: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="DLPack device"):
        penstock.get_dlpack_device(*device)
