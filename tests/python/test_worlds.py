"""penstock.worlds: the same as Gymnasium's own games, number by number; and what holds of worlds in Python."""

import copy
import os
import pickle
import threading
from collections.abc import Callable
from typing import Any

import children
import gymnasium
import numpy as np
import numpy.typing as npt
import penstock
import pytest
import torch
from penstock.gym.facts import ORIGINALS
from penstock.worlds import Worlds

# PENSTOCK_FULL=1 ./scripts/test python plays as many of each game as it takes to be sure; each run plays some.
EPISODES = (
    dict.fromkeys(ORIGINALS, 1000)
    if os.environ.get("PENSTOCK_FULL")
    else dict.fromkeys(ORIGINALS, 2) | {ORIGINALS[0]: 20}
)

Array = npt.NDArray[Any]


def arrays(worlds: Worlds) -> dict[str, Array]:
    """Every tensor of some worlds as NumPy sees it: their memory, not a copy."""
    return {name: np.from_dlpack(worlds.tensor(name)) for name in worlds.tensors()}


# ---- Beside Gymnasium ----


class Pair:
    """One environment of Gymnasium's and one world, seeded alike, which take the same actions."""

    def __init__(self, name: str, **parameters: Any) -> None:
        self.theirs: Any = gymnasium.make(name)
        self.ours = penstock.worlds.make(
            name, rng="gymnasium", precision="f64", autoreset="disabled", actions="game", **parameters
        )
        self.seen = arrays(self.ours)
        self.worst_state = 0.0

    def reset(self, seed: int | None = None) -> None:
        observation, _ = self.theirs.reset(seed=seed)
        self.ours.reset(seed=seed)
        self.compare(observation)

    def step(self, action: Any) -> bool:
        """Whether the episode has ended, for both."""
        observation, reward, terminated, truncated, _ = self.theirs.step(action)
        self.seen["action"][0] = action
        self.ours.step()
        assert (self.seen["terminated"][0], self.seen["truncated"][0]) == (terminated, truncated)
        assert self.seen["reward"][0] == np.float32(reward)
        self.compare(observation)
        return bool(terminated or truncated)

    def compare(self, observation: Array) -> None:
        np.testing.assert_array_equal(self.seen["observation"][0], observation)
        state = np.asarray(self.theirs.unwrapped.state, np.float64)
        self.worst_state = max(self.worst_state, float(np.abs(self.seen["state"][0] - state).max()))
        assert self.worst_state <= 1e-9


def random_action(name: str, generator: np.random.Generator) -> Any:
    """Within the bounds, and of the games that clip beyond them too."""
    space: Any = gymnasium.make(name).action_space
    if isinstance(space, gymnasium.spaces.Discrete):
        return int(generator.integers(space.n))
    return (generator.uniform(space.low, space.high) * generator.choice([1.0, 1.5])).astype(np.float32)


@pytest.mark.parametrize("name", ORIGINALS)
def test_whole_episodes_are_those_of_gymnasium(name: str) -> None:
    pair = Pair(name)
    space: Any = pair.theirs.action_space
    generator = np.random.default_rng(1)
    beyond = isinstance(space, gymnasium.spaces.Box)
    steps = 0
    for episode in range(EPISODES[name]):
        pair.reset(seed=episode if episode % 10 == 0 else None)
        if episode == 0:
            space.seed(3)
        ended = False
        while not ended:
            action = space.sample()
            if beyond and generator.random() < 0.3:
                action = (action * 1.5).astype(np.float32)
            ended = pair.step(action)
            steps += 1
    assert steps > 300


@pytest.mark.parametrize("seed", [0, 1, 2**32 - 1, 2**32, 2**63 + 12345, 2**64 - 1])
@pytest.mark.parametrize("name", ORIGINALS)
def test_an_episode_starts_where_gymnasiums_does_from_each_seed(name: str, seed: int) -> None:
    pair = Pair(name)
    pair.reset(seed)
    pair.reset()


