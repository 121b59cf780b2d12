"""Every block of code in the Markdown of the checkout runs, and prints what the page says."""

import doctest
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pages import CHECKOUT, DIRECTIVES, LANGUAGES, NOT_RUN, blocks, pages, pages_with, quoted_files, text_of

# Where the files lie that pages may quote, and what runs them.
RUN_ELSEWHERE = {
    "examples/": "tests/docs/test_examples.py",
    "tests/lang/": "scripts/test lang",
    "tests/install/consumer/": "scripts/test install",
}
each_page = pytest.mark.parametrize("page", [str(page) for page in pages()])


@each_page
def test_every_block_is_of_a_kind_that_is_run(page: str) -> None:
    assert {block.language for block in blocks(Path(page))} <= LANGUAGES | DIRECTIVES


@each_page
def test_no_fence_is_overlooked(page: str) -> None:
    text = text_of(Path(page))
    assert 2 * len(blocks(Path(page))) == sum(
        line.lstrip().startswith(("```", "~~~", ":::")) for line in text.splitlines()
    )


@each_page
def test_a_block_that_is_not_run_has_a_known_reason(page: str) -> None:
    assert {block.reason_not_run for block in blocks(Path(page))} <= {None, *NOT_RUN}


@each_page
def test_what_a_page_quotes_is_run_by_other_tests(page: str) -> None:
    for quoted in quoted_files(Path(page)):
        assert (CHECKOUT / quoted).is_file()
        assert quoted.startswith(tuple(RUN_ELSEWHERE)), quoted


@pytest.mark.parametrize("page", pages_with("c"))
def test_c_blocks_are_parts_of_the_files_they_name(page: str) -> None:
    for block in blocks(Path(page)):
        if block.language == "c":
            assert block.text in (CHECKOUT / block.comment).read_text()


@pytest.mark.parametrize("page", pages_with("pycon"))
def test_sessions_print_what_the_page_says(page: str, tmp_path: Path) -> None:
    """The sessions of a page are run as one, at the lines where they stand, so that a failure names the page's line."""
    text = text_of(Path(page))
    kept = "".join("\n" if character == "\n" else " " for character in text)
    for block in blocks(Path(page)):
        if block.language == "pycon":
            kept = kept[: block.offset] + block.text + kept[block.offset + len(block.text) :]
    session = tmp_path / Path(page).name
    session.write_text("\n".join(line.rstrip() for line in kept.splitlines()) + "\n")
    run([sys.executable, "-m", "doctest", "-o", "ELLIPSIS", session.name], tmp_path)


@pytest.mark.parametrize("page", pages_with("python"))
def test_programs_run(page: str, tmp_path: Path) -> None:
    for block in blocks(Path(page)):
        if block.language == "python":
            run([sys.executable, "-c", block.text], tmp_path)


@pytest.mark.parametrize("page", pages_with("sh", "text"))
def test_commands_print_what_the_page_says(page: str, sandbox: Path) -> None:
    printed = None
    for block in blocks(Path(page)):
        if block.language == "sh" and block.reason_not_run is None:
            printed = run(["bash", "-euo", "pipefail", "-c", block.text], sandbox)
        elif block.language == "text":
            assert printed is not None, "a block of output stands before any command that is run"
            last_lines = "".join(printed.splitlines(keepends=True)[-len(block.text.splitlines()) :])
            assert doctest.OutputChecker().check_output(block.text, last_lines, doctest.ELLIPSIS), printed


@pytest.fixture
def sandbox(tmp_path: Path) -> Path:
    """A folder that looks like the checkout to those who read, and takes what is written at its top."""
    for path in CHECKOUT.iterdir():
        (tmp_path / path.name).symlink_to(path)
    return tmp_path


def run(command: list[str], folder: Path) -> str:
    """What a command prints.  Its home is the folder it runs in, and its python the one that runs these tests."""
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_PATH")}
    environment |= {"HOME": str(folder), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    ended = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout
