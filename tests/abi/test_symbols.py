"""What libcore.so shows to the dynamic linker, and what it asks of it."""

import os
import re
import subprocess
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
LIBRARY = os.environ.get("PENSTOCK_LIBRARY", str(CHECKOUT / "build/release/libcore.so"))
HEADERS = CHECKOUT / "capi/include/penstock"

# What every Linux with a C++ program on it has.
NEEDED = re.compile(r"(libc|libm|libstdc\+\+|libgcc_s|ld-linux-[a-z0-9-]+)\.so\.[0-9]+")
# The versions those libraries give their symbols, and the hooks that a linked program may leave undefined.
UNDEFINED = re.compile(r"\w+@(GLIBC|GLIBCXX|CXXABI|GCC)_[0-9.]+|_ITM_\w+TMCloneTable|__gmon_start__")


def lines_of(*command: str) -> list[str]:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def exported() -> list[tuple[str, str]]:
    """Name and version of each defined symbol; a version node has no version."""
    symbols = [line.split()[-1] for line in lines_of("nm", "-D", "--defined-only", "--with-symbol-versions", LIBRARY)]
    return [(name, version) for name, _, version in (symbol.partition("@@") for symbol in symbols)]


def declared_functions() -> set[str]:
    """The functions that the public headers mark with PS_API."""
    text = "\n".join(header.read_text() for header in HEADERS.glob("*.h"))
    return set(re.findall(r"^PS_API [^;(]*?\b(ps_\w+)\(", text, re.MULTILINE))


def test_nothing_is_exported_but_ps_functions_and_the_version_nodes() -> None:
    foreign = [name for name, _ in exported() if not re.fullmatch(r"ps_\w+|PENSTOCK_[0-9.]+", name)]
    assert foreign == []


def test_each_exported_function_belongs_to_a_version_node() -> None:
    assert [name for name, version in exported() if name.startswith("ps_") and not version] == []


def test_what_is_exported_is_what_the_headers_declare() -> None:
    assert {name for name, _ in exported() if name.startswith("ps_")} == declared_functions()


def test_the_name_a_program_records_is_that_of_the_first_major() -> None:
    dynamic = "\n".join(lines_of("readelf", "--dynamic", "--wide", LIBRARY))
    assert re.findall(r"\(SONAME\).*\[(.*)\]", dynamic) == ["libcore.so.1"]


def test_no_library_is_needed_but_those_of_c_and_cpp() -> None:
    dynamic = "\n".join(lines_of("readelf", "--dynamic", "--wide", LIBRARY))
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic)
    assert needed
    assert [name for name in needed if not NEEDED.fullmatch(name)] == []


def test_nothing_is_undefined_but_what_those_libraries_define() -> None:
    symbols = [line.split()[-1] for line in lines_of("nm", "-D", "--undefined-only", "--with-symbol-versions", LIBRARY)]
    assert symbols
    assert [symbol for symbol in symbols if not UNDEFINED.fullmatch(symbol)] == []


def test_no_folder_of_the_build_machine_is_searched_for_libraries() -> None:
    dynamic = lines_of("readelf", "--dynamic", "--wide", LIBRARY)
    assert [line for line in dynamic if "(RPATH)" in line or "(RUNPATH)" in line] == []
