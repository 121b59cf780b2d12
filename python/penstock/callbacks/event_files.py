"""TensorBoard's event files: records with checksums, in each an Event of protocol buffers.

A record is its length in 8 bytes, the length's checksum, the bytes, and their checksum, all little-endian; a checksum
is CRC-32C, rotated and shifted by a constant. An Event has wall_time (field 1), step (2), and file_version (3) or a
Summary (5), of values with tag (1) and simple_value (2).
"""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Mapping
from pathlib import Path
from typing import IO

__all__ = ["EventFile", "crc32c", "masked_crc32c"]

MASK_DELTA = 0xA282EAD8
POLYNOMIAL = 0x82F63B78  # Castagnoli's, its bits in reverse


def crc_table() -> tuple[int, ...]:
    """The checksum of each byte."""
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (POLYNOMIAL if value & 1 else 0)
        table.append(value)
    return tuple(table)


TABLE = crc_table()


def crc32c(data: bytes) -> int:
    """Castagnoli's cyclic redundancy check."""
    value = 0xFFFFFFFF
    for byte in data:
        value = value >> 8 ^ TABLE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFFFFFF


def masked_crc32c(data: bytes) -> bytes:
    """The checksum as records have it."""
    value = crc32c(data)
    return struct.pack("<I", ((value >> 15 | value << 17) + MASK_DELTA) & 0xFFFFFFFF)


def varint(number: int) -> bytes:
    """A whole number from 0 as protocol buffers write it: 7 bits a byte."""
    written = bytearray()
    while number >= 0x80:
        written.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*written, number])


def field(number: int, data: bytes) -> bytes:
    """A field of bytes, of text or of another message."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def event(wall_time: float, step: int, content: bytes) -> bytes:
    """An Event."""
    return b"\x09" + struct.pack("<d", wall_time) + (b"\x10" + varint(step) if step else b"") + content


def scalar(tag: str, value: float) -> bytes:
    """A Summary's value."""
    return field(1, field(1, tag.encode()) + b"\x15" + struct.pack("<f", value))


class EventFile:
    """A new event file in a folder."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        now = time.time_ns()
        name = f"events.out.tfevents.{now // 10**9}.{socket.gethostname()}.{os.getpid()}.{now % 10**9}"
        self.path = folder / name
        self._file: IO[bytes] = self.path.open("xb")
        self._write(event(time.time(), 0, field(3, b"brain.Event:2")))
        self.flush()

    def scalars(self, step: int, values: Mapping[str, float]) -> None:
        """Writes numbers by name."""
        summary = b"".join(scalar(tag, clipped(value)) for tag, value in values.items())
        self._write(event(time.time(), step, field(5, summary)))

    def _write(self, data: bytes) -> None:
        length = struct.pack("<Q", len(data))
        self._file.write(length + masked_crc32c(length) + data + masked_crc32c(data))

    def flush(self) -> None:
        """Lets readers see all of it."""
        self._file.flush()

    def close(self) -> None:
        """Ends the file."""
        self._file.close()


def clipped(value: float) -> float:
    """A number as a float of 32 bits holds it: beyond its limits an infinity."""
    try:
        struct.pack("<f", value)
    except OverflowError:
        return float("inf") if value > 0 else float("-inf")
    return value
