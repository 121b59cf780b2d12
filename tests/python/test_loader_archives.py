"""Archives are read as Python's tarfile reads them, and damaged ones are errors with their place."""

import gzip
import io
import os
import random
import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lc0_games
import numpy as np
import penstock
import pytest
from penstock import loader

GNU_FORMATS = ("v7", "oldgnu", "gnu", "ustar", "posix")
LONG = "a_long_folder_name_/" * 9


def game(number: int) -> bytes:
    """A game of two positions that knows its number."""
    records = lc0_games.made_game(number, 2)
    records["played_q"] = number
    return bytes(records.tobytes())


def numbers(path: Path, **config: Any) -> list[int]:
    """The games of a file, by their numbers, in the order in which it has them."""
    options = {
        "file_path_provider": {"sources": [path]},
        "shuffling_chunk_pool": {"chunk_pool_size": 1},
        "shuffling_frame_sampler": {"reservoir_size_per_thread": 0},
        "epochs": 1,
        **config,
    }
    with loader.DataLoader(options) as batches:
        return [int(number) for batch in batches for number in np.asarray(batch[2])[::2, 2, 0]]


def by_tarfile(path: Path) -> list[int]:
    """The same by Python."""
    found = []
    with tarfile.open(path) as archive:
        for member in archive:
            base = member.name.rpartition("/")[2]
            if not member.isreg() or base.startswith(".") or base.endswith((".tmp", ".part")):
                continue
            content = archive.extractfile(member)
            assert content is not None
            read = content.read()
            records = lc0_games.records_of(gzip.decompress(read) if base.endswith(".gz") else read)
            found.append(int(records["played_q"][0]))
    return found


def make_tree(folder: Path, *, long: bool) -> None:
    """Games in folders, packed and not, with what is to be passed over among them."""
    names = ["one", "below/two.gz", "below/further/three", "umlaut_äöü", ".hidden", "below/half.tmp"]
    names += [LONG + "four.gz", LONG + "x" * 120] if long else []
    for number, name in enumerate(names):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(gzip.compress(game(number)) if name.endswith(".gz") else game(number))
    (folder / "link").symlink_to("one")
    os.link(folder / "one", folder / "two_names")


@pytest.mark.parametrize("format_name", GNU_FORMATS)
def test_archives_of_gnu_tar(format_name: str, tmp_path: Path) -> None:
    make_tree(tmp_path / "tree", long=format_name in ("gnu", "oldgnu", "posix"))
    archive = tmp_path / "games.tar"
    subprocess.run(["tar", f"--format={format_name}", "-cf", archive, "-C", tmp_path / "tree", "."], check=True)
    assert numbers(archive) == by_tarfile(archive)
    assert len(numbers(archive)) >= 4


@pytest.mark.parametrize("format_name", ["ustar", "pax", "gnutar", "v7"])
def test_archives_of_bsdtar(format_name: str, tmp_path: Path) -> None:
    make_tree(tmp_path / "tree", long=format_name in ("pax", "gnutar"))
    archive = tmp_path / "games.tar"
    subprocess.run(["bsdtar", f"--format={format_name}", "-cf", archive, "-C", tmp_path / "tree", "."], check=True)
    assert numbers(archive) == by_tarfile(archive)
    assert len(numbers(archive)) >= 4


