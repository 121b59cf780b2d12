"""Random programs of operations, run by penstock and by torch on the same numbers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy
import penstock
import torch

LARGEST = 600  # elements of a value
Pair = tuple[Any, Any]  # one value, penstock's and torch's

UNARY: list[tuple[Callable[[Any], Any], Callable[[Any], Any]]] = [
    (penstock.sin, torch.sin),
    (penstock.cos, torch.cos),
    (penstock.tanh, torch.tanh),
    (penstock.square, torch.square),
    (penstock.abs, torch.abs),
    (penstock.atan, torch.atan),
    (penstock.asinh, torch.asinh),
    (lambda x: -x, lambda x: -x),
    (lambda x: penstock.exp(penstock.tanh(x)), lambda x: torch.exp(torch.tanh(x))),
    (lambda x: penstock.sqrt(x * x + 1), lambda x: torch.sqrt(x * x + 1)),
    (lambda x: penstock.log1p(penstock.abs(x)), lambda x: torch.log1p(torch.abs(x))),
    (lambda x: 1 / (x * x + 0.5), lambda x: 1 / (x * x + 0.5)),
    (lambda x: penstock.expm1(penstock.sin(x)), lambda x: torch.expm1(torch.sin(x))),
    (lambda x: penstock.clip(x, -0.7, 0.9), lambda x: torch.clamp(x, -0.7, 0.9)),
    (lambda x: penstock.maximum(x, penstock.zeros(())), lambda x: torch.maximum(x, torch.zeros_like(x))),
    (lambda x: x * x.detach(), lambda x: x * x.detach()),
    (lambda x: penstock.floor(x) * x, lambda x: torch.floor(x) * x),
]

BINARY: list[tuple[Callable[[Any, Any], Any], Callable[[Any, Any], Any]]] = [
    (lambda x, y: x + y, lambda x, y: x + y),
    (lambda x, y: x - y, lambda x, y: x - y),
    (lambda x, y: x * y, lambda x, y: x * y),
    (lambda x, y: x / (y * y + 1), lambda x, y: x / (y * y + 1)),
    (penstock.maximum, torch.maximum),
    (penstock.minimum, torch.minimum),
    (penstock.logaddexp, torch.logaddexp),
    (lambda x, y: penstock.hypot(x, y + 3), lambda x, y: torch.hypot(x, y + 3)),
    (lambda x, y: penstock.atan2(x, y * y + 1), lambda x, y: torch.atan2(x, y * y + 1)),
    (lambda x, y: (x * x + 0.5) ** penstock.tanh(y), lambda x, y: (x * x + 0.5) ** torch.tanh(y)),
    (lambda x, y: penstock.where(x > y, x * 2, y), lambda x, y: torch.where(x > y, x * 2, y)),
    (penstock.copysign, torch.copysign),
]


REDUCTIONS: list[tuple[Callable[..., Any], Callable[..., Any]]] = [
    (lambda x, axes, keep: penstock.sum(x, axis=axes, keepdims=keep), torch.sum),
    (lambda x, axes, keep: penstock.mean(x, axis=axes, keepdims=keep), torch.mean),
    (lambda x, axes, keep: penstock.max(x, axis=axes, keepdims=keep), torch.amax),
    (lambda x, axes, keep: penstock.min(x, axis=axes, keepdims=keep), torch.amin),
    (
        lambda x, axes, keep: penstock.prod(x, axis=axes[0], keepdims=keep),
        lambda t, axes, keep: torch.prod(t, axes[0], keepdim=keep),
    ),
    (
        lambda x, axes, keep: penstock.var(x, axis=axes, keepdims=keep),
        lambda t, axes, keep: torch.var(t, axes, correction=0, keepdim=keep),
    ),
    (
        lambda x, axes, keep: penstock.std(spread(x), axis=-1, keepdims=keep),
        lambda t, axes, keep: torch.std(spread_of_torch(t), -1, correction=0, keepdim=keep),
    ),
]


def spread(x: Any) -> Any:
    """A tensor whose elements along the last axis are not all equal: the deviation of such has no one slope."""
    return x + penstock.Tensor(numpy.linspace(0, 1, x.shape[-1]))


def spread_of_torch(t: Any) -> Any:
    """The same of torch's."""
    return t + torch.linspace(0, 1, t.shape[-1], dtype=torch.float64)


