"""The same questions put to penstock and to NumPy: where they differ, one of them is wrong.

    PENSTOCK_LIBRARY=build/release/libcore.so pytest tests/peer

What differs on purpose stands in test_differences.py, with the reasons.
"""

import importlib.util
import os
from pathlib import Path

import pytest


def pytest_configure() -> None:
    """Ends the run, red, when there is nothing to compare."""
    path = os.environ.get("PENSTOCK_LIBRARY")
    if path is None:
        pytest.exit("PENSTOCK_LIBRARY is not set: it must name the libcore.so to test", returncode=1)
    if not Path(path).is_file():
        pytest.exit(f"PENSTOCK_LIBRARY is {path}: no such file", returncode=1)
    if importlib.util.find_spec("numpy") is None:
        pytest.exit("NumPy is not installed: pip install numpy==2.4.6", returncode=1)
