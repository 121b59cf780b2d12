"""Transforms of images as the plain values that JSON and TOML have, and back."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from penstock import image
from penstock.errors import InvalidArgumentError

__all__ = ["from_plain", "is_native", "to_plain"]


def is_native(transform: Any) -> bool:
    """Whether a transform is one of penstock.image's for images, which run in the native workers."""
    return isinstance(transform, image.Transform)


def to_plain(value: Any, where: str) -> Any:
    """A knob's value as plain ones; a transform becomes its fields, with its class's name under "transform"."""
    if isinstance(value, tuple):
        return [to_plain(item, f"{where}[{position}]") for position, item in enumerate(value)]
    if is_native(value) or isinstance(value, image.OneHot):
        fields = {each.name: getattr(value, each.name) for each in dataclasses.fields(value)}
        return {"transform": type(value).__name__} | {name: to_plain(item, where) for name, item in fields.items()}
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    raise InvalidArgumentError(f"{where} is {value!r}: a Python callable has no place in JSON or TOML")


def from_plain(value: Any, where: str) -> Any:
    """What to_plain() was given; what it would not make stays as it is, for the knob to judge."""
    if isinstance(value, Mapping) and "transform" in value:
        name = value["transform"]
        kind: Any = getattr(image, name, None) if isinstance(name, str) and name in image.__all__ else None
        if kind is None or not dataclasses.is_dataclass(kind):
            raise InvalidArgumentError(f"{where} has the transform {name!r}, which penstock.image does not have")
        fields = {field: as_tuples(item) for field, item in value.items() if field != "transform"}
        try:
            return kind(**fields)  # type: ignore[operator]
        except TypeError as error:
            raise InvalidArgumentError(f"{where} has {dict(value)!r}: {error}") from None
    if isinstance(value, list):
        return tuple(from_plain(item, where) for item in value)
    return value


def as_tuples(value: Any) -> Any:
    """A list, as JSON has it, as the tuple that a frozen dataclass keeps."""
    return tuple(as_tuples(item) for item in value) if isinstance(value, list) else value
