"""tensor[index] and tensor[index] = value, by NumPy's rules.

Ints, slices, Ellipsis and None make a view, one C call each.  Boolean and integer arrays pick elements: the view of the
other items comes first, then one call for all arrays.  Errors come in NumPy's order: first what no tensor of this rank
could be indexed with, then slices, then what lies outside.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from penstock._native import call, lib
from penstock.base import is_tensor, made
from penstock.creation import assignable, full, zeros
from penstock.creation import tensor as new_tensor
from penstock.errors import InvalidArgumentError, OutOfRangeError, TypeMismatchError

if TYPE_CHECKING:
    from penstock.tensor import Tensor

OPEN = -(2**63)  # PS_SLICE_OPEN
FAR = 2**63 - 1
CASTING_UNSAFE = 1
WHOLE = slice(None)
SIMPLE = frozenset((int, slice))

Picks = list["Tensor | None"]  # for each axis of a view its int64 index tensor, or None for the whole axis
GAP = object()  # an Ellipsis between arrays that stands for no axis: it parts them all the same


def get(tensor: Tensor, index: Any) -> Tensor:
    """The view, or the new tensor, that an index names."""
    simple = simple_view(tensor, index)
    if simple is not None:
        return simple
    view, picks, gap = resolve(tensor, index)
    if picks is None:
        return view
    common_shape(picks)
    taken = made(lib.ps_tensor_take, view, len(picks), picks)
    return taken if gap is None else taken.squeeze(taken.ndim - axes_behind(picks, gap) - 1)


def set_(tensor: Tensor, index: Any, value: Any) -> None:
    """Writes value to what an index names, converting and broadcasting it."""
    simple = simple_view(tensor, index)
    view, picks, gap = resolve(tensor, index) if simple is None else (simple, None, None)
    if picks is None:
        if isinstance(value, (bool, int, float, complex)):
            view.fill_(value)
            return
        source = without_leading_ones(assignable(value, tensor.dtype), view.ndim)
        call(lib.ps_tensor_copy, view, source, CASTING_UNSAFE)
        return
    source = assignable(value, tensor.dtype)
    require_flat_for_mask(index, tensor, source)
    target = picked_shape(view, picks)
    if gap is not None and source.ndim > axes_behind(picks, gap):
        source = source.unsqueeze(source.ndim - axes_behind(picks, gap))
    source = without_leading_ones(source, len(target))
    require_broadcast(source.shape, target)
    call(lib.ps_tensor_put, view, len(picks), picks, source, CASTING_UNSAFE)


# ---- From an index to a view and what picks from it ----


def simple_view(tensor: Tensor, index: Any) -> Tensor | None:
    """The view of an index of ints and slices alone, which most are; None for any other."""
    items = index if type(index) is tuple else (index,)
    if len(items) > tensor.ndim or not SIMPLE.issuperset(map(type, items)):
        return None
    view, axis, shape = tensor, 0, tensor.shape
    for source_axis, item in enumerate(items):
        if type(item) is int:
            view = selected(view, axis, item, (source_axis, shape))
        else:
            view = sliced(view, axis, item)
            axis += 1
    return view if items else None


def resolve(tensor: Tensor, index: Any) -> tuple[Tensor, Picks | None, int | None]:
    """The view that ints, slices, Ellipsis and None make, the index tensors for its axes, and where a gap is an axis.

    Without arrays there are no index tensors: None.
    """
    items = [normal(item) for item in (index if isinstance(index, tuple) else (index,))]
    items = spread_ellipsis(items, tensor)
    require_matching_masks(items, tensor)
    has_arrays = any(is_tensor(item) for item in items)
    view, axis, source_axis, gap = tensor, 0, 0, None
    picks: Picks = []
    for item in items:
        if item is None or item is GAP:
            view = view.unsqueeze(axis)
            added: Picks = [None]
            gap = axis if item is GAP else gap
        elif isinstance(item, slice):
            view = sliced(view, axis, item)
            added = [None]
        elif is_tensor(item):
            if axes_taken(item) == 0:  # a boolean of rank 0: an axis of its own, kept or emptied
                view = view.unsqueeze(axis)
            added = coordinates(item)
        elif has_arrays:
            added = [index_tensor(require_inside(item, (source_axis, tensor.shape)))]
        else:
            view = selected(view, axis, item, (source_axis, tensor.shape))
            added = []
        picks += added
        axis += len(added)
        source_axis += axes_taken(item)
    return (view, picks, gap) if has_arrays else (view, None, None)


def normal(item: Any) -> Any:
    """An item as None, Ellipsis, a slice, an int, or an int64 or boolean tensor."""
    if item is None or item is Ellipsis or isinstance(item, slice):
        return item
    if not isinstance(item, bool) and not is_tensor(item):
        try:
            return operator.index(item)
        except TypeError:
            pass
    if not is_tensor(item):
        item = new_tensor(item, "int64", None) if is_empty(item) else as_array(item)
    kind = item.dtype.name
    if kind in ("bool", "int64"):
        return item
    if not kind.startswith(("int", "uint")):
        raise OutOfRangeError(f"arrays used as indices must be of integer (or boolean) type, not {kind}")
    return item.astype("int64")


def as_array(item: Any) -> Tensor:
    """An item that is neither an integer nor a tensor, as a new tensor."""
    try:
        return new_tensor(item, None, None)
    except TypeError:
        raise OutOfRangeError(
            f"only integers, slices, Ellipsis, None and integer or boolean arrays are indices, not {item!r}"
        ) from None


def is_empty(item: Any) -> bool:
    """Whether an item is a list without a number in it, which has no type of its own."""
    return isinstance(item, (list, tuple)) and all(is_empty(part) for part in item)


def axes_taken(item: Any) -> int:
    """How many axes of the tensor an item stands for."""
    if item is None or item is GAP:
        return 0
    if is_tensor(item) and item.dtype.name == "bool":
        return int(item.ndim)
    return 1


def spread_ellipsis(items: list[Any], tensor: Tensor) -> list[Any]:
    """The items with full slices in place of the Ellipsis, or behind them all."""
    places = [place for place, item in enumerate(items) if item is Ellipsis]
    if len(places) > 1:
        raise OutOfRangeError("an index can only have a single ellipsis ('...')")
    taken = sum(axes_taken(item) for item in items if item is not Ellipsis)
    if taken > tensor.ndim:
        raise OutOfRangeError(f"too many indices: the tensor has {tensor.ndim} axes, but {taken} were indexed")
    missing = [WHOLE] * (tensor.ndim - taken)
    place = places[0] if places else len(items)
    before, after = items[:place], items[place + 1 :]
    return before + (missing or gap_between(before, after)) + after


def gap_between(before: list[Any], after: list[Any]) -> list[Any]:
    """A gap where arrays, or ints that join them, stand on both sides."""
    picks_before, picks_after = ([item for item in side if picks_elements(item)] for side in (before, after))
    has_arrays = any(is_tensor(item) for item in picks_before + picks_after)
    return [GAP] if has_arrays and picks_before and picks_after else []


def picks_elements(item: Any) -> bool:
    """Whether an item is an int or an array."""
    return item is not None and not isinstance(item, slice)


def axes_behind(picks: Picks, axis: int) -> int:
    """How many axes of the result lie behind an axis of the view that no array picks from, when picks are in front."""
    return sum(pick is None for pick in picks[axis + 1 :])


def require_matching_masks(items: list[Any], tensor: Tensor) -> None:
    """A mask's sizes must be those of the axes it covers; one of 0, which picks nothing, fits any, as with NumPy."""
    axis = 0
    for item in items:
        taken = axes_taken(item)
        is_mask = is_tensor(item) and item.dtype.name == "bool"
        covered = tensor.shape[axis : axis + taken]
        if is_mask and any(size not in (0, there) for size, there in zip(item.shape, covered, strict=True)):
            raise OutOfRangeError(
                f"the boolean index of shape {item.shape} does not match axes {axis} to {axis + taken - 1} "
                f"of shape {tensor.shape}"
            )
        axis += taken


