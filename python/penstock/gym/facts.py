"""What Gymnasium says of a game beside its dynamics: spaces, the pace of its pictures, the return that solves it."""

from __future__ import annotations

from typing import Any, Final

import gymnasium
import numpy as np
from gymnasium import spaces
from gymnasium.envs.registration import EnvSpec

from penstock.errors import InvalidArgumentError
from penstock.worlds import Worlds, games, make

__all__ = [
    "GAMES",
    "ORIGINALS",
    "REWARD_THRESHOLDS",
    "action_space",
    "checked_render_mode",
    "metadata",
    "observation_space",
    "warn_of_no_render_mode",
]

# Those of one agent with one observation, which an environment here can be.
GAMES: Final = [name for name in games() if "observation" in make(name).tensors()]

# Those that Gymnasium has too, by the same names.
ORIGINALS: Final = [name for name in GAMES if "-v" in name]

# As Gymnasium registers its own.
REWARD_THRESHOLDS: Final = {
    "CartPole-v1": 475.0,
    "MountainCar-v0": -110.0,
    "MountainCarContinuous-v0": 90.0,
    "Acrobot-v1": -100.0,
}
FRAMES_A_SECOND: Final = {"CartPole-v1": 50, "Acrobot-v1": 15, "Pendulum-v1": 30}


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


def observation_space(worlds: Worlds) -> spaces.Box:
    """The space of one world's observations."""
    low, high = (np.asarray(bound, np.float32) for bound in worlds.bounds("observation"))
    return spaces.Box(low, high, dtype=np.float32)


def action_space(worlds: Worlds) -> spaces.Discrete | spaces.Box:
    """The space of one world's actions."""
    low, high = (np.asarray(bound) for bound in worlds.bounds("action"))
    if worlds.action.dtype.name == "int32" and low.ndim > 0:
        raise InvalidArgumentError(
            f"{worlds.game}: this level has {low.size} agents: an environment of Gymnasium has one; "
            "step the others through penstock.worlds"
        )
    if worlds.action.dtype.name == "int32":
        return spaces.Discrete(int(high - low) + 1, start=int(low))
    return spaces.Box(low.astype(np.float32), high.astype(np.float32), dtype=np.float32)