# Where episodes of random actions hardly come: ends, walls, fast turns.
STATES: dict[str, list[list[float]]] = {
    "CartPole-v1": [[2.39, 3, 0, 0], [-2.39, -3, 0, 0], [0, 0, 0.2, 3], [0, 0, -0.2, -3], [2.4, 0, 0, 0]],
    "MountainCar-v0": [[-1.2, -0.07], [-1.19, -0.05], [0.49, 0.07], [0.5, 0.0], [0.6, 0.07]],
    "MountainCarContinuous-v0": [[-1.2, -0.07], [-1.19, -0.05], [0.44, 0.07], [0.45, 0.0], [0.6, 0.07]],
    "Pendulum-v1": [[3.14159, 8.0], [-3.14159, -8.0], [100.0, 7.9], [-1e3, 0.1], [0.0, 0.0]],
    "Acrobot-v1": [[3.1, 3.1, 12, 28], [-3.1, -3.1, -12, -28], [3.1, 0, 0.1, 0.1], [0, 3.1, 1, -1], [1, 1, 1, 1]],
}


@pytest.mark.parametrize("name", ORIGINALS)
def test_a_step_from_an_edge_is_gymnasiums(name: str) -> None:
    generator = np.random.default_rng(2)
    for state in STATES[name]:
        pair = Pair(name)
        pair.reset(seed=5)
        pair.theirs.unwrapped.state = np.array(state)
        pair.ours.set_state(0, state)
        for _ in range(3):
            if pair.step(random_action(name, generator)):
                break


@pytest.mark.parametrize("name", ORIGINALS)
def test_the_bounds_are_those_of_gymnasiums_spaces(name: str) -> None:
    theirs: Any = gymnasium.make(name)
    worlds = penstock.worlds.make(name)
    low, high = (np.from_dlpack(bound) for bound in worlds.bounds("observation"))
    np.testing.assert_array_equal(low.astype(np.float32), theirs.observation_space.low)
    np.testing.assert_array_equal(high.astype(np.float32), theirs.observation_space.high)
    low, high = (np.from_dlpack(bound) for bound in worlds.bounds("action"))
    if isinstance(theirs.action_space, gymnasium.spaces.Discrete):
        np.testing.assert_array_equal([low, high], [0, theirs.action_space.n - 1])
    else:
        np.testing.assert_array_equal([low, high], [theirs.action_space.low, theirs.action_space.high])
    assert worlds.episode_length == theirs.spec.max_episode_steps


@pytest.mark.parametrize("name", ORIGINALS)
def test_the_engines_own_arithmetic_stays_near_gymnasiums(name: str) -> None:
    """Over one step from each edge, in each precision: what rounding may make, and no more."""
    generator = np.random.default_rng(4)
    for precision, tolerance in (("f32", 2e-5), ("f64", 1e-12)):
        for state in STATES[name]:
            action = random_action(name, generator)
            followed, own = (
                penstock.worlds.make(name, rng=rng, precision=bits, autoreset="disabled", actions="game")  # type: ignore[arg-type]
                for rng, bits in (("gymnasium", "f64"), ("counter", precision))
            )
            for worlds in (followed, own):
                worlds.set_state(0, state)
                worlds.action[0] = action
                worlds.step()
            scale = np.maximum(1, np.abs(state))
            difference = np.abs(np.array(followed.get_state(0)) - own.get_state(0)) / scale
            turns = np.abs(difference - 2 * np.pi) if name == "Acrobot-v1" else difference  # -pi and pi are one angle
            # Where the action is a float, Gymnasium computes with it in float32.
            limit = tolerance if worlds.action.dtype == penstock.int32 else max(tolerance, 1e-6)
            assert np.minimum(difference, turns).max() < limit, (precision, state, action)


# ---- Tensors ----


def test_torch_holds_an_observation_after_the_worlds_are_gone(nothing_stays: None) -> None:
    worlds = penstock.worlds.make("CartPole-v1", num_worlds=1000, seed=3)
    observation = torch.from_dlpack(worlds.observation)
    state = torch.from_dlpack(worlds.state)
    expected = observation.clone()
    worlds.close()
    del worlds
    assert torch.equal(observation, expected)
    assert torch.equal(state, expected)


def test_torch_sees_each_step_in_place() -> None:
    worlds = penstock.worlds.make("Pendulum-v1", num_worlds=4)
    observation, action = torch.from_dlpack(worlds.observation), torch.from_dlpack(worlds.action)
    before = observation.clone()
    action[:] = torch.tensor([[-2.0], [-1.0], [1.0], [2.0]])
    worlds.step()
    assert not torch.equal(observation, before)
    assert observation.data_ptr() == torch.from_dlpack(worlds.observation).data_ptr()
    assert worlds.action.tolist() == [[-2.0], [-1.0], [1.0], [2.0]]


