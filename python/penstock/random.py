"""Random numbers without a hidden state: a key gives the same tensor on any machine, with any number of threads.

>>> import penstock
>>> key = penstock.random.key(7)
>>> penstock.random.uniform(key, 2).tolist() == penstock.random.uniform(key, 2).tolist()
True

A key is drawn from once: fold_in() and split() make further ones, for workers, layers or steps. A Generator does that
by itself, and has the same functions as methods:

>>> stream = penstock.random.Generator(7)
>>> stream.normal((2, 3)).shape
(2, 3)

What a key gives never changes from release to release.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from penstock import creation, devices, dtypes
from penstock._native import call, ffi, lib
from penstock.base import is_tensor, made
from penstock.dtypes import as_dtype
from penstock.errors import DoesNotFitError, InvalidArgumentError
from penstock.python_numbers import number_of

if TYPE_CHECKING:
    from penstock.devices import Device
    from penstock.tensor import Tensor

__all__ = [
    "Generator",
    "Key",
    "bernoulli",
    "choice",
    "fold_in",
    "integers",
    "key",
    "normal",
    "permutation",
    "shuffle",
    "split",
    "uniform",
]

Shape = int | Sequence[int]


@dataclass(frozen=True, slots=True)
class Key:
    """What numbers are drawn by: key() makes one of a seed, fold_in() and split() make further ones.

    >>> import penstock
    >>> penstock.random.Key(7, 0) == penstock.random.key(7)
    True
    """

    seed: int
    stream: int = 0

    def __post_init__(self) -> None:
        for name, number in (("seed", self.seed), ("stream", self.stream)):
            if not 0 <= number < 2**64:
                raise DoesNotFitError(f"{name} is {number}: expected 0 to 2**64 - 1")


def as_c(key: Key) -> Any:
    """A key as the C ABI's."""
    return ffi.new("ps_random_key *", {"seed": key.seed, "stream": key.stream})


def key(seed: int) -> Key:
    """The key of a seed, 0 to 2**64 - 1.

    >>> import penstock
    >>> penstock.random.key(7)
    Key(seed=7, stream=0)
    """
    return Key(operator.index(seed))


def fold_in(key: Key, number: int) -> Key:
    """The key made of a key and a number, 0 to 2**64 - 1: each number gives another.

    >>> import penstock
    >>> key = penstock.random.key(7)
    >>> penstock.random.fold_in(key, 0) == penstock.random.fold_in(key, 1)
    False
    """
    out = ffi.new("ps_random_key *")
    call(lib.ps_random_fold_in, out, as_c(key), operator.index(number))
    return Key(out.seed, out.stream)


def split(key: Key, count: int = 2) -> list[Key]:
    """As many keys as asked for: those that the numbers from 0 on are folded into.

    >>> import penstock
    >>> first, second = penstock.random.split(penstock.random.key(7))
    >>> first == penstock.random.fold_in(penstock.random.key(7), 0)
    True
    """
    if count < 0:
        raise InvalidArgumentError(f"count is {count}: expected 0 or more")
    return [fold_in(key, number) for number in range(count)]


def drawn(function: Any, key: Key, dtype: Any, shape: Shape, device: Device | str | None, *numbers: float) -> Tensor:
    """Calls a function of the C ABI that fills a shape; without a dtype where that is None."""
    sizes = creation.shape_of(shape)
    first = () if dtype is None else (as_dtype(dtype).number,)
    return made(function, as_c(key), *first, len(sizes), sizes, *map(number_of, numbers), devices.options(device))


def uniform(
    key: Key,
    shape: Shape = (),
    *,
    low: float = 0.0,
    high: float = 1.0,
    dtype: Any = None,
    device: Device | str | None = None,
) -> Tensor:
    """Numbers from low to below high, evenly distributed, of a floating dtype: float32 unless it says otherwise.

    >>> import penstock
    >>> x = penstock.random.uniform(penstock.random.key(7), 1000, low=-1.0, high=1.0)
    >>> bool(penstock.all((x >= -1) & (x < 1)))
    True
    """
    return drawn(lib.ps_random_uniform, key, dtype or dtypes.float32, shape, device, low, high)


def normal(
    key: Key,
    shape: Shape = (),
    *,
    mean: float = 0.0,
    deviation: float = 1.0,
    dtype: Any = None,
    device: Device | str | None = None,
) -> Tensor:
    """Normally distributed numbers of a mean and a standard deviation: float32 unless dtype says otherwise.

    >>> import penstock
    >>> x = penstock.random.normal(penstock.random.key(7), 10_000, mean=5.0)
    >>> abs(penstock.mean(x).item() - 5.0) < 0.1
    True
    """
    return drawn(lib.ps_random_normal, key, dtype or dtypes.float32, shape, device, mean, deviation)


