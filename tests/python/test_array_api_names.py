"""Every name of the array API standard is there with its parameters, or on the one list of those that are not."""

import inspect
from pathlib import Path
from typing import Any

import array_api_strict as strict
import penstock
import pytest
from array_api_differences import DIFFERENT, LEFT_OUT

PAGE = Path(__file__).resolve().parents[2] / "docs/array-api.md"
NOT_THE_STANDARDS = {name for name in strict.__all__ if "flags" in name.lower()}
NAMES = sorted(set(strict.__all__) - NOT_THE_STANDARDS)
# Methods of array_api_strict's arrays that are Python's own, or that the standard does not name.
MEMBERS = sorted(
    name
    for name in vars(type(strict.zeros(1)))
    if (not name.startswith("_") or (name.startswith("__") and not hasattr(object, name)))
    and name not in ("__annotations__", "__dict__", "__weakref__", "__module__", "__buffer__", "__array__", "__hash__")
)


def parameters(function: Any) -> list[tuple[str, Any]]:
    """The names of a function's parameters, and how they are given; those that can only be given by place have none."""
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.VAR_POSITIONAL)
    return [
        ("" if each.kind in positional else each.name, each.kind)
        for each in inspect.signature(function).parameters.values()
    ]


def test_the_lists_are_not_empty() -> None:
    assert {"sort", "pi", "__array_namespace_info__", "fft"} <= set(NAMES)
    assert {"__add__", "__getitem__", "to_device", "mT"} <= set(MEMBERS)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_of_the_standard_is_there_or_listed(name: str) -> None:
    assert hasattr(penstock, name) != (name in LEFT_OUT)


@pytest.mark.parametrize("name", MEMBERS)
def test_a_member_of_the_standards_array_is_there_or_listed(name: str) -> None:
    assert hasattr(penstock.Tensor, name) != (name in LEFT_OUT)


def test_what_is_listed_as_left_out_is_the_standards() -> None:
    assert set(LEFT_OUT) <= {*NAMES, *MEMBERS}


@pytest.mark.parametrize(
    "name", [name for name in NAMES if name not in LEFT_OUT and inspect.isfunction(getattr(strict, name))]
)
def test_a_function_takes_the_standards_parameters(name: str) -> None:
    ours, theirs = parameters(getattr(penstock, name)), parameters(getattr(strict, name))
    keywords = {given for given in theirs if given[1] == inspect.Parameter.KEYWORD_ONLY}
    by_place = [given for given in theirs if given[1] != inspect.Parameter.KEYWORD_ONLY]
    assert keywords - {(each, inspect.Parameter.KEYWORD_ONLY) for each, _ in ours} == set()
    assert len([given for given in ours if given[1] != inspect.Parameter.KEYWORD_ONLY]) >= len(by_place)
    named = {each for each, kind in by_place if kind == inspect.Parameter.POSITIONAL_OR_KEYWORD}
    assert named - {each for each, _ in ours} == set()


def test_the_page_shows_the_lists() -> None:
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and not line.endswith("| why |")]
    expected = [f"| `{name}` | {reason} |" for name, reason in LEFT_OUT.items()]
    assert rows == [*expected, *(f"| {subject} | {reason} |" for subject, reason in DIFFERENT.items())]


def test_the_namespace_says_what_it_is() -> None:
    ours, theirs = penstock.__array_namespace_info__(), strict.__array_namespace_info__()
    assert penstock.__array_api_version__ == strict.__array_api_version__ == "2024.12"
    assert set(ours.capabilities()) == set(theirs.capabilities())
    assert set(ours.default_dtypes()) == set(theirs.default_dtypes())
    assert ours.default_device() in ours.devices()
    for kind in (None, "bool", "integral", "real floating", ("complex floating", "unsigned integer"), ()):
        assert set(ours.dtypes(kind=kind)) == set(theirs.dtypes(kind=kind)), kind
    with pytest.raises(ValueError, match="'integer' is no kind"):
        ours.dtypes(kind="integer")
    with pytest.raises(ValueError, match="'tpu' is no device"):
        ours.dtypes(device="tpu")


def test_constants_are_the_standards() -> None:
    assert (penstock.e, penstock.inf, penstock.pi, penstock.newaxis) == (strict.e, strict.inf, strict.pi, None)
    assert penstock.nan != penstock.nan