# ---- Ints and slices ----


def sliced(view: Tensor, axis: int, item: slice) -> Tensor:
    """The view that a slice of one axis makes."""
    if item == WHOLE:
        return view
    step = 1 if item.step is None else limited(item.step)
    return view._view(lib.ps_tensor_slice, axis, limited(item.start), limited(item.stop), step)


def limited(end: Any) -> int:
    """A slice's number as int64: what lies further out means the same."""
    if end is None:
        return OPEN
    number = operator.index(end)
    return number if OPEN < number < FAR else max(OPEN + 1, min(FAR, number))


def selected(view: Tensor, axis: int, index: int, source: tuple[int, tuple[int, ...]]) -> Tensor:
    """The view that an int makes; source is the axis and shape that an error names."""
    return view._view(lib.ps_tensor_select, axis, require_inside(index, source))


def require_inside(index: int, source: tuple[int, tuple[int, ...]]) -> int:
    """The index, which must lie within an axis of the tensor that was indexed: (axis, shape)."""
    axis, shape = source
    if not -shape[axis] <= index < shape[axis]:
        raise OutOfRangeError(f"index {index} is outside axis {axis} of size {shape[axis]} of shape {shape}")
    return index


# ---- Arrays ----


def index_tensor(index: int) -> Tensor:
    """An int beside index arrays, as one of them."""
    return full((), index, dtype="int64")


