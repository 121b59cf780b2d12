"""penstock.Tensor: what it is made from, what it says of itself, views, copies, comparisons, Python's protocols."""

import copy
import pickle
import weakref
from typing import Any

import ml_dtypes
import numpy as np
import penstock
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

pytestmark = pytest.mark.usefixtures("nothing_stays")

NUMPYS = ("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "float32",
          "float64", "complex64", "complex128")  # fmt: skip
BITS = ("bfloat16", "float8_e4m3fn", "float8_e5m2")  # dtypes that are ml_dtypes', not NumPy's own

arrays = hnp.arrays(st.sampled_from(NUMPYS), hnp.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=4))


def matrix() -> penstock.Tensor:
    return penstock.arange(6).reshape(2, 3)


def shares_memory(first: penstock.Tensor, second: penstock.Tensor) -> bool:
    return first.data_ptr == second.data_ptr


# ---- What it is made from ----


@pytest.mark.parametrize(
    ("data", "dtype"), [([1.5], "float32"), ([1], "int64"), ([1j], "complex64"), ([True], "bool"), ([], "float32")]
)
def test_python_numbers_have_a_default_dtype(data: Any, dtype: str) -> None:
    assert penstock.Tensor(data).dtype == dtype


@pytest.mark.parametrize(
    ("data", "dtype"),
    [([True, 2], "int64"), ([1, 2.5], "float32"), ([2.5, 1j], "complex64"), ([False, 1j], "complex64")],
)
def test_mixed_numbers_get_the_dtype_that_holds_them_all(data: Any, dtype: str) -> None:
    assert penstock.Tensor(data).dtype == dtype


def test_nested_lists_give_their_shape() -> None:
    assert penstock.Tensor([[[1], [2]], [[3], [4]], [[5], [6]]]).shape == (3, 2, 1)


def test_a_number_gives_rank_0() -> None:
    assert (penstock.Tensor(2.5).shape, penstock.Tensor(2.5).item()) == ((), 2.5)


@pytest.mark.parametrize("data", [[[1, 2], [3]], [[1], 2], [1, [2]], [[[1]], [[]]]])
def test_uneven_lists_are_a_value_error(data: Any) -> None:
    with pytest.raises(ValueError, match="uneven"):
        penstock.Tensor(data)


@pytest.mark.parametrize("data", ["abc", None, ["1"], [None], {"a": 1}, object()])
def test_what_is_no_number_is_a_type_error(data: Any) -> None:
    with pytest.raises(TypeError, match="is no number"):
        penstock.Tensor(data)


@given(arrays)
def test_an_array_is_copied_with_dtype_shape_and_elements(array: Any) -> None:
    tensor = penstock.Tensor(array)
    assert (tensor.dtype.name, tensor.shape) == (array.dtype.name, array.shape)
    assert tensor.numpy().tobytes() == array.tobytes()
    assert array.size == 0 or tensor.data_ptr != array.ctypes.data


@pytest.mark.parametrize("dtype", BITS)
def test_an_array_of_ml_dtypes_is_copied(dtype: str) -> None:
    array = np.array([1.5, -2.0], getattr(ml_dtypes, dtype))
    assert penstock.Tensor(array).dtype == dtype
    assert bytes(penstock.Tensor(array).view("uint8").tolist()) == array.tobytes()


def test_bytes_are_copied_as_uint8() -> None:
    tensor = penstock.Tensor(b"abc")
    assert (tensor.dtype, tensor.tolist()) == (penstock.uint8, [97, 98, 99])


def test_what_has_only_array_is_copied() -> None:
    class Lender:
        def __array__(self) -> Any:
            return np.arange(3, dtype=np.int16)

    tensor = penstock.Tensor(Lender())
    assert (tensor.dtype, tensor.tolist()) == (penstock.int16, [0, 1, 2])


