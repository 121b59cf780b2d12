"""Walks back through recorded operations, and the exceptions that operations written in Python raise on them."""

from __future__ import annotations

import threading
from typing import Any

from penstock._native import call
from penstock.errors import Error

__all__ = ["note_exception", "walk"]


class Raised(threading.local):
    """What this thread's walk has to raise once it is out of C."""

    exception: BaseException | None = None


raised = Raised()


def note_exception(exception: BaseException) -> None:
    """Keeps what a backward raised until the walk is over."""
    raised.exception = exception


def walk(function: Any, *arguments: Any) -> None:
    """Calls a function of the C ABI that walks back; what a backward raised on the way is raised here."""
    try:
        call(function, *arguments)
    except Error:
        exception, raised.exception = raised.exception, None
        if exception is None:
            raise
        raise exception from None
