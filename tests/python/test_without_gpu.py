"""A machine without a GPU, or without the plug-in for one: everything else works, and what is missing is said.

Where there is a GPU it is hidden from these programs.
"""

import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import penstock
import pytest

CHECKOUT = Path(__file__).resolve().parents[2]
PACKAGE = Path(penstock.__file__).parent


def run(program: str, folder: Path | None = None) -> str:
    """What a program prints; folder is where it finds another copy of the package."""
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": "-1"}
    if folder is not None:
        environment["PYTHONPATH"] = str(folder)
    command = [sys.executable, "-P", "-c", textwrap.dedent(program)]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A folder with a copy of the package that has no plug-in."""
    shutil.copytree(PACKAGE, tmp_path / "penstock", ignore=shutil.ignore_patterns("libcore_cuda.so", "__pycache__"))
    return tmp_path


REFUSAL = """
    import penstock
    try: {statement}
    except penstock.UnavailableError as error: print(error)
"""


@pytest.mark.parametrize(
    "statement",
    [
        "penstock.zeros(3, device='cuda')",
        "penstock.zeros(3).to('cuda:0')",
        "penstock.set_device('cuda:0')",
        "penstock.set_stream(None, 'cuda:0')",
        "penstock.synchronize('cuda:0')",
        "penstock.Device('cuda:0').memory_gb",
        "penstock.memory_stats('cuda:0')",
    ],
)
def test_asking_for_a_gpu_says_what_is_missing(statement: str) -> None:
    told = run(REFUSAL.format(statement=statement))
    assert told.startswith("device cuda:0 is not available: ")
    assert "install" in told or "CUDA_VISIBLE_DEVICES" in told


def test_asking_for_pinned_memory_says_what_is_missing() -> None:
    told = run(REFUSAL.format(statement="penstock.zeros(3, pinned=True)"))
    assert told.startswith("pinned memory is not available: ")


def test_the_devices_are_the_cpu() -> None:
    assert run("import penstock; print(penstock.get_devices())") == "[Device('cpu')]\n"


def test_the_doctor_says_why_there_is_no_gpu() -> None:
    told = run("from penstock import doctor; print(doctor.examine_plugins()['cuda'])")
    assert "no GPU is served: " in told or told.startswith("not built in: ")


def test_nothing_of_cuda_is_opened_before_it_is_asked_for() -> None:
    maps = "[line for line in open('/proc/self/maps') if '/libcuda' in line or '/libcore_cuda' in line]"
    program = f"""
        import penstock
        penstock.arange(1000).reshape(10, 100).astype('float64').tolist(), penstock.memory_stats()
        print({maps})
    """
    assert run(program) == "[]\n"


def test_a_package_without_the_plug_in_names_the_file_that_is_missing(copied: Path) -> None:
    told = run(REFUSAL.format(statement="penstock.zeros(3, device='cuda')"), copied)
    assert f"plug-in cuda is not installed: there is no file {copied}/penstock/libcore_cuda.so" in told


def test_a_package_without_the_plug_in_works(copied: Path) -> None:
    assert run("import penstock; print(penstock.get_devices(), penstock.ones(2).tolist())", copied) == (
        "[Device('cpu')] [1.0, 1.0]\n"
    )


def test_a_plug_in_of_another_release_is_refused_by_both_versions(copied: Path) -> None:
    subprocess.run(
        ["g++", "-std=c++20", "-shared", "-fPIC", f"-I{CHECKOUT}", '-DPENSTOCK_VERSION="0.9.0"',
         '-DSAMPLE_NAME="cuda"', str(CHECKOUT / "tests/plugins/sample_plugin.cc"),
         "-o", str(copied / "penstock/libcore_cuda.so")],
        check=True,
    )  # fmt: skip
    told = run(REFUSAL.format(statement="penstock.zeros(3, device='cuda')"), copied)
    assert f"was built for penstock 0.9.0, but this is penstock {penstock.__version__}" in told
