"""The games as environments of Gymnasium: one that is stepped alone, and a vector of many that are stepped at once.

>>> import penstock.gym
>>> environments = penstock.gym.make_vec("CartPole-v1", num_envs=3, seed=7)
>>> observations, infos = environments.reset()
>>> observations, rewards, terminations, truncations, infos = environments.step([0, 1, 1])
>>> rewards
array([1., 1., 1.])

Importing this module registers the games, so that gymnasium.make("penstock/CartPole-v1") and
gymnasium.make_vec("penstock/CartPole-v1", num_envs=3) find them; gymnasium.make("penstock.gym:penstock/CartPole-v1")
imports it by itself.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal

try:
    import gymnasium
    from gymnasium.vector import AutoresetMode, VectorEnv
except ImportError as error:
    raise ImportError("penstock.gym needs Gymnasium, 1.1 or newer: pip install gymnasium") from error

from penstock.errors import InvalidArgumentError
from penstock.gym.environment import Environment, GridWorld, MountainCarContinuous, Pendulum
from penstock.gym.facts import AGENTS, EPISODE_LENGTHS, REWARD_THRESHOLDS
from penstock.gym.vector import VectorEnvironment

if TYPE_CHECKING:
    from collections.abc import Sequence

    from penstock.world_options import Precision, Random

__all__ = ["Environment", "GridWorld", "MountainCarContinuous", "Pendulum", "VectorEnvironment", "make_vec"]

NAMESPACE = "penstock"
OWN_ENTRY_POINTS = {
    "GridWorld": "GridWorld",
    "MountainCarContinuous-v0": "MountainCarContinuous",
    "Pendulum-v1": "Pendulum",
}
LIMITED_BY_THEMSELVES = {"GridWorld"}  # by what their levels say


def make_vec(  # noqa: PLR0913 - each is an option of its own
    name: str,
    num_envs: int = 1,
    *,
    seed: int | Sequence[int] | None = None,
    threads: int | None = None,
    max_episode_steps: int | None = None,
    autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
    copy: bool = True,
    to: Literal["numpy", "torch"] = "numpy",
    episode_statistics: bool = False,
    render_mode: str | None = None,
    rng: Random = "counter",
    precision: Precision = "f32",
    **parameters: Any,
) -> VectorEnv[Any, Any, Any]:
    """Makes a vector of environments of one game: what gymnasium.make_vec("penstock/" + name, ...) makes.

    name                as penstock.worlds.games() has it, with or without "penstock/"
    num_envs            how many environments; of a game of several agents each agent is one, those of a world one after
                        another: agent i of world w of EscapeRoom is environment 2 w + i
    seed                of the first reset() that is given none, as reset() takes it; None: from the system
    threads             None shares the process's threads; a number gives these environments their own
    max_episode_steps   after which an episode is truncated; None: the game's own number
    autoreset_mode      what becomes of an environment whose episode has ended, as gymnasium.vector.AutoresetMode or its
                        value: "NextStep", "SameStep" (its last observation is in infos["final_obs"]) or "Disabled" (it
                        stands still, with reward 0, until reset(options={"reset_mask": ...}) chooses it)
    copy                False: what step() and reset() return is the memory that the next step writes, valid until then
    to                  "torch": tensors of torch in and out, with rewards in float32 and no NumPy between
    episode_statistics  True: infos has "episode", as Gymnasium's wrapper RecordEpisodeStatistics gives it
    render_mode         "rgb_array" or None
    rng, precision      as penstock.worlds.make() takes them: "gymnasium" and "f64" follow the originals to the last bit
    parameters          the game's own numbers, as g=9.81 for Pendulum-v1; level or levels for GridWorld

    >>> import penstock.gym
    >>> environments = penstock.gym.make_vec("Pendulum-v1", num_envs=2, g=9.81)
    >>> environments
    VectorEnvironment(penstock/Pendulum-v1, num_envs=2)
    >>> environments.single_action_space
    Box(-2.0, 2.0, (1,), float32)
    """
    options: dict[str, Any] = {
        "seed": seed,
        "threads": threads,
        "max_episode_steps": max_episode_steps,
        "autoreset_mode": autoreset_mode,
        "copy": copy,
        "to": to,
        "episode_statistics": episode_statistics,
        "render_mode": render_mode,
        "rng": rng,
        "precision": precision,
        **parameters,
    }
    return gymnasium.make_vec(registered(name), num_envs, "vector_entry_point", **options)


def registered(name: str) -> str:
    """A game's name in Gymnasium's registry, which ends with a version."""
    own = name.removeprefix(NAMESPACE + "/")
    return f"{NAMESPACE}/{own}-v0" if own in AGENTS and not re.search(r"-v\d+$", own) else f"{NAMESPACE}/{own}"


def make_vector_environment(
    name: str, *, to: str = "numpy", episode_statistics: bool = False, **options: Any
) -> VectorEnv[Any, Any, Any]:
    """What gymnasium.make_vec() calls."""
    if to == "numpy":
        environments = VectorEnvironment(name, **options)
        return gymnasium.wrappers.vector.RecordEpisodeStatistics(environments) if episode_statistics else environments
    if to == "torch":
        from penstock.gym.torch_vector import TorchVectorEnvironment

        return TorchVectorEnvironment(name, episode_statistics=episode_statistics, **options)
    raise InvalidArgumentError(f"{name}: to is {to!r}: expected 'numpy' or 'torch'")


def register_games() -> None:
    """Puts every game into Gymnasium's registry; one of several agents is a vector of environments alone."""
    for name, agents in AGENTS.items():
        one = f"{__name__}:{OWN_ENTRY_POINTS.get(name, 'Environment')}" if agents == 1 else None
        gymnasium.register(
            registered(name),
            entry_point=one,
            vector_entry_point=f"{__name__}:make_vector_environment",
            reward_threshold=REWARD_THRESHOLDS.get(name),
            max_episode_steps=None if name in LIMITED_BY_THEMSELVES else EPISODE_LENGTHS[name],
            kwargs={"name": name},
        )


register_games()
