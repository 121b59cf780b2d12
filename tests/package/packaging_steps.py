"""What the tests of the package share: a folder under build/ where sdist, wheel and editable package are made once."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
WORK = CHECKOUT / "build/package tests"  # kept between runs, so that only what changed is compiled; the space is wanted
TOOLS = sysconfig.get_path("purelib")  # where what building and running needs is installed


def run(*command: str | Path, cwd: Path = CHECKOUT, environment: dict[str, str] | None = None) -> str:
    """What a command prints; fails with all of its output unless it ends with status 0."""
    done = subprocess.run(
        command, cwd=cwd, env=environment, capture_output=True, text=True, timeout=900, check=False, errors="replace"
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def version() -> str:
    """The version that CMakeLists.txt gives."""
    found = re.search(r"^project\(penstock VERSION ([0-9.]+)", (CHECKOUT / "CMakeLists.txt").read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def make_sdist() -> Path:
    """The sdist of the checkout, by the hook that every front end calls."""
    folder = WORK / "dist"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    run(sys.executable, "-c", "import sys, scikit_build_core.build as b; b.build_sdist(sys.argv[1])", folder)
    return folder / f"penstock-{version()}.tar.gz"


def unpack(sdist: Path) -> Path:
    """The sdist's files in one folder: one that is as it was keeps its time, and only builds remain besides."""
    fresh, sources = WORK / "unpacked", WORK / "source tree"
    shutil.rmtree(fresh, ignore_errors=True)
    with tarfile.open(sdist) as archive:
        archive.extractall(fresh, filter="data")
    (top,) = fresh.iterdir()
    wanted = {path.relative_to(top) for path in top.rglob("*") if path.is_file()}
    for path in [path for path in sources.rglob("*") if path.is_file()]:
        name = path.relative_to(sources)
        if name not in wanted and name.parts[0] != "build":
            path.unlink()
    for name in wanted:
        put(sources / name, (top / name).read_bytes())
    return sources


def put(path: Path, content: bytes) -> None:
    """Writes a file unless that is what it holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_bytes() != content:
        path.write_bytes(content)


def make_venv(name: str) -> Path:
    """The Python of a new virtual environment, which finds what is installed for the tests after what is its own."""
    folder = WORK / name
    run(sys.executable, "-m", "venv", "--clear", "--without-pip", folder)
    python = folder / "bin/python"
    site = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip())
    (site / "tools.pth").write_text(f"{TOOLS}\n")
    return python


def install(python: Path, *what: str | Path, cwd: Path = CHECKOUT) -> None:
    """Has pip install something without a network, whatever version of it the tools' folder has."""
    options = ["--no-index", "--no-deps", "--ignore-installed", "--disable-pip-version-check"]
    run(python, "-m", "pip", "install", *options, *what, cwd=cwd)


def run_python(python: Path, program: str) -> str:
    """What a program prints, from another folder and with nothing in the environment but where to find cmake."""
    return run(python, "-c", program, cwd=Path("/"), environment={"PATH": os.environ["PATH"]})
