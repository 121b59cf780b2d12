"""The array API's functions that move elements or the axes they lie along."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from penstock import creation
from penstock._native import call, lib
from penstock.custom_operation import record
from penstock.errors import InvalidArgumentError, OutOfRangeError
from penstock.operators import promoted
from penstock.reductions import sum as sum_over

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = [
    "broadcast_arrays",
    "broadcast_to",
    "concat",
    "expand_dims",
    "flip",
    "matrix_transpose",
    "moveaxis",
    "permute_dims",
    "reshape",
    "roll",
    "squeeze",
    "stack",
    "tile",
    "unstack",
]

CASTING_UNSAFE = 1


def resolved(axis: int, ndim: int) -> int:
    """An axis counted from either end, as one from 0."""
    if not -ndim <= axis < ndim:
        raise OutOfRangeError(f"axis {axis} is outside a tensor of {ndim} axes")
    return axis % ndim


def as_axes(axis: int | Sequence[int] | None, ndim: int) -> tuple[int, ...]:
    """One axis, several, or for None all, each as one from 0."""
    if axis is None:
        return tuple(range(ndim))
    return tuple(resolved(each, ndim) for each in ((axis,) if isinstance(axis, int) else axis))


def broadcast_to(x: Any, /, shape: Sequence[int]) -> Tensor:
    """The elements repeated along axes of size 1 and new leading ones, without memory for it; a read-only view.

    >>> import penstock
    >>> penstock.broadcast_to(penstock.arange(2), (2, 2)).tolist()
    [[0, 1], [0, 1]]
    """
    return creation.as_tensor(x).expand(tuple(shape))


def broadcast_arrays(*arrays: Any) -> list[Tensor]:
    """All arrays, each repeated to the one shape that they broadcast to; views.

    >>> import penstock
    >>> [each.shape for each in penstock.broadcast_arrays(penstock.zeros((2, 1)), penstock.zeros(3))]
    [(2, 3), (2, 3)]
    """
    tensors = [creation.as_tensor(each) for each in arrays]
    ndim = max((tensor.ndim for tensor in tensors), default=0)
    shape = [1] * ndim
    for tensor in tensors:
        for axis, size in enumerate(tensor.shape, ndim - tensor.ndim):
            if size not in (1, shape[axis]) and shape[axis] != 1:
                shapes = ", ".join(str(each.shape) for each in tensors)
                raise InvalidArgumentError(f"broadcast_arrays: shapes {shapes} do not broadcast together")
            shape[axis] = size if shape[axis] == 1 else shape[axis]
    return [tensor.expand(tuple(shape)) for tensor in tensors]


def expand_dims(x: Any, /, *, axis: int = 0) -> Tensor:
    """With a new axis of size 1; a view.

    >>> import penstock
    >>> penstock.expand_dims(penstock.zeros(3), axis=-1).shape
    (3, 1)
    """
    return creation.as_tensor(x).unsqueeze(axis)


def squeeze(x: Any, /, axis: int | tuple[int, ...]) -> Tensor:
    """Without the named axes, which have size 1; a view.

    >>> import penstock
    >>> penstock.squeeze(penstock.zeros((1, 3)), 0).shape
    (3,)
    """
    tensor = creation.as_tensor(x)
    return tensor if axis == () else tensor.squeeze(axis)


def permute_dims(x: Any, /, axes: Sequence[int]) -> Tensor:
    """The axes in another order; a view.

    >>> import penstock
    >>> penstock.permute_dims(penstock.zeros((2, 3)), (1, 0)).shape
    (3, 2)
    """
    return creation.as_tensor(x).permute(tuple(axes))


def matrix_transpose(x: Any, /) -> Tensor:
    """The last two axes exchanged; a view.

    >>> import penstock
    >>> penstock.matrix_transpose(penstock.zeros((4, 2, 3))).shape
    (4, 3, 2)
    """
    return creation.as_tensor(x).mT


def moveaxis(x: Any, source: int | tuple[int, ...], destination: int | tuple[int, ...], /) -> Tensor:
    """With some axes moved to other places, and the rest in their order; a view.

    >>> import penstock
    >>> penstock.moveaxis(penstock.zeros((2, 3, 4)), 0, -1).shape
    (3, 4, 2)
    """
    tensor = creation.as_tensor(x)
    sources, places = as_axes(source, tensor.ndim), as_axes(destination, tensor.ndim)
    if len(sources) != len(places):
        raise InvalidArgumentError(f"moveaxis: {len(sources)} axes are to go to {len(places)} places")
    order = [axis for axis in range(tensor.ndim) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return tensor.permute(order)


def reshape(x: Any, /, shape: Sequence[int], *, copy: bool | None = None) -> Tensor:
    """The same elements in row-major order under another shape; one size may be -1.

    A view where there is one, unless copy is true; where there is none a copy, unless copy is false.

    >>> import penstock
    >>> penstock.reshape(penstock.arange(6).reshape(2, 3).T, (-1,)).tolist()
    [0, 3, 1, 4, 2, 5]
    """
    tensor = creation.as_tensor(x)
    if copy:
        return tensor.clone().reshape(tuple(shape))
    try:
        return tensor.reshape(tuple(shape))
    except InvalidArgumentError:
        if copy is False:
            raise
    return tensor.contiguous().reshape(tuple(shape))


def flip(x: Any, /, *, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """The elements in opposite order along some axes, or all; a view.

    >>> import penstock
    >>> penstock.flip(penstock.arange(3)).tolist()
    [2, 1, 0]
    """
    tensor = creation.as_tensor(x)
    turned = as_axes(axis, tensor.ndim)
    return tensor[tuple(slice(None, None, -1 if each in turned else 1) for each in range(tensor.ndim))]


def roll(x: Any, /, shift: int | tuple[int, ...], *, axis: int | tuple[int, ...] | None = None) -> Tensor:
    """The elements moved on by shift places, those that leave at one end put in at the other; a copy.

    Without axis they move in row-major order.

    >>> import penstock
    >>> penstock.roll(penstock.arange(4), 1).tolist()
    [3, 0, 1, 2]
    """
    tensor = creation.as_tensor(x)
    if axis is None:
        return roll(reshape(tensor, (-1,)), shift, axis=0).reshape(tensor.shape)
    axes = as_axes(axis, tensor.ndim)
    shifts = (shift,) * len(axes) if isinstance(shift, int) else shift
    if len(shifts) != len(axes):
        raise InvalidArgumentError(f"roll: {len(shifts)} shifts are given for {len(axes)} axes")
    rolled = tensor.clone()
    for places, each in zip(shifts, axes, strict=True):
        size = tensor.shape[each]
        if size > 0:
            cut = size - places % size
            parts = [rolled.narrow(each, cut, size - cut), rolled.narrow(each, 0, cut)]
            rolled = concat(parts, axis=each)
    return rolled


def tile(x: Any, repetitions: Sequence[int], /) -> Tensor:
    """The whole put side by side as often as said for each axis; a copy.

    >>> import penstock
    >>> penstock.tile(penstock.arange(2), (2, 2)).tolist()
    [[0, 1, 0, 1], [0, 1, 0, 1]]
    """
    tensor = creation.as_tensor(x)
    times = tuple(operator.index(each) for each in repetitions)
    ndim = max(len(times), tensor.ndim)
    times = (1,) * (ndim - len(times)) + times
    sizes = (1,) * (ndim - tensor.ndim) + tensor.shape
    out = creation.empty([size * each for size, each in zip(sizes, times, strict=True)], dtype=tensor.dtype)
    spread = out.reshape([part for pair in zip(times, sizes, strict=True) for part in pair])
    source = tensor.detach().reshape([part for size in sizes for part in (1, size)])
    call(lib.ps_tensor_copy, spread, source, CASTING_UNSAFE)

    def backward(gradient: Tensor) -> list[Tensor]:
        parts = reshape(gradient, [part for pair in zip(times, sizes, strict=True) for part in pair])
        return [reshape(sum_over(parts, axis=tuple(range(0, 2 * ndim, 2))), tensor.shape)] if ndim else [gradient]

    return record("tile", [out], [tensor], backward)[0] if tensor.requires_grad else out


def concat(arrays: Sequence[Any], /, *, axis: int | None = 0) -> Tensor:
    """Arrays joined along an axis that they have; without axis, in row-major order. Dtypes promote.

    >>> import penstock
    >>> penstock.concat([penstock.arange(2), penstock.arange(3)]).tolist()
    [0, 1, 0, 1, 2]
    """
    tensors = [creation.as_tensor(each) for each in arrays]
    if not tensors:
        raise InvalidArgumentError("concat of no arrays")
    if axis is None:
        tensors, axis = [reshape(tensor, (-1,)) for tensor in tensors], 0
    first = tensors[0]
    place = resolved(axis, first.ndim)
    for tensor in tensors:
        if tensor.ndim != first.ndim or any(
            size != first.shape[each] for each, size in enumerate(tensor.shape) if each != place
        ):
            raise InvalidArgumentError(
                f"concat: shapes {first.shape} and {tensor.shape} differ in more than axis {place}"
            )
    shape = list(first.shape)
    shape[place] = sum(tensor.shape[place] for tensor in tensors)
    out = creation.empty(shape, dtype=promoted(*(tensor.dtype for tensor in tensors)), device=first.device)
    places: list[tuple[int, int]] = []
    for tensor in tensors:
        begin = sum(length for _, length in places)
        places.append((begin, tensor.shape[place]))
        call(lib.ps_tensor_copy, out.narrow(place, *places[-1]), tensor.detach(), CASTING_UNSAFE)
    if not any(tensor.requires_grad for tensor in tensors):
        return out
    return record("concat", [out], tensors, lambda gradient: [gradient.narrow(place, *each) for each in places])[0]


def stack(arrays: Sequence[Any], /, *, axis: int = 0) -> Tensor:
    """Arrays of one shape joined along a new axis. Dtypes promote.

    >>> import penstock
    >>> penstock.stack([penstock.arange(2), penstock.arange(2)]).tolist()
    [[0, 1], [0, 1]]
    """
    tensors = [creation.as_tensor(each) for each in arrays]
    for tensor in tensors[1:]:
        if tensor.shape != tensors[0].shape:
            raise InvalidArgumentError(f"stack: shapes {tensors[0].shape} and {tensor.shape} differ")
    return concat([tensor.unsqueeze(axis) for tensor in tensors], axis=axis)


def unstack(x: Any, /, *, axis: int = 0) -> tuple[Tensor, ...]:
    """Each index of an axis as a tensor without it; views.

    >>> import penstock
    >>> [each.tolist() for each in penstock.unstack(penstock.arange(4).reshape(2, 2))]
    [[0, 1], [2, 3]]
    """
    tensor = creation.as_tensor(x)
    place = resolved(axis, tensor.ndim)
    return tuple(tensor.select(place, index) for index in range(tensor.shape[place]))
