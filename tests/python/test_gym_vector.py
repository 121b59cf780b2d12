"""Many worlds as a vector of environments: step by step what Gymnasium's own vector of its own environments gives."""

import copy
import pickle
from typing import Any

import gymnasium
import numpy as np
import penstock.gym
import pytest
from gymnasium.vector import AutoresetMode
from penstock.gym.facts import ORIGINALS

FOLLOWING: dict[str, Any] = {"rng": "gymnasium", "precision": "f64"}
MODES = list(AutoresetMode)
NUM_ENVS, MOST_STEPS = 6, 40  # so few that episodes are cut off, too
each_game = pytest.mark.parametrize("name", ORIGINALS)
each_mode = pytest.mark.parametrize("mode", MODES, ids=[mode.value for mode in MODES])


def make(name: str = "CartPole-v1", num_envs: int = NUM_ENVS, **options: Any) -> Any:
    """A vector of worlds, without the types that Gymnasium has for it."""
    return penstock.gym.make_vec(name, num_envs, **options)


def both(name: str, mode: AutoresetMode, num_envs: int = NUM_ENVS) -> tuple[Any, Any]:
    """Gymnasium's vector of Gymnasium's environments, and ours that follows it."""
    theirs = gymnasium.make_vec(
        name, num_envs, vectorization_mode="sync", vector_kwargs={"autoreset_mode": mode}, max_episode_steps=MOST_STEPS
    )
    ours = make(name, num_envs, autoreset_mode=mode, max_episode_steps=MOST_STEPS, **FOLLOWING)
    return theirs, ours


def check_equal(ours: Any, theirs: Any) -> None:
    """Arrays of the same kind and shape whose numbers differ by no more than float32 rounds; dicts of such."""
    assert type(ours) is type(theirs)
    if isinstance(theirs, dict):
        assert ours.keys() == theirs.keys()
        for key, value in theirs.items():
            check_equal(ours[key], value)
    elif isinstance(theirs, tuple):
        for one, other in zip(ours, theirs, strict=True):
            check_equal(one, other)
    elif isinstance(theirs, np.ndarray):
        assert (ours.dtype, ours.shape) == (theirs.dtype, theirs.shape)
        if theirs.dtype == object:
            for one, other in zip(ours, theirs, strict=True):
                check_equal(one, other)
        else:
            np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-7)
    else:
        assert ours == theirs


@each_mode
@each_game
def test_each_step_equals_that_of_gymnasiums_own_vector(name: str, mode: AutoresetMode) -> None:
    theirs, ours = both(name, mode)
    check_equal(ours.reset(seed=3), theirs.reset(seed=3))
    theirs.action_space.seed(5)
    ended = np.zeros((2, NUM_ENVS), np.int64)
    for _ in range(3 * MOST_STEPS):
        actions = theirs.action_space.sample()
        our_step, their_step = ours.step(actions), theirs.step(actions)
        check_equal(our_step, their_step)
        ended += their_step[2:4]
        is_over = their_step[2] | their_step[3]
        if mode == AutoresetMode.DISABLED and is_over.any():
            chosen = [{"reset_mask": is_over} for _ in range(2)]
            check_equal(ours.reset(options=chosen[0]), theirs.reset(options=chosen[1]))
    assert ended[0 if name == "CartPole-v1" else 1].all(), "an environment's episode never ended in the usual way"


@each_game
def test_spaces_equal_those_of_gymnasiums_own_vector(name: str) -> None:
    theirs, ours = both(name, AutoresetMode.NEXT_STEP)
    for space in ("single_action_space", "action_space", "single_observation_space", "observation_space"):
        assert getattr(ours, space) == getattr(theirs, space)
        assert getattr(ours, space).dtype == getattr(theirs, space).dtype


@each_mode
def test_the_mode_is_in_the_metadata(mode: AutoresetMode) -> None:
    for given in (mode, mode.value):
        assert make(autoreset_mode=given).metadata["autoreset_mode"] is mode
    assert make().metadata["autoreset_mode"] is AutoresetMode.NEXT_STEP


def test_a_mode_that_is_none_is_refused() -> None:
    with pytest.raises(
        penstock.InvalidArgumentError, match=r"CartPole-v1: autoreset_mode is 'soon': expected one of 'Next"
    ):
        make(autoreset_mode="soon")


def test_gymnasium_makes_it_by_its_name() -> None:
    environments: Any = gymnasium.make_vec("penstock/CartPole-v1", num_envs=3, threads=2)
    assert repr(environments) == "VectorEnvironment(penstock/CartPole-v1, num_envs=3)"
    assert repr(gymnasium.make_vec(environments.spec)) == repr(environments)
    assert isinstance(environments, gymnasium.vector.VectorEnv)
    sync = gymnasium.make_vec("penstock/CartPole-v1", num_envs=2, vectorization_mode="sync")
    assert sync.reset(seed=1)[0].tolist() == make(num_envs=2).reset(seed=1)[0].tolist()


