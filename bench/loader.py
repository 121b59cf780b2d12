"""How fast chess games become batches, beside the limit of this machine.

    scripts/bench loader            all rows, kept in bench/results/loader.json
    python bench/loader.py ROW...   only these, kept nowhere

The limit is lc0_limit.c: a bare loop that inflates the same games with libdeflate and expands their planes into large
batches, with no queue and no order, on as many threads. Times are for one position. Rows of one thread run on one core.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measure
from penstock import loader

GAMES = sorted((Path(__file__).resolve().parents[1] / "tests" / "data" / "lc0").glob("*.gz"))
PACKAGES = ("penstock",)
SOURCE = Path(__file__).with_name("lc0_limit.c")
ONE_BY_ONE = {"reservoir_size_per_thread": 0}
THIN = {"position_sampling_rate": 0.03}
FULL = measure.Effort(rounds=7, seconds=1.0)
QUICK = measure.Effort(rounds=1, seconds=0.02)


@dataclass(frozen=True)
class Case:
    """What a row loads, and what it is held against."""

    row: measure.Row
    threads: int = 1
    stages: tuple[tuple[str, Any], ...] = ()
    peer: str = "limit"  # limit, inflate, or float32: the loader itself


def case(name: str, bar: float, peer: str = "limit", threads: int = 1, **stages: Any) -> Case:
    """A row with its words."""
    ours = f"penstock.loader, {threads} thread{'s' if threads > 1 else ''} a stage and core"
    against = {
        "limit": "lc0_limit.c",
        "inflate": "lc0_limit.c, inflating only",
        "float32": "penstock.loader in float32",
    }
    return Case(measure.Row(name, ours, against[peer], bar=bar), threads, tuple(stages.items()), peer)


# A rate of 0.8 of the limit is a time of 1.25 of its; below 1 for dtypes that write fewer bytes.
CASES = (
    case("all positions", 1 / 0.8, shuffling_frame_sampler=ONE_BY_ONE),
    case("all positions, 2 threads", 1 / 0.8, threads=2, shuffling_frame_sampler=ONE_BY_ONE),
    case("reservoir of 20,000", 1 / 0.6, shuffling_frame_sampler={"reservoir_size_per_thread": 20_000}),
    case("3 of 100 positions", 1 / 0.8, "inflate", shuffling_frame_sampler=ONE_BY_ONE, chunk_unpacker=THIN),
    case("float16", 1.0, "float32", shuffling_frame_sampler=ONE_BY_ONE, tensor_generator={"dtype": "float16"}),
    case("bfloat16", 1.0, "float32", shuffling_frame_sampler=ONE_BY_ONE, tensor_generator={"dtype": "bfloat16"}),
)


def built_limit(folder: str) -> ctypes.CDLL:
    """The limit's loop, compiled here."""
    target = str(Path(folder, "lc0_limit.so"))
    subprocess.run(["cc", "-O3", "-shared", "-fPIC", str(SOURCE), "-o", target, "-ldeflate"], check=True)
    library = ctypes.CDLL(target)
    library.lc0_limit.restype = ctypes.c_int64
    library.lc0_limit.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int]
    return library


def time_limit(library: ctypes.CDLL, threads: int, seconds: float, *, expand: bool) -> float:
    """Seconds a position that the bare loop takes on so many threads."""
    games = [game.read_bytes() for game in GAMES]
    addresses = (ctypes.c_char_p * len(games))(*games)
    sizes = (ctypes.c_size_t * len(games))(*map(len, games))
    written: list[int] = []

    def work(rounds: int) -> None:
        written.append(library.lc0_limit(addresses, sizes, len(games), rounds, int(expand)))

    rounds = 1
    while True:
        written.clear()
        workers = [threading.Thread(target=work, args=(rounds,)) for _ in range(threads)]
        begin = time.perf_counter()
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        passed = time.perf_counter() - begin
        if min(written) < 0:
            raise SystemExit("a game does not inflate: there is nothing to measure")
        if passed >= seconds:
            return passed / float(sum(written))
        rounds *= 2


def time_loader(this: Case, seconds: float, *, dtype: str | None = None) -> float:
    """Seconds a position that is read takes the loader, from its third batch on; those that are not kept count too."""
    stages: dict[str, Any] = {
        "file_path_provider": {"sources": GAMES},
        "shuffling_chunk_pool": {"chunk_loading_threads": this.threads},
        "chunk_unpacker": {"threads": this.threads},
        "tensor_generator": {"threads": this.threads, "batch_size": 256},
    }
    for name, fields in this.stages:
        stages[name] = {**stages.get(name, {}), **fields}
    if dtype is not None:
        stages["tensor_generator"]["dtype"] = dtype
    share = stages["chunk_unpacker"].get("position_sampling_rate", 1.0)
    positions = 0
    with loader.DataLoader(stages) as batches:
        for _ in range(2):
            batches.get_next()
        begin = time.perf_counter()
        while time.perf_counter() - begin < seconds:
            positions += len(batches.get_next()[0])
        passed = time.perf_counter() - begin
    return passed * float(share) / positions


def measured(this: Case, library: ctypes.CDLL, effort: measure.Effort) -> measure.Result:
    """The best of each side over rounds in which they take turns in going first."""
    peers: dict[str, Callable[[], float]] = {
        "limit": lambda: time_limit(library, this.threads, effort.seconds, expand=True),
        "inflate": lambda: time_limit(library, this.threads, effort.seconds, expand=False),
        "float32": lambda: time_loader(this, effort.seconds, dtype="float32"),
    }
    sides = (lambda: time_loader(this, effort.seconds), peers[this.peer])
    best = [float("inf"), float("inf")]
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, set(itertools.islice(sorted(cores), this.threads)))
    try:
        for turn in range(effort.rounds):
            for side in (0, 1) if turn % 2 == 0 else (1, 0):
                best[side] = min(best[side], sides[side]())
    finally:
        os.sched_setaffinity(0, cores)
    row, ratio = this.row, best[0] / best[1]
    nanoseconds = best[0] * 1e9, best[1] * 1e9
    return measure.Result(row.name, row.ours, row.peer, *nanoseconds, ratio, row.bar, measure.verdict(row, ratio))


def main() -> int:
    """Measures and prints; the status does not depend on the figures."""
    options, rows = measure.command_line(__doc__ or "", [each.row for each in CASES])
    effort = QUICK if options.quick else FULL
    with tempfile.TemporaryDirectory() as folder:
        library = built_limit(folder)
        results = [measured(each, library, effort) for each in CASES if each.row in rows]
    print(measure.table(results, rows))
    for result in results:
        ours, peer = 1e9 / result.ours_nanoseconds, 1e9 / result.peer_nanoseconds
        print(f"{result.name}: {ours:,.0f} positions/s, peer {peer:,.0f}")
    if options.output:
        measure.write(options.output, "loader", results, PACKAGES, effort)
    return 0


if __name__ == "__main__":
    sys.exit(main())
