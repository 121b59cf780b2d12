"""Samples of each format as batches, written by the tools that people use; and what is said of damaged ones."""

import io
import json
import struct
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import penstock
import PIL.Image
import pytest
import torch
import webdataset
from penstock import image, loader
from penstock.loader import LoaderOptions

OPTIONS = LoaderOptions().with_batch_size(4).num_workers(2)


def picture(number: int, height: int = 30, width: int = 40) -> PIL.Image.Image:
    """A smooth picture, as photographs are."""
    rows, columns = np.mgrid[:height, :width]
    levels = np.stack([rows * 5 + number, columns * 4, (rows + columns) * 2 + 3 * number], axis=2) % 256
    return PIL.Image.fromarray(levels.astype(np.uint8))


def encoded(shown: PIL.Image.Image, kind: str = "JPEG", **options: Any) -> bytes:
    file = io.BytesIO()
    shown.save(file, kind, **options)
    return file.getvalue()


@pytest.fixture
def shards(tmp_path: Path) -> Path:
    """Two shards of five samples, written by webdataset itself."""
    folder = tmp_path / "shards"
    folder.mkdir()
    for shard in range(2):
        with webdataset.TarWriter(str(folder / f"train-{shard:06}.tar")) as writer:
            for number in range(shard * 5, shard * 5 + 5):
                sample = {"jpg": encoded(picture(number)), "cls": number % 3, "json": {"number": number}}
                writer.write({"__key__": f"folder/{number:04}", "npy": np.full((2, 3), number, np.float32), **sample})
    return folder


def add(archive: Path, members: dict[str, bytes]) -> None:
    with tarfile.open(archive, "a") as tar:
        for name, content in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))


def test_webdataset_shards_become_dicts_of_tensors_and_bytes(shards: Path) -> None:
    with loader.open(str(shards / "train-{000000..000001}.tar"), OPTIONS, output="torch") as batches:
        found = list(batches)
    assert [len(batch["cls"]) for batch in found] == [4, 4, 2]
    assert torch.cat([batch["cls"] for batch in found]).tolist() == [number % 3 for number in range(10)]
    assert found[0]["cls"].dtype == torch.int64
    assert found[0]["jpg"].shape == (4, 3, 30, 40)
    assert found[1]["npy"][0].tolist() == [[4.0] * 3] * 2
    assert [json.loads(text)["number"] for text in found[0]["json"]] == [0, 1, 2, 3]
    assert isinstance(found[0]["json"], loader.RaggedBytes)


def test_fields_in_a_list_become_tuples_as_webdatasets_to_tuple_gives(shards: Path) -> None:
    peer = webdataset.WebDataset(
        [str(path) for path in sorted(shards.iterdir())], shardshuffle=False, empty_check=False
    ).to_tuple("cls", "json", "__key__")
    with loader.open(shards, OPTIONS, fields=["cls", "json", "__key__"], output="numpy") as batches:
        ours = [row for classes, texts, keys in batches for row in zip(classes.tolist(), texts, keys, strict=True)]
    theirs = [(int(number), text, key.encode()) for number, text, key in peer]
    assert ours == theirs


@pytest.mark.parametrize("options", [{"quality": 75}, {"quality": 95, "subsampling": 0}, {"progressive": True}])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_decoded_images_are_within_one_level_of_pillows(tmp_path: Path, mode: str, options: dict[str, Any]) -> None:
    contents = [encoded(picture(number).convert(mode), **options) for number in range(8)]
    with webdataset.TarWriter(str(tmp_path / "a.tar")) as writer:
        for number, content in enumerate(contents):
            writer.write({"__key__": str(number), "jpg": content})
    with loader.open(tmp_path, OPTIONS, fields=["jpg"], output="numpy") as batches:
        ours = np.concatenate([levels for (levels,) in batches])
    theirs = [np.asarray(PIL.Image.open(io.BytesIO(content)).convert("RGB")) for content in contents]
    difference = ours.astype(int) - np.stack(theirs).transpose(0, 3, 1, 2)
    assert np.abs(difference).max() <= 1


