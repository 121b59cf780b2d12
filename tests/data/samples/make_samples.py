"""Makes the files here by the tools that people make such files with, and writes down what these tools read of them.

Run with webdataset 1.0.2, tfrecord 1.14.6, protobuf 7.36.2, crc32c 2.9, NumPy 2.4, GNU tar, bsdtar and zstd; the files
are kept in the repository, so that no test needs any of them.  tests/cpp/engine/samples_*_test.cc know the values.
protobuf writes features in another order each time.
"""

import gzip
import io
import json
import os
import shutil
import struct
import subprocess
import tarfile
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy
import webdataset  # type: ignore[import-not-found, import-untyped, unused-ignore]
from tfrecord import example_pb2  # type: ignore[import-not-found, import-untyped, unused-ignore]
from tfrecord.writer import TFRecordWriter  # type: ignore[import-not-found, import-untyped, unused-ignore]
from webdataset import tariterators  # type: ignore[import-not-found, import-untyped, unused-ignore]

HERE = Path(__file__).parent
CORPUS = HERE.parent.parent / "fuzz" / "corpus"


def content(name: str) -> bytes:
    """Some bytes that differ from name to name in value and number."""
    return (name + ":").encode() * (1 + zlib.crc32(name.encode()) % 7)


# ----------------------------------------------------------------------------------------------------------------------
# Tar shards.

# Names that the grouping of the webdataset library has an opinion on, in the order of the archive.
ODD_NAMES = [
    "plain.jpg", "plain.cls", "folder/nested.jpg", "folder/nested.seg.png", "folder/UPPER.JPG", "folder/UPPER.Cls",
    "dotted.v1/inside.jpg", "dotted.v1/inside.cls", "./here.jpg", "./here.cls", "README", "folder/NOTES",
    ".hidden.jpg", "folder/.hidden.jpg", "dotted.v1/.hidden.jpg", "a/.b/c.txt", "__meta__", "__meta__/x.json",
    "__notmeta__.jpg", "left.jpg", "right.jpg", "left.cls", "right.cls", "trailing.", "two..dots", "/absolute.jpg",
    "../up.jpg", "a//.double", "last.a.b.c.d",
]  # fmt: skip


def make_tar(path: Path, names: list[str], tar_format: int = tarfile.USTAR_FORMAT) -> None:
    with tarfile.open(path, "w", format=tar_format) as tar:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(content(name))
            tar.addfile(member, io.BytesIO(content(name)))


def as_webdataset_reads(path: Path) -> list[str]:
    """A line for each sample: its key, and each field with the CRC-32 of its bytes."""
    shards = tariterators.url_opener([{"url": str(path)}])
    lines = []
    for sample in tariterators.group_by_keys(tariterators.tar_file_expander(shards)):
        fields = [f" {name}={zlib.crc32(value)}" for name, value in sample.items() if not name.startswith("__")]
        lines.append(json.dumps(sample["__key__"]) + "".join(fields))
    return lines


def make_webdataset_shards() -> None:
    for shard in range(2):
        with webdataset.TarWriter(str(HERE / f"written-{shard:06}.tar"), mtime=0.5) as writer:
            for index in range(3):
                number = 3 * shard + index
                writer.write(
                    {
                        "__key__": f"sample{number:04}",
                        "jpg": content(f"image {number}"),
                        "cls": number % 3,
                        "json": {"number": number},
                    }
                )
    make_tar(HERE / "odd_names.tar", ODD_NAMES)
    make_tar(HERE / "long_names.pax.tar", [f"{'long' * 40}/{'name' * 40}.jpg", "short.jpg"], tarfile.PAX_FORMAT)
    make_tar(HERE / "long_names.gnu.tar", [f"{'long' * 40}/{'name' * 40}.jpg", "short.jpg"], tarfile.GNU_FORMAT)
    make_tar(HERE / "twin.tar", ["a.jpg", "a.cls", "a.JPG", "b.jpg", "b.cls"])
    make_tar(HERE / "missing.tar", ["a.jpg", "a.cls", "b.jpg", "c.jpg", "c.cls"])
    make_tar(HERE / "empty.tar", [])
    with tempfile.TemporaryDirectory() as folder:
        names = ["a.jpg", "a.cls", "sub/b.jpg", "sub/b.cls"]
        for name in names:
            path = Path(folder) / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content(name))
            os.utime(path, (0, 0))
        subprocess.run(
            ["tar", "-C", folder, "-cf", HERE / "by_gnu_tar.tar", "--owner=0", "--group=0", *names], check=True
        )
        subprocess.run(["bsdtar", "-C", folder, "-cf", HERE / "by_bsdtar.tar", *names], check=True)
    plain = (HERE / "by_gnu_tar.tar").read_bytes()
    (HERE / "by_gnu_tar.tar.gz").write_bytes(gzip.compress(plain, mtime=0))
    subprocess.run(["zstd", "-qf", HERE / "by_gnu_tar.tar", "-o", HERE / "by_gnu_tar.tar.zst"], check=True)
    read = {path.name: as_webdataset_reads(path) for path in sorted(HERE.glob("*.tar")) if path.name != "twin.tar"}
    text = "".join(f"{name}\n" + "".join(f"  {line}\n" for line in lines) for name, lines in read.items())
    (HERE / "as_webdataset_reads.txt").write_text(text)


