"""SCALE-Sim itself, in an environment made by pip, still says what is recorded of its smallest runs."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def record() -> ModuleType:
    spec = importlib.util.spec_from_file_location("record", ROOT / "bench" / "scalesim" / "record.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("number", range(6))
def test_scalesim_says_what_is_recorded(record: ModuleType, number: int) -> None:
    run = record.runs()[number]
    kept = json.loads(record.RECORD.read_text())[number]
    assert {key: kept[key] for key in run} == run
    said = record.simulate(run)
    assert {key: said[key] for key in ("scalesim", "cycles", "stalls")} == {
        key: kept[key] for key in ("scalesim", "cycles", "stalls")
    }
