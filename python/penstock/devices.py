"""Where memory lives, and each thread's default for it."""

from __future__ import annotations

import re
from types import TracebackType
from typing import Any

from penstock._native import call, ffi, lib, struct, text
from penstock.errors import InvalidArgumentError, UnavailableError

__all__ = ["Device", "device", "get_device", "get_devices", "set_device"]

KINDS = {1: "cpu", 2: "cuda"}
NUMBERS = {kind: number for number, kind in KINDS.items()}


class Device:
    """A place where memory lives: its kind, "cpu" or "cuda", and its id among those of that kind.  Equal to its name.

    >>> import penstock
    >>> penstock.Device("cuda:1").kind, penstock.Device("cuda:1").id
    ('cuda', 1)
    >>> penstock.zeros(3).device == "cpu"
    True
    """

    __slots__ = ("id", "kind")
    kind: str
    id: int

    def __init__(self, name: str) -> None:
        match = re.fullmatch(r"(cpu|cuda)(?::(\d+))?", name)
        if match is None:
            raise InvalidArgumentError(f"{name!r} is no device: expected 'cpu', 'cuda' or 'cuda:' and a number")
        self.kind = match[1]
        self.id = int(match[2] or 0)

    @property
    def name(self) -> str:
        """The name that makes this device again.

        >>> import penstock
        >>> penstock.Device("cuda").name
        'cuda:0'
        """
        return self.kind if self.kind == "cpu" else f"{self.kind}:{self.id}"

    @property
    def memory_gb(self) -> float:
        """The memory in gigabytes (10**9 bytes).

        >>> import penstock
        >>> penstock.Device("cpu").memory_gb > 0
        True
        """
        return float(describe(self).memory_bytes) / 1e9

    @property
    def model(self) -> str:
        """What its maker calls it, as "NVIDIA H200"; "CPU" for the CPU.

        >>> import penstock
        >>> penstock.Device("cpu").model
        'CPU'
        """
        return text(describe(self).name)

    @property
    def compute_capability(self) -> tuple[int, int] | None:
        """An NVIDIA GPU's (major, minor); None for the CPU.

        >>> import penstock
        >>> penstock.Device("cpu").compute_capability is None
        True
        """
        if self.kind == "cpu":
            return None
        found = describe(self)
        return found.compute_major, found.compute_minor

    @property
    def numbers(self) -> tuple[int, int]:
        """DLPack's (device type, device id).

        >>> import penstock
        >>> penstock.Device("cuda:1").numbers
        (2, 1)
        """
        return NUMBERS[self.kind], self.id

    def __repr__(self) -> str:
        return f"Device({self.name!r})"

    def __str__(self) -> str:
        return self.name

    def __eq__(self, other: object) -> bool:
        if isinstance(other, str):
            try:
                other = Device(other)
            except InvalidArgumentError:
                return False
        return self.numbers == other.numbers if isinstance(other, Device) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.name)  # as its name's, which it equals


def describe(device: Device) -> Any:
    """A ps_device_info."""
    info = struct("ps_device_info")
    call(lib.ps_device_describe, info, *device.numbers)
    return info


def as_device(wanted: Device | str | None) -> Device:
    """The device that something names; None means this thread's default."""
    if wanted is None:
        return get_device()
    if isinstance(wanted, Device):
        return wanted
    if isinstance(wanted, str):
        return Device(wanted)
    raise InvalidArgumentError(f"{wanted!r} is no device: expected a name as 'cpu' or 'cuda:0', or a Device")


def of_numbers(device_type: int, device_id: int) -> Device:
    return Device(KINDS[device_type] if device_type == 1 else f"{KINDS[device_type]}:{device_id}")


def get_device() -> Device:
    """This thread's default device: where tensors are made when nothing else is said.

    >>> import penstock
    >>> penstock.get_device()
    Device('cpu')
    """
    device_type, device_id = ffi.new("ps_device_type *"), ffi.new("int32_t *")
    call(lib.ps_get_device, device_type, device_id)
    return of_numbers(device_type[0], device_id[0])


def set_device(device: Device | str) -> None:
    """Sets this thread's default device.

    >>> import penstock
    >>> penstock.set_device("cpu")
    """
    call(lib.ps_set_device, *as_device(device).numbers)


def get_devices() -> list[Device]:
    """The devices that can be used here: the CPU, then each GPU. `penstock doctor` says why one is missing.

    >>> import penstock
    >>> penstock.get_devices()[0]
    Device('cpu')
    """
    count = ffi.new("int32_t *")
    try:
        call(lib.ps_device_count, count, NUMBERS["cuda"])
    except UnavailableError:
        return [Device("cpu")]
    return [Device("cpu"), *(Device(f"cuda:{index}") for index in range(count[0]))]


class device:  # noqa: N801 - reads as a function
    """Makes a device this thread's default for a while.

    >>> import penstock
    >>> with penstock.device("cpu"):
    ...     penstock.zeros(3).device
    Device('cpu')
    """

    def __init__(self, device: Device | str) -> None:
        self._wanted = as_device(device)
        self._before: list[Device] = []

    def __enter__(self) -> Device:
        before = get_device()
        set_device(self._wanted)
        self._before.append(before)
        return self._wanted

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        set_device(self._before.pop())


def options(wanted: Device | str | None, alignment: int | None = None, pinned: bool = False) -> Any:
    """A ps_tensor_options; NULL where the defaults do."""
    if wanted is None and alignment is None and not pinned:
        return ffi.NULL
    device_type, device_id = (0, 0) if wanted is None else as_device(wanted).numbers
    return struct(
        "ps_tensor_options", device_type=device_type, device_id=device_id, alignment=alignment or 0, pinned=pinned
    )
