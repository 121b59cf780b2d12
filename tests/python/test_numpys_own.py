"""The DLPack tests that NumPy ships, run from the installed NumPy with penstock as the producer of every array."""

import importlib.util
import inspect
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy
import numpy.testing  # now: imported while another module stands for NumPy, it would be missing from NumPy itself
import penstock
import pytest


class LentArray(numpy.ndarray[Any, Any]):
    """A NumPy array whose memory penstock lends: everything else of it is NumPy's."""

    def __dlpack__(self, **asked: Any) -> Any:
        return penstock.from_numpy(numpy.asarray(self)).__dlpack__(**asked)

    def __dlpack_device__(self) -> tuple[int, int]:  # type: ignore[override]
        return penstock.from_numpy(numpy.asarray(self)).__dlpack_device__()


def lent(make: Callable[..., Any]) -> Callable[..., Any]:
    return lambda *arguments, **named: make(*arguments, **named).view(LentArray)


class NumPyOfLentArrays(types.ModuleType):
    """NumPy, but that it makes lent arrays; the memory of arange is the engine's."""

    ndarray = LentArray
    array = staticmethod(lent(numpy.array))
    asarray = staticmethod(lent(numpy.asarray))
    zeros = staticmethod(lent(numpy.zeros))

    @staticmethod
    def arange(*arguments: Any, **named: Any) -> Any:
        if named:
            return numpy.arange(*arguments, **named).view(LentArray)
        return numpy.asarray(penstock.arange(*arguments)).view(LentArray)

    def __getattr__(self, name: str) -> Any:
        return getattr(numpy, name)


def numpys_tests() -> Any:
    """The class of NumPy's tests, made anew over lent arrays."""
    path = Path(numpy.__file__).parent / "_core" / "tests" / "test_dlpack.py"
    spec = importlib.util.spec_from_file_location("numpys_test_dlpack", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["numpy"] = NumPyOfLentArrays("numpy")
    try:
        spec.loader.exec_module(module)
    finally:
        sys.modules["numpy"] = numpy
    return module.TestDLPack


THEIRS = numpys_tests()
HIGHEST_RANK = 16

# What of NumPy's own is not asked of penstock, why, and what is seen instead.
LEFT_OUT = {
    "test_dunder_dlpack_refcount": ("a capsule holds the storage, not the Python object", AssertionError),
    "test_from_dlpack_refcount": ("a consumer holds the storage, not the Python object", AssertionError),
    "test_dunder_dlpack_stream": ("a stream on the CPU is a BufferError here, not a RuntimeError", BufferError),
    "test_higher_dims": (f"penstock's ranks end at {HIGHEST_RANK}, NumPy's at 64", BufferError),
}


def numpys(name: str, values: Any) -> Callable[..., None]:
    """One of NumPy's tests as a plain function of its parameter."""
    function: Callable[..., None] = getattr(THEIRS, name)
    return lambda: function(THEIRS(), *values)


class TestNumPysOwn(THEIRS):  # type: ignore[misc, valid-type]
    """All that is asked of penstock too."""

    test_dunder_dlpack_refcount = test_from_dlpack_refcount = test_dunder_dlpack_stream = None

    @pytest.mark.parametrize("ndim", range(HIGHEST_RANK + 1))
    def test_higher_dims(self, ndim: int) -> None:
        numpys("test_higher_dims", [ndim])()


@pytest.mark.parametrize(
    ("name", "values"),
    [
        ("test_dunder_dlpack_refcount", [(1, 0)]),
        ("test_from_dlpack_refcount", [numpy.arange(5).view(LentArray)]),
        ("test_dunder_dlpack_stream", []),
        ("test_higher_dims", [HIGHEST_RANK + 1]),
    ],
)
def test_what_is_left_out_differs_as_said(name: str, values: Any) -> None:
    _, seen = LEFT_OUT[name]
    with pytest.raises(seen):
        numpys(name, values)()


def test_every_test_of_numpys_is_run_or_left_out_with_a_reason() -> None:
    theirs = {name for name, _ in inspect.getmembers(THEIRS, inspect.isfunction) if name.startswith("test_")}
    ours = {name for name, _ in inspect.getmembers(TestNumPysOwn, inspect.isfunction) if name.startswith("test_")}
    assert theirs - ours == set(LEFT_OUT) - {"test_higher_dims"}
    assert len(theirs) > 10
