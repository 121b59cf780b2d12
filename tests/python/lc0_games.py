"""Leela Chess Zero's training chunks, read and made by NumPy alone: what the loader is held against."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

DATA = Path(__file__).resolve().parents[1] / "data" / "lc0"
GAMES = sorted(DATA.glob("*.gz"))

BITS: list[Any] = [
    ("planes", "<u8", 104),
    ("us_ooo", "u1"),
    ("us_oo", "u1"),
    ("them_ooo", "u1"),
    ("them_oo", "u1"),
    ("side_to_move", "u1"),
    ("rule50", "u1"),
    ("invariance", "u1"),
    ("result", "i1"),
]
HEAD_3: list[Any] = [("version", "<u4"), ("probabilities", "<f4", 1858), *BITS]
HEAD_5: list[Any] = [("version", "<u4"), ("input_format", "<u4"), ("probabilities", "<f4", 1858), *BITS]
ROOTS = [(name, "<f4") for name in ("root_q", "best_q", "root_d", "best_d")]
LATER = [(name, "<f4") for name in ("root_m", "best_m", "plies_left")]
LATEST = [
    (name, "<f4") for name in ("result_q", "result_d", "played_q", "played_d", "played_m", "orig_q", "orig_d", "orig_m")
]
COUNTS = [("visits", "<u4"), ("played_idx", "<u2"), ("best_idx", "<u2"), ("policy_kld", "<f4")]
RECORDS = {
    3: np.dtype(HEAD_3),
    4: np.dtype(HEAD_3 + ROOTS),
    5: np.dtype(HEAD_5 + ROOTS + LATER),
    6: np.dtype(HEAD_5 + ROOTS + LATER + LATEST + COUNTS + [("reserved", "<u4")]),
    7: np.dtype(
        HEAD_5
        + ROOTS
        + LATER
        + LATEST
        + COUNTS
        + [("q_st", "<f4"), ("d_st", "<f4"), ("opp_played_idx", "<u2"), ("next_played_idx", "<u2"), ("rest", "<f4", 8)]
    ),
}
SIZES = {3: 8276, 4: 8292, 5: 8308, 6: 8356, 7: 8396}
assert {version: dtype.itemsize for version, dtype in RECORDS.items()} == SIZES
FORMATS = (1, 2, 3, 4, 5, 132, 133)

Tensors = tuple[npt.NDArray[np.float32], npt.NDArray[np.float32], npt.NDArray[np.float32]]


def records_of(chunk: bytes) -> Any:
    """A chunk as a structured array."""
    return np.frombuffer(chunk, RECORDS[int.from_bytes(chunk[:4], "little")])


def read(path: Path) -> Any:
    """A gzipped chunk as a structured array."""
    return records_of(gzip.decompress(path.read_bytes()))


def made_game(seed: int, count: int, version: int = 6, input_format: int = 1) -> Any:
    """A game of random bytes with fields that mean something where they must."""
    rng = np.random.default_rng(seed)
    records: Any = np.frombuffer(rng.bytes(count * SIZES[version]), RECORDS[version]).copy()
    records["version"] = version
    legal = rng.random((count, 1858)) < 0.02
    records["probabilities"] = np.where(legal, rng.random((count, 1858)), -1)
    records["rule50"] = np.where(rng.random(count) < 0.2, 0, rng.integers(1, 100, count))
    records["result"] = rng.integers(-1, 2, count)
    if version >= 5:
        records["input_format"] = input_format
        records["plies_left"] = rng.integers(0, 3, count)
    if version < 6:
        return records
    for name, _ in LATEST:
        records[name] = rng.random(count)
    records["orig_q"] = np.where(rng.random(count) < 0.3, np.nan, rng.random(count))
    records["policy_kld"] = rng.random(count)
    return records


def bits_of_row(row: Any) -> Any:
    """Numbers of eight bits as rows of eight: element i is bit i."""
    return (row[:, None] >> np.arange(8)) & 1


def planes_of(records: Any) -> npt.NDArray[np.float32]:
    """The planes of each record."""
    count = len(records)
    planes = np.zeros((count, 112, 64), np.float32)
    squares = np.arange(64, dtype=np.uint64) ^ np.uint64(7)
    planes[:, :104] = (records["planes"][:, :, None] >> squares) & np.uint64(1)
    formats = records["input_format"] if "input_format" in records.dtype.names else np.ones(count, int)
    first = formats == 1
    for plane, name in enumerate(("us_ooo", "us_oo", "them_ooo", "them_oo")):
        planes[first, 104 + plane] = records[name][first, None]
    for plane, ours, theirs in ((104, "us_ooo", "them_ooo"), (105, "us_oo", "them_oo")):
        planes[~first, plane, :8] = bits_of_row(records[ours][~first])
        planes[~first, plane, 56:] = bits_of_row(records[theirs][~first])
    canonical = formats >= 3
    planes[~canonical, 108] = records["side_to_move"][~canonical, None]
    planes[canonical, 108, 56:] = bits_of_row(records["side_to_move"][canonical])
    fifty = np.where(formats >= 4, np.float32(100), np.float32(99)).astype(np.float32)
    planes[:, 109] = (records["rule50"].astype(np.float32) / fifty)[:, None]
    planes[:, 110] = ((formats >= 132) & (records["invariance"] >= 128))[:, None]
    planes[:, 111] = 1
    return planes.reshape(count, 112, 8, 8)


def plies_until_progress(records: Any) -> npt.NDArray[np.float32]:
    """How many plies each position is before the next one whose fifty-move counter is 0."""
    count = len(records)
    adjudicated = records["version"][0] >= 6 and bool(records["invariance"][-1] & 32)
    plies = np.empty(count, np.float32)
    for position in range(count):
        later = [other for other in range(position + 1, count) if records["rule50"][other] == 0]
        until = later[0] - position if later else np.nan if adjudicated else count - position
        plies[position] = until if not until > 254 else np.nan
    return plies


def values_of(records: Any) -> npt.NDArray[np.float32]:
    """The six rows of values of each record."""
    count, version = len(records), int(records["version"][0])

    def field(name: str, missing: float = 0) -> Any:
        return records[name] if name in records.dtype.names else np.full(count, missing, np.float32)

    result_q, result_d, plies_left = field("result_q"), field("result_d"), field("plies_left")
    if version <= 5:
        result_q = records["result"].astype(np.float32)
        result_d = (records["result"] == 0).astype(np.float32)
        plies_left = np.where(plies_left == 0, records["invariance"], plies_left)
    values = np.full((count, 6, 4), np.nan, np.float32)
    values[:, 0] = np.stack([result_q, result_d, plies_left, plies_until_progress(records)], axis=1)
    for row, name in ((1, "best"), (2, "played"), (3, "orig"), (4, "root")):
        missing = np.nan if name == "orig" else 0
        values.view(np.uint32)[:, row, :3] = np.stack(
            [field(f"{name}_{part}", missing).view(np.uint32) for part in "qdm"], axis=1
        )
    if version == 7:
        values.view(np.uint32)[:, 5, :2] = np.stack([records["q_st"], records["d_st"]], axis=1).view(np.uint32)
    return values


def tensors_of(records: Any) -> Tensors:
    """What a game's positions are as tensors."""
    return planes_of(records), records["probabilities"].copy(), values_of(records)
