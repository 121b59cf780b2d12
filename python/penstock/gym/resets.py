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

__all__ = ["Mask", "Resets", "Seeds", "random_seed"]

Seeds: TypeAlias = int | Sequence[int | None] | None
Mask: TypeAlias = np.ndarray[Any, np.dtype[np.bool_]]

SEED_LIMIT: Final = 1 << 64
# The originals' names for what a reset may be told, and the games' parameters that it then has.
PARAMETERS: Final = {"low": "reset_low", "high": "reset_high", "x_init": "x_init", "y_init": "y_init"}


def random_seed() -> int:
    """A seed that nobody chose, as small as Gymnasium's users may add a world's number to it."""
    return secrets.randbits(63)


class Resets:
    """Starts episodes of worlds."""

    def __init__(self, worlds: Worlds) -> None:
        self._worlds = worlds
        self._options = {option: name for option, name in PARAMETERS.items() if name in worlds.parameters()}

    def run(self, seeds: Seeds, options: dict[str, Any] | None = None, mask: Mask | None = None) -> None:
        """Resets the worlds that mask chooses, or all.

        seeds  s gives world i the seed s + i; a list has one a world, None for its next episode
        """
        named = {option: name for option, name in self._options.items() if options and option in options}
        if named:
            with self._parameters_set({name: self._number(option, options) for option, name in named.items()}):
                self._reset(seeds, mask)
        else:
            self._reset(seeds, mask)

    def _reset(self, seeds: Seeds, mask: Mask | None) -> None:
        if seeds is None:
            self._worlds.reset(mask)
        elif isinstance(seeds, int | np.integer):
            self._worlds.reset(mask, seed=self._checked(seeds))
        else:
            self._reset_each(seeds, np.ones(len(self._worlds), np.bool_) if mask is None else mask)

    def _reset_each(self, seeds: Sequence[int | None], mask: Mask) -> None:
        if len(seeds) != len(self._worlds):
            raise InvalidArgumentError(
                f"{self._worlds.game}: seed has {len(seeds)} entries: expected {len(self._worlds)}, one an environment"
            )
        numbers = [0 if seed is None else self._checked(seed) for seed in seeds]
        is_given = np.array([seed is not None for seed in seeds], np.bool_)
        if (mask & is_given).any():
            self._worlds.reset(mask & is_given, seed=numbers)
        if (mask & ~is_given).any():
            self._worlds.reset(mask & ~is_given)

    def _checked(self, seed: Any) -> int:
        try:
            number = operator.index(seed)
        except TypeError:
            raise TypeMismatchError(f"{self._worlds.game}: seed is {seed!r}: expected an int or None") from None
        if not 0 <= number < SEED_LIMIT:
            raise InvalidArgumentError(f"{self._worlds.game}: seed is {number}: expected 0 to {SEED_LIMIT - 1}")
        return number

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
