"""Where operations are recorded for their gradients, and where not."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ContextDecorator
from types import TracebackType
from typing import Any, TypeVar, overload

from penstock._native import call, lib

__all__ = ["enable_grad", "is_grad_enabled", "no_grad"]

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def is_grad_enabled() -> bool:
    """Whether this thread records operations for their gradients, as each does at first.

    >>> import penstock
    >>> penstock.is_grad_enabled()
    True
    """
    return bool(lib.ps_grad_recording())


class RecordingMode(ContextDecorator):
    """A scope of one thread in which operations are recorded, or are not."""

    records = True

    def __init__(self) -> None:
        self.before: list[bool] = []

    def _recreate_cm(self) -> RecordingMode:  # each call of a decorated function gets its own
        return type(self)()

    def __enter__(self) -> RecordingMode:
        self.before.append(is_grad_enabled())
        call(lib.ps_set_grad_recording, int(self.records))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        call(lib.ps_set_grad_recording, int(self.before.pop()))


class NoGrad(RecordingMode):
    """A scope without recording."""

    records = False


class EnableGrad(RecordingMode):
    """A scope with recording."""


@overload
def no_grad(function: None = None) -> NoGrad: ...
@overload
def no_grad(function: Decorated) -> Decorated: ...
def no_grad(function: Any = None) -> Any:
    """In a with statement, or over a function: what is computed there remembers nothing for its gradient.

    It holds for the thread that enters it. Leaves may be written to there.

    >>> import penstock
    >>> w = penstock.ones(2, requires_grad=True)
    >>> with penstock.no_grad():
    ...     w -= 0.5
    >>> w.tolist(), w.requires_grad
    ([0.5, 0.5], True)
    """
    return NoGrad() if function is None else NoGrad()(function)


@overload
def enable_grad(function: None = None) -> EnableGrad: ...
@overload
def enable_grad(function: Decorated) -> Decorated: ...
def enable_grad(function: Any = None) -> Any:
    """In a with statement, or over a function: operations are recorded, inside no_grad() too.

    >>> import penstock
    >>> w = penstock.ones(2, requires_grad=True)
    >>> with penstock.no_grad(), penstock.enable_grad():
    ...     (2 * w).requires_grad
    True
    """
    return EnableGrad() if function is None else EnableGrad()(function)
