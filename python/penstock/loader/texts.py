"""Mappings as JSON and TOML, and back."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any

from penstock.errors import InvalidArgumentError

__all__ = ["as_json", "as_toml", "from_json", "from_toml"]


def as_json(fields: Mapping[str, Any]) -> str:
    """A mapping for people to read."""
    return json.dumps(fields, indent=2)


def from_json(text: str, subject: str) -> dict[str, Any]:
    """What a text of JSON says; subject begins the sentence about one that is none: "the options are"."""
    try:
        fields = json.loads(text)
    except json.JSONDecodeError as error:
        raise InvalidArgumentError(f"{subject} no JSON: {error}") from None
    if not isinstance(fields, dict):
        raise InvalidArgumentError(f"{subject} no JSON object")
    return fields


def from_toml(text: str, subject: str) -> dict[str, Any]:
    """What a text of TOML says; subject as from_json() has it."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidArgumentError(f"{subject} no TOML: {error}") from None


def as_toml(fields: Mapping[str, Any]) -> str:
    """Values first, then a table for each mapping, and for each of a list of mappings."""
    values = [f"{toml_key(key)} = {toml_value(value)}" for key, value in fields.items() if is_toml_value(value)]
    tables = [f"\n[{key}]\n{as_toml(table)}" for key, table in fields.items() if isinstance(table, Mapping)]
    for key, items in fields.items():
        if has_mappings(items):
            tables += [f"\n[[{key}]]\n{as_toml(item)}" for item in items]
    return "\n".join(values) + "\n" + "".join(tables)


def has_mappings(value: Any) -> bool:
    """Whether a value is a list of mappings."""
    return isinstance(value, list) and bool(value) and all(isinstance(item, Mapping) for item in value)


def toml_key(key: str) -> str:
    """A key, quoted where it is more than letters, digits and underscores."""
    return key if key.isascii() and key.replace("_", "").isalnum() else toml_value(key)


def is_toml_value(value: Any) -> bool:
    """Whether a value stands behind its key, rather than in a table or nowhere."""
    return value is not None and not isinstance(value, Mapping) and not has_mappings(value)


def toml_value(value: Any) -> str:
    """A value as TOML writes it: as JSON does, but for floats that JSON has no words for."""
    if isinstance(value, float):
        return repr(value) if any(mark in repr(value) for mark in ".en") else f"{value!r}.0"
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