def test_a_game_that_there_is_not_is_an_error() -> None:
    with pytest.raises(gymnasium.error.NameNotFound, match="Did you mean: `CartPole`"):
        make("CartPoll-v1")


# --- seeds


def test_one_seed_counts_up_and_a_list_has_one_each() -> None:
    counted, listed = make(), make()
    assert counted.reset(seed=4)[0].tolist() == listed.reset(seed=range(4, 4 + NUM_ENVS))[0].tolist()
    assert (counted.np_random_seed, listed.np_random_seed) == (4, tuple(range(4, 4 + NUM_ENVS)))


def test_an_environment_whose_seed_is_none_starts_its_next_episode() -> None:
    theirs, ours = both("MountainCar-v0", AutoresetMode.NEXT_STEP, num_envs=3)
    for seeds in (5, [None, 9, None], None, [1, 2, None]):
        check_equal(ours.reset(seed=seeds), theirs.reset(seed=seeds))


@pytest.mark.parametrize("seed", [7, [3, 1, 4, 1, 5, 9]])
def test_the_seed_that_it_was_made_with_is_that_of_the_first_reset(seed: Any) -> None:
    expected = make().reset(seed=seed)[0].tolist()
    made = make(seed=seed)
    assert made.reset()[0].tolist() == expected
    assert made.reset()[0].tolist() != expected
    partly = make(seed=seed).reset(seed=[None] * 5 + [70])[0].tolist()
    assert partly[:5] == expected[:5]
    assert partly[5] != expected[5]


def test_the_seed_that_nobody_chose_is_told() -> None:
    environments = make()
    assert environments.reset()[0].tolist() == make().reset(seed=environments.np_random_seed)[0].tolist()


def test_a_generator_that_is_set_decides_the_resets_from_then_on() -> None:
    environments, episodes = make(), []
    for _ in range(2):
        environments.np_random = np.random.default_rng(8)
        episodes.append([environments.reset()[0].tolist() for _ in range(2)])
    assert episodes[0] == episodes[1]


@pytest.mark.parametrize("seed", [-1, 1 << 64, 2.5, "7", [1, 2], [1, 2, 3, 4, 5, -6], list(range(NUM_ENVS + 1))])
def test_seeds_that_are_none_are_refused_and_change_nothing(seed: Any) -> None:
    environments = make(seed=1)
    with pytest.raises(penstock.Error, match="CartPole-v1: seed"):
        environments.reset(seed=seed)
    with pytest.raises(penstock.Error, match="CartPole-v1: seed"):
        make(seed=seed)
    assert environments.reset()[0].tolist() == make().reset(seed=1)[0].tolist()


# --- options


def test_options_hold_for_one_reset() -> None:
    theirs, ours = both("CartPole-v1", AutoresetMode.NEXT_STEP)
    for options in ({"low": 0.1, "high": 0.2}, None):
        check_equal(ours.reset(seed=3, options=options), theirs.reset(seed=3, options=options))


def test_a_mask_chooses_what_is_reset() -> None:
    theirs, ours = both("Pendulum-v1", AutoresetMode.NEXT_STEP)
    for environments in (theirs, ours):
        environments.reset(seed=3)
        environments.step(np.ones((NUM_ENVS, 1), np.float32))
    mask = np.arange(NUM_ENVS) % 2 == 0
    chosen = [{"reset_mask": mask, "x_init": 0.1} for _ in range(2)]
    check_equal(ours.reset(seed=8, options=chosen[0]), theirs.reset(seed=8, options=chosen[1]))
    assert set(chosen[0]) == {"reset_mask", "x_init"}, "the caller's options were changed"


@pytest.mark.parametrize(
    ("mask", "error"),
    [
        ([True] * NUM_ENVS, TypeError),
        (np.ones(NUM_ENVS, np.int8), TypeError),
        (np.ones(2, np.bool_), ValueError),
        (np.zeros(NUM_ENVS, np.bool_), ValueError),
    ],
)
def test_a_mask_that_gymnasium_refuses_is_refused(mask: Any, error: type[Exception]) -> None:
    theirs, ours = both("CartPole-v1", AutoresetMode.NEXT_STEP)
    for environments in (theirs, ours):
        environments.reset(seed=1)
        with pytest.raises(error, match="reset_mask"):
            environments.reset(options={"reset_mask": mask})


