"""A game of several agents as a vector of environments: each agent of each world is one of them."""

from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
import penstock.gym
import pytest
import torch
from gymnasium.vector import AutoresetMode
from gymnasium.wrappers.vector import RecordEpisodeStatistics

NUM_WORLDS, NUM_ENVS, EPISODE = 3, 6, 5
MODES = list(AutoresetMode)
AUTORESETS = {"NextStep": "next_step", "SameStep": "same_step", "Disabled": "disabled"}
NAMES = ["self", "partner", "entities", "door", "lidar", "steps_remaining", "agent_id"]
each_mode = pytest.mark.parametrize("mode", MODES, ids=[mode.value for mode in MODES])
both_libraries = pytest.mark.parametrize("to", ["numpy", "torch"])


def make(num_envs: int = NUM_ENVS, **options: Any) -> Any:
    """Environments whose episodes are short."""
    return penstock.gym.make_vec("EscapeRoom", num_envs, **{"seed": 7, "max_episode_steps": EPISODE, **options})


def plain_worlds(autoreset: Any = "next_step") -> penstock.worlds.Worlds:
    """The same worlds by themselves."""
    return penstock.worlds.make("EscapeRoom", NUM_WORLDS, seed=7, autoreset=autoreset, episode_length=EPISODE)


def random_actions(step: int) -> npt.NDArray[Any]:
    """A row an environment."""
    return np.random.default_rng(step).integers(0, [4, 8, 5, 2], (NUM_ENVS, 4))


def rows(worlds: penstock.worlds.Worlds, name: str) -> npt.NDArray[Any]:
    """A tensor with a row for each agent, those of a world one after another."""
    array: npt.NDArray[Any] = np.from_dlpack(worlds.tensor(name))
    return array.reshape(-1, *array.shape[2:]).copy()


def as_array(array: Any) -> npt.NDArray[Any]:
    return array.numpy() if isinstance(array, torch.Tensor) else array


def test_spaces_are_those_of_one_agent() -> None:
    environments = make()
    assert environments.single_action_space == gymnasium.spaces.MultiDiscrete([4, 8, 5, 2])
    assert list(environments.single_observation_space) == NAMES
    assert environments.single_observation_space["lidar"].shape == (30, 2)
    assert environments.single_observation_space["steps_remaining"].dtype == np.int32
    assert environments.num_envs == NUM_ENVS
    assert len(environments.worlds) == NUM_WORLDS


@both_libraries
@each_mode
def test_each_step_is_that_of_the_worlds_agent_by_agent(mode: AutoresetMode, to: Any) -> None:
    environments, worlds = make(autoreset_mode=mode, to=to), plain_worlds(AUTORESETS[mode.value])
    observations, infos = environments.reset()
    for step in range(2 * EPISODE + 3):
        for name in NAMES:
            np.testing.assert_array_equal(as_array(observations[name]), rows(worlds, name), err_msg=name)
        actions = random_actions(step)
        np.from_dlpack(worlds.action)[:] = actions.reshape(NUM_WORLDS, 2, 4)
        worlds.step()
        observations, rewards, terminations, truncations, infos = environments.step(
            torch.from_numpy(actions) if to == "torch" else actions
        )
        np.testing.assert_array_equal(as_array(rewards), rows(worlds, "reward")[:, 0])
        np.testing.assert_array_equal(as_array(truncations), np.repeat(np.from_dlpack(worlds.truncated), 2))
        assert not as_array(terminations).any()
        assert ("final_obs" in infos) == (mode == AutoresetMode.SAME_STEP and bool(truncations.any()))


def test_the_last_observations_of_an_episode_are_in_infos_one_a_row() -> None:
    environments, worlds = make(autoreset_mode="SameStep"), plain_worlds("same_step")
    environments.reset()
    for step in range(EPISODE):
        np.from_dlpack(worlds.action)[:] = random_actions(step).reshape(NUM_WORLDS, 2, 4)
        worlds.step()
        infos = environments.step(random_actions(step))[4]
    assert infos["_final_obs"].tolist() == [True] * NUM_ENVS
    for environment, last in enumerate(infos["final_obs"]):
        assert last["steps_remaining"].tolist() == [0]
        for name in NAMES:
            np.testing.assert_array_equal(last[name], rows(worlds, f"final_{name}")[environment])


@both_libraries
def test_what_was_returned_stays_as_it_was(to: Any) -> None:
    environments = make(to=to, autoreset_mode="SameStep")
    environments.reset()
    kept = environments.step(random_actions(0))[:4]
    before = [as_array(kept[0]["self"]).copy(), *(as_array(each).copy() for each in kept[1:])]
    for step in range(1, EPISODE):
        environments.step(random_actions(step))
    for array, was in zip([kept[0]["self"], *kept[1:]], before, strict=True):
        np.testing.assert_array_equal(as_array(array), was)


