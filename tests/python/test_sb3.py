"""Stable-Baselines3 finds in the worlds what it finds in environments of its own, and trains on them unchanged."""

import copy
from typing import Any

import gymnasium
import numpy as np
import penstock.sb3
import pytest
from penstock.gym.facts import ORIGINALS
from stable_baselines3 import DQN, PPO
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.env_checker import check_env
from stable_baselines3.common.env_util import make_vec_env
from stable_baselines3.common.evaluation import evaluate_policy
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecFrameStack, VecMonitor, VecNormalize

NUM_ENVS = 5
FOLLOWING: dict[str, Any] = {"rng": "gymnasium", "precision": "f64"}
pytestmark = pytest.mark.usefixtures("one_thread_of_torch")
each_game = pytest.mark.parametrize("name", ORIGINALS)


@each_game
@pytest.mark.filterwarnings("ignore:We recommend you to use a symmetric and normalized Box")
def test_its_checker_finds_nothing_in_one_environment(name: str) -> None:
    check_env(gymnasium.make(f"penstock/{name}", render_mode="rgb_array").unwrapped, skip_render_check=False)


@each_game
def test_each_step_equals_that_of_its_own_vector(name: str) -> None:
    theirs: Any = make_vec_env(name, NUM_ENVS, seed=3, env_kwargs={"max_episode_steps": 40})
    ours: Any = penstock.sb3.make(name, NUM_ENVS, max_episode_steps=40, **FOLLOWING)
    ours.seed(3)
    np.testing.assert_allclose(ours.reset(), theirs.reset(), rtol=1e-6)
    theirs.action_space.seed(5)
    ended = 0
    for _ in range(100):
        actions = np.array([theirs.action_space.sample() for _ in range(NUM_ENVS)])
        (*our_arrays, our_infos), (*their_arrays, their_infos) = ours.step(actions), theirs.step(actions)
        for one, other in zip(our_arrays, their_arrays, strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-6, atol=1e-7)
            assert one.dtype == other.dtype
        ended += our_arrays[2].sum()
        for one, other in zip(our_infos, their_infos, strict=True):
            other.pop("episode", None)  # make_vec_env() puts a Monitor around each
            assert one.keys() == other.keys()
            assert one["TimeLimit.truncated"] is other["TimeLimit.truncated"]
            if "terminal_observation" in other:
                np.testing.assert_allclose(one["terminal_observation"], other["terminal_observation"], rtol=1e-6)
    assert ended >= NUM_ENVS


@pytest.mark.parametrize(
    ("algorithm", "options", "steps"),
    [
        (PPO, {"n_steps": 16, "batch_size": 256, "n_epochs": 2}, 3 * 16 * 64),
        (DQN, {"learning_starts": 128, "train_freq": 1, "gradient_steps": 1, "batch_size": 32}, 20 * 64),
    ],
)
def test_its_algorithms_train(algorithm: type[BaseAlgorithm], options: dict[str, Any], steps: int) -> None:
    environments = penstock.sb3.make("CartPole-v1", 64, seed=1)
    model: Any = algorithm("MlpPolicy", VecMonitor(environments), seed=1, device="cpu", **options)
    before = copy.deepcopy(model.policy.state_dict())
    model.learn(steps)
    assert model.num_timesteps == steps
    assert any(not before[name].equal(now) for name, now in model.policy.state_dict().items())
    assert len(model.ep_info_buffer) > 10
    assert 8 < np.mean([episode["l"] for episode in model.ep_info_buffer]) < 100


def test_its_wrappers_and_its_evaluation_work() -> None:
    environments = VecMonitor(
        VecNormalize(VecFrameStack(penstock.sb3.make("CartPole-v1", NUM_ENVS, seed=1), n_stack=2))
    )
    model = PPO("MlpPolicy", environments, n_steps=8, batch_size=40, n_epochs=1, device="cpu")
    mean, _ = evaluate_policy(model, environments, n_eval_episodes=5, warn=False)
    assert 8 <= float(np.mean(mean)) <= 500


