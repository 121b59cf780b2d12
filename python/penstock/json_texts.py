"""Descriptions in JSON on their way into the C ABI and out of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from penstock._native import call, ffi
from penstock.errors import InvalidArgumentError, TypeMismatchError

__all__ = ["as_json", "described", "read_text", "without_none"]


def described(value: Any, place: str) -> Any:
    """A setting as JSON knows it: numbers, texts, lists, and what has a to_dict(); place names it in a sentence."""
    if hasattr(value, "to_dict"):
        return described(value.to_dict(), place)
    if isinstance(value, Mapping):
        return {str(key): described(each, f"{place}.{key}") for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [described(each, place) for each in value]
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if hasattr(value, "item"):  # NumPy's numbers
        return described(value.item(), place)
    raise TypeMismatchError(f"{place} is {value!r} of {type(value).__name__}: expected a number, a text or a list")


def as_json(value: Any, place: str) -> bytes:
    """A description as the C ABI takes it."""
    try:
        return json.dumps(described(value, place), allow_nan=False).encode()
    except ValueError:
        raise InvalidArgumentError(f"{place} has a number that is infinite or none: {value!r}") from None


def without_none(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings but for those that are None, which have the engine's defaults."""
    return {key: value for key, value in settings.items() if value is not None}


def read_text(function: Any, *arguments: Any) -> str:
    """A text that a function of the C ABI writes as ps_layer_description() does: its size, then all of it."""
    size = ffi.new("uint64_t *")
    call(function, size, ffi.NULL, 0, *arguments)
    text = ffi.new("char[]", size[0])
    call(function, size, text, len(text), *arguments)
    return bytes(ffi.string(text)).decode()
