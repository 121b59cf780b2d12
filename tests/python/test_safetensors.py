"""Files of safetensors: what we write its own library reads, and the other way around."""

from pathlib import Path

import ml_dtypes
import numpy as np
import penstock
import pytest
import safetensors
import safetensors.numpy
import safetensors.torch
import torch


def every_dtype() -> dict[str, torch.Tensor]:
    names = ["bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float16", "bfloat16"]
    names += ["float32", "float64", "complex64", "float8_e4m3fn", "float8_e5m2"]
    return {name: torch.arange(6).reshape(2, 3).to(getattr(torch, name)) for name in names}


def as_bytes(tensor: torch.Tensor) -> bytes:
    return tensor.contiguous().view(torch.uint8).numpy().tobytes()


def test_its_own_library_reads_what_we_write(tmp_path: Path) -> None:
    path = tmp_path / "ours.safetensors"
    given = every_dtype()
    penstock.save_safetensors(path, given, metadata={"format": "pt", "grüße": "日本"})
    read = safetensors.torch.load_file(path)
    assert read.keys() == given.keys()
    for name, tensor in given.items():
        assert read[name].dtype == tensor.dtype
        assert as_bytes(read[name]) == as_bytes(tensor)
    with safetensors.safe_open(path, framework="pt") as file:
        assert file.metadata() == {"format": "pt", "grüße": "日本"}


def test_we_read_what_its_own_library_writes(tmp_path: Path) -> None:
    path = tmp_path / "theirs.safetensors"
    given = every_dtype()
    safetensors.torch.save_file(given, path, metadata={"step": "7"})
    read = penstock.load(path)
    assert read.keys() == given.keys()
    for name, tensor in given.items():
        assert str(read[name].dtype) == name
        assert read[name].shape == tuple(tensor.shape)
        assert read[name].to_torch().contiguous().view(torch.uint8).tolist() == tensor.view(torch.uint8).tolist()
    assert penstock.safetensors_metadata(path) == {"step": "7"}


def test_views_scalars_and_nothing_are_kept(tmp_path: Path) -> None:
    path = tmp_path / "few.safetensors"
    grid = penstock.arange(6).reshape(2, 3)
    penstock.save_safetensors(path, {"turned": grid.T, "one": penstock.Tensor(7), "none": penstock.zeros((0, 3))})
    read = safetensors.numpy.load_file(path)
    assert read["turned"].tolist() == [[0, 3], [1, 4], [2, 5]]
    assert (read["one"].shape, read["one"].item(), read["none"].shape) == ((), 7, (0, 3))
    assert penstock.safetensors_metadata(path) == {}


def test_elements_lie_aligned_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "mixed.safetensors"
    penstock.save_safetensors(
        path, {"a": np.zeros(3, "i1"), "b": np.zeros(5, "f8"), "c": np.zeros(1, ml_dtypes.bfloat16)}
    )
    length = int.from_bytes(path.read_bytes()[:8], "little")
    assert length % 8 == 0
    with safetensors.safe_open(path, framework="np") as file:
        assert file.offset_keys() == ["b", "c", "a"]


@pytest.mark.parametrize(
    ("tensors", "metadata", "sentence"),
    [
        ({"w": np.zeros(1, "c16")}, {}, "safetensors has no name for complex128"),
        ({"__metadata__": [1]}, {}, "no tensor can be named __metadata__"),
        ({"a\0b": [1]}, {}, "zero byte"),
        ({}, {"step": 7}, "'step': 7: expected texts"),
    ],
)
def test_what_the_format_cannot_hold_is_refused_and_nothing_written(
    tmp_path: Path, tensors: dict[str, object], metadata: dict[str, str], sentence: str
) -> None:
    path = tmp_path / "kept.safetensors"
    penstock.save_safetensors(path, {"kept": [1]})
    before = path.read_bytes()
    with pytest.raises(penstock.Error, match=sentence):
        penstock.save_safetensors(path, tensors, metadata=metadata)
    assert path.read_bytes() == before
    assert [entry.name for entry in tmp_path.iterdir()] == ["kept.safetensors"]


def test_a_file_of_another_kind_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pickle.safetensors"
    torch.save({"w": torch.zeros(3)}, path)
    with pytest.raises(penstock.DataError, match=r"pickle\.safetensors"):
        penstock.load(path)
