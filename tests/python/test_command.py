"""The program `penstock`: what it prints, with which status it ends, and what its doctor finds wrong."""

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import penstock
import pytest

PROGRAM = Path(sys.executable).with_name("penstock")
FRAMEWORKS = {
    "numpy": "numpy", "torch": "torch", "jax": "jax", "tvm_ffi": "apache-tvm-ffi", "ml_dtypes": "ml_dtypes",
}  # fmt: skip

Finished = subprocess.CompletedProcess[str]
Doctor = Callable[..., Finished]


def run(*arguments: str, program: tuple[str, ...] = (str(PROGRAM),), **options: Any) -> Finished:
    return subprocess.run([*program, *arguments], capture_output=True, text=True, timeout=300, check=False, **options)


@pytest.fixture
def doctor_with(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Doctor:
    """Runs the doctor where the only frameworks are modules written for the test; the rest is hidden."""

    def run_doctor(hidden: tuple[str, ...] = (), **modules: str) -> Finished:
        hidden = (*hidden, *(name for name in FRAMEWORKS if name not in modules))
        customize = "".join(f"sys.modules[{name!r}] = None\n" for name in hidden)
        (tmp_path / "sitecustomize.py").write_text(f"import sys\n{customize}")
        for name, source in modules.items():
            (tmp_path / f"{name}.py").write_text(source)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))
        return run("doctor", "--json")

    return run_doctor


def wrong_checks(doctor: Finished, framework: str) -> dict[str, str]:
    """What the doctor found wrong with one framework: what should hold, and what was seen."""
    checks = json.loads(doctor.stdout)["frameworks"][framework]["checks"]
    return {check["check"]: check["seen"] for check in checks if not check["passed"]}


# A library in the place of tvm_ffi, whose from_dlpack a test can spoil: {borrowed} is what its tensors hold on to.
FAKE = """
import penstock

class Tensor:
    def __init__(self, held):
        self.held = held
    def data_ptr(self):
        return self.held.data_ptr
    def __dlpack__(self, **keywords):
        return self.held.__dlpack__(**keywords)
    def __dlpack_device__(self):
        return self.held.__dlpack_device__()

kept = []

def from_dlpack(x):
    return Tensor({borrowed})
"""


def fake(borrowed: str) -> str:
    return FAKE.replace("{borrowed}", borrowed)


# ---- The words ----


@pytest.mark.parametrize("program", [(str(PROGRAM),), (sys.executable, "-m", "penstock")], ids=["script", "module"])
def test_the_version_is_the_packages(program: tuple[str, ...]) -> None:
    told = run("--version", program=program)
    assert (told.returncode, told.stdout, told.stderr) == (0, f"penstock {penstock.__version__}\n", "")


def test_help_names_every_command() -> None:
    told = run("--help")
    assert (told.returncode, told.stderr) == (0, "")
    assert "doctor" in told.stdout


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (["dance"], "argument COMMAND: invalid choice: 'dance' (choose from 'doctor', 'loader')"),
        (["doctor", "--yaml"], "unrecognized arguments: --yaml"),
        (["doctor", "torch"], "unrecognized arguments: torch"),
        ([], "no command was given"),
    ],
    ids=["command", "option", "argument", "nothing"],
)
def test_what_is_not_understood_is_one_line_and_status_2(arguments: list[str], wrong: str) -> None:
    told = run(*arguments)
    assert (told.returncode, told.stdout, told.stderr) == (2, "", f"penstock: {wrong}; see penstock --help\n")


# ---- The doctor ----


def test_the_doctor_finds_every_framework_working() -> None:
    told = run("doctor", "--json")
    assert (told.returncode, told.stderr) == (0, "")
    found = json.loads(told.stdout)["frameworks"]
    assert {name: framework["state"] for name, framework in found.items()} == dict.fromkeys(FRAMEWORKS, "works")
    versions = {name: importlib.metadata.version(package) for name, package in FRAMEWORKS.items()}
    assert {name: framework["version"] for name, framework in found.items()} == versions


