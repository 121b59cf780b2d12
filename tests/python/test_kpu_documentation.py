"""Every public name of penstock.kpu says what it is and shows it in an example that runs."""

import doctest
import inspect
import types
from typing import Any

import pytest
from penstock import kpu


def public(module: types.ModuleType) -> dict[str, Any]:
    return {f"{module.__name__}.{name}": getattr(module, name) for name in vars(module).get("__all__", ())}


def documented() -> dict[str, str | None]:
    found: dict[str, str | None] = {"penstock.kpu": kpu.__doc__}
    modules = {name: each for name, each in public(kpu).items() if isinstance(each, types.ModuleType)}
    names = {name: each for name, each in public(kpu).items() if name not in modules}
    for module in modules.values():
        names |= public(module)
    for name, each in names.items():
        found[name] = each.__doc__
        if isinstance(each, type) and not issubclass(each, tuple):
            members = {key: member for key, member in vars(each).items() if key[0] != "_"}
            found |= {f"{name}.{key}": member.__doc__ for key, member in members.items() if hasattr(member, "__func__")}
            found |= {f"{name}.{key}": member.__doc__ for key, member in members.items() if inspect.isfunction(member)}
            found |= {
                f"{name}.{key}": member.__doc__ for key, member in members.items() if isinstance(member, property)
            }
    return found


DOCUMENTED = documented()


def test_there_is_something_to_look_at() -> None:
    assert {
        "penstock.kpu.Simulator.matmul",
        "penstock.kpu.KpuConfig.from_file",
        "penstock.kpu.Measures.traffic",
        "penstock.kpu.utilities.load_topology",
        "penstock.kpu.visualization.memory_heatmap",
        "penstock.kpu.analysis.PerformanceAnalyzer.analyze",
    } <= DOCUMENTED.keys()


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_public_name_has_an_example_that_runs(name: str) -> None:
    text = inspect.cleandoc(DOCUMENTED[name] or "")
    assert text.split(">>>")[0].strip(), "there is no sentence that says what it is"
    examples = doctest.DocTestParser().get_doctest(text, {}, name, None, 0)
    assert examples.examples, "there is no example"
    output: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(examples, out=output.append).failed == 0, "".join(output)
