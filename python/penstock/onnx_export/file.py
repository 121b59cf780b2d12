"""ONNX model files: protobuf messages, of which only the few fields are written that a graph of nodes needs.

The numbers are those of fields in ONNX's own description of its format, onnx.proto.
"""

from __future__ import annotations

import contextlib
import os
import struct
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from penstock.errors import InvalidArgumentError, TypeMismatchError

__all__ = ["IR_VERSION", "OPERATOR_SET", "Attribute", "Node", "Outline", "model_bytes", "write_onnx"]

OPERATOR_SET = 17
IR_VERSION = 8  # of the file format: the one that came with the operator set
LARGEST_MESSAGE = 2**31 - 1  # what readers of protobuf take

# An array is a NumPy array.
Attribute: TypeAlias = int | float | str | Sequence[int] | Any

ELEMENT_TYPES = {"float32": 1, "uint8": 2, "int8": 3, "int32": 6, "int64": 7, "bool": 9, "float16": 10, "float64": 11}


@dataclass
class Node:
    """An operator with the names of the values it reads ("" where an optional one is left out) and writes."""

    operator: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: Mapping[str, Attribute] = field(default_factory=dict)


@dataclass
class Outline:
    """What goes into a graph or comes out of it: a name in place of a size means any size."""

    name: str
    dtype: str
    shape: Sequence[int | str]


def write_onnx(
    path: str | os.PathLike[str],
    nodes: Iterable[Node],
    initializers: Mapping[str, Any],
    inputs: Iterable[Outline],
    outputs: Iterable[Outline],
) -> None:
    """Writes a model file, whole or not at all: nodes in an order in which each reads what is there already.

    initializers are NumPy arrays by the names of the values that they are. InvalidArgumentError where the file would
    have 2 GiB or more, which a reader refuses; OSError where it cannot be written.
    """
    contents = model_bytes(nodes, initializers, inputs, outputs)
    if len(contents) > LARGEST_MESSAGE:
        raise InvalidArgumentError(f"the ONNX file would have {len(contents)} bytes: the format ends at 2 GiB")
    folder, name = os.path.split(os.path.abspath(os.fspath(path)))
    number, unfinished = tempfile.mkstemp(prefix=f".{name}.", dir=folder)
    try:
        with open(number, "wb") as file:
            file.write(contents)
        os.chmod(unfinished, 0o666 & ~current_umask())
        os.replace(unfinished, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(unfinished)
        raise


def current_umask() -> int:
    """What mkstemp left out of account."""
    mask = os.umask(0o077)
    os.umask(mask)
    return mask


def model_bytes(
    nodes: Iterable[Node], initializers: Mapping[str, Any], inputs: Iterable[Outline], outputs: Iterable[Outline]
) -> bytes:
    """A model file's contents."""
    graph = b"".join(
        [
            *(message(1, node_bytes(node)) for node in nodes),
            text(2, "network"),
            *(message(5, tensor_bytes(array, name)) for name, array in initializers.items()),
            *(message(11, outline_bytes(outline)) for outline in inputs),
            *(message(12, outline_bytes(outline)) for outline in outputs),
        ]
    )
    operator_set = text(1, "") + integer(2, OPERATOR_SET)
    return integer(1, IR_VERSION) + text(2, "penstock") + message(7, graph) + message(8, operator_set)


def node_bytes(node: Node) -> bytes:
    """A node: inputs, outputs, the operator, its attributes."""
    return b"".join(
        [
            *(text(1, name) for name in node.inputs),
            *(text(2, name) for name in node.outputs),
            text(4, node.operator),
            *(message(5, attribute_bytes(name, value)) for name, value in node.attributes.items()),
        ]
    )


def attribute_bytes(name: str, value: Attribute) -> bytes:
    """An attribute: its name, its value in the field of its kind, and that kind's number."""
    if isinstance(value, int):
        return text(1, name) + integer(3, value) + integer(20, 2)
    if isinstance(value, float):
        return text(1, name) + key(2, 5) + struct.pack("<f", value) + integer(20, 1)
    if isinstance(value, str):
        return text(1, name) + text(4, value) + integer(20, 3)
    if hasattr(value, "dtype"):
        return text(1, name) + message(5, tensor_bytes(value)) + integer(20, 4)
    return text(1, name) + b"".join(integer(8, each) for each in value) + integer(20, 7)


def tensor_bytes(array: Any, name: str = "") -> bytes:
    """An array's sizes, type, name, and elements in row-major order, the least significant byte first."""
    elements = array.astype(array.dtype.newbyteorder("<")).tobytes()
    sizes = b"".join(integer(1, size) for size in array.shape)
    return sizes + integer(2, element_type(array.dtype.name)) + text(8, name) + message(9, elements)


def outline_bytes(outline: Outline) -> bytes:
    """A value's name, type and shape."""
    sizes = b"".join(message(1, text(2, size) if isinstance(size, str) else integer(1, size)) for size in outline.shape)
    tensor_type = integer(1, element_type(outline.dtype)) + message(2, sizes)
    return text(1, outline.name) + message(2, message(1, tensor_type))


def element_type(dtype: str) -> int:
    """ONNX's number of a dtype."""
    if dtype not in ELEMENT_TYPES:
        raise TypeMismatchError(f"{dtype} has no place in an ONNX file: expected one of {', '.join(ELEMENT_TYPES)}")
    return ELEMENT_TYPES[dtype]


# Protobuf: a field is a key, of its number and the kind of what follows, and a value.


def key(number: int, kind: int) -> bytes:
    """What stands before a value."""
    return varint(number << 3 | kind)


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; negative numbers as 64 bits in two's complement."""
    value &= 2**64 - 1
    written = bytearray()
    while value >= 0x80:
        written.append(value & 0x7F | 0x80)
        value >>= 7
    written.append(value)
    return bytes(written)


def integer(number: int, value: int) -> bytes:
    """A field with a whole number."""
    return key(number, 0) + varint(value)


def message(number: int, contents: bytes) -> bytes:
    """A field with a message, or bytes."""
    return key(number, 2) + varint(len(contents)) + contents


def text(number: int, contents: str) -> bytes:
    """A field with a text."""
    return message(number, contents.encode())
