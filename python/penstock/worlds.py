"""Many worlds of one game, stepped together by native code: actions go in, observations come out, as tensors in place.

>>> import penstock
>>> worlds = penstock.worlds.make("CartPole-v1", num_worlds=3, seed=7)
>>> worlds.action[:] = 1
>>> worlds.step()
>>> worlds.reward.tolist()
[1.0, 1.0, 1.0]

Each step writes the same memory: torch.from_dlpack(worlds.observation) is always the newest one.  What must outlive the
step is copied by whoever keeps it; the adapters for Gymnasium and Stable-Baselines3 do so.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from operator import index
from types import TracebackType
from typing import Any, Never

from penstock import devices, errors
from penstock._native import call, ffi, lib, raise_last_error, struct, text
from penstock.base import adopt, made, read_buffer
from penstock.creation import as_tensor
from penstock.devices import Device
from penstock.files import Path
from penstock.recording import Recording, Replay, replay, replay_page
from penstock.tensor import Tensor
from penstock.world_options import Actions, Autoreset, Kernel, Precision, Random, at_least_one, number_of

__all__ = ["Recording", "Replay", "Worlds", "games", "make", "replay", "replay_page"]


def games() -> list[str]:
    """The names that make() takes.

    >>> import penstock
    >>> "CartPole-v1" in penstock.worlds.games()
    True
    """
    return [text(lib.ps_game_name(index)) for index in range(lib.ps_game_count())]


def make(  # noqa: PLR0913 each is an option that the C ABI has
    game: str,
    num_worlds: int = 1,
    *,
    seed: int | Sequence[int] = 0,
    device: Device | str = "cpu",
    threads: int | None = None,
    autoreset: Autoreset = "same_step",
    episode_length: int | None = None,
    precision: Precision = "f32",
    rng: Random = "counter",
    buffers: int = 1,
    actions: Actions = "refuse",
    kernel: Kernel = "automatic",
    level: str | None = None,
    levels: Path | Sequence[Path] | None = None,
    **parameters: float,
) -> Worlds:
    """Makes worlds of a game, each at the start of its episode 0.

    seed            s gives world i the seed s + i; a list gives each its own.  An episode depends on its world's seed
                    and its number alone, not on how many worlds there are
    threads         None shares the process's threads; a number gives these worlds their own
    autoreset       what becomes of a world whose episode has ended: "same_step" resets it in the step that ended it,
                    its last observation being in final_observation; "next_step" resets it in the step after;
                    "disabled" leaves it as it is until reset()
    episode_length  steps after which an episode is truncated; None: the game's own
    precision       of the state; observations are always float32
    rng             "gymnasium" starts episodes where Gymnasium's would with the same seed; with precision "f64" the
                    arithmetic is Gymnasium's too, to the last bit that matters
    buffers         2: a step writes the memory that the one before did not, so that a consumer may still read that
    actions         those out of bounds are refused with an OutOfRangeError and nothing is stepped, or clamped in place;
                    "game" does what the original does: clip where it clips, refuse where it asserts
    kernel          which vectors to step with; all give the same bytes
    level           GridWorld's levels as text: docs/guides/grid-world.md has the format
    levels          a file that has levels, or several
    parameters      the game's own numbers, as g=9.81 for Pendulum-v1; Worlds.parameters() has them

    NotFoundError for a game or parameter that there is not, OutOfRangeError for a number that cannot be,
    UnavailableError for a device that games do not run on, DataError for a level that cannot be: it names the line and
    the column.

    >>> import penstock
    >>> worlds = penstock.worlds.make("Pendulum-v1", num_worlds=2, seed=[5, 9], g=9.81)
    >>> worlds.observation.shape
    (2, 3)
    """
    given = {"autoreset": autoreset, "actions": actions, "precision": precision, "rng": rng, "kernel": kernel}
    numbers = {name: number_of(name, word) for name, word in given.items()}
    seeds = seed_array(seed, num_worlds)
    files = [ffi.new("char[]", os.fsencode(path)) for path in level_paths(levels)]
    level_files = ffi.new("char *[]", files)
    level_text = ffi.NULL if level is None else ffi.new("char[]", as_level_text(level))
    encoded = ffi.new("char[]", ",".join(f"{name}={value!r}" for name, value in as_floats(parameters)).encode())
    device_type, device_id = devices.as_device(device).numbers
    options = struct(
        "ps_worlds_options",
        num_worlds=num_worlds,
        parameters=encoded,
        episode_length=0 if episode_length is None else at_least_one("episode_length", episode_length),
        device_type=device_type,
        device_id=device_id,
        threads=0 if threads is None else at_least_one("threads", threads),
        buffers=buffers,
        random=numbers.pop("rng"),
        level=level_text,
        level_files=level_files if files else ffi.NULL,
        level_file_count=len(files),
        **numbers,
    )
    if len(seeds) == 1:
        options.seed = seeds[0]
    else:
        options.seeds = seeds
    out = ffi.new("ps_worlds **")
    call(lib.ps_worlds_create, out, game.encode(), options)
    return Worlds(out[0])


class Worlds:
    """The worlds that make() made.  One thread at a time.

    Their tensors are attributes too: worlds.observation is worlds.tensor("observation").

    >>> import penstock
    >>> worlds = penstock.worlds.make("MountainCar-v0", num_worlds=4)
    >>> worlds
    Worlds('MountainCar-v0', num_worlds=4)
    >>> worlds.tensors()
    ['action', 'observation', 'reward', 'terminated', 'state', 'truncated', 'steps', 'final_observation']
    """

    def __init__(self, handle: Any) -> None:
        self._worlds = ffi.gc(handle, lib.ps_worlds_release)

    # --- what they are

    @property
    def game(self) -> str:
        """The name of the game.

        >>> import penstock
        >>> penstock.worlds.make("Pendulum-v1").game
        'Pendulum-v1'
        """
        return text(lib.ps_worlds_game(self._worlds))

    @property
    def num_worlds(self) -> int:
        """How many there are; len() says it too.

        >>> import penstock
        >>> penstock.worlds.make("Pendulum-v1", num_worlds=3).num_worlds
        3
        """
        return int(lib.ps_worlds_num_worlds(self._worlds))

    @property
    def episode_length(self) -> int:
        """Steps after which an episode is truncated.

        >>> import penstock
        >>> penstock.worlds.make("Pendulum-v1").episode_length
        200
        """
        return int(lib.ps_worlds_episode_length(self._worlds))

    @property
    def step_count(self) -> int:
        """How many steps they have taken.

        >>> import penstock
        >>> worlds = penstock.worlds.make("Pendulum-v1")
        >>> worlds.step()
        >>> worlds.step_count
        1
        """
        return int(lib.ps_worlds_step_count(self._worlds))

    def __reduce__(self) -> Never:
        raise TypeError("worlds cannot be pickled or copied: keep their snapshot(), and restore() it into others")

    def __len__(self) -> int:
        return self.num_worlds

    def __repr__(self) -> str:
        if self._worlds == ffi.NULL:
            return "Worlds(closed)"
        return f"Worlds({self.game!r}, num_worlds={self.num_worlds})"

    # --- tensors

    def tensors(self) -> list[str]:
        """The names of the tensors.

        >>> import penstock
        >>> penstock.worlds.make("CartPole-v1").tensors()[:2]
        ['action', 'observation']
        """
        count = lib.ps_worlds_tensor_count(self._worlds)
        return [text(lib.ps_worlds_tensor_name(self._worlds, index)) for index in range(count)]

    def tensor(self, name: str) -> Tensor:
        """One of the tensors, [num_worlds, ...]: the memory that each step writes, not a copy.

        With buffers=2 it is the memory that the last step wrote.  NotFoundError names those there are.

        >>> import penstock
        >>> penstock.worlds.make("CartPole-v1", num_worlds=2).tensor("terminated").tolist()
        [False, False]
        """
        return made(lib.ps_worlds_tensor, self._worlds, name.encode())

    def __getattr__(self, name: str) -> Tensor:
        if name.startswith("_"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        try:
            return self.tensor(name)
        except errors.NotFoundError as error:
            raise AttributeError(str(error)) from None

    def __dir__(self) -> Iterable[str]:
        return [*super().__dir__(), *self.tensors()]

    def bounds(self, name: str) -> tuple[Tensor, Tensor]:
        """The lowest and the highest value of each element of one world of a tensor.

        >>> import penstock
        >>> low, high = penstock.worlds.make("Pendulum-v1").bounds("action")
        >>> low.tolist(), high.tolist()
        ([-2.0], [2.0])
        """
        low, high = ffi.new("ps_tensor **"), ffi.new("ps_tensor **")
        call(lib.ps_worlds_bounds, low, high, self._worlds, name.encode())
        return adopted(low), adopted(high)

    # --- going on

    def reset(self, mask: Any = None, *, seed: int | Sequence[int] | None = None) -> None:
        """Starts the next episode of the worlds that mask (bools, one a world) chooses, or of all.

        With seed, as in make(), the chosen worlds get it and start at its episode 0.

        >>> import penstock
        >>> worlds = penstock.worlds.make("CartPole-v1", num_worlds=2, seed=1)
        >>> before = worlds.hash().tolist()
        >>> worlds.reset([True, False], seed=1)
        >>> worlds.hash().tolist() == before
        True
        """
        chosen = ffi.NULL if mask is None else as_mask(mask)
        seeds = [] if seed is None else seed_array(seed, self.num_worlds)
        call(lib.ps_worlds_reset, self._worlds, chosen, len(seeds), seeds if len(seeds) else ffi.NULL)

    def step(self) -> None:
        """Steps every world once, with the actions in self.action.

        OutOfRangeError for an action that is refused: then no world was stepped.

        >>> import penstock
        >>> worlds = penstock.worlds.make("CartPole-v1")
        >>> worlds.step()
        >>> worlds.steps.tolist()
        [1]
        """
        status = lib.ps_worlds_step(self._worlds)
        if status:
            raise_last_error(status)

    def step_async(self) -> None:
        """Starts a step and returns at once; nothing but wait() may be called until it has ended.

        >>> import penstock
        >>> worlds = penstock.worlds.make("CartPole-v1", buffers=2)
        >>> worlds.step_async()
        >>> worlds.wait()
        """
        call(lib.ps_worlds_step_async, self._worlds)

    def wait(self) -> None:
        """Waits for the step that step_async() started, and raises what step() would have raised.

        >>> import penstock
        >>> worlds = penstock.worlds.make("Pendulum-v1")
        >>> worlds.step_async()
        >>> worlds.wait()
        >>> worlds.steps.tolist()
        [1]
        """
        call(lib.ps_worlds_wait, self._worlds)

    # --- state

    def hash(self) -> Tensor:
        """A uint64 for each world, of all that its future depends on.  Equal hashes at each step mean equal runs.

        >>> import penstock
        >>> one = penstock.worlds.make("CartPole-v1", num_worlds=5, seed=3)
        >>> other = penstock.worlds.make("CartPole-v1", num_worlds=1, seed=7)
        >>> one.hash().tolist()[4] == other.hash().tolist()[0]
        True
        """
        return made(lib.ps_worlds_hash, self._worlds)

    def snapshot(self) -> Tensor:
        """All of the worlds as a uint8 tensor, for restore(): of these worlds, of others, in another process.

        >>> import penstock
        >>> worlds = penstock.worlds.make("CartPole-v1", num_worlds=2)
        >>> kept = worlds.snapshot()
        >>> worlds.step()
        >>> worlds.restore(kept)
        >>> worlds.steps.tolist()
        [0, 0]
        """
        return made(lib.ps_worlds_snapshot, self._worlds)

    def restore(self, snapshot: Any, *, source: Sequence[int] | None = None, into: Sequence[int] | None = None) -> None:
        """Puts worlds of a snapshot (a uint8 tensor or bytes) into these, which go on as those would have.

        source and into name worlds, as many of each; without them all go into their own places.  DataError for what is
        not a snapshot or is of another game; then nothing has changed.

        >>> import penstock
        >>> worlds = penstock.worlds.make("CartPole-v1", num_worlds=3)
        >>> worlds.restore(worlds.snapshot(), source=[0, 0], into=[1, 2])
        >>> len(set(worlds.hash().tolist()))
        1
        """
        if (source is None) != (into is None):
            raise errors.InvalidArgumentError("source and into are given together: which worlds, and where to")
        places = ffi.new("int64_t[]", [] if source is None else [int(place) for place in source])
        targets = ffi.new("int64_t[]", [] if into is None else [int(place) for place in into])
        if len(places) != len(targets):
            raise errors.InvalidArgumentError(
                f"{len(places)} worlds in source, {len(targets)} in into: expected as many"
            )
        if source is not None and len(places) == 0:
            return
        call(lib.ps_worlds_restore, self._worlds, as_bytes_tensor(snapshot), len(places), places, targets)

    def record(self, path: Path) -> Recording:
        """Records all that is done to the worlds from here on into a file, for replay() or `penstock replay`.

        The recording ends with the block, with stop() of what this returns, or with the worlds. It has each step's
        actions and hashes; each call that steps or changes the worlds writes its part before it returns, and raises an
        OSError when that fails: the call has then done its work, and the recording has ended before it.

        NotFoundError when there is no such folder, OSError when the file cannot be written, InvalidArgumentError when
        the worlds are being recorded already.

        >>> import os, tempfile, penstock
        >>> worlds = penstock.worlds.make("CartPole-v1", num_worlds=2)
        >>> path = os.path.join(tempfile.mkdtemp(), "run.psr")
        >>> with worlds.record(path):
        ...     worlds.step()
        >>> penstock.worlds.replay(path).same
        True
        """
        return Recording(self._worlds, path)

    def get_state(self, world: int) -> list[float]:
        """The plain state of a world.

        >>> import penstock
        >>> len(penstock.worlds.make("CartPole-v1").get_state(0))
        4
        """
        count = lib.ps_worlds_state_count(self._worlds)
        state = ffi.new("double[]", count)
        call(lib.ps_worlds_get_state, self._worlds, world, count, state)
        return list(state)

    def set_state(self, world: int, state: Sequence[float]) -> None:
        """Sets the plain state of a world; its observation follows, its flags are cleared, its episode goes on.

        >>> import penstock
        >>> worlds = penstock.worlds.make("CartPole-v1")
        >>> worlds.set_state(0, [0, 0, 0.125, 0])
        >>> worlds.observation.tolist()
        [[0.0, 0.0, 0.125, 0.0]]
        """
        numbers = ffi.new("double[]", [float(number) for number in state])
        call(lib.ps_worlds_set_state, self._worlds, world, len(numbers), numbers)

    def render(self, world: int = 0, *, width: int | None = None, height: int | None = None) -> Tensor:
        """A picture of one world: uint8 [height, width, 3], red, green and blue, of the size that its game usually has.

        width and height (16 to 4096) are given together for another size.

        >>> import penstock
        >>> penstock.worlds.make("CartPole-v1").render().shape
        (400, 600, 3)
        """
        if (width is None) != (height is None):
            raise errors.InvalidArgumentError("width and height are given together")
        return made(lib.ps_worlds_render, self._worlds, world, width or 0, height or 0)

    # --- the game's numbers

    def parameters(self) -> dict[str, float]:
        """The numbers of the game that may be set.

        >>> import penstock
        >>> penstock.worlds.make("Pendulum-v1").parameters()["g"]
        10.0
        """
        names = [
            text(lib.ps_worlds_parameter_name(self._worlds, index))
            for index in range(lib.ps_worlds_parameter_count(self._worlds))
        ]
        return {name: self.parameter(name) for name in names}

    def parameter(self, name: str) -> float:
        """One of them.

        >>> import penstock
        >>> penstock.worlds.make("Pendulum-v1").parameter("y_init")
        1.0
        """
        value = ffi.new("double *")
        call(lib.ps_worlds_get_parameter, value, self._worlds, name.encode())
        return float(value[0])

    def set_parameter(self, name: str, value: float) -> None:
        """Sets one of them, for the steps and resets to come.

        >>> import penstock
        >>> worlds = penstock.worlds.make("Pendulum-v1")
        >>> worlds.set_parameter("g", 9.81)
        >>> worlds.parameter("g")
        9.81
        """
        call(lib.ps_worlds_set_parameter, self._worlds, name.encode(), float(value))

    # --- faults

    @property
    def fault_count(self) -> int:
        """How many worlds were taken out so far because their state was no longer finite.

        >>> import penstock
        >>> penstock.worlds.make("CartPole-v1").fault_count
        0
        """
        return int(lib.ps_worlds_fault_count(self._worlds))

    def faults(self) -> list[tuple[int, int]]:
        """The newest of them, up to 1024, by step and then by world: (world, step from 0).

        >>> import penstock
        >>> worlds = penstock.worlds.make("CartPole-v1", num_worlds=3)
        >>> worlds.set_state(1, [float("nan"), 0, 0, 0])
        >>> worlds.step()
        >>> worlds.faults()
        [(1, 0)]
        """
        rows: list[list[int]] = made(lib.ps_worlds_faults, self._worlds).tolist()
        return [(world, step) for world, step in rows]

    # --- an end to it

    def close(self) -> None:
        """Gives the worlds back now, once a step that runs has ended; their tensors live on while someone holds them.

        Nothing can be asked of them any more: step() and the like raise an InvalidArgumentError.

        >>> import penstock
        >>> with penstock.worlds.make("CartPole-v1") as worlds:
        ...     worlds.step()
        >>> worlds
        Worlds(closed)
        """
        self._worlds = ffi.NULL

    def __enter__(self) -> Worlds:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def level_paths(levels: Path | Sequence[Path] | None) -> Sequence[Path]:
    """The files that levels names."""
    if levels is None:
        return ()
    return (levels,) if isinstance(levels, str | bytes | os.PathLike) else levels


def as_level_text(level: str) -> bytes:
    """Levels as C reads them."""
    if not isinstance(level, str):
        raise errors.InvalidArgumentError(f"level is {level!r}: expected text; levels= takes a file")
    if "\0" in level:
        raise errors.DataError(f"level has a NUL character at {level.index(chr(0))}: expected text")
    return level.encode(errors="surrogateescape")


def as_floats(parameters: dict[str, float]) -> Iterator[tuple[str, float]]:
    """A game's parameters as C reads them."""
    for name, value in parameters.items():
        try:
            yield name, float(value)
        except (TypeError, ValueError):
            raise errors.InvalidArgumentError(f"{name} is {value!r}: expected a number") from None


