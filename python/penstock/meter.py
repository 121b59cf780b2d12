"""How far a long job has come, for a person at a terminal."""

from __future__ import annotations

from typing import TextIO

__all__ = ["Meter"]


class Meter:
    """Shows on a terminal how far a job has come, in one line that is written again and again; elsewhere nothing."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream if stream.isatty() else None
        self.shown = ""

    def show(self, done: int, total: int) -> None:
        """The progress callback of a job."""
        percent = f"{100 * done // max(total, 1)} %"
        if self.stream is not None and percent != self.shown:
            self.stream.write(f"\r{percent}")
            self.stream.flush()
            self.shown = percent

    def clear(self) -> None:
        """Leaves the line as it was before."""
        if self.stream is not None and self.shown:
            self.stream.write(f"\r{' ' * len(self.shown)}\r")
            self.stream.flush()
