"""examples/python/escape_room_ppo.py: what it makes of the worlds, what it rewards, and that its updates act.

That it learns the task takes minutes: docs/guides/train-escape-room.md has what it reached.
"""

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import penstock
import pytest
import torch
from torch import Tensor

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "python" / "escape_room_ppo.py"
NUMBERS_AN_AGENT, NUMBERS_A_ROOM = 8, 26  # of the game's plain state


def load_example() -> Any:
    """The example as a module."""
    spec = importlib.util.spec_from_file_location("escape_room_ppo", EXAMPLE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["escape_room_ppo"] = module  # where dataclasses look for it
    spec.loader.exec_module(module)
    return module


ppo = load_example()


@pytest.fixture(autouse=True)
def one_thread_of_torch() -> Iterator[None]:
    """Networks so small take longer on two."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def learner() -> Any:
    return ppo.Learner(seed=1, num_worlds=64, known_seeds=4096)


def scene(kind: int, agents: list[list[float]], *, is_open: bool = False, cubes: Any = ((0, 0), (0, 0), (0, 0))) -> Any:
    """One world: buttons at x = -7 and 7, the door's middle at x = 2."""
    return ppo.Scene(
        agents=torch.tensor([agents]),
        buttons=torch.tensor([[[-7.0, 6.0], [7.0, 6.0]]]),
        cubes=torch.tensor([cubes], dtype=torch.float32),
        door=torch.tensor([[2.0, 12.8]]),
        is_open=torch.tensor([is_open]),
        kind=torch.tensor([kind]),
    )


def test_a_scene_is_where_the_state_says_that_things_are() -> None:
    rooms = ppo.Rooms(40, seed=3)
    for _ in range(60):
        rooms.step(ppo.drawn([torch.zeros(40, 2, count) for count in ppo.CHOICES]))
    seen = rooms.scene()
    for world in range(40):
        state = torch.tensor(rooms.worlds.get_state(world))
        agents, room = state[: 2 * NUMBERS_AN_AGENT].reshape(2, -1), state[2 * NUMBERS_AN_AGENT :][:NUMBERS_A_ROOM]
        kind, buttons, cubes = int(room[0]), room[4:8].reshape(2, 2), room[8:].reshape(3, 6)
        assert int(seen.kind[world]) == kind
        assert bool(seen.is_open[world]) == bool(room[3])
        torch.testing.assert_close(seen.agents[world], agents[:, :2], atol=1e-3, rtol=0)
        torch.testing.assert_close(seen.door[world], torch.tensor([room[1], 40 / 3 - 0.5]), atol=1e-3, rtol=0)
        there = (2 if kind else 1), (0, 0, 3, 2)[kind]
        torch.testing.assert_close(seen.buttons[world, : there[0]], buttons[: there[0]], atol=1e-3, rtol=0)
        torch.testing.assert_close(seen.cubes[world, : there[1]], cubes[: there[1], :2], atol=1e-3, rtol=0)


@pytest.mark.parametrize("kind", range(4))
def test_each_step_towards_the_exit_is_worth_more(kind: int) -> None:
    far, near = ((-4, 6), (4, 6), (0, 0)), ((-7, 6), (7, 6), (0, 0))
    way = [
        scene(kind, [[-3, 2], [3, 2]], cubes=far),
        scene(kind, [[-7, 6], [7, 6]], cubes=near),
        scene(kind, [[-7, 6], [7, 6]], cubes=near, is_open=True),
        scene(kind, [[2, 10], [7, 6]], cubes=near, is_open=True),
        scene(kind, [[2, 14], [7, 6]], cubes=near, is_open=True),
        scene(kind, [[2, 14], [2, 12]], cubes=near, is_open=True),
        scene(kind, [[2, 14], [2, 13.5]], cubes=far),  # they see the next room, with its door closed
    ]
    worths = [float(ppo.worth(each)) for each in way]
    assert worths == sorted(worths)
    assert len(set(worths)) == len(worths)


def test_cubes_are_worth_more_the_nearer_they_are_to_the_buttons() -> None:
    agents = [[-4.0, 3.0], [4.0, 3.0]]
    worths = [float(ppo.worth(scene(3, agents, cubes=((-x, 6), (4, 6), (0, 0))))) for x in (2.0, 3.0, 4.0, 6.0)]
    assert worths == sorted(worths)
    assert worths[3] - worths[2] > 0.4  # it lies on the button


def test_advantages_are_the_sums_that_define_them(learner: Any) -> None:
    rollout = learner.collect(steps=12)
    got = learner.advantages(rollout)
    last = learner.value(learner.policy(learner.rooms.features())[1])
    values = torch.cat([rollout.values, last[None]])
    goes_on = (~rollout.ends).float()[:, :, None]
    surprises = rollout.rewards + ppo.DISCOUNT * goes_on * values[1:] - rollout.values
    expected = torch.zeros_like(got)
    for step in range(12):
        weight = torch.ones(64, 1)
        for later in range(step, 12):
            expected[step] += weight * surprises[later]
            weight = weight * ppo.DISCOUNT * ppo.TRACE * goes_on[later]
    torch.testing.assert_close(got, expected, atol=1e-4, rtol=1e-4)


def test_what_is_rewarded_becomes_more_probable(learner: Any) -> None:
    def share_that_grabs() -> float:
        return float(learner.policy(learner.rooms.features())[0][3].detach().exp()[..., 1].mean())

    before = share_that_grabs()
    for _ in range(10):
        rollout = learner.collect(steps=8)
        rollout.rewards = rollout.choices[..., 3].float()
        rollout.ends[:] = True
        learner.update(rollout, left=1)
    assert share_that_grabs() > 1.5 * before


def test_an_update_moves_every_layer(learner: Any) -> None:
    before = {name: parameter.clone() for name, parameter in learner.policy.named_parameters()}
    loss = learner.update(learner.collect(), left=0.5)
    assert torch.isfinite(torch.tensor(loss))
    for name, parameter in learner.policy.named_parameters():
        assert torch.isfinite(parameter).all(), name
        assert not torch.equal(parameter, before[name]), name


def test_the_critic_means_what_it_meant_when_the_goals_scale_moves(learner: Any) -> None:
    def meant() -> Tensor:
        meant: Tensor = learner.value(learner.policy(learner.rooms.features())[1])
        return meant

    learner.follow(torch.randn(1000))
    with torch.no_grad():
        before, deviation = meant(), learner.deviation
        learner.follow(50 + 30 * torch.randn(1000))
        assert learner.deviation > 1.2 * deviation
        torch.testing.assert_close(meant(), before, atol=1e-4, rtol=1e-4)


def test_kinds_that_are_failed_are_given_more_often() -> None:
    seeds = ppo.Seeds(known=4096)
    seeds.learn_of(torch.tensor([0] * 5000 + [1] * 5000), torch.tensor([True] * 5000 + [False] * 5000))
    drawn = seeds.draw(2000)
    kinds = ppo.Rooms(4096, seed=0).scene().kind[drawn]
    given = [int((kinds == kind).sum()) for kind in range(4)]
    assert given[0] < 100
    assert min(given[1:]) > 500


def test_a_trial_counts_each_episode_once_and_can_be_replayed(learner: Any, tmp_path: Path) -> None:
    rates = ppo.rates(learner.policy, 60, seed=5)
    assert sum(rates[kind]["episodes"] for kind in rates) == 2 * rates["all"]["episodes"] == 120
    assert all(0 <= rate["both"] <= rate["one"] <= 1 for rate in rates.values())
    ppo.passed(learner.policy, 4, 5, tmp_path / "run.psr")
    replayed = penstock.worlds.replay(tmp_path / "run.psr")
    assert (replayed.same, replayed.steps) == (True, 200)
