"""What the array API's standard asks a namespace to say of itself, and its constants."""

from __future__ import annotations

import math
from typing import Any, Final

from penstock import data_types, devices, dtypes
from penstock.devices import Device
from penstock.dtypes import DType

__all__ = [
    "ArrayNamespaceInfo",
    "__array_api_version__",
    "__array_namespace_info__",
    "e",
    "inf",
    "nan",
    "newaxis",
    "pi",
]

__array_api_version__: Final[str] = "2024.12"
LARGEST_NDIM: Final = 16  # PS_MAX_NDIM

e: Final[float] = math.e
inf: Final[float] = math.inf
nan: Final[float] = math.nan
newaxis: Final = None
pi: Final[float] = math.pi

# The dtypes that the standard knows: those beyond them are penstock's own.
STANDARDS = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64", "complex64",
    "complex128",
)  # fmt: skip


class ArrayNamespaceInfo:
    """What `__array_namespace_info__()` gives: what this namespace can do, and on what.

    >>> import penstock
    >>> penstock.__array_namespace_info__().default_dtypes()["real floating"]
    penstock.float32
    """

    def capabilities(self) -> dict[str, Any]:
        """Whether masks index, whether shapes may depend on data, and the most axes.

        >>> import penstock
        >>> penstock.__array_namespace_info__().capabilities()["max dimensions"]
        16
        """
        return {"boolean indexing": True, "data-dependent shapes": True, "max dimensions": LARGEST_NDIM}

    def default_device(self) -> Device:
        """This thread's default device.

        >>> import penstock
        >>> penstock.__array_namespace_info__().default_device()
        Device('cpu')
        """
        return devices.get_device()

    def devices(self) -> list[Device]:
        """The devices that can be used here.

        >>> import penstock
        >>> penstock.__array_namespace_info__().devices()[0]
        Device('cpu')
        """
        return devices.get_devices()

    def default_dtypes(self, *, device: Device | str | None = None) -> dict[str, DType]:
        """The dtypes of what is made from Python's numbers, and of indices; the same on every device.

        >>> import penstock
        >>> penstock.__array_namespace_info__().default_dtypes()["indexing"]
        penstock.int64
        """
        devices.as_device(device)
        return {
            "real floating": dtypes.float32,
            "complex floating": dtypes.complex64,
            "integral": dtypes.int64,
            "indexing": dtypes.int64,
        }

    def dtypes(
        self, *, device: Device | str | None = None, kind: str | tuple[str, ...] | None = None
    ) -> dict[str, DType]:
        """The standard's dtypes, all or those of some kinds, as isdtype() names these; the same on every device.

        >>> import penstock
        >>> sorted(penstock.__array_namespace_info__().dtypes(kind="real floating"))
        ['float32', 'float64']
        """
        devices.as_device(device)
        known = {name: dtypes.BY_NAME[name] for name in STANDARDS}
        return {name: dtype for name, dtype in known.items() if kind is None or data_types.isdtype(dtype, kind)}


def __array_namespace_info__() -> ArrayNamespaceInfo:  # noqa: N807 - the array API's name
    """What this namespace can do, as the array API asks: its capabilities, devices and dtypes.

    >>> import penstock
    >>> penstock.__array_namespace_info__().capabilities()["boolean indexing"]
    True
    """
    return ArrayNamespaceInfo()
