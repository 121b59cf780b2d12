"""Escape Room from Python: its tensors by name, and a step."""

from typing import Any

import numpy as np
import numpy.typing as npt
import penstock
import pytest

SHAPES = {
    "action": (8, 2, 4),
    "self": (8, 2, 8),
    "partner": (8, 2, 1, 3),
    "entities": (8, 2, 6, 3),
    "door": (8, 2, 3),
    "lidar": (8, 2, 30, 2),
    "steps_remaining": (8, 2, 1),
    "agent_id": (8, 2, 1),
    "reward": (8, 2, 1),
    "terminated": (8,),
    "truncated": (8,),
    "final_lidar": (8, 2, 30, 2),
}


def test_each_tensor_is_an_attribute() -> None:
    worlds = penstock.worlds.make("EscapeRoom", num_worlds=8)
    for name, shape in SHAPES.items():
        assert getattr(worlds, name).shape == shape, name
    assert np.from_dlpack(worlds.agent_id)[:, :, 0].tolist() == [[0, 1]] * 8


def test_an_agent_that_goes_ahead_is_rewarded() -> None:
    worlds = penstock.worlds.make("EscapeRoom", num_worlds=8, seed=5)
    before: npt.NDArray[Any] = np.from_dlpack(worlds.self)[:, :, 3].copy()
    actions = np.from_dlpack(worlds.action)
    actions[:] = [3, 0, 2, 0]
    worlds.step()
    after: npt.NDArray[Any] = np.from_dlpack(worlds.self)[:, :, 3]
    progress = 40 * (after - before)
    assert (progress > 0).any()
    rewarded = np.from_dlpack(worlds.reward)[:, :, 0]
    np.testing.assert_allclose(rewarded[progress > 0], (1.25 * 0.05 * progress)[progress > 0], atol=1e-5)
    assert np.from_dlpack(worlds.steps_remaining)[:, :, 0].tolist() == [[199, 199]] * 8


def test_what_only_games_of_gymnasium_have_is_refused() -> None:
    with pytest.raises(penstock.InvalidArgumentError, match="rng is counter"):
        penstock.worlds.make("EscapeRoom", rng="gymnasium")
    with pytest.raises(penstock.InvalidArgumentError, match="precision is f32"):
        penstock.worlds.make("EscapeRoom", precision="f64")


def test_a_picture_is_drawn() -> None:
    picture = np.from_dlpack(penstock.worlds.make("EscapeRoom", seed=3).render(0))
    assert picture.shape == (680, 360, 3)
    assert len(np.unique(picture.reshape(-1, 3), axis=0)) > 8


def test_a_world_takes_at_most_eight_kibibytes_beside_what_is_seen() -> None:
    count = 1000
    before = penstock.memory_stats().live_bytes
    worlds = penstock.worlds.make("EscapeRoom", num_worlds=count)
    taken = penstock.memory_stats().live_bytes - before
    seen = [name for name in worlds.tensors() if f"final_{name}" in worlds.tensors() or name.startswith("final_")]
    observations = sum(worlds.tensor(name).nbytes for name in seen)
    assert observations < taken <= observations + 8192 * count


def test_the_tensor_named_reset_asks_for_the_next_episode() -> None:
    worlds, others = (penstock.worlds.make("EscapeRoom", num_worlds=3, seed=2) for _ in range(2))
    np.from_dlpack(worlds.tensor("reset"))[1] = True
    for each in (worlds, others):
        each.step()
    others.reset([False, True, False])
    assert worlds.hash().tolist() == others.hash().tolist()
    assert worlds.tensor("reset").tolist() == [False, False, False]
    assert np.from_dlpack(worlds.steps_remaining)[:, 0, 0].tolist() == [199, 200, 199]
