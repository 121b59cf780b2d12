"""What is made once for all tests of the package, in the order in which one needs the other."""

from pathlib import Path

import packaging_steps as steps
import pytest


@pytest.fixture(scope="session")
def sdist() -> Path:
    """The sdist of the checkout."""
    return steps.make_sdist()


@pytest.fixture(scope="session")
def sources(sdist: Path) -> Path:
    """The unpacked sdist."""
    return steps.unpack(sdist)


@pytest.fixture(scope="session")
def wheel(sources: Path) -> Path:
    """The wheel, built from the unpacked sdist and nothing else."""
    folder = steps.WORK / "wheel"
    for old in folder.glob("*"):
        old.unlink()
    options = ["--no-build-isolation", "--no-deps", "--no-index"]
    steps.run(steps.make_venv("build venv"), "-m", "pip", "wheel", *options, "--wheel-dir", folder, ".", cwd=sources)
    (made,) = folder.iterdir()
    return made


@pytest.fixture(scope="session")
def installed(wheel: Path) -> Path:
    """The Python that has the wheel installed."""
    python = steps.make_venv("wheel venv")
    steps.install(python, wheel)
    return python