@pytest.mark.exchange
def test_what_has_dlpack_is_copied() -> None:
    class Lender:
        array = np.arange(3, dtype=np.int16)

        def __dlpack__(self, **arguments: Any) -> Any:
            return self.array.__dlpack__(**arguments)

        def __dlpack_device__(self) -> Any:
            return self.array.__dlpack_device__()

    lender = Lender()
    tensor = penstock.Tensor(lender)
    lender.array[0] = 9
    assert (tensor.dtype, tensor.tolist()) == (penstock.int16, [0, 1, 2])


@pytest.mark.parametrize("array", [np.zeros(3, "U3"), np.zeros(3, object), np.zeros(3, ">i4"), np.zeros(3, "m8[s]")])
def test_an_array_of_a_dtype_that_penstock_lacks_is_a_buffer_error(array: Any) -> None:
    with pytest.raises(BufferError, match=r"which no dtype|not in this machine's byte order"):
        penstock.Tensor(array)


def test_an_array_in_a_list_is_a_value_error() -> None:
    with pytest.raises(ValueError, match=r"an array of shape \(3,\) stands in a list"):
        penstock.Tensor([np.zeros(3), np.zeros(3)])


def test_a_dtype_converts_what_is_given() -> None:
    assert penstock.Tensor([1.9, -1.9], dtype="int8").tolist() == [1, -1]
    assert penstock.Tensor(np.array([1, 0, 2]), dtype=bool).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("number", "dtype"), [(256, "uint8"), (-1, "uint8"), (2**63, "int64"), (-(2**63) - 1, "int64")]
)
def test_an_integer_beyond_the_dtype_is_an_overflow_error(number: int, dtype: str) -> None:
    with pytest.raises(OverflowError, match=f"{number} does not fit {dtype}"):
        penstock.Tensor([number], dtype=dtype)


def test_a_shape_and_flat_data_make_a_tensor_of_that_shape() -> None:
    assert penstock.Tensor((2, 3), [0, 1, 2, 3, 4, 5]).tolist() == [[0, 1, 2], [3, 4, 5]]
    assert penstock.Tensor([2, 2], range(4), dtype="float64").dtype == penstock.float64
    assert penstock.Tensor((), [7]).shape == ()


def test_flat_data_that_does_not_fill_the_shape_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="5"):
        penstock.Tensor((2, 3), [0, 1, 2, 3, 4])


def test_flat_data_of_more_axes_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="expected one axis"):
        penstock.Tensor((2, 1), [[0], [1]])


def test_the_memory_is_aligned_as_asked() -> None:
    assert penstock.Tensor([1, 2], alignment=4096).data_ptr % 4096 == 0
    assert penstock.Tensor([1.0], dtype="float16", alignment=4096).data_ptr % 4096 == 0


# ---- What it says of itself ----


def test_attributes_describe_the_tensor() -> None:
    tensor = matrix()
    assert (tensor.shape, tensor.strides, tensor.ndim, tensor.size, tensor.nbytes) == ((2, 3), (3, 1), 2, 6, 48)
    assert (tensor.is_contiguous, tensor.is_readonly, tensor.is_pinned) == (True, False, False)
    assert (tensor.dtype, tensor.device) == (penstock.int64, penstock.Device("cpu"))


def test_older_names_say_the_same() -> None:
    tensor = matrix()
    assert (tensor.dims(), tensor.isOnGPU(), tensor.gpuID()) == ((2, 3), False, -1)


def test_attributes_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        matrix().shape = (3, 2)  # type: ignore[misc]
    with pytest.raises(AttributeError):
        matrix().colour = 1  # type: ignore[attr-defined]


@given(arrays)
def test_tolist_gives_what_numpys_does(array: Any) -> None:
    ours, theirs = penstock.Tensor(array).tolist(), array.tolist()
    assert repr(ours) == repr(theirs)


def test_tolist_of_bfloat16_gives_floats() -> None:
    assert penstock.Tensor([1.5, -2.0], dtype="bfloat16").tolist() == [1.5, -2.0]


@pytest.mark.parametrize("dtype", ["float8_e4m3fn", "float8_e5m2"])
def test_tolist_of_storage_only_dtypes_says_what_works(dtype: str) -> None:
    with pytest.raises(TypeError, match=r"view\('uint8'\)"):
        penstock.zeros(3, dtype=dtype).tolist()


