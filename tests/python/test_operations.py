"""Operators, Python's numbers beside tensors, errors, and large arrays beside NumPy's and torch's."""

from collections.abc import Callable
from typing import Any

import numpy as np
import penstock
import pytest
import torch
from penstock.operators import NUMBERS


def numbers(*values: Any, dtype: str = "float32") -> penstock.Tensor:
    return penstock.Tensor(list(values), dtype=dtype)


def test_the_enumeration_of_c_names_the_functions_here() -> None:
    elements = penstock._native.ffi.typeof("ps_operation").elements
    assert {number: name.removeprefix("PS_OP_").lower() for number, name in elements.items()} == {
        number: name for name, number in NUMBERS.items()
    }
    assert set(penstock.elementwise.__all__) | set(penstock.reductions.__all__) == NUMBERS.keys() | {"where", "clip"}


@pytest.mark.parametrize("expression", [
    "t + t", "t - 1", "2 * t", "1 / t", "t // 2", "7 % t", "t ** 2", "2 ** t", "-t", "+t", "abs(-t)", "t == 2",
    "t != 2", "t < 2", "t <= 2", "t > 2", "2 >= t", "(t > 1) & (t < 3)", "(t > 1) | (t < 3)", "(t > 1) ^ (t < 3)",
    "~(t > 1)",
])  # fmt: skip
def test_an_operator_gives_what_numpys_does(expression: str) -> None:
    array = np.array([1, 2, 4], dtype=np.float32)
    expected = eval(expression, {"t": array})
    found = eval(expression, {"t": penstock.Tensor(array)})
    np.testing.assert_array_equal(found.numpy(), expected)
    assert found.dtype.name == expected.dtype.name


@pytest.mark.parametrize("expression", ["t << 2", "1 << t", "t >> 1", "64 >> t", "t & 6", "6 | t", "t ^ 5", "~t"])
def test_an_operator_on_integers_gives_what_numpys_does(expression: str) -> None:
    array = np.array([1, 2, 5], dtype=np.int16)
    found = eval(expression, {"t": penstock.Tensor(array)})
    np.testing.assert_array_equal(found.numpy(), eval(expression, {"t": array}))
    assert found.dtype is penstock.int16


@pytest.mark.parametrize(
    ("dtype", "number", "expected"),
    [
        ("int8", 3, "int8"),
        ("int8", 0.5, "float32"),
        ("bool", 3, "int64"),
        ("bool", True, "bool"),
        ("float16", 0.5, "float16"),
        ("float64", 1, "float64"),
        ("float32", 1j, "complex64"),
        ("float64", 1j, "complex128"),
    ],
)
def test_a_python_number_takes_the_tensors_dtype_unless_its_kind_is_higher(
    dtype: str, number: Any, expected: str
) -> None:
    tensor = penstock.ones(2, dtype=dtype)
    assert penstock.equal(tensor, number).dtype is penstock.bool
    assert penstock.where(penstock.Tensor([True, False]), tensor, number).dtype.name == expected


def test_a_python_number_that_does_not_fit_is_an_error() -> None:
    with pytest.raises(OverflowError, match="300 does not fit int8"):
        penstock.zeros(2, dtype="int8") + 300


def test_two_numbers_are_no_operands() -> None:
    with pytest.raises(TypeError, match="expected a tensor"):
        penstock.add(1, 2)


def test_in_place_operators_write_to_the_tensor_and_keep_its_dtype() -> None:
    tensor = numbers(1, 2, 3)
    view, address = tensor[1:], tensor.data_ptr
    tensor += 1
    tensor *= np.array([1, 2, 3], dtype=np.float64)
    assert (tensor.tolist(), view.tolist(), tensor.data_ptr) == ([2.0, 6.0, 12.0], [6.0, 12.0], address)
    assert tensor.dtype is penstock.float32


def test_an_in_place_operator_refuses_what_does_not_fit_the_dtype() -> None:
    tensor = numbers(1, 2, dtype="int32")
    with pytest.raises(TypeError, match="divide gives float32"):
        tensor /= 2
    assert tensor.tolist() == [1, 2]


def test_numpys_arrays_stand_on_either_side() -> None:
    array, tensor = np.array([1.0, 2.0], dtype=np.float32), numbers(10, 20)
    assert isinstance(array - tensor, penstock.Tensor)
    assert (array - tensor).tolist() == [-9.0, -18.0]
    assert (tensor - array).tolist() == [9.0, 18.0]


