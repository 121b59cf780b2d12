"""Makes the .npy and .npz files here and in tests/fuzz/corpus: by NumPy itself, and by damaging what NumPy made.

Run with NumPy 2.4 from anywhere; the files are kept in the repository, so that no test needs NumPy.
tests/cpp/engine/npy_numpy_test.cc and npz_test.cc know the values.
"""

import io
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy

HERE = Path(__file__).parent
CORPUS = HERE.parent.parent / "fuzz" / "corpus"
DTYPES = [
    "bool",
    "int8",
    "int16",
    "int32",
    "int64",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "float16",
    "float32",
    "float64",
    "complex64",
    "complex128",
]


def values(dtype: str) -> numpy.ndarray[Any, Any]:
    """Six numbers in two rows, none of which looks the same in both byte orders; bools alternate."""
    index = numpy.arange(6)
    numbers: numpy.ndarray[Any, Any]
    if dtype == "bool":
        numbers = index % 2
    elif dtype.startswith("u"):
        numbers = index * 40 + 3
    elif dtype.startswith("i"):
        numbers = (index - 2) * 3
    elif dtype.startswith("f"):
        numbers = (index - 2) * 0.75
    else:
        numbers = (index - 2) * 0.75 - index * 0.5j
    return numbers.astype(dtype).reshape(2, 3)


def make_arrays() -> None:
    for dtype in DTYPES:
        array = values(dtype)
        numpy.save(HERE / f"{dtype}_little.npy", array.astype(array.dtype.newbyteorder("<")))
        if array.dtype.itemsize > 1:
            numpy.save(HERE / f"{dtype}_big.npy", array.astype(array.dtype.newbyteorder(">")))
    cube = numpy.arange(24, dtype="int16").reshape(2, 3, 4)
    numpy.save(HERE / "column_major.npy", numpy.asfortranarray(cube))
    numpy.save(HERE / "column_major_big.npy", numpy.asfortranarray(cube.astype(">i2")))
    numpy.save(HERE / "rank_0.npy", numpy.array(2.5, dtype="float64"))
    numpy.save(HERE / "rank_1.npy", numpy.arange(5, dtype="int64"))
    numpy.save(HERE / "rank_16.npy", numpy.arange(2, dtype="uint8").reshape((1,) * 15 + (2,)))
    numpy.save(HERE / "rank_17.npy", numpy.arange(2, dtype="uint8").reshape((1,) * 16 + (2,)))
    numpy.save(HERE / "no_elements.npy", numpy.empty((0, 3), dtype="float32"))
    for version in (2, 3):
        with warnings.catch_warnings(), open(HERE / f"format_{version}.npy", "wb") as file:
            warnings.simplefilter("ignore")
            numpy.lib.format.write_array(file, values("float32"), version=(version, 0))


def make_unsupported() -> None:
    numpy.save(HERE / "unsupported_objects.npy", numpy.array([{}, None], dtype=object), allow_pickle=True)
    numpy.save(HERE / "unsupported_records.npy", numpy.zeros(2, dtype=[("a", "<f4"), ("b", "<i4", (2,))]))
    numpy.save(HERE / "unsupported_text.npy", numpy.array(["ab", "c"]))
    numpy.save(HERE / "unsupported_bytes.npy", numpy.array([b"ab", b"c"]))
    numpy.save(HERE / "unsupported_times.npy", numpy.array(["2020-01-01"], dtype="datetime64[D]"))
    numpy.save(HERE / "unsupported_bfloat16.npy", numpy.zeros(3, dtype="V2"))
    numpy.save(HERE / "unsupported_long_double.npy", numpy.zeros(1, dtype="longdouble"))


def make_archives() -> None:
    arrays: dict[str, Any] = {
        "ints": numpy.arange(10, dtype="int32"),
        "größe": numpy.array(1.5),
        "none": numpy.empty((0,), "uint8"),
    }
    numpy.savez(HERE / "savez.npz", **arrays)
    numpy.savez_compressed(HERE / "savez_compressed.npz", **arrays, zeros=numpy.zeros(2000))
    numpy.savez(HERE / "savez_nothing.npz")


def write_corpus(folder: str, name: str, content: bytes) -> None:
    (CORPUS / folder).mkdir(parents=True, exist_ok=True)
    (CORPUS / folder / name).write_bytes(content)


def with_header(text: str, data: bytes = b"", major: int = 1) -> bytes:
    length = struct.pack("<H" if major == 1 else "<I", len(text))
    return b"\x93NUMPY" + bytes([major, 0]) + length + text.encode() + data


