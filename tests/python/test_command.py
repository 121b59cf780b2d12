"""The program `penstock`: what it prints, with which status it ends, and what its doctor finds wrong."""

import importlib.metadata
import json
import os
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
    for command in ("doctor", "loader", "replay", "kpu"):
        assert command in told.stdout


@pytest.mark.parametrize(
    ("arguments", "wrong"),
    [
        (
            ["dance"],
            "argument COMMAND: invalid choice: 'dance' (choose from 'doctor', 'loader', 'replay', 'kpu')",
        ),
        (["doctor", "--yaml"], "unrecognized arguments: --yaml"),
        (["doctor", "torch"], "unrecognized arguments: torch"),
        (["replay"], "the following arguments are required: FILE"),
        (["replay", "run.psr", "--threads", "two"], "argument --threads: invalid int value: 'two'"),
        ([], "no command was given"),
    ],
    ids=["command", "option", "argument", "no file", "number", "nothing"],
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


# ---- Replays ----


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    return record(tmp_path / "run.psr")


def record(path: Path, other_step: int | None = None) -> Path:
    """300 steps of 4 worlds with the same actions, but for that of world 2 in one step."""
    worlds = penstock.worlds.make("CartPole-v1", num_worlds=4)
    with worlds.record(path):
        for step in range(300):
            worlds.action[:] = [0, 1, int(step == other_step), 1]
            worlds.step()
    return path


def step_of(content: bytes, step: int) -> slice:
    """Where a recording has a step: behind the header, each with a head of 32 bytes and a checksum of 8."""
    begin = 24 + int.from_bytes(content[8:16], "little")
    size = 32 + int.from_bytes(content[begin + 16 : begin + 24], "little") + 8
    return slice(begin + step * size, begin + (step + 1) * size)


def on_a_terminal(*arguments: str) -> tuple[int, str, str]:
    """The status, what was printed, and what a terminal was shown beside it."""
    master, slave = os.openpty()
    with subprocess.Popen([str(PROGRAM), *arguments], stdout=subprocess.PIPE, stderr=slave, text=True) as program:
        os.close(slave)
        assert program.stdout is not None
        printed = program.stdout.read()
    shown = b""
    try:
        while part := os.read(master, 4096):
            shown += part
    except OSError:  # the terminal's other end is closed
        pass
    os.close(master)
    return program.returncode, printed, shown.decode()


def test_a_recording_that_replays_the_same_is_status_0(recording: Path) -> None:
    told = run("replay", str(recording), "--threads", "1", "--kernel", "scalar")
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout == f"{recording}: the same: 300 steps of 4 worlds of CartPole-v1\n"


def test_a_recording_cut_short_is_replayed_up_to_there(recording: Path) -> None:
    recording.write_bytes(recording.read_bytes()[:-1])
    told = run("replay", str(recording))
    assert (told.returncode, told.stderr) == (0, "")
    assert told.stdout.endswith("the same: 300 steps of 4 worlds of CartPole-v1; the recording is cut short there\n")


def test_a_recording_that_differs_is_status_1(recording: Path) -> None:
    other = record(recording.with_name("other.psr"), other_step=3).read_bytes()
    content = bytearray(recording.read_bytes())
    content[step_of(content, 3)] = other[step_of(other, 3)]
    recording.write_bytes(content)
    told = run("replay", str(recording))
    assert (told.returncode, told.stderr) == (1, "")
    assert told.stdout == f"{recording}: CartPole-v1 differs in step 4: world 2, observation (1 of 4 worlds differ)\n"


def test_a_recording_that_cannot_be_read_is_status_2(recording: Path, tmp_path: Path) -> None:
    content = bytearray(recording.read_bytes())
    content[len(content) // 2] ^= 1
    recording.write_bytes(content)
    told = run("replay", str(recording))
    assert (told.returncode, told.stdout) == (2, "")
    assert told.stderr.startswith(f'penstock: "{recording}" is damaged at step ')
    missing = run("replay", str(tmp_path / "missing.psr"))
    assert (missing.returncode, missing.stdout) == (2, "")
    assert missing.stderr.startswith("penstock: cannot open")


def test_a_terminal_is_shown_how_far_a_replay_has_come(recording: Path) -> None:
    status, printed, shown = on_a_terminal("replay", str(recording))
    assert (status, printed) == (0, f"{recording}: the same: 300 steps of 4 worlds of CartPole-v1\n")
    assert "\r50 %" in shown
    assert shown.endswith("\r100 %\r     \r")