@pytest.mark.parametrize("tar_format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_archives_of_pythons_tarfile(tar_format: int, tmp_path: Path) -> None:
    make_tree(tmp_path / "tree", long=tar_format != tarfile.USTAR_FORMAT)
    archive = tmp_path / "games.tar"
    globals_of_pax = {"comment": "for all", "SCHILY.dev": "1"}
    with tarfile.open(archive, "w", format=tar_format, pax_headers=globals_of_pax) as made:
        made.add(tmp_path / "tree", ".")
    assert numbers(archive) == by_tarfile(archive)


@pytest.mark.parametrize("suffix", [".tar.gz", ".tgz", ".tar.zst"])
def test_compressed_archives_are_those_they_hold(suffix: str, tmp_path: Path) -> None:
    make_tree(tmp_path / "tree", long=True)
    plain, packed = tmp_path / "games.tar", tmp_path / f"games{suffix}"
    subprocess.run(["tar", "-cf", plain, "-C", tmp_path / "tree", "."], check=True)
    tool = ["zstd", "-q", "-c"] if suffix.endswith("zst") else ["gzip", "-c"]
    packed.write_bytes(subprocess.run([*tool, plain], check=True, capture_output=True).stdout)
    assert numbers(packed) == numbers(plain) == by_tarfile(plain)


@pytest.mark.parametrize(
    "options",
    [
        ["--format=gnu"],
        ["--format=posix"],
        *(["--format=posix", f"--sparse-version={v}"] for v in ("0.0", "0.1", "1.0")),
    ],
)
def test_sparse_members_are_refused_by_name(options: list[str], tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree" / "a").write_bytes(game(1))
    with (tmp_path / "tree" / "b_sparse").open("wb") as sparse:
        for part in range(12):
            sparse.seek(part << 20)
            sparse.write(game(2))
        sparse.truncate(16 << 20)
    (tmp_path / "tree" / "c").write_bytes(game(3))
    archive = tmp_path / "games.tar"
    subprocess.run(["tar", "-S", "--sort=name", *options, "-cf", archive, "-C", tmp_path / "tree", "."], check=True)
    assert archive.stat().st_size < 4 << 20
    with pytest.raises(penstock.DataError, match=r"b_sparse.* is a sparse file"):
        numbers(archive)
    assert numbers(archive, on_bad_sample="skip") == [1, 3]


def plain_tar(count: int = 3) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        for number in range(count):
            about = tarfile.TarInfo(f"game_{number}")
            content = game(number)
            about.size = len(content)
            archive.addfile(about, io.BytesIO(content))
    return made.getvalue()


def with_header(tar: bytes, change: Callable[[tarfile.TarInfo], None], at: int = 0) -> bytes:
    """An archive whose header at an offset is another, with the right checksum."""
    about = tarfile.TarInfo.frombuf(tar[at : at + 512], "utf-8", "strict")
    change(about)
    return tar[:at] + about.tobuf(tarfile.GNU_FORMAT)[-512:] + tar[at + 512 :]


def set_size(size: int) -> Callable[[tarfile.TarInfo], None]:
    return lambda about: setattr(about, "size", size)


def damaged_tars() -> dict[str, tuple[bytes, str]]:
    whole = plain_tar()
    second = 512 + -(-len(game(0)) // 512) * 512
    return {
        "empty": (b"", "without the zero blocks"),
        "no_tar": (b"words" * 1000, "damaged"),
        "cut_in_header": (whole[: second + 100], "has 100 bytes"),
        "cut_in_data": (whole[: second + 2000], "game_1.* is cut short"),
        "cut_between": (whole[:second], "without the zero blocks"),
        "huge_size": (with_header(whole, set_size(1 << 50), second), "game_1.* is cut short"),
        "negative_size": (with_header(whole, set_size(-5), second), "no number from 0"),
        "largest_size": (with_header(whole, set_size((1 << 63) - 1), second), "no number from 0"),
        "overlapping": (with_header(whole, set_size(1000), second), "damaged"),
        "checksum": (whole[:second] + b"G" + whole[second + 1 :], "header at byte"),
    }


@pytest.mark.parametrize("name", damaged_tars())
def test_a_damaged_archive_is_an_error_with_its_place(name: str, tmp_path: Path) -> None:
    content, message = damaged_tars()[name]
    archive = tmp_path / "games.tar"
    archive.write_bytes(content)
    with pytest.raises(penstock.DataError, match=message) as raised:
        numbers(archive)
    assert str(archive) in str(raised.value)


def test_what_lies_before_the_damage_is_read_where_bad_samples_are_skipped(tmp_path: Path) -> None:
    (tmp_path / "games.tar").write_bytes(plain_tar()[:-12000])
    assert numbers(tmp_path / "games.tar", on_bad_sample="skip") == [0, 1]


@pytest.mark.parametrize("pack", [gzip.compress, "zstd"], ids=["gz", "zst"])
def test_damaged_compressed_archives_are_errors(pack: Any, tmp_path: Path) -> None:
    whole = plain_tar()
    if pack == "zstd":
        packed = subprocess.run(["zstd", "-q", "-c"], input=whole, check=True, capture_output=True).stdout
    else:
        packed = pack(whole)
    archive = tmp_path / ("games.tar.zst" if pack == "zstd" else "games.tar.gz")
    rng = random.Random(1)
    for trial in range(12):
        damaged = bytearray(packed)
        if trial % 2:
            damaged = damaged[: rng.randrange(1, len(packed) - 1)]
        else:
            damaged[rng.randrange(12, len(packed))] ^= 1 << rng.randrange(8)
        archive.write_bytes(damaged)
        with pytest.raises(penstock.DataError, match=r"games\.tar"):
            numbers(archive)


def test_names_that_lead_elsewhere_are_only_names(tmp_path: Path) -> None:
    archive = tmp_path / "games.tar"
    with tarfile.open(archive, "w") as made:
        for number, name in enumerate(["../../outside", "/absolute", "a/../b", "a", "a"]):
            about = tarfile.TarInfo(name)
            about.size = len(game(number))
            made.addfile(about, io.BytesIO(game(number)))
    before = sorted(tmp_path.parent.iterdir())
    assert numbers(archive) == [0, 1, 2, 3, 4]
    assert sorted(tmp_path.parent.iterdir()) == before


def test_a_bomb_of_an_archive_is_refused(tmp_path: Path) -> None:
    bomb = subprocess.run("head -c 600M /dev/zero | zstd -q -c", shell=True, check=True, capture_output=True).stdout
    (tmp_path / "bomb.tar.zst").write_bytes(bomb)
    with pytest.raises(penstock.DataError, match="bomb"):
        numbers(tmp_path / "bomb.tar.zst")


def test_a_missing_source_an_empty_folder_and_a_pattern_without_match_say_so(tmp_path: Path) -> None:
    for path, message in (
        (tmp_path / "none", "none"),
        (tmp_path, "no file to read"),
        (tmp_path / "*.gz", "no file matches"),
    ):
        with pytest.raises(penstock.NotFoundError, match=message):
            numbers(path)
    (tmp_path / "only.tar").write_bytes(bytes(1024))
    with pytest.raises(penstock.DataError, match="no chunk"):
        numbers(tmp_path)


def test_patterns_folders_and_files_are_sources(tmp_path: Path) -> None:
    for number in range(6):
        (tmp_path / f"game_{number}").write_bytes(game(number))
    sources = [tmp_path / "game_4", tmp_path / "game_[0-2]"]
    assert numbers(tmp_path, file_path_provider={"sources": sources}) == [4, 0, 1, 2]
    assert numbers(tmp_path) == list(range(6))


def test_a_file_that_may_not_be_read_is_an_error_with_the_systems_reason(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(penstock.IoError, match=r"loop.*symbolic links"):
        numbers(tmp_path / "loop")


def test_bad_samples_are_skipped_up_to_the_limit(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"game_{number}").write_bytes(game(number) if number % 2 else b"bad")
    assert numbers(tmp_path, on_bad_sample="skip") == [1, 3, 5, 7, 9]
    assert numbers(tmp_path, on_bad_sample="skip", bad_sample_limit=5) == [1, 3, 5, 7, 9]
    with pytest.raises(penstock.DataError, match=r"game_8.*bad chunk 5, the limit is 4"):
        numbers(tmp_path, on_bad_sample="skip", bad_sample_limit=4)
    with loader.DataLoader(
        {"file_path_provider": {"directory": tmp_path}, "on_bad_sample": "skip", "epochs": 1}
    ) as batches:
        list(batches)
        metrics = batches.metrics()
    assert metrics["bad_samples"] == 5
    assert any("game_0" in sentence for sentence in metrics["bad_sample_examples"])


def test_an_error_comes_at_the_batch_where_it_belongs(tmp_path: Path) -> None:
    for number in range(10):
        (tmp_path / f"game_{number}").write_bytes(b"bad" if number == 7 else game(number))
    config = {
        "file_path_provider": {"sources": [tmp_path]},
        "shuffling_chunk_pool": {"chunk_pool_size": 1},
        "shuffling_frame_sampler": {"reservoir_size_per_thread": 0},
        "tensor_generator": {"batch_size": 4},
    }
    batches = loader.DataLoader(config)
    assert [int(np.asarray(batches.get_next()[2])[0, 2, 0]) for _ in range(3)] == [0, 2, 4]
    with pytest.raises(penstock.DataError, match="game_7"):
        batches.get_next()


def test_a_saved_index_is_used_as_long_as_the_archive_is_the_same(tmp_path: Path) -> None:
    archive, index = tmp_path / "games.tar", tmp_path / ".games.tar.index"
    keeping = {"chunk_source_loader": {"save_index": True}}
    archive.write_bytes(plain_tar(5))
    assert numbers(archive) == [0, 1, 2, 3, 4]
    assert not index.exists(), "it was not asked for"
    assert numbers(archive, **keeping) == [0, 1, 2, 3, 4]
    about = archive.stat()
    damaged = bytearray(plain_tar(5))
    damaged[148] ^= 1  # the first header's checksum: who reads the archive from its front finds it
    archive.write_bytes(damaged)
    os.utime(archive, ns=(about.st_atime_ns, about.st_mtime_ns))
    assert numbers(archive, **keeping) == [0, 1, 2, 3, 4]
    assert numbers(tmp_path, **keeping) == [0, 1, 2, 3, 4], "the index is no chunk"
    with pytest.raises(penstock.DataError, match="header at byte 0"):
        numbers(archive)
    archive.write_bytes(plain_tar(7))
    assert numbers(archive, **keeping) == [0, 1, 2, 3, 4, 5, 6], "another size"
    archive.write_bytes(damaged + bytes(archive.stat().st_size - len(damaged)))
    os.utime(archive, ns=(about.st_atime_ns, about.st_mtime_ns + 1))
    with pytest.raises(penstock.DataError, match="header at byte 0"):
        numbers(archive, **keeping)


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "foreign"])
def test_a_damaged_index_is_made_anew(damage: str, tmp_path: Path) -> None:
    archive, index = tmp_path / "games.tar", tmp_path / ".games.tar.index"
    keeping = {"chunk_source_loader": {"save_index": True}}
    archive.write_bytes(plain_tar(3))
    assert numbers(archive, **keeping) == [0, 1, 2]
    whole = index.read_bytes()
    flipped = whole[:-20] + bytes([whole[-20] ^ 1]) + whole[-19:]
    index.write_bytes({"cut": whole[:-9], "flipped": flipped, "empty": b"", "foreign": b"no index"}[damage])
    assert numbers(archive, **keeping) == [0, 1, 2]
    assert index.read_bytes() == whole


def test_an_archive_that_is_damaged_gets_no_index(tmp_path: Path) -> None:
    archive = tmp_path / "games.tar"
    archive.write_bytes(plain_tar()[:-12000])
    keeping = {"chunk_source_loader": {"save_index": True}, "on_bad_sample": "skip"}
    for _ in range(2):
        assert numbers(archive, **keeping) == [0, 1]
    assert sorted(tmp_path.iterdir()) == [archive]


def test_folders_below_are_left_out_where_that_is_asked_for(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "one").write_bytes(game(1))
    (tmp_path / "two").write_bytes(game(2))
    assert numbers(tmp_path) == [1, 2]
    assert numbers(tmp_path, file_path_provider={"directory": tmp_path, "recursive": False}) == [2]
    watched = {"directory": tmp_path, "recursive": False, "watch": True}
    batches = loader.DataLoader({"file_path_provider": watched, "tensor_generator": {"batch_size": 2}})
    assert np.asarray(batches.get_next()[2])[:, 2, 0].tolist() == [2, 2]
    (tmp_path / "below" / "three").write_bytes(game(3))
    (tmp_path / "four").write_bytes(game(4))
    found: set[float] = set()
    while 4 not in found:
        found |= set(np.asarray(batches.get_next()[2])[:, 2, 0].tolist())
    assert found <= {2, 4}
