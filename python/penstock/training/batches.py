"""Batches of what people give: arrays, loaders, and anything that can be iterated over."""

from __future__ import annotations

import base64
import operator
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Protocol

from penstock import creation, dtypes
from penstock._native import as_c, ffi, lib, raise_last_error, struct
from penstock.base import is_tensor
from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.layers.layer import as_input

if TYPE_CHECKING:
    from penstock.dtypes import DType
    from penstock.tensor import Tensor

__all__ = ["ArrayBatches", "Batches", "IterableBatches", "batches_of", "split_off"]

Step = tuple[Any, Any, Any]  # x, y and ps_batch_options as the C ABI takes them, which live until the next is asked for

NOTHING = ffi.NULL


class Batches(Protocol):
    """What an epoch is made of."""

    steps: int | None  # batches an epoch, where that is known
    samples: int | None
    batch_size: int | None

    def epoch(self, order: Tensor | None, first: int) -> Iterator[Step]:
        """The batches of one epoch from number first on."""

    def input_shape(self) -> tuple[int, ...] | None:
        """The shape of a sample, where that is known."""

    def state(self) -> str | None:
        """Where the source is, behind the batches that were given; None where it cannot say."""

    def restore(self, state: str | None) -> bool:
        """Goes on where the source was; False where it cannot, and batches are to be skipped."""


