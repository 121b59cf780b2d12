"""One world as an environment of Gymnasium's: what it returns, what it refuses, and that Gymnasium finds no fault."""

import copy
import doctest
import importlib
import time
import warnings
from typing import Any

import children
import gymnasium
import numpy as np
import penstock.gym
import pytest
from gymnasium.utils.env_checker import check_env
from gymnasium.utils.env_match import check_environments_match
from penstock.gym.facts import ORIGINALS

FOLLOWING: dict[str, Any] = {"rng": "gymnasium", "precision": "f64"}
EXPECTED_WARNINGS = ("is -infinity", "is infinity", "symmetric and normalized")  # the originals cause them too
each_game = pytest.mark.parametrize("name", ORIGINALS)


def both(name: str, **options: Any) -> tuple[gymnasium.Env[Any, Any], gymnasium.Env[Any, Any]]:
    """Gymnasium's environment, and the one that follows it."""
    return gymnasium.make(name, **options), gymnasium.make(f"penstock/{name}", **options, **FOLLOWING)


@pytest.mark.parametrize(
    "module", ["gym", "gym.environment", "gym.rows", "gym.vector", "gym.torch_vector", "pettingzoo", "sb3"]
)
def test_the_examples_of_the_docstrings_run(module: str) -> None:
    failed, tried = doctest.testmod(importlib.import_module(f"penstock.{module}"))
    assert (failed, tried > 0) == (0, True)


