"""The guide for those who come from NumPy names only what is there, on both sides."""

import re
from operator import attrgetter

import numpy as np
import penstock
import pytest
from pages import CHECKOUT

GUIDE = (CHECKOUT / "docs" / "guides" / "from-numpy.md").read_text()
ROWS = re.findall(r"^\| `np\.([\w.]+)` \| `ps\.([\w.]+)` \|$", GUIDE, re.MULTILINE)


def test_the_table_of_other_names_is_found() -> None:
    assert len(ROWS) > 20


@pytest.mark.parametrize(("numpy_name", "our_name"), ROWS)
def test_each_other_name_is_there(numpy_name: str, our_name: str) -> None:
    assert callable(attrgetter(numpy_name)(np))
    assert callable(attrgetter(our_name)(penstock))


def test_names_that_are_listed_as_other_are_not_ours() -> None:
    assert [name for name, _ in ROWS if "." not in name and hasattr(penstock, name)] == []
