"""Importing penstock is quick, and loads nothing that was not asked for.

test_lifetimes.py imports torch before and after.
"""

import children
import pytest

HEAVY = ("numpy", "torch", "jax", "gymnasium", "pettingzoo", "matplotlib", "ml_dtypes", "tvm_ffi")


def test_no_framework_is_loaded() -> None:
    program = f"import sys, penstock; print([name for name in {HEAVY} if name in sys.modules])"
    assert children.run(program) == "[]\n"


@pytest.mark.parametrize(
    "use",
    [
        "penstock.zeros((2, 3)).T.tolist()",
        "repr(penstock.Tensor([[1.0, 2.0]])[0, ::-1])",
        "penstock.arange(3)[[0, 1]].astype('float16').clone()",
        "memoryview(penstock.arange(3)).tolist()",
        "penstock.from_dlpack(penstock.arange(3)).equal([0, 1, 2])",
        "penstock.memory_stats(), penstock.get_devices()",
        "__import__('pickle').dumps(penstock.arange(3))",
    ],
)
def test_no_framework_is_loaded_by_use_that_needs_none(use: str) -> None:
    program = f"import sys, penstock; {use}; print([name for name in {HEAVY} if name in sys.modules])"
    assert children.run(program) == "[]\n"


def test_networks_are_loaded_when_they_are_asked_for() -> None:
    program = """
        import sys, penstock
        before = "penstock.layers" in sys.modules
        print(before, "Model" in dir(penstock), penstock.Model.__name__, "penstock.layers" in sys.modules)
        from penstock import *
        print(layers is penstock.layers)
        try:
            penstock.layer
        except AttributeError as error:
            print(error)
    """
    assert children.run(program) == "False True Model True\nTrue\nmodule 'penstock' has no attribute 'layer'\n"


def seconds_to_import(name: str) -> float:
    """How long a fresh interpreter takes for one import."""
    program = f"from time import perf_counter as now; start = now(); import {name}; print(now() - start)"
    return float(children.run(program))


def test_importing_it_takes_less_time_than_importing_numpy() -> None:
    times = [(seconds_to_import("penstock"), seconds_to_import("numpy")) for _ in range(5)]
    ours, theirs = (min(each) for each in zip(*times, strict=True))
    assert ours < theirs


def test_numpy_is_named_where_it_is_missing() -> None:
    program = """
        import sys, penstock
        sys.modules["numpy"] = None
        try:
            penstock.zeros(3).numpy()
        except penstock.UnavailableError as error:
            print(error)
    """
    assert "pip install numpy" in children.run(program)


def test_torch_is_named_where_it_is_missing() -> None:
    program = """
        import sys, penstock
        sys.modules["torch"] = None
        try:
            penstock.zeros(3).torch()
        except penstock.UnavailableError as error:
            print(error)
    """
    assert "pip install torch" in children.run(program)
