"""What Gymnasium says of a game beside its dynamics: agents, spaces, the pace of its pictures, the return to reach."""

from __future__ import annotations

from typing import Any, Final, TypeAlias

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec

from penstock.errors import InvalidArgumentError
from penstock.worlds import Worlds, games, make

__all__ = [
    "AGENTS",
    "EPISODE_LENGTHS",
    "GAMES",
    "ORIGINALS",
    "REWARD_THRESHOLDS",
    "action_space",
    "agent_count",
    "checked_render_mode",
    "checked_world_count",
    "metadata",
    "observation_names",
    "observation_space",
    "require_one_agent",
    "require_one_agent_in_levels",
    "warn_of_no_render_mode",
]

ActionSpace: TypeAlias = spaces.Discrete | spaces.MultiDiscrete | spaces.Box

# As Gymnasium registers its own.
REWARD_THRESHOLDS: Final = {
    "CartPole-v1": 475.0,
    "MountainCar-v0": -110.0,
    "MountainCarContinuous-v0": 90.0,
    "Acrobot-v1": -100.0,
}
FRAMES_A_SECOND: Final = {"CartPole-v1": 50, "Acrobot-v1": 15, "Pendulum-v1": 30, "EscapeRoom": 25}


def agent_count(worlds: Worlds) -> int:
    """How many agents act in one world: of several, rewards and actions have an axis after the worlds'."""
    shape = worlds.reward.shape
    return shape[1] if len(shape) > 1 else 1


_ONE_OF_EACH: Final = {name: make(name) for name in games()}
AGENTS: Final = {name: agent_count(worlds) for name, worlds in _ONE_OF_EACH.items()}
EPISODE_LENGTHS: Final = {name: worlds.episode_length for name, worlds in _ONE_OF_EACH.items()}
del _ONE_OF_EACH
GAMES: Final = [name for name, agents in AGENTS.items() if agents == 1]  # what an environment by itself can be
ORIGINALS: Final = [name for name in GAMES if "-v" in name]  # what Gymnasium has too, by the same names


def require_one_agent(name: str) -> None:
    """Refuses a game of several agents where one is meant to act."""
    agents = AGENTS.get(name, 1)
    if agents > 1:
        raise InvalidArgumentError(
            f"{name} has {agents} agents in a world, where one environment is one agent's: penstock.gym.make_vec() has "
            f"{agents} environments for each world, penstock.pettingzoo.parallel_env() one of all agents"
        )


def require_one_agent_in_levels(worlds: Worlds) -> None:
    """Refuses levels of several agents, where the game's own level has one."""
    agents = agent_count(worlds)
    if agents != AGENTS[worlds.game]:
        raise InvalidArgumentError(
            f"{worlds.game}: this level has {agents} agents: an environment of Gymnasium has one; step them all"
            " through penstock.worlds"
        )


def checked_world_count(name: str, num_envs: int) -> int:
    """How many worlds have so many environments."""
    agents = AGENTS.get(name, 1)
    if num_envs % agents != 0:
        raise InvalidArgumentError(
            f"{name}: num_envs is {num_envs}: expected a multiple of {agents}, one for each agent of a world"
        )
    return num_envs // agents


def metadata(name: str) -> dict[str, Any]:
    """What Gymnasium's wrappers ask of an environment."""
    return {"render_modes": ["rgb_array"], "render_fps": FRAMES_A_SECOND.get(name, 30)}


def checked_render_mode(name: str, render_mode: str | None) -> str | None:
    """A render_mode, if it is one."""
    if render_mode not in (None, "rgb_array"):
        raise InvalidArgumentError(f"{name}: render_mode is {render_mode!r}: expected 'rgb_array' or None")
    return render_mode


def warn_of_no_render_mode(spec: EnvSpec | None) -> None:
    """What Gymnasium's environments do when they are to render and nobody has said how."""
    made = "the environment" if spec is None else repr(spec.id)
    gymnasium.logger.warn(f"render() has nothing to show: make {made} with render_mode='rgb_array'")


def observation_names(worlds: Worlds) -> list[str]:
    """The tensors that an agent observes: those whose last values of an episode are kept."""
    names = worlds.tensors()
    return [name for name in names if f"final_{name}" in names]


def observation_space(worlds: Worlds) -> spaces.Box | spaces.Dict:
    """The space of one agent's observations: of several tensors a Dict of their names."""
    names = observation_names(worlds)
    if names == ["observation"]:
        return box(worlds, "observation")
    return spaces.Dict([(name, box(worlds, name)) for name in names])  # a dict would be sorted


def action_space(worlds: Worlds) -> ActionSpace:
    """The space of one agent's actions."""
    if worlds.action.dtype.name != "int32":
        return box(worlds, "action")
    low, high = bounds(worlds, "action")
    if low.size == 1:
        return spaces.Discrete(int(high.item() - low.item()) + 1, start=int(low.item()))
    return spaces.MultiDiscrete((high - low + 1).astype(np.int64), start=low.astype(np.int64))


def box(worlds: Worlds, name: str) -> spaces.Box:
    """The space of one agent's part of a tensor."""
    low, high = bounds(worlds, name)
    dtype: Any = np.int32 if worlds.tensor(name).dtype.name == "int32" else np.float32
    return spaces.Box(low.astype(dtype), high.astype(dtype), dtype=dtype)


def bounds(worlds: Worlds, name: str) -> tuple[npt.NDArray[Any], npt.NDArray[Any]]:
    """The bounds of one agent's part of a tensor; all agents have the same."""
    low, high = (np.asarray(bound) for bound in worlds.bounds(name))
    return (low, high) if agent_count(worlds) == 1 else (low[0], high[0])
