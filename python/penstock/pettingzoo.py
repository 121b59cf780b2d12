"""Games of several agents as environments of PettingZoo's parallel kind, in which all agents act at once.

>>> import penstock.pettingzoo
>>> environment = penstock.pettingzoo.parallel_env("EscapeRoom")
>>> observations, infos = environment.reset(seed=7)
>>> environment.agents
['agent_0', 'agent_1']
>>> ahead = {agent: [3, 0, 2, 0] for agent in environment.agents}
>>> observations, rewards, terminations, truncations, infos = environment.step(ahead)
>>> observations["agent_1"]["steps_remaining"].tolist(), truncations
([199], {'agent_0': False, 'agent_1': False})
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

try:
    from pettingzoo import ParallelEnv
except ImportError as error:
    raise ImportError("penstock.pettingzoo needs PettingZoo: pip install pettingzoo") from error

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from penstock import worlds
from penstock.errors import InvalidArgumentError, OutOfRangeError, UnavailableError
from penstock.gym import facts
from penstock.gym.resets import checked_seed, random_seed
from penstock.gym.rows import Rows, each, one_by_one

__all__ = ["ParallelEnvironment", "parallel_env"]


def parallel_env(
    name: str,
    *,
    seed: int | None = None,
    max_episode_steps: int | None = None,
    render_mode: str | None = None,
    copy: bool = True,
    **parameters: float,
) -> ParallelEnvironment:
    """Makes one world of a game as an environment of PettingZoo's.

    name               as penstock.worlds.games() has it
    seed               of the first reset() that is given none; None: from the system
    max_episode_steps  after which an episode is truncated; None: the game's own number
    render_mode        "rgb_array" or None
    copy               False: observations are views of the memory that the next step writes, valid until then
    parameters         the game's own numbers

    InvalidArgumentError for a game of one agent, which penstock.gym has; NotFoundError for one that there is not.

    >>> import penstock.pettingzoo
    >>> penstock.pettingzoo.parallel_env("EscapeRoom").action_space("agent_0")
    MultiDiscrete([4 8 5 2])
    """
    return ParallelEnvironment(
        name,
        seed=seed,
        max_episode_steps=max_episode_steps,
        render_mode=render_mode,
        copy=copy,
        **parameters,
    )


class ParallelEnvironment(ParallelEnv[str, Any, Any]):  # type: ignore[misc]  # PettingZoo has no types
    """One world of several agents.  parallel_env() makes it, and says what it takes.

    Agents are named agent_0, agent_1, ... in the order of the tensors.  All of them begin and end an episode together:
    agents is empty from the step that ended it until reset().

    worlds is the penstock.worlds.Worlds of one world, for what PettingZoo has no word for: snapshots, hashes.

    >>> import penstock.pettingzoo
    >>> environment = penstock.pettingzoo.ParallelEnvironment("EscapeRoom")
    >>> list(environment.observation_space("agent_1"))
    ['self', 'partner', 'entities', 'door', 'lidar', 'steps_remaining', 'agent_id']
    """

    def __init__(
        self,
        name: str,
        *,
        seed: int | None = None,
        max_episode_steps: int | None = None,
        render_mode: str | None = None,
        copy: bool = True,
        **parameters: float,
    ) -> None:
        numbers: dict[str, Any] = {**parameters}
        self.metadata = facts.metadata(name) | {"name": name, "is_parallelizable": True}
        self.render_mode = facts.checked_render_mode(name, render_mode)
        self.copy = copy
        self._first_seed = random_seed() if seed is None else checked_seed(name, seed)
        self.worlds = worlds.make(
            name, threads=1, autoreset="disabled", episode_length=max_episode_steps, actions="game", **numbers
        )
        self._rows = Rows(self.worlds, np.from_dlpack)
        if self._rows.agents == 1:
            raise InvalidArgumentError(f"{name} has one agent: penstock.gym has it as an environment of Gymnasium's")
        self.possible_agents = [f"agent_{number}" for number in range(self._rows.agents)]
        self.agents: list[str] = []
        # Each agent has spaces of its own: what one samples does not change what another does.
        self.observation_spaces = {agent: facts.observation_space(self.worlds) for agent in self.possible_agents}
        self.action_spaces = {agent: facts.action_space(self.worlds) for agent in self.possible_agents}
        self._has_begun = False

    def observation_space(self, agent: str) -> spaces.Space[Any]:
        """What an agent may see: a Dict of the tensors' names."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> spaces.Space[Any]:
        """What an agent may do."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        """Starts an episode: that of the seed, or the next one.  No game of several agents has options."""
        del options
        if seed is not None:
            self.worlds.reset(seed=checked_seed(self.worlds.game, seed))
        elif self._has_begun:
            self.worlds.reset()
        else:
            self.worlds.reset(seed=self._first_seed)
        self._has_begun = True
        self.agents = self.possible_agents.copy()
        return self._observations(), infos_of(self.agents)

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Takes an action of each agent.  Errors name the agent or the action, and nothing has changed."""
        if not self.agents:
            self._require_no(actions)
            return {}, {}, {}, {}, {}
        if actions.keys() != set(self.agents):
            raise InvalidArgumentError(
                f"{self.worlds.game}: actions are of {sorted(actions)}: expected one of each of {self.agents}"
            )
        rows = np.stack([self._checked_action(agent, actions[agent]) for agent in self.agents])
        np.copyto(self._rows.action, rows, casting="same_kind")
        self.worlds.step()
        agents = self.agents
        rewards: list[float] = self._rows.reward.tolist()
        terminated, truncated = (bool(flags[0]) for flags in self._rows.flags())  # of the world, and so of each agent
        if terminated or truncated:
            self.agents = []
        return (
            self._observations(),
            dict(zip(agents, rewards, strict=True)),
            dict.fromkeys(agents, terminated),
            dict.fromkeys(agents, truncated),
            infos_of(agents),
        )

    def render(self) -> npt.NDArray[Any] | None:
        """The picture of the world now, uint8 of shape (height, width, 3)."""
        if self.render_mode is None:
            facts.warn_of_no_render_mode(None)
            return None
        return np.from_dlpack(self.worlds.render(0))

    def close(self) -> None:
        """Gives the world back; what was lent stays valid as long as somebody holds it."""
        self.agents = []
        self.worlds.close()

    def _require_no(self, actions: Mapping[str, Any]) -> None:
        """PettingZoo's loops may ask for a step after the last agent is done."""
        if not self._has_begun:
            raise UnavailableError(f"{self.worlds.game}: step() was called before reset()")
        if actions:
            raise InvalidArgumentError(
                f"{self.worlds.game}: actions are of {sorted(actions)}: the episode has ended, reset() begins the next"
            )

    def _checked_action(self, agent: str, action: Any) -> npt.NDArray[Any]:
        space = self.action_spaces[agent]
        array = np.asarray(action)
        is_fitting = array.shape == space.shape and array.dtype.kind in "iub"
        if not is_fitting:
            raise InvalidArgumentError(
                f"{self.worlds.game}: the action of {agent} is {action!r}: expected one of {space}"
            )
        if not space.contains(array.astype(np.int64)):
            raise OutOfRangeError(f"{self.worlds.game}: the action of {agent} is {action!r}: expected one of {space}")
        return array

    def _observations(self) -> dict[str, Any]:
        rows = self._rows.observation
        return dict(zip(self.possible_agents, one_by_one(each(np.copy, rows) if self.copy else rows), strict=True))


def infos_of(agents: list[str]) -> dict[str, dict[str, Any]]:
    """What there is to say of each agent beside the rest: nothing."""
    return {agent: {} for agent in agents}