@each_game
@pytest.mark.parametrize("options", [{}, FOLLOWING], ids=["own", "following"])
def test_gymnasiums_checker_finds_nothing(name: str, options: dict[str, Any]) -> None:
    environment = gymnasium.make(f"penstock/{name}", render_mode="rgb_array", **options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        check_env(environment.unwrapped)
    unexpected = [
        str(each.message) for each in caught if not any(known in str(each.message) for known in EXPECTED_WARNINGS)
    ]
    assert unexpected == []


@each_game
@pytest.mark.parametrize("seed", [0, 1, 12345])
def test_it_equals_the_original(name: str, seed: int) -> None:
    check_environments_match(*both(name), num_steps=600, seed=seed)


@each_game
def test_spaces_and_registration_equal_the_originals(name: str) -> None:
    theirs, ours = both(name)
    assert ours.action_space == theirs.action_space
    assert ours.observation_space == theirs.observation_space
    assert (ours.action_space.dtype, ours.observation_space.dtype) == (
        theirs.action_space.dtype,
        theirs.observation_space.dtype,
    )
    assert ours.metadata["render_fps"] == theirs.metadata["render_fps"]
    for fact in ("max_episode_steps", "reward_threshold", "nondeterministic"):
        assert getattr(ours.spec, fact) == getattr(theirs.spec, fact)


def types_of(step: tuple[Any, ...]) -> list[Any]:
    """The types of what step() or reset() returned."""
    return [type(part) for part in step] + [step[0].dtype, step[0].shape]


@each_game
@pytest.mark.parametrize("options", [{}, {"precision": "f64"}, FOLLOWING], ids=["f32", "f64", "following"])
def test_types_are_those_of_the_original(name: str, options: dict[str, Any]) -> None:
    theirs, ours = gymnasium.make(name).unwrapped, gymnasium.make(f"penstock/{name}", **options).unwrapped
    ours.action_space.seed(1)
    assert types_of(ours.reset(seed=1)) == types_of(theirs.reset(seed=1))
    for _ in range(10):
        action = ours.action_space.sample()
        assert types_of(ours.step(action)) == types_of(theirs.step(action))


@each_game
def test_the_time_limit_is_gymnasiums(name: str) -> None:
    environment = gymnasium.make(f"penstock/{name}", max_episode_steps=3)
    environment.reset(seed=1)
    environment.action_space.seed(1)
    truncations = [environment.step(environment.action_space.sample())[3] for _ in range(3)]
    assert truncations == [False, False, True]
    assert environment.unwrapped.step(environment.action_space.sample())[3] is False


OPTIONS: list[tuple[str, dict[str, Any]]] = [
    *((name, {"low": -0.02, "high": 0.01}) for name in ORIGINALS if name != "Pendulum-v1"),
    ("CartPole-v1", {"low": -0.5}),
    ("MountainCar-v0", {"high": 0.25}),
    ("Pendulum-v1", {"x_init": 0.5, "y_init": 0.25}),
    ("Pendulum-v1", {"y_init": 0}),
    ("Pendulum-v1", {"low": -0.02}),
    ("Acrobot-v1", {"colour": "red"}),
]


@pytest.mark.parametrize(("name", "options"), OPTIONS)
def test_options_hold_for_one_reset_as_with_the_original(name: str, options: dict[str, Any]) -> None:
    theirs, ours = both(name)
    for _ in range(2):
        np.testing.assert_allclose(
            ours.reset(seed=3, options=options)[0], theirs.reset(seed=3, options=options)[0], rtol=1e-6
        )
        np.testing.assert_allclose(ours.reset()[0], theirs.reset()[0], rtol=1e-6)


@pytest.mark.parametrize("options", [{"low": 1.0, "high": 0.5}, {"low": "much"}, {"high": None}, {"low": 3.0}])
def test_options_that_the_original_refuses_are_refused_and_change_nothing(options: dict[str, Any]) -> None:
    theirs, ours = both("CartPole-v1")
    with pytest.raises(ValueError, match=r"."):
        theirs.reset(options=options)
    with pytest.raises(penstock.InvalidArgumentError, match=r"CartPole-v1: (low|high) is"):
        ours.reset(options=options)
    np.testing.assert_allclose(ours.reset(seed=3)[0], theirs.reset(seed=3)[0], rtol=1e-6)


def test_a_seed_gives_an_episode_and_no_seed_the_next_one() -> None:
    environment = gymnasium.make("penstock/CartPole-v1")
    episodes = [environment.reset(seed=seed)[0].tolist() for seed in (5, None, None, 5, None)]
    assert episodes[3:] == episodes[:2]
    assert episodes[0] != episodes[1] != episodes[2]


def test_the_seed_that_nobody_chose_is_told() -> None:
    environment = gymnasium.make("penstock/CartPole-v1")
    first = environment.reset()[0]
    again = gymnasium.make("penstock/CartPole-v1").reset(seed=environment.unwrapped.np_random_seed)[0]
    assert first.tolist() == again.tolist()
    assert gymnasium.make("penstock/CartPole-v1").reset()[0].tolist() != first.tolist()


def test_a_generator_that_is_set_decides_the_resets_from_then_on() -> None:
    environment = gymnasium.make("penstock/CartPole-v1")
    episodes = []
    for _ in range(2):
        environment.unwrapped.np_random = np.random.default_rng(8)
        episodes.append([environment.reset()[0].tolist() for _ in range(2)])
    assert episodes[0] == episodes[1]
    assert episodes[0][0] != episodes[0][1]


@pytest.mark.parametrize(
    ("seed", "error"),
    [(-1, penstock.InvalidArgumentError), (1 << 64, penstock.InvalidArgumentError), (1.5, penstock.TypeMismatchError)],
)
def test_a_seed_that_is_none_is_refused(seed: Any, error: type[Exception]) -> None:
    with pytest.raises(error, match=f"CartPole-v1: seed is {seed}"):
        gymnasium.make("penstock/CartPole-v1").reset(seed=seed)


@pytest.mark.parametrize("action", [1, True, np.int64(1), np.uint8(1), np.array(1), np.array(1, np.int16)])
def test_any_integer_is_an_action(action: Any) -> None:
    observations = []
    for each in (1, action):
        environment = gymnasium.make("penstock/CartPole-v1").unwrapped
        environment.reset(seed=1)
        observations.append(environment.step(each)[0].tolist())
    assert observations[0] == observations[1]


@pytest.mark.parametrize("action", [2, -1, 1 << 40, 1.0, np.float32(1), [1], np.array([1]), "1", None])
def test_an_action_out_of_its_space_is_refused_and_changes_nothing(action: Any) -> None:
    environment = penstock.gym.Environment("CartPole-v1")
    environment.reset(seed=1)
    before = environment.worlds.hash().tolist()
    with pytest.raises(penstock.Error, match=r"CartPole-v1: action is .*: expected one of Discrete\(2\)"):
        environment.step(action)
    assert environment.worlds.hash().tolist() == before
    assert environment.step(1)[1] == 1.0


@pytest.mark.parametrize("action", [[0.5], (0.5,), np.array([0.5]), np.array([0.5], np.float16), [np.float32(0.5)]])
def test_any_array_of_one_number_is_a_force(action: Any) -> None:
    observations = []
    for each in (np.array([0.5], np.float32), action):
        environment = gymnasium.make("penstock/Pendulum-v1").unwrapped
        environment.reset(seed=1)
        observations.append(environment.step(each)[0].tolist())
    assert observations[0] == observations[1]


@pytest.mark.parametrize(
    "action", [0.5, [0.5, 0.5], [], [[0.5]], np.zeros((1, 1)), ["a"], None, [float("nan")], [np.inf]]
)
def test_a_force_of_another_shape_or_no_number_is_refused(action: Any) -> None:
    environment = penstock.gym.Pendulum("Pendulum-v1")
    environment.reset(seed=1)
    with pytest.raises(penstock.Error, match=r"Pendulum-v1: action is .*: expected one of Box"):
        environment.step(action)


@each_game
def test_an_observation_that_was_kept_stays_as_it_was(name: str) -> None:
    environment = gymnasium.make(f"penstock/{name}").unwrapped
    kept = [environment.reset(seed=1)[0]]
    environment.action_space.seed(1)
    kept += [environment.step(environment.action_space.sample())[0] for _ in range(3)]
    values = copy.deepcopy(kept)
    environment.step(environment.action_space.sample())
    environment.reset()
    assert all(np.array_equal(*pair) for pair in zip(kept, values, strict=True))


def test_after_its_end_an_episode_stands_still() -> None:
    environment = penstock.gym.Environment("CartPole-v1")
    environment.reset(seed=1)
    step = environment.step(1)
    while not step[2]:
        step = environment.step(1)
    after = environment.step(0)
    assert (after[0].tolist(), *after[1:4]) == (step[0].tolist(), 0.0, True, False)
    assert environment.reset()[0].tolist() != step[0].tolist()


def test_the_state_can_be_read_and_set() -> None:
    environment = penstock.gym.Environment("CartPole-v1", precision="f64")
    environment.reset(seed=1)
    environment.state = np.array([0.1, 0.0, 0.05, 0.0])
    kept = environment.state
    assert kept.tolist() == [0.1, 0.0, 0.05, 0.0]
    environment.step(1)
    assert kept.tolist() == [0.1, 0.0, 0.05, 0.0]


def test_parameters_are_given_where_it_is_made() -> None:
    environment = gymnasium.make("penstock/CartPole-v1", sutton_barto_reward=True)
    environment.reset(seed=1)
    assert environment.step(1)[1] == 0.0
    with pytest.raises(penstock.NotFoundError, match="no parameter named gravity: expected one of"):
        gymnasium.make("penstock/CartPole-v1", gravity=3)


def test_a_step_before_reset_is_refused() -> None:
    with pytest.raises(gymnasium.error.ResetNeeded, match="CartPole-v1"):
        penstock.gym.Environment("CartPole-v1").step(1)


def test_pictures_are_made_where_they_were_asked_for() -> None:
    environment = gymnasium.make("penstock/Acrobot-v1", render_mode="rgb_array")
    environment.reset(seed=1)
    before: Any = environment.render()
    environment.step(2)
    after: Any = environment.render()
    assert (after.shape, after.dtype) == ((500, 500, 3), np.uint8)
    assert not np.array_equal(before, after)
    with pytest.warns(UserWarning, match="render_mode='rgb_array'"):
        assert penstock.gym.Environment("Acrobot-v1").render() is None
    with pytest.raises(penstock.InvalidArgumentError, match="render_mode is 'ansi'"):
        penstock.gym.Environment("Acrobot-v1", render_mode="ansi")


def test_it_is_made_again_from_its_spec() -> None:
    environment = gymnasium.make("penstock/Pendulum-v1", g=5.0, max_episode_steps=7)
    again = gymnasium.make(gymnasium.envs.registration.EnvSpec.from_json(environment.spec.to_json()))  # type: ignore[union-attr]
    assert str(again) == str(environment)
    assert again.unwrapped.worlds.parameter("g") == 5.0  # type: ignore[attr-defined]


def test_gymnasium_imports_it_when_the_name_says_so() -> None:
    program = """
        import sys, penstock
        assert "gymnasium" not in sys.modules
        import gymnasium
        print(gymnasium.make("penstock.gym:penstock/CartPole-v1"))
    """
    assert (
        children.run(program) == "<TimeLimit<OrderEnforcing<PassiveEnvChecker<Environment<penstock/CartPole-v1>>>>>\n"
    )


@pytest.mark.parametrize(
    ("missing", "use", "advice"),
    [
        ("gymnasium", "import penstock.gym", "pip install gymnasium"),
        ("stable_baselines3", "import penstock.sb3", "pip install stable-baselines3"),
        ("pettingzoo", "import penstock.pettingzoo", "pip install pettingzoo"),
        ("torch", "import penstock.gym; penstock.gym.make_vec('CartPole-v1', to='torch')", "pip install torch"),
    ],
)
def test_what_is_missing_is_named(missing: str, use: str, advice: str) -> None:
    program = f"""
        import sys
        sys.modules[{missing!r}] = None
        try:
            {use}
        except ImportError as error:
            print(error)
    """
    assert advice in children.run(program)


def seconds(environment: gymnasium.Env[Any, Any]) -> float:
    """How long some steps take, the resets between them apart."""
    total = 0.0
    for _ in range(20):
        environment.reset(seed=1)
        started = time.perf_counter()
        for step in range(8):
            environment.step(step % 2)
        total += time.perf_counter() - started
    return total


def test_a_step_takes_less_time_than_the_originals() -> None:
    theirs, ours = both("CartPole-v1")
    times = [(seconds(ours.unwrapped), seconds(theirs.unwrapped)) for _ in range(10)]
    assert min(ours for ours, _ in times) < min(theirs for _, theirs in times)
