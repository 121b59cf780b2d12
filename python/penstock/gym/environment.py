"""One world as a gymnasium.Env, which returns what the original returns, in the same types of Python's and NumPy's."""

from __future__ import annotations

import math
from typing import Any, TypeAlias

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.utils import seeding

from penstock import worlds
from penstock._native import ffi, lib, text
from penstock.errors import InvalidArgumentError, OutOfRangeError
from penstock.gym import facts
from penstock.gym.resets import Resets, checked_seed, random_seed
from penstock.world_options import Precision, Random

__all__ = ["Environment", "GridWorld", "MountainCarContinuous", "Pendulum"]

Observation: TypeAlias = npt.NDArray[np.float32]
Step: TypeAlias = tuple[Observation, Any, bool, bool, dict[str, Any]]
NO_LIMIT = 2**31 - 1  # steps


class Environment(gymnasium.Env[Any, Any]):
    """One world of a game.  gymnasium.make("penstock/CartPole-v1") makes it, within Gymnasium's usual wrappers.

    name            as penstock.worlds.games() has it
    render_mode     "rgb_array" or None
    rng, precision  as penstock.worlds.make() takes them: "gymnasium" and "f64" follow the original to the last bit
    parameters      the game's own numbers, as g=9.81 for Pendulum-v1

    step() and reset() return arrays of their own.  After an episode's end it stands still, with reward 0, until
    reset().  reset(seed=...) seeds the world; np_random is a generator of that seed which the game itself does not
    draw from.  Where np_random was set, each reset() without a seed takes one from it.

    worlds is the penstock.worlds.Worlds of one world, for what Gymnasium has no word for: snapshots, hashes.

    >>> import penstock.gym
    >>> environment = penstock.gym.Environment("CartPole-v1")
    >>> observation, info = environment.reset(seed=3)
    >>> observation, reward, terminated, truncated, info = environment.step(1)
    >>> reward, terminated, truncated
    (1.0, False, False)
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012 - as Gymnasium has it
    EPISODE_LENGTH: int | None = NO_LIMIT  # the limit is the wrapper TimeLimit's, as with the originals

    def __init__(
        self,
        name: str,
        *,
        render_mode: str | None = None,
        rng: Random = "counter",
        precision: Precision = "f32",
        **parameters: Any,
    ) -> None:
        numbers: dict[str, Any] = {**parameters}
        facts.require_one_agent(name)
        self.name = name
        self.metadata = facts.metadata(name)
        self.render_mode = facts.checked_render_mode(name, render_mode)
        self.worlds = worlds.make(
            name,
            threads=1,
            autoreset="disabled",
            episode_length=self.EPISODE_LENGTH,
            precision=precision,
            rng=rng,
            actions="game",
            **numbers,
        )
        facts.require_one_agent_in_levels(self.worlds)
        self.action_space = facts.action_space(self.worlds)
        self.observation_space = facts.observation_space(self.worlds)
        self._follows = rng == "gymnasium" and precision == "f64"
        self._resets = Resets(self.worlds)
        self._handle = ffi.NULL  # until the first reset
        self._takes_numbers = isinstance(self.action_space, gymnasium.spaces.Discrete)
        self._action: Any = memoryview(self.worlds.action.reshape(1))
        self._reward: Any = memoryview(self.worlds.reward)
        self._terminated: Any = memoryview(self.worlds.terminated)
        self._observation: Observation = np.from_dlpack(self.worlds.observation)[0]
        names = self.worlds.tensors()
        self._state: npt.NDArray[Any] | None = np.from_dlpack(self.worlds.state)[0] if "state" in names else None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Observation, dict[str, Any]]:
        """Starts an episode: that of the seed, or the next one.

        options  for this reset alone, as the original takes them: low and high; x_init and y_init for Pendulum-v1
        """
        if seed is None and self._np_random_seed == -1:  # somebody has set np_random
            self._resets.run(int(self.np_random.integers(1 << 63)), options)
        elif seed is None and self._np_random is not None:
            self._resets.run(None, options)
        else:
            chosen = random_seed() if seed is None else checked_seed(self.name, seed)
            self._resets.run(chosen, options)
            self._np_random, self._np_random_seed = seeding.np_random(chosen)
        self._handle = self.worlds._worlds
        return self._observation.copy(), {}

    def step(self, action: Any) -> Step:
        """Takes an action.  Errors name the action and change nothing."""
        try:
            if self._takes_numbers:
                self._action[0] = action
            else:
                (self._action[0],) = action
        except (TypeError, ValueError):
            raise InvalidArgumentError(
                f"{self.name}: action is {action!r}: expected one of {self.action_space}"
            ) from None
        if lib.ps_worlds_step(self._handle):
            self._refuse(action)
        return self._observation.copy(), self._reward[0], self._terminated[0], False, {}

    def render(self) -> Any:
        """The picture of the world now, uint8 of shape (height, width, 3)."""
        if self.render_mode is None:
            facts.warn_of_no_render_mode(self.spec)
            return None
        return np.from_dlpack(self.worlds.render(0))

    @property
    def state(self) -> npt.NDArray[Any]:
        """The plain state, a copy: to change the world, set it."""
        return np.array(self.worlds.get_state(0)) if self._state is None else self._state.copy()

    @state.setter
    def state(self, state: Any) -> None:
        self.worlds.set_state(0, state)

    def _refuse(self, action: Any) -> None:
        """Says why a step was refused."""
        if self._handle == ffi.NULL:
            raise gymnasium.error.ResetNeeded(f"{self.name}: step() was called before reset()")
        reason = text(lib.ps_last_error())
        raise OutOfRangeError(f"{self.name}: action is {action!r}: expected one of {self.action_space}; {reason}")


class MountainCarContinuous(Environment):
    """MountainCarContinuous-v0, whose reward is a Python float of double precision where it follows the original."""

    def step(self, action: Any) -> Step:
        """Takes an action, an array of one number."""
        observation, reward, terminated, truncated, info = super().step(action)
        if self._follows:
            reward = (100.0 if terminated else 0.0) - math.pow(self._action[0], 2) * 0.1
        return observation, reward, terminated, truncated, info


class Pendulum(Environment):
    """Pendulum-v1, whose reward is a NumPy float64, of that precision where it follows the original."""

    def step(self, action: Any) -> Step:
        """Takes an action, an array of one number."""
        angle, rate = self._state if self._follows and self._state is not None else (0, 0)
        observation, reward, terminated, truncated, info = super().step(action)
        if self._follows:
            torque = np.float32(min(max(self._action[0], -2.0), 2.0))
            upright = (angle + np.pi) % (2 * np.pi) - np.pi
            reward = -(upright**2 + 0.1 * rate**2 + 0.001 * torque**2)
        return observation, np.float64(reward), terminated, truncated, info


class GridWorld(Environment):
    """GridWorld, whose level says itself after how many steps an episode is truncated."""

    EPISODE_LENGTH = None

    def __init__(self, name: str, **options: Any) -> None:
        super().__init__(name, **options)
        self._truncated: Any = memoryview(self.worlds.truncated)

    def step(self, action: Any) -> Step:
        """Takes an action: 0 stay, 1 up, 2 right, 3 down, 4 left."""
        observation, reward, terminated, _, info = super().step(action)
        return observation, reward, terminated, self._truncated[0], info
