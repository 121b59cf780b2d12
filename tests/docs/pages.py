"""The pages of the book and the other Markdown of the checkout, cut into the blocks that tests run.

Blocks are fenced.  pycon: a session, compared with what it prints; the sessions of a page are one.  python: a program
of its own.  sh: commands, run one after another.  text: the last lines that the commands before it print.  c: a part of
the file that the comment above it names.  Others are quoted from files that are run (literalinclude), or are Sphinx's
own directives.

A block is left out only under a comment <!-- not run: REASON -->, with a reason from NOT_RUN.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]

# Why a block may be left out, and what runs in its place.
NOT_RUN = {
    "it sets up a machine": "scripts/demo and pip are tried on a machine with nothing installed",
    "it needs a GPU": "scripts/test --gpu runs tests/gpu, which makes the same calls",
    "it builds everything": "scripts/test has done so before it runs these tests",
}
DIRECTIVES = {"{literalinclude}", "{toctree}", "{eval-rst}"}
LANGUAGES = {"pycon", "python", "sh", "text", "c"}
FENCED = re.compile(
    r"(?:^<!-- (?P<comment>.*) -->\n+)?^```(?P<language>\S*)(?P<argument>.*)\n(?P<text>(?s:.*?))^```$", re.MULTILINE
)


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    language: str
    argument: str
    text: str
    comment: str  # what stands right above it in a comment
    offset: int  # where its text begins in the page

    @property
    def reason_not_run(self) -> str | None:
        """Why it is left out; None where it is run."""
        return self.comment.removeprefix("not run: ") if self.comment.startswith("not run: ") else None


def pages() -> Iterator[Path]:
    """Every page, as a path from the checkout."""
    for path in [CHECKOUT / "README.md", CHECKOUT / "CONTRIBUTING.md", *sorted((CHECKOUT / "docs").rglob("*.md"))]:
        yield path.relative_to(CHECKOUT)


def text_of(page: Path) -> str:
    """A page's text."""
    return (CHECKOUT / page).read_text()


def blocks(page: Path) -> list[Block]:
    """The blocks of a page, in order."""
    return [
        Block(match["language"], match["argument"].strip(), match["text"], match["comment"] or "", match.start("text"))
        for match in FENCED.finditer(text_of(page))
    ]


def pages_with(*languages: str) -> list[str]:
    """The pages that have a block to run in one of these languages, as names of tests."""
    return [
        str(page)
        for page in pages()
        if any(block.language in languages and block.reason_not_run is None for block in blocks(page))
    ]


def quoted_files(page: Path) -> list[str]:
    """The files that a page quotes, as paths from the checkout."""
    quoted = [
        (CHECKOUT / page).parent / block.argument for block in blocks(page) if block.language == "{literalinclude}"
    ]
    named = [CHECKOUT / block.comment for block in blocks(page) if block.language == "c"]
    return [str(path.resolve().relative_to(CHECKOUT)) for path in quoted + named]