def test_disabled_environments_stand_still_until_they_are_reset() -> None:
    environments = make(autoreset_mode="Disabled", max_episode_steps=2)
    environments.reset(seed=1)
    ones = np.ones(NUM_ENVS, np.int64)
    environments.step(ones)
    last = environments.step(ones)
    after = environments.step(ones)
    assert after[0].tolist() == last[0].tolist()
    assert (after[1].tolist(), after[2].tolist(), after[3].tolist()) == ([0] * 6, [False] * 6, [True] * 6)
    environments.reset(options={"reset_mask": np.arange(NUM_ENVS) == 2})
    assert environments.step(ones)[1].tolist() == [0, 0, 1, 0, 0, 0]


# --- actions


@pytest.mark.parametrize(
    "dtype", ["int8", "uint8", "int16", "uint16", "int32", "uint32", "int64", "uint64", "bool", ">i8"]
)
def test_any_integers_are_actions(dtype: str) -> None:
    given, expected = make(seed=1), make(seed=1)
    given.reset(), expected.reset()
    actions = [0, 1, 1, 0, 1, 0]
    assert given.step(np.array(actions, dtype))[0].tolist() == expected.step(actions)[0].tolist()


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64", "int64"])
def test_any_numbers_are_forces(dtype: str) -> None:
    given, expected = make("Pendulum-v1", seed=1), make("Pendulum-v1", seed=1)
    given.reset(), expected.reset()
    forces = [[-9], [-1], [0], [1], [2], [9]]
    assert (
        given.step(np.array(forces, dtype)[:, :])[0].tolist() == expected.step(np.array(forces, np.float32))[0].tolist()
    )


def test_actions_need_not_be_contiguous() -> None:
    given, expected = make(seed=1), make(seed=1)
    given.reset(), expected.reset()
    every_other = np.arange(2 * NUM_ENVS)[::2] // 2 % 2
    assert given.step(every_other)[0].tolist() == expected.step([0, 1, 0, 1, 0, 1])[0].tolist()


REFUSED: list[tuple[str, Any, str]] = [
    ("CartPole-v1", [0, 0, 2, 0, 0, 0], "the action of world 2 is 2: expected 0 to 1"),
    ("CartPole-v1", [0, 0, 0, -1, 0, 0], "the action of world 3 is -1: expected 0 to 1"),
    ("CartPole-v1", [0, 1 << 32, 0, 0, 0, 0], "the action of world 1 is 4294967296: expected one of Discrete"),
    ("CartPole-v1", np.array([0, 0, 2**32 - 1, 0, 0, 0], np.uint32), "the action of world 2 is 4294967295: expected"),
    ("CartPole-v1", np.array([2**63, 0, 0, 0, 0, 0], np.uint64), "the action of world 0 is 9223372036854775808"),
    ("CartPole-v1", np.zeros(NUM_ENVS), r"float64 of shape \(6,\): expected some of MultiDiscrete"),
    ("CartPole-v1", 1, r"int64 of shape \(\)"),
    ("CartPole-v1", [1], r"int64 of shape \(1,\)"),
    ("CartPole-v1", np.zeros((NUM_ENVS, 1), np.int64), r"int64 of shape \(6, 1\)"),
    ("CartPole-v1", ["0"] * NUM_ENVS, r"of shape \(6,\)"),
    ("CartPole-v1", None, r"object of shape \(\)"),
    ("Pendulum-v1", np.zeros(NUM_ENVS), r"float64 of shape \(6,\): expected some of Box"),
    ("Pendulum-v1", [[0], [0], [0], [float("nan")], [0], [0]], "the action of world 3 is nan"),
    ("Pendulum-v1", np.zeros((NUM_ENVS, 1), np.complex64), r"complex64 of shape \(6, 1\)"),
]


@pytest.mark.parametrize(("name", "actions", "message"), REFUSED)
def test_actions_that_fit_no_space_are_refused_and_change_nothing(name: str, actions: Any, message: str) -> None:
    environments = make(name, seed=1)
    environments.reset()
    before = environments.worlds.hash().tolist()
    with pytest.raises(penstock.Error, match=f"(?s){name}: .*{message}"):
        environments.step(actions)
    assert environments.worlds.hash().tolist() == before


# --- what is returned


@each_mode
@each_game
def test_what_was_kept_stays_as_it_was(name: str, mode: AutoresetMode) -> None:
    environments = make(name, autoreset_mode=mode, max_episode_steps=3)
    kept = [environments.reset(seed=1)]
    for _ in range(4):
        kept.append(environments.step(environments.action_space.sample()))
    values = copy.deepcopy(kept)
    environments.step(environments.action_space.sample())
    environments.reset()
    for now, then in zip(kept, values, strict=True):
        check_equal(now, then)


