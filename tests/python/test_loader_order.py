"""The order of batches: the same whatever the threads, everything once, and taken up again anywhere."""

import hashlib
import itertools
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import Any

import killed_loaders
import lc0_games
import numpy as np
import penstock
import pytest
from penstock import loader


@pytest.fixture(scope="module")
def games(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Thirty made games of 1 to 30 positions; values[:, 2, 0] (played_q) is a number of each position's own."""
    folder = tmp_path_factory.mktemp("games")
    number = 0
    for game in range(30):
        records = lc0_games.made_game(game, game + 1)
        records["played_q"] = np.arange(number, number + game + 1)
        number += game + 1
        (folder / f"game_{game:02}").write_bytes(records.tobytes())
    return folder


POSITIONS = 30 * 31 // 2


def config_of(folder: Path, **stages: Any) -> dict[str, Any]:
    """Options with a small reservoir; the keyword of a stage adds to it."""
    config: dict[str, Any] = {
        "file_path_provider": {"directory": folder},
        "shuffling_frame_sampler": {"reservoir_size_per_thread": 100},
        "tensor_generator": {"batch_size": 32},
        "epochs": 1,
    }
    for name, value in stages.items():
        config[name] = {**config[name], **value} if isinstance(value, dict) and name in config else value
    return config


def numbers(batches: Any) -> list[int]:
    """The numbers of the positions in some batches."""
    return [int(number) for batch in batches for number in np.asarray(batch[2])[:, 2, 0]]


def digest(config: dict[str, Any]) -> str:
    """What tells the bytes of all batches from others."""
    found = hashlib.blake2b()
    with loader.DataLoader(config) as batches:
        for batch in batches:
            found.update(b"".join(memoryview(part) for part in batch))
    return found.hexdigest()


def test_threads_and_queues_change_no_byte(games: Path) -> None:
    expected = digest(config_of(games))
    for threads, capacity in itertools.product((1, 2, 7), (1, 3, 50)):
        stages = {
            "file_path_provider": {"queue_capacity": capacity},
            "chunk_source_loader": {"threads": threads, "queue_capacity": capacity},
            "shuffling_chunk_pool": {
                "indexing_threads": threads, "chunk_loading_threads": threads, "queue_capacity": capacity,
            },
            "chunk_unpacker": {"threads": threads, "queue_capacity": capacity},
            "shuffling_frame_sampler": {"queue_capacity": capacity},
            "tensor_generator": {"threads": threads, "queue_capacity": capacity},
        }  # fmt: skip
        assert digest(config_of(games, **stages)) == expected


def test_another_seed_or_reservoir_gives_another_order(games: Path) -> None:
    configs = [config_of(games), config_of(games, seed=1)]
    configs += [config_of(games, shuffling_frame_sampler={"reservoir_size_per_thread": size}) for size in (0, 2, 50)]
    configs += [config_of(games, shuffling_frame_sampler={"threads": 2}), config_of(games, epochs=2)]
    digests = [digest(config) for config in configs]
    assert len(set(digests[:-1])) == len(digests) - 1
    assert digests[-1] == digests[0], "iterating stops at the end of an epoch"


@pytest.mark.parametrize("reservoir", [0, 1, 7, 100, POSITIONS, 10_000])
def test_an_epoch_has_every_position_once(games: Path, reservoir: int) -> None:
    stages = {"shuffling_frame_sampler": {"reservoir_size_per_thread": reservoir}, "epochs": 3}
    with loader.DataLoader(config_of(games, **stages)) as batches:
        orders = [numbers(batches) for _ in range(3)]
        assert list(batches) == []
    for order in orders:
        assert sorted(order) == list(range(POSITIONS))
    assert len({tuple(order) for order in orders}) == 3


def test_small_pools_shuffle_windows_in_the_order_of_arrival(games: Path) -> None:
    stages = {
        "shuffling_chunk_pool": {"chunk_pool_size": 10},
        "shuffling_frame_sampler": {"reservoir_size_per_thread": 0},
    }
    order = numbers(loader.DataLoader(config_of(games, **stages)))
    assert [set(order[:55]), set(order[55:210]), set(order[210:])] == [
        set(range(55)),
        set(range(55, 210)),
        set(range(210, 465)),
    ]
    assert order != sorted(order)


def test_a_reservoir_mixes_games(games: Path) -> None:
    order = numbers(loader.DataLoader(config_of(games)))
    neighbours = sum(1 for one, other in itertools.pairwise(order) if abs(one - other) == 1)
    assert neighbours < POSITIONS / 20


def test_get_next_goes_on_into_the_next_epoch_until_the_end(games: Path) -> None:
    batches = loader.DataLoader(config_of(games, epochs=2))
    sizes = [len(batches.get_next()[0]) for _ in range(30)]
    assert sizes == ([32] * 14 + [17]) * 2
    with pytest.raises(loader.EndOfData, match="2 epochs"):
        batches.get_next()


def test_iterating_after_the_last_batch_begins_the_next_epoch(games: Path) -> None:
    batches = loader.DataLoader(config_of(games, epochs=2))
    first = [batches.get_next() for _ in range(15)]
    assert sorted(numbers(first)) == sorted(numbers(batches)) == list(range(POSITIONS))


def test_drop_last_leaves_out_what_fills_no_batch(games: Path) -> None:
    batches = loader.DataLoader(config_of(games, tensor_generator={"drop_last": True}, epochs=2))
    assert [[len(batch[0]) for batch in batches] for _ in range(2)] == [[32] * 14] * 2
    too_large = config_of(games, tensor_generator={"drop_last": True, "batch_size": 1000}, epochs=None)
    assert list(loader.DataLoader(too_large)) == []
    with pytest.raises(penstock.DataError, match="gave no batch"):
        loader.DataLoader(too_large).get_next()


def test_a_share_of_positions_is_sampled(games: Path) -> None:
    half = config_of(games, chunk_unpacker={"position_sampling_rate": 0.5}, epochs=2)
    with loader.DataLoader(half) as batches:
        first, second = numbers(batches), numbers(batches)
    assert 150 < len(first) < 320
    assert len(set(first)) == len(first)
    assert set(first) != set(second)
    assert numbers(loader.DataLoader(half)) == first


def test_exactly_so_many_positions_of_each_game_are_chosen(games: Path) -> None:
    order = numbers(loader.DataLoader(config_of(games, chunk_unpacker={"position_count": 4})))
    first = [game * (game + 1) // 2 for game in range(31)]
    found = Counter(next(game for game in range(30) if number < first[game + 1]) for number in order)
    assert found == {game: min(4, game + 1) for game in range(30)}
    assert len(set(order)) == len(order)


def test_hanse_sampling_weighs_games_by_their_length(games: Path) -> None:
    stages = {
        "chunk_unpacker": {"position_count": 1},
        "shuffling_chunk_pool": {"hanse_sampling_threshold": 20, "hanse_sampling_gamma": 2.0},
        "epochs": 200,
    }
    with loader.DataLoader(config_of(games, **stages)) as batches:
        found = [number for _ in range(200) for number in numbers(batches)]
    first = [game * (game + 1) // 2 for game in range(31)]
    for game in range(30):
        seen = sum(first[game] <= number < first[game + 1] for number in found)
        expected = 200 * min(1, (game + 1) / 20) ** 2
        assert abs(seen - expected) < 5 * max(expected * (1 - expected / 200), 1) ** 0.5 + 1e-9


def test_diff_focus_keeps_what_the_network_misjudged(tmp_path: Path) -> None:
    records = lc0_games.made_game(1, 4000)
    records["played_q"] = np.arange(4000)
    records["orig_q"][:1000] = np.nan
    (tmp_path / "game").write_bytes(records.tobytes())
    focus = {
        f"diff_focus_{name}": value
        for name, value in (("min", 0.1), ("slope", 0.5), ("q_weight", 2.0), ("policy_scale", 1.0))
    }
    kept = set(numbers(loader.DataLoader(config_of(tmp_path, chunk_unpacker=focus))))
    assert kept >= set(range(1000)) or not np.isnan(records["orig_q"][:1000]).all()
    weight = (2.0 * np.abs(records["best_q"].astype(float) - records["orig_q"]) + records["policy_kld"]) / 3.0
    chance = np.where(np.isnan(records["orig_q"]), 1.0, np.minimum(1, 0.1 + 0.5 * weight))
    for number in np.flatnonzero(chance == 1):
        assert int(number) in kept
    finite = np.isfinite(chance)
    expected, variance = chance[finite].sum(), (chance * (1 - chance))[finite].sum()
    seen = sum(int(number) in kept for number in np.flatnonzero(finite))
    assert abs(seen - expected) < 5 * variance**0.5 + 1


def test_outputs_are_disjoint_and_cover_the_games(games: Path) -> None:
    shares = {"train": 0.7, "test": 0.3}
    both = loader.DataLoader(config_of(games, outputs=shares, epochs=2))
    train, test = numbers(both.iterate("train")), numbers(both.iterate("test"))
    assert sorted(train + test) == list(range(POSITIONS))
    assert sorted(numbers(both.iterate("train"))) == sorted(train), "a game stays in its share"
    with pytest.raises(penstock.InvalidArgumentError, match="'train', 'test'"):
        both.get_next()


def test_an_anchor_leaves_out_the_files_before_it(games: Path) -> None:
    stages = {"file_path_provider": {"anchor": "game_10"}}
    assert sorted(numbers(loader.DataLoader(config_of(games, **stages)))) == list(range(55, POSITIONS))
    with pytest.raises(penstock.NotFoundError, match="game_99"):
        loader.DataLoader(config_of(games, file_path_provider={"anchor": "game_99"})).get_next()


@pytest.mark.parametrize("reservoir", [0, 40, 5000])
def test_a_state_gives_the_batch_that_would_have_come(games: Path, reservoir: int) -> None:
    config = config_of(games, shuffling_frame_sampler={"reservoir_size_per_thread": reservoir}, epochs=3)
    batches = loader.DataLoader(config)
    states, orders = [batches.state()], []
    while True:
        try:
            orders.append(numbers([batches.get_next()]))
        except loader.EndOfData:
            break
        states.append(batches.state())
    assert max(map(len, states)) < 1000
    for taken in range(0, 46, 5):
        later = loader.DataLoader({**config, "chunk_unpacker": {"threads": 3}})
        later.restore(states[taken])
        assert later.state() == states[taken] or taken == 0
        for expected in orders[taken:]:
            assert numbers([later.get_next()]) == expected
        with pytest.raises(loader.EndOfData):
            later.get_next()


def test_stop_and_start_go_on_where_the_consumer_was(games: Path) -> None:
    whole = numbers(loader.DataLoader(config_of(games)))
    batches = loader.DataLoader(config_of(games))
    found = []
    for _ in range(15):
        found += numbers([batches.get_next()])
        batches.stop()
        with pytest.raises(penstock.CancelledError, match="stopped"):
            batches.get_next()
        batches.start()
    assert found == whole


def test_outputs_are_restored_together(games: Path) -> None:
    config = config_of(games, outputs={"train": 0.7, "test": 0.3})
    both = loader.DataLoader(config)
    both.get_next("train")
    later = loader.DataLoader(config)
    later.restore(both.state())
    assert numbers(later.iterate("train")) == numbers(both.iterate("train"))
    for wrong in (b"", loader.DataLoader(config_of(games)).state(), both.state()[:-1]):
        with pytest.raises(penstock.DataError):
            later.restore(wrong)


def test_states_of_other_loaders_and_damaged_ones_are_refused(games: Path, tmp_path: Path) -> None:
    batches = loader.DataLoader(config_of(games))
    batches.get_next()
    state = batches.state()
    with pytest.raises(penstock.DataError, match="other options"):
        loader.DataLoader(config_of(games, seed=1)).restore(state)
    for damaged in (state[:-1], state[:40] + b"x" + state[41:], b"", state + b"x"):
        with pytest.raises(penstock.DataError):
            loader.DataLoader(config_of(games)).restore(damaged)
    (tmp_path / "other").write_bytes(lc0_games.made_game(1, 3).tobytes())
    elsewhere = loader.DataLoader(config_of(tmp_path))
    elsewhere.restore(state)
    with pytest.raises(penstock.DataError, match="not those that the state was taken with"):
        elsewhere.get_next()


def test_killed_processes_go_on_with_exactly_what_remains(games: Path) -> None:
    ended = subprocess.run(
        [sys.executable, killed_loaders.__file__, str(games), "100"], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_stop_wakes_a_blocked_get_next(tmp_path: Path) -> None:
    batches = loader.DataLoader(config_of(tmp_path, file_path_provider={"watch": True}))
    raised: list[BaseException] = []

    def wait() -> None:
        try:
            batches.get_next()
        except penstock.CancelledError as error:
            raised.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.3)
    assert waiting.is_alive(), "there is nothing to hand out"
    batches.stop()
    waiting.join(60)
    assert "stopped" in str(raised[0])


def test_a_blocked_consumer_bounds_what_is_loaded(games: Path) -> None:
    stages = {"tensor_generator": {"batch_size": 8, "queue_capacity": 2}, "epochs": None}
    batches = loader.DataLoader(config_of(games, **stages))
    batches.get_next()
    seen: list[Any] = []
    while len(seen) < 3 or seen[-1] != seen[-2]:
        time.sleep(0.2)
        seen.append([stage["items"] for stage in batches.metrics()["stages"]])
    by_name = {stage["name"]: stage for stage in batches.metrics()["stages"]}
    assert by_name["tensor_generator"]["items"] <= 1 + 2 + 1
    assert by_name["shuffling_chunk_pool"]["items"] < 80
    assert batches.metrics()["stages"] != []


def test_memory_does_not_grow_over_epochs(games: Path) -> None:
    def resident() -> int:
        return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

    with loader.DataLoader(config_of(games, epochs=None)) as batches:
        for _ in range(5):
            list(map(len, batches))
        before = resident()
        for _ in range(20):
            for _batch in batches:
                pass
        assert resident() - before < 16 << 20


def test_batches_that_find_the_queue_full_are_dropped_as_asked(games: Path) -> None:
    for overflow in ("drop_new", "keep_newest"):
        stages = {"tensor_generator": {"overflow": overflow, "queue_capacity": 2, "batch_size": 16}}
        whole = numbers(loader.DataLoader(config_of(games, tensor_generator={"batch_size": 16})))
        batches = loader.DataLoader(config_of(games, **stages))
        batches.start()
        while batches.metrics()["stages"][-1]["items"] < 30:
            time.sleep(0.01)
        time.sleep(0.1)
        left = numbers(batches)
        assert left == (whole[:32] if overflow == "drop_new" else whole[-(16 + POSITIONS % 16) :])
        assert batches.metrics()["drops"] == 28


def test_new_files_are_taken_up_when_they_are_closed_or_renamed(tmp_path: Path) -> None:
    def game(number: int) -> bytes:
        records = lc0_games.made_game(number, 2)
        records["played_q"] = number
        return bytes(records.tobytes())

    (tmp_path / "first").write_bytes(game(0))
    config = config_of(tmp_path, file_path_provider={"watch": True}, epochs=None, tensor_generator={"batch_size": 2})
    batches = loader.DataLoader(config)
    assert set(numbers([batches.get_next()])) == {0}
    half = (tmp_path / "second").open("wb")
    half.write(game(1)[:100])
    half.flush()
    (tmp_path / "third.tmp").write_bytes(game(2))
    (tmp_path / "third.tmp").rename(tmp_path / "third")
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "fourth").write_bytes(game(3))
    found: set[int] = set()
    for _ in range(2000):
        found |= set(numbers([batches.get_next()]))
        if found >= {0, 2, 3}:
            break
    assert found == {0, 2, 3}
    half.write(game(1)[100:])
    half.close()
    for _ in range(2000):
        found |= set(numbers([batches.get_next()]))
        if 1 in found:
            break
    assert found == {0, 1, 2, 3}
    state = batches.state()
    expected = [numbers([batches.get_next()]) for _ in range(4)]
    later = loader.DataLoader(config)
    later.restore(state)
    assert [numbers([later.get_next()]) for _ in range(4)] == expected


def test_metrics_are_reported_as_lines_of_json(games: Path, tmp_path: Path) -> None:
    with (tmp_path / "lines").open("w") as lines, loader.DataLoader(config_of(games)) as batches:
        batches.report_metrics(0.01, lines)
        list(batches)
        time.sleep(0.2)
    found = [json.loads(line) for line in (tmp_path / "lines").read_text().splitlines()]
    assert found[-1]["samples"] == POSITIONS
    assert {"load", "wait", "rate", "queue"} <= found[-1]["stages"][0].keys()