def test_something_that_is_no_array_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="unsupported operand"):
        numbers(1) + "one"


def test_an_error_names_the_operation_and_the_shapes() -> None:
    with pytest.raises(ValueError, match=r"add: shapes \(2, 3\), \(4,\) do not broadcast together"):
        penstock.zeros((2, 3)) + penstock.zeros(4)


def test_an_error_names_the_operation_and_the_dtypes() -> None:
    with pytest.raises(TypeError, match="bitwise_and does not take float32: expected bool, integers"):
        numbers(1) & numbers(2)
    with pytest.raises(TypeError, match="add: uint64 and int8 have no common dtype"):
        penstock.zeros(1, dtype="uint64") + penstock.zeros(1, dtype="int8")


def test_membership_looks_at_the_elements() -> None:
    assert 2 in numbers(1, 2)
    assert 3 not in numbers(1, 2)


def test_a_tensor_names_its_namespace() -> None:
    assert numbers(1).__array_namespace__() is penstock
    assert numbers(1).__array_namespace__(api_version="2024.12") is penstock
    with pytest.raises(ValueError, match="api_version is '2019"):
        numbers(1).__array_namespace__(api_version="2019.12")


def test_no_axes_leave_each_element_alone() -> None:
    assert penstock.sum(numbers(1, 2, dtype="int8"), axis=()).tolist() == [1, 2]


def test_running_totals_of_several_axes_need_one_named() -> None:
    with pytest.raises(ValueError, match=r"shape \(2, 2\), so axis must be named"):
        penstock.cumulative_sum(penstock.ones((2, 2)))


LAYOUTS: dict[str, Callable[[Any], Any]] = {
    "dense": lambda x: x,
    "transposed": lambda x: x.T,
    "reversed": lambda x: x[::-1, ::-1],
    "every third": lambda x: x[:, ::3],
    "one row repeated": lambda x: np.broadcast_to(x[:1], x.shape),
}


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("axis", [None, 0, 1])
@pytest.mark.parametrize("name", ["sum", "mean", "max", "argmin", "std", "any"])
def test_a_large_reduction_gives_what_numpys_does_in_any_layout(layout: str, axis: int | None, name: str) -> None:
    array = LAYOUTS[layout](np.random.default_rng(0).standard_normal((531, 700)))
    found = getattr(penstock, name)(penstock.from_numpy(array), axis=axis).numpy()
    np.testing.assert_allclose(found, getattr(np, name)(array, axis=axis), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_large_operands_give_what_numpys_do_in_any_layout(layout: str) -> None:
    array = LAYOUTS[layout](np.random.default_rng(0).standard_normal((531, 700)).astype(np.float32))
    tensor = penstock.from_numpy(array)
    np.testing.assert_array_equal((tensor * tensor[0] - 1.5).numpy(), array * array[0] - np.float32(1.5))
    np.testing.assert_array_equal((tensor > tensor[:, :1]).numpy(), array > array[:, :1])


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
@pytest.mark.parametrize("name", ["add", "multiply", "divide", "maximum", "less"])
def test_small_floats_are_rounded_once_as_torchs_are(dtype: str, name: str) -> None:
    first, second = torch.randn(2, 1000, generator=torch.manual_seed(0)).to(getattr(torch, dtype))
    found = getattr(penstock, name)(penstock.from_dlpack(first), penstock.from_dlpack(second))
    assert torch.equal(found.torch(), getattr(torch, name)(first, second))


def test_the_sum_of_float16_is_made_in_float32() -> None:
    assert penstock.sum(penstock.full(4096, 1.0, dtype="float16")).item() == 4096.0


def test_the_exponential_of_float32_is_within_two_units_in_the_last_place() -> None:
    bits = np.arange(0, 2**32, 9973, dtype=np.uint64).astype(np.uint32)
    array = bits.view(np.float32)
    with np.errstate(all="ignore"):
        expected = np.exp(array.astype(np.float64))
        unit = np.spacing(np.minimum(expected, np.finfo(np.float32).max).astype(np.float32)).astype(np.float64)
        rounded = expected.astype(np.float32)
    found = penstock.exp(penstock.Tensor(array)).numpy()
    finite = np.isfinite(rounded) & np.isfinite(found)
    assert np.max(np.abs(found[finite] - expected[finite]) / unit[finite]) <= 2
    np.testing.assert_array_equal(found[~finite], rounded[~finite])
