"""Exchanges from Python with libcore and the extension built under AddressSanitizer: no error, and no leak of ours.

Python and the frameworks leak a little of their own at exit, so a leak is judged by where it was allocated: nothing is
suppressed.  PENSTOCK_SANITIZED is the folder of the build; scripts/test asan sets it.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
OURS = re.compile(r"penstock::|\bps_[a-z_]+|_dlpack\.abi3|/_cffi\.abi3|libcore\.so|dlpack_ext/")

START = """
import gc, sys, threading
import numpy, torch, penstock
def exchange(rounds):
    tensor, theirs, array = penstock.arange(10), torch.arange(10), numpy.arange(10)
    for _ in range(rounds):
        tensor.__dlpack__(), tensor.__dlpack__(max_version=(1, 0)), tensor.__dlpack__(copy=True)
        torch.from_dlpack(tensor[2:]), numpy.from_dlpack(tensor), tensor.to_torch(), memoryview(tensor)
        penstock.from_dlpack(theirs), penstock.from_dlpack(array), penstock.from_numpy(array)[::2]
        penstock.from_dlpack(theirs.__dlpack__()), penstock.Tensor([[1, 2], [3, 4]])[[0, 1], 1].tolist()
        for refused in (torch.zeros(3, requires_grad=True), torch.zeros(3, dtype=torch.complex64).conj()):
            try: penstock.from_dlpack(refused)
            except BufferError: pass
            else: raise AssertionError("was not refused")
        try: torch.from_dlpack(tensor[::-1])
        except BufferError: pass
"""
PROGRAMS = {
    "in turn": "exchange(2000)",
    "on threads at once": """
threads = [threading.Thread(target=exchange, args=(700,)) for _ in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
""",
    "over arrays that outlive their lender": """
held = [torch.from_dlpack(penstock.from_numpy(numpy.arange(100))) for _ in range(1000)]
thread = threading.Thread(target=held.clear)
thread.start()
thread.join()
exchange(1)
""",
    "held at the end": "sys.held = [torch.from_dlpack(penstock.arange(9)), penstock.arange(9).__dlpack__()]",
}


@pytest.fixture(scope="session")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to import penstock from, with the sanitized libraries in it."""
    build = CHECKOUT / os.environ["PENSTOCK_SANITIZED"]
    folder = tmp_path_factory.mktemp("sanitized")
    shutil.copytree(CHECKOUT / "python" / "penstock", folder / "penstock")
    for name in ("_cffi.abi3.so", "_dlpack.abi3.so", "libcore.so.1"):
        shutil.copy(build / name, folder / "penstock" / name)
    return folder


def run(program: str, package: Path) -> subprocess.CompletedProcess[str]:
    ask_for_runtime = ["clang", f"-print-file-name=libclang_rt.asan-{platform.machine()}.so"]
    runtime = subprocess.run(ask_for_runtime, capture_output=True, text=True, check=True).stdout.strip()
    environment = os.environ | {
        "PYTHONPATH": str(package),
        "PYTHONMALLOC": "malloc",
        "LD_PRELOAD": runtime,
        "ASAN_OPTIONS": "detect_leaks=1:detect_stack_use_after_return=1",
        "LSAN_OPTIONS": "exitcode=0",
    }
    return subprocess.run(
        [sys.executable, "-c", textwrap.dedent(START) + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        env=environment,
        timeout=900,
        check=False,
    )


@pytest.mark.parametrize("name", PROGRAMS)
def test_exchanges_neither_err_nor_leak(name: str, package: Path) -> None:
    ended = run(PROGRAMS[name], package)
    assert ended.returncode == 0, ended.stderr
    assert "AddressSanitizer" not in ended.stderr.replace("SUMMARY: AddressSanitizer", "")
    leaks = [leak for leak in ended.stderr.split("\n\n") if "leak of" in leak]
    assert [leak for leak in leaks if OURS.search(leak)] == []


def test_a_leak_of_ours_would_be_seen(package: Path) -> None:
    program = """
import ctypes
capsule = penstock.arange(10).__dlpack__()
ctypes.pythonapi.PyCapsule_SetName(ctypes.py_object(capsule), b"used_dltensor")
del capsule
"""
    assert OURS.search(run(program, package).stderr)
