"""The wheel: what is in it, what its shared objects ask of a machine, and that it works wherever it is installed."""

import re
import sysconfig
import zipfile
from pathlib import Path

import packaging_steps as steps
import pytest

MODULES = ["_cffi.abi3.so", "_dlpack.abi3.so"]
SHARED_OBJECTS = [*MODULES, "libcore.so.1", "libcore_jpeg.so"]
# What every Linux with a C++ program on it has, and the library that lies beside the modules.
NEEDED = re.compile(r"(libc|libm|libstdc\+\+|libgcc_s|libpthread|ld-linux-[a-z0-9-]+)\.so\.[0-9]+|libcore\.so\.1")


def names(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def files_under(folder: Path, pattern: str) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.glob(pattern)}


@pytest.fixture(scope="session")
def package(installed: Path) -> Path:
    """The folder of the installed package."""
    return Path(steps.run_python(installed, "import penstock; print(penstock.__path__[0])").strip())


# ---- What is in it ----


def test_it_serves_every_python_from_3_11_on(wheel: Path) -> None:
    platform = sysconfig.get_platform().replace("-", "_")
    assert wheel.name == f"penstock-{steps.version()}-cp311-abi3-{platform}.whl"


def test_it_has_the_library_once_under_the_name_that_programs_record(wheel: Path) -> None:
    assert [name for name in names(wheel) if "libcore.so" in name] == ["penstock/libcore.so.1"]


def test_it_has_the_public_headers(wheel: Path) -> None:
    headers = files_under(steps.CHECKOUT / "capi/include", "penstock/*.h")
    assert {name for name in names(wheel) if name.endswith(".h")} == {f"penstock/include/{name}" for name in headers}


def test_it_has_each_python_file_and_says_that_it_is_typed(wheel: Path) -> None:
    python_file = re.compile(r"\.pyi?$|/py\.typed$")
    written = {name for name in files_under(steps.CHECKOUT / "python", "penstock/**/*") if python_file.search(name)}
    assert "penstock/py.typed" in written
    assert {name for name in names(wheel) if python_file.search(name)} == written


def test_it_has_nothing_besides(wheel: Path) -> None:
    others = {name for name in names(wheel) if not re.search(r"\.pyi?$|\.h$|/py\.typed$|\.dist-info/", name)}
    plugins = {"penstock/libcore_cuda.so"}  # where nvcc is
    assert others - plugins == {f"penstock/{name}" for name in SHARED_OBJECTS}


# ---- What its shared objects ask of a machine ----


def dynamic_section(path: Path) -> str:
    return steps.run("readelf", "--dynamic", "--wide", path)


@pytest.mark.parametrize("name", SHARED_OBJECTS)
def test_nothing_is_needed_but_the_libraries_of_c_and_cpp(package: Path, name: str) -> None:
    needed = re.findall(r"\(NEEDED\).*\[(.*)\]", dynamic_section(package / name))
    assert needed
    assert [library for library in needed if not NEEDED.fullmatch(library)] == []


@pytest.mark.parametrize("name", MODULES)
def test_a_module_finds_the_library_beside_itself_and_nowhere_else(package: Path, name: str) -> None:
    searched = re.findall(r"\((?:RPATH|RUNPATH)\).*\[(.*)\]", dynamic_section(package / name))
    assert searched == ["$ORIGIN"]


@pytest.mark.parametrize("name", SHARED_OBJECTS)
def test_no_folder_of_the_build_is_left_in_it(package: Path, name: str) -> None:
    assert str(steps.CHECKOUT).encode() not in (package / name).read_bytes()


# ---- Installed elsewhere ----


def test_torch_borrows_memory_in_an_empty_environment(installed: Path) -> None:
    program = """
import penstock, torch
tensor = penstock.zeros(3)
lent = torch.from_dlpack(tensor)
tensor[1] = 7
print(lent.tolist(), lent.data_ptr() == tensor.data_ptr, penstock.__file__, sep="\\n")
"""
    values, same, place = steps.run_python(installed, program).splitlines()
    assert (values, same) == ("[0.0, 7.0, 0.0]", "True")
    assert Path(place).is_relative_to(installed.parents[1])


def test_the_version_is_the_one_cmake_has(installed: Path) -> None:
    program = "import penstock, importlib.metadata as m; print(penstock.__version__, m.version('penstock'))"
    assert steps.run_python(installed, program).split() == [steps.version()] * 2


def test_the_program_penstock_is_installed(installed: Path) -> None:
    assert steps.version() in steps.run(installed.with_name("penstock"), "--version")


def test_a_process_holds_one_libcore(installed: Path) -> None:
    program = """
import re, penstock, penstock._cffi, penstock._dlpack, torch
print(len(set(re.findall(r"/.*libcore.*", open("/proc/self/maps").read()))))
"""
    assert steps.run_python(installed, program) == "1\n"


def test_a_c_program_builds_against_the_installed_package(package: Path, tmp_path: Path) -> None:
    source, program = tmp_path / "version.c", tmp_path / "version"
    source.write_text("#include <penstock/penstock.h>\n#include <stdio.h>\nint main(void) { puts(ps_version()); }\n")
    library = package / "libcore.so.1"
    steps.run("cc", source, f"-I{package}/include", library, f"-Wl,-rpath,{package}", "-o", program)
    assert steps.run(program) == f"{steps.version()}\n"


def test_the_target_python_package_builds_and_installs_it(sources: Path, wheel: Path, tmp_path: Path) -> None:
    python = steps.make_venv("target venv")
    options = ["-G", "Ninja", "-DPENSTOCK_TESTS=OFF", f"-DPython3_EXECUTABLE={python}"]
    steps.run("cmake", "-S", sources, "-B", tmp_path, *options)
    steps.run("cmake", "--build", tmp_path, "--target", "python_package")
    place = steps.run_python(python, "import penstock; print(penstock.__file__)").strip()
    assert Path(place).is_relative_to(python.parents[1])
    assert wheel.exists()  # what was compiled for it is used again
