"""Operators, indices and in-place writes under gradients: the extension's own, and Python's where it was not built."""

import operator
from collections.abc import Callable
from typing import Any

import numpy
import penstock
import pytest
from gradient_checks import assert_gradients
from penstock.operators import Operators

FIRST = numpy.array([[0.5, -1.5, 2.25], [1.25, 0.75, -0.5]])
SECOND = numpy.array([[1.6, 2.5, -0.8], [0.4, -1.6, 3.0]])
POSITIVE = numpy.abs(FIRST)

BINARY: dict[str, Callable[[Any, Any], Any]] = {
    "__add__": operator.add,
    "__mod__": operator.mod,
    "__mul__": operator.mul,
    "__pow__": operator.pow,
    "__sub__": operator.sub,
    "__truediv__": operator.truediv,
}
IN_PLACE: dict[str, Callable[[Any, Any], Any]] = {
    "__iadd__": operator.iadd,
    "__imod__": operator.imod,
    "__imul__": operator.imul,
    "__ipow__": operator.ipow,
    "__isub__": operator.isub,
    "__itruediv__": operator.itruediv,
}
COMPARISONS = (operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne)


def python_operator(name: str) -> Callable[..., Any]:
    """The method that stands in for an operator without the extension."""
    method: Callable[..., Any] = getattr(Operators, name)
    return method


@pytest.mark.parametrize("name", BINARY)
def test_of_two_operands(name: str) -> None:
    """Two tensors; a tensor and a number or an array, on either side; and Python's own method."""
    apply = BINARY[name]
    assert_gradients(apply, POSITIVE, SECOND)
    assert_gradients(python_operator(name), POSITIVE, SECOND)
    for other in (1.35, SECOND, penstock.Tensor(SECOND)):
        assert_gradients(lambda x, y=other: apply(x, y), POSITIVE)
    for other in (1.35, POSITIVE, penstock.Tensor(POSITIVE)):
        assert_gradients(lambda x, y=other: apply(y, x), SECOND)
    reflected = python_operator(f"__r{name[2:]}")
    assert_gradients(lambda x, y: reflected(y, x), POSITIVE, SECOND)


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name: str) -> None:
    """On what was made of a leaf, which then leads to both operands."""
    for apply in (IN_PLACE[name], python_operator(name)):
        assert_gradients(lambda x, y, write=apply: write(x * 1.5, y), POSITIVE, SECOND)
        assert_gradients(lambda x, write=apply: write(x * 1.5, 1.25), POSITIVE)
        assert_gradients(lambda y, write=apply: write(penstock.Tensor(POSITIVE), y), SECOND)


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place_on_a_leaf_or_on_shared_memory_is_refused(name: str) -> None:
    """The elements stay as they are."""
    for apply in (IN_PLACE[name], python_operator(name)):
        leaf = penstock.Tensor(POSITIVE, requires_grad=True)
        shared = leaf * 1
        view = shared[0]
        plain = penstock.Tensor(POSITIVE)
        row = plain[0]
        for written, by in ((leaf, 2.0), (view, 2.0), (shared, 2.0), (row, leaf[1])):
            before = written.tolist()
            with pytest.raises(ValueError, match="in place"):
                apply(written, by)
            assert written.tolist() == before
        with penstock.no_grad():
            assert apply(leaf, 2.0) is leaf
        assert leaf.is_leaf
        assert leaf.requires_grad


def test_of_one_operand() -> None:
    """Signs and magnitudes."""
    for name, apply in (("__abs__", abs), ("__neg__", operator.neg), ("__pos__", operator.pos)):
        assert_gradients(apply, FIRST)
        assert_gradients(python_operator(name), FIRST)


def test_matrix_products() -> None:
    """On either side of an array too, and in place."""
    square = numpy.array([[1.0, 2.0, 0.5], [-1.0, 0.3, 2.0], [0.1, 0.2, -0.4]])
    assert_gradients(operator.matmul, FIRST, square)
    assert_gradients(lambda x: x @ square, FIRST)
    assert_gradients(lambda y: FIRST @ y, square)

    def in_place(x: Any, y: Any) -> Any:
        z = x * 1
        z @= y
        return z

    assert_gradients(in_place, FIRST, square)


@pytest.mark.parametrize("compare", COMPARISONS)
def test_comparisons_require_nothing(compare: Callable[[Any, Any], Any]) -> None:
    """Of a leaf, on either side."""
    leaf = penstock.Tensor(FIRST, requires_grad=True)
    for made in (compare(leaf, SECOND), compare(leaf, 1.0), compare(1.0, leaf), compare(leaf, leaf)):
        assert not made.requires_grad
        assert made.dtype is penstock.bool


INDICES: dict[str, Any] = {
    "an int": 1,
    "a slice": slice(None, None, -1),
    "an int and a slice": (0, slice(1, None)),
    "the whole": slice(None),
    "ints": (1, -1),
    "an ellipsis": (Ellipsis, 2),
    "a new axis": (None, 0),
    "a list": [1, 0, 1],
    "a mask": FIRST > 0,
}


@pytest.mark.parametrize("name", INDICES)
def test_indices(name: str) -> None:
    """Those that the extension takes, and those that it leaves to Python."""
    assert_gradients(lambda x: x[INDICES[name]] * 1, FIRST)
    assert_gradients(lambda x: Operators.__getitem__(x, INDICES[name]) * 1, FIRST)


def test_built_in_functions_record() -> None:
    """With positional operands, names, and numbers beside a tensor."""
    assert_gradients(lambda x: penstock.sum(x, axis=0, keepdims=True), FIRST)
    assert_gradients(lambda x: penstock.multiply(2.0, x), FIRST)
    assert_gradients(lambda x: penstock.add(x, SECOND), FIRST)
    assert_gradients(penstock.tanh, FIRST)
    assert_gradients(lambda x: x.mean(axis=1), FIRST)
