"""The page that plays a recording, in a headless Chromium: what it shows, and what its controls do."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt
import penstock
import pytest
from browser import Browser
from penstock import worlds

STEPS = 60
Picture: TypeAlias = npt.NDArray[Any]

# Chromium and the engine round edges otherwise: a pixel on one may differ by a lot, the others hardly.
LARGEST_MEAN_DIFFERENCE = 2.0  # of 255
LOCKED_DOOR = "name: The locked door\n#######\n#@.A.G#\n#a..#.#\n#######\n"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


@pytest.fixture(autouse=True)
def _no_complaints(browser: Browser) -> Iterator[None]:
    browser.complaints.clear()
    browser.requests.clear()
    yield
    assert browser.complaints == []
    assert all(url.startswith(("file:", "data:,")) for url in browser.requests), browser.requests


class Film:
    """A recording of random actions, its page, and the worlds as they were before each step."""

    def __init__(self, folder: Path, game: str, steps: int = STEPS, num_worlds: int = 3, **options: Any) -> None:
        self.recording, self.page = folder / "run.psr", folder / "run.html"
        played = worlds.make(game, num_worlds=num_worlds, seed=5, **options)
        self.worlds, chance = played, np.random.default_rng(1)
        low, high = (np.asarray(bound) for bound in played.bounds("action"))
        action = np.from_dlpack(played.action)
        self.snapshots = [played.snapshot()]
        self.rewards = []
        with played.record(self.recording):
            for _ in range(steps):
                drawn = chance.uniform(low, high + (action.dtype.kind == "i"), action.shape)
                action[...] = np.minimum(np.floor(drawn) if action.dtype.kind == "i" else drawn, high)
                played.step()
                self.snapshots.append(played.snapshot())
                self.rewards.append(np.array(np.from_dlpack(played.reward)).reshape(num_worlds, -1))

    def make(self, **options: Any) -> Path:
        assert worlds.replay_page(self.recording, self.page, **options).same
        return self.page

    def picture(self, world: int, step: int, like: Picture) -> Picture:
        """The engine's own picture, as large as another."""
        self.worlds.restore(self.snapshots[step])
        height, width, _ = like.shape
        return np.from_dlpack(self.worlds.render(world, width=width, height=height))


def difference(one: Picture, other: Picture) -> float:
    return float(np.abs(one.astype(float) - other).mean())


