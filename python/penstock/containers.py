"""Tensors in lists, tuples and dicts at any depth: taken apart, and put together again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["flatten", "map_leaves"]


def flatten(tree: Any) -> tuple[list[Any], Callable[[list[Any]], Any]]:
    """The leaves of nested lists, tuples and dicts in order, and a function that puts others in their places.

    None has no leaves. A dict's are in its own order.
    """
    leaves: list[Any] = []
    map_leaves(leaves.append, tree)

    def rebuild(others: list[Any]) -> Any:
        remaining = iter(others)
        return map_leaves(lambda _: next(remaining), tree)

    return leaves, rebuild


def map_leaves(function: Callable[[Any], Any], tree: Any) -> Any:
    """The same containers with what a function makes of each leaf."""
    if tree is None:
        return None
    if isinstance(tree, dict):
        mapped = {key: map_leaves(function, each) for key, each in tree.items()}
        return mapped if type(tree) is dict else with_items(tree, mapped)
    if isinstance(tree, tuple) and hasattr(tree, "_fields"):
        return type(tree)(*(map_leaves(function, each) for each in tree))
    if isinstance(tree, (list, tuple)):
        return type(tree)(map_leaves(function, each) for each in tree)
    return function(tree)


def with_items(original: dict[Any, Any], items: dict[Any, Any]) -> dict[Any, Any]:
    """A dict of the original's kind, an OrderedDict or a defaultdict as well, with other items."""
    copied = original.copy()
    copied.update(items)
    return copied
