"""Times a call of ours beside a peer's, and writes what was found as a table and as JSON (README.md has the schema)."""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import time
import timeit
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

SCHEMA = 1


def command_line(contract: str, rows: Iterable[Row]) -> tuple[argparse.Namespace, list[Row]]:
    """The words that every benchmark takes, and the rows that they ask for; ends the program for a row there is not."""
    known = {row.name: row for row in rows}
    parser = argparse.ArgumentParser(description=contract, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"one of: {', '.join(known)}")
    parser.add_argument("--output", type=Path, help="the JSON file to write")
    parser.add_argument("--quick", action="store_true", help="only show that each row runs: its times mean nothing")
    options = parser.parse_args()
    unknown = [name for name in options.rows if name not in known]
    if unknown:
        parser.error(f"there is no row {unknown[0]!r}: expected one of {', '.join(known)}")
    return options, [known[name] for name in options.rows] or list(known.values())


@dataclass(frozen=True)
class Row:
    """One question: how long does ours take beside the peer's?  Both are Python statements, shown as they are."""

    name: str
    ours: str
    peer: str
    bar: float | None = None  # the most that ours / peer may be; None: reported only
    strict: bool = False  # ours must be below the bar, not at it
    ours_items: int = 1  # what one call does; times and ratio are an item's
    peer_items: int = 1


@dataclass(frozen=True)
class Effort:
    """How long to measure: so many rounds, each at least this long for ours and for the peer."""

    rounds: int
    seconds: float
    # Slept before each side's turn, so that the other side's threads have gone to sleep: they spin for milliseconds
    # after a call, on cores that this side's threads need.  A call that is not timed then wakes those.
    settling_seconds: float = 0.0


FULL = Effort(rounds=300, seconds=0.002)
QUICK = Effort(rounds=3, seconds=0.0002)  # for the test that every row runs: its times mean nothing


@dataclass(frozen=True)
class Result:
    """What was measured for one row."""

    name: str
    ours: str
    peer: str
    ours_nanoseconds: float
    peer_nanoseconds: float
    ratio: float
    bar: float | None
    verdict: str  # "pass", "miss", or "reported" where there is no bar


@dataclass(frozen=True)
class MemoryResult:
    """What was measured for a row that asks for memory."""

    name: str
    ours: str
    peer: str
    ours_bytes: int
    peer_bytes: int
    ratio: float
    bar: float | None
    verdict: str


def calls_within(timer: timeit.Timer, seconds: float) -> int:
    """How many calls take at least that long together: a power of 2."""
    calls = 1
    while timer.timeit(calls) < seconds:
        calls *= 2
    return calls


def measure(row: Row, namespace: Mapping[str, Any], effort: Effort) -> Result:
    """The best of many rounds, ours and the peer's taking turns in going first, so that both meet the same noise."""
    timers = [timeit.Timer(statement, globals=dict(namespace)) for statement in (row.ours, row.peer)]
    calls = [calls_within(timer, effort.seconds) for timer in timers]
    items = [row.ours_items, row.peer_items]
    best = [float("inf"), float("inf")]
    for turn in range(effort.rounds):
        for side in (0, 1) if turn % 2 == 0 else (1, 0):
            if effort.settling_seconds > 0:
                time.sleep(effort.settling_seconds)
                timers[side].timeit(1)
            best[side] = min(best[side], timers[side].timeit(calls[side]) / (calls[side] * items[side]))
    ratio = best[0] / best[1]
    return Result(row.name, row.ours, row.peer, best[0] * 1e9, best[1] * 1e9, ratio, row.bar, verdict(row, ratio))


def measure_each(rows: Iterable[Row], namespace: Mapping[str, Any], effort: Effort) -> list[Result]:
    """A result for each row, each after what the one before left has been collected."""
    results = []
    for row in rows:
        gc.collect()
        results.append(measure(row, namespace, effort))
    return results


def verdict(row: Row, ratio: float) -> str:
    """Whether a ratio meets its row's bar."""
    if row.bar is None:
        return "reported"
    return "pass" if ratio < row.bar or (ratio == row.bar and not row.strict) else "miss"


def table(results: Iterable[Result], rows: Iterable[Row]) -> str:
    """The results for a person: a line each, ratios first."""
    strict = {row.name for row in rows if row.strict}
    lines = [f"{'ratio':>6}  {'bar':>6}  {'verdict':<8}  {'ours, ns':>9}  {'peer, ns':>9}  what"]
    for result in results:
        sign = "<" if result.name in strict else "<="
        bar = "" if result.bar is None else f"{sign} {result.bar:g}"
        lines.append(
            f"{result.ratio:6.2f}  {bar:>6}  {result.verdict:<8}  {result.ours_nanoseconds:9.1f}  "
            f"{result.peer_nanoseconds:9.1f}  {result.ours}  beside  {result.peer}"
        )
    return "\n".join(lines)


def report(
    options: argparse.Namespace,
    benchmark: str,
    results: Iterable[Result],
    rows: Iterable[Row],
    packages: Iterable[str],
    effort: Effort,
    gpu: str | None = None,
) -> None:
    """Prints a benchmark's results, and writes them where --output says."""
    kept = list(results)
    print(table(kept, rows))
    if options.output:
        write(options.output, benchmark, kept, packages, effort, gpu)


def cpu_model() -> str:
    """The processor's name as Linux gives it; its architecture where it gives none."""
    try:
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.machine()


def versions(packages: Iterable[str]) -> dict[str, str]:
    """The versions of Python and of installed packages."""
    return {"python": platform.python_version()} | {package: metadata.version(package) for package in packages}


def write(
    path: Path,
    benchmark: str,
    results: Iterable[Result | MemoryResult],
    packages: Iterable[str],
    effort: Effort,
    gpu: str | None = None,
) -> None:
    """Writes the results of one benchmark as README.md describes."""
    record = {
        "schema": SCHEMA,
        "benchmark": benchmark,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": {"cpu": cpu_model(), "cores": len(os.sched_getaffinity(0)), "architecture": platform.machine()}
        | ({} if gpu is None else {"gpu": gpu}),
        "versions": versions(packages),
        "rounds": effort.rounds,
        "rows": [asdict(result) for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n")
