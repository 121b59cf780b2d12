"""Takes docstrings as they are written, to be read in a terminal: text, `code`, tables, and examples after >>>."""

import re
from collections.abc import Iterator
from itertools import groupby

from sphinx.application import Sphinx

# The first line of a table: a name, or several, and two spaces or more before what it means.
TABLE = re.compile(r"\w+(, \w+)*  +\S")


def escaped(line: str) -> str:
    """A line in which characters such as | and * stand for themselves, outside code."""
    return re.sub(r"`[^`]*`|[|*\\]", lambda part: part[0] if len(part[0]) > 1 else "\\" + part[0], line)


def as_restructured_text(paragraph: list[str]) -> Iterator[str]:
    """A paragraph of a docstring as Sphinx is to read it."""
    if TABLE.match(paragraph[0]):
        yield from ["::", "", *(f"   {line}" for line in paragraph)]
    else:
        in_example = False
        for line in paragraph:
            in_example = in_example or line.lstrip().startswith(">>>")
            yield line if in_example else escaped(line)


def escape_markup(lines: list[str]) -> None:
    """Does so with all paragraphs of a docstring."""
    made: list[str] = []
    for is_blank, run in groupby(lines, lambda line: not line.strip()):
        paragraph = list(run)
        made += paragraph if is_blank else as_restructured_text(paragraph)
    lines[:] = made


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.connect("autodoc-process-docstring", lambda *arguments: escape_markup(arguments[-1]))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
