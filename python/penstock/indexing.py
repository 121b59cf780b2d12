"""tensor[index] and tensor[index] = value, by NumPy's rules.

Ints, slices, Ellipsis and None make a view, one C call each.  Boolean and integer arrays pick elements: the view of the
other items comes first, then one call for all arrays.
"""

from __future__ import annotations

import operator
from typing import TYPE_CHECKING, Any

from penstock._native import call, lib
from penstock.errors import OutOfRangeError, TypeMismatchError

if TYPE_CHECKING:
    from penstock.tensor import Tensor

OPEN = -(2**63)  # PS_SLICE_OPEN
CASTING_UNSAFE = 1


def get(tensor: Tensor, index: Any) -> Tensor:
    """The view, or the new tensor, that an index names."""
    from penstock.tensor import made

    view, picks = resolve(tensor, index)
    if picks is None:
        return view
    return made(lib.ps_tensor_take, view, len(picks), picks)


def set_(tensor: Tensor, index: Any, value: Any) -> None:
    """Writes value to what an index names, converting and broadcasting it."""
    from penstock.tensor import as_tensor

    view, picks = resolve(tensor, index)
    if isinstance(value, (int, float, complex)) and picks is None:
        view.fill_(value)
        return
    source = as_tensor(value, tensor.dtype)
    if picks is None:
        call(lib.ps_tensor_copy, view, source, CASTING_UNSAFE)
    else:
        call(lib.ps_tensor_put, view, len(picks), picks, source, CASTING_UNSAFE)


def resolve(tensor: Tensor, index: Any) -> tuple[Tensor, list[Tensor | None] | None]:
    """The view that ints, slices, Ellipsis and None make, and the index tensors for its axes, or None without any."""
    items = [normal(item) for item in (index if isinstance(index, tuple) else (index,))]
    items = spread_ellipsis(items, tensor)
    has_arrays = any(is_tensor(item) for item in items)
    view, axis = tensor, 0
    picks: list[Tensor | None] = []
    for item in items:
        if item is None:
            view = view.unsqueeze(axis)
            picks.append(None)
            axis += 1
        elif isinstance(item, slice):
            view = sliced(view, axis, item)
            picks.append(None)
            axis += 1
        elif is_tensor(item):
            coordinates = integer_coordinates(item, view, axis)
            picks.extend(coordinates)
            axis += len(coordinates)
        elif has_arrays:
            picks.append(as_index_tensor(checked_int(item, view, axis)))
            axis += 1
        else:
            view = selected(view, axis, item)
    return view, picks if has_arrays else None


def normal(item: Any) -> Any:
    """An item as None, Ellipsis, a slice, an int, or an integer or boolean tensor."""
    from penstock.creation import tensor as new_tensor
    from penstock.tensor import Tensor

    if item is None or item is Ellipsis or isinstance(item, slice):
        return item
    if isinstance(item, bool):
        return new_tensor(item, None, None)
    if not isinstance(item, Tensor):
        try:
            return operator.index(item)
        except TypeError:
            pass
        if isinstance(item, list) and not item:
            return new_tensor([], "int64", None)
        item = new_tensor(item, None, None)
    kind = item.dtype.name
    if kind == "bool":
        return item
    if not kind.startswith(("int", "uint")):
        raise OutOfRangeError(f"arrays used as indices must be of integer (or boolean) type, not {kind}")
    return item if kind == "int64" else item.astype("int64")


def is_tensor(item: Any) -> bool:
    from penstock.tensor import Tensor

    return isinstance(item, Tensor)


def axes_taken(item: Any) -> int:
    """How many axes of the tensor an item stands for."""
    if item is None:
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
    missing = [slice(None)] * (tensor.ndim - taken)
    place = places[0] if places else len(items)
    return items[:place] + missing + items[place + 1 :]


def sliced(view: Tensor, axis: int, item: slice) -> Tensor:
    if item == slice(None):
        return view
    start, stop, step = (None if end is None else operator.index(end) for end in (item.start, item.stop, item.step))
    return view._view(
        lib.ps_tensor_slice, axis, limited(start), limited(stop), 1 if step is None else limited(step)
    )


def limited(number: int | None) -> int:
    """A slice's number as int64: what lies further out means the same."""
    return OPEN if number is None else max(OPEN + 1, min(2**63 - 1, number))


def selected(view: Tensor, axis: int, index: int) -> Tensor:
    return view._view(lib.ps_tensor_select, axis, checked_int(index, view, axis))


def checked_int(index: int, view: Tensor, axis: int) -> int:
    size = view.shape[axis]
    if not -size <= index < size:
        raise OutOfRangeError(f"index {index} is outside axis {axis} of size {size} of shape {view.shape}")
    return index


def as_index_tensor(index: int) -> Tensor:
    from penstock.creation import full

    return full((), index, dtype="int64")


def integer_coordinates(item: Tensor, view: Tensor, axis: int) -> list[Tensor | None]:
    """An index tensor for each axis that an array stands for: a mask becomes the coordinates of what it marks."""
    from penstock.tensor import made

    if item.dtype.name != "bool":
        return [item]
    if item.ndim == 0:
        raise TypeMismatchError("a boolean of rank 0 is not supported as an index: use None and a mask of one element")
    covered = view.shape[axis : axis + item.ndim]
    if item.shape != covered:
        raise OutOfRangeError(f"the boolean index of shape {item.shape} does not match {covered} of {view.shape}")
    where = made(lib.ps_tensor_nonzero, item)
    return [selected_column(where, column) for column in range(item.ndim)]


def selected_column(where: Tensor, column: int) -> Tensor:
    return where._view(lib.ps_tensor_select, 1, column)
