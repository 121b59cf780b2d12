"""zeros, ones, full, empty, arange, from_numpy: what they make, of which dtype, and where."""

from collections.abc import Callable
from typing import Any

import ml_dtypes
import numpy as np
import penstock
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.usefixtures("nothing_stays")

EVERY_DTYPE = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16", "float32",
    "float64", "complex64", "complex128", "float8_e4m3fn", "float8_e5m2",
)  # fmt: skip
MAKERS: dict[str, Callable[..., penstock.Tensor]] = {
    "empty": lambda **options: penstock.empty(3, **options),
    "zeros": lambda **options: penstock.zeros(3, **options),
    "ones": lambda **options: penstock.ones(3, **options),
    "full": lambda **options: penstock.full(3, 2, **options),
    "arange": lambda **options: penstock.arange(3, **options),
    "Tensor": lambda **options: penstock.Tensor([1, 2, 3], **options),
}
each_maker = pytest.mark.parametrize("make", MAKERS.values(), ids=MAKERS)


# ---- Dtypes ----


@pytest.mark.parametrize("make", [penstock.zeros, penstock.ones, penstock.empty])
def test_without_a_dtype_elements_are_float32(make: Any) -> None:
    assert make((2, 3)).dtype is penstock.float32


@pytest.mark.parametrize(
    ("value", "dtype"),
    [(1, "int64"), (1.0, "float32"), (1j, "complex64"), (True, "bool"), (np.float64(1), "float64"),
     (np.int8(1), "int8"), (np.array(1, "uint16"), "uint16"), (penstock.zeros((), dtype="int16"), "int16")],
)  # fmt: skip
def test_full_follows_its_value(value: Any, dtype: str) -> None:
    assert penstock.full(2, value).dtype == dtype


@pytest.mark.parametrize(
    ("arguments", "dtype"), [((3,), "int64"), ((3.0,), "float32"), ((0, 3, 0.5), "float32"), ((np.int8(3),), "int64")]
)
def test_arange_follows_its_arguments(arguments: Any, dtype: str) -> None:
    assert penstock.arange(*arguments).dtype == dtype


@pytest.mark.parametrize("name", EVERY_DTYPE)
@pytest.mark.parametrize("make", [penstock.zeros, penstock.empty])
def test_every_dtype_can_be_made(make: Any, name: str) -> None:
    made = make((2, 3), dtype=name)
    assert made.dtype is getattr(penstock, name)
    assert made.nbytes == 6 * made.dtype.itemsize


@each_maker
@pytest.mark.parametrize("dtype", [penstock.float64, "float64", np.float64, np.dtype("float64")])
def test_a_dtype_is_named_in_many_ways(make: Any, dtype: Any) -> None:
    assert make(dtype=dtype).dtype is penstock.float64


@pytest.mark.parametrize(("kind", "name"), [(bool, "bool"), (int, "int64"), (float, "float32"), (complex, "complex64")])
def test_pythons_own_types_name_dtypes(kind: type, name: str) -> None:
    assert penstock.zeros(1, dtype=kind).dtype == name


@pytest.mark.parametrize("name", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_ml_dtypes_name_dtypes(name: str) -> None:
    assert penstock.zeros(1, dtype=getattr(ml_dtypes, name)).dtype == name


@pytest.mark.parametrize("name", EVERY_DTYPE)
def test_torchs_dtypes_name_dtypes(name: str) -> None:
    assert penstock.zeros(1, dtype=getattr(torch, name)).dtype == name


@each_maker
@pytest.mark.parametrize("dtype", ["i8", "f4", "float", np.dtype(">f4"), "U3", str])
def test_other_names_are_a_type_error(make: Any, dtype: Any) -> None:
    with pytest.raises(TypeError, match="is no dtype: expected a name as 'float32'"):
        make(dtype=dtype)


def test_there_is_one_object_for_each_dtype() -> None:
    assert penstock.zeros(1).dtype is penstock.float32
    assert penstock.float32 == "float32"
    assert penstock.float32 != "float64"
    assert {penstock.float32: 1}["float32"] == 1  # type: ignore[index]  # equal and of one hash
    assert (str(penstock.float32), repr(penstock.float32), penstock.float32.itemsize) == (
        "float32", "penstock.float32", 4,
    )  # fmt: skip


# ---- Elements ----


def test_zeros_and_ones_have_those_elements() -> None:
    assert penstock.zeros((2, 2)).tolist() == [[0, 0], [0, 0]]
    assert penstock.ones((2, 2), dtype="bool").tolist() == [[True, True], [True, True]]


@pytest.mark.parametrize("dtype", EVERY_DTYPE[:15])
def test_full_has_its_value_everywhere(dtype: str) -> None:
    assert penstock.full((2, 2), 1, dtype=dtype).tolist() == [[1, 1], [1, 1]]


@pytest.mark.parametrize("value", [300, -1])
def test_full_with_a_value_beyond_its_dtype_is_an_overflow_error(value: int) -> None:
    with pytest.raises(OverflowError, match=str(value)):
        penstock.full(3, value, dtype="uint8")


@pytest.mark.parametrize("value", ["1", None, [1, 2], object()])
def test_full_with_what_is_no_number_is_a_type_error(value: Any) -> None:
    with pytest.raises(TypeError, match="is no number"):
        penstock.full(3, value)


@given(st.integers(-50, 50), st.integers(-50, 50), st.integers(-7, 7).filter(bool))
def test_arange_of_integers_is_numpys(start: int, stop: int, step: int) -> None:
    assert penstock.arange(start, stop, step).tolist() == np.arange(start, stop, step).tolist()


numbers = st.floats(-50, 50, width=16)


@given(numbers, numbers, st.floats(0.125, 5, width=16))
def test_arange_of_floats_is_numpys(start: float, stop: float, step: float) -> None:
    ours = penstock.arange(start, stop, step, dtype="float64")
    assert ours.tolist() == np.arange(start, stop, step).tolist()


def test_arange_with_a_step_of_0_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="step"):
        penstock.arange(0, 3, 0)


