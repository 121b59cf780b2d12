"""The games as a VecEnv of Stable-Baselines3, whose algorithms train on them unchanged.

>>> import numpy, penstock.sb3
>>> environments = penstock.sb3.make("CartPole-v1", num_envs=3, seed=7)
>>> environments.reset().shape
(3, 4)
>>> observations, rewards, dones, infos = environments.step(numpy.array([0, 1, 1]))
>>> rewards
array([1., 1., 1.], dtype=float32)
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from typing import Any

try:
    from stable_baselines3.common.vec_env import VecEnv
except ImportError as error:
    raise ImportError("penstock.sb3 needs Stable-Baselines3: pip install stable-baselines3") from error

import gymnasium
import numpy as np
import numpy.typing as npt

from penstock.errors import InvalidArgumentError
from penstock.gym import VectorEnvironment, registered
from penstock.world_options import Precision, Random

__all__ = ["WorldsVecEnv", "make"]

Array = npt.NDArray[Any]


def make(
    name: str,
    num_envs: int = 1,
    *,
    seed: int | Sequence[int] | None = None,
    threads: int | None = None,
    max_episode_steps: int | None = None,
    render_mode: str | None = None,
    rng: Random = "counter",
    precision: Precision = "f32",
    **parameters: Any,
) -> WorldsVecEnv:
    """Makes environments of one game, which native code steps together; takes what penstock.gym.make_vec() takes.

    >>> import penstock.sb3
    >>> penstock.sb3.make("Pendulum-v1", num_envs=2, g=9.81).action_space
    Box(-2.0, 2.0, (1,), float32)
    """
    return WorldsVecEnv(
        VectorEnvironment(
            name.removeprefix("penstock/"),
            num_envs,
            seed=seed,
            threads=threads,
            max_episode_steps=max_episode_steps,
            autoreset_mode="SameStep",
            render_mode=render_mode,
            rng=rng,
            precision=precision,
            **parameters,
        )
    )


class WorldsVecEnv(VecEnv):
    """Worlds of a game as Stable-Baselines3 knows environments.  make() makes it.

    An environment whose episode has ended is reset in the same step; the last observation is in its info as
    terminal_observation, and TimeLimit.truncated says whether the episode was cut off.  What get_attr(), set_attr() and
    env_method() see of each environment is an EnvironmentView.

    >>> import penstock.sb3
    >>> environments = penstock.sb3.make("CartPole-v1", num_envs=2)
    >>> environments.seed(5)
    [5, 6]
    >>> environments.set_attr("state", [0, 0, 0.125, 0], indices=[1])
    >>> environments.get_attr("state")[1].tolist()
    [0.0, 0.0, 0.125, 0.0]
    """

    def __init__(self, environments: VectorEnvironment) -> None:
        self.environments = environments
        self._views = [EnvironmentView(environments, world) for world in range(environments.num_envs)]
        self._actions: Any = None
        super().__init__(environments.num_envs, environments.single_observation_space, environments.single_action_space)
        self.metadata = {name: environments.metadata[name] for name in ("render_modes", "render_fps")}

    def reset(self) -> Any:
        """Starts an episode in each environment, with the seeds and the options set for it."""
        seeds, options = self._seeds, self._options
        if all(each == options[0] for each in options):
            observations = self.environments.reset(seed=seeds, options=options[0])[0]
        else:
            for world, each in enumerate(options):
                mask = np.arange(self.num_envs) == world
                observations = self.environments.reset(seed=seeds, options={**each, "reset_mask": mask})[0]
        self._reset_seeds()
        self._reset_options()
        self.reset_infos = [{} for _ in range(self.num_envs)]
        return observations

    def step_async(self, actions: Array) -> None:
        """Keeps the actions for step_wait()."""
        self._actions = actions

    def step_wait(self) -> tuple[Array, Array, Array, list[dict[str, Any]]]:
        """Takes the actions that step_async() was given."""
        observations, rewards, terminations, truncations, batch = self.environments.step(self._actions)
        dones = terminations | truncations
        infos: list[dict[str, Any]] = [{"TimeLimit.truncated": False} for _ in range(self.num_envs)]
        for world in np.flatnonzero(dones).tolist():
            infos[world]["TimeLimit.truncated"] = not terminations[world]
            infos[world]["terminal_observation"] = batch["final_obs"][world]
        return observations, rewards.astype(np.float32), dones, infos

    def close(self) -> None:
        """Gives the worlds back."""
        self.environments.close()

    def get_images(self) -> Sequence[Array | None]:
        """A picture of each environment; None without render_mode="rgb_array"."""
        if self.render_mode is None:
            warnings.warn("render_mode is None: make the environments with render_mode='rgb_array'", stacklevel=2)
        return [view.render() for view in self._views]

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """An attribute of each of the environments, or of some."""
        return [getattr(view, attr_name) for view in self._chosen(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Sets an attribute of each of the environments, or of some.  A number of the game's is that of all of them."""
        chosen = self._chosen(indices)
        worlds = self.environments.worlds
        if attr_name in worlds.parameters():
            if len({view.world for view in chosen}) != self.num_envs:
                raise InvalidArgumentError(
                    f"{worlds.game}: {attr_name} is the same in all environments: expected no indices, not {indices!r}"
                )
            worlds.set_parameter(attr_name, value)
            return
        for view in chosen:
            setattr(view, attr_name, value)

    def env_method(self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any) -> list[Any]:
        """Calls a method of each of the environments, or of some."""
        return [getattr(view, method_name)(*method_args, **method_kwargs) for view in self._chosen(indices)]

    def env_is_wrapped(
        self, wrapper_class: type[gymnasium.Wrapper[Any, Any, Any, Any]], indices: Any = None
    ) -> list[bool]:
        """Whether each environment has a wrapper of its own: it never has."""
        return [False for _ in self._chosen(indices)]

    def _chosen(self, indices: Any) -> list[EnvironmentView]:
        places: Iterable[int] = self._get_indices(indices)
        return [self._views[place] for place in places]


