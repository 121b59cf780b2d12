"""Recordings of worlds from Python: what is recorded, how it is replayed, and what a changed file is refused with."""

import random
from pathlib import Path
from typing import Any

import penstock
import pytest
from penstock import worlds


def play(played: worlds.Worlds, steps: int, seed: int = 0) -> None:
    chance = random.Random(seed)
    for _ in range(steps):
        played.action[:] = [chance.randint(0, 1) for _ in range(played.num_worlds)]
        played.step()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "run.psr"


@pytest.fixture
def recording(path: Path) -> Path:
    """Of 16 worlds, 30 steps."""
    played = worlds.make("CartPole-v1", num_worlds=16, seed=3)
    with played.record(path):
        play(played, 30)
    return path


def test_a_run_replays_the_same(recording: Path) -> None:
    report = worlds.replay(recording)
    assert (report.same, report.complete) == (True, True)
    assert (report.game, report.num_worlds, report.steps) == ("CartPole-v1", 16, 30)
    assert (report.differing_step, report.differing_world, report.differing_tensor) == (None, None, None)
    assert str(report) == "the same: 30 steps of 16 worlds of CartPole-v1"


@pytest.mark.parametrize("kernel", ["scalar", "16_bytes"])
@pytest.mark.parametrize("threads", [1, 3])
def test_threads_and_kernel_change_nothing(recording: Path, threads: int, kernel: Any) -> None:
    assert worlds.replay(recording, threads=threads, kernel=kernel).same


def test_all_that_is_done_is_recorded(path: Path) -> None:
    played = worlds.make("CartPole-v1", num_worlds=4, autoreset="disabled", buffers=2)
    play(played, 5)
    with played.record(path):
        play(played, 3)
        played.reset([True, False, True, False], seed=[5, 6, 7, 8])
        kept = played.snapshot()
        played.set_state(1, [0, 0, 0.125, 0])
        name = next(iter(played.parameters()))
        played.set_parameter(name, played.parameter(name))
        played.step_async()
        played.wait()
        played.restore(kept, source=[0], into=[3])
        play(played, 3)
    report = worlds.replay(path)
    assert (report.same, report.complete, report.steps) == (True, True, 7)


def test_stopping_ends_it_and_stopping_again_does_nothing(path: Path) -> None:
    played = worlds.make("CartPole-v1")
    first = played.record(path)
    assert repr(first) == f"Recording({str(path)!r}, going on)"
    played.step()
    first.stop()
    second = played.record(path.with_name("other.psr"))
    first.stop()
    played.step()
    second.stop()
    assert worlds.replay(path).steps == worlds.replay(path.with_name("other.psr")).steps == 1


def test_closing_the_worlds_leaves_the_recording_to_be_stopped(path: Path) -> None:
    played = worlds.make("CartPole-v1")
    recorded = played.record(path)
    played.step()
    played.close()
    recorded.stop()
    assert worlds.replay(path).complete


def test_the_end_of_the_worlds_ends_it(path: Path) -> None:
    played = worlds.make("CartPole-v1")
    played.record(path)
    played.step()
    played.close()
    assert worlds.replay(path).complete


def test_what_the_block_raises_comes_out_and_the_file_is_complete(path: Path) -> None:
    played = worlds.make("CartPole-v1")
    with pytest.raises(KeyError, match="mine"), played.record(path):
        raise KeyError("mine")
    assert worlds.replay(path).complete


def test_worlds_are_recorded_once_at_a_time(path: Path) -> None:
    played = worlds.make("CartPole-v1")
    with played.record(path), pytest.raises(penstock.errors.InvalidArgumentError, match="already"):
        played.record(path.with_name("other.psr"))
    assert not path.with_name("other.psr").exists()


def test_a_folder_that_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(penstock.errors.NotFoundError, match=r"missing/run\.psr"):
        worlds.make("CartPole-v1").record(tmp_path / "missing" / "run.psr")


def test_a_file_cut_short_is_replayed_up_to_where_it_ends(recording: Path) -> None:
    recording.write_bytes(recording.read_bytes()[:-700])
    report = worlds.replay(recording)
    assert (report.same, report.complete) == (True, False)
    assert 0 < report.steps < 30
    assert str(report).endswith("; the recording is cut short there")


def test_no_changed_byte_is_called_the_same(recording: Path) -> None:
    content = recording.read_bytes()
    chance = random.Random(11)
    for place in chance.sample(range(len(content)), 150):
        changed = bytearray(content)
        changed[place] ^= chance.randint(1, 255)
        recording.write_bytes(changed)
        with pytest.raises(penstock.errors.DataError, match=r"run\.psr"):
            worlds.replay(recording)


def test_a_damaged_hash_names_step_and_world(path: Path) -> None:
    played = worlds.make("CartPole-v1", num_worlds=1)
    with played.record(path):
        play(played, 1)
        before = path.stat().st_size
        play(played, 1)
    content = bytearray(path.read_bytes())
    content[before + 32 + 1] ^= 1  # behind the event's head and a byte of actions
    path.write_bytes(content)
    with pytest.raises(
        penstock.errors.DataError, match=r"damaged at step 1 .* the first world that does not fit is world 0"
    ):
        worlds.replay(path)


def test_what_is_no_recording_is_refused(path: Path) -> None:
    path.write_bytes(b"something else")
    with pytest.raises(penstock.errors.DataError, match="not a recording"):
        worlds.replay(path)
    with pytest.raises(penstock.errors.NotFoundError, match="missing"):
        worlds.replay(path.with_name("missing.psr"))


def test_progress_is_told_and_can_cancel(recording: Path) -> None:
    seen: list[tuple[int, int]] = []
    worlds.replay(recording, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (recording.stat().st_size, recording.stat().st_size)
    with pytest.raises(penstock.errors.CancelledError):
        worlds.replay(recording, progress=lambda done, total: True)


@pytest.mark.parametrize(("threads", "kernel"), [(0, "automatic"), (1, "abacus")])
def test_options_that_cannot_be_are_refused(recording: Path, threads: int, kernel: Any) -> None:
    with pytest.raises(
        (penstock.errors.OutOfRangeError, penstock.errors.InvalidArgumentError), match=r"threads|abacus"
    ):
        worlds.replay(recording, threads=threads, kernel=kernel)


def test_runs_that_follow_gymnasium_say_so(path: Path) -> None:
    played = worlds.make("Pendulum-v1", num_worlds=2, rng="gymnasium", precision="f64")
    with played.record(path):
        played.step()
    assert worlds.replay(path).follows_libm


def test_a_difference_is_told_in_a_sentence() -> None:
    told = worlds.Replay("CartPole-v1", 16, 12, False, False, False, 11, 3, 2, "reward")
    assert str(told) == "CartPole-v1 differs in step 11: world 3, reward (2 of 16 worlds differ)"
    hidden = worlds.Replay("CartPole-v1", 16, 12, False, False, True, 12, 3, 1, None)
    assert str(hidden).startswith("CartPole-v1 differs at the end, after 12 steps: world 3, what is not shown")
    assert str(hidden).endswith("libm's, which may differ on another machine")