def test_item_is_the_one_element() -> None:
    assert penstock.Tensor([[2.5]]).item() == 2.5
    with pytest.raises(ValueError, match=r"one element, this tensor has shape \(2, 3\)"):
        matrix().item()


def test_the_repr_has_elements_shape_dtype_and_device() -> None:
    assert repr(penstock.Tensor([[0.0, 1.5]])) == "tensor([[0. , 1.5]], shape=(1, 2), dtype=float32, device=cpu)"


@given(hnp.arrays(st.sampled_from(("int64", "float64", "bool")), hnp.array_shapes(max_dims=3, max_side=5)))
def test_elements_are_laid_out_as_numpys(array: Any) -> None:
    theirs = np.array2string(array, separator=", ", prefix="tensor(", max_line_width=1000)
    assert penstock.Tensor(array).format(line_width=1000).startswith(f"tensor({theirs},")


def test_format_takes_numpys_options() -> None:
    tensor = penstock.arange(0.0, 1.0, 0.001)
    assert tensor.format(edge_items=1, threshold=5, precision=2) == (
        "tensor([0., ..., 1.], shape=(1000,), dtype=float32, device=cpu)"
    )
    assert all(len(line) <= 30 for line in penstock.arange(100).format(line_width=30).splitlines()[:-1])


@pytest.mark.parametrize(
    "options", [{"edge_items": -1}, {"threshold": -1}, {"precision": 18}, {"line_width": 0}, {"edge_items": 2**40}]
)
def test_a_format_option_outside_its_limits_is_a_value_error(options: dict[str, int]) -> None:
    (name,) = options
    with pytest.raises(ValueError, match=name):
        matrix().format(**options)


def test_notebooks_show_the_repr_as_html() -> None:
    assert matrix()._repr_html_() == f"<pre>{matrix()!r}</pre>"


# ---- Views ----

VIEWS = {
    "T": (lambda t: t.T, lambda a: a.T),
    "mT": (lambda t: t.reshape(1, 2, 3).mT, lambda a: a.reshape(1, 2, 3).mT),
    "reshape": (lambda t: t.reshape(3, -1), lambda a: a.reshape(3, -1)),
    "reshape by a tuple": (lambda t: t.reshape((6,)), lambda a: a.reshape(6)),
    "permute": (lambda t: t.permute(1, 0), lambda a: a.transpose(1, 0)),
    "transpose": (lambda t: t.transpose(0, -1), lambda a: a.T),
    "select": (lambda t: t.select(1, -1), lambda a: a[:, -1]),
    "narrow": (lambda t: t.narrow(1, 1, 2), lambda a: a[:, 1:3]),
    "squeeze": (lambda t: t[:1].squeeze(), lambda a: a[0]),
    "squeeze of an axis": (lambda t: t[:1].squeeze(0), lambda a: a[0]),
    "unsqueeze": (lambda t: t.unsqueeze(1), lambda a: a[:, None]),
    "expand": (lambda t: t.expand(4, 2, 3), lambda a: np.broadcast_to(a, (4, 2, 3))),
    "flatten": (lambda t: t.flatten(), lambda a: a.ravel()),
    "view": (lambda t: t.view("uint64"), lambda a: a.view("uint64")),
}  # fmt: skip


@pytest.mark.parametrize(("ours", "theirs"), VIEWS.values(), ids=VIEWS)
def test_a_view_shows_what_numpys_does(ours: Any, theirs: Any) -> None:
    view, expected = ours(matrix()), theirs(np.arange(6).reshape(2, 3))
    assert (view.shape, view.tolist()) == (expected.shape, expected.tolist())


@pytest.mark.parametrize(("ours", "theirs"), VIEWS.values(), ids=VIEWS)
def test_a_view_shares_memory_and_outlives_its_tensor(ours: Any, theirs: Any) -> None:
    tensor = matrix()
    view = ours(tensor)
    tensor.fill_(7)
    del tensor
    assert set(np.ravel(view.tolist())) == {7}


