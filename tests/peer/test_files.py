"""Files that one writes, the other reads."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pytest
from library import DTYPE_NAMES, Array, call, load_npz, make, save_npz, wrap
from numpy.lib import format as npy_format
from numpy.random import Generator, default_rng
from random_arrays import random_array

CASES_A_DTYPE = 20
NAMES = ["a", "weights/0.bias", "arr_0", "größe", "行列", "with space", "x.npy", "-", "a" * 200]


def load_npy(path: Path) -> Array:
    return make("ps_npy_load", os.fsencode(path), None).array()


def same(loaded: Array, written: Array) -> bool:
    """The same dtype, shape and bits; byte order is the file's business."""
    native = written.astype(written.dtype.newbyteorder("="))
    return loaded.dtype == native.dtype and loaded.shape == native.shape and loaded.tobytes() == native.tobytes()


def random_named(random: Generator) -> dict[str, Array]:
    names = random.permutation(NAMES)[: random.integers(0, len(NAMES) + 1)]
    return {str(name): random_array(random, str(random.choice(DTYPE_NAMES))) for name in names}


@pytest.mark.parametrize("dtype", DTYPE_NAMES)
@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_npy_files_of_numpy_are_read(tmp_path: Path, dtype: str, byte_order: Literal["<", ">"]) -> None:
    random = default_rng(DTYPE_NAMES.index(dtype))
    path = tmp_path / "array.npy"
    for _ in range(CASES_A_DTYPE):
        array = random_array(random, dtype)
        array = array.astype(array.dtype.newbyteorder(byte_order), order=random.choice(["C", "F"]))
        np.save(path, array)
        assert same(load_npy(path), array)


@pytest.mark.parametrize("version", [(1, 0), (2, 0), (3, 0)])
def test_every_version_of_npy_is_read(tmp_path: Path, version: tuple[int, int]) -> None:
    array = np.arange(12, dtype=np.float32).reshape(3, 4)
    path = tmp_path / "array.npy"
    with path.open("wb") as file:
        npy_format.write_array(file, array, version)
    assert same(load_npy(path), array)


def test_column_major_files_keep_their_order(tmp_path: Path) -> None:
    array = np.asfortranarray(np.arange(12).reshape(3, 4))
    np.save(tmp_path / "array.npy", array)
    tensor = make("ps_npy_load", os.fsencode(tmp_path / "array.npy"), None)
    assert tensor.strides == (1, 3)
    assert np.array_equal(tensor.array(), array)


@pytest.mark.parametrize("dtype", DTYPE_NAMES)
def test_npy_files_of_penstock_are_read(tmp_path: Path, dtype: str) -> None:
    random = default_rng(100 + DTYPE_NAMES.index(dtype))
    path = tmp_path / "array.npy"
    for _ in range(CASES_A_DTYPE):
        array = random_array(random, dtype)
        call("ps_npy_save", os.fsencode(path), wrap(array), None)
        assert same(np.load(path), array)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_npz_files_of_numpy_are_read(tmp_path: Path, save: Callable[..., Any]) -> None:
    random = default_rng(7)
    path = tmp_path / "arrays.npz"
    for _ in range(CASES_A_DTYPE):
        arrays = random_named(random)
        save(path, **arrays)
        loaded = load_npz(path)
        assert list(loaded) == list(arrays)
        assert all(same(loaded[name], arrays[name]) for name in arrays)


@pytest.mark.parametrize("compression", [0, 1, 6, 12])
def test_npz_files_of_penstock_are_read(tmp_path: Path, compression: int) -> None:
    random = default_rng(compression)
    path = tmp_path / "arrays.npz"
    for _ in range(CASES_A_DTYPE):
        arrays = random_named(random)
        save_npz(path, arrays, compression)
        with np.load(path) as loaded:
            assert loaded.zip.testzip() is None
            assert sorted(name.removesuffix(".npy") for name in loaded.zip.namelist()) == sorted(arrays)
            for name, array in arrays.items():
                with loaded.zip.open(f"{name}.npy") as member:
                    assert same(npy_format.read_array(member), array)


def test_npz_arrays_of_penstock_have_the_names_numpy_gives(tmp_path: Path) -> None:
    save_npz(tmp_path / "arrays.npz", {"first": np.arange(3), "second": np.ones((2, 2))}, 6)
    with np.load(tmp_path / "arrays.npz") as loaded:
        assert loaded.files == ["first", "second"]
        assert np.array_equal(loaded["second"], np.ones((2, 2)))