def test_without_copies_the_memory_that_is_stepped_is_returned() -> None:
    environments = make(copy=False)
    observations, _ = environments.reset()
    before = observations["self"].copy()
    again = environments.step([[3, 0, 2, 0]] * NUM_ENVS)
    assert again[0]["self"] is observations["self"]
    assert (observations["self"] != before).any()


@pytest.mark.parametrize("mode", ["NextStep", "SameStep"])
def test_gymnasiums_wrapper_counts_each_agents_return(mode: str) -> None:
    environments = RecordEpisodeStatistics(make(autoreset_mode=mode))
    environments.reset()
    returns = np.zeros(NUM_ENVS)
    for step in range(EPISODE):
        _, rewards, _, _, infos = environments.step(random_actions(step))
        returns += rewards
    np.testing.assert_allclose(infos["episode"]["r"], returns, rtol=1e-6)
    assert infos["episode"]["l"].tolist() == [EPISODE] * NUM_ENVS
    assert infos["_episode"].all()


def test_statistics_of_torch_are_the_same() -> None:
    environments = make(autoreset_mode="SameStep", to="torch", episode_statistics=True)
    environments.reset()
    returns = torch.zeros(NUM_ENVS)
    for step in range(EPISODE):
        _, rewards, _, _, infos = environments.step(torch.from_numpy(random_actions(step)))
        returns += rewards
    torch.testing.assert_close(infos["episode"]["r"], returns)
    assert infos["final_obs"]["self"].shape == (NUM_ENVS, 8)


def test_a_world_is_reset_with_all_its_agents() -> None:
    environments = make(autoreset_mode="Disabled")
    environments.reset()
    for step in range(EPISODE + 1):
        observations, _, _, truncations, _ = environments.step(random_actions(step))
    assert truncations.all()
    mask = np.array([False, False, True, True, False, False])
    observations, _ = environments.reset(options={"reset_mask": mask})
    assert observations["steps_remaining"][:, 0].tolist() == [0, 0, EPISODE, EPISODE, 0, 0]
    mask[2] = False
    with pytest.raises(penstock.InvalidArgumentError, match=r"\[False, True\] for the agents of world 1"):
        environments.reset(options={"reset_mask": mask})


def test_seeds_are_those_of_worlds() -> None:
    environments = make()
    first = environments.reset(seed=7)[0]
    later = environments.reset(seed=[9, 9, 8, 8, 7, 7])[0]
    np.testing.assert_array_equal(later["lidar"][4:], first["lidar"][:2])
    np.testing.assert_array_equal(later["lidar"][:2], first["lidar"][4:])


def test_gymnasium_finds_the_vector_but_no_environment_of_one_agent() -> None:
    environments = gymnasium.make_vec("penstock/EscapeRoom-v0", num_envs=4)
    observations, _ = environments.reset(seed=1)
    assert environments.observation_space.contains(observations)
    environments.action_space.seed(1)
    assert environments.observation_space.contains(environments.step(environments.action_space.sample())[0])
    with pytest.raises(gymnasium.error.Error, match="entry"):
        gymnasium.make("penstock/EscapeRoom-v0")
    with pytest.raises(penstock.InvalidArgumentError, match="EscapeRoom has 2 agents"):
        penstock.gym.Environment("EscapeRoom")


def test_what_cannot_be_is_refused_with_its_place() -> None:
    with pytest.raises(penstock.InvalidArgumentError, match="num_envs is 5: expected a multiple of 2"):
        make(num_envs=5)
    environments = make()
    environments.reset()
    actions = random_actions(0)
    with pytest.raises(penstock.InvalidArgumentError, match=r"of shape \(6,\)"):
        environments.step(actions[:, 0])
    actions[3, 2] = 5
    with pytest.raises(penstock.OutOfRangeError, match="the action of world 1 is 5 at element 6: expected 0 to 4"):
        environments.step(actions)
    actions[3, 2] = 1 << 40
    with pytest.raises(penstock.OutOfRangeError, match=f"the action of agent 1 of world 1 is {1 << 40}"):
        environments.step(actions)
    with pytest.raises(penstock.OutOfRangeError, match=f"the action of agent 1 of world 1 is {1 << 40}"):
        make(to="torch", num_envs=6).step(torch.from_numpy(actions))


def test_each_environment_shows_its_world() -> None:
    environments = make(num_envs=4, render_mode="rgb_array")
    environments.reset()
    pictures = environments.render()
    assert len(pictures) == 4
    np.testing.assert_array_equal(pictures[0], pictures[1])
    assert (pictures[1] != pictures[2]).any()