def test_t_of_another_rank_says_what_to_use() -> None:
    with pytest.raises(ValueError, match="use mT or permute"):
        _ = penstock.zeros(3).T


def test_an_expanded_view_is_read_only() -> None:
    assert matrix().expand(2, 2, 3).is_readonly


def test_a_reshape_that_needs_a_copy_says_so() -> None:
    with pytest.raises(ValueError, match="contiguous"):
        matrix().T.reshape(6)


def test_an_axis_outside_is_an_index_error() -> None:
    with pytest.raises(IndexError, match="axis 5"):
        matrix().transpose(0, 5)


@pytest.mark.parametrize("dtype", ["i8", "f4", "<f4", "float", "Float32", "", 5, None, np.dtype(">f4"), str])
def test_what_is_no_dtype_is_a_type_error(dtype: Any) -> None:
    with pytest.raises(TypeError, match="is no dtype"):
        matrix().view(dtype)


# ---- Copies and conversions ----


@pytest.mark.parametrize("dtype", NUMPYS)
def test_astype_converts_as_numpys(dtype: str) -> None:
    array = np.array([[0, 1, 2], [3, 100, 127]])
    converted = penstock.Tensor(array).astype(dtype)
    assert (converted.dtype.name, converted.tolist()) == (dtype, array.astype(dtype).tolist())


def test_astype_same_kind_refuses_to_lose_the_fraction() -> None:
    with pytest.raises(TypeError, match="int32"):
        penstock.Tensor([1.5]).astype("int32", casting="same_kind")


def test_an_unknown_casting_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="'same_kind' or 'unsafe'"):
        penstock.Tensor([1.5]).astype("int32", casting="safe")


def test_contiguous_copies_only_where_needed() -> None:
    tensor = matrix()
    assert tensor.contiguous() is tensor
    assert tensor.T.contiguous().strides == (2, 1)
    assert tensor.T.contiguous().tolist() == [[0, 3], [1, 4], [2, 5]]


def test_to_the_same_device_shares_memory() -> None:
    tensor = matrix()
    assert shares_memory(tensor.to("cpu"), tensor)


def test_copy_into_converts_and_broadcasts() -> None:
    tensor = penstock.zeros((2, 3))
    assert tensor.copy_([1, 2, 3]) is tensor
    assert tensor.tolist() == [[1, 2, 3], [1, 2, 3]]


def test_copy_into_refuses_to_lose_the_fraction_unless_asked() -> None:
    source = penstock.Tensor([1.5])
    with pytest.raises(TypeError):
        penstock.zeros(1, dtype="int8").copy_(source)
    assert penstock.zeros(1, dtype="int8").copy_(source, casting="unsafe").tolist() == [1]


def test_fill_sets_every_element() -> None:
    tensor = matrix()
    assert tensor.fill_(7) is tensor
    assert tensor.tolist() == [[7, 7, 7], [7, 7, 7]]


def test_writing_through_read_only_memory_raises() -> None:
    view = matrix().expand(2, 2, 3)
    with pytest.raises(penstock.ReadOnlyError):
        view.fill_(1)
    with pytest.raises(penstock.ReadOnlyError):
        view.copy_(view)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, penstock.Tensor.clone, penstock.Tensor])
def test_a_copy_has_memory_of_its_own(duplicate: Any) -> None:
    tensor = matrix().T
    copied = duplicate(tensor)
    tensor.fill_(9)
    assert copied.tolist() == [[0, 3], [1, 4], [2, 5]]


@pytest.mark.parametrize("dtype", [*NUMPYS, *BITS])
@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_keeps_dtype_shape_and_elements(dtype: str, protocol: int) -> None:
    tensor = penstock.Tensor(np.arange(6, dtype=np.uint8)).astype("uint8").reshape(2, 3)
    tensor = tensor.view(dtype) if dtype in BITS[1:] else tensor.astype(dtype)
    loaded = pickle.loads(pickle.dumps(tensor, protocol))
    assert loaded.equal(tensor, bitwise=True)
    assert not shares_memory(loaded, tensor)


