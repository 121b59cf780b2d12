"""GridWorld from Python: levels as text and from files, through the worlds themselves and through Gymnasium."""

from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import penstock
import penstock.gym
import pytest
from gymnasium.utils.env_checker import check_env
from penstock import worlds

LEVELS = Path(__file__).parents[1] / "data" / "levels"
STAY, UP, RIGHT, DOWN, LEFT = range(5)


def play(played: worlds.Worlds, *moves: Any) -> list[float]:
    rewards = []
    for move in moves:
        played.action[:] = move
        played.step()
        rewards.append(float(np.from_dlpack(played.reward).sum()))
    return rewards


def test_a_level_is_text() -> None:
    played = worlds.make("GridWorld", level="@.G\n", autoreset="disabled")
    assert play(played, RIGHT, RIGHT) == [0, 1]
    assert played.terminated.tolist() == [True]


def test_a_level_is_in_a_file() -> None:
    played = worlds.make("GridWorld", levels=LEVELS / "key_and_door.txt", autoreset="disabled")
    moves = [RIGHT, DOWN, RIGHT, RIGHT, RIGHT, RIGHT, RIGHT, UP]
    assert play(played, *moves) == pytest.approx([-0.01] * 7 + [0.99])
    assert played.episode_length == 50


def test_many_files_are_one_batch() -> None:
    files: list[str | Path] = [str(LEVELS / "key_and_door.txt"), LEVELS / "key_and_door.txt"]
    played = worlds.make("GridWorld", num_worlds=64, levels=files, level="step_limit: 50\n@G\n")
    assert set(np.from_dlpack(played.level).tolist()) == {0, 1, 2}
    assert played.observation.shape == (64, 7, 4, 9)


def test_each_level_of_the_examples_compiles() -> None:
    for path in LEVELS.glob("*.txt"):
        worlds.make("GridWorld", levels=path).step()
    assert len(list(LEVELS.glob("*.txt"))) == 3


def test_agents_help_each_other() -> None:
    played = worlds.make("GridWorld", levels=LEVELS / "two_agents.txt", autoreset="disabled")
    assert played.action.shape == (1, 2)
    assert played.reward.shape == (1, 2, 1)
    fetching = [[RIGHT, STAY], [RIGHT, STAY], [DOWN, RIGHT], [RIGHT, RIGHT]]
    assert play(played, *fetching) == [0, 0, 0, 2]
    assert play(played, *[[move, STAY] for move in (RIGHT, RIGHT, RIGHT, UP)]) == [0, 0, 0, 2]
    assert played.terminated.tolist() == [True]


def test_one_level_may_be_asked_for() -> None:
    played = worlds.make("GridWorld", num_worlds=9, levels=LEVELS / "three_sizes.txt", level_index=1)
    assert played.level.tolist() == [1] * 9


def test_mistakes_name_the_file_the_line_and_the_column(tmp_path: Path) -> None:
    path = tmp_path / "maze.txt"
    path.write_text("@..\n.?G\n")
    with pytest.raises(penstock.DataError, match=r'maze.txt", line 2, column 2: "\?" is no cell: expected #'):
        worlds.make("GridWorld", levels=path)
    with pytest.raises(penstock.DataError, match="the level, line 1, column 1: this level has no goal"):
        worlds.make("GridWorld", level="@..\n")
    with pytest.raises(penstock.DataError, match="not UTF-8"):
        worlds.make("GridWorld", level="@\udcffG\n")
    with pytest.raises(penstock.DataError, match="NUL"):
        worlds.make("GridWorld", level="@\0G\n")
    with pytest.raises(penstock.NotFoundError, match=r"missing\.txt"):
        worlds.make("GridWorld", levels=tmp_path / "missing.txt")
    with pytest.raises(penstock.IoError, match=str(tmp_path)):
        worlds.make("GridWorld", levels=tmp_path)
    with pytest.raises(penstock.InvalidArgumentError, match="expected text; levels= takes a file"):
        worlds.make("GridWorld", level=path)  # type: ignore[arg-type]
    with pytest.raises(penstock.InvalidArgumentError, match="levels were given to CartPole-v1"):
        worlds.make("CartPole-v1", level="@G\n")


def test_recordings_carry_their_levels(tmp_path: Path) -> None:
    path = tmp_path / "levels.txt"
    path.write_text((LEVELS / "three_sizes.txt").read_text())
    played = worlds.make("GridWorld", num_worlds=5, levels=path)
    with played.record(tmp_path / "run.psr"):
        play(played, *[RIGHT, DOWN] * 20)
    path.unlink()
    assert worlds.replay(tmp_path / "run.psr").same


def test_a_snapshot_goes_into_worlds_of_the_same_levels_alone() -> None:
    one = worlds.make("GridWorld", level="@.G\n")
    other = worlds.make("GridWorld", level="@G.\n")
    with pytest.raises(penstock.DataError, match="layout"):
        other.restore(one.snapshot())


def test_gymnasium_takes_it() -> None:
    environment = gymnasium.make("penstock/GridWorld-v0", level="step_limit: 3\n@..G\n")
    assert environment.action_space == gymnasium.spaces.Discrete(5)
    assert environment.observation_space.shape == (4, 1, 4)
    environment.reset(seed=1)
    assert [environment.step(RIGHT)[1:4] for _ in range(3)] == [(0, False, False), (0, False, False), (1, True, True)]
    environment.reset()
    assert [environment.step(STAY)[1:4] for _ in range(3)] == [(0, False, False)] * 2 + [(0, False, True)]
    assert environment.unwrapped.state.shape == (1 + 4 + 4,)  # type: ignore[attr-defined]


@pytest.mark.filterwarnings("ignore")
def test_gymnasiums_own_judge_accepts_it() -> None:
    check_env(gymnasium.make("penstock/GridWorld-v0").unwrapped, skip_render_check=True)


@pytest.mark.parametrize("name", ["GridWorld", "GridWorld-v0", "penstock/GridWorld-v0"])
def test_vectors_of_it_know_its_step_limit(name: str) -> None:
    environments = penstock.gym.make_vec(name, num_envs=2, level="step_limit: 2\n@..G\n")
    environments.reset(seed=1)
    environments.step(np.array([RIGHT, STAY]))
    assert environments.step(np.array([RIGHT, STAY]))[3].tolist() == [True, True]


def test_gymnasium_refuses_levels_of_several_agents() -> None:
    with pytest.raises(penstock.InvalidArgumentError, match="this level has 2 agents"):
        penstock.gym.make_vec("GridWorld", num_envs=2, levels=LEVELS / "two_agents.txt")


def test_the_picture_shows_the_agent() -> None:
    played = worlds.make("GridWorld", level="@..\n..G\n")
    before = np.array(np.from_dlpack(played.render()))
    play(played, RIGHT)
    after = np.from_dlpack(played.render())
    is_changed = (before != after).any(axis=-1)
    side = before.shape[0] // 2
    assert is_changed[:side, : 2 * side].any()
    assert not is_changed[side:].any()
    assert not is_changed[:, 2 * side + 2 :].any()
