"""pip install --no-build-isolation -e: an import builds what has changed, and finds it."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import packaging_steps as steps
import pytest

ASK_CORE = """
import ctypes, penstock
from pathlib import Path
library = ctypes.CDLL(str(Path(penstock._cffi.__file__).with_name("libcore.so.1")))
"""


@pytest.fixture(scope="module")
def editable(sources: Path, wheel: Path) -> Path:
    """The Python that has the sources installed as editable."""
    assert wheel.exists()  # what was compiled for it is used again
    python = steps.make_venv("editable venv")
    steps.install(python, "--no-build-isolation", "-e", ".", cwd=sources)
    return python


@pytest.fixture
def original(sources: Path, sdist: Path) -> Iterator[Path]:
    """The sources, put back as they were after a test that changes them."""
    yield sources
    steps.unpack(sdist)


def test_the_package_is_that_of_the_sources(editable: Path, sources: Path) -> None:
    place = steps.run_python(editable, "import penstock; print(penstock.__file__)")
    assert Path(place.strip()) == sources / "python/penstock/__init__.py"


def test_torch_borrows_memory(editable: Path) -> None:
    program = "import penstock, torch; print(torch.from_dlpack(penstock.arange(3)).tolist())"
    assert steps.run_python(editable, program) == "[0, 1, 2]\n"


def test_importing_it_prints_nothing(editable: Path, original: Path) -> None:
    (original / "capi/src/base.cc").touch()
    done = subprocess.run([editable, "-c", "import penstock"], capture_output=True, text=True, check=False, cwd="/")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_an_import_builds_nothing_where_nothing_changed(editable: Path) -> None:
    program = "import os, penstock._cffi as c; print(os.stat(c.__file__).st_mtime_ns)"
    assert steps.run_python(editable, program) == steps.run_python(editable, program)


def test_a_changed_cpp_source_is_built(editable: Path, original: Path) -> None:
    source = original / "capi/src/tensor_index.cc"
    source.write_text(source.read_text() + '\nextern "C" PS_API int ps_changed(void) { return 42; }\n')
    assert steps.run_python(editable, ASK_CORE + "print(library.ps_changed())") == "42\n"


def test_a_new_cpp_source_is_built(editable: Path, original: Path) -> None:
    (original / "capi/src/added.cc").write_text(
        '#include <penstock/base.h>\nextern "C" PS_API int ps_added(void);\nint ps_added(void) { return 43; }\n'
    )
    assert steps.run_python(editable, ASK_CORE + "print(library.ps_added())") == "43\n"


def test_a_changed_extension_is_built(editable: Path, original: Path) -> None:
    source = original / "dlpack_ext/module.cc"
    text = source.read_text().replace('"Tensors lent and borrowed', '"Changed: tensors lent and borrowed')
    source.write_text(text)
    assert steps.run_python(editable, "import penstock._dlpack as d; print(d.__doc__[:8])") == "Changed:\n"


def test_a_changed_header_reaches_cffi(editable: Path, original: Path) -> None:
    header = original / "capi/include/penstock/tensor_index.h"
    text = header.read_text()
    header.write_text(text.replace("#ifdef __cplusplus\n}", "#define PS_CHANGED 44\n\n#ifdef __cplusplus\n}"))
    assert steps.run_python(editable, "from penstock._cffi import lib; print(lib.PS_CHANGED)") == "44\n"


def test_a_changed_python_file_is_seen(editable: Path, original: Path) -> None:
    module = original / "python/penstock/process.py"
    module.write_text(module.read_text() + "\nCHANGED = 45\n")
    assert steps.run_python(editable, "import penstock.process as p; print(p.CHANGED)") == "45\n"
