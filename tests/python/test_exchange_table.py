"""The tables of docs/dlpack.md say what the libraries installed here do."""

import re

import exchange_table
import pytest
import torch
from consumers import REFUSES
from exchange_table import DTYPE_ROWS, PACKAGES, PAGE

pytestmark = pytest.mark.usefixtures("nothing_stays")


def test_the_committed_tables_are_what_a_trial_makes_now() -> None:
    page = PAGE.read_text()
    assert exchange_table.with_tables(page) == page, "run: python tests/python/exchange_table.py --write"


def test_the_table_of_dtypes_refuses_what_the_tests_of_the_exchange_expect() -> None:
    refused = {
        (consumer.name, dtype)
        for consumer in PACKAGES
        for dtype, cell in DTYPE_ROWS.items()
        if cell(consumer).startswith("raises")
    }
    assert refused == {(name, lent) for name, lent in REFUSES if lent in DTYPE_ROWS}


def test_a_page_without_its_marks_is_an_error() -> None:
    with pytest.raises(ValueError, match="marks of the table 'dtypes'"):
        exchange_table.with_tables("no marks here")


def test_the_page_speaks_of_the_torch_that_was_tried() -> None:
    tried = ".".join(torch.__version__.split(".")[:2])
    assert set(re.findall(r"\btorch (\d+\.\d+)", PAGE.read_text())) == {tried}
