"""What holds for the whole process: threads, memory, traces, versions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from penstock import devices
from penstock._native import call, lib, struct, text
from penstock.devices import Device

__all__ = ["MemoryStats", "abi_version", "get_num_threads", "memory_stats", "set_num_threads", "trace"]


class MemoryStats(NamedTuple):
    """What penstock holds on one device.

    live_bytes: allocated by penstock and not yet freed; peak_bytes: the most that has been.
    live_storages: blocks of memory that some tensor still holds, those of others included.
    wrapped_bytes: the bytes in those of others.

    >>> import penstock
    >>> penstock.memory_stats()._fields
    ('live_bytes', 'peak_bytes', 'live_storages', 'wrapped_bytes')
    """

    live_bytes: int
    peak_bytes: int
    live_storages: int
    wrapped_bytes: int


def memory_stats(device: Device | str | None = None) -> MemoryStats:
    """What penstock holds on a device, this thread's default unless named.

    >>> import penstock
    >>> before = penstock.memory_stats().live_bytes
    >>> t = penstock.zeros(1000)
    >>> penstock.memory_stats().live_bytes - before
    4000
    """
    usage = struct("ps_memory_usage")
    call(lib.ps_memory_stats, usage, *devices.as_device(device).numbers)
    return MemoryStats(usage.live_bytes, usage.peak_bytes, usage.live_storages, usage.wrapped_bytes)


def set_num_threads(num_threads: int) -> None:
    """Sets how many threads work on one job; 0 goes back to what this process may use.

    >>> import penstock
    >>> penstock.set_num_threads(2)
    >>> penstock.get_num_threads()
    2
    >>> penstock.set_num_threads(0)
    """
    call(lib.ps_set_num_threads, num_threads)


def get_num_threads() -> int:
    """How many threads work on one job.

    >>> import penstock
    >>> penstock.get_num_threads() >= 1
    True
    """
    return int(lib.ps_get_num_threads())


def abi_version() -> tuple[int, int]:
    """The loaded library's binary interface, (major, minor).

    >>> import penstock
    >>> penstock.abi_version()[0]
    1
    """
    packed = lib.ps_abi_version()
    return packed >> 16, packed & 0xFFFF


@contextmanager
def trace(path: str | os.PathLike[str]) -> Iterator[None]:
    """Records what penstock does into a file that ui.perfetto.dev opens.

    >>> import os, tempfile, penstock
    >>> path = os.path.join(tempfile.mkdtemp(), "trace.json")
    >>> with penstock.trace(path):
    ...     _ = penstock.zeros(10).astype("int8")
    >>> os.path.getsize(path) > 0
    True
    """
    call(lib.ps_trace_start, os.fsencode(path))
    try:
        yield
    finally:
        call(lib.ps_trace_stop)


__version__ = text(lib.ps_version())
