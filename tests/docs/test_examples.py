"""Every example builds without a warning, runs, and prints what its own last lines say."""

import doctest
import re
import subprocess
import sys
from pathlib import Path

import pytest
from pages import CHECKOUT

EXAMPLES = CHECKOUT / "examples"
INSTALLED = CHECKOUT / "build" / "installed"
STRICT = ["-std=c11", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
# What an example is given to work on: a C example, built as a shared object.
NEEDS = {"lend_engine.py": "lend_engine.c"}
# What an example is told where it would otherwise take minutes.
ARGUMENTS = {
    "escape_room_ppo.py": ["--minutes", "0.02", "--seeds", "40"],
    "train_cnn_from_shards.py": ["3", "3000"],
}
# What shows addresses, versions and speeds: the tests below say what is to be seen.
DEMOS = {"demo.py", "demo_worlds.py"}


def expected_output(source: Path) -> str:
    """The lines of a comment that begins with "It prints:"."""
    said = re.search(r"It prints:\n((?:(?:#| \*)   .*\n)+)", source.read_text())
    assert said is not None, f"{source.name} does not say what it prints"
    return re.sub(r"^(?:#| \*)   ", "", said[1], flags=re.MULTILINE)


def built(source: Path, folder: Path, *, shared: bool) -> Path:
    """A C example, built on the installed tree."""
    target = folder / (source.stem + (".so" if shared else ""))
    kind = ["-shared", "-fPIC"] if shared else []
    library = ["-L", str(INSTALLED / "lib"), "-lcore", f"-Wl,-rpath,{INSTALLED / 'lib'}"]
    command = ["cc", *STRICT, *kind, str(source), "-I", str(INSTALLED / "include"), *library, "-o", str(target)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return target


def check_prints(command: list[str], folder: Path, expected: str) -> None:
    """A command ends well and prints what is expected; ... stands for what differs from run to run."""
    ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert doctest.OutputChecker().check_output(expected, ended.stdout, doctest.ELLIPSIS), ended.stdout


@pytest.mark.parametrize("name", sorted({path.name for path in (EXAMPLES / "python").glob("*.py")} - DEMOS))
def test_python_examples_print_what_they_say(name: str, tmp_path: Path) -> None:
    source = EXAMPLES / "python" / name
    needed = [str(built(EXAMPLES / "c" / NEEDS[name], tmp_path, shared=True))] if name in NEEDS else []
    command = [sys.executable, str(source), *needed, *ARGUMENTS.get(name, [])]
    check_prints(command, tmp_path, expected_output(source))


@pytest.mark.parametrize("name", sorted(path.name for path in (EXAMPLES / "kpu").glob("*.py")))
def test_kpu_examples_print_what_they_say(name: str, tmp_path: Path) -> None:
    source = EXAMPLES / "kpu" / name
    check_prints([sys.executable, str(source)], tmp_path, expected_output(source))


def test_the_demo_finds_what_it_says(tmp_path: Path) -> None:
    check_prints([sys.executable, str(EXAMPLES / "python" / "demo.py")], tmp_path, "...nothing leaks.\n")


def test_the_demo_of_worlds_learns_and_writes_its_page(tmp_path: Path) -> None:
    command = [sys.executable, str(EXAMPLES / "python" / "demo_worlds.py"), "--seconds", "4", "--page", "shown.html"]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    far = [float(number) for number in re.findall(r"comes ([0-9.]+) of 40 far", ended.stdout)]
    assert len(far) == 2, ended.stdout
    assert far[1] > far[0], ended.stdout
    assert (tmp_path / "shown.html").read_text().startswith("<!DOCTYPE html>")


PROGRAMS = sorted(path.name for path in (EXAMPLES / "c").glob("*.c") if "int main(" in path.read_text())


@pytest.mark.parametrize("name", PROGRAMS)
def test_c_examples_print_what_they_say(name: str, tmp_path: Path) -> None:
    source = EXAMPLES / "c" / name
    check_prints([str(built(source, tmp_path, shared=False))], tmp_path, expected_output(source))


def test_a_c_example_that_is_no_program_is_used_by_a_python_one() -> None:
    assert {path.name for path in (EXAMPLES / "c").glob("*.c")} - set(PROGRAMS) == set(NEEDS.values())


def test_every_example_is_named_where_newcomers_start() -> None:
    start = (CHECKOUT / "docs" / "start.md").read_text()
    programs = [path.relative_to(CHECKOUT) for path in EXAMPLES.rglob("*") if path.suffix in (".py", ".c")]
    assert [str(program) for program in programs if str(program) not in start] == []