class ArrayBatches:
    """Rows of arrays that are there as a whole."""

    def __init__(
        self, x: Tensor, y: Tensor, weights: Tensor | None, batch_size: int, steps_per_epoch: int | None
    ) -> None:
        self.x, self.y, self.weights = x, y, weights
        self.samples: int | None = require_rows(x, y, weights)
        self.batch_size: int | None = require_count(batch_size, "batch_size")
        steps = -(-x.shape[0] // batch_size)
        self.steps: int | None = steps if steps_per_epoch is None else min(steps, steps_per_epoch)
        self._every_row: Tensor | None = None

    def epoch(self, order: Tensor | None, first: int) -> Iterator[Step]:
        """The batches of one epoch from number first on: rows in that order, or as they lie."""
        if order is None:
            if self._every_row is None:
                self._every_row = creation.arange(self.x.shape[0], dtype=dtypes.int64)
            order = self._every_row
        assert self.batch_size is not None
        assert self.steps is not None
        rows = ffi.new("ps_tensor **")
        options = struct("ps_batch_options", weights=NOTHING if self.weights is None else as_c(self.weights))
        x, y, all_rows = as_c(self.x), as_c(self.y), as_c(order)
        count, size = self.x.shape[0], self.batch_size
        try:
            for start in range(first * size, min(count, self.steps * size), size):
                status = lib.ps_tensor_narrow(rows, all_rows, 0, start, min(size, count - start))
                if status:
                    raise_last_error(status)
                options.rows = rows[0]
                yield x, y, options
                lib.ps_tensor_release(rows[0])
                rows[0] = NOTHING
        finally:
            lib.ps_tensor_release(rows[0])

    def input_shape(self) -> tuple[int, ...] | None:
        """The shape of a sample."""
        return self.x.shape[1:]

    def state(self) -> str | None:
        """Nothing: which rows come next follows from the epoch and the batch's number."""
        return None

    def restore(self, _state: str | None) -> bool:
        """Needs nothing: epoch() begins with any batch."""
        return True


class IterableBatches:
    """Batches that somebody else makes: (x, y) or (x, y, weights), or dicts of these."""

    def __init__(
        self,
        source: Iterable[Any],
        dtype: DType,
        class_weight: Mapping[int, float] | None,
        steps_per_epoch: int | None,
    ) -> None:
        self.source, self.dtype, self.class_weight = source, dtype, class_weight
        self.steps_per_epoch = steps_per_epoch
        self.steps: int | None = steps_per_epoch if steps_per_epoch is not None else length_of(source)
        self.samples: int | None = None
        self.batch_size: int | None = None
        self._iterator: Iterator[Any] | None = None
        self._shape: tuple[int, ...] | None = None
        self._has_begun = False

    def epoch(self, _order: Tensor | None, first: int) -> Iterator[Step]:
        """The batches of one epoch from number first on; with steps_per_epoch the source goes on where it was."""
        if self.steps is not None and first >= self.steps > 0:
            return
        if self._iterator is None or self.steps_per_epoch is None:
            self._iterator = iter(self.source)
        number = first
        while self.steps_per_epoch is None or number < self.steps_per_epoch:
            batch = next(self._iterator, self)
            if batch is self and self.steps_per_epoch is not None and number > first:
                self._iterator = iter(self.source)
                batch = next(self._iterator, self)
            if batch is self:
                break
            yield self._as_step(batch, number)
            number += 1
        if number == first and first == 0:
            self._refuse_empty()
        self._has_begun = True

    def skip(self, count: int) -> None:
        """Leaves out batches that an earlier run has had."""
        iterator = iter(self.source)
        for _ in range(count):
            next(iterator, None)
        self._iterator = iterator
        self.source = Resumed(iterator, self.source)

    def _refuse_empty(self) -> None:
        again = self._has_begun and iter(self.source) is self.source
        why = ": an iterator gives its batches once, give a list, a loader or steps_per_epoch" if again else ""
        raise InvalidArgumentError(f"{type(self.source).__name__} gave no batch{why}")

    def _as_step(self, batch: Any, number: int) -> Step:
        x, y, weights = parts_of(batch, number)
        self._kept = tensors = as_input(x, self.dtype), as_input(y, self.dtype), weights
        self._shape = tensors[0].shape[1:]
        weights = weights_of(tensors[1], weights, self.class_weight)
        self._weights = weights
        options = struct("ps_batch_options", weights=NOTHING if weights is None else as_c(weights))
        return as_c(tensors[0]), as_c(tensors[1]), options

    def input_shape(self) -> tuple[int, ...] | None:
        """The shape of a sample of the last batch."""
        return self._shape

    def state(self) -> str | None:
        """A penstock loader's state, as text."""
        state = getattr(self.source, "state", None)
        return base64.b64encode(state()).decode() if callable(state) and hasattr(self.source, "restore") else None

    def restore(self, state: str | None) -> bool:
        """Restores a penstock loader."""
        if state is None or not hasattr(self.source, "restore"):
            return False
        self.source.restore(base64.b64decode(state))
        return True


class Resumed:
    """An iterable whose first pass goes on with an iterator that is under way."""

    def __init__(self, iterator: Iterator[Any], source: Iterable[Any]) -> None:
        self._first: Iterator[Any] | None = iterator
        self._source = source

    def __iter__(self) -> Iterator[Any]:
        iterator, self._first = self._first, None
        return iter(self._source) if iterator is None else iterator


def batches_of(
    x: Any,
    y: Any,
    dtype: DType,
    *,
    batch_size: int = 32,
    sample_weight: Any = None,
    class_weight: Mapping[int, float] | None = None,
    steps_per_epoch: int | None = None,
) -> ArrayBatches | IterableBatches:
    """What fit() is given as batches: arrays where y is there, otherwise an iterable of batches."""
    if steps_per_epoch is not None:
        require_count(steps_per_epoch, "steps_per_epoch")
    if y is None:
        if creation.is_array(x) or is_tensor(x):
            raise InvalidArgumentError("y is missing: x is an array, whose targets must be given too")
        if sample_weight is not None:
            raise InvalidArgumentError("sample_weight goes with arrays: let the batches be (x, y, weights)")
        if not hasattr(x, "__iter__"):
            raise TypeMismatchError(
                f"x is a {type(x).__name__}: expected an array, or a loader or iterable of batches (x, y)"
            )
        return IterableBatches(x, dtype, class_weight, steps_per_epoch)
    inputs, targets = as_input(x, dtype), as_input(y, dtype)
    weights = weights_of(targets, sample_weight, class_weight)
    return ArrayBatches(inputs, targets, weights, batch_size, steps_per_epoch)


def split_off(batches: ArrayBatches, share: float) -> tuple[ArrayBatches, ArrayBatches]:
    """The first rows, and the last ones, of which there is this share."""
    if not 0 < share < 1:
        raise InvalidArgumentError(f"validation_split is {share}: expected a share between 0 and 1")
    count = batches.x.shape[0]
    kept = int(count * (1 - share))
    if kept in (0, count):
        raise InvalidArgumentError(f"validation_split is {share}, which leaves {kept} of {count} rows for training")
    assert batches.batch_size is not None

    def part(start: int, length: int, steps: int | None) -> ArrayBatches:
        tensors = [None if each is None else each.narrow(0, start, length) for each in of_batches]
        x, y, weights = tensors
        assert x is not None
        assert y is not None
        assert batches.batch_size is not None
        return ArrayBatches(x, y, weights, batches.batch_size, steps)

    of_batches = batches.x, batches.y, batches.weights
    return part(0, kept, batches.steps), part(kept, count - kept, None)


def weights_of(targets: Tensor, sample_weight: Any, class_weight: Mapping[int, float] | None) -> Tensor | None:
    """One weight a sample, of both kinds; None where there are none."""
    weights = None if sample_weight is None else creation.as_tensor(sample_weight)
    if weights is not None and weights.ndim != 1:
        raise InvalidArgumentError(f"sample_weight has shape {weights.shape}: expected one number a sample")
    if class_weight is None:
        return weights
    of_class = class_weights(targets, class_weight)
    return of_class if weights is None else of_class * weights.astype(of_class.dtype)


def class_weights(targets: Tensor, class_weight: Mapping[int, float]) -> Tensor:
    """Each sample's weight by its class; 1 for classes that are not named."""
    from penstock.manipulation import take
    from penstock.reductions import argmax
    from penstock.reductions import max as largest

    for key, weight in class_weight.items():
        if not isinstance(key, int) or key < 0 or not weight >= 0:
            raise InvalidArgumentError(
                f"class_weight has {key!r}: {weight!r}: expected class numbers and weights from 0"
            )
    is_one_hot = targets.ndim > 1 and targets.shape[-1] > 1
    if targets.ndim > 2:
        raise InvalidArgumentError(f"class_weight is for one class a sample: the targets have shape {targets.shape}")
    classes = argmax(targets, axis=-1) if is_one_hot else targets.reshape(targets.shape[0]).astype(dtypes.int64)
    count = 1 + max([*class_weight, -1 if classes.size == 0 else int(largest(classes).item())])
    table = creation.tensor([float(class_weight.get(each, 1.0)) for each in range(count)], dtypes.float64, None)
    return take(table, classes, axis=0)


def parts_of(batch: Any, number: int) -> tuple[Any, Any, Any]:
    """x, y and weights of a batch."""
    if isinstance(batch, Mapping):
        if "x" in batch and "y" in batch:
            return batch["x"], batch["y"], batch.get("weights")
        raise InvalidArgumentError(
            f'batch {number} has the fields {", ".join(map(repr, batch))}: expected "x" and "y", or pairs, as '
            f'loader.open(..., fields=["image", "label"]) gives them'
        )
    if isinstance(batch, (tuple, list)) and len(batch) in (2, 3):
        return batch[0], batch[1], batch[2] if len(batch) == 3 else None
    what = f"of {len(batch)}" if isinstance(batch, (tuple, list)) else ""
    raise TypeMismatchError(
        f"batch {number} is a {type(batch).__name__} {what}".rstrip() + ": expected (x, y) or (x, y, weights)"
    )


def require_rows(x: Tensor, y: Tensor, weights: Tensor | None) -> int:
    """How many rows arrays have; refuses those that have none, or another number than the others."""
    for name, tensor in (("x", x), ("y", y)):
        if tensor.ndim == 0:
            raise InvalidArgumentError(f"{name} is a single number: expected an array whose first axis is the samples")
    counts = {"x": x.shape[0], "y": y.shape[0]} | ({} if weights is None else {"sample_weight": weights.shape[0]})
    if len(set(counts.values())) > 1:
        raise InvalidArgumentError(
            f"{' and '.join(f'{name} has {count} rows' for name, count in counts.items())}: expected as many of each"
        )
    if x.shape[0] == 0:
        raise InvalidArgumentError(f"there is no data: x has shape {x.shape}")
    return x.shape[0]


def require_count(value: Any, name: str) -> int:
    """A whole number from 1."""
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeMismatchError(f"{name} is {value!r}: expected a whole number from 1") from None
    if number < 1:
        raise InvalidArgumentError(f"{name} is {number}: expected a whole number from 1")
    return number


def length_of(source: Any) -> int | None:
    """How many batches an iterable says it has."""
    try:
        return len(source)
    except (TypeError, NotImplementedError):
        return None
