"""Recordings of worlds, and their replay."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, NamedTuple

from penstock import errors
from penstock._native import call, ffi, lib, struct, text
from penstock.files import Path, Progress, WithProgress
from penstock.world_options import Kernel, at_least_one, number_of

__all__ = ["Recording", "Replay", "replay", "replay_page"]


class Recording:
    """The recording that Worlds.record() began; it ends with the block that it is given to, or with stop().

    >>> import os, tempfile, penstock
    >>> worlds = penstock.worlds.make("CartPole-v1", num_worlds=2)
    >>> recording = worlds.record(os.path.join(tempfile.mkdtemp(), "run.psr"))
    >>> worlds.step()
    >>> recording.stop()
    >>> penstock.worlds.replay(recording.path).steps
    1
    """

    def __init__(self, worlds: Any, path: Path) -> None:
        self.path = os.fspath(path)
        call(lib.ps_worlds_record_start, worlds, os.fsencode(path))
        self._worlds = ffi.gc(lib.ps_worlds_retain(worlds), lib.ps_worlds_release)

    def stop(self) -> None:
        """Ends it: the file is complete.  Does nothing the second time.

        OSError when the end, or something before it, could not be written: the file can be replayed as far as it goes.

        >>> import os, tempfile, penstock
        >>> worlds = penstock.worlds.make("CartPole-v1")
        >>> recording = worlds.record(os.path.join(tempfile.mkdtemp(), "run.psr"))
        >>> penstock.worlds.replay(recording.path).complete
        False
        >>> recording.stop()
        >>> penstock.worlds.replay(recording.path).complete
        True
        """
        if self._worlds is None:
            return
        worlds, self._worlds = self._worlds, None
        call(lib.ps_worlds_record_stop, worlds)

    def __enter__(self) -> Recording:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.stop()
        except errors.Error:
            if error is None:  # otherwise what the block raised is what there is to know
                raise

    def __repr__(self) -> str:
        return f"Recording({self.path!r}{'' if self._worlds is None else ', going on'})"


class Replay(NamedTuple):
    """What came of a replay; str() says it in a sentence.

    same: every hash is the recorded one, as far as the recording goes.
    complete: the recording was ended, and replayed to there; otherwise something differs before, or the file was cut
    short, by a crash or because it is being written.
    steps: replayed, one that differs included.
    differing_step: the first that differs, from 0 as the recording counts; as many as steps where only the worlds at
    the end of the recording differ, by what was done after its last step; None where nothing does.
    differing_world: the first in that step, if any; differing_worlds is how many.
    differing_tensor: the first that differs in that step, in any world; None where none does: what worlds remember and
    do not show is then what differs.
    follows_libm: the recorded arithmetic is libm's (rng="gymnasium", precision="f64"); another machine's may differ.

    >>> import os, tempfile, penstock
    >>> worlds = penstock.worlds.make("CartPole-v1", num_worlds=2)
    >>> path = os.path.join(tempfile.mkdtemp(), "run.psr")
    >>> with worlds.record(path):
    ...     worlds.step()
    >>> report = penstock.worlds.replay(path)
    >>> report.same, report.steps, report.differing_step
    (True, 1, None)
    """

    game: str
    num_worlds: int
    steps: int
    same: bool
    complete: bool
    follows_libm: bool
    differing_step: int | None
    differing_world: int | None
    differing_worlds: int
    differing_tensor: str | None

    def __str__(self) -> str:
        played = f"{counted(self.steps, 'step')} of {counted(self.num_worlds, 'world')} of {self.game}"
        if self.same:
            end = "" if self.complete else "; the recording is cut short there"
            return f"the same: {played}{end}"
        at_end = self.differing_step == self.steps
        place = f"at the end, after {counted(self.steps, 'step')}" if at_end else f"in step {self.differing_step}"
        world = "no world" if self.differing_world is None else f"world {self.differing_world}"
        tensor = "what is not shown" if self.differing_tensor is None else self.differing_tensor
        others = f" ({self.differing_worlds} of {self.num_worlds} worlds differ)"
        libm = "; its arithmetic is libm's, which may differ on another machine" if self.follows_libm else ""
        return f"{self.game} differs {place}: {world}, {tensor}{others}{libm}"


def replay(
    path: Path, *, threads: int | None = None, kernel: Kernel = "automatic", progress: Progress | None = None
) -> Replay:
    """Does again what a recording says was done, and compares every hash, up to the first that differs.

    threads   None shares the process's threads; a number gives the replay its own
    kernel    which vectors to step with; neither of the two changes what comes of it
    progress  called with (done, total) in bytes of the file; CancelledError once it returns True

    DataError for a file that is no recording or damaged: it names the step and, where that can be told, the world.
    NotFoundError where there is none, OSError where it cannot be read.

    >>> import os, tempfile, penstock
    >>> worlds = penstock.worlds.make("CartPole-v1", num_worlds=2)
    >>> path = os.path.join(tempfile.mkdtemp(), "run.psr")
    >>> with worlds.record(path):
    ...     for step in range(10):
    ...         worlds.step()
    >>> print(penstock.worlds.replay(path))
    the same: 10 steps of 2 worlds of CartPole-v1
    """

    def run(with_progress: WithProgress, report: Any, options: Any) -> None:
        with_progress.run(call, lib.ps_replay, report, os.fsencode(path), options)

    return replayed(run, threads, kernel, progress)


def replay_page(
    path: Path,
    page: Path,
    *,
    worlds: Sequence[int] | None = None,
    first_step: int = 0,
    steps: int = 1000,
    threads: int | None = None,
    kernel: Kernel = "automatic",
    progress: Progress | None = None,
) -> Replay:
    """Replays a recording and writes a page that plays it in a browser: one HTML file that needs nothing else.

    worlds      which are shown, 64 at most; None: the first 8, or as many as there are
    first_step  the page begins with the worlds before this step
    steps       how many it shows at most, 1 to 100000
    Otherwise, and what comes of it, as replay().  Where a step differs the page ends with it, and says so.

    OutOfRangeError for a world or a step that was not recorded, and for more than 64 MiB to be shown; OSError where the
    page cannot be written: what was there is then as it was.

    >>> import os, tempfile, penstock
    >>> worlds = penstock.worlds.make("CartPole-v1", num_worlds=2)
    >>> folder = tempfile.mkdtemp()
    >>> with worlds.record(os.path.join(folder, "run.psr")) as recording:
    ...     for step in range(10):
    ...         worlds.step()
    >>> page = os.path.join(folder, "run.html")
    >>> print(penstock.worlds.replay_page(recording.path, page, worlds=[1]))
    the same: 10 steps of 2 worlds of CartPole-v1
    >>> open(page).read().startswith("<!DOCTYPE html>")
    True
    """
    chosen = ffi.new("int64_t[]", [] if worlds is None else [int(world) for world in worlds])
    if worlds is not None and len(chosen) == 0:
        raise errors.InvalidArgumentError("worlds is empty: expected those to be shown, or None")
    page_options = struct(
        "ps_replay_page_options", worlds=chosen, world_count=len(chosen), first_step=first_step, step_count=steps
    )

    def run(with_progress: WithProgress, report: Any, options: Any) -> None:
        with_progress.run(call, lib.ps_replay_page, report, os.fsencode(page), os.fsencode(path), options, page_options)

    return replayed(run, threads, kernel, progress)


def replayed(
    run: Callable[[WithProgress, Any, Any], None], threads: int | None, kernel: Kernel, progress: Progress | None
) -> Replay:
    """What a call that replays says: run makes it."""
    with_progress = WithProgress(progress)
    options = struct(
        "ps_replay_options",
        threads=0 if threads is None else at_least_one("threads", threads),
        kernel=number_of("kernel", kernel),
        **with_progress.fields(),
    )
    report = struct("ps_replay_report")
    run(with_progress, report, options)
    return Replay(
        game=text(report.game),
        num_worlds=int(report.num_worlds),
        steps=int(report.steps),
        same=bool(report.is_same),
        complete=bool(report.is_complete),
        follows_libm=bool(report.follows_libm),
        differing_step=none_below_0(report.differing_step),
        differing_world=none_below_0(report.differing_world),
        differing_worlds=int(report.differing_world_count),
        differing_tensor=text(report.differing_field) or None,
    )


def none_below_0(number: int) -> int | None:
    """-1 as C says that there is none."""
    return None if number < 0 else int(number)


def counted(count: int, noun: str) -> str:
    """1 step, 2 steps."""
    return f"{count} {noun}{'' if count == 1 else 's'}"
