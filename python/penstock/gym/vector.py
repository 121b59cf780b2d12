"""Many worlds as a gymnasium.vector.VectorEnv, with NumPy's arrays in and out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn, TypeAlias

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.utils import seeding
from gymnasium.vector import AutoresetMode, VectorEnv
from gymnasium.vector.utils import batch_space

from penstock import worlds
from penstock._native import ffi, lib, text
from penstock.errors import InvalidArgumentError, OutOfRangeError, TypeMismatchError
from penstock.gym import facts
from penstock.gym.resets import Mask, Resets, checked_seeds, random_seed
from penstock.gym.rows import Rows, each, one_by_one
from penstock.world_options import Autoreset, Precision, Random

__all__ = ["Step", "VectorEnvironment", "WorldsEnvironment"]

Array: TypeAlias = npt.NDArray[Any]
Step: TypeAlias = tuple[Any, Any, Any, Any, dict[str, Any]]

AUTORESETS: dict[AutoresetMode, Autoreset] = {
    AutoresetMode.NEXT_STEP: "next_step",
    AutoresetMode.SAME_STEP: "same_step",
    AutoresetMode.DISABLED: "disabled",
}
INT32 = np.dtype(np.int32)
KINDS_OF_INTEGERS = "iub"  # NumPy's letters, bool included
KINDS_OF_NUMBERS = "iuf"


class WorldsEnvironment(VectorEnv[Any, Any, Any]):
    """What the vectors of environments have in common, whatever library their arrays are of: all but step().

    Of a game of several agents each agent is an environment: agent i of world w is environment agents * w + i.

    agents is how many a world has.  worlds is the penstock.worlds.Worlds that is stepped, for what Gymnasium has no
    word for: snapshots, hashes, states.
    """

    metadata: dict[str, Any] = {"render_modes": ["rgb_array"], "render_fps": 30}  # noqa: RUF012 - as Gymnasium has it

    def __init__(  # noqa: PLR0913 - each is an option of its own
        self,
        name: str,
        num_envs: int = 1,
        *,
        seed: int | Sequence[int] | None = None,
        threads: int | None = None,
        max_episode_steps: int | None = None,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        copy: bool = True,
        render_mode: str | None = None,
        rng: Random = "counter",
        precision: Precision = "f32",
        **parameters: Any,
    ) -> None:
        numbers: dict[str, Any] = {**parameters}
        self.name = name
        self.num_envs = num_envs
        self.copy = copy
        self.autoreset_mode = as_autoreset_mode(name, autoreset_mode)
        self.metadata = facts.metadata(name) | {"autoreset_mode": self.autoreset_mode}
        self.render_mode = facts.checked_render_mode(name, render_mode)
        num_worlds = facts.checked_world_count(name, num_envs)
        self.agents = facts.AGENTS.get(name, 1)
        self._first_seeds = random_seed() if seed is None else self._seeds_of_worlds(seed)
        self.worlds = worlds.make(
            name,
            num_worlds,
            threads=threads,
            autoreset=AUTORESETS[self.autoreset_mode],
            episode_length=max_episode_steps,
            precision=precision,
            rng=rng,
            actions="game",
            **numbers,
        )
        facts.require_one_agent_in_levels(self.worlds)
        self.single_action_space = facts.action_space(self.worlds)
        self.single_observation_space = facts.observation_space(self.worlds)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self._resets = Resets(self.worlds)
        self._handle = ffi.NULL  # until the first reset

    def reset_worlds(self, seed: Any, options: dict[str, Any] | None) -> None:
        """Resets all worlds, or those that options["reset_mask"] chooses."""
        mask = self._checked_mask(options["reset_mask"]) if options and "reset_mask" in options else None
        chosen = self._with_first_seeds(self._seeds_of_worlds(seed))
        self._resets.run(chosen, options, mask)
        self._first_seeds = None
        if isinstance(chosen, list):
            given = [one for one in chosen if one is not None]
            self._np_random, self._np_random_seed = np.random.default_rng(given), tuple(chosen)  # type: ignore[assignment]
        elif chosen is not None:
            self._np_random, self._np_random_seed = seeding.np_random(chosen)
        self._handle = self.worlds._worlds

    def _seeds_of_worlds(self, seeds: Any) -> int | list[int | None] | None:
        """One seed of many, or one a world: its first agent's."""
        checked = checked_seeds(self.name, seeds, self.num_envs)
        return checked[:: self.agents] if isinstance(checked, list) else checked

    def _with_first_seeds(self, seeds: int | list[int | None] | None) -> int | list[int | None] | None:
        """The seeds of a reset: in the first one those that the environments were made with stand in for None."""
        first = self._first_seeds
        if seeds is None and self._np_random_seed == -1:  # somebody has set np_random
            return int(self.np_random.integers(1 << 63))
        if seeds is None or first is None or isinstance(seeds, int):
            return first if seeds is None else seeds
        others = first if isinstance(first, list) else range(first, first + len(self.worlds))
        return [other if seed is None else seed for seed, other in zip(seeds, others, strict=True)]

    def _checked_mask(self, mask: Any) -> Mask:
        expected = f"options['reset_mask']: expected a NumPy array of bool, of shape ({self.num_envs},), with some True"
        if not isinstance(mask, np.ndarray) or mask.dtype != np.bool_:
            raise TypeMismatchError(f"{self.name}: {expected}, not {mask!r}")
        if mask.shape != (self.num_envs,) or not mask.any():
            raise InvalidArgumentError(f"{self.name}: {expected}, not {mask!r}")
        by_world = mask.reshape(-1, self.agents)
        for world in np.flatnonzero(by_world.any(1) != by_world.all(1))[:1].tolist():
            raise InvalidArgumentError(
                f"{self.name}: options['reset_mask'] is {by_world[world].tolist()} for the agents of world {world}: "
                "expected all of them or none"
            )
        return by_world[:, 0].copy()

    def refuse_step(self) -> NoReturn:
        """Says why a step was refused."""
        if self._handle == ffi.NULL:
            raise gymnasium.error.ResetNeeded(f"{self.name}: step() was called before reset(), or after close()")
        raise OutOfRangeError(f"{self.name}: {text(lib.ps_last_error())}")

    def refuse_actions(self, actions: Any, why: str) -> NoReturn:
        """Says what is wrong with actions that do not even fit the tensor."""
        raise InvalidArgumentError(f"{self.name}: actions are {actions!r}, {why}: expected some of {self.action_space}")

    def refuse_action(self, environment: int, action: int) -> NoReturn:
        """Says which action is beyond any that the tensor can hold."""
        place = f"world {environment // self.agents}"
        if self.agents > 1:
            place = f"agent {environment % self.agents} of {place}"
        expected = self.single_action_space
        raise OutOfRangeError(f"{self.name}: the action of {place} is {action}: expected one of {expected}")

    def render(self) -> tuple[Any, ...] | None:
        """The pictures of all environments now, each uint8 of shape (height, width, 3): of their worlds."""
        if self.render_mode is None:
            facts.warn_of_no_render_mode(self.spec)
            return None
        pictures = (self.render_world(environment) for environment in range(0, self.num_envs, self.agents))
        return tuple(picture for picture in pictures for _ in range(self.agents))

    def render_world(self, environment: int) -> Any:
        """The picture of the world that an environment is an agent of."""
        return np.from_dlpack(self.worlds.render(environment // self.agents))

    def close_extras(self, **_: Any) -> None:
        """Gives the worlds back; what was lent stays valid as long as somebody holds it."""
        self._handle = ffi.NULL
        self.worlds.close()


class VectorEnvironment(WorldsEnvironment):
    """Worlds of a game with NumPy's arrays in and out.  penstock.gym.make_vec() makes it, and says what it takes.

    Rewards are float64 and flags bool, as in Gymnasium's own vectors, and so are infos in each autoreset mode.

    >>> import penstock.gym
    >>> environments = penstock.gym.VectorEnvironment("MountainCar-v0", num_envs=2)
    >>> observations, infos = environments.reset(seed=[5, 9])
    >>> observations.shape, observations.dtype
    ((2, 2), dtype('float32'))
    """

    def __init__(self, name: str, num_envs: int = 1, **options: Any) -> None:
        super().__init__(name, num_envs, **options)
        self._rows = Rows(self.worlds, np.from_dlpack)
        self._action: Array = self._rows.action
        self._rewards: Array = np.zeros(num_envs)
        self._shape, self._dtype = self._action.shape, self._action.dtype
        self._kinds = KINDS_OF_INTEGERS if self._action.dtype == INT32 else KINDS_OF_NUMBERS
        self._has_final_infos = self.autoreset_mode == AutoresetMode.SAME_STEP

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts episodes: those of the seeds, or the next ones.

        seed     s gives world i the seed s + i; a list has one an environment, None for its next episode.  Of several
                 agents of a world the first one's counts
        options  "reset_mask", a NumPy array of bool, chooses the environments, of a world all or none; others are as
                 the original takes them, for this reset alone: low and high; x_init and y_init for Pendulum-v1
        """
        self.reset_worlds(seed, options)
        observation = self._rows.observation
        return each(np.copy, observation) if self.copy else observation, {}

    def step(self, actions: Any) -> Step:
        """Takes an action in each environment.  Errors name the action and change nothing."""
        array = actions if type(actions) is np.ndarray else np.asarray(actions)
        dtype = array.dtype
        if array.shape != self._shape or dtype.kind not in self._kinds:
            self.refuse_actions(actions, f"{dtype} of shape {array.shape}")
        if dtype != self._dtype and self._dtype == INT32:
            self._require_int32(array)
        np.copyto(self._action, array, casting="same_kind")
        if lib.ps_worlds_step(self._handle):
            self.refuse_step()
        infos: dict[str, Any] = {}
        rows = self._rows
        terminated, truncated = rows.flags()
        if self._has_final_infos and (terminated.any() or truncated.any()):
            infos = self._final_infos(terminated | truncated)
        if not self.copy:
            np.copyto(self._rewards, rows.reward)
            return rows.observation, self._rewards, terminated, truncated, infos
        return (
            each(np.copy, rows.observation),
            rows.reward.astype(np.float64),
            terminated.copy(),
            truncated.copy(),
            infos,
        )

    def _require_int32(self, actions: Array) -> None:
        """Refuses numbers that would become others in the tensor: all of them or-ed show a bit that int32 lacks."""
        if int(np.bitwise_or.reduce(actions, axis=None)) >> 31 == 0:
            return
        for place in np.argwhere(actions.astype(np.int32) != actions)[:1].tolist():
            self.refuse_action(place[0], int(actions[tuple(place)]))

    def _final_infos(self, is_finished: Array) -> dict[str, Any]:
        """What Gymnasium's own vectors say of episodes that ended in this step."""
        finished = np.flatnonzero(is_finished)
        final = np.empty(self.num_envs, dtype=object)  # each is None
        last = each(lambda array: array[finished], self._rows.final_observation)  # a copy
        final[finished] = np.fromiter(one_by_one(last), dtype=object, count=len(finished))
        return {"final_obs": final, "_final_obs": is_finished, "final_info": {}, "_final_info": is_finished.copy()}


def as_autoreset_mode(name: str, mode: AutoresetMode | str) -> AutoresetMode:
    """A mode, or its value, as Gymnasium's own vectors take it."""
    try:
        return AutoresetMode(mode)
    except ValueError:
        expected = ", ".join(repr(each.value) for each in AutoresetMode)
        raise InvalidArgumentError(f"{name}: autoreset_mode is {mode!r}: expected one of {expected}") from None
