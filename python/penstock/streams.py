"""The streams a GPU works through: this thread's current one for each, and the wait for it."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from penstock._native import call, ffi, lib
from penstock.devices import Device, as_device, get_device
from penstock.errors import InvalidArgumentError

__all__ = ["get_stream", "set_stream", "stream", "synchronize"]


def handle_of(stream: Any) -> int:
    """The cudaStream_t behind what people have: an int, torch's, CuPy's or anybody's stream; None is the default."""
    if stream is None:
        return 0
    if hasattr(stream, "__cuda_stream__"):
        return int(stream.__cuda_stream__()[1])
    for name in ("cuda_stream", "ptr"):
        if hasattr(stream, name):
            return int(getattr(stream, name))
    if isinstance(stream, int) and not isinstance(stream, bool) and stream >= 0:
        return stream
    raise InvalidArgumentError(
        f"{stream!r} is no stream: expected a handle, or an object with cuda_stream, ptr or __cuda_stream__"
    )


def gpu_of(stream: Any, device: Device | str | None) -> Device:
    """The device that is named, or the stream's own, or this thread's default where that is a GPU, or the first GPU."""
    if device is not None:
        return as_device(device)
    index = getattr(stream, "device_id", None)  # CuPy's
    if index is None:
        index = getattr(getattr(stream, "device", None), "index", None)  # torch's
    if isinstance(index, int) and index >= 0:
        return Device(f"cuda:{index}")
    default = get_device()
    return default if default.kind == "cuda" else Device("cuda:0")


def set_stream(stream: Any, device: Device | str | None = None) -> None:
    """Makes a stream this thread's current one for a GPU: where penstock queues its work.

    stream is a cudaStream_t as an int, or a stream of torch, CuPy or anybody with `__cuda_stream__`; None goes back to
    the legacy default stream. It stays the caller's, and must live until the tensors it was used with are gone. The
    CPU has no streams: there nothing happens.

    >>> import penstock
    >>> penstock.set_stream(None, "cpu")
    """
    call(lib.ps_set_stream, *gpu_of(stream, device).numbers, ffi.cast("void *", handle_of(stream)))


def get_stream(device: Device | str | None = None) -> int:
    """This thread's current stream for a GPU, as CUDA's handle: 1 is the legacy default stream; 0 for the CPU.

    >>> import penstock
    >>> penstock.get_stream("cpu")
    0
    """
    out = ffi.new("void **")
    call(lib.ps_get_stream, out, *gpu_of(None, device).numbers)
    return int(ffi.cast("uintptr_t", out[0]))


def synchronize(device: Device | str | None = None) -> None:
    """Returns when all that penstock has queued on this thread's current stream for a device has run.

    >>> import penstock
    >>> penstock.synchronize("cpu")
    """
    call(lib.ps_synchronize, *as_device(device).numbers)


class stream:  # noqa: N801 - reads as a function
    """Makes a stream this thread's current one for a while; takes what set_stream takes.

    >>> import penstock
    >>> with penstock.stream(1, device="cpu"):
    ...     penstock.get_stream("cpu")
    0
    """

    def __init__(self, stream: Any, device: Device | str | None = None) -> None:
        self._stream = stream
        self._device = gpu_of(stream, device)
        self._before: list[int] = []

    def __enter__(self) -> stream:
        before = get_stream(self._device)
        set_stream(self._stream, self._device)
        self._before.append(before)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        set_stream(self._before.pop(), self._device)