def test_pickling_a_view_keeps_only_what_it_shows() -> None:
    whole = penstock.zeros(100_000)
    assert len(pickle.dumps(whole[::1000])) < 1000


# ---- Comparing ----


def test_equal_by_value_and_bit_by_bit() -> None:
    zero, nan = penstock.Tensor([0.0]), penstock.Tensor([float("nan")])
    other_nan = penstock.Tensor([0x7FC00001], dtype="uint32").view("float32")
    assert (zero.equal([-0.0]), zero.equal([-0.0], bitwise=True)) == (True, False)
    assert (nan.equal(other_nan), nan.equal(other_nan, bitwise=True), nan.equal(nan, bitwise=True)) == (
        True,
        False,
        True,
    )


def test_equal_asks_for_one_dtype_and_shape() -> None:
    tensor = penstock.zeros(3)
    assert tensor.equal(penstock.zeros(3))
    assert not tensor.equal(penstock.zeros(3, dtype="float64"))
    assert not tensor.equal(penstock.zeros((3, 1)))


def test_all_close_follows_its_tolerances() -> None:
    tensor = penstock.Tensor([100.0])
    assert tensor.all_close([100.0005])
    assert not tensor.all_close([100.01])
    assert tensor.all_close([100.01], relative=1e-3)
    assert tensor.all_close([101.0], relative=0, absolute=1.5)


def test_all_close_takes_a_nan_for_close_where_asked() -> None:
    tensor = penstock.Tensor([float("nan")])
    assert not tensor.all_close(tensor)
    assert tensor.all_close(tensor, nan_equal=True)


def test_all_close_refuses_other_shapes_and_negative_tolerances() -> None:
    with pytest.raises(ValueError, match="shape"):
        penstock.zeros(3).all_close(penstock.zeros(4))
    with pytest.raises(ValueError, match="-1"):
        penstock.zeros(3).all_close(penstock.zeros(3), relative=-1)


# ---- Python's protocols ----


def test_len_and_iteration_follow_the_first_axis() -> None:
    assert len(matrix()) == 2
    assert [row.tolist() for row in matrix()] == [[0, 1, 2], [3, 4, 5]]


def test_rank_0_has_neither_length_nor_iteration() -> None:
    with pytest.raises(TypeError, match="rank 0"):
        len(penstock.Tensor(1))
    with pytest.raises(TypeError, match="rank 0"):
        iter(penstock.Tensor(1))


def test_one_element_is_a_python_number() -> None:
    tensor = penstock.Tensor([2])
    assert (int(tensor), float(tensor), complex(tensor), bool(tensor)) == (2, 2.0, 2 + 0j, True)
    assert [10, 20, 30][penstock.Tensor(2)] == 30


def test_more_elements_are_no_number() -> None:
    for convert in (int, float, complex):
        with pytest.raises(ValueError, match="one element"):
            convert(matrix())


def test_only_an_integer_of_rank_0_is_an_index() -> None:
    for tensor in (penstock.Tensor([1]), penstock.Tensor(1.0), penstock.Tensor(True)):
        with pytest.raises(TypeError, match="index"):
            range(3)[tensor]


def test_tensors_are_hashed_by_what_they_are_not_by_their_elements() -> None:
    first, second = matrix(), matrix()
    assert {first: 1, second: 2}[first] == 1
    assert (first == second).tolist() == [[True] * 3] * 2


def test_a_weak_reference_does_not_keep_a_tensor() -> None:
    tensor = matrix()
    reference = weakref.ref(tensor)
    assert reference() is tensor
    del tensor
    assert reference() is None


# ---- NumPy and torch over the memory ----


@pytest.mark.exchange
@pytest.mark.parametrize("dtype", NUMPYS)
def test_numpy_shares_the_memory(dtype: str) -> None:
    tensor = penstock.zeros((2, 3), dtype=dtype)
    for array in (tensor.numpy(), tensor.to_numpy(), np.asarray(tensor)):
        assert (array.dtype.name, array.shape, array.ctypes.data) == (dtype, (2, 3), tensor.data_ptr)
    np.asarray(tensor)[1, 2] = 1
    assert tensor[1, 2].item() == 1