def integers(
    key: Key,
    low: int,
    high: int | None = None,
    shape: Shape = (),
    *,
    dtype: Any = None,
    device: Device | str | None = None,
) -> Tensor:
    """Whole numbers from low to below high, or from 0 to below low alone, each as likely; int64 unless dtype says.

    >>> import penstock
    >>> dice = penstock.random.integers(penstock.random.key(7), 1, 7, 1000)
    >>> penstock.min(dice).item(), penstock.max(dice).item()
    (1, 6)
    """
    limits = (0, low) if high is None else (low, high)
    numbers = [operator.index(limit) for limit in limits]
    return drawn(lib.ps_random_integers, key, dtype or dtypes.int64, shape, device, *numbers)


def bernoulli(key: Key, probability: float = 0.5, shape: Shape = (), *, device: Device | str | None = None) -> Tensor:
    """Of bool: true with a probability.

    >>> import penstock
    >>> penstock.random.bernoulli(penstock.random.key(7), 1.0, 3).tolist()
    [True, True, True]
    """
    return drawn(lib.ps_random_bernoulli, key, None, shape, device, probability)


def picked(x: Tensor, order: Tensor, axis: int) -> Tensor:
    """What lies along an axis of a tensor at some places."""
    place = axis + x.ndim if axis < 0 else axis
    if not 0 <= place < x.ndim:
        raise InvalidArgumentError(f"axis is {axis}: the tensor has shape {x.shape}")
    return made(lib.ps_tensor_take, x, place + 1, [None] * place + [order.to(x.device)])


def permutation(key: Key, x: Any, *, axis: int = 0) -> Tensor:
    """The numbers from 0 to below x in a random order, or a copy of a tensor with an axis in that order.

    >>> import penstock
    >>> sorted(penstock.random.permutation(penstock.random.key(7), 5).tolist())
    [0, 1, 2, 3, 4]
    """
    if not isinstance(x, int):
        tensor = creation.as_tensor(x)
        return picked(tensor, permutation(key, size_along(tensor, axis)), axis)
    return made(lib.ps_random_permutation, as_c(key), x)


def size_along(x: Tensor, axis: int) -> int:
    """The size of an axis."""
    if not -x.ndim <= axis < x.ndim:
        raise InvalidArgumentError(f"axis is {axis}: the tensor has shape {x.shape}")
    return int(x.shape[axis])


def choice(key: Key, x: Any, shape: Shape = (), *, replace: bool = True, p: Any = None, axis: int = 0) -> Tensor:
    """Numbers chosen from 0 to below x, or what lies there along an axis of a tensor; p are their probabilities.

    The probabilities may have any sum, which stands for 1. Without replacement none is chosen twice.

    >>> import penstock
    >>> penstock.random.choice(penstock.random.key(7), 3, 4, p=[0.0, 1.0, 0.0]).tolist()
    [1, 1, 1, 1]
    """
    tensor = None if isinstance(x, int) else creation.as_tensor(x)
    population = x if tensor is None else size_along(tensor, axis)
    sizes = creation.shape_of(shape)
    probabilities = (
        ffi.NULL if p is None else creation.as_tensor(creation.tensor(p, "float64", None) if is_list(p) else p)
    )
    chosen = made(lib.ps_random_choice, as_c(key), population, len(sizes), sizes, int(replace), probabilities)
    return chosen if tensor is None else picked(tensor, chosen, axis)


def is_list(p: Any) -> bool:
    """Whether probabilities are Python's own numbers, which lose nothing in float64."""
    return isinstance(p, (list, tuple)) and not is_tensor(p)


def shuffle(key: Key, x: Tensor, *, axis: int = 0) -> None:
    """Moves what lies along an axis of a tensor into a random order, that of permutation().

    >>> import penstock
    >>> x = penstock.arange(5)
    >>> penstock.random.shuffle(penstock.random.key(7), x)
    >>> sorted(x.tolist())
    [0, 1, 2, 3, 4]
    """
    call(lib.ps_random_shuffle, x, as_c(key), axis)


