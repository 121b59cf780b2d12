"""What fit() and evaluate() show: a bar that is redrawn on a terminal, or a line an epoch."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping
from typing import TextIO

from penstock.errors import InvalidArgumentError

__all__ = ["Progress", "verbosity"]

BAR_WIDTH = 20
SECONDS_BETWEEN_DRAWINGS = 0.1


def verbosity(verbose: str | int | bool) -> int:
    """0: nothing, 1: a bar, 2: a line an epoch; "auto" is 1 on a terminal, otherwise 2."""
    if verbose == "auto":
        return 1 if sys.stdout.isatty() else 2
    if verbose not in (0, 1, 2):
        raise InvalidArgumentError(f'verbose is {verbose!r}: expected "auto", 0, 1 or 2')
    return int(verbose)


class Progress:
    """The epochs of one run."""

    def __init__(self, verbose: str | int | bool, epochs: int | None, steps: int | None) -> None:
        self.verbosity = verbosity(verbose)
        self.stream: TextIO = sys.stdout
        self.epochs, self.steps = epochs, steps
        self.began = self.drawn = 0.0
        self.first = 0
        self.width = 0

    @property
    def wants_batches(self) -> bool:
        """Whether show() is to be called behind batches."""
        return self.verbosity == 1

    def begin(self, epoch: int | None = None, first: int = 0) -> None:
        """An epoch begins, with batch number first."""
        self.began, self.drawn, self.first = time.monotonic(), 0.0, first
        if self.verbosity == 1 and epoch is not None:
            self.stream.write(f"Epoch {epoch + 1}/{self.epochs}\n")

    def is_due(self) -> bool:
        """Whether it is time to draw again."""
        return time.monotonic() - self.drawn >= SECONDS_BETWEEN_DRAWINGS

    def show(self, done: int, logs: Mapping[str, float]) -> None:
        """Draws the bar anew, this many batches being done."""
        self.drawn = time.monotonic()
        spent = self.drawn - self.began
        each = spent / max(done - self.first, 1)
        if self.steps is None:
            head = f"{done} batches"
            left = f"{spent:.0f}s {short_time(each)}/step"
        else:
            filled = BAR_WIDTH * done // max(self.steps, 1)
            head = f"{done}/{self.steps} [{'=' * filled}{'.' * (BAR_WIDTH - filled)}]"
            left = f"ETA {clock(each * (self.steps - done))} {short_time(each)}/step"
        self._draw(f"{head} {left}{figures(logs)}")

    def end(self, epoch: int | None, done: int, logs: Mapping[str, float]) -> None:
        """An epoch is over."""
        spent = time.monotonic() - self.began
        each = short_time(spent / max(done - self.first, 1))
        if self.verbosity == 1:
            steps = done if self.steps is None else self.steps
            self._draw(f"{done}/{steps} [{'=' * BAR_WIDTH}] {spent:.0f}s {each}/step{figures(logs)}")
            self.stream.write("\n")
        elif self.verbosity == 2:
            head = "" if epoch is None else f"Epoch {epoch + 1}/{self.epochs} - "
            self.stream.write(f"{head}{spent:.0f}s - {each}/step{figures(logs)}\n")
        self.stream.flush()
        self.width = 0

    def break_off(self) -> None:
        """Leaves the line that is being drawn."""
        if self.width:
            self.stream.write("\n")
            self.width = 0

    def _draw(self, line: str) -> None:
        self.stream.write(f"\r{line.ljust(self.width)}")
        self.stream.flush()
        self.width = len(line)


def figures(logs: Mapping[str, float]) -> str:
    """Names and values in a line."""
    return "".join(f" - {name}: {value:.4g}" for name, value in logs.items())


def short_time(seconds: float) -> str:
    """A time in the unit that suits it."""
    if seconds >= 1:
        return f"{seconds:.1f}s"
    return f"{seconds * 1e3:.1f}ms" if seconds >= 1e-3 else f"{seconds * 1e6:.0f}us"


def clock(seconds: float) -> str:
    """A time as 1:02:03, or 2:03."""
    whole = int(seconds + 0.5)
    hours, minutes = whole // 3600, whole // 60 % 60
    return f"{hours}:{minutes:02}:{whole % 60:02}" if hours else f"{minutes}:{whole % 60:02}"