def test_two_buffers_leave_the_last_observation_alone_for_one_step() -> None:
    worlds = penstock.worlds.make("CartPole-v1", num_worlds=3, buffers=2)
    last = np.from_dlpack(worlds.observation)
    kept = last.copy()
    worlds.step_async()
    np.testing.assert_array_equal(last, kept)
    worlds.wait()
    np.testing.assert_array_equal(last, kept)
    assert not np.array_equal(np.from_dlpack(worlds.observation), kept)


def test_every_tensor_is_an_attribute() -> None:
    worlds = penstock.worlds.make("Acrobot-v1", num_worlds=2, precision="f64")
    for name in worlds.tensors():
        assert getattr(worlds, name).equal(worlds.tensor(name), bitwise=True)
        assert name in dir(worlds)
    assert (worlds.observation.dtype, worlds.state.dtype) == (penstock.float32, penstock.float64)
    with pytest.raises(AttributeError, match=r"no tensor named rewards.*observation"):
        _ = worlds.rewards


# ---- Going on ----


def play(worlds: Worlds, steps: int) -> list[int]:
    """The hashes of some worlds after steps with the same random actions each time."""
    generator = np.random.default_rng(9)
    low, high = (np.from_dlpack(bound).reshape(-1)[0] for bound in worlds.bounds("action"))
    action = np.from_dlpack(worlds.action)
    for _ in range(steps):
        drawn = generator.integers(low, high + 1, action.shape) if action.dtype == np.int32 else None
        action[:] = generator.uniform(low, high, action.shape) if drawn is None else drawn
        worlds.step()
    hashes: list[int] = worlds.hash().tolist()
    return hashes


def test_a_seed_of_each_kind_gives_each_world_its_own() -> None:
    one = penstock.worlds.make("CartPole-v1", num_worlds=3, seed=10).hash().tolist()
    listed: list[Any] = [[10, 11, 12], (10, 11, 12), np.array([10, 11, 12]), range(10, 13), [np.uint64(10), 11, 12]]
    for seed in listed:
        assert penstock.worlds.make("CartPole-v1", num_worlds=3, seed=seed).hash().tolist() == one
    assert penstock.worlds.make("CartPole-v1", num_worlds=3, seed=np.int64(10)).hash().tolist() == one  # type: ignore[arg-type]
    wrapped = penstock.worlds.make("CartPole-v1", num_worlds=2, seed=2**64 - 1).hash().tolist()
    assert wrapped[1] == penstock.worlds.make("CartPole-v1", seed=0).hash().tolist()[0]


@pytest.mark.parametrize("seed", [-1, 2**64, [1, 2], [1, -1, 2], 1.5, "5", [1.0, 2, 3], None])
def test_a_seed_that_is_none_is_refused(seed: Any) -> None:
    with pytest.raises((penstock.OutOfRangeError, penstock.InvalidArgumentError, TypeError), match="seed"):
        penstock.worlds.make("CartPole-v1", num_worlds=3, seed=seed)


@pytest.mark.parametrize("autoreset", ["next_step", "same_step", "disabled"])
@pytest.mark.parametrize("name", ORIGINALS)
def test_neither_threads_nor_kernels_nor_buffers_show(name: str, autoreset: Any) -> None:
    forms: list[dict[str, Any]] = [{"threads": 1}, {"threads": 3, "buffers": 2}, {"kernel": "scalar"}]
    hashes = {
        tuple(play(penstock.worlds.make(name, num_worlds=1030, episode_length=9, autoreset=autoreset, **form), 20))
        for form in forms
    }
    assert len(hashes) == 1


def test_a_snapshot_goes_on_in_another_process_and_from_any_buffer() -> None:
    worlds = penstock.worlds.make("Acrobot-v1", num_worlds=5, seed=4, episode_length=50)
    play(worlds, 33)
    kept = bytes(np.from_dlpack(worlds.snapshot()))
    expected = play(worlds, 30)
    sources: list[Any] = [
        kept,
        bytearray(kept),
        np.frombuffer(kept, np.uint8),
        penstock.worlds.make("Acrobot-v1").snapshot(),
    ]
    for source in sources[:3]:
        other = penstock.worlds.make("Acrobot-v1", num_worlds=5, episode_length=50)
        other.restore(source)
        assert play(other, 30) == expected
    printed = children.run(
        f"""
        import numpy as np, penstock
        worlds = penstock.worlds.make("Acrobot-v1", num_worlds=1)
        worlds.restore({kept!r}, source=[3], into=[0])
        print(worlds.hash().tolist()[0])
        """
    )
    here = penstock.worlds.make("Acrobot-v1", num_worlds=5)
    here.restore(kept)
    assert int(printed) == here.hash().tolist()[3]


