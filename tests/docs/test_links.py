"""Links between the files of the checkout lead somewhere; Sphinx sees to those within the book."""

import re
from pathlib import Path

import pytest
from pages import CHECKOUT, pages, text_of


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_relative_links_lead_to_files(page: str) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", text_of(Path(page)))
    assert [target for target in targets if not (CHECKOUT / target).exists()] == []


@pytest.mark.parametrize("page", [str(page) for page in pages()])
def test_files_that_a_page_names_are_there(page: str) -> None:
    folders = "capi|core|dlpack_ext|python|docs|examples|tests|scripts|bench"
    named = re.findall(rf"`(?:\./)?((?:{folders})/[\w./-]*\w)", text_of(Path(page)))
    assert [name for name in named if not (CHECKOUT / name).exists()] == []
