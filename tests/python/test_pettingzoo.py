"""Games of several agents as environments of PettingZoo's parallel kind, judged by PettingZoo's own tests."""

import warnings
from typing import Any

import numpy as np
import penstock
import pytest

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # PettingZoo's, of games of its own that its tests import
    from pettingzoo.test import parallel_api_test, parallel_seed_test

import penstock.pettingzoo
from penstock.pettingzoo import parallel_env

AHEAD = {"agent_0": [3, 0, 2, 0], "agent_1": np.array([3, 0, 2, 0])}


@pytest.mark.filterwarnings("error")
def test_pettingzoo_finds_nothing_wrong_with_it() -> None:
    parallel_api_test(parallel_env("EscapeRoom"), num_cycles=1000)
    parallel_seed_test(lambda: parallel_env("EscapeRoom"))


def test_agents_and_spaces_are_those_of_the_tensors() -> None:
    environment = parallel_env("EscapeRoom")
    assert environment.possible_agents == ["agent_0", "agent_1"]
    assert environment.agents == []
    observations, infos = environment.reset(seed=3)
    assert list(observations) == list(infos) == environment.agents == environment.possible_agents
    for agent, observation in observations.items():
        assert environment.observation_space(agent).contains(observation)
        assert environment.action_space(agent) is environment.action_space(agent)
    assert environment.action_space("agent_0") is not environment.action_space("agent_1")
    assert str(environment) == "EscapeRoom"


def test_each_step_is_that_of_the_world() -> None:
    environment = parallel_env("EscapeRoom", seed=5)
    world = penstock.worlds.make("EscapeRoom", seed=5)
    observations, _ = environment.reset()
    for step in range(30):
        for number, agent in enumerate(environment.agents):
            for name, array in observations[agent].items():
                np.testing.assert_array_equal(array, np.from_dlpack(world.tensor(name))[0, number], err_msg=name)
        actions = np.random.default_rng(step).integers(0, [4, 8, 5, 2], (2, 4))
        np.from_dlpack(world.action)[0] = actions
        world.step()
        observations, rewards, terminations, truncations, _ = environment.step(
            dict(zip(environment.agents, actions, strict=True))
        )
        assert list(rewards.values()) == np.from_dlpack(world.reward)[0, :, 0].tolist()
        assert terminations == truncations == {"agent_0": False, "agent_1": False}


def test_what_was_returned_stays_as_it_was() -> None:
    environment = parallel_env("EscapeRoom")
    kept, _ = environment.reset(seed=1)
    before = kept["agent_0"]["self"].copy()
    environment.step(AHEAD)
    np.testing.assert_array_equal(kept["agent_0"]["self"], before)
    without_copies = parallel_env("EscapeRoom", copy=False)
    kept, _ = without_copies.reset(seed=1)
    without_copies.step(AHEAD)
    assert (kept["agent_0"]["self"] != before).any()


def test_all_agents_end_an_episode_together() -> None:
    environment = parallel_env("EscapeRoom", max_episode_steps=4)
    environment.reset(seed=1)
    for _ in range(4):
        assert environment.agents == environment.possible_agents
        observations, rewards, terminations, truncations, infos = environment.step(AHEAD)
    assert environment.agents == []
    assert truncations == {"agent_0": True, "agent_1": True}
    assert terminations == {"agent_0": False, "agent_1": False}
    assert len(observations) == len(rewards) == len(infos) == 2
    assert observations["agent_0"]["steps_remaining"].tolist() == [0]
    assert environment.step({}) == ({}, {}, {}, {}, {})
    assert len(environment.reset()[0]) == 2


def test_a_seed_gives_the_same_episodes_again() -> None:
    def doors(environment: Any, **seed: Any) -> Any:
        return environment.reset(**seed)[0]["agent_0"]["door"].tolist()

    environment = parallel_env("EscapeRoom", seed=4)
    first, second = doors(environment), doors(environment)
    assert first != second
    assert [doors(environment, seed=4), doors(environment)] == [first, second]


def test_what_cannot_be_is_refused_and_changes_nothing() -> None:
    environment = parallel_env("EscapeRoom")
    with pytest.raises(penstock.UnavailableError, match="before reset"):
        environment.step(AHEAD)
    environment.reset(seed=1)
    before = environment.worlds.hash().tolist()
    with pytest.raises(penstock.InvalidArgumentError, match=r"actions are of \['agent_0'\]: expected one of each"):
        environment.step({"agent_0": [0, 0, 0, 0]})
    with pytest.raises(penstock.OutOfRangeError, match=r"action of agent_1 is .*8.*: expected one of MultiDiscrete"):
        environment.step({**AHEAD, "agent_1": [0, 8, 0, 0]})
    with pytest.raises(penstock.InvalidArgumentError, match=r"the action of agent_0 is 1\.5: expected"):
        environment.step({**AHEAD, "agent_0": 1.5})
    assert environment.worlds.hash().tolist() == before
    with pytest.raises(penstock.InvalidArgumentError, match="CartPole-v1 has one agent"):
        parallel_env("CartPole-v1")
    with pytest.raises(penstock.InvalidArgumentError, match="render_mode is 'human'"):
        parallel_env("EscapeRoom", render_mode="human")
    with pytest.raises(penstock.NotFoundError, match="no game named Escape"):
        parallel_env("Escape")


def test_a_picture_is_shown_where_it_was_asked_for() -> None:
    environment = parallel_env("EscapeRoom", render_mode="rgb_array")
    environment.reset(seed=1)
    picture = environment.render()
    assert picture is not None
    assert picture.dtype == np.uint8
    assert picture.shape[2] == 3
    environment.close()
