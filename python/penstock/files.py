"""Tensors in NumPy's files."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from penstock._native import call, ffi, lib, text
from penstock.base import made
from penstock.creation import as_tensor
from penstock.tensor import Tensor

__all__ = ["load", "save", "save_npz"]


def load(path: str | os.PathLike[str]) -> Any:
    """A tensor from a .npy file, or a dict of them from a .npz file.

    >>> import os, tempfile, penstock
    >>> path = os.path.join(tempfile.mkdtemp(), "numbers.npy")
    >>> penstock.save(path, penstock.arange(3))
    >>> penstock.load(path).tolist()
    [0, 1, 2]
    """
    encoded = os.fsencode(path)
    if not encoded.endswith(b".npz"):
        return made(lib.ps_npy_load, encoded, ffi.NULL)
    out = ffi.new("ps_npz **")
    call(lib.ps_npz_open, out, encoded)
    npz = ffi.gc(out[0], lib.ps_npz_release)
    names = [text(lib.ps_npz_name(npz, index)) for index in range(lib.ps_npz_count(npz))]
    return {name: made(lib.ps_npz_read, npz, name.encode(), ffi.NULL) for name in names}


def save(path: str | os.PathLike[str], tensor: Any) -> None:
    """Writes an array as a .npy file, whole or not at all.

    >>> import os, tempfile, penstock
    >>> penstock.save(os.path.join(tempfile.mkdtemp(), "numbers.npy"), penstock.arange(3))
    """
    call(lib.ps_npy_save, os.fsencode(path), as_tensor(tensor), ffi.NULL)


def save_npz(path: str | os.PathLike[str], tensors: Mapping[str, Any], *, compression: int = 0) -> None:
    """Writes arrays as a .npz file, whole or not at all; compression is 0 (none) to 12 (small).

    >>> import os, tempfile, penstock
    >>> path = os.path.join(tempfile.mkdtemp(), "numbers.npz")
    >>> penstock.save_npz(path, {"few": penstock.arange(3)})
    >>> penstock.load(path)["few"].tolist()
    [0, 1, 2]
    """
    held: list[Tensor] = [as_tensor(tensor) for tensor in tensors.values()]
    encoded = [ffi.new("char[]", name.encode()) for name in tensors]
    names = ffi.new("char *[]", encoded)
    options = ffi.new("ps_save_options *")
    lib.ps_save_options_init(options, ffi.sizeof("ps_save_options"))
    options.compression = compression
    call(lib.ps_npz_save, os.fsencode(path), len(held), names, held, options)
