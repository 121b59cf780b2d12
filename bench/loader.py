"""How fast chess games become batches, beside the limit of this machine.

    scripts/bench loader            all rows, kept in bench/results/loader.json
    python bench/loader.py ROW...   only these, kept nowhere

The limit is lc0_limit.c: a bare loop that inflates the same games with libdeflate and expands their planes into large
batches, with no queue and no order, on as many threads. Times are for one position. Rows of one thread run on one core.
Two rows more say what a state costs: state(), beside the millisecond that it may take, and restore() with the batch
after it, which rereads one to two reservoirs, beside a new loader's first batch.
"""

from __future__ import annotations

import ctypes
import itertools
import os
import shutil
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

REAL_GAMES = sorted((Path(__file__).resolve().parents[1] / "tests" / "data" / "lc0").glob("*.gz"))
COPIES = 200  # of each: some 76,000 positions, several times the reservoir
PACKAGES = ("penstock",)
SOURCE = Path(__file__).with_name("lc0_limit.c")
ONE_BY_ONE = {"reservoir_size_per_thread": 0}
SHUFFLED = {"reservoir_size_per_thread": 20_000}
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
    case("reservoir of 20,000", 1 / 0.6, shuffling_frame_sampler=SHUFFLED),
    case("3 of 100 positions", 1 / 0.8, "inflate", shuffling_frame_sampler=ONE_BY_ONE, chunk_unpacker=THIN),
    case("float16", 1.0, "float32", shuffling_frame_sampler=ONE_BY_ONE, tensor_generator={"dtype": "float16"}),
    case("bfloat16", 1.0, "float32", shuffling_frame_sampler=ONE_BY_ONE, tensor_generator={"dtype": "bfloat16"}),
)
STATE = measure.Row("state", "DataLoader.state(), the slowest of 20", "a millisecond", bar=1.0)
RESTORE = measure.Row("restore", "restore() and get_next(), 20,000 in the reservoir", "a new loader's get_next()")


def built_limit(folder: str) -> ctypes.CDLL:
    """The limit's loop, compiled here."""
    target = str(Path(folder, "lc0_limit.so"))
    subprocess.run(["cc", "-O3", "-shared", "-fPIC", str(SOURCE), "-o", target, "-ldeflate"], check=True)
    library = ctypes.CDLL(target)
    library.lc0_limit.restype = ctypes.c_int64
    library.lc0_limit.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, ctypes.c_int]
    return library


def copied_games(folder: Path) -> list[Path]:
    """The real games, over and over."""
    return [Path(shutil.copy(game, folder / f"{copy:03}_{game.name}")) for copy in range(COPIES) for game in REAL_GAMES]


@dataclass(frozen=True)
class Bench:
    """What all rows share: the games, the limit's loop, and how long to measure."""

    games: list[Path]
    library: ctypes.CDLL
    effort: measure.Effort

    def time_limit(self, threads: int, *, expand: bool) -> float:
        """Seconds a position that the bare loop takes on so many threads."""
        games = [game.read_bytes() for game in self.games]
        addresses = (ctypes.c_char_p * len(games))(*games)
        sizes = (ctypes.c_size_t * len(games))(*map(len, games))
        written: list[int] = []

        def work(rounds: int) -> None:
            written.append(self.library.lc0_limit(addresses, sizes, len(games), rounds, int(expand)))

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
            if passed >= self.effort.seconds:
                return passed / float(sum(written))
            rounds *= 2

    def time_loader(self, this: Case, *, dtype: str | None = None) -> float:
        """Seconds that a position which is read takes the loader, from its third batch on; those not kept count too."""
        stages: dict[str, Any] = {
            "file_path_provider": {"sources": self.games},
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
            while time.perf_counter() - begin < self.effort.seconds:
                positions += len(batches.get_next()[0])
            passed = time.perf_counter() - begin
        return passed * float(share) / positions

    def measured(self, this: Case) -> measure.Result:
        """The best of each side over rounds in which they take turns in going first."""
        peers: dict[str, Callable[[], float]] = {
            "limit": lambda: self.time_limit(this.threads, expand=True),
            "inflate": lambda: self.time_limit(this.threads, expand=False),
            "float32": lambda: self.time_loader(this, dtype="float32"),
        }
        sides = (lambda: self.time_loader(this), peers[this.peer])
        best = [float("inf"), float("inf")]
        cores = os.sched_getaffinity(0)
        os.sched_setaffinity(0, set(itertools.islice(sorted(cores), this.threads)))
        try:
            for turn in range(self.effort.rounds):
                for side in (0, 1) if turn % 2 == 0 else (1, 0):
                    best[side] = min(best[side], sides[side]())
        finally:
            os.sched_setaffinity(0, cores)
        return result_of(this.row, *best)

    def shuffled(self) -> loader.DataLoader:
        """A loader with a reservoir of 20,000 positions."""
        stages = {
            "file_path_provider": {"sources": self.games},
            "shuffling_frame_sampler": SHUFFLED,
            "tensor_generator": {"batch_size": 64},
        }
        return loader.DataLoader(stages)

    def measured_state(self) -> measure.Result:
        """The slowest of the calls after each of some batches; the best of that over the rounds."""

        def slowest() -> float:
            with self.shuffled() as batches:
                return max((batches.get_next(), seconds_of(batches.state))[1] for _ in range(20))

        return result_of(STATE, min(slowest() for _ in range(self.effort.rounds)), 1e-3)

    def measured_restore(self) -> measure.Result:
        """The best of the rounds of both sides, from a new loader to a batch in hand."""

        def first_batch(state: bytes | None) -> None:
            with self.shuffled() as batches:
                if state is not None:
                    batches.restore(state)
                batches.get_next()

        with self.shuffled() as batches:
            for _ in range(400):  # 25,600 positions: beyond the first round of the reservoir
                batches.get_next()
            state = batches.state()
        ours = min(seconds_of(lambda: first_batch(state)) for _ in range(self.effort.rounds))
        return result_of(RESTORE, ours, min(seconds_of(lambda: first_batch(None)) for _ in range(self.effort.rounds)))


def seconds_of(work: Callable[[], object]) -> float:
    """How long one call takes."""
    begin = time.perf_counter()
    work()
    return time.perf_counter() - begin


def result_of(row: measure.Row, ours: float, peer: float) -> measure.Result:
    """A row's result from seconds."""
    ratio = ours / peer
    return measure.Result(
        row.name, row.ours, row.peer, ours * 1e9, peer * 1e9, ratio, row.bar, measure.verdict(row, ratio)
    )


def main() -> int:
    """Measures and prints; the status does not depend on the figures."""
    options, rows = measure.command_line(__doc__ or "", [*(each.row for each in CASES), STATE, RESTORE])
    effort = QUICK if options.quick else FULL
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(copied_games(Path(folder)), built_limit(folder), effort)
        results = [bench.measured(each) for each in CASES if each.row in rows]
        rates = list(results)
        if STATE in rows:
            results.append(bench.measured_state())
        if RESTORE in rows:
            results.append(bench.measured_restore())
    measure.report(options, "loader", results, rows, PACKAGES, effort)
    for result in rates:
        ours, peer = 1e9 / result.ours_nanoseconds, 1e9 / result.peer_nanoseconds
        print(f"{result.name}: {ours:,.0f} positions/s, peer {peer:,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
