"""penstock: tensors of a native engine, lent to NumPy, torch, JAX and others without a copy.

>>> import torch, penstock
>>> t = penstock.zeros(3)
>>> lent = torch.from_dlpack(t)
>>> t[0] = 7
>>> lent
tensor([7., 0., 0.])

The release is `__version__`:

>>> penstock.__version__.count(".")
2
"""

from penstock import worlds
from penstock.base import set_tensor_class
from penstock.creation import (
    arange,
    create_dlpack_capsule,
    empty,
    from_dlpack,
    from_numpy,
    full,
    get_dlpack_device,
    ones,
    zeros,
)
from penstock.devices import Device, device, get_device, get_devices, set_device
from penstock.dtypes import (
    DType,
    bfloat16,
    bool,
    complex64,
    complex128,
    float8_e4m3fn,
    float8_e5m2,
    float16,
    float32,
    float64,
    int8,
    int16,
    int32,
    int64,
    uint8,
    uint16,
    uint32,
    uint64,
)
from penstock.errors import (
    CancelledError,
    DataError,
    DoesNotFitError,
    Error,
    InternalError,
    InvalidArgumentError,
    IoError,
    NotExportableError,
    NotFoundError,
    OutOfMemoryError,
    OutOfRangeError,
    ReadOnlyError,
    TimedOutError,
    TypeMismatchError,
    UnavailableError,
)
from penstock.files import load, save, save_npz
from penstock.process import (
    MemoryStats,
    __version__,
    abi_version,
    get_num_threads,
    memory_stats,
    set_num_threads,
    trace,
)
from penstock.streams import get_stream, set_stream, stream, synchronize
from penstock.tensor import Tensor

set_tensor_class(Tensor)

from penstock import loader as loader  # noqa: E402 - it needs the class that was just set

__all__ = [
    "CancelledError",
    "DType",
    "DataError",
    "Device",
    "DoesNotFitError",
    "Error",
    "InternalError",
    "InvalidArgumentError",
    "IoError",
    "MemoryStats",
    "NotExportableError",
    "NotFoundError",
    "OutOfMemoryError",
    "OutOfRangeError",
    "ReadOnlyError",
    "Tensor",
    "TimedOutError",
    "TypeMismatchError",
    "UnavailableError",
    "__version__",
    "abi_version",
    "arange",
    "bfloat16",
    "bool",
    "complex64",
    "complex128",
    "create_dlpack_capsule",
    "device",
    "empty",
    "float8_e4m3fn",
    "float8_e5m2",
    "float16",
    "float32",
    "float64",
    "from_dlpack",
    "from_numpy",
    "full",
    "get_device",
    "get_devices",
    "get_dlpack_device",
    "get_num_threads",
    "get_stream",
    "int8",
    "int16",
    "int32",
    "int64",
    "load",
    "memory_stats",
    "ones",
    "save",
    "save_npz",
    "set_device",
    "set_num_threads",
    "set_stream",
    "stream",
    "synchronize",
    "trace",
    "uint8",
    "uint16",
    "uint32",
    "uint64",
    "worlds",
    "zeros",
]
