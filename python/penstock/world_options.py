"""The words that the options of worlds take, and their numbers in the C ABI."""

from __future__ import annotations

from typing import Final, Literal, TypeAlias

from penstock import errors

__all__ = ["WORDS", "Actions", "Autoreset", "Kernel", "Precision", "Random", "at_least_one", "number_of"]

Autoreset: TypeAlias = Literal["next_step", "same_step", "disabled"]
Actions: TypeAlias = Literal["refuse", "clamp", "game"]
Precision: TypeAlias = Literal["f32", "f64"]
Random: TypeAlias = Literal["counter", "gymnasium"]
Kernel: TypeAlias = Literal["automatic", "scalar", "16_bytes", "32_bytes", "64_bytes"]

# The words that an option takes, in the order of the C ABI's numbers.
WORDS: Final = {
    "autoreset": ("next_step", "same_step", "disabled"),
    "actions": ("refuse", "clamp", "game"),
    "precision": ("f32", "f64"),
    "rng": ("counter", "gymnasium"),
    "kernel": ("automatic", "scalar", "16_bytes", "32_bytes", "64_bytes"),
}


def number_of(name: str, word: str) -> int:
    """The C ABI's number for a word of an option."""
    words = WORDS[name]
    if word not in words:
        raise errors.InvalidArgumentError(f"{name} is {word!r}: expected one of {', '.join(map(repr, words))}")
    return words.index(word)


def at_least_one(name: str, number: int) -> int:
    """A number for which the C ABI's 0 means something else."""
    if number < 1:
        raise errors.OutOfRangeError(f"{name} is {number}: expected at least 1")
    return number