@pytest.mark.parametrize("to", ["numpy", "torch"])
def test_what_is_returned_shares_no_memory_with_the_worlds(to: str) -> None:
    environments = make(to=to, autoreset_mode="SameStep")
    worlds = environments.worlds
    lent = {worlds.tensor(name).data_ptr for name in worlds.tensors()}
    returned = [environments.reset(seed=1)[0], *environments.step([0] * NUM_ENVS)[:4]]
    assert lent.isdisjoint(part.data_ptr() if to == "torch" else part.ctypes.data for part in returned)


def test_without_copies_the_same_memory_is_written_each_time() -> None:
    lent, copied = make(seed=1, copy=False), make(seed=1)
    first = lent.reset()[0]
    copied.reset()
    actions = np.ones(NUM_ENVS, np.int64)
    for _ in range(30):
        in_place = lent.step(actions)
        check_equal(in_place, copied.step(actions))
        assert in_place[0] is first


def test_what_was_lent_outlives_the_environments() -> None:
    environments = make(seed=1, copy=False)
    observations = environments.reset()[0]
    values = observations.tolist()
    environments.close()
    del environments
    assert observations.tolist() == values


def test_infos_have_statistics_only_where_they_were_asked_for() -> None:
    for asked in (False, True):
        environments = make(max_episode_steps=2, episode_statistics=asked)
        environments.reset(seed=1)
        environments.step([1] * NUM_ENVS)
        infos = environments.step([1] * NUM_ENVS)[4]
        assert set(infos) == ({"episode", "_episode"} if asked else set())
        if asked:
            assert (infos["episode"]["r"].tolist(), infos["episode"]["l"].tolist()) == ([2] * 6, [2] * 6)


def test_gymnasiums_wrappers_work_on_top() -> None:
    wrappers = gymnasium.wrappers.vector
    environments: Any = wrappers.RecordEpisodeStatistics(make(max_episode_steps=5))
    environments = wrappers.ClipReward(wrappers.NormalizeObservation(environments), -0.5, 0.5)
    environments.reset(seed=1)
    for _ in range(5):
        step = environments.step(environments.action_space.sample())
    assert step[1].tolist() == [0.5] * NUM_ENVS
    assert step[4]["episode"]["r"].tolist() == [5] * NUM_ENVS


def test_gymnasiums_statistics_follow_a_reset_by_mask() -> None:
    environments: Any = make(max_episode_steps=5, autoreset_mode="Disabled", episode_statistics=True)
    environments.reset(seed=1)
    mask = np.arange(NUM_ENVS) < 2
    for step in range(5):
        if step == 3:
            environments.reset(options={"reset_mask": mask})
        infos = environments.step([step % 2] * NUM_ENVS)[4]
    assert infos["_episode"].tolist() == [False] * 2 + [True] * 4
    assert infos["episode"]["l"].tolist() == [0] * 2 + [5] * 4


def test_pictures_are_made_of_each_environment() -> None:
    environments = make("MountainCar-v0", 2, render_mode="rgb_array")
    environments.reset(seed=[1, 2])
    pictures = environments.render()
    assert [(picture.shape, picture.dtype) for picture in pictures] == [((400, 600, 3), np.uint8)] * 2
    assert not np.array_equal(*pictures)
    with pytest.warns(UserWarning, match="render_mode='rgb_array'"):
        assert make("MountainCar-v0").render() is None


def test_a_step_before_reset_or_after_close_is_refused() -> None:
    environments = make()
    with pytest.raises(gymnasium.error.ResetNeeded, match="CartPole-v1"):
        environments.step([0] * NUM_ENVS)
    environments.reset(seed=1)
    environments.close()
    environments.close()
    with pytest.raises(gymnasium.error.ResetNeeded, match="CartPole-v1"):
        environments.step([0] * NUM_ENVS)


def test_worlds_that_were_closed_say_so() -> None:
    worlds = penstock.worlds.make("CartPole-v1")
    worlds.close()
    worlds.close()
    with pytest.raises(penstock.InvalidArgumentError, match="worlds is NULL"):
        worlds.step()


def test_results_do_not_depend_on_threads_or_company() -> None:
    alone, many = make(num_envs=1, seed=103), make(num_envs=5000, seed=100, threads=2)
    alone.reset(), many.reset()
    for step in range(50):
        expected = alone.step([step // 2 % 2])
        check_equal(tuple(part[3:4] for part in many.step(np.full(5000, step // 2 % 2))[:4]), expected[:4])


def test_the_spec_can_be_pickled() -> None:
    environments = make(seed=[1, 2, 3, 4, 5, 6], autoreset_mode="SameStep")
    again: Any = gymnasium.make_vec(pickle.loads(pickle.dumps(environments.spec)))
    assert again.reset()[0].tolist() == environments.reset()[0].tolist()
