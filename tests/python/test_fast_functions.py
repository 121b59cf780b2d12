"""Built-in functions and operators in front of Python's: called, shown, pickled and overridden as those would be."""

import inspect
import pickle
import threading
from typing import Any

import numpy as np
import penstock
import pytest
from penstock.base import HAS_EXTENSION

pytestmark = pytest.mark.skipif(not HAS_EXTENSION, reason="there are no built-in functions without the extension")

LOOSE: Any = penstock  # what mypy would refuse is called all the same
FAST = [*penstock.elementwise.__all__, *penstock.reductions.__all__, "matmul"]
NOT_FAST = {"where", "clip", "cumulative_sum", "cumulative_prod"}


@pytest.mark.parametrize("name", sorted(set(FAST) - NOT_FAST))
def test_a_function_is_built_in_and_looks_as_if_written_in_python(name: str) -> None:
    function = getattr(penstock, name)
    assert inspect.isbuiltin(function)
    assert (function.__name__, function.__qualname__) == (name, name)
    assert ">>> " in str(function.__doc__)
    assert next(iter(inspect.signature(function).parameters)) in ("x", "x1")
    assert pickle.loads(pickle.dumps(function)) is function


def test_a_signature_names_what_may_be_given() -> None:
    assert str(inspect.signature(penstock.add)) == "(x1, x2, /)"
    assert str(inspect.signature(penstock.matmul)) == "(x1, x2, /)"
    assert str(inspect.signature(penstock.sum)) == "(x, /, *, axis=None, dtype=None, keepdims=False)"
    assert penstock.exp.__module__ == "penstock"


def test_functions_take_what_pythons_do() -> None:
    expected = [2.0, 3.0]
    tensor = penstock.Tensor([1.0, 2.0])
    for other in (1, 1.0, True, np.float32(1), np.ones(2, dtype=np.float32), penstock.ones(2), [1.0, 1.0]):
        assert penstock.add(tensor, other).tolist() == expected
        assert penstock.add(other, tensor).tolist() == expected
    assert penstock.add(tensor, 1j).dtype is penstock.complex64
    assert penstock.exp([0.0]).tolist() == [1.0]
    assert penstock.sum([1, 2], axis=-1).item() == 3
    matrix = penstock.ones((2, 3))
    assert penstock.sum(matrix, axis=(0, 1), keepdims=True).shape == (1, 1)
    assert LOOSE.sum(matrix, axis=np.int64(1)).tolist() == [3.0, 3.0]
    assert penstock.sum(matrix, dtype="float64").dtype is penstock.float64
    assert penstock.var(matrix, correction=1).item() == 0


@pytest.mark.parametrize(
    ("call", "kind", "text"),
    [
        (LOOSE.add, TypeError, "missing 1 required positional"),
        (lambda t: LOOSE.exp(t, t), TypeError, "one argument"),
        (lambda t: LOOSE.sum(t, 0), TypeError, "positional"),
        (lambda t: LOOSE.sum(t, along=0), TypeError, "along"),
        (lambda t: LOOSE.sum(t, axis=3), IndexError, "axis 3"),
        (lambda t: LOOSE.add(t, "one"), TypeError, "one"),
        (lambda t: pow(t, 2, 3), TypeError, "unsupported operand"),
        (lambda t: t + None, TypeError, "unsupported operand"),
        (lambda t: LOOSE.add(penstock.zeros(2, dtype="int8"), 128), OverflowError, "128 does not fit int8"),
        (lambda t: LOOSE.add(penstock.zeros(2, dtype="uint8"), -1), OverflowError, "-1 does not fit uint8"),
        (lambda t: t[5], IndexError, r"index 5 is outside axis 0 of size 2 of shape \(2,\)"),
        (lambda t: t[0, 0], IndexError, "too many indices"),
        (lambda t: t[::0], ValueError, "step"),
    ],
)
def test_mistakes_are_named_as_pythons_functions_name_them(call: Any, kind: type[Exception], text: str) -> None:
    with pytest.raises(kind, match=text):
        call(penstock.Tensor([1.0, 2.0]))


NUMBERS = [0, 1, -1, 127, 128, -128, 2**31, 2**53, 2**53 + 1, 2**63 - 1, -(2**63), 2**63, 0.5, -0.0, 1e300, True, False]


