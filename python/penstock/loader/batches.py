"""What a batch of samples consists of: tensors as penstock's, NumPy's or torch's, and bytes of any length."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

from penstock._native import call, ffi, lib, text
from penstock.base import adopt
from penstock.creation import as_tensor
from penstock.errors import OutOfRangeError
from penstock.interop import import_optional

__all__ = ["CONVERSIONS", "RaggedBytes", "converted", "fields_of_batch", "from_numpy_fields", "samples_of_batch"]


def to_numpy(tensor: Any) -> Any:
    """The same memory as a NumPy array."""
    return tensor.numpy()


def to_torch(tensor: Any) -> Any:
    """The same memory as a torch tensor."""
    return tensor.to_torch()


CONVERSIONS = {"tensor": lambda tensor: tensor, "numpy": to_numpy, "torch": to_torch}


class RaggedBytes(Sequence[bytes]):
    """The bytes of one field of a batch's samples, as text or JSON: a sequence of bytes, copied when asked for.

    values has all of them one behind the other, as uint8; those of sample i begin at offsets[i] and end at
    offsets[i + 1]. Both are of the loader's kind of output, without a copy.

    >>> import pathlib, tempfile
    >>> from penstock import loader
    >>> folder = pathlib.Path(tempfile.mkdtemp())
    >>> for name in ("one", "three"):
    ...     _ = (folder / f"{name}.txt").write_text(name)
    >>> with loader.open(folder, loader.LoaderOptions().with_batch_size(2), format="files") as batches:
    ...     (words,) = batches.get_next().values()
    >>> words[1], list(words), words.offsets.tolist()
    (b'three', [b'one', b'three'], [0, 3, 8])
    """

    __slots__ = ("_places", "_view", "offsets", "values")
    values: Any
    offsets: Any

    def __init__(self, values: Any, offsets: Any) -> None:
        self.values = values
        self.offsets = offsets
        self._places = offsets.tolist()
        self._view = memoryview(values.numpy() if hasattr(values, "numpy") else values)

    def __len__(self) -> int:
        return len(self._places) - 1

    @overload
    def __getitem__(self, index: int) -> bytes: ...
    @overload
    def __getitem__(self, index: slice) -> list[bytes]: ...
    def __getitem__(self, index: int | slice) -> bytes | list[bytes]:
        if isinstance(index, slice):
            return [self[position] for position in range(*index.indices(len(self)))]
        place = index + len(self) if index < 0 else index
        if not 0 <= place < len(self):
            raise OutOfRangeError(f"index {index} is outside a batch of {len(self)} samples")
        return bytes(self._view[self._places[place] : self._places[place + 1]])

    def __iter__(self) -> Iterator[bytes]:
        return (self[place] for place in range(len(self)))

    def __eq__(self, other: object) -> bool:
        return list(self) == list(other) if isinstance(other, (RaggedBytes, list)) else NotImplemented

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> tuple[Any, ...]:
        return rebuilt, (list(self), type(self.values).__module__.partition(".")[0])

    def __repr__(self) -> str:
        return f"RaggedBytes({len(self)} samples, {self._places[-1]} bytes)"


OUTPUT_OF_MODULE = {"numpy": "numpy", "torch": "torch", "penstock": "tensor"}


def rebuilt(items: list[bytes], module: str) -> RaggedBytes:
    """What was pickled: the same bytes, over memory of the same library."""
    return ragged(items, OUTPUT_OF_MODULE[module])


def ragged(items: Sequence[bytes | bytearray | memoryview], output: str) -> RaggedBytes:
    """Bytes of any length as a field."""
    numpy = import_optional("numpy", "numpy")
    places = numpy.zeros(len(items) + 1, numpy.int64)
    numpy.cumsum([len(item) for item in items], out=places[1:])
    values = numpy.frombuffer(bytearray(b"".join(items)), numpy.uint8)
    return RaggedBytes(from_numpy(values, output), from_numpy(places, output))


def from_numpy(array: Any, output: str) -> Any:
    """A NumPy array as a loader's kind of output, over the same memory where that can be."""
    return array if output == "numpy" else CONVERSIONS[output](as_tensor(array))


def fields_of_batch(native: Any) -> dict[str, Any]:
    """The fields of a ps_sample_batch: tensors, and pairs of bytes and offsets."""
    fields: dict[str, Any] = {}
    for index in range(lib.ps_sample_batch_field_count(native)):
        values, offsets = ffi.new("ps_tensor **"), ffi.new("ps_tensor **")
        call(lib.ps_sample_batch_field, values, offsets, native, index)
        made = adopt(int(ffi.cast("intptr_t", values[0])))
        name = text(lib.ps_sample_batch_field_name(native, index))
        fields[name] = made if not offsets[0] else (made, adopt(int(ffi.cast("intptr_t", offsets[0]))))
    return fields


def samples_of_batch(native: Any) -> list[int]:
    """The numbers of a ps_sample_batch's samples in their set."""
    out = ffi.new("ps_tensor **")
    call(lib.ps_sample_batch_samples, out, native)
    numbers: list[int] = adopt(int(ffi.cast("intptr_t", out[0]))).tolist()
    return numbers


def converted(fields: Mapping[str, Any], output: str) -> dict[str, Any]:
    """The fields of a batch as a loader's kind of output."""
    convert = CONVERSIONS[output]
    return {
        name: RaggedBytes(convert(field[0]), convert(field[1])) if isinstance(field, tuple) else convert(field)
        for name, field in fields.items()
    }


def from_numpy_fields(fields: Mapping[str, Any], output: str) -> dict[str, Any]:
    """What Python transforms gave back as a loader's kind of output; what is neither an array nor bytes stays."""
    numpy = import_optional("numpy", "numpy")
    made: dict[str, Any] = {}
    for name, field in fields.items():
        if isinstance(field, (RaggedBytes, list)) and field and all(isinstance(item, bytes) for item in field):
            made[name] = ragged(list(field), output)
        else:
            made[name] = from_numpy(field, output) if isinstance(field, numpy.ndarray) else field
    return made