def test_folders_of_images_are_classes_by_name(tmp_path: Path) -> None:
    for name in ("dog", "cat"):
        (tmp_path / name).mkdir()
        for number in range(3):
            (tmp_path / name / f"{number}.png").write_bytes(encoded(picture(number), "PNG"))
    with loader.open(tmp_path, OPTIONS.with_batch_size(6), format="images", fields=["png", "cls"]) as batches:
        levels, classes = batches.get_next()
        assert batches.class_names == ["cat", "dog"]
        assert classes.tolist() == [0, 0, 0, 1, 1, 1]
        assert np.array_equal(np.asarray(levels)[4].transpose(1, 2, 0), np.asarray(picture(1)))


def test_labels_become_rows_by_one_hot(shards: Path) -> None:
    steps = [image.Resize(8, 8), image.ToDType("float32", scale=True), image.OneHot(3)]
    with loader.open(shards, OPTIONS, fields=["jpg", "cls"], transforms=steps, output="torch") as batches:
        levels, rows = batches.get_next()
    assert levels.shape == (4, 3, 8, 8)
    assert rows.tolist() == torch.nn.functional.one_hot(torch.tensor([0, 1, 2, 0])).tolist()


def test_rows_of_arrays_and_records_of_a_layout(tmp_path: Path) -> None:
    x, y = np.arange(30, dtype=np.float32).reshape(10, 3), np.arange(10)
    np.savez_compressed(tmp_path / "a.npz", x=x, y=y)
    with loader.open(tmp_path / "a.npz", OPTIONS, fields=["y", "x"], output="numpy") as batches:
        found = list(batches)
    assert np.concatenate([rows for _, rows in found]).tolist() == x.tolist()
    records = np.zeros(10, [("label", "<i2"), ("pixels", "u1", (2, 2))])
    records["label"] = y
    (tmp_path / "a.bin").write_bytes(records.tobytes())
    layout = {"label": "int16", "pixels": ("uint8", (2, 2))}
    with loader.open(tmp_path / "a.bin", OPTIONS, format="records", fields=layout, output="numpy") as batches:
        first = batches.get_next()
    assert first["label"].tolist() == [0, 1, 2, 3]
    assert first["pixels"].shape == (4, 2, 2)


def masked_crc(data: bytes) -> int:
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF


def tfrecord(examples: list[bytes]) -> bytes:
    made = b""
    for example in examples:
        length = struct.pack("<Q", len(example))
        made += length + struct.pack("<I", masked_crc(length)) + example + struct.pack("<I", masked_crc(example))
    return made


def example_of(number: int) -> bytes:
    """tf.train.Example {label: number}, as protocol buffers write it."""

    def field(tag: int, content: bytes) -> bytes:
        return bytes([tag << 3 | 2, len(content)]) + content

    feature = field(3, field(1, bytes([number])))  # an Int64List
    return field(1, field(1, field(1, b"label") + field(2, feature)))


def test_tfrecords_are_read_and_a_wrong_checksum_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.tfrecord"
    content = tfrecord([example_of(number) for number in range(6)])
    path.write_bytes(content)
    with loader.open(path, OPTIONS, output="numpy") as batches:
        found = [label for batch in batches for label in batch["label"].reshape(-1).tolist()]
    assert found == [0, 1, 2, 3, 4, 5]
    spoilt = bytearray(content)
    spoilt[-6] ^= 1
    path.write_bytes(spoilt)
    with loader.open(path, OPTIONS) as batches, pytest.raises(penstock.DataError) as caught:
        list(batches)
    for word in ("a.tfrecord", "5", "CRC"):
        assert word in str(caught.value)


def test_a_jpeg_cut_short_names_shard_and_member(shards: Path) -> None:
    add(shards / "train-000001.tar", {"folder/0010.jpg": encoded(picture(1))[:-300], "folder/0010.cls": b"1"})
    with loader.open(shards, OPTIONS, fields=["jpg", "cls"]) as batches:
        assert len(batches.get_next()[1]) == 4  # what comes before is delivered
        with pytest.raises(penstock.DataError) as caught:
            list(batches)
    for word in ("train-000001.tar", "folder/0010", "JPEG"):
        assert word in str(caught.value)


def test_a_missing_member_names_the_sample_and_the_member(shards: Path) -> None:
    add(shards / "train-000001.tar", {"folder/0010.jpg": encoded(picture(1))})
    with pytest.raises(penstock.Error) as caught, loader.open(shards, OPTIONS, fields=["jpg", "cls"]) as batches:
        list(batches)
    for word in ("train-000001.tar", "folder/0010", "cls"):
        assert word in str(caught.value)
    with (
        pytest.raises(penstock.Error, match="depth"),
        loader.open(shards, OPTIONS, fields=["jpg", "depth"]) as batches,
    ):
        batches.get_next()


