"""Kills processes that load, and has others go on from the last state they left.

    python killed_loaders.py FOLDER COUNT

Each run forks a loader that tells its state and a digest of each batch, kills it (SIGKILL) at a random moment, and
forks another one that restores the last state: it must give exactly the digests that remain. This process never starts
a thread, so that it may fork. Prints how many runs there were; ends with status 1 at the first that differs.
"""

import hashlib
import os
import pickle
import random
import signal
import sys
import time
from typing import IO, Any

from penstock import loader


def config_of(folder: str, rng: random.Random) -> dict[str, Any]:
    """Options that differ in all that a state must bring along."""
    return {
        "file_path_provider": {"directory": folder},
        "shuffling_chunk_pool": {"chunk_pool_size": rng.choice([3, 100]), "chunk_loading_threads": rng.choice([1, 3])},
        "chunk_unpacker": {"position_sampling_rate": rng.choice([1.0, 0.4]), "threads": rng.choice([1, 2])},
        "shuffling_frame_sampler": {"reservoir_size_per_thread": rng.choice([0, 1, 50, 333, 5000])},
        "tensor_generator": {"batch_size": rng.choice([7, 32, 100]), "drop_last": rng.random() < 0.3, "threads": 2},
        "on_bad_sample": "skip",
        "seed": rng.randrange(2**64),
        "epochs": 3,
    }


def digest(batch: tuple[Any, ...]) -> bytes:
    """What tells one batch from another."""
    return hashlib.blake2b(b"".join(memoryview(part) for part in batch), digest_size=8).digest()


def load(config: dict[str, Any], state: bytes | None, pipe: IO[bytes], pause: float) -> None:
    """Loads to the end, and tells the state and the digest of each batch."""
    batches = loader.DataLoader(config)
    if state is not None:
        batches.restore(state)
    while True:
        try:
            found = digest(batches.get_next())
        except loader.EndOfData:
            return
        pickle.dump((batches.state(), found), pipe)
        pipe.flush()
        time.sleep(pause)


def run_in_child(
    config: dict[str, Any], state: bytes | None, life: float | None, pause: float
) -> list[tuple[bytes, bytes]]:
    """What a process of its own tells before it ends, or is killed after so many seconds."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        status = 1
        try:
            with os.fdopen(writing, "wb") as pipe:
                load(config, state, pipe, pause)
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    if life is not None:
        time.sleep(life)
        os.kill(child, signal.SIGKILL)
    told = []
    with os.fdopen(reading, "rb") as pipe:
        while True:
            try:
                told.append(pickle.load(pipe))
            except (EOFError, pickle.UnpicklingError):
                break
    status = os.waitpid(child, 0)[1]
    assert life is not None or status == 0
    return told


def main(folder: str, count: int) -> int:
    """Makes so many runs."""
    rng = random.Random(2024)
    within = 0
    for run in range(count):
        if run % 5 == 0:
            config = config_of(folder, rng)
            whole = [found for _, found in run_in_child(config, None, None, 0)]
        pause = rng.choice([0, 0.002])
        before = run_in_child(config, None, rng.uniform(0.001, 0.1), pause)
        rest = run_in_child(config, before[-1][0] if before else None, None, 0)
        found = [found for _, found in before + rest]
        if found != whole:
            same = sum(1 for one, other in zip(found, whole, strict=False) if one == other)
            print(f"run {run}: killed after {len(before)} of {len(whole)} batches, {len(rest)} followed, {same} fit")
            print(config)
            return 1
        within += 0 < len(before) < len(whole)
    print(f"{count} runs, {within} of them killed between the first and the last batch")
    return 0 if within > count // 3 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], int(sys.argv[2])))
