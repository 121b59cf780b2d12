"""The loader's tensors are those of an independent reading of the format, bit for bit."""

import gzip
from pathlib import Path
from typing import Any

import lc0_games
import numpy as np
import penstock
import pytest
import torch
from penstock import loader


def in_order(path: Path, **generator: Any) -> loader.DataLoader:
    """A loader of one epoch that leaves files and positions in their order."""
    return loader.DataLoader(
        {
            "file_path_provider": {"sources": [path]},
            "shuffling_chunk_pool": {"chunk_pool_size": 1},
            "shuffling_frame_sampler": {"reservoir_size_per_thread": 0},
            "tensor_generator": {"batch_size": 64, **generator},
            "epochs": 1,
        },
        output="numpy",
    )


def all_of(batches: loader.DataLoader) -> list[Any]:
    """The batches of an epoch, joined."""
    return [
        np.concatenate(parts) for parts in zip(*[[part.copy() for part in batch] for batch in batches], strict=True)
    ]


def same_bits(ours: Any, expected: Any) -> bool:
    """Whether two arrays have the same shape and bits, NaNs included."""
    return bool(ours.shape == expected.shape and ours.tobytes() == np.ascontiguousarray(expected).tobytes())


def check_game(path: Path, records: Any) -> None:
    for ours, expected in zip(all_of(in_order(path)), lc0_games.tensors_of(records), strict=True):
        assert same_bits(ours, expected)


@pytest.mark.parametrize("game", lc0_games.GAMES, ids=lambda game: game.stem)
def test_a_real_game_is_read_bit_for_bit(game: Path) -> None:
    check_game(game, lc0_games.read(game))


@pytest.mark.parametrize("version", lc0_games.SIZES)
@pytest.mark.parametrize("input_format", lc0_games.FORMATS)
def test_every_version_and_input_format_is_read_bit_for_bit(version: int, input_format: int, tmp_path: Path) -> None:
    records = lc0_games.made_game(version * 1000 + input_format, 60, version, input_format)
    (tmp_path / "game").write_bytes(records.tobytes())
    check_game(tmp_path / "game", records)


def test_progress_is_not_foretold_where_a_game_was_adjudicated(tmp_path: Path) -> None:
    records = lc0_games.made_game(1, 300)
    records["rule50"] = 5
    for last in (0, 32):
        records["invariance"][-1] = last
        (tmp_path / "game").write_bytes(records.tobytes())
        values = all_of(in_order(tmp_path / "game"))[2]
        expected = [np.nan] * 46 + [np.nan if last else 300 - position for position in range(46, 300)]
        np.testing.assert_array_equal(values[:, 0, 3], np.array(expected, np.float32))
        check_game(tmp_path / "game", records)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_smaller_dtypes_are_rounded_once(dtype: str, tmp_path: Path) -> None:
    records = lc0_games.made_game(5, 40, 7, 133)
    (tmp_path / "game").write_bytes(records.tobytes())
    config = in_order(tmp_path / "game", dtype=dtype).config
    for batch in loader.DataLoader(config, output="torch"):
        for ours, expected in zip(batch, lc0_games.tensors_of(records), strict=True):
            rounded = torch.from_numpy(expected).to(getattr(torch, dtype))
            assert torch.equal(torch.isnan(ours), torch.isnan(rounded))
            assert torch.equal(torch.nan_to_num(ours), torch.nan_to_num(rounded))


def bad_chunks() -> dict[str, tuple[bytes, str]]:
    good = lc0_games.made_game(1, 3).tobytes()
    other = lc0_games.made_game(1, 3, input_format=6).tobytes()
    mixed = good[:8356] + lc0_games.made_game(1, 1, 7).tobytes()[:8356] + good[:8356]
    packed = gzip.compress(good)
    flipped = bytearray(packed)
    flipped[len(packed) // 2] ^= 16
    return {
        "empty": (b"", "has 0 bytes"),
        "version_9": (b"\x09" + good[1:], "version 9"),
        "half_a_record": (good[:-100], "no multiple of the 8356"),
        "unknown_format": (other, "input format 6"),
        "two_versions": (mixed, "position 1 is of version 7"),
        "cut.gz": (packed[: len(packed) // 2], "damaged or cut short"),
        "flipped.gz": (bytes(flipped), "damaged or cut short"),
        "plain.gz": (good, "not gzip"),
        "left_over.gz": (packed + b"more", "damaged or cut short"),
    }


@pytest.mark.parametrize("name", bad_chunks())
def test_a_bad_chunk_is_an_error_with_its_path(name: str, tmp_path: Path) -> None:
    content, message = bad_chunks()[name]
    (tmp_path / name).write_bytes(content)
    batches = in_order(tmp_path / name)
    for _ in range(2):
        with pytest.raises(penstock.DataError, match=message) as raised:
            batches.get_next()
        assert str(tmp_path / name) in str(raised.value)


def test_several_gzip_members_and_zeros_behind_them_are_one_chunk(tmp_path: Path) -> None:
    records = lc0_games.made_game(1, 30)
    raw = records.tobytes()
    (tmp_path / "game.gz").write_bytes(gzip.compress(raw[:1000]) + gzip.compress(raw[1000:]) + bytes(100))
    check_game(tmp_path / "game.gz", records)


def test_a_gzip_bomb_is_refused(tmp_path: Path) -> None:
    (tmp_path / "bomb.gz").write_bytes(gzip.compress(bytes(300 << 20), 9))
    with pytest.raises(penstock.DataError, match=r"bomb|most that is read"):
        in_order(tmp_path / "bomb.gz").get_next()
