"""Where the DLPack extension was not built, tensors work, and what lends or borrows says how to build it.

scripts/test also runs the tests of tensors on such a copy of the package: conftest.py says which.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import penstock
import pytest
from penstock import _dlpack, base_without_extension

START = "import numpy, penstock, penstock.base\nassert not penstock.base.HAS_EXTENSION\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a copy of the package, its extension removed."""
    made = tmp_path_factory.mktemp("without extension")
    for place in penstock.__path__:  # more than one where the package is editable
        shutil.copytree(place, made / "penstock", dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (extension,) = (made / "penstock").glob("_dlpack*.so")
    extension.unlink()
    return made


def run(folder: Path, program: str) -> subprocess.CompletedProcess[str]:
    """Runs a program with the copy in a folder as its penstock."""
    environment = {**os.environ, "PYTHONPATH": str(folder)}
    return subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env=environment, cwd="/"
    )


def shown(folder: Path, expression: str) -> str:
    """What an expression gives there."""
    done = run(folder, f"{START}t = penstock.arange(6).reshape(2, 3)\nprint(({expression}))")
    assert done.returncode == 0, done.stderr
    return done.stdout.rstrip("\n")


def test_what_stands_in_is_the_copys(folder: Path) -> None:
    assert shown(folder, "penstock.__file__") == str(folder / "penstock/__init__.py")


def test_it_has_every_name_that_the_extension_has() -> None:
    def names(base: type) -> set[str]:
        return {name for name in vars(base) if not name.startswith("__") or "dlpack" in name}

    theirs = {name for name in vars(_dlpack) if not name.startswith("_")}
    assert theirs - {"interpreter_ends", "set_exception_classes"} <= set(base_without_extension.__all__)
    missing = names(_dlpack.TensorBase) - names(base_without_extension.TensorBase)
    assert missing == {"__dlpack_c_exchange_api__"}  # only C can fill it


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("t.shape, t.strides, t.ndim, t.size, t.nbytes", "((2, 3), (3, 1), 2, 6, 48)"),
        ("t.is_contiguous, t.is_readonly, t.is_pinned", "(True, False, False)"),
        ("t.dtype, t.device", "(penstock.int64, Device('cpu'))"),
        ("t.data_ptr % 64, penstock.zeros(0).data_ptr", "(0, 0)"),
        ("t.__dlpack_device__()", "(1, 0)"),
        ("penstock.zeros(()).shape, penstock.zeros(()).strides", "((), ())"),
    ],
)
def test_getters_work(folder: Path, expression: str, expected: str) -> None:
    assert shown(folder, expression) == expected


def test_numpy_gets_a_copy(folder: Path) -> None:
    assert shown(folder, "t.numpy().tolist(), numpy.asarray(t.T).tolist()") == (
        "([[0, 1, 2], [3, 4, 5]], [[0, 3], [1, 4], [2, 5]])"
    )
    assert shown(folder, "t.numpy().fill(9), t.tolist()") == "(None, [[0, 1, 2], [3, 4, 5]])"
    assert shown(folder, "t.numpy().flags.writeable") == "True"


def test_numpy_gets_a_copy_of_every_dtype(folder: Path) -> None:
    names = "['bool', 'uint16', 'float16', 'bfloat16', 'float8_e5m2', 'complex128']"
    expression = f"[penstock.zeros(2, dtype=name).numpy().dtype.name for name in {names}]"
    assert shown(folder, expression) == names


def test_arrays_are_copied_in(folder: Path) -> None:
    assert shown(folder, "penstock.Tensor(numpy.arange(3, dtype='int8'))") == (
        "tensor([0, 1, 2], shape=(3,), dtype=int8, device=cpu)"
    )


def test_holds_are_given_back(folder: Path) -> None:
    program = f"""{START}
before = penstock.memory_stats().live_storages
for _ in range(10):
    view = penstock.zeros(1000)[::2]
del view
assert penstock.memory_stats().live_storages == before
"""
    assert run(folder, program).stderr == ""


LENDING = [
    "t.__dlpack__()",
    "t.__dlpack__(max_version=(1, 0))",
    "t.torch()",
    "penstock.from_dlpack(numpy.zeros(3))",
    "penstock.from_dlpack(t)",
    "penstock.from_dlpack(t, copy=True)",
    "penstock.from_numpy(numpy.zeros(3))",
    "penstock.create_dlpack_capsule(4096, (3,), 'float32', 1, 0)",
    "numpy.from_dlpack(t)",
    "t.__buffer__(0)",
]


@pytest.mark.parametrize("call", LENDING)
def test_what_lends_or_borrows_is_a_buffer_error_that_says_how_to_build_it(folder: Path, call: str) -> None:
    program = f"""{START}t = penstock.zeros(3)
try:
    {call}
except BufferError as error:
    print(error)
"""
    assert "pip install --force-reinstall" in run(folder, program).stdout


def test_an_extension_that_does_not_load_is_an_error_to_be_seen(folder: Path, tmp_path: Path) -> None:
    shutil.copytree(folder / "penstock", tmp_path / "penstock")
    (tmp_path / "penstock/_dlpack.abi3.so").write_bytes(b"no library")
    done = run(tmp_path, "import penstock")
    assert done.returncode != 0
    assert "_dlpack.abi3.so" in done.stderr
