"""Many worlds as a vector of environments with torch's tensors in and out: no NumPy between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

try:
    import torch
except ImportError as error:
    raise ImportError("to='torch' needs PyTorch: pip install torch") from error

from gymnasium.vector import AutoresetMode

from penstock._native import lib
from penstock.gym.rows import Rows, each
from penstock.gym.vector import Step, WorldsEnvironment

__all__ = ["TorchVectorEnvironment"]

WIDE = (torch.int64, torch.uint32, torch.uint64)  # what int32 has no room for


class TorchVectorEnvironment(WorldsEnvironment):
    """Worlds of a game with torch's tensors in and out.  penstock.gym.make_vec(..., to="torch") makes it.

    Rewards are float32.  What Gymnasium's own vectors put into infos is there as tensors: with "SameStep" final_obs has
    a row for every environment, of which those count that the bools in _final_obs choose.  With episode_statistics
    "episode" has the return "r" and the length "l" of each episode that ended in this step, 0 elsewhere, and _episode
    says which.

    >>> import penstock.gym
    >>> environments = penstock.gym.make_vec("CartPole-v1", num_envs=2, to="torch")
    >>> observations, infos = environments.reset(seed=1)
    >>> environments.step(observations[:, 2] > 0)[1]
    tensor([1., 1.])
    """

    def __init__(self, name: str, num_envs: int = 1, *, episode_statistics: bool = False, **options: Any) -> None:
        super().__init__(name, num_envs, **options)
        self.metadata["torch"] = True
        self._rows = Rows(self.worlds, torch.from_dlpack)
        self._action = self._rows.action
        self._has_final_infos = self.autoreset_mode == AutoresetMode.SAME_STEP
        self._statistics = Statistics(num_envs, self._has_final_infos) if episode_statistics else None

    def reset(
        self, *, seed: int | Sequence[int | None] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts episodes: those of the seeds, or the next ones; as VectorEnvironment.reset()."""
        self.reset_worlds(seed, options)
        if self._statistics is not None:
            mask = (options or {}).get("reset_mask")
            self._statistics.forget(slice(None) if mask is None else torch.from_numpy(mask))
        observation = self._rows.observation
        return each(torch.clone, observation) if self.copy else observation, {}

    def step(self, actions: Any) -> Step:
        """Takes an action in each environment.  Errors name the action and change nothing."""
        self._take(actions)
        if lib.ps_worlds_step(self._handle):
            self.refuse_step()
        infos: dict[str, Any] = {}
        rows = self._rows
        terminated, truncated = rows.flags()
        if self._has_final_infos or self._statistics is not None:
            infos = self._infos(terminated | truncated)
        if not self.copy:
            return rows.observation, rows.reward, terminated, truncated, infos
        return each(torch.clone, rows.observation), rows.reward.clone(), terminated.clone(), truncated.clone(), infos

    def _take(self, actions: Any) -> None:
        """Writes actions where the worlds read them."""
        try:
            tensor = torch.as_tensor(actions).detach()
        except (TypeError, ValueError, RuntimeError):
            self.refuse_actions(actions, "of which torch makes no tensor")
        is_fitting = not (tensor.is_complex() or (tensor.is_floating_point() and self._action.dtype == torch.int32))
        if tensor.shape != self._action.shape or not is_fitting:
            self.refuse_actions(actions, f"{tensor.dtype} of shape {tuple(tensor.shape)}")
        self._action.copy_(tensor)
        if tensor.dtype in WIDE and self._action.dtype == torch.int32:
            self._require_same(tensor)

    def _require_same(self, actions: torch.Tensor) -> None:
        """Refuses numbers that became others in the tensor."""
        is_other = self._action != actions.to(self._action.device, torch.int64)
        if is_other.any():
            place = is_other.nonzero()[0].tolist()
            self.refuse_action(place[0], int(actions[tuple(place)]))

    def _infos(self, is_finished: torch.Tensor) -> dict[str, Any]:
        infos: dict[str, Any] = {}
        if self._has_final_infos and is_finished.any():
            infos = {
                "final_obs": each(torch.clone, self._rows.final_observation),
                "_final_obs": is_finished,
                "final_info": {},
                "_final_info": is_finished.clone(),
            }
        if self._statistics is not None:
            infos |= self._statistics.count(self._rows.reward, is_finished)
        return infos


class Statistics:
    """Returns and lengths of the episodes that run."""

    def __init__(self, num_envs: int, restarts_at_once: bool) -> None:
        self._restarts_at_once = restarts_at_once  # the step that ends an episode begins the next one
        self._returns = torch.zeros(num_envs, dtype=torch.float64)
        self._lengths = torch.zeros(num_envs, dtype=torch.int64)
        self._was_finished = torch.zeros(num_envs, dtype=torch.bool)

    def forget(self, which: Any) -> None:
        """Starts anew where episodes do."""
        for counted in (self._returns, self._lengths, self._was_finished):
            counted[which] = 0

    def count(self, reward: torch.Tensor, is_finished: torch.Tensor) -> dict[str, Any]:
        """Counts a step, and says of which episodes it was the last."""
        is_running = ~self._was_finished
        self._returns.mul_(is_running).add_(reward)
        self._lengths.mul_(is_running).add_(1 if self._restarts_at_once else is_running)
        self._was_finished = is_finished
        is_last = is_finished if self._restarts_at_once else is_finished & is_running
        if not is_last.any():
            return {}
        ended = {"r": torch.where(is_last, self._returns, 0).float(), "l": torch.where(is_last, self._lengths, 0)}
        return {"episode": ended, "_episode": is_last.clone()}
