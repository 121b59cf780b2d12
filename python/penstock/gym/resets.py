"""Resets as Gymnasium's users ask for them: with seeds or without, of some worlds, with options for that one reset."""

from __future__ import annotations

import operator
import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final, TypeAlias

import numpy as np

from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.worlds import Worlds

__all__ = ["Mask", "Resets", "checked_seed", "checked_seeds", "random_seed"]

Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

SEED_LIMIT: Final = 1 << 64
# The originals' names for what a reset may be told, and the games' parameters that it then has.
PARAMETERS: Final = {"low": "reset_low", "high": "reset_high", "x_init": "x_init", "y_init": "y_init"}


def random_seed() -> int:
    """A seed that nobody chose, as small as Gymnasium's users may add a world's number to it."""
    return secrets.randbits(63)


def checked_seed(name: str, seed: Any) -> int:
    """A seed of one world."""
    try:
        number = operator.index(seed)
    except TypeError:
        raise TypeMismatchError(f"{name}: seed is {seed!r}: expected an int or None") from None
    if not 0 <= number < SEED_LIMIT:
        raise InvalidArgumentError(f"{name}: seed is {number}: expected 0 to {SEED_LIMIT - 1}")
    return number


def checked_seeds(name: str, seeds: Any, num_worlds: int) -> int | list[int | None] | None:
    """What many worlds are to be seeded with: s gives world i the seed s + i; a list has one a world."""
    if seeds is None:
        return None
    if not isinstance(seeds, Sequence | np.ndarray):
        return checked_seed(name, seeds)
    if len(seeds) != num_worlds:
        raise InvalidArgumentError(f"{name}: seed has {len(seeds)} entries: expected {num_worlds}, one an environment")
    return [None if seed is None else checked_seed(name, seed) for seed in seeds]


class Resets:
    """Starts episodes of worlds."""

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds
        self._options = {option: name for option, name in PARAMETERS.items() if name in worlds.parameters()}

    def run(
        self, seeds: int | list[int | None] | None, options: dict[str, Any] | None, mask: Mask | None = None
    ) -> None:
        """Resets the worlds that mask chooses, or all; one without a seed starts its next episode."""
        named = {option: name for option, name in self._options.items() if options and option in options}
        if named:
            with self._parameters_set({name: self._number(option, options) for option, name in named.items()}):
                self._reset(seeds, mask)
        else:
            self._reset(seeds, mask)

    def _reset(self, seeds: int | list[int | None] | None, mask: Mask | None) -> None:
        if seeds is None:
            self._worlds.reset(mask)
        elif isinstance(seeds, int):
            self._worlds.reset(mask, seed=seeds)
        else:
            is_given = np.array([seed is not None for seed in seeds], np.bool_)
            chosen = np.ones(len(seeds), np.bool_) if mask is None else mask
            if (chosen & is_given).any():
                self._worlds.reset(chosen & is_given, seed=[seed or 0 for seed in seeds])
            if (chosen & ~is_given).any():
                self._worlds.reset(chosen & ~is_given)

    @contextmanager
    def _parameters_set(self, given: dict[str, float]) -> Iterator[None]:
        """Has parameters as given, and afterwards as they were."""
        before = {name: self._worlds.parameter(name) for name in given}
        if before.keys() & {"reset_low", "reset_high"}:
            low, high = (given.get(name, self._worlds.parameter(name)) for name in ("reset_low", "reset_high"))
            if low > high:
                raise InvalidArgumentError(f"{self._worlds.game}: low is {low}, high is {high}: expected low <= high")
        try:
            for name, value in given.items():
                self._worlds.set_parameter(name, value)
            yield
        finally:
            for name, value in before.items():
                self._worlds.set_parameter(name, value)

    def _number(self, option: str, options: Any) -> float:
        value = options[option]
        try:
            return float(value)
        except (TypeError, ValueError):
            raise InvalidArgumentError(f"{self._worlds.game}: {option} is {value!r}: expected a number") from None