@dataclass
class Program:
    """A program that grows by random operations; values are of float64."""

    generator: numpy.random.Generator
    values: list[Pair]
    listing: list[str]

    def pick(self) -> Pair:
        """A value made before, late ones more often."""
        place = len(self.values) - 1 - int(self.generator.exponential(2.0))
        return self.values[max(place, 0)]

    def chance(self, one_of: int) -> int:
        """A number below a limit."""
        return int(self.generator.integers(one_of))

    def step(self) -> None:
        """Adds one operation; one whose operands do not go together adds none."""
        kinds = [
            self.unary, self.binary, self.binary, self.reduction, self.view, self.index, self.total, self.product,
            self.join, self.order, self.contraction,
        ]  # fmt: skip
        kind = kinds[self.chance(len(kinds))]
        ours, theirs = kind(*self.pick())
        if not 0 < ours.size <= LARGEST:
            return
        if not float(theirs.detach().abs().max()) < 50:
            ours, theirs = penstock.tanh(ours), torch.tanh(theirs)
        self.listing.append(f"{kind.__name__} -> {ours.shape}")
        self.values.append((ours, theirs))

    def unary(self, x: Any, t: Any) -> Pair:
        ours, theirs = UNARY[self.chance(len(UNARY))]
        return ours(x), theirs(t)

    def binary(self, x: Any, t: Any) -> Pair:
        for _ in range(10):
            y, u = self.pick()
            try:
                numpy.broadcast_shapes(x.shape, y.shape)
            except ValueError:
                continue
            ours, theirs = BINARY[self.chance(len(BINARY))]
            return ours(x, y), theirs(t, u)
        return x * 1.5, t * 1.5

    def product(self, x: Any, t: Any) -> Pair:
        if x.ndim == 0:
            return x * 2, t * 2
        shape = (x.shape[-1], 1 + self.chance(4)) if self.chance(3) else (x.shape[-1],)
        weights = self.generator.normal(size=shape)
        if self.chance(2):
            return x @ penstock.Tensor(weights), t @ torch.tensor(weights)
        y, u = self.pick()  # scaled by another value's mean, so that both operands have gradients
        return x @ (penstock.Tensor(weights) * penstock.mean(y)), t @ (torch.tensor(weights) * torch.mean(u))

    def axes_of(self, x: Any) -> tuple[int, ...]:
        """Some of the axes, one at least."""
        count = 1 + self.chance(x.ndim)
        return tuple(int(axis) for axis in self.generator.permutation(x.ndim)[:count])

    def reduction(self, x: Any, t: Any) -> Pair:
        if x.ndim == 0:
            return penstock.sum(x), torch.sum(t)
        ours, theirs = REDUCTIONS[self.chance(len(REDUCTIONS))]
        axes, keep = self.axes_of(x), bool(self.chance(2))
        return ours(x, axes, keep), theirs(t, axes, keep)

    def view(self, x: Any, t: Any) -> Pair:
        which = self.chance(5)
        if which == 0 or x.ndim == 0:
            return x.unsqueeze(0), t.unsqueeze(0)
        if which == 1:
            return penstock.reshape(x, (-1,)), t.reshape(-1)
        if which == 2:
            order = tuple(int(axis) for axis in self.generator.permutation(x.ndim))
            return x.permute(order), t.permute(order)
        if which == 3:
            shape = (2, *x.shape)
            return x.expand(shape), t.expand(shape)
        axis = self.chance(x.ndim)
        return penstock.flip(x, axis=axis), torch.flip(t, (axis,))

    def index(self, x: Any, t: Any) -> Pair:
        if x.ndim == 0 or x.size < 2:
            return x[None], t[None]
        length, which = x.shape[0], self.chance(4)
        if which == 0:
            return x[length // 2], t[length // 2]
        if which == 1:
            begin = self.chance(length)
            return x[begin:], t[begin:]
        if which == 2:
            rows = self.generator.integers(0, length, 4)
            return x[penstock.Tensor(rows)], t[torch.from_numpy(rows)]
        mask = self.generator.random(x.shape) < 0.6
        mask.flat[0] = True
        return x[penstock.Tensor(mask)], t[torch.from_numpy(mask)]

    def total(self, x: Any, t: Any) -> Pair:
        if x.ndim == 0:
            return x * x, t * t
        axis = self.chance(x.ndim)
        if self.chance(2):
            return penstock.cumulative_sum(x, axis=axis), torch.cumsum(t, axis)
        return penstock.cumulative_prod(x, axis=axis), torch.cumprod(t, axis)

    def join(self, x: Any, t: Any) -> Pair:
        y, u = self.pick()
        if x.ndim == 0:
            return penstock.stack([x, 2 * x]), torch.stack([t, 2 * t])
        axis, which = self.chance(x.ndim), self.chance(5)
        if which == 0:
            scaled, scaled_by_torch = x * penstock.mean(y), t * torch.mean(u)
            return penstock.stack([x, scaled], axis=axis), torch.stack([t, scaled_by_torch], axis)
        if which == 1:
            turned, turned_by_torch = penstock.flip(x, axis=axis), torch.flip(t, (axis,))
            return penstock.concat([x, turned[:1]], axis=0), torch.cat([t, turned_by_torch[:1]], 0)
        if which == 2:
            return penstock.roll(x, 1, axis=axis), torch.roll(t, 1, axis)
        if which == 3:
            return penstock.repeat(x, 2, axis=axis), torch.repeat_interleave(t, 2, axis)
        return penstock.diff(x, axis=axis, append=x), torch.diff(t, dim=axis, append=t)

    def order(self, x: Any, t: Any) -> Pair:
        if x.ndim == 0:
            return x - 1, t - 1
        axis = self.chance(x.ndim)
        if self.chance(2):
            descending = bool(self.chance(2))
            ordered = torch.sort(t, dim=axis, descending=descending, stable=True)[0]
            return penstock.sort(x, axis=axis, descending=descending), ordered
        shape = tuple(3 if each == axis else size for each, size in enumerate(x.shape))
        indices = self.generator.integers(0, x.shape[axis], shape)
        taken = penstock.take_along_axis(x, penstock.Tensor(indices), axis=axis)
        return taken, torch.take_along_dim(t, torch.from_numpy(indices), axis)

    def contraction(self, x: Any, t: Any) -> Pair:
        if x.ndim == 0:
            return x + 1, t + 1
        axis = self.chance(x.ndim)
        if self.chance(2):
            moved, moved_by_torch = penstock.tanh(x), torch.tanh(t)
            vectors = torch.linalg.vecdot(t, moved_by_torch, dim=axis - t.ndim)
            return penstock.vecdot(x, moved, axis=axis - x.ndim), vectors
        y, u = self.pick()
        weights = self.generator.normal(size=(2, x.shape[axis]))
        scaled, scaled_by_torch = penstock.Tensor(weights) * penstock.mean(y), torch.tensor(weights) * torch.mean(u)
        summed = torch.tensordot(t, scaled_by_torch, dims=([axis], [1]))
        return penstock.tensordot(x, scaled, axes=((axis,), (1,))), summed


def run_program(seed: int) -> tuple[list[Any], list[Any], list[str]]:
    """The gradients of one random program by its leaves, by penstock and by torch, and what it did."""
    generator = numpy.random.default_rng(seed)
    shapes: list[tuple[int, ...]] = [(2, 3), (3,), (4, 1, 3), (), (2, 1)]
    leaves = [generator.normal(size=shapes[index]) for index in generator.permutation(len(shapes))[:3]]
    ours = [penstock.Tensor(leaf, requires_grad=True) for leaf in leaves]
    theirs = [torch.tensor(leaf, requires_grad=True) for leaf in leaves]
    program = Program(generator, list(zip(ours, theirs, strict=True)), [])
    for _ in range(int(generator.integers(5, 31))):
        program.step()
    results = program.values[-3:]
    mine = penstock.Tensor(0.0, dtype="float64")
    other: Any = torch.zeros((), dtype=torch.float64)
    for x, t in results:
        weights = generator.normal(size=x.shape)
        mine = mine + penstock.sum(x * penstock.Tensor(weights))
        other = other + torch.sum(t * torch.tensor(weights))
    numpy.testing.assert_allclose(mine.item(), float(other.detach()), rtol=1e-10)
    if not other.requires_grad:
        return [], [], program.listing
    mine.backward()
    other.backward()
    return [leaf.grad for leaf in ours], [leaf.grad for leaf in theirs], program.listing
