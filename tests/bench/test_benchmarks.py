"""Every benchmark runs and keeps what bench/README.md describes.  Its times are not looked at: they are not tests."""

import json
import math
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
NAMES = sorted(path.stem for path in (ROOT / "bench").glob("*.py") if "__main__" in path.read_text())
NAMES.remove("gpu")  # needs one

# The rows that the exchange must have, with the bar that each is held to.
EXCHANGE_BARS = {
    "torch.from_dlpack": 1.0,
    "numpy.from_dlpack": 1.5,
    "numpy.asarray": 1.0,
    "exchange table": 1.0,
    "penstock.from_dlpack": 2.5,
    "to_torch": 1.0,
    "cffi beside ctypes": None,
    "cffi beside an extension": None,
}


def bench(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(ROOT / "scripts" / "bench"), *arguments], capture_output=True, text=True, timeout=600, check=False
    )


@pytest.fixture(scope="module")
def records() -> dict[str, Any]:
    """What a quick run of all benchmarks keeps, by name."""
    with tempfile.TemporaryDirectory(prefix="a folder ") as folder:
        run = bench("--quick", f"--output={folder}")
        assert run.returncode == 0, run.stdout + run.stderr
        return {path.stem: json.loads(path.read_text()) for path in Path(folder).iterdir()}


def test_every_benchmark_keeps_its_figures(records: dict[str, Any]) -> None:
    assert sorted(records) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_record_says_what_was_measured_and_where(records: dict[str, Any], name: str) -> None:
    record = records[name]
    assert set(record) == {"schema", "benchmark", "date", "machine", "versions", "rounds", "rows"}
    assert (record["schema"], record["benchmark"]) == (1, name)
    assert set(record["machine"]) == {"cpu", "cores", "architecture"}
    assert {"python", "penstock"} <= set(record["versions"])


@pytest.mark.parametrize("name", NAMES)
def test_every_row_has_been_measured(records: dict[str, Any], name: str) -> None:
    for row in records[name]["rows"]:
        unit = "bytes" if "ours_bytes" in row else "nanoseconds"
        figures = row[f"ours_{unit}"], row[f"peer_{unit}"]
        assert all(figure > 0 and math.isfinite(figure) for figure in figures), row
        assert row["ratio"] == pytest.approx(figures[0] / figures[1])


@pytest.mark.parametrize("name", NAMES)
def test_a_verdict_follows_from_the_ratio_and_the_bar(records: dict[str, Any], name: str) -> None:
    for row in records[name]["rows"]:
        expected = "reported" if row["bar"] is None else "pass" if row["ratio"] <= row["bar"] else "miss"
        assert row["verdict"] == expected, row


def test_the_exchange_is_held_to_every_bar(records: dict[str, Any]) -> None:
    assert {row["name"]: row["bar"] for row in records["exchange"]["rows"]} == EXCHANGE_BARS


def test_the_committed_figures_have_the_rows_of_today() -> None:
    record = json.loads((ROOT / "bench" / "results" / "exchange.json").read_text())
    assert {row["name"]: row["bar"] for row in record["rows"]} == EXCHANGE_BARS


def test_an_unknown_benchmark_is_refused_by_name() -> None:
    run = bench("exchagne")
    assert (run.returncode, run.stderr) == (1, "bench: 'exchagne' is no benchmark; see --list\n")


def test_the_list_names_every_benchmark() -> None:
    assert bench("--list").stdout.split() == NAMES
