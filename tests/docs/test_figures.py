"""The figures in README.md are those of the benchmark's results."""

import copy

import figures


def test_the_figures_are_those_that_were_measured() -> None:
    page = figures.PAGE.read_text()
    again = figures.with_figures(page, figures.results_of_the_benchmark())
    assert again == page, "run: python tests/docs/figures.py --write"


def test_a_figure_that_was_measured_anew_shows() -> None:
    results = copy.deepcopy(figures.results_of_the_benchmark())
    results["rows"][0]["ours_nanoseconds"] *= 2
    assert figures.section(results) != figures.section(figures.results_of_the_benchmark())