def coordinates(item: Tensor) -> Picks:
    """An index tensor for each axis that an array stands for: a mask becomes the coordinates of what it marks."""
    if item.dtype.name != "bool":
        return [item]
    if item.ndim == 0:
        return [zeros(1 if item.item() else 0, dtype="int64")]
    where = made(lib.ps_tensor_nonzero, item)
    return [where._view(lib.ps_tensor_select, 1, column) for column in range(item.ndim)]


def common_shape(picks: Picks) -> tuple[int, ...]:
    """What the picks broadcast to.  An IndexError as with NumPy, where else a shape that does not is a ValueError."""
    shapes = [pick.shape for pick in picks if pick is not None]
    ndim = max(map(len, shapes))
    padded = [(1,) * (ndim - len(shape)) + shape for shape in shapes]
    common = []
    for sizes in zip(*padded, strict=True):
        others = {size for size in sizes if size != 1}
        if len(others) > 1:
            listed = " ".join(map(str, shapes))
            raise OutOfRangeError(f"indexing arrays could not be broadcast together, with shapes {listed}")
        common.append(others.pop() if others else 1)
    return tuple(common)


def picked_shape(view: Tensor, picks: Picks) -> tuple[int, ...]:
    """The shape that the picked elements have: the arrays' where they stand side by side, otherwise in front."""
    common = common_shape(picks)
    axes = [axis for axis, pick in enumerate(picks) if pick is not None]
    rest = [size for size, pick in zip(view.shape, picks, strict=True) if pick is None]
    place = axes[0] if axes[-1] - axes[0] + 1 == len(axes) else 0
    return (*rest[:place], *common, *rest[place:])


def without_leading_ones(source: Tensor, ndim: int) -> Tensor:
    """The source without those leading axes of size 1 that a target of ndim axes has no room for."""
    while source.ndim > ndim and source.shape[0] == 1:
        source = source.squeeze(0)
    return source


def require_flat_for_mask(index: Any, tensor: Tensor, source: Tensor) -> None:
    """What a mask over the whole tensor picks lies on one axis: NumPy takes no value of more for it."""
    only = index[0] if isinstance(index, tuple) and len(index) == 1 else index
    if source.ndim > 1 and not isinstance(only, tuple):
        mask = normal(only)
        if is_tensor(mask) and mask.dtype.name == "bool" and 0 < mask.ndim == tensor.ndim:
            raise TypeMismatchError(
                f"a mask over the whole tensor takes a value of 0 or 1 axes, not shape {source.shape}"
            )


def require_broadcast(shape: tuple[int, ...], target: tuple[int, ...]) -> None:
    """Judged before the indices are: NumPy says first that a value does not fit."""
    offset = len(target) - len(shape)
    if offset < 0 or any(size not in (1, target[offset + axis]) for axis, size in enumerate(shape)):
        raise InvalidArgumentError(f"a value of shape {shape} does not broadcast to the picked shape {target}")
