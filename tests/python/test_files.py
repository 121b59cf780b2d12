"""load, save and save_npz: NumPy's files, in and out, and progress."""

from pathlib import Path
from typing import Any

import numpy as np
import penstock
import pytest

pytestmark = pytest.mark.usefixtures("nothing_stays")

DTYPES = ("bool", "int8", "int64", "uint16", "float16", "float32", "float64", "complex64", "complex128")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (3,), (2, 0), (2, 3)])
def test_numpy_reads_what_is_saved(tmp_path: Path, dtype: str, shape: tuple[int, ...]) -> None:
    tensor = penstock.ones(shape, dtype=dtype)
    penstock.save(tmp_path / "a.npy", tensor)
    array = np.load(tmp_path / "a.npy")
    assert (array.dtype.name, array.shape, array.tolist()) == (dtype, shape, tensor.tolist())


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_what_numpy_saved_is_loaded(tmp_path: Path, dtype: str, order: Any) -> None:
    array = np.arange(6).reshape(2, 3).astype(dtype, order=order)
    np.save(tmp_path / "a.npy", array)
    loaded = penstock.load(tmp_path / "a.npy")
    assert (loaded.dtype.name, loaded.tolist()) == (dtype, array.tolist())


def test_many_tensors_lie_in_one_file(tmp_path: Path) -> None:
    penstock.save_npz(tmp_path / "a.npz", {"first": penstock.arange(3), "second/part": penstock.ones((2, 2))})
    with np.load(tmp_path / "a.npz") as arrays:
        assert {name: arrays[name].tolist() for name in arrays} == {"first": [0, 1, 2], "second/part": [[1, 1], [1, 1]]}
    loaded = penstock.load(tmp_path / "a.npz")
    assert {name: loaded[name].tolist() for name in loaded} == {"first": [0, 1, 2], "second/part": [[1, 1], [1, 1]]}


def test_compression_makes_the_file_smaller(tmp_path: Path) -> None:
    tensors = {"zeros": penstock.zeros(10000)}
    penstock.save_npz(tmp_path / "plain.npz", tensors)
    penstock.save_npz(tmp_path / "small.npz", tensors, compression=6)
    assert (tmp_path / "small.npz").stat().st_size < (tmp_path / "plain.npz").stat().st_size / 100
    assert penstock.load(tmp_path / "small.npz")["zeros"].equal(tensors["zeros"])


@pytest.mark.parametrize("compression", [-1, 13, 2**40])
def test_compression_outside_its_limits_is_a_value_error(tmp_path: Path, compression: int) -> None:
    with pytest.raises(ValueError, match=rf"compression.* {compression}\b"):
        penstock.save_npz(tmp_path / "a.npz", {}, compression=compression)


def test_arrays_and_lists_are_saved_too(tmp_path: Path) -> None:
    penstock.save(tmp_path / "a.npy", np.arange(3, dtype=np.int16))
    penstock.save_npz(tmp_path / "a.npz", {"list": [1.5, 2.5]})
    assert penstock.load(tmp_path / "a.npy").dtype == "int16"
    assert penstock.load(tmp_path / "a.npz")["list"].tolist() == [1.5, 2.5]


def test_a_path_may_be_a_string_or_a_path(tmp_path: Path) -> None:
    penstock.save(str(tmp_path / "ä b.npy"), penstock.arange(3))
    assert penstock.load(tmp_path / "ä b.npy").tolist() == [0, 1, 2]


def test_the_device_may_be_named(tmp_path: Path) -> None:
    penstock.save(tmp_path / "a.npy", penstock.arange(3))
    assert penstock.load(tmp_path / "a.npy", device="cpu").device == "cpu"
    with pytest.raises(penstock.UnavailableError, match="cuda:0"):
        penstock.load(tmp_path / "a.npy", device="cuda:0")


@pytest.mark.parametrize("name", ["missing.npy", "missing.npz", "missing/a.npy"])
def test_a_missing_file_is_a_file_not_found_error_with_its_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError, match=name):
        penstock.load(tmp_path / name)


def test_objects_are_refused_and_never_unpickled(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.array([print]), allow_pickle=True)
    with pytest.raises(penstock.TypeMismatchError, match="object"):
        penstock.load(tmp_path / "a.npy")


def test_a_damaged_file_is_a_data_error_with_its_path(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(3))
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "a.npy").write_bytes(whole[:-1])
    with pytest.raises(penstock.DataError, match=r"a\.npy"):
        penstock.load(tmp_path / "a.npy")


def test_a_dtype_that_the_format_lacks_is_a_type_error(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match="bfloat16"):
        penstock.save(tmp_path / "a.npy", penstock.zeros(3, dtype="bfloat16"))
    assert list(tmp_path.iterdir()) == []


# ---- Progress ----


def save(path: Path, **options: Any) -> None:
    penstock.save(path, penstock.zeros(3_000_000), **options)


def save_npz(path: Path, **options: Any) -> None:
    penstock.save_npz(path, {"zeros": penstock.zeros(3_000_000)}, **options)


WORK = [(save, "a.npy"), (save_npz, "a.npz")]


@pytest.mark.parametrize(("write", "name"), WORK)
def test_progress_never_goes_back_and_ends_at_the_total(tmp_path: Path, write: Any, name: str) -> None:
    for work in (write, penstock.load):
        seen: list[tuple[int, int]] = []
        work(tmp_path / name, progress=lambda *step: seen.append(step))
        done, totals = [step[0] for step in seen], {step[1] for step in seen}
        assert done == sorted(done)
        assert totals == {done[-1]}


@pytest.mark.parametrize(("write", "name"), WORK)
def test_progress_that_returns_true_cancels(tmp_path: Path, write: Any, name: str) -> None:
    with pytest.raises(penstock.CancelledError):
        write(tmp_path / name, progress=lambda done, total: True)
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / name)
    with pytest.raises(penstock.CancelledError):
        penstock.load(tmp_path / name, progress=lambda done, total: True)


@pytest.mark.parametrize(("write", "name"), WORK)
def test_what_progress_raises_comes_out_and_stops_the_work(tmp_path: Path, write: Any, name: str) -> None:
    def stop(done: int, total: int) -> None:
        raise KeyboardInterrupt(f"{done} of {total}")

    with pytest.raises(KeyboardInterrupt, match=" of "):
        write(tmp_path / name, progress=stop)
    assert list(tmp_path.iterdir()) == []
    write(tmp_path / name)
    with pytest.raises(KeyboardInterrupt, match=" of "):
        penstock.load(tmp_path / name, progress=stop)