def test_what_is_no_snapshot_is_a_data_error_and_changes_nothing() -> None:
    worlds = penstock.worlds.make("CartPole-v1", num_worlds=2)
    before = worlds.hash().tolist()
    good = bytes(np.from_dlpack(worlds.snapshot()))
    for bad in (b"", b"no snapshot", good[:-1], good + b"\0", penstock.worlds.make("Pendulum-v1", 2).snapshot()):
        with pytest.raises(penstock.DataError):
            worlds.restore(bad)
    wrong_places: list[dict[str, Any]] = [
        {"source": [0]},
        {"source": [0, 1], "into": [0]},
        {"source": [2], "into": [0]},
        {"source": [0, 0], "into": [1, 1]},
    ]
    for places in wrong_places:
        with pytest.raises((ValueError, IndexError)):
            worlds.restore(good, **places)
    worlds.restore(good, source=[], into=[])
    assert worlds.hash().tolist() == before


# ---- Errors ----

REFUSED: list[tuple[Callable[[Worlds], Any], type[Exception], str]] = [
    (lambda _: penstock.worlds.make("Chess"), KeyError, "Chess.*CartPole-v1"),
    (lambda _: penstock.worlds.make("CartPole-v1", speed=3), KeyError, "speed.*reset_low"),
    (lambda _: penstock.worlds.make("CartPole-v1", reset_low=float("nan")), IndexError, "reset_low is nan"),
    (lambda _: penstock.worlds.make("CartPole-v1", reset_low="x"), ValueError, "reset_low is 'x'"),  # type: ignore[arg-type]
    (lambda _: penstock.worlds.make("CartPole-v1", 0), IndexError, "num_worlds is 0"),
    (lambda _: penstock.worlds.make("CartPole-v1", 2**63), OverflowError, "num_worlds"),
    (lambda _: penstock.worlds.make("CartPole-v1", threads=0), IndexError, "threads is 0"),
    (lambda _: penstock.worlds.make("CartPole-v1", threads=1025), IndexError, "threads is 1025"),
    (lambda _: penstock.worlds.make("CartPole-v1", buffers=3), IndexError, "buffers is 3"),
    (lambda _: penstock.worlds.make("CartPole-v1", episode_length=0), IndexError, "episode_length is 0"),
    (lambda _: penstock.worlds.make("CartPole-v1", autoreset="later"), ValueError, "'later'.*'next_step'"),  # type: ignore[arg-type]
    (lambda _: penstock.worlds.make("CartPole-v1", device="cuda:0"), RuntimeError, "cuda"),
    (lambda worlds: worlds.tensor("rewards"), KeyError, "rewards.*final_observation"),
    (lambda worlds: worlds.bounds("rewards"), KeyError, "rewards"),
    (lambda worlds: worlds.reset([True]), ValueError, r"\(1,\)"),
    (lambda worlds: worlds.reset([1, 0]), ValueError, "int64"),
    (lambda worlds: worlds.reset(seed=[1, 2, 3]), ValueError, "3 entries"),
    (lambda worlds: worlds.set_state(2, [0, 0, 0, 0]), IndexError, "world is 2"),
    (lambda worlds: worlds.set_state(0, [0, 0]), ValueError, "count is 2"),
    (lambda worlds: worlds.get_state(-1), IndexError, "world is -1"),
    (lambda worlds: worlds.parameter("mass"), KeyError, "mass"),
    (lambda worlds: worlds.set_parameter("reset_low", 1e9), IndexError, "reset_low"),
    (pickle.dumps, TypeError, "snapshot"),
    (copy.copy, TypeError, "snapshot"),
    (copy.deepcopy, TypeError, "snapshot"),
]


@pytest.mark.parametrize(("act", "error", "sentence"), REFUSED, ids=[f"{n}" for n in range(len(REFUSED))])
def test_what_cannot_be_is_refused_with_the_error_that_fits(
    act: Callable[[Worlds], Any], error: type[Exception], sentence: str
) -> None:
    worlds = penstock.worlds.make("CartPole-v1", num_worlds=2)
    before = worlds.hash().tolist()
    with pytest.raises(error, match=sentence):
        act(worlds)
    assert worlds.hash().tolist() == before


