"""Every public name says what it is and shows it in an example, and every example runs."""

import doctest
import inspect
import types
from typing import Any

import penstock
import penstock.image
import penstock.kpu
import penstock.loader
import penstock.torch
import penstock.worlds
import pytest

MODULES = [penstock, penstock.image, penstock.kpu, penstock.loader, penstock.torch, penstock.worlds]


def is_documented_with_its_class(member: Any) -> bool:
    """Whether something is a field: of a NamedTuple or a dataclass, or a slot."""
    return type(member).__name__ in ("_tuplegetter", "member_descriptor") or not hasattr(member, "__get__")


def is_constant(public: Any) -> bool:
    """Whether a public name is a number, a text or None, which have no docstring of their own."""
    return public is None or isinstance(public, (str, float))


def public_members(public: type) -> dict[str, Any]:
    """The public members that a class or one of penstock's that it derives from defines, as they stand there."""
    ours = [each for each in public.__mro__ if each.__module__.startswith("penstock")]
    return {name: member for each in reversed(ours) for name, member in vars(each).items() if name[0] != "_"}


def documented_members(name: str, public: type) -> dict[str, str | None]:
    """The docstring of each public member of a class, by its name after the class's."""
    return {
        f"{name}.{member_name}": member.__doc__
        for member_name, member in public_members(public).items()
        if not is_documented_with_its_class(member)
    }


def documented(module: types.ModuleType) -> dict[str, str | None]:
    """The docstring of each public name, by that name; those of public modules stand behind the module's."""
    found: dict[str, str | None] = {}
    for name in module.__all__:
        public, full_name = getattr(module, name), f"{module.__name__}.{name}"
        if inspect.ismodule(public):
            found |= documented(public)
            continue
        found[full_name] = module.__doc__ if is_constant(public) else public.__doc__
        if isinstance(public, type):
            found |= documented_members(full_name, public)
    return found


DOCUMENTED = {module.__name__: module.__doc__ for module in MODULES}
DOCUMENTED |= {name: text for module in MODULES for name, text in documented(module).items()}
FIELDS = [
    (public, name)
    for public in vars(penstock).values()
    if isinstance(public, type)
    for name, member in public_members(public).items()
    if is_documented_with_its_class(member)
]


def test_there_is_something_to_look_at() -> None:
    members = {"zeros", "Tensor.shape", "Tensor.reshape", "Device.name", "worlds.Worlds.step", "kpu.Measures.traffic"}
    assert {f"penstock.{name}" for name in members} <= DOCUMENTED.keys()
    assert (penstock.MemoryStats, "live_bytes") in FIELDS


def test_the_module_names_its_constants() -> None:
    constants = [name for name in penstock.__all__ if is_constant(getattr(penstock, name))]
    assert {"__version__", "__array_api_version__", "pi"} <= set(constants)
    assert [name for name in constants if f"`{name}`" not in (penstock.__doc__ or "")] == []


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_public_name_has_an_example_that_runs(name: str) -> None:
    text = inspect.cleandoc(DOCUMENTED[name] or "")
    assert text.split(">>>")[0].strip(), "there is no sentence that says what it is"
    examples = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert examples.examples, "there is no example"
    output: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(examples, out=output.append).failed == 0, "".join(output)


@pytest.mark.parametrize("name", [name for name in DOCUMENTED if name.startswith("penstock.Tensor.")])
def test_the_example_of_a_member_of_tensor_uses_it(name: str) -> None:
    aliases = {"to_numpy": "numpy", "to_torch": "torch"}
    member = name.rpartition(".")[2]
    sources = [example.source for example in doctest.DocTestParser().get_examples(DOCUMENTED[name] or "")]
    assert [source for source in sources if f".{aliases.get(member, member)}" in source]


@pytest.mark.parametrize(("public", "name"), FIELDS, ids=[f"{public.__name__}.{name}" for public, name in FIELDS])
def test_a_field_is_named_in_the_docstring_of_its_class(public: type, name: str) -> None:
    assert name in (public.__doc__ or "")