def seed_array(seed: int | Sequence[int], num_worlds: int) -> Any:
    """One seed, or one for each world, as C reads them."""
    try:
        seeds = [index(seed)]  # type: ignore[arg-type]
    except TypeError:
        try:
            seeds = [index(one) for one in seed]  # type: ignore[union-attr]
        except TypeError:
            raise errors.InvalidArgumentError(f"seed is {seed!r}: expected an int, or one for each world") from None
        if len(seeds) != num_worlds:
            raise errors.InvalidArgumentError(
                f"seed has {len(seeds)} entries: expected {num_worlds}, one a world"
            ) from None
    for one in seeds:
        if not 0 <= one < 1 << 64:
            raise errors.OutOfRangeError(f"seed is {one}: expected 0 to {(1 << 64) - 1}")
    return ffi.new("uint64_t[]", seeds)


def as_mask(mask: Any) -> Tensor:
    """Bools, one a world, as C reads them."""
    tensor: Tensor = as_tensor(mask)
    return tensor


def as_bytes_tensor(snapshot: Any) -> Tensor:
    """A snapshot from wherever it was kept."""
    tensor: Tensor = read_buffer(snapshot) if isinstance(snapshot, bytes | bytearray) else as_tensor(snapshot)
    return tensor


def adopted(out: Any) -> Tensor:
    """A tensor that a call gave."""
    return adopt(int(ffi.cast("intptr_t", out[0])))
