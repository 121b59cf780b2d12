"""The tutorial is a notebook whose cells run in their order, each with its own checks."""

import ast
import json
from typing import Any

from pages import CHECKOUT

NOTEBOOK = CHECKOUT / "docs" / "tutorial.ipynb"


def run_cell(source: str, names: dict[str, Any]) -> Any:
    """Runs a cell; gives what its last line is, where that is an expression, as a notebook shows it."""
    tree = ast.parse(source)
    last = tree.body.pop()
    exec(compile(tree, NOTEBOOK.name, "exec"), names)
    if isinstance(last, ast.Expr):
        return eval(compile(ast.Expression(last.value), NOTEBOOK.name, "eval"), names)
    exec(compile(ast.Module([last], []), NOTEBOOK.name, "exec"), names)
    return None


def test_the_cells_of_the_tutorial_run() -> None:
    notebook = json.loads(NOTEBOOK.read_text())
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    names: dict[str, Any] = {}
    shown = [run_cell("".join(cell["source"]), names) for cell in notebook["cells"] if cell["cell_type"] == "code"]
    assert sum(each is not None for each in shown) > 5


def test_the_tutorial_is_kept_without_outputs() -> None:
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert [cell["id"] for cell in cells if cell.get("outputs") or cell.get("execution_count")] == []