def test_an_action_out_of_its_bounds_is_an_index_error_that_names_world_and_value() -> None:
    worlds = penstock.worlds.make("CartPole-v1", num_worlds=3)
    worlds.action[:] = [0, 1, 7]
    before = worlds.hash().tolist()
    with pytest.raises(penstock.OutOfRangeError, match=r"world 2 is 7: expected 0 to 1"):
        worlds.step()
    worlds.step_async()
    with pytest.raises(IndexError, match="world 2 is 7"):
        worlds.wait()
    assert worlds.hash().tolist() == before


def test_nothing_but_waiting_is_done_while_a_step_runs() -> None:
    worlds = penstock.worlds.make("CartPole-v1", num_worlds=2)
    worlds.step_async()
    refused: list[Callable[[], Any]] = [
        worlds.step,
        worlds.reset,
        worlds.hash,
        worlds.snapshot,
        lambda: worlds.observation,
    ]
    for act in refused:
        with pytest.raises(penstock.InvalidArgumentError, match="wait"):
            act()
    worlds.wait()
    assert worlds.step_count == 1


def test_closed_worlds_refuse_everything_and_their_tensors_stay() -> None:
    with penstock.worlds.make("CartPole-v1", num_worlds=2) as worlds:
        observation = worlds.observation
        kept = observation.tolist()
    calls: list[Callable[[], Any]] = [
        worlds.step,
        worlds.reset,
        worlds.hash,
        worlds.wait,
        lambda: worlds.tensor("state"),
    ]
    for act in calls:
        with pytest.raises(penstock.InvalidArgumentError, match="NULL"):
            act()
    worlds.close()
    assert observation.tolist() == kept
    assert repr(worlds) == "Worlds(closed)"


def test_worlds_say_what_they_are() -> None:
    worlds = penstock.worlds.make("Pendulum-v1", num_worlds=7)
    assert repr(worlds) == "Worlds('Pendulum-v1', num_worlds=7)"
    assert (len(worlds), worlds.game, worlds.num_worlds, worlds.episode_length) == (7, "Pendulum-v1", 7, 200)


def test_a_world_that_is_not_finite_is_counted_and_the_others_go_on() -> None:
    worlds, sound = (penstock.worlds.make("Acrobot-v1", num_worlds=5, seed=2) for _ in range(2))
    worlds.step()
    sound.step()
    worlds.set_state(3, [float("inf"), 0, 0, 0])
    hashes, expected = play(worlds, 5), play(sound, 5)
    assert [a == b for a, b in zip(hashes, expected, strict=True)] == [True, True, True, False, True]
    assert (worlds.fault_count, worlds.faults()) == (1, [(3, 1)])


# ---- Threads and processes ----


def test_two_threads_step_worlds_of_their_own() -> None:
    expected = play(penstock.worlds.make("Acrobot-v1", num_worlds=3000), 10)
    found: list[list[int]] = []
    threads = [
        threading.Thread(target=lambda: found.append(play(penstock.worlds.make("Acrobot-v1", num_worlds=3000), 10)))
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [expected] * 3


@pytest.mark.parametrize("threads", [None, 3])
def test_a_forked_child_steps_on(threads: int | None) -> None:
    printed = children.run(
        f"""
        import os, sys, penstock
        def make():
            return penstock.worlds.make("Acrobot-v1", num_worlds=5000, threads={threads})
        expected, worlds = make(), make()
        for each in (expected, worlds):
            each.step_async()
            each.wait()
        expected.step()
        child = os.fork()
        worlds.step()
        same = worlds.hash().tolist() == expected.hash().tolist()
        if child == 0:
            made = make()
            made.step()
            os._exit(0 if same and made.step_count == 1 else 1)
        print(same, os.waitpid(child, 0)[1])
        """
    )
    assert printed == "True 0\n"


def test_worlds_may_go_with_the_interpreter_while_a_step_runs() -> None:
    assert (
        children.run(
            """
        import penstock
        worlds = penstock.worlds.make("Acrobot-v1", num_worlds=20000)
        worlds.step_async()
        print("left")
        """
        )
        == "left\n"
    )
