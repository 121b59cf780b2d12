"""Worlds.render() beside Gymnasium's own pictures, which pygame draws: recognisably the same, pixel by pixel."""

from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt
import penstock
import pytest

Picture = npt.NDArray[np.uint8]

# How far two pictures are apart, as a share of what is drawn at all.  pygame rounds corners to whole pixels and draws
# borders its own way, which makes 0.04 to 0.16; a picture that is moved by five pixels is 0.3 off at least, a mirrored
# one more than 1.
LARGEST_DIFFERENCE = 0.2

# None with left and right alike, which a mirror would not change.
STATES = [
    ("CartPole-v1", [1.2, 0.0, 0.15, 0.0]),
    ("CartPole-v1", [-0.7, 0.0, -0.2, 0.0]),
    ("MountainCar-v0", [-0.5, 0.0]),
    ("MountainCar-v0", [0.3, 0.0]),
    ("MountainCar-v0", [-1.1, 0.0]),
    ("MountainCarContinuous-v0", [-0.5, 0.0]),
    ("MountainCarContinuous-v0", [0.45, 0.0]),
    ("Pendulum-v1", [2.5, 0.0]),
    ("Pendulum-v1", [-0.8, 0.0]),
    ("Acrobot-v1", [0.5, 0.7, 0.0, 0.0]),
    ("Acrobot-v1", [-2.0, 1.5, 0.0, 0.0]),
]


@pytest.fixture(autouse=True)
def _no_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SDL_VIDEODRIVER", "dummy")


def our_worlds(name: str, state: list[float]) -> penstock.worlds.Worlds:
    worlds = penstock.worlds.make(name, num_worlds=1, precision="f64", rng="gymnasium")
    worlds.set_state(0, state)
    return worlds


def our_picture(worlds: penstock.worlds.Worlds) -> Picture:
    return np.array(np.from_dlpack(worlds.render(0)))


def their_environment(name: str, state: list[float]) -> Any:
    environment: Any = gymnasium.make(name, render_mode="rgb_array").unwrapped
    environment.reset(seed=0)
    environment.state = np.array(state)
    return environment


def difference(ours: Picture, theirs: Picture) -> float:
    drawn = (255 - theirs.astype(np.int16)).mean()
    return float(np.abs(ours.astype(np.int16) - theirs).mean() / drawn)


def assert_alike(ours: Picture, theirs: Picture) -> None:
    assert ours.dtype == np.uint8
    assert ours.shape == theirs.shape
    assert difference(ours, theirs) < LARGEST_DIFFERENCE
    assert difference(ours[:, ::-1], theirs) > LARGEST_DIFFERENCE
    assert difference(ours[::-1], theirs) > LARGEST_DIFFERENCE
    for axis in (0, 1):
        for pixels in (-5, 5):
            assert difference(np.roll(ours, pixels, axis), theirs) > LARGEST_DIFFERENCE


def dark_pixels(picture: Picture) -> npt.NDArray[np.bool_]:
    dark: npt.NDArray[np.bool_] = picture.max(axis=2) < 100
    return dark


@pytest.mark.parametrize(("name", "state"), STATES)
def test_a_picture_is_like_gymnasiums(name: str, state: list[float]) -> None:
    assert_alike(our_picture(our_worlds(name, state)), their_environment(name, state).render())


@pytest.mark.parametrize("torque", [-2.0, -0.8, 0.5, 1.3])
def test_a_pendulum_shows_the_torque_of_its_last_step(torque: float) -> None:
    state = [2.5, 0.0]
    worlds, environment = our_worlds("Pendulum-v1", state), their_environment("Pendulum-v1", state)
    resting = our_picture(worlds)
    worlds.action[:] = torque
    worlds.step()
    environment.step(np.array([torque], np.float32))
    ours, theirs = our_picture(worlds), environment.render()
    assert_alike(ours, theirs)
    assert dark_pixels(ours).sum() > dark_pixels(resting).sum()
    # The arrow leaves out a quarter on the left or on the right.
    assert np.nonzero(dark_pixels(ours))[1].mean() == pytest.approx(np.nonzero(dark_pixels(theirs))[1].mean(), abs=1.5)


def test_rendering_leaves_the_worlds_as_they_are() -> None:
    worlds = our_worlds("Acrobot-v1", [0.5, 0.7, 1.0, -1.0])
    before = worlds.hash().tolist()
    first, second = our_picture(worlds), our_picture(worlds)
    assert worlds.hash().tolist() == before
    assert np.array_equal(first, second)


def test_each_world_has_its_own_picture() -> None:
    worlds = penstock.worlds.make("CartPole-v1", num_worlds=3)
    worlds.set_state(2, [1.2, 0.0, 0.15, 0.0])
    alone = our_worlds("CartPole-v1", [1.2, 0.0, 0.15, 0.0])
    assert difference(np.array(np.from_dlpack(worlds.render(2))), our_picture(alone)) < 0.01
    assert difference(np.array(np.from_dlpack(worlds.render(1))), our_picture(alone)) > LARGEST_DIFFERENCE
