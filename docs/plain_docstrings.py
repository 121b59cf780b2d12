"""Takes docstrings as they are written, to be read in a terminal: plain text, `code`, and examples after >>>."""

import re

from sphinx.application import Sphinx


def escape_markup(lines: list[str]) -> None:
    """Lets characters such as | and * stand for themselves, outside code and examples."""
    in_example = False
    for number, line in enumerate(lines):
        in_example = line.lstrip().startswith(">>>") or (in_example and line.strip() != "")
        if not in_example:
            lines[number] = re.sub(
                r"`[^`]*`|[|*\\]", lambda part: part[0] if len(part[0]) > 1 else "\\" + part[0], line
            )


def setup(app: Sphinx) -> dict[str, bool]:
    """What Sphinx calls."""
    app.connect("autodoc-process-docstring", lambda *arguments: escape_markup(arguments[-1]))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