def test_the_doctor_says_what_this_process_sees(doctor_with: Doctor) -> None:
    report = json.loads(doctor_with().stdout)
    assert report["penstock"]["version"] == penstock.__version__
    assert report["penstock"]["abi_version"] == ".".join(map(str, penstock.abi_version()))
    assert Path(report["penstock"]["library"]).name == "libcore.so.1"
    assert report["cpu"]["threads"] == penstock.get_num_threads()
    assert [device["name"] for device in report["devices"]] == [device.name for device in penstock.get_devices()]
    assert set(report["plugins"]) == {"cuda", "dnnl", "net", "jpeg"}


def test_the_doctor_has_a_line_for_each_thing_it_found(doctor_with: Doctor) -> None:
    report = json.loads(doctor_with().stdout)
    lines = run("doctor").stdout.splitlines()
    named = {line.split()[0] for line in lines if line.startswith("  ")}
    assert {*report["plugins"], *report["frameworks"], "library", "model", "cpu"} <= named


def test_frameworks_that_are_not_installed_are_no_failure(doctor_with: Doctor) -> None:
    told = doctor_with()
    assert (told.returncode, told.stderr) == (0, "")
    states = {framework["state"] for framework in json.loads(told.stdout)["frameworks"].values()}
    assert states == {"not installed"}


def test_a_framework_that_cannot_be_imported_is_reported(doctor_with: Doctor) -> None:
    told = doctor_with(torch="raise OSError('libgone.so.3: no such file')")
    assert (told.returncode, told.stderr) == (1, "")
    assert wrong_checks(told, "torch") == {"import torch": "OSError: libgone.so.3: no such file"}


def test_a_framework_that_ends_the_process_is_reported(doctor_with: Doctor) -> None:
    told = doctor_with(jax="import os; os.abort()")
    assert (told.returncode, told.stderr) == (1, "")
    assert wrong_checks(told, "jax") == {"the self-test ends": "ended by signal SIGABRT"}


def test_one_broken_framework_does_not_hide_the_others(doctor_with: Doctor) -> None:
    told = doctor_with(torch="raise SystemExit(5)", tvm_ffi=fake("penstock.from_dlpack(x)"))
    found = json.loads(told.stdout)["frameworks"]
    assert (found["torch"]["state"], found["tvm_ffi"]["state"]) == ("failed", "works")


def test_a_framework_that_prints_is_understood(doctor_with: Doctor) -> None:
    told = doctor_with(tvm_ffi=fake("penstock.from_dlpack(x)") + "import atexit\natexit.register(print, 'bye')\n")
    assert (told.returncode, wrong_checks(told, "tvm_ffi")) == (0, {})


def test_a_framework_that_copies_fails_the_exchange(doctor_with: Doctor) -> None:
    told = doctor_with(tvm_ffi=fake("penstock.Tensor(x)"))
    assert told.returncode == 1
    assert {"lent: both see one address", "lent: what penstock writes is seen"} <= set(wrong_checks(told, "tvm_ffi"))


def test_a_framework_that_never_lets_go_fails_the_exchange(doctor_with: Doctor) -> None:
    told = doctor_with(tvm_ffi=fake("kept.append(penstock.from_dlpack(x)) or kept[-1]"))
    assert told.returncode == 1
    assert "lent: all memory is given back" in wrong_checks(told, "tvm_ffi")


def test_without_the_extension_the_doctor_says_how_to_get_it(doctor_with: Doctor) -> None:
    told = doctor_with(hidden=("penstock._dlpack",))
    assert (told.returncode, told.stderr) == (1, "")
    assert json.loads(told.stdout)["built_in"]["DLPack extension"].startswith("not built in: ")


def test_modules_of_the_current_folder_are_no_frameworks(tmp_path: Path) -> None:
    (tmp_path / "numpy.py").write_text("raise OSError('not the real one')")
    assert run("doctor", cwd=tmp_path).returncode == 0


def test_a_reader_that_stops_early_is_no_error(doctor_with: Doctor) -> None:
    doctor_with()
    told = run(program=("bash", "-c", f"set -o pipefail; {str(PROGRAM)!r} doctor | true"))
    assert (told.returncode, told.stderr) == (0, "")