def test_an_optional_field_may_be_missing(shards: Path) -> None:
    add(shards / "train-000001.tar", {"folder/0010.cls": b"1"})
    fields: list[str | loader.Field] = ["cls", loader.Field("json", optional=True)]
    with loader.open(shards, OPTIONS.with_batch_size(11), fields=fields) as batches:
        _, texts = batches.get_next()
        assert (texts[9], texts[10]) == (b'{"number": 9}', b"")


def test_images_of_differing_shapes_are_named_with_both_and_a_resize_makes_them_one(shards: Path) -> None:
    add(shards / "train-000000.tar", {"other/1.jpg": encoded(picture(1, 50, 60)), "other/1.cls": b"1"})
    options = OPTIONS.with_batch_size(6)
    with loader.open(shards, options, fields=["jpg"]) as batches, pytest.raises(penstock.Error) as caught:
        batches.get_next()
    for word in ("other/1", "folder/000", "50", "60", "30", "40"):
        assert word in str(caught.value)
    with loader.open(shards, options, fields=["jpg"], transforms=[image.Resize(16, 16)]) as batches:
        assert batches.get_next()[0].shape == (6, 3, 16, 16)


@pytest.mark.parametrize("source", ["s3://bucket/train/", "https://example.org/a.tar", "http://example.org/a.tar"])
def test_what_is_not_a_file_is_refused_with_a_sentence(source: str) -> None:
    with pytest.raises(penstock.Error) as caught:
        loader.open(source, OPTIONS, format="webdataset")
    assert f'"{source}" cannot be read yet' in str(caught.value)


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        ({"format": "zip"}, ValueError, "format is 'zip': expected one of auto, webdataset"),
        ({"output": "jax"}, ValueError, "output is 'jax': expected one of tensor, numpy, torch"),
        ({"decode": "bgr"}, ValueError, "decode is 'bgr': expected True, False or one of rgb, grey, stored"),
        ({"fields": "jpg"}, TypeError, "fields is 'jpg': expected a list of names"),
        ({"fields": []}, ValueError, "fields is empty: None means all"),
        ({"fields": ["jpg", "jpg"]}, ValueError, "fields has 'jpg' twice"),
        ({"fields": [3], "format": "npy"}, TypeError, "expected the name of a field"),
        ({"recursive": 1}, TypeError, "recursive is 1: expected True or False"),
        ({"options": 4}, TypeError, "options is 4: expected LoaderOptions, or a dict of knobs"),
        ({"options": {"batchsize": 4}}, ValueError, "no knob 'batchsize'"),
    ],
)
def test_a_wrong_argument_is_refused(
    shards: Path, arguments: dict[str, Any], error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        loader.open(shards, **arguments)
    with pytest.raises(ValueError, match="the list of sources is empty"):
        loader.open([])


def test_images_stay_bytes_without_decoding_and_become_grey(shards: Path) -> None:
    with loader.open(shards, OPTIONS, fields=["jpg"], decode=False) as batches:
        assert batches.get_next()[0][1] == encoded(picture(1))
    with loader.open(shards, OPTIONS, fields=["jpg"], decode="grey") as batches:
        assert batches.get_next()[0].shape == (4, 1, 30, 40)


def test_states_addresses_and_lengths(shards: Path) -> None:
    options = OPTIONS.shuffle(True, seed=3)
    with loader.open(shards, options, fields=["__key__"]) as batches:
        batches.get_next()
        state = batches.state_dict()
        assert len(state["state"]) < 1000
        rest = [list(keys) for (keys,) in batches]
        assert len(batches) == 3
        assert "train-000001.tar" in batches.address(7)
        assert "0007" in batches.address(7)
    with loader.open(shards, options, fields=["__key__"]) as later:
        later.load_state_dict(state)
        assert [list(keys) for (keys,) in later] == rest
    with loader.open(shards, options.with_seed(4), fields=["__key__"]) as other, pytest.raises(penstock.DataError):
        other.load_state_dict(state)
    with pytest.raises(penstock.DataError, match="no state of a loader of samples"):
        later.load_state_dict({"epoch": 1})
