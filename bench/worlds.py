"""What a step of CartPole costs beside Gymnasium's, EnvPool's and our own scalar kernel's; and one of Escape Room.

    scripts/bench worlds            all rows, kept in bench/results/worlds.json
    python bench/worlds.py ROW...   only these, kept nowhere

Times are a step of one environment; in Escape Room, measured on two cores beside one, of one agent with all that it
sees.  Every side gets the same random actions, new ones each step, and resets what ends.  EnvPool is given the best of
64 to 4096 environments and of 1 to all threads, found anew in each run.  Episodes of Escape Room are at all their
stages.
"""

from __future__ import annotations

import dataclasses
import gc
import itertools
import os
import sys
import timeit
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import gymnasium
import measure
import numpy as np
import penstock
import penstock.gym
from penstock._cffi import ffi, lib

# EnvPool is kept apart from what the tests use (scripts/prepare bench).
sys.path.append(str(Path(__file__).resolve().parents[1] / ".venv" / "peers"))

NUM_ENVS = 4096
NUM_ESCAPE_ROOMS, AGENTS = 1024, 2
PACKAGES = ("penstock", "gymnasium", "numpy", "envpool")

ROWS = (
    measure.Row(
        "vector beside gymnasium",
        "ours.step(next(actions))",
        "gymnasiums.step(next(actions))",
        bar=1 / 5,
        ours_items=NUM_ENVS,
        peer_items=NUM_ENVS,
    ),
    measure.Row("vector beside envpool", "ours.step(next(actions))", "envpools.step(next(pool_actions))", bar=1 / 20),
    measure.Row(
        "in C beside our scalar kernel",
        "ffi.memmove(action, next(actions), nbytes); lib.ps_worlds_step(worlds)",
        "ffi.memmove(scalar_action, next(actions), nbytes); lib.ps_worlds_step(scalar_worlds)",
        bar=1 / 3,
        ours_items=NUM_ENVS,
        peer_items=NUM_ENVS,
    ),
    measure.Row(
        "one environment",
        "one.step(next(moves))[2] and one.reset()",
        "peer.step(next(moves))[2] and peer.reset()",
        bar=1 / 3,
    ),
    measure.Row(
        "escape room on two cores beside one",
        "two_cores_action[:] = next(two_cores_actions); two_cores.step()",
        "one_core_action[:] = next(one_core_actions); one_core.step()",
        bar=1 / 1.8,
        ours_items=NUM_ESCAPE_ROOMS * AGENTS,
        peer_items=NUM_ESCAPE_ROOMS * AGENTS,
    ),
)


def action_arrays(num_envs: int, dtype: str) -> Iterator[Any]:
    """Random actions without end: so many that episodes are as long as those of a random policy."""
    random = np.random.default_rng(1)
    return itertools.cycle([random.integers(0, 2, num_envs).astype(dtype) for _ in range(64)])


