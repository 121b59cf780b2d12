"""The sdist: what building needs, and nothing else.  The tests of the wheel start from one built from it."""

import tarfile
from pathlib import Path

import packaging_steps as steps


def names(sdist: Path) -> list[str]:
    with tarfile.open(sdist) as archive:
        return [member.name.partition("/")[2] for member in archive if member.isfile()]


def test_it_is_named_for_the_version_that_cmake_has(sdist: Path) -> None:
    assert sdist.name == f"penstock-{steps.version()}.tar.gz"
    with tarfile.open(sdist) as archive:
        information = archive.extractfile(f"penstock-{steps.version()}/PKG-INFO")
        assert information is not None
        assert f"\nVersion: {steps.version()}\n" in information.read().decode()


def test_it_has_what_building_needs_and_no_tests_or_tools(sdist: Path) -> None:
    assert {name.split("/")[0] for name in names(sdist)} == {
        "CMakeLists.txt", "LICENSE", "PKG-INFO", "README.md", "capi", "cmake", "core", "dlpack_ext", "pyproject.toml",
        "python",
    }  # fmt: skip


def test_it_has_nothing_that_a_build_made(sdist: Path) -> None:
    sources = {
        ".txt", ".md", "", ".toml", ".cc", ".cu", ".h", ".map", ".cmake", ".in", ".py", ".pyi", ".typed",
        ".html", ".css", ".js",
    }  # fmt: skip
    assert {Path(name).suffix for name in names(sdist)} <= sources


def test_dlpacks_header_is_not_copied_into_it(sdist: Path) -> None:
    assert [name for name in names(sdist) if name.endswith("dlpack/dlpack.h")] == []