def make_npy_corpus() -> None:
    for name in (
        "float32_little",
        "complex64_big",
        "column_major",
        "rank_0",
        "no_elements",
        "format_2",
        "format_3",
        "unsupported_records",
        "unsupported_objects",
    ):
        write_corpus("npy", f"numpy_{name}.npy", (HERE / f"{name}.npy").read_bytes())
    whole = (HERE / "int16_big.npy").read_bytes()
    write_corpus("npy", "cut_to_nothing.npy", b"")
    write_corpus("npy", "cut_in_magic.npy", whole[:4])
    write_corpus("npy", "cut_in_header.npy", whole[:60])
    write_corpus("npy", "cut_by_one_byte.npy", whole[:-1])
    write_corpus("npy", "bytes_left_over.npy", whole + b"\0")
    text = "{'descr': '<f8', 'fortran_order': False, 'shape': (%s), }"
    write_corpus("npy", "forged_shape_overflows.npy", with_header(text % "4294967296, 4294967296"))
    write_corpus("npy", "forged_shape_2_64.npy", with_header(text % "18446744073709551616,"))
    write_corpus("npy", "forged_zero_beside_overflow.npy", with_header(text % "0, 4294967296, 4294967296"))
    write_corpus("npy", "forged_header_length_4_gib.npy", b"\x93NUMPY\2\0\xff\xff\xff\xff{")
    write_corpus("npy", "forged_nesting.npy", with_header("{'descr': " + "[" * 9000))
    write_corpus("npy", "unaligned_elements.npy", with_header((text % "2,") + " \n", bytes(16)))
    write_corpus(
        "npy",
        "other_quotes_and_order.npy",
        with_header('{"shape":(1,2),"fortran_order":True,"descr":">c8"}', bytes(16)),
    )


def zip_of(members: dict[str, bytes], method: int = zipfile.ZIP_STORED, comment: bytes = b"") -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        archive.comment = comment
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=method)
    return file.getvalue()


def make_npz_corpus() -> None:
    for name in ("savez", "savez_compressed", "savez_nothing"):
        write_corpus("npz", f"numpy_{name}.npz", (HERE / f"{name}.npz").read_bytes())
    array = (HERE / "float32_little.npy").read_bytes()
    stored = zip_of({"a.npy": array, "readme.txt": b"text"}, comment=b"a comment")
    deflated = zip_of({"a.npy": array}, zipfile.ZIP_DEFLATED)
    directory = deflated.index(b"PK\1\2")
    end = deflated.index(b"PK\5\6")
    write_corpus("npz", "stored_with_comment.npz", stored)
    write_corpus("npz", "deflated.npz", deflated)
    write_corpus("npz", "not_an_array.npz", zip_of({"a.npy": b"no array at all"}))
    write_corpus("npz", "cut_to_nothing.npz", b"")
    write_corpus("npz", "cut_in_directory.npz", deflated[: directory + 20])
    write_corpus("npz", "cut_in_end_record.npz", deflated[:-1])
    write_corpus("npz", "bytes_before.npz", b"#!/bin/sh\n" + deflated)
    write_corpus("npz", "other_compression.npz", zip_of({"a.npy": array}, zipfile.ZIP_BZIP2))

    def forged(offset: int, form: str, *numbers: int) -> bytes:
        content = bytearray(deflated)
        struct.pack_into(form, content, offset, *numbers)
        return bytes(content)

    write_corpus("npz", "forged_size_4_gib.npz", forged(directory + 24, "<I", 0xFFFFFFFE))
    write_corpus("npz", "forged_zip64_without_field.npz", forged(directory + 24, "<I", 0xFFFFFFFF))
    write_corpus("npz", "forged_offset_past_end.npz", forged(directory + 42, "<I", 0x7FFFFFFF))
    write_corpus("npz", "forged_name_length.npz", forged(directory + 28, "<H", 0xFFFF))
    write_corpus("npz", "forged_extra_length.npz", forged(28, "<H", 0xFFFF))
    write_corpus("npz", "forged_count.npz", forged(end + 8, "<HH", 0xFFFF, 0xFFFF))
    write_corpus("npz", "forged_directory_size.npz", forged(end + 12, "<I", 0xFFFFFFFF))
    write_corpus("npz", "forged_encrypted.npz", forged(directory + 8, "<H", 1))
    write_corpus("npz", "flipped_bit_in_data.npz", forged(60, "B", deflated[60] ^ 1))
    locator = struct.pack("<IIQI", 0x07064B50, 0, 2**64 - 1, 1)
    write_corpus("npz", "forged_zip64_locator.npz", deflated[:end] + locator + deflated[end:])


if __name__ == "__main__":
    make_arrays()
    make_unsupported()
    make_archives()
    make_npy_corpus()
    make_npz_corpus()
