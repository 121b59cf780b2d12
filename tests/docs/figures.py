"""Puts the figures of bench/results/exchange.json into README.md, so that what is quoted is what was measured.

    python tests/docs/figures.py --write

test_figures.py goes red when README.md says anything else.
"""

import json
import re
import sys
from typing import Any

from pages import CHECKOUT

PAGE = CHECKOUT / "README.md"
RESULTS = CHECKOUT / "bench" / "results" / "exchange.json"
MARKED = re.compile(r"(<!-- figures.py makes this of bench/results -->\n\n)[^<]*(<!-- end -->)")


def row(measured: dict[str, Any]) -> str:
    """One line of the table."""
    nanoseconds = [f"{measured[f'{whose}_nanoseconds']:.0f} ns" for whose in ("ours", "peer")]
    return f"| `{measured['ours']}` | {nanoseconds[0]} | `{measured['peer']}` | {nanoseconds[1]} |\n"


def section(results: dict[str, Any]) -> str:
    """The table of what has a bar to reach, with the day, the machine and the versions."""
    versions = ", ".join(f"{name} {version.partition('+')[0]}" for name, version in results["versions"].items())
    machine = results["machine"]
    said = f"Measured on {results['date'][:10]} ({machine['cpu']}, {machine['cores']} cores; {versions}):\n\n"
    table = "| penstock | | beside | |\n|---|---|---|---|\n"
    return said + table + "".join(row(measured) for measured in results["rows"] if measured["bar"] is not None)


def with_figures(page: str, results: dict[str, Any]) -> str:
    """A page with its figures made anew; they stand between marks."""
    made = section(results)
    page, count = MARKED.subn(lambda match: match[1] + made + "\n" + match[2], page)
    if count != 1:
        raise ValueError(f"the marks of the figures stand {count} times in the page, expected once")
    return page


def results_of_the_benchmark() -> dict[str, Any]:
    """What scripts/bench wrote last."""
    read: dict[str, Any] = json.loads(RESULTS.read_text())
    return read


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    PAGE.write_text(with_figures(PAGE.read_text(), results_of_the_benchmark()))
