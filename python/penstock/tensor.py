"""The tensor: one piece of engine memory, that NumPy, torch, JAX and others borrow without a copy."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeAlias

from penstock import creation, devices, indexing
from penstock._native import call, ffi, lib, struct, text
from penstock.base import TensorBase, adopt_as, made
from penstock.devices import Device
from penstock.differentiable import Differentiable, deep_copied, made_leaf
from penstock.dtypes import BY_NUMBER, DType, as_dtype
from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.interop import to_bytes, to_numpy, to_torch
from penstock.methods import Reductions
from penstock.operators import Operators
from penstock.python_numbers import flatten, pack, unpack

__all__ = ["Tensor"]

ARRAY_API_VERSIONS = ("2024.12",)

Index: TypeAlias = Any  # int, slice, Ellipsis, None, boolean or integer arrays, or a tuple of them


class Tensor(TensorBase, Differentiable, Reductions, Operators):
    """Memory of the engine under a shape: from nested lists, scalars, or any array, which is copied.

    >>> import penstock
    >>> t = penstock.Tensor([[0.0, 1.0], [2.0, 3.0]])
    >>> t
    tensor([[0., 1.],
            [2., 3.]], shape=(2, 2), dtype=float32, device=cpu)
    >>> t[1].tolist()
    [2.0, 3.0]

    `Tensor(shape, flat_data)` makes one of that shape from a flat sequence:

    >>> penstock.Tensor((2, 2), [0.0, 1.0, 2.0, 3.0]).shape
    (2, 2)

    Views share memory and keep it alive; whoever holds a tensor, in whatever library, holds its memory.
    """

    __slots__ = ("__weakref__",)

    def __new__(
        cls,
        data: Any,
        flat_data: Any = None,
        *,
        dtype: Any = None,
        device: Device | str | None = None,
        alignment: int | None = None,
        pinned: bool = False,
        requires_grad: bool = False,
    ) -> Tensor:
        """Makes a tensor: see the class."""
        elements = data if flat_data is None else flat_data
        made_new = creation.tensor(elements, dtype, device, alignment, pinned)
        if flat_data is not None:
            made_new = creation.from_flat(data, made_new)
        made_leaf(made_new, requires_grad)
        return made_new if cls is Tensor else adopt_as(cls, made_new)

    # ---- What it is ----

    @property
    def dtype(self) -> DType:
        """The type of an element.

        >>> import penstock
        >>> penstock.zeros(3).dtype
        penstock.float32
        """
        found = BY_NUMBER[self._dtype_number]
        assert found is not None
        return found

    @property
    def device(self) -> Device:
        """Where the memory lies.

        >>> import penstock
        >>> penstock.zeros(3).device
        Device('cpu')
        """
        return devices.of_numbers(*self._device_numbers)

    @property
    def T(self) -> Tensor:  # noqa: N802 - the array API's name
        """The tensor of rank 2 with its axes exchanged; a view.

        >>> import penstock
        >>> penstock.zeros((2, 3)).T.shape
        (3, 2)
        """
        if self.ndim != 2:
            raise InvalidArgumentError(f"T is for rank 2, this tensor has shape {self.shape}: use mT or permute")
        return self.transpose(0, 1)

    @property
    def mT(self) -> Tensor:  # noqa: N802 - the array API's name
        """The last two axes exchanged; a view.

        >>> import penstock
        >>> penstock.zeros((5, 2, 3)).mT.shape
        (5, 3, 2)
        """
        return self.transpose(-2, -1)

    def dims(self) -> tuple[int, ...]:
        """The shape, under its older name.

        >>> import penstock
        >>> penstock.zeros((2, 3)).dims()
        (2, 3)
        """
        return self.shape

    def isOnGPU(self) -> bool:  # noqa: N802 - its older users' name
        """Whether the memory is a GPU's.

        >>> import penstock
        >>> penstock.zeros(3).isOnGPU()
        False
        """
        return self.device.kind == "cuda"

    def gpuID(self) -> int:  # noqa: N802 - its older users' name
        """The GPU's number; -1 on the CPU.

        >>> import penstock
        >>> penstock.zeros(3).gpuID()
        -1
        """
        return self.device.id if self.isOnGPU() else -1

    # ---- Views ----

    def _view(self, function: Any, *arguments: Any) -> Tensor:
        return made(function, self, *arguments)

    def reshape(self, *shape: Any) -> Tensor:
        """The same elements under another shape; one size may be -1.  A view; an error says where a copy is needed.

        >>> import penstock
        >>> penstock.arange(6).reshape(2, -1).shape
        (2, 3)
        """
        sizes = sizes_of(shape)
        return self._view(lib.ps_tensor_reshape, len(sizes), sizes)

    def permute(self, *axes: Any) -> Tensor:
        """The axes in another order; a view.

        >>> import penstock
        >>> penstock.zeros((2, 3, 4)).permute(2, 0, 1).shape
        (4, 2, 3)
        """
        order = sizes_of(axes)
        return self._view(lib.ps_tensor_permute, len(order), order)

    def transpose(self, first: int, second: int) -> Tensor:
        """Two axes exchanged; a view.

        >>> import penstock
        >>> penstock.zeros((2, 3, 4)).transpose(0, 2).shape
        (4, 3, 2)
        """
        return self._view(lib.ps_tensor_transpose, first, second)

    def select(self, axis: int, index: int) -> Tensor:
        """One index of one axis, which is removed; a view.

        >>> import penstock
        >>> penstock.arange(6).reshape(2, 3).select(1, -1).tolist()
        [2, 5]
        """
        return self._view(lib.ps_tensor_select, axis, index)

    def narrow(self, axis: int, start: int, length: int) -> Tensor:
        """length indices of one axis from start on; a view.

        >>> import penstock
        >>> penstock.arange(6).narrow(0, 2, 3).tolist()
        [2, 3, 4]
        """
        return self._view(lib.ps_tensor_narrow, axis, start, length)

    def squeeze(self, *axes: Any) -> Tensor:
        """Without the named axes of size 1, or without all of them; a view.

        >>> import penstock
        >>> penstock.zeros((1, 3, 1)).squeeze(0).shape
        (3, 1)
        """
        named = sizes_of(axes)
        return self._view(lib.ps_tensor_squeeze, len(named), named)

    def unsqueeze(self, axis: int) -> Tensor:
        """With a new axis of size 1; a view.

        >>> import penstock
        >>> penstock.zeros(3).unsqueeze(0).shape
        (1, 3)
        """
        return self._view(lib.ps_tensor_unsqueeze, axis)

    def expand(self, *shape: Any) -> Tensor:
        """Repeated along axes of size 1 and new leading ones, without memory for it; a read-only view.

        >>> import penstock
        >>> penstock.arange(3).expand(2, 3).tolist()
        [[0, 1, 2], [0, 1, 2]]
        """
        sizes = sizes_of(shape)
        return self._view(lib.ps_tensor_expand, len(sizes), sizes)

    def flatten(self) -> Tensor:
        """One axis with all elements in row-major order; a view.

        >>> import penstock
        >>> penstock.zeros((2, 3)).flatten().shape
        (6,)
        """
        return self._view(lib.ps_tensor_flatten)

    def view(self, dtype: Any) -> Tensor:
        """The same bytes read as another dtype.

        >>> import penstock
        >>> penstock.Tensor([1.0]).view("int32").tolist()
        [1065353216]
        """
        return self._view(lib.ps_tensor_reinterpret, as_dtype(dtype).number)

    # ---- Copies and conversions ----

    def astype(self, dtype: Any, *, casting: str = "unsafe") -> Tensor:
        """A copy with the elements converted; casting is "same_kind" or "unsafe".

        >>> import penstock
        >>> penstock.Tensor([1.5, -1.5]).astype("int32").tolist()
        [1, -1]
        """
        return self._view(lib.ps_tensor_astype, as_dtype(dtype).number, casting_of(casting))

    def contiguous(self) -> Tensor:
        """The tensor itself where it is dense and row-major, otherwise a copy that is.

        >>> import penstock
        >>> penstock.arange(6)[::-1].contiguous().strides
        (1,)
        """
        return self if self.is_contiguous else self._view(lib.ps_tensor_contiguous)

    def clone(self) -> Tensor:
        """A copy.

        >>> import penstock
        >>> penstock.arange(3).clone().tolist()
        [0, 1, 2]
        """
        return self._view(lib.ps_tensor_clone)

    def to(self, device: Device | str, *, pinned: bool = False) -> Tensor:
        """The elements on another device; the tensor itself where it already lies there.

        pinned asks for page-locked main memory, which a GPU copies to and from faster.

        >>> import penstock
        >>> penstock.zeros(3).to("cpu").device
        Device('cpu')
        """
        return self._view(lib.ps_tensor_to_device, devices.options(device, pinned=pinned))

    def to_device(self, device: Device | str, /, *, stream: Any = None) -> Tensor:
        """to(), by the array API's name; stream must be None: copies are queued on the device's current stream.

        >>> import penstock
        >>> penstock.zeros(3).to_device("cpu").device
        Device('cpu')
        """
        if stream is not None:
            raise InvalidArgumentError(f"to_device: stream is {stream!r}: expected None, set the current one")
        return self.to(device)

    def copy_(self, source: Any, *, casting: str = "same_kind") -> Tensor:
        """Copies another array's elements into this one, converting and broadcasting; returns this tensor.

        >>> import penstock
        >>> penstock.zeros(3).copy_([1.0, 2.0, 3.0]).tolist()
        [1.0, 2.0, 3.0]
        """
        call(lib.ps_tensor_copy, self, creation.assignable(source, self.dtype), casting_of(casting))
        return self

    def fill_(self, value: Any) -> Tensor:
        """Sets every element to one value; returns this tensor.

        >>> import penstock
        >>> penstock.zeros(3).fill_(7).tolist()
        [7.0, 7.0, 7.0]
        """
        data, written_as = pack(flatten(value)[0], self.dtype)
        call(lib.ps_tensor_fill, self, ffi.from_buffer(data), written_as.number)
        return self

    def item(self) -> Any:
        """The one element as a Python number.

        >>> import penstock
        >>> penstock.Tensor(2.5).item()
        2.5
        """
        if self.size != 1:
            raise InvalidArgumentError(f"item() is for one element, this tensor has shape {self.shape}")
        value = self.tolist()
        for _ in range(self.ndim):
            value = value[0]
        return value

    def tolist(self) -> Any:
        """Nested lists of Python numbers.

        >>> import penstock
        >>> penstock.arange(4).reshape(2, 2).tolist()
        [[0, 1], [2, 3]]
        """
        dtype = self.dtype.name
        if dtype in ("float16", "bfloat16"):
            return self.astype("float32").tolist()
        return unpack(to_bytes(self), self.shape, self.dtype)

    def numpy(self) -> Any:
        """A NumPy array over the same memory; BufferError for a tensor that requires gradients: detach() it first.

        >>> import penstock
        >>> penstock.arange(3).numpy()
        array([0, 1, 2])
        """
        return self.__array__()

    to_numpy = numpy

    def torch(self) -> Any:
        """A torch tensor over the same memory; BufferError for a tensor that requires gradients: detach() it first.

        >>> import penstock
        >>> penstock.arange(3).torch()
        tensor([0, 1, 2])
        """
        return to_torch(self)

    to_torch = torch

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return to_numpy(self, dtype, copy)

    # ---- Comparing and printing ----

    def equal(self, other: Any, *, bitwise: bool = False) -> bool:
        """Whether another array has the same dtype, shape and values; bitwise, the same bits.

        By value 0 equals -0, and a NaN equals any other; bit by bit neither does unless the bits agree.

        >>> import penstock
        >>> penstock.Tensor([0.0]).equal([-0.0]), penstock.Tensor([0.0]).equal([-0.0], bitwise=True)
        (True, False)
        """
        result = ffi.new("int32_t *")
        call(lib.ps_tensor_equal, result, self, creation.assignable(other, self.dtype), 0 if bitwise else 1)
        return bool(result[0])

    def all_close(
        self, expected: Any, *, relative: float = 1e-5, absolute: float = 1e-8, nan_equal: bool = False
    ) -> bool:
        """Whether |self - expected| <= absolute + relative * |expected| holds for every element.

        The shapes must be the same, the dtypes need not.  Equal infinities are close; a NaN is close to a NaN only
        where nan_equal is true.

        >>> import penstock
        >>> penstock.Tensor([1.0, 2.0]).all_close([1.0, 2.000001])
        True
        """
        result = ffi.new("int32_t *")
        other = creation.assignable(expected, self.dtype)
        call(lib.ps_tensor_all_close, result, self, other, relative, absolute, bool(nan_equal))
        return bool(result[0])

    def format(self, *, edge_items: int = 3, threshold: int = 1000, precision: int = 8, line_width: int = 75) -> str:
        """The tensor as text, laid out as NumPy lays out an array.

        A tensor of more than threshold elements shows edge_items at each end of an axis.  A number has at most
        precision digits after its point, and a line at most line_width characters.

        >>> import penstock
        >>> print(penstock.arange(1000).format(threshold=10, edge_items=2))
        tensor([  0,   1, ..., 998, 999], shape=(1000,), dtype=int64, device=cpu)
        """
        options = struct(
            "ps_format_options",
            edge_items=edge_items,
            threshold=threshold,
            precision=precision,
            line_width=line_width,
        )
        return formatted(self, options)

    # ---- Python's protocols ----

    def __setitem__(self, index: Index, value: Any) -> None:
        indexing.set_(self, index, value)

    def __len__(self) -> int:
        if self.ndim == 0:
            raise TypeMismatchError("a tensor of rank 0 has no length")
        return self.shape[0]

    def __iter__(self) -> Iterator[Tensor]:
        if self.ndim == 0:
            raise TypeMismatchError("a tensor of rank 0 cannot be iterated over")
        return (self[index] for index in range(self.shape[0]))

    def __contains__(self, value: Any) -> bool:
        return bool(made(lib.ps_ops_reduce, lib.PS_OP_ANY, self == value, 0, ffi.NULL, ffi.NULL))

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        if api_version not in (None, *ARRAY_API_VERSIONS):
            raise InvalidArgumentError(f"api_version is {api_version!r}: expected one of {ARRAY_API_VERSIONS}")
        import penstock

        return penstock

    def __bool__(self) -> bool:
        if self.size != 1:
            raise InvalidArgumentError(f"a tensor of shape {self.shape} is neither true nor false: ask any() or all()")
        return bool(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())

    def __index__(self) -> int:
        if self.ndim != 0 or not self.dtype.name.startswith(("int", "uint")):
            raise TypeMismatchError(f"only an integer tensor of rank 0 is an index, not {self.dtype} of {self.shape}")
        return int(self.item())

    def __repr__(self) -> str:
        written = formatted(self, ffi.NULL)
        return f"{written[:-1]}, requires_grad=True)" if self.requires_grad else written

    def _repr_html_(self) -> str:
        import html

        return f"<pre>{html.escape(repr(self))}</pre>"

    def __reduce__(self) -> tuple[Any, ...]:
        needs = self.requires_grad and self.is_leaf
        return from_bytes, (self.dtype.name, self.shape, bytes(to_bytes(self)), needs)

    def __copy__(self) -> Tensor:
        return self.clone()

    def __deepcopy__(self, memo: dict[int, Any]) -> Tensor:
        return deep_copied(self)


def formatted(tensor: Tensor, options: Any) -> str:
    """What ps_tensor_format writes."""
    length = ffi.new("uint64_t *")
    call(lib.ps_tensor_format, length, ffi.NULL, 0, tensor, options)
    characters = ffi.new("char[]", length[0] + 1)
    call(lib.ps_tensor_format, length, characters, length[0] + 1, tensor, options)
    return text(characters)


def from_bytes(dtype: str, shape: tuple[int, ...], data: bytes, requires_grad: bool = False) -> Tensor:
    """Undoes __reduce__."""
    undone = made(
        lib.ps_tensor_from_data, as_dtype(dtype).number, len(shape), shape, ffi.from_buffer(data), len(data), ffi.NULL
    )
    return made_leaf(undone, requires_grad)


def sizes_of(arguments: Sequence[Any]) -> tuple[int, ...]:
    """Sizes or axes given one by one, or as one sequence."""
    if len(arguments) == 1 and not isinstance(arguments[0], int) and hasattr(arguments[0], "__iter__"):
        return tuple(arguments[0])
    return tuple(arguments)


CASTINGS = {"same_kind": 0, "unsafe": 1}


def casting_of(name: str) -> int:
    """The ps_casting of a name."""
    if name not in CASTINGS:
        raise InvalidArgumentError(f"casting is {name!r}: expected 'same_kind' or 'unsafe'")
    return CASTINGS[name]