@pytest.mark.parametrize(
    "dtype", ["bool", "int8", "uint8", "int32", "uint64", "int64", "float16", "float32", "float64"]
)
@pytest.mark.parametrize("number", NUMBERS)
def test_a_number_is_what_the_package_makes_of_it(number: Any, dtype: str) -> None:
    tensor = penstock.ones(2, dtype=dtype)
    results = []
    for operate in (LOOSE._dlpack.TensorBase.__ne__, LOOSE.operators.Operators.__ne__):
        try:
            result = operate(tensor, number)
            results.append((result.tolist(), result.dtype))
        except (OverflowError, TypeError, ValueError) as error:
            results.append((str(error), type(error)))
    assert results[0] == results[1]


def test_products_of_matrices_take_what_pythons_do() -> None:
    matrix = penstock.Tensor([[1.0, 2.0], [3.0, 4.0]])
    for other in (matrix, np.asarray(matrix), [[1.0, 2.0], [3.0, 4.0]]):
        assert penstock.matmul(matrix, other).tolist() == [[7.0, 10.0], [15.0, 22.0]]
        assert penstock.matmul(other, matrix).tolist() == [[7.0, 10.0], [15.0, 22.0]]
    matrix @= np.eye(2, dtype=np.float32)
    assert matrix.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    for number in (2, 2.0, True):
        with pytest.raises(TypeError, match="unsupported operand"):
            number @ LOOSE.ones((2, 2))
    with pytest.raises(TypeError, match="missing 1 required positional"):
        LOOSE.matmul(matrix)
    with pytest.raises(TypeError, match="keyword"):
        LOOSE.matmul(x1=matrix, x2=matrix)


def test_a_product_in_place_that_does_not_fit_changes_nothing() -> None:
    matrix = penstock.ones((2, 2), dtype="int32")
    for other, kind in ((penstock.ones((2, 2)), TypeError), (penstock.ones((2, 3), dtype="int32"), ValueError)):
        with pytest.raises(kind):
            matrix @= other
    assert matrix.tolist() == [[1, 1], [1, 1]]


def test_a_subclass_may_have_operators_of_its_own() -> None:
    class Loud(penstock.Tensor):
        def __add__(self, other: Any) -> Any:
            return "loud"

        def __getitem__(self, index: Any) -> Any:
            return f"loud {index}"

    loud = Loud([1.0, 2.0])
    assert loud + 1 == "loud"
    assert loud[0] == "loud 0"
    assert (loud * 2).tolist() == [2.0, 4.0]


def test_tensors_are_hashed_by_themselves() -> None:
    one, other = penstock.zeros(2), penstock.zeros(2)
    assert {one: 1, other: 2}[one] == 1
    assert (one == other).tolist() == [True, True]


def test_slices_are_cut_as_numpys() -> None:
    array = np.arange(60).reshape(5, 12)
    tensor = penstock.Tensor(array)
    ends = [None, 0, 1, 4, -1, -3, 12, 13, -13, 2**62, -(2**62), 2**63 - 1, -(2**63), 2**70, -(2**70)]
    for start in ends:
        for stop in ends:
            for step in (None, 1, 2, -1, -5, 2**63 - 1, -(2**63) + 1):
                index = slice(start, stop, step)
                assert tensor[1, index].tolist() == array[1, index].tolist(), index
                assert tensor[index, -1].tolist() == array[index, -1].tolist(), index


def test_a_view_of_all_is_the_tensor_itself() -> None:
    tensor = penstock.zeros((2, 2))
    assert tensor[:] is tensor
    assert tensor[:, 0:2].data_ptr == tensor.data_ptr


def test_another_thread_runs_while_a_large_tensor_is_computed() -> None:
    large = penstock.ones(20_000_000)
    turns, ends = [0], threading.Event()

    def count() -> None:
        while not ends.is_set():
            turns[0] += 1

    other = threading.Thread(target=count)
    other.start()
    before = turns[0]
    for _ in range(10):
        penstock.exp(large)
    during = turns[0] - before
    ends.set()
    other.join()
    assert during > 0


def test_operations_leave_no_memory_behind() -> None:
    tensor = penstock.ones((3, 4))
    before = penstock.memory_stats().live_bytes
    for _ in range(100):
        _ = tensor + 1.0, tensor * tensor, tensor[1:, 2], penstock.sum(tensor, axis=0), -tensor
        _ = tensor @ tensor.mT, penstock.matmul(tensor, [1.0] * 4)
        tensor @= penstock.eye(4)
        with pytest.raises(ValueError, match="do not fit"):
            tensor @ tensor
        with pytest.raises(ValueError, match="broadcast"):
            tensor + penstock.ones(3)
        with pytest.raises(IndexError):
            tensor[1:, 9]
    del _
    assert penstock.memory_stats().live_bytes == before