class EnvironmentView:
    """One of the environments, as get_attr() and its like see it: what a gymnasium.Env has, and the game's numbers.

    Whatever else is set stays with it.

    >>> import penstock.sb3
    >>> environments = penstock.sb3.make("Pendulum-v1", num_envs=2)
    >>> environments.get_attr("g")
    [10.0, 10.0]
    """

    def __init__(self, environments: VectorEnvironment, world: int) -> None:
        self.world = world  # of a game of several agents, the place among all of them
        self._environments = environments
        self.render_mode = environments.render_mode
        self.metadata = environments.metadata
        self.observation_space = environments.single_observation_space
        self.action_space = environments.single_action_space

    def __getattr__(self, name: str) -> Any:
        worlds = self._environments.worlds
        if not name.startswith("_") and name in worlds.parameters():
            return worlds.parameter(name)
        raise AttributeError(f"an environment of {worlds.game} has no attribute {name!r}")

    @property
    def unwrapped(self) -> EnvironmentView:
        """Itself."""
        return self

    @property
    def spec(self) -> gymnasium.envs.registration.EnvSpec:
        """How gymnasium.make() makes one of these."""
        return gymnasium.spec(registered(self._environments.name))

    @property
    def state(self) -> Array:
        """The plain state, a copy: to change the world, set it."""
        state: Array = np.asarray(self._environments.worlds.state)[self.world].copy()
        return state

    @state.setter
    def state(self, state: Any) -> None:
        self._environments.worlds.set_state(self.world, state)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Array, dict[str, Any]]:
        """Starts an episode of this environment."""
        count = self._environments.num_envs
        chosen = {**(options or {}), "reset_mask": np.arange(count) == self.world}
        observations, infos = self._environments.reset(seed=[seed] * count, options=chosen)
        return observations[self.world], infos

    def render(self) -> Any:
        """A picture of it; None without render_mode="rgb_array"."""
        return self._environments.render_world(self.world) if self.render_mode is not None else None

    def has_wrapper_attr(self, name: str) -> bool:
        """Whether it has an attribute."""
        return hasattr(self, name)

    def get_wrapper_attr(self, name: str) -> Any:
        """An attribute of it."""
        return getattr(self, name)

    def set_wrapper_attr(self, name: str, value: Any) -> None:
        """Sets an attribute of it."""
        setattr(self, name, value)