@pytest.mark.exchange
@pytest.mark.parametrize("dtype", BITS)
def test_numpy_shares_the_memory_of_ml_dtypes(dtype: str) -> None:
    tensor = penstock.zeros((2, 3), dtype=dtype)
    for array in (tensor.numpy(), np.asarray(tensor)):
        assert (array.dtype.name, array.shape, array.ctypes.data) == (dtype, (2, 3), tensor.data_ptr)


@pytest.mark.parametrize("dtype", BITS)
def test_without_ml_dtypes_a_type_error_names_astype(dtype: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "ml_dtypes", None)
    with pytest.raises(TypeError, match=r"\.astype"):
        penstock.zeros(3, dtype=dtype).numpy()
    with pytest.raises(TypeError, match=r"\.astype"):
        np.asarray(penstock.zeros(3, dtype=dtype))


@pytest.mark.exchange
def test_numpy_sees_strides_and_read_only_memory() -> None:
    assert np.asarray(matrix().T).strides == (8, 24)
    assert np.asarray(matrix()[:, ::-1]).strides == (24, -8)
    assert not np.asarray(matrix().expand(2, 2, 3)).flags.writeable


def test_numpys_dtype_and_copy_are_followed() -> None:
    tensor = matrix()
    assert np.asarray(tensor, dtype=np.float32).tolist() == [[0, 1, 2], [3, 4, 5]]
    copied = np.array(tensor, copy=True)
    copied[:] = 9
    assert tensor.tolist() == [[0, 1, 2], [3, 4, 5]]


def test_a_conversion_without_a_copy_is_a_value_error() -> None:
    with pytest.raises(ValueError, match="copy"):
        matrix().__array__(np.float32, copy=False)


def test_copy_true_shares_none() -> None:
    tensor = matrix()
    tensor.__array__(copy=True).fill(9)
    assert tensor.tolist() == [[0, 1, 2], [3, 4, 5]]


@pytest.mark.exchange
def test_copy_false_shares_memory() -> None:
    tensor = matrix()
    assert tensor.__array__(copy=False).ctypes.data == tensor.data_ptr


@pytest.mark.exchange
def test_the_buffer_protocol_lends_the_memory() -> None:
    tensor = matrix()
    with memoryview(tensor) as view:
        assert (view.shape, view.format, view.readonly) == ((2, 3), "l", False)
        tensor[0, 1] = 50
        assert view[0, 1] == 50


@pytest.mark.exchange
@pytest.mark.parametrize("dtype", BITS)
def test_a_dtype_the_buffer_protocol_lacks_is_a_buffer_error_that_names_astype(dtype: str) -> None:
    with pytest.raises(BufferError, match=r"\.astype"):
        memoryview(penstock.zeros(3, dtype=dtype))


@pytest.mark.exchange
def test_torch_shares_the_memory() -> None:
    tensor = matrix()
    for lent in (tensor.torch(), tensor.to_torch()):
        assert (lent.data_ptr(), lent.tolist()) == (tensor.data_ptr, tensor.tolist())


def test_a_subclass_makes_its_own_kind() -> None:
    class Weights(penstock.Tensor):
        """A tensor with something more to say."""

        def total(self) -> float:
            return float(sum(self.tolist()))

    weights = Weights([1.0, 2.0])
    assert isinstance(weights, Weights)
    assert weights.total() == 3
    assert Weights((2, 1), [1, 2]).shape == (2, 1)


def test_the_truth_of_several_elements_is_asked_of_any_or_all() -> None:
    with pytest.raises(ValueError, match=r"a tensor of shape \(2,\) is neither true nor false: ask any\(\) or all\(\)"):
        bool(penstock.Tensor([1, 0]))


def test_reductions_are_methods_too() -> None:
    grid = penstock.arange(6, dtype="float32").reshape(2, 3)
    assert grid.sum(0).tolist() == [3, 5, 7]
    assert grid.max(axis=1, keepdims=True).tolist() == [[2], [5]]
    assert grid.std(correction=1).item() == pytest.approx(1.8708287)
