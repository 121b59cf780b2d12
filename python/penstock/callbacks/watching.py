"""Which figure is watched, and whether it has become better."""

from __future__ import annotations

import math
import warnings
from typing import Any

from penstock.callbacks.callback import Logs
from penstock.errors import InvalidArgumentError

__all__ = ["Watch"]

RISING = ("accuracy", "auc", "precision", "recall")  # what names of figures end in that are better when higher


class Watch:
    """A figure by name; mode "min" or "max" says which way is better, "auto" goes by the name."""

    def __init__(self, owner: str, monitor: str, mode: str, min_delta: float = 0.0) -> None:
        if mode not in ("auto", "min", "max"):
            raise InvalidArgumentError(f'{owner}: mode is {mode!r}: expected "auto", "min" or "max"')
        self.owner, self.monitor, self.min_delta = owner, monitor, abs(min_delta)
        self.is_rising = mode == "max" or (mode == "auto" and monitor.endswith(RISING))
        self.best = -math.inf if self.is_rising else math.inf

    def value(self, logs: Logs) -> float | None:
        """The figure; None, and a warning, where there is none of that name."""
        if self.monitor in logs:
            return logs[self.monitor]
        warnings.warn(f"{self.owner} watches {self.monitor!r}: there are only {', '.join(logs)}", stacklevel=2)
        return None

    def is_better(self, value: float, than: float | None = None) -> bool:
        """Whether a value is better than the best so far by more than min_delta; a NaN never is."""
        best = self.best if than is None else than
        return value > best + self.min_delta if self.is_rising else value < best - self.min_delta

    def state(self) -> dict[str, Any]:
        """The best so far."""
        return {"best": self.best}

    def restore(self, state: dict[str, Any]) -> None:
        """Takes what state() gave."""
        self.best = float(state["best"])