class Generator:
    """Draws by one key after the other, of a seed or a key; without either, of a seed from the operating system.

    >>> import penstock
    >>> stream = penstock.random.Generator(7)
    >>> first, second = stream.uniform(3), stream.uniform(3)
    >>> first.tolist() == second.tolist()
    False

    Each method is the module's function, by next_key(). One thread may use a generator at a time: split() gives each
    worker one of its own.
    """

    __slots__ = ("_generator",)
    _generator: Any

    def __init__(self, seed: int | Key | None = None) -> None:
        """Begins the sequence of a seed or a key."""
        begin = (
            seed
            if isinstance(seed, Key)
            else Key(int.from_bytes(os.urandom(8)) if seed is None else operator.index(seed))
        )
        self.state = {"seed": begin.seed, "stream": begin.stream, "given": 0}

    @property
    def state(self) -> dict[str, int]:
        """Where it stands, as plain numbers to be saved; setting it goes on from there.

        >>> import penstock
        >>> stream = penstock.random.Generator(7)
        >>> saved = stream.state
        >>> drawn = stream.uniform(3).tolist()
        >>> stream.state = saved
        >>> stream.uniform(3).tolist() == drawn
        True
        """
        native = self._generator
        return {"seed": native.key.seed, "stream": native.key.stream, "given": native.given}

    @state.setter
    def state(self, state: dict[str, int]) -> None:
        if state.keys() != {"seed", "stream", "given"}:
            raise InvalidArgumentError(f"a state has seed, stream and given, not {', '.join(state) or 'nothing'}")
        begin = Key(operator.index(state["seed"]), operator.index(state["stream"]))
        given = operator.index(state["given"])
        if not 0 <= given < 2**64:
            raise DoesNotFitError(f"given is {given}: expected 0 to 2**64 - 1")
        self._generator = ffi.new(
            "ps_random_generator *", {"key": {"seed": begin.seed, "stream": begin.stream}, "given": given}
        )

    def __getstate__(self) -> dict[str, int]:
        return self.state

    def __setstate__(self, state: dict[str, int]) -> None:
        self.state = state

    def __repr__(self) -> str:
        return "Generator(" + ", ".join(f"{name}={number}" for name, number in self.state.items()) + ")"

    def next_key(self) -> Key:
        """The next key of the sequence.

        >>> import penstock
        >>> stream = penstock.random.Generator(7)
        >>> stream.next_key() == penstock.random.fold_in(penstock.random.key(7), 0)
        True
        """
        out = ffi.new("ps_random_key *")
        call(lib.ps_random_next, out, self._generator)
        return Key(out.seed, out.stream)

    def split(self, count: int = 2) -> list[Generator]:
        """As many generators as asked for, none of which gives what another does, or this one.

        >>> import penstock
        >>> len(penstock.random.Generator(7).split(4))
        4
        """
        return [Generator(each) for each in split(self.next_key(), count)]

    def uniform(self, shape: Shape = (), **options: Any) -> Tensor:
        """Numbers from low to below high: see penstock.random.uniform().

        >>> import penstock
        >>> penstock.random.Generator(7).uniform(3, high=2.0).shape
        (3,)
        """
        return uniform(self.next_key(), shape, **options)

    def normal(self, shape: Shape = (), **options: Any) -> Tensor:
        """Normally distributed numbers: see penstock.random.normal().

        >>> import penstock
        >>> penstock.random.Generator(7).normal(3, deviation=0.1).shape
        (3,)
        """
        return normal(self.next_key(), shape, **options)

    def integers(self, low: int, high: int | None = None, shape: Shape = (), **options: Any) -> Tensor:
        """Whole numbers from low to below high: see penstock.random.integers().

        >>> import penstock
        >>> penstock.random.Generator(7).integers(0, 10, 3).dtype
        penstock.int64
        """
        return integers(self.next_key(), low, high, shape, **options)

    def bernoulli(self, probability: float = 0.5, shape: Shape = (), **options: Any) -> Tensor:
        """Of bool, true with a probability: see penstock.random.bernoulli().

        >>> import penstock
        >>> penstock.random.Generator(7).bernoulli(0.0, 2).tolist()
        [False, False]
        """
        return bernoulli(self.next_key(), probability, shape, **options)

    def permutation(self, x: Any, **options: Any) -> Tensor:
        """A random order of numbers, or of what lies along an axis: see penstock.random.permutation().

        >>> import penstock
        >>> sorted(penstock.random.Generator(7).permutation(3).tolist())
        [0, 1, 2]
        """
        return permutation(self.next_key(), x, **options)

    def choice(self, x: Any, shape: Shape = (), **options: Any) -> Tensor:
        """Numbers, or what lies along an axis, chosen at random: see penstock.random.choice().

        >>> import penstock
        >>> penstock.random.Generator(7).choice(10, 3, replace=False).shape
        (3,)
        """
        return choice(self.next_key(), x, shape, **options)

    def shuffle(self, x: Tensor, **options: Any) -> None:
        """Moves what lies along an axis into a random order: see penstock.random.shuffle().

        >>> import penstock
        >>> penstock.random.Generator(7).shuffle(penstock.arange(3))
        """
        shuffle(self.next_key(), x, **options)
