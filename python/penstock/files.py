"""Tensors in files: NumPy's, and safetensors."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeAlias

from penstock import devices
from penstock._native import call, ffi, lib, struct, text
from penstock.base import made
from penstock.creation import as_tensor
from penstock.devices import Device
from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.tensor import Tensor

__all__ = ["load", "safetensors_metadata", "save", "save_npz", "save_safetensors"]

Path: TypeAlias = str | os.PathLike[str]
Progress: TypeAlias = Callable[[int, int], object]  # (done, total) in bytes; to return True cancels


def load(path: Path, *, device: Device | str | None = None, progress: Progress | None = None) -> Any:
    """A tensor from a .npy file, or a dict of them from a .npz or a .safetensors file.

    progress is called with (done, total) in bytes, for each array anew; CancelledError once it returns True.

    Nothing is ever unpickled: an array of Python objects is a TypeMismatchError.

    >>> import os, tempfile, penstock
    >>> path = os.path.join(tempfile.mkdtemp(), "numbers.npy")
    >>> penstock.save(path, penstock.arange(3))
    >>> penstock.load(path).tolist()
    [0, 1, 2]
    """
    with_progress = WithProgress(progress)
    device_type, device_id = (0, 0) if device is None else devices.as_device(device).numbers
    options = struct("ps_load_options", device_type=device_type, device_id=device_id, **with_progress.fields())
    encoded = os.fsencode(path)
    if encoded.endswith(b".safetensors"):
        file = open_safetensors(encoded)
        names = [text(lib.ps_safetensors_name(file, index)) for index in range(lib.ps_safetensors_count(file))]
        return {name: with_progress.run(made, lib.ps_safetensors_read, file, name.encode(), options) for name in names}
    if not encoded.endswith(b".npz"):
        loaded: Tensor = with_progress.run(made, lib.ps_npy_load, encoded, options)
        return loaded
    out = ffi.new("ps_npz **")
    call(lib.ps_npz_open, out, encoded)
    npz = ffi.gc(out[0], lib.ps_npz_release)
    names = [text(lib.ps_npz_name(npz, index)) for index in range(lib.ps_npz_count(npz))]
    return {name: with_progress.run(made, lib.ps_npz_read, npz, name.encode(), options) for name in names}


def save(path: Path, tensor: Any, *, progress: Progress | None = None) -> None:
    """Writes an array as a .npy file, whole or not at all.

    progress is called with (done, total) in bytes; CancelledError once it returns True.

    >>> import os, tempfile, penstock
    >>> penstock.save(os.path.join(tempfile.mkdtemp(), "numbers.npy"), penstock.arange(3))
    """
    with_progress = WithProgress(progress)
    options = struct("ps_save_options", **with_progress.fields())
    with_progress.run(call, lib.ps_npy_save, os.fsencode(path), as_tensor(tensor), options)


def save_npz(path: Path, tensors: Mapping[str, Any], *, compression: int = 0, progress: Progress | None = None) -> None:
    """Writes arrays as a .npz file, whole or not at all; compression is 0 (none) to 12 (small).

    progress is called with (done, total) in bytes; CancelledError once it returns True.

    >>> import os, tempfile, penstock
    >>> path = os.path.join(tempfile.mkdtemp(), "numbers.npz")
    >>> penstock.save_npz(path, {"few": penstock.arange(3)})
    >>> penstock.load(path)["few"].tolist()
    [0, 1, 2]
    """
    held = [as_tensor(tensor) for tensor in tensors.values()]
    names, _kept = c_texts(tensors)
    with_progress = WithProgress(progress)
    options = struct("ps_save_options", compression=compression, **with_progress.fields())
    with_progress.run(call, lib.ps_npz_save, os.fsencode(path), len(held), names, held, options)


def save_safetensors(
    path: Path,
    tensors: Mapping[str, Any],
    *,
    metadata: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> None:
    """Writes arrays as a safetensors file, whole or not at all; metadata are words to go with them.

    progress is called with (done, total) in bytes; CancelledError once it returns True.

    >>> import os, tempfile, penstock
    >>> path = os.path.join(tempfile.mkdtemp(), "weights.safetensors")
    >>> penstock.save_safetensors(path, {"few": penstock.arange(3)}, metadata={"step": "7"})
    >>> penstock.load(path)["few"].tolist()
    [0, 1, 2]
    """
    held = [as_tensor(tensor) for tensor in tensors.values()]
    words = {} if metadata is None else dict(metadata)
    for key, value in words.items():
        if not isinstance(key, str) or not isinstance(value, str):
            raise TypeMismatchError(f"metadata has {key!r}: {value!r}: expected texts")
    (names, _kept), (keys, _keys), (values, _values) = c_texts(tensors), c_texts(words), c_texts(words.values())
    with_progress = WithProgress(progress)
    options = struct("ps_save_options", **with_progress.fields())
    arguments = len(held), names, held, len(words), keys, values, options
    with_progress.run(call, lib.ps_safetensors_save, os.fsencode(path), *arguments)


def safetensors_metadata(path: Path) -> dict[str, str]:
    """The words that a safetensors file has beside its tensors.

    >>> import os, tempfile, penstock
    >>> path = os.path.join(tempfile.mkdtemp(), "weights.safetensors")
    >>> penstock.save_safetensors(path, {}, metadata={"step": "7"})
    >>> penstock.safetensors_metadata(path)
    {'step': '7'}
    """
    file = open_safetensors(os.fsencode(path))
    return {
        text(lib.ps_safetensors_metadata_key(file, index)): text(lib.ps_safetensors_metadata_value(file, index))
        for index in range(lib.ps_safetensors_metadata_count(file))
    }


def open_safetensors(path: bytes) -> Any:
    """An open file, closed when nobody has it."""
    out = ffi.new("ps_safetensors **")
    call(lib.ps_safetensors_open, out, path)
    return ffi.gc(out[0], lib.ps_safetensors_release)


def c_texts(texts: Iterable[str]) -> tuple[Any, list[Any]]:
    """Texts as an array of C strings, and the strings, to be kept as long as it."""
    strings = []
    for each in texts:
        if "\0" in each:
            raise InvalidArgumentError(f"{each!r} has a zero byte, at which C ends a text")
        strings.append(ffi.new("char[]", each.encode()))
    return ffi.new("char *[]", strings), strings


class WithProgress:
    """Calls a Python function during a call of the C ABI; what it raises stops the call and comes out of it."""

    def __init__(self, progress: Progress | None) -> None:
        self.progress = progress
        self.error: BaseException | None = None
        self.handle = None if progress is None else ffi.new_handle(self)  # kept: the struct has only its address

    def fields(self) -> dict[str, Any]:
        """The fields of an options struct that ask for it."""
        return {} if self.progress is None else {"progress": lib.penstock_on_progress, "user": self.handle}

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Makes the call."""
        try:
            return function(*arguments)
        finally:
            if self.error is not None:
                error, self.error = self.error, None
                raise error from None


@ffi.def_extern(name="penstock_on_progress", error=1)  # type: ignore[untyped-decorator]
def on_progress(user: Any, done: int, total: int) -> int:
    """What the C ABI calls: 1 cancels."""
    caller: WithProgress = ffi.from_handle(user)
    assert caller.progress is not None
    try:
        return int(caller.progress(done, total) is True)
    except BaseException as error:  # KeyboardInterrupt too: it must not get lost in C
        caller.error = error
        return 1
