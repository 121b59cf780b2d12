"""The tensors of worlds as vectors of environments have them: a row an environment, a world's agents in a row."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import penstock
from penstock.gym import facts
from penstock.tensor import Tensor
from penstock.worlds import Worlds

__all__ = ["Rows", "each", "one_by_one"]


def each(function: Callable[[Any], Any], observation: Any) -> Any:
    """What a function makes of an observation, which may be a dict of arrays."""
    if isinstance(observation, dict):
        return {name: function(array) for name, array in observation.items()}
    return function(observation)


def one_by_one(observations: Any) -> Iterator[Any]:
    """The observations of environments, each by itself."""
    if isinstance(observations, dict):
        return (dict(zip(observations, row, strict=True)) for row in zip(*observations.values(), strict=True))
    return iter(observations)


class Rows:
    """Views of what the worlds read and write in place, in arrays of the library that borrow makes them of.

    action, reward     a row an environment
    observation        as well; of a game with several observations a dict of their names
    final_observation  as observation, of the episodes that ended in the last step
    agents             how many a world has

    >>> import numpy, penstock
    >>> rows = Rows(penstock.worlds.make("EscapeRoom", num_worlds=3), numpy.from_dlpack)
    >>> rows.action.shape, rows.observation["lidar"].shape
    ((6, 4), (6, 30, 2))
    """

    def __init__(self, worlds: Worlds, borrow: Callable[[Tensor], Any]) -> None:
        self.agents = facts.agent_count(worlds)

        def rows(name: str) -> Any:
            array = borrow(worlds.tensor(name))
            return array if self.agents == 1 else array.reshape(-1, *array.shape[2:])

        names = facts.observation_names(worlds)
        is_single = names == ["observation"]
        self.action = rows("action")
        self.reward = borrow(worlds.reward).reshape(-1)
        self.observation = rows(names[0]) if is_single else {name: rows(name) for name in names}
        self.final_observation = (
            rows("final_observation") if is_single else {name: rows(f"final_{name}") for name in names}
        )
        self._terminated, self._truncated = borrow(worlds.terminated), borrow(worlds.truncated)
        # A world's flags are those of each of its agents.
        self._spread = borrow(penstock.zeros((2, len(worlds), self.agents), dtype="bool"))

    def flags(self) -> tuple[Any, Any]:
        """Which environments terminated and which were truncated in the last step: memory that the next one writes."""
        if self.agents == 1:
            return self._terminated, self._truncated
        self._spread[0] = self._terminated[:, None]
        self._spread[1] = self._truncated[:, None]
        return self._spread[0].reshape(-1), self._spread[1].reshape(-1)