def test_what_was_kept_stays_as_it_was() -> None:
    environments = penstock.sb3.make("CartPole-v1", NUM_ENVS, seed=1, max_episode_steps=3)
    kept: list[Any] = [environments.reset()]
    kept += [environments.step(np.ones(NUM_ENVS, np.int64)) for _ in range(4)]
    values = copy.deepcopy(kept)
    environments.step(np.ones(NUM_ENVS, np.int64))
    environments.reset()
    np.testing.assert_equal(kept, values)


def test_seeds_and_options_hold_for_one_reset() -> None:
    environments = penstock.sb3.make("CartPole-v1", NUM_ENVS)
    assert environments.seed(7) == [7, 8, 9, 10, 11]
    first, second = environments.reset(), environments.reset()
    environments.seed(7)
    assert (environments.reset().tolist(), environments.reset().tolist()) == (first.tolist(), second.tolist())
    environments.set_options({"low": 0.25, "high": 0.25})
    assert environments.reset().tolist() == [[0.25] * 4] * NUM_ENVS
    assert np.abs(environments.reset()).max() < 0.05
    environments.set_options([{"low": world / 8, "high": world / 8} for world in range(NUM_ENVS)])
    assert environments.reset().tolist() == [[world / 8] * 4 for world in range(NUM_ENVS)]


def test_attributes_are_those_of_each_environment() -> None:
    environments = penstock.sb3.make("Pendulum-v1", NUM_ENVS, seed=1)
    environments.reset()
    assert environments.get_attr("g") == [10.0] * NUM_ENVS
    assert environments.get_attr("render_mode", indices=2) == [None]
    assert [spec.id for spec in environments.get_attr("spec", indices=[0, 3])] == ["penstock/Pendulum-v1"] * 2
    environments.set_attr("state", [0.5, -0.25], indices=[1, 4])
    assert [state.tolist() for state in environments.get_attr("state", [1, 4])] == [[0.5, -0.25]] * 2
    environments.set_attr("colour", "red", indices=3)
    assert environments.get_attr("colour", 3) == ["red"]
    assert not environments.has_attr("colour")
    assert environments.has_attr("action_space")
    with pytest.raises(AttributeError, match="an environment of Pendulum-v1 has no attribute 'colour'"):
        environments.get_attr("colour", 0)


def test_a_number_of_the_game_is_set_for_all_or_refused() -> None:
    environments = penstock.sb3.make("Pendulum-v1", NUM_ENVS)
    environments.set_attr("g", 5)
    assert environments.get_attr("g", 0) == [5.0]
    with pytest.raises(
        penstock.InvalidArgumentError, match=r"Pendulum-v1: g is the same in all environments: .* \[1\]"
    ):
        environments.set_attr("g", 3, indices=[1])
    assert environments.get_attr("g", 0) == [5.0]


def test_methods_are_called_on_each_environment() -> None:
    environments = penstock.sb3.make("CartPole-v1", NUM_ENVS, render_mode="rgb_array")
    before = environments.reset()
    ((observation, _),) = environments.env_method("reset", indices=[2], seed=9)
    after = np.stack(environments.env_method("get_wrapper_attr", "state"))
    assert after[2].tolist() == observation.tolist()
    assert (after == before).all(axis=1).tolist() == [True, True, False, True, True]
    assert [picture.shape for picture in environments.env_method("render")] == [(400, 600, 3)] * NUM_ENVS
    assert environments.env_is_wrapped(Monitor, indices=[0, 1]) == [False, False]


def test_pictures_are_tiled() -> None:
    environments = penstock.sb3.make("CartPole-v1", 4, render_mode="rgb_array")
    environments.reset()
    picture = environments.render()
    assert picture is not None
    assert picture.shape == (800, 1200, 3)
    with pytest.warns(UserWarning, match="render_mode"):
        assert penstock.sb3.make("CartPole-v1").render() is None


def test_actions_out_of_their_space_are_refused() -> None:
    environments = penstock.sb3.make("CartPole-v1", 2)
    environments.reset()
    with pytest.raises(penstock.OutOfRangeError, match="CartPole-v1: the action of world 1 is 2"):
        environments.step(np.array([0, 2]))