def best_envpool(quick: bool) -> tuple[Any, int]:
    """EnvPool with the number of environments and threads at which it is fastest here, and that number."""
    import envpool  # noqa: PLC0415 - what the tests use must not need it

    cores = len(os.sched_getaffinity(0))
    sizes = [64] if quick else [64, 128, 256, 512, 1024, 2048, 4096]
    found: dict[float, tuple[int, int]] = {}
    for num_envs, threads in itertools.product(sizes, range(1, cores + 1)):
        pool = make_envpool(envpool, num_envs, threads)
        actions = action_arrays(num_envs, "int32")
        timer = timeit.Timer("pool.step(next(actions))", globals={"pool": pool, "actions": actions})
        calls = max(1, 20000 // num_envs)
        found[min(timer.repeat(5, calls)) / (calls * num_envs)] = num_envs, threads
        pool.close()
    num_envs, threads = found[min(found)]
    print(f"EnvPool is fastest here with {num_envs} environments and {threads} threads")
    return make_envpool(envpool, num_envs, threads), num_envs


def make_envpool(envpool: Any, num_envs: int, threads: int) -> Any:
    """A synchronous pool, reset."""
    pool = envpool.make_gymnasium("CartPole-v1", num_envs=num_envs, num_threads=threads, batch_size=num_envs, seed=0)
    pool.reset()
    return pool


def worlds_in_c(kernel: str, names: dict[str, Any], prefix: str = "") -> None:
    """Worlds on one thread as C sees them: the handle, and the memory of its actions."""
    worlds = penstock.worlds.make("CartPole-v1", NUM_ENVS, threads=1, kernel=kernel)  # type: ignore[arg-type]
    names[f"{prefix}worlds"] = worlds._worlds
    names[f"{prefix}action"] = ffi.cast("char *", worlds.action.data_ptr)
    names[f"{prefix}kept"] = worlds


def escape_rooms(threads: int, names: dict[str, Any], prefix: str) -> None:
    """Worlds of Escape Room on some threads, with random actions, their episodes at all stages."""
    worlds = penstock.worlds.make("EscapeRoom", NUM_ESCAPE_ROOMS, threads=threads)
    random = np.random.default_rng(3)
    shape = (NUM_ESCAPE_ROOMS, AGENTS, 4)
    actions = itertools.cycle([random.integers(0, [4, 8, 5, 2], shape).astype(np.int32) for _ in range(64)])
    action, reset = np.from_dlpack(worlds.action), np.from_dlpack(worlds.tensor("reset"))
    starts = random.integers(0, worlds.episode_length, NUM_ESCAPE_ROOMS)
    for step in range(worlds.episode_length):
        action[:], reset[:] = next(actions), starts == step
        worlds.step()
    names |= {prefix: worlds, f"{prefix}_action": action, f"{prefix}_actions": actions}


def namespace(quick: bool, rows: Iterable[measure.Row]) -> tuple[dict[str, Any], int]:
    """What the statements of the rows mention, and how many environments EnvPool has."""
    is_beside_envpool = any("envpools" in row.peer for row in rows)
    envpools, pool_size = best_envpool(quick) if is_beside_envpool else (None, 1)
    ours = penstock.gym.make_vec("CartPole-v1", num_envs=NUM_ENVS, threads=1)
    theirs = gymnasium.make_vec("CartPole-v1", num_envs=NUM_ENVS, vectorization_mode="vector_entry_point")
    names: dict[str, Any] = {
        "ffi": ffi,
        "lib": lib,
        "nbytes": NUM_ENVS * 4,
        "ours": ours,
        "gymnasiums": theirs,
        "envpools": envpools,
        "actions": action_arrays(NUM_ENVS, "int32"),
        "pool_actions": action_arrays(pool_size, "int32"),
        "one": gymnasium.make("penstock/CartPole-v1").unwrapped,
        "peer": gymnasium.make("CartPole-v1").unwrapped,
        "moves": itertools.cycle(np.random.default_rng(2).integers(0, 2, 1000).tolist()),
    }
    for environments in ("ours", "gymnasiums", "one", "peer"):
        names[environments].reset(seed=0)
    worlds_in_c("automatic", names)
    worlds_in_c("scalar", names, "scalar_")
    escape_rooms(1, names, "one_core")
    escape_rooms(2, names, "two_cores")
    return names, pool_size


def main() -> int:
    """Measures and prints; the status does not depend on the figures."""
    options, rows = measure.command_line(__doc__, ROWS)
    warnings.simplefilter("ignore", UserWarning)  # EnvPool's, of the precision of its bounds
    names, pool_size = namespace(options.quick, rows)
    effort = measure.QUICK if options.quick else measure.Effort(rounds=100, seconds=0.01)
    results = []
    for row in rows:
        with_items = dataclasses.replace(row, ours_items=NUM_ENVS, peer_items=pool_size)
        gc.collect()
        results.append(measure.measure(with_items if "envpools" in row.peer else row, names, effort))
    measure.report(options, "worlds", results, rows, PACKAGES, effort)
    for result in results:
        if result.name.startswith("in C"):
            print(f"CartPole in C on one core: {1e3 / result.ours_nanoseconds:.0f} million steps a second")
        if result.name.startswith("escape room"):
            print(f"Escape Room on one core: {1e3 / result.peer_nanoseconds:.2f} million agent-steps a second")
    return 0


if __name__ == "__main__":
    sys.exit(main())
