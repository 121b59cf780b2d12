"""What docs/guides/train-escape-room.md says was reached is what was measured, and it is enough."""

import copy
from pathlib import Path

import pytest
import training

RESULTS = training.results_of_training()
KINDS = sorted(RESULTS["learnt"].keys() - {"all"})


def test_the_table_is_that_of_the_results() -> None:
    page = training.PAGE.read_text()
    assert training.with_section(page, RESULTS) == page, "run: python tests/docs/training.py CURVE"


def test_a_rate_that_was_measured_anew_shows() -> None:
    changed = copy.deepcopy(RESULTS)
    changed["learnt"]["two buttons"]["both"] -= 0.5
    assert training.section(changed) != training.section(RESULTS)


def test_six_of_ten_rooms_are_passed_within_ten_minutes() -> None:
    assert RESULTS["learnt"]["all"]["episodes"] >= 1000
    assert RESULTS["learnt"]["all"]["both"] >= 0.6
    assert RESULTS["cpu_seconds"] <= 600  # of one core


@pytest.mark.parametrize("kind", KINDS)
def test_four_of_ten_rooms_of_each_kind_are_passed_and_chance_passes_few(kind: str) -> None:
    assert len(KINDS) == 4
    assert RESULTS["learnt"][kind]["both"] >= 0.4
    assert RESULTS["random"][kind]["both"] < 0.1


def test_the_picture_is_that_of_the_results(tmp_path: Path) -> None:
    training.draw(RESULTS, tmp_path / "again.svg")
    assert (tmp_path / "again.svg").read_text() == training.PICTURE.read_text(), "draw it anew, as training.py says"