# ----------------------------------------------------------------------------------------------------------------------
# TFRecords.


def delimited(number: int, body: bytes) -> bytes:
    """A field of a message, of fewer than 128 bytes."""
    return bytes([number << 3 | 2, len(body)]) + body


def example_of(name: bytes, feature: bytes) -> bytes:
    return delimited(1, delimited(1, delimited(1, name) + delimited(2, feature)))


def make_tfrecords() -> None:
    path = HERE / "five.tfrecord"
    writer = TFRecordWriter(str(path))
    for number in range(5):
        writer.write(
            {
                "image": (content(f"image {number}"), "byte"),
                "label": (number - 2, "int"),
                "box": ([number / 2, -1.5, 3e38, float("-inf")], "float"),
                "wide": ([number, -(2**63), 2**63 - 1], "int"),
            }
        )
    writer.close()
    plain = path.read_bytes()
    (HERE / "five.tfrecord.gz").write_bytes(gzip.compress(plain, mtime=0))
    (HERE / "five.tfrecord.zlib").write_bytes(zlib.compress(plain))
    corpus = CORPUS / "tf_example"
    corpus.mkdir(exist_ok=True)
    example = example_pb2.Example()
    example.features.feature["bytes"].bytes_list.value.extend([b"one", b"", b"three"])
    example.features.feature["floats"].float_list.value.extend([0.5, -2])
    example.features.feature["integers"].int64_list.value.extend([1, -1, 300])
    example.features.feature["unset"].SetInParent()
    encoded = example.SerializeToString(deterministic=True)
    (corpus / "three_kinds").write_bytes(encoded)
    for size in (1, 7, len(encoded) // 2, len(encoded) - 1):
        (corpus / f"cut_after_{size}").write_bytes(encoded[:size])
    # As encoders of proto2 write numbers: one by one.
    floats = b"".join(b"\x0d" + struct.pack("<f", number) for number in (0.5, -2, 3))
    (corpus / "floats_one_by_one").write_bytes(example_of(b"f", delimited(2, floats)))
    integers = b"".join(b"\x08" + number for number in (b"\x01", b"\x02", b"\xac\x02"))
    (corpus / "integers_one_by_one").write_bytes(example_of(b"i", delimited(3, integers)))
    (corpus / "two_lists").write_bytes(example_of(b"f", delimited(2, floats) + delimited(3, integers)))
    (corpus / "endless_number").write_bytes(b"\x0a" + b"\xff" * 12)
    (corpus / "group").write_bytes(b"\x0b\x0c")
    corpus = CORPUS / "tfrecord"
    corpus.mkdir(exist_ok=True)
    (corpus / "five").write_bytes(plain)
    (corpus / "cut").write_bytes(plain[:-3])
    (corpus / "flipped").write_bytes(plain[:20] + bytes([plain[20] ^ 1]) + plain[21:])
    (corpus / "header").write_bytes(plain[:2] + b"\x01" + plain[3:])


# ----------------------------------------------------------------------------------------------------------------------
# Arrays.


def make_arrays() -> None:
    x = numpy.arange(12, dtype="float32").reshape(4, 3)
    y = numpy.array([3, 1, 2, 0], dtype="int64")
    arrays: dict[str, Any] = {"x": x, "y": y}
    numpy.savez(HERE / "rows.npz", **arrays)
    numpy.savez_compressed(HERE / "rows_deflated.npz", **arrays)
    numpy.savez(HERE / "rows_turned.npz", x=numpy.asfortranarray(x), y=y.astype(">i8"))
    numpy.savez(HERE / "rows_wide.npz", x=x.astype("float64"), y=y)
    numpy.savez(HERE / "rows_uneven.npz", x=x, y=y[:3])
    numpy.savez(HERE / "rows_with_scalar.npz", x=x, y=y, scale=numpy.float32(2))
    numpy.save(HERE / "rows.npy", x)
    numpy.save(HERE / "rows_big.npy", x.astype(">f4"))
    numpy.save(HERE / "rows_column_major.npy", numpy.asfortranarray(x))
    corpus = CORPUS / "sample_rows"
    corpus.mkdir(exist_ok=True)
    for path in HERE.glob("rows*.np[yz]"):
        shutil.copyfile(path, corpus / path.name)
    whole = (HERE / "rows.npz").read_bytes()
    (corpus / "cut.npz").write_bytes(whole[:-40])


def make_webdataset_corpus() -> None:
    corpus = CORPUS / "webdataset"
    corpus.mkdir(exist_ok=True)
    for name in ("odd_names.tar", "twin.tar", "missing.tar", "empty.tar", "by_gnu_tar.tar.gz", "by_gnu_tar.tar.zst"):
        shutil.copyfile(HERE / name, corpus / name)
    (corpus / "cut.tar").write_bytes((HERE / "missing.tar").read_bytes()[:1300])


if __name__ == "__main__":
    make_webdataset_shards()
    make_tfrecords()
    make_arrays()
    make_webdataset_corpus()
