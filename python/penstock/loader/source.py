"""Which samples a loader opens: paths, their format, the fields that are wanted, and how images are decoded."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from penstock.dtypes import as_dtype
from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.loader.config import path_as_str

__all__ = ["COLOURS", "FORMATS", "Field", "Source", "made_source"]

FORMATS = ("auto", "webdataset", "images", "tfrecord", "npz", "npy", "records", "files")
COLOURS = ("rgb", "grey", "stored")


@dataclass(frozen=True)
class Field:
    """One field of the samples that loader.open() is to read, where its name alone does not say enough.

    With a dtype its bytes are elements of it, of shape. optional: a sample may lack it, and has no bytes there then.

    >>> from penstock import loader
    >>> loader.Field("depth", dtype="uint16", shape=(480, 640)).name
    'depth'
    """

    name: str
    dtype: Any = None
    shape: tuple[int, ...] = ()
    optional: bool = False

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name:
            raise TypeMismatchError(f"fields has {self.name!r}: expected the name of a field")
        if self.dtype is not None:
            object.__setattr__(self, "dtype", as_dtype(self.dtype).name)
        shape = (self.shape,) if isinstance(self.shape, int) else self.shape
        if isinstance(shape, str) or not isinstance(shape, Iterable):
            raise TypeMismatchError(f"the shape of the field {self.name!r} is {self.shape!r}: expected integers")
        sizes = tuple(shape)
        if not all(isinstance(size, int) and not isinstance(size, bool) and size >= 0 for size in sizes):
            raise TypeMismatchError(f"the shape of the field {self.name!r} is {self.shape!r}: expected integers")
        if sizes and self.dtype is None:
            raise InvalidArgumentError(f"the field {self.name!r} has the shape {sizes} and no dtype")
        object.__setattr__(self, "shape", sizes)


@dataclass(frozen=True)
class Source:
    """What is opened, checked as far as that goes without looking at files."""

    paths: tuple[str, ...]
    format: str
    fields: tuple[Field, ...]
    as_tuple: bool  # whether batches are tuples in the order of fields, rather than dicts
    decode: str | None  # one of COLOURS; None: images stay bytes
    apply_orientation: bool
    scaled_decode: bool
    recursive: bool
    save_index: bool


def made_source(
    sources: Any,
    format: str,  # noqa: A002 - it is loader.open()'s
    fields: Sequence[str | Field] | Mapping[str, Any] | None,
    decode: str | bool,
    **flags: bool,
) -> Source:
    """What loader.open() was given, checked."""
    given = [sources] if isinstance(sources, (str, os.PathLike)) else sources
    if not isinstance(given, Iterable) or isinstance(given, (bytes, Mapping)):
        raise TypeMismatchError(f"the source is {sources!r}: expected a path, or a list of paths")
    paths = tuple(path_as_str(path, "a source") for path in given)
    if not paths:
        raise InvalidArgumentError("the list of sources is empty: there is nothing to read")
    if format not in FORMATS:
        raise InvalidArgumentError(f"format is {format!r}: expected one of {', '.join(FORMATS)}")
    if not isinstance(decode, bool) and decode not in COLOURS:
        raise InvalidArgumentError(f"decode is {decode!r}: expected True, False or one of {', '.join(COLOURS)}")
    for name, value in flags.items():
        if not isinstance(value, bool):
            raise TypeMismatchError(f"{name} is {value!r}: expected True or False")
    colour = ("rgb" if decode else None) if isinstance(decode, bool) else decode
    wanted = made_fields(fields)
    as_tuple = fields is not None and not isinstance(fields, Mapping)
    return Source(paths, format, wanted, as_tuple, colour, **flags)


def made_fields(fields: Sequence[str | Field] | Mapping[str, Any] | None) -> tuple[Field, ...]:
    """The fields that are wanted; none: all."""
    if fields is None:
        return ()
    if isinstance(fields, (str, bytes)) or not isinstance(fields, Iterable):
        raise TypeMismatchError(f"fields is {fields!r}: expected a list of names, or a dict of names to dtypes")
    if isinstance(fields, Mapping):
        made = [field_of_layout(name, layout) for name, layout in fields.items()]
    else:
        made = [field if isinstance(field, Field) else Field(field) for field in fields]
    names = [field.name for field in made]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None or not names:
        raise InvalidArgumentError(f"fields has {twice!r} twice" if names else "fields is empty: None means all")
    return tuple(made)


def field_of_layout(name: str, layout: Any) -> Field:
    """A field of a dict: None, a dtype, or a dtype and a shape."""
    if isinstance(layout, Field):
        return layout
    if isinstance(layout, (tuple, list)):
        if len(layout) != 2:
            raise TypeMismatchError(f"fields has {name!r}: {layout!r}; expected a dtype, or a dtype and a shape")
        return Field(name, layout[0], layout[1])
    return Field(name, layout)