def test_arange_beyond_int64_is_an_overflow_error() -> None:
    with pytest.raises(OverflowError):
        penstock.arange(2**70)


# ---- Shapes ----


@pytest.mark.parametrize(
    ("shape", "expected"),
    [(3, (3,)), ((), ()), ((2, 3), (2, 3)), ([2, 3], (2, 3)), (np.int64(3), (3,)), (np.array([2, 3]), (2, 3)),
     ((0, 3), (0, 3)), ((1,) * 16, (1,) * 16)],
)  # fmt: skip
def test_a_shape_is_one_size_or_any_sequence(shape: Any, expected: tuple[int, ...]) -> None:
    assert penstock.zeros(shape).shape == expected


@pytest.mark.parametrize("shape", [2.5, "ab", (2.0,), None])
def test_a_shape_of_other_things_is_a_type_error(shape: Any) -> None:
    with pytest.raises(TypeError):
        penstock.zeros(shape)


@pytest.mark.parametrize("shape", [-1, (2, -3), (1,) * 17, (2**40, 2**40), 2**70])
def test_an_impossible_shape_is_a_value_error(shape: Any) -> None:
    with pytest.raises(ValueError, match=r"."):
        penstock.zeros(shape)


# ---- Where ----


@each_maker
def test_the_memory_is_aligned_as_asked(make: Any) -> None:
    assert make(alignment=4096).data_ptr % 4096 == 0


@each_maker
@pytest.mark.parametrize("alignment", [3, 2**22, -1])
def test_an_alignment_that_cannot_be_is_a_value_error(make: Any, alignment: int) -> None:
    with pytest.raises(ValueError, match=f"alignment.* {alignment}"):
        make(alignment=alignment)


@each_maker
def test_pinned_memory_needs_a_gpu(make: Any) -> None:
    with pytest.raises(penstock.UnavailableError, match="pinned"):
        make(pinned=True)


@each_maker
def test_the_device_may_be_named(make: Any) -> None:
    assert make(device="cpu").device == "cpu"
    assert make(device=penstock.Device("cpu")).device == "cpu"


@each_maker
def test_a_device_that_is_not_there_is_unavailable(make: Any) -> None:
    with pytest.raises(penstock.UnavailableError, match="cuda:0"):
        make(device="cuda:0")


# ---- Over NumPy's memory ----


@pytest.mark.exchange
@pytest.mark.parametrize("dtype", EVERY_DTYPE[:10])
def test_from_numpy_shares_memory_and_keeps_strides(dtype: str) -> None:
    array = np.zeros((4, 6), dtype)[::2, ::-1]
    tensor = penstock.from_numpy(array)
    assert (tensor.dtype.name, tensor.shape, tensor.strides) == (dtype, (2, 6), (12, -1))
    tensor[1, 0] = 1
    assert array[1, 0] == 1


@pytest.mark.exchange
@pytest.mark.parametrize("dtype", ["bfloat16", "float8_e4m3fn", "float8_e5m2"])
def test_from_numpy_shares_the_memory_of_ml_dtypes(dtype: str) -> None:
    array = np.zeros((2, 3), getattr(ml_dtypes, dtype))
    tensor = penstock.from_numpy(array)
    assert (tensor.dtype.name, tensor.shape, tensor.data_ptr) == (dtype, (2, 3), array.ctypes.data)


@pytest.mark.exchange
def test_from_numpy_of_read_only_memory_is_read_only() -> None:
    array = np.zeros(3)
    array.flags.writeable = False
    assert penstock.from_numpy(array).is_readonly


@pytest.mark.exchange
def test_from_numpy_keeps_the_array_alive() -> None:
    tensor = penstock.from_numpy(np.arange(1000))
    others = [np.zeros(1000) for _ in range(10)]
    assert (tensor.tolist(), len(others)) == (list(range(1000)), 10)


@pytest.mark.parametrize("array", [[1, 2], 3, "abc", None, memoryview(b"abc")])
def test_from_numpy_of_anything_else_is_a_type_error(array: Any) -> None:
    with pytest.raises(TypeError, match="takes a NumPy array"):
        penstock.from_numpy(array)


@pytest.mark.parametrize("dtype", ["U3", "m8[s]", "O", [("a", "f4")]])
def test_from_numpy_of_a_dtype_that_penstock_lacks_is_a_buffer_error(dtype: Any) -> None:
    with pytest.raises(BufferError, match="no dtype of penstock's is: convert it first"):
        penstock.from_numpy(np.zeros(3, dtype))


def test_from_numpy_of_another_byte_order_is_a_buffer_error() -> None:
    with pytest.raises(BufferError, match="not in this machine's byte order: convert it first"):
        penstock.from_numpy(np.zeros(3, ">f4"))