def go_to(browser: Browser, frame: int) -> None:
    browser.press("Home")
    for _ in range(frame // 10):
        browser.press("ArrowRight", shift=True)
    for _ in range(frame % 10):
        browser.press("ArrowRight")


@pytest.fixture(scope="module")
def escape_room(tmp_path_factory: pytest.TempPathFactory) -> Film:
    film = Film(tmp_path_factory.mktemp("escape_room"), "EscapeRoom")
    film.make()
    return film


def test_it_shows_what_was_recorded(browser: Browser, escape_room: Film) -> None:
    browser.open(escape_room.page)
    assert browser.text("game") == "EscapeRoom"
    assert browser.text("about").startswith("60 steps of 3 worlds, recorded by penstock")
    assert browser.text("verdict") == "verified: every hash is the recorded one"
    assert browser.evaluate("document.title") == "EscapeRoom · replay"
    assert browser.evaluate("[...document.querySelectorAll('#worlds button')].map((button) => button.textContent)") == [
        "world 0",
        "world 1",
        "world 2",
    ]


def test_it_plays_and_pauses(browser: Browser, escape_room: Film) -> None:
    browser.open(escape_room.page)
    assert browser.text("time") == "0 / 60"
    browser.click("#play")
    browser.wait_for("Number(document.getElementById('scrub').value) > 3")
    browser.press(" ")
    assert "play" in browser.text("play")
    stopped = browser.text("time")
    for _ in range(5):
        assert browser.text("time") == stopped


def test_it_stops_at_the_end_and_starts_again(browser: Browser, escape_room: Film) -> None:
    browser.open(escape_room.page)
    browser.press("End")
    assert browser.text("time") == "60 / 60"
    browser.press(" ")
    browser.wait_for("Number(document.getElementById('scrub').value) < 60")
    for _ in range(4):
        browser.press("+")
    browser.wait_for("document.getElementById('play').textContent.includes('play')")
    assert browser.text("time") == "60 / 60"


def test_it_scrubs(browser: Browser, escape_room: Film) -> None:
    browser.open(escape_room.page)
    browser.click("#scrub")
    assert browser.text("time") == "30 / 60"
    browser.press("ArrowLeft")
    assert browser.text("step") == "29"
    box = browser.evaluate(
        "(({ x, y, width, height }) => [x, y, width, height])(document.getElementById('curve').getBoundingClientRect())"
    )
    browser.click_at(box[0] + box[2] - 9, box[1] + box[3] / 2)
    assert browser.text("time") == "60 / 60"


@pytest.mark.parametrize("frame", [0, 17, 60])
def test_it_paints_what_the_engine_draws(browser: Browser, escape_room: Film, frame: int) -> None:
    browser.open(escape_room.page)
    browser.press("l")
    browser.click("#worlds button:nth-child(2)")
    go_to(browser, frame)
    painted = browser.canvas("picture")
    expected = escape_room.picture(1, frame, painted)
    assert difference(painted, expected) < LARGEST_MEAN_DIFFERENCE
    assert difference(painted, escape_room.picture(2, frame, painted)) > difference(painted, expected)


def test_the_lidar_is_on_until_it_is_turned_off(browser: Browser, escape_room: Film) -> None:
    browser.open(escape_room.page)
    go_to(browser, 20)
    seen = browser.canvas("picture")
    bare = escape_room.picture(0, 20, seen)
    browser.click("#overlays button")
    assert difference(browser.canvas("picture"), bare) < LARGEST_MEAN_DIFFERENCE
    is_ray = np.abs(seen.astype(int) - browser.canvas("picture")).max(axis=-1) > 20
    assert 0.003 < is_ray.mean() < 0.5
    browser.press("l")
    assert (browser.canvas("picture") == seen).all()


def test_another_world_is_another_picture(browser: Browser, escape_room: Film) -> None:
    browser.open(escape_room.page)
    first = browser.canvas("picture")
    browser.click("#worlds button:nth-child(3)")
    assert difference(browser.canvas("picture"), first) > 1
    assert browser.text("seed") == "7"
    browser.press("ArrowDown")
    assert (browser.canvas("picture") == first).all()


def test_the_rewards_are_those_of_the_run(browser: Browser, escape_room: Film) -> None:
    browser.open(escape_room.page)
    go_to(browser, 25)
    shown = [float(number) for number in browser.text("reward").split(" · ")]
    assert shown == pytest.approx(escape_room.rewards[24][0], abs=1e-3)
    shown = [float(number) for number in browser.text("return").split(" · ")]
    assert shown == pytest.approx(np.sum([rewards[0] for rewards in escape_room.rewards[:25]], axis=0), rel=1e-3)
    assert len(np.unique(browser.canvas("curve").reshape(-1, 3), axis=0)) > 10


GAMES: list[tuple[str, dict[str, Any]]] = [
    ("CartPole-v1", {}),
    ("MountainCarContinuous-v0", {}),
    ("Pendulum-v1", {}),
    ("Acrobot-v1", {}),
    ("GridWorld", {"level": LOCKED_DOOR}),
]


@pytest.mark.parametrize(("game", "options"), GAMES)
def test_every_game_is_painted(browser: Browser, tmp_path: Path, game: str, options: dict[str, Any]) -> None:
    film = Film(tmp_path, game, steps=30, num_worlds=2, autoreset="disabled", **options)
    browser.open(film.make(worlds=[1]))
    go_to(browser, 12)
    painted = browser.canvas("picture")
    expected = film.picture(1, 12, painted)
    assert difference(painted, expected) < LARGEST_MEAN_DIFFERENCE
    assert len(np.unique(painted.reshape(-1, 3), axis=0)) > 3


def test_a_level_says_its_name_whatever_that_is(browser: Browser, tmp_path: Path) -> None:
    name = "</script><script>window.broken = 1</script><b>&amp;\"' \u2028 ü"
    film = Film(tmp_path, "GridWorld", steps=3, level=f"name: {name}\n@.G\n")
    browser.open(film.make())
    assert browser.text("caption") == name
    assert browser.evaluate("window.broken === undefined")


def test_light_or_dark_as_the_system_is_and_as_one_likes(browser: Browser, escape_room: Film) -> None:
    grounds = []
    for is_dark in (False, True):
        browser.set_dark(is_dark)
        browser.open(escape_room.page)
        grounds.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
        browser.press("t")
        grounds.append(browser.evaluate("getComputedStyle(document.body).backgroundColor"))
    browser.set_dark(False)
    assert grounds[0] == grounds[3] != grounds[1] == grounds[2]


def test_what_is_done_between_steps_is_a_frame(browser: Browser, tmp_path: Path) -> None:
    recording, page = tmp_path / "run.psr", tmp_path / "run.html"
    played = worlds.make("CartPole-v1", num_worlds=2)
    with played.record(recording):
        for _ in range(4):
            played.step()
        played.set_state(0, [1.5, 0, 0.1, 0])
        played.reset([False, True], seed=40)
        played.step()
    worlds.replay_page(recording, page)
    browser.open(page)
    assert browser.text("time") == "0 / 6"
    go_to(browser, 5)
    assert browser.text("step") == "4, then set anew"
    painted = browser.canvas("picture")
    again = worlds.make("CartPole-v1")
    again.set_state(0, [1.5, 0, 0.1, 0])
    height, width, _ = painted.shape
    assert difference(painted, np.from_dlpack(again.render(0, width=width, height=height))) < LARGEST_MEAN_DIFFERENCE
    browser.press("ArrowDown")
    assert (browser.text("seed"), browser.text("episode")) == ("41", "0")


def test_the_return_starts_anew_with_each_episode(browser: Browser, tmp_path: Path) -> None:
    film = Film(tmp_path, "CartPole-v1", steps=20, num_worlds=1, episode_length=8)
    browser.open(film.make())
    expected = {8: ("8, truncated", "8"), 9: ("9", "1"), 16: ("16, truncated", "8")}
    for frame, (step, returned) in expected.items():
        go_to(browser, frame)
        assert (browser.text("step"), browser.text("return")) == (step, returned)


def test_it_shows_the_steps_that_were_asked_for(browser: Browser, tmp_path: Path) -> None:
    film = Film(tmp_path, "Pendulum-v1", steps=30)
    browser.open(film.make(first_step=10, steps=5, worlds=[2]))
    assert (browser.text("time"), browser.text("step")) == ("0 / 5", "10")
    painted = browser.canvas("picture")
    assert difference(painted, film.picture(2, 10, painted)) < LARGEST_MEAN_DIFFERENCE
    browser.press("End")
    assert browser.text("step") == "15"


def test_a_narrow_window_has_it_all(browser: Browser, escape_room: Film) -> None:
    browser.resize(400, 800)
    browser.open(escape_room.page)
    browser.resize(1280, 800)
    assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_page_is_small(tmp_path: Path) -> None:
    page = Film(tmp_path, "EscapeRoom", steps=200, num_worlds=8).make()
    assert page.stat().st_size < 1_500_000


def test_a_recording_that_is_cut_short_says_so(browser: Browser, tmp_path: Path) -> None:
    film = Film(tmp_path, "CartPole-v1", steps=5)
    film.recording.write_bytes(film.recording.read_bytes()[:-100])
    assert not worlds.replay_page(film.recording, film.page).complete
    browser.open(film.page)
    assert "cut short after" in browser.text("verdict")


def test_what_cannot_be_shown_is_refused_and_leaves_the_page_that_was(tmp_path: Path) -> None:
    film = Film(tmp_path, "CartPole-v1", steps=5)
    film.page.write_text("mine")
    refusals: list[tuple[dict[str, Any], type[penstock.Error], str]] = [
        ({"worlds": [3]}, penstock.OutOfRangeError, "world is 3: expected 0 to 2"),
        ({"worlds": [1, 1]}, penstock.InvalidArgumentError, "world 1 is to be shown twice"),
        ({"worlds": []}, penstock.InvalidArgumentError, "worlds is empty"),
        ({"first_step": 6}, penstock.OutOfRangeError, "first_step is 6: expected 0 to 5"),
        ({"steps": 0}, penstock.OutOfRangeError, "step_count is 0: expected 1 to 100000"),
        ({"worlds": range(65)}, penstock.OutOfRangeError, "world_count is 65: expected 0 to 64"),
    ]
    for options, error, message in refusals:
        with pytest.raises(error, match=message):
            worlds.replay_page(film.recording, film.page, **options)
        assert film.page.read_text() == "mine"
    with pytest.raises(penstock.NotFoundError, match="missing"):
        worlds.replay_page(film.recording, tmp_path / "missing" / "run.html")


def test_the_program_writes_it_too(browser: Browser, tmp_path: Path) -> None:
    film = Film(tmp_path, "CartPole-v1", steps=5, num_worlds=12)
    command = [sys.executable, "-m", "penstock", "replay", str(film.recording), "--page", str(film.page), "--worlds"]
    done = subprocess.run([*command, "3,11", "--steps", "2"], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("run.html: open it in a browser\n")
    browser.open(film.page)
    assert browser.text("time") == "0 / 2"
    browser.press("ArrowDown")
    assert browser.evaluate("document.querySelector('#worlds [aria-pressed=true]').textContent") == "world 11"
    refused = subprocess.run([*command, "3,x"], capture_output=True, text=True, check=False)
    assert refused.returncode == 2
    assert "3,x" in refused.stderr
