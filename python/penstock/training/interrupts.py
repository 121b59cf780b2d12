"""Ctrl-C between batches, not within one."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interrupts"]


class Interrupts:
    """While `busy` is true a Ctrl-C waits for check(); a second one does not.  Elsewhere it is as it always is.

    It does so on the main thread, and where nobody else has taken the signal.
    """

    def __init__(self) -> None:
        self.busy = False
        self.pending = False
        self._before: Any = None

    def __enter__(self) -> Interrupts:
        is_main = threading.current_thread() is threading.main_thread()
        if is_main and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
            self._before = signal.signal(signal.SIGINT, self._on_signal)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)
        if kind is None:
            self.check()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        if not self.busy or self.pending:
            raise KeyboardInterrupt
        self.pending = True

    def check(self) -> None:
        """Raises the KeyboardInterrupt that has waited."""
        if self.pending:
            self.pending = False
            raise KeyboardInterrupt
