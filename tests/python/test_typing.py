"""A user's program is understood by mypy --strict: with the types there are, and with mistakes found."""

import ast
import subprocess
import sys
from pathlib import Path

import children
import penstock
import pytest
from test_documentation import public_members

SAMPLE = Path(__file__).with_name("typing_sample.py")
CHECKOUT = Path(__file__).resolve().parents[2]


def run_mypy(*arguments: str | Path) -> str:
    """What mypy --strict says of a program that uses the installed package."""
    options = ["--strict", "--config-file=", f"--cache-dir={CHECKOUT / 'build/mypy-cache'}", "--no-error-summary"]
    command = [sys.executable, "-m", "mypy", *options, f"--python-executable={sys.executable}", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd="/").stdout


def used_attributes() -> tuple[set[str], set[str]]:
    """The attributes of penstock that the sample names, and those of anything else."""
    nodes = [node for node in ast.walk(ast.parse(SAMPLE.read_text())) if isinstance(node, ast.Attribute)]
    is_penstocks = [isinstance(node.value, ast.Name) and node.value.id == "penstock" for node in nodes]
    of_penstock = {node.attr for node, is_its in zip(nodes, is_penstocks, strict=True) if is_its}
    return of_penstock, {node.attr for node, is_its in zip(nodes, is_penstocks, strict=True) if not is_its}


def test_the_sample_uses_every_public_name() -> None:
    assert set(penstock.__all__) - used_attributes()[0] == set()


@pytest.mark.parametrize(
    "public",
    [
        penstock.Tensor,
        penstock.Device,
        penstock.DType,
        penstock.MemoryStats,
        penstock.worlds.Worlds,
        penstock.worlds.Recording,
        penstock.worlds.Replay,
    ],
)
def test_the_sample_uses_every_member(public: type) -> None:
    assert public_members(public).keys() - used_attributes()[1] == set()


def test_the_sample_runs() -> None:
    assert children.run(SAMPLE.read_text()).endswith("17 dtypes, 14 exceptions\n")


def test_mypy_finds_nothing_in_the_sample() -> None:
    assert run_mypy(SAMPLE) == ""


MISTAKES = {
    "penstock.zeros(3).shape + 1": "operator",
    "penstock.zeros('3')": "arg-type",
    "penstock.zeros(3, colour='red')": "call-arg",
    "penstock.zeros(3).colour": "attr-defined",
    "penstock.nothing": "attr-defined",
    "penstock.set_num_threads('2')": "arg-type",
    "penstock.zeros(3).shape = (1,)": "misc",
}


def test_mypy_finds_mistakes(tmp_path: Path) -> None:
    program = tmp_path / "mistakes.py"
    program.write_text("import penstock\n" + "".join(f"{mistake}\n" for mistake in MISTAKES))
    found = [line.rpartition("[")[2].rstrip("]") for line in run_mypy(program).splitlines() if "error:" in line]
    assert found == list(MISTAKES.values())
