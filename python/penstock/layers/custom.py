"""Layers whose forward() is in Python, as layers of the engine's: what a Model runs, and makes again from a file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from penstock import creation, dtypes
from penstock._native import as_c, call, ffi, lib, note_exception, struct, text
from penstock.autograd import gradients
from penstock.base import adopt
from penstock.custom_operation import kept
from penstock.data_types import astype
from penstock.dtypes import DType
from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.json_texts import as_json, described
from penstock.layers.containers import Residual, Sequential, is_native, set_dtype
from penstock.layers.layer import Layer, called_as, from_description
from penstock.recording_modes import enable_grad, no_grad

if TYPE_CHECKING:
    from penstock.tensor import Tensor

__all__ = ["Makers", "engine_layer", "note_in_model", "shape_made"]

FLOATS = (dtypes.float16, dtypes.bfloat16, dtypes.float32, dtypes.float64)


def lent(handle: Any) -> Tensor:
    """A tensor that C lends for a call: nothing may keep it, nor a view of it."""
    return adopt(int(ffi.cast("intptr_t", lib.ps_tensor_retain(ffi.cast("ps_tensor *", handle)))))


def copied(handle: Any) -> Tensor:
    """A copy of a tensor that C lends."""
    with no_grad():
        return lent(handle).clone()


def write(handle: Any, values: Tensor) -> None:
    """Copies values of the same shape into a tensor that C lends."""
    with no_grad():
        lent(handle).copy_(values.detach(), casting="unsafe")


class Run:
    """A layer as the engine calls it: what its last forward in training has recorded waits for the way back."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer
        self.leaf: Tensor | None = None  # the input as gradients are asked for it
        self.result: Tensor | None = None

    def output_shape(self, shape: tuple[int, ...], dtype: DType) -> tuple[int, ...]:
        """The shape of what it makes of a batch, said by the layer or tried out."""
        return shape_made(self.layer, shape, dtype)

    def forward(self, x: Tensor, is_training: bool, seed: int) -> Tensor:
        """The result for a copy of the input, recorded in training."""
        self.leaf = self.result = None
        with called_as(self.layer, is_training, seed), enable_grad() if is_training else no_grad():
            if is_training and x.dtype in FLOATS:
                self.leaf = x.requires_grad_()
                x = self.leaf.clone()  # which forward() may write to, as it may to another layer's result
            result = self.layer(x)
        if result.dtype not in FLOATS:
            raise TypeMismatchError(f"forward() of {type(self.layer).__name__} gave {result.dtype}: expected floats")
        if is_training:
            self.result = result
        return result

    def backward(self, input_gradient: Any, parameter_gradients: Any, output_gradient: Any) -> None:
        """Writes the gradients that are asked for; they are zeros already."""
        result, leaf, self.leaf, self.result = self.result, self.leaf, None, None
        if result is None or not result.requires_grad:
            return
        wanted: list[tuple[Tensor, Any]] = []
        if leaf is not None and input_gradient != ffi.NULL:
            wanted.append((leaf, input_gradient))
        for place, parameter in enumerate(self.layer.parameters().values()):
            if parameter_gradients[place] != ffi.NULL and parameter.requires_grad:
                wanted.append((parameter, parameter_gradients[place]))
        if not wanted:
            return
        given = astype(copied(output_gradient), result.dtype)
        found = gradients([result], [tensor for tensor, _ in wanted], [given])
        for gradient, (_, target) in zip(found, wanted, strict=True):
            if gradient is not None:
                write(target, gradient)


def shape_made(layer: Layer, shape: tuple[int, ...], dtype: DType) -> tuple[int, ...]:
    """The shape of what a layer makes of a batch: as its own output_shape() says, else of zeros."""
    if type(layer).output_shape is not Layer.output_shape:
        return tuple(layer.output_shape(shape))
    return layer._shape_of(creation.zeros(shape, dtype=dtype))


# ---- What the C ABI calls ----


def reported(function: Callable[[], None]) -> int:
    """Runs what C asks for; what that raises is raised when the call of C is over."""
    try:
        function()
    except BaseException as error:  # KeyboardInterrupt too: it must not get lost in C
        note_exception(error)
        return int(lib.PS_CANCELLED)
    return int(lib.PS_OK)


@ffi.def_extern(name="penstock_on_layer_shape", error=lib.PS_CANCELLED)  # type: ignore[untyped-decorator]
def on_shape(output_shape: Any, output_ndim: Any, input_shape: Any, input_ndim: int, dtype: int, user: Any) -> int:
    """A plan is made for a new shape of batch."""

    def run() -> None:
        layer: Run = ffi.from_handle(user)
        given = tuple(int(input_shape[axis]) for axis in range(input_ndim))
        is_whole = dtype == dtypes.int64.number
        shape = layer.output_shape(given, dtypes.int64 if is_whole else layer.layer.dtype)
        if not 1 <= len(shape) <= lib.PS_MAX_NDIM:
            raise InvalidArgumentError(
                f"{type(layer.layer).__name__} makes shape {shape} of {given}: expected a first axis of samples"
            )
        output_ndim[0] = len(shape)
        for axis, size in enumerate(shape):
            output_shape[axis] = size

    return reported(run)


@ffi.def_extern(name="penstock_on_layer_forward", error=lib.PS_CANCELLED)  # type: ignore[untyped-decorator]
def on_forward(output: Any, given: Any, _parameters: Any, is_training: int, seed: int, user: Any) -> int:
    """A batch comes by."""

    def run() -> None:
        layer: Run = ffi.from_handle(user)
        result = layer.forward(copied(given), bool(is_training), int(seed))
        expected = lent(output).shape
        if result.shape != expected:
            raise InvalidArgumentError(
                f"forward() of {type(layer.layer).__name__} gave shape {result.shape}: expected {expected}, as for "
                f"other batches of this shape"
            )
        write(output, result)

    return reported(run)


@ffi.def_extern(name="penstock_on_layer_backward", error=lib.PS_CANCELLED)  # type: ignore[untyped-decorator]
def on_backward(
    input_gradient: Any,
    parameter_gradients: Any,
    output_gradient: Any,
    _given: Any,
    _output: Any,
    _parameters: Any,
    _seed: int,
    user: Any,
) -> int:
    """Its gradients are asked for."""
    layer: Run = ffi.from_handle(user)
    return reported(lambda: layer.backward(input_gradient, parameter_gradients, output_gradient))


@ffi.def_extern(name="penstock_on_layer_wanted", error=lib.PS_CANCELLED)  # type: ignore[untyped-decorator]
def on_wanted(out: Any, kind: Any, config: Any, dtype: int, user: Any) -> int:
    """A file has such a layer."""

    def run() -> None:
        makers: Makers = ffi.from_handle(user)
        found = dtypes.float64 if dtype == dtypes.float64.number else dtypes.float32
        layer = makers.make(text(kind), json.loads(text(config)), found)
        out[0] = lib.ps_layer_retain(engine_layer(layer, found))
        makers.made.append(layer)

    return reported(run)


# ---- Layers of the engine's ----


def engine_layer(layer: Layer, dtype: DType) -> Any:
    """The engine's layer for one of Python's, with its parameters and those of the layers inside."""
    name = type(layer).__name__
    if layer._part_of is not None:
        raise InvalidArgumentError(f"{layer!r} is inside a {type(layer._part_of[0]).__name__}: give that one")
    if is_native(layer):
        if layer._dtype != dtype and not layer._is_touched:
            set_dtype(layer, dtype)
            layer._take(layer._created(layer._seed or 0))
        return layer._handle()
    set_own_dtype(layer, dtype)
    inside = {key: engine_layer(each, dtype) for key, each in layer._within().items()}
    parameter_names = [ffi.new("char[]", key.encode()) for key in layer._own]
    layer_names = [ffi.new("char[]", key.encode()) for key in inside]
    arrays = {
        "parameter_names": ffi.new("const char *[]", parameter_names),
        "parameters": ffi.new("ps_tensor *[]", [as_c(each) for each in layer._own.values()]),
        "layer_names": ffi.new("const char *[]", layer_names),
        "layers": ffi.new("ps_layer *[]", list(inside.values())),
    }
    counts = {"parameter_count": len(parameter_names), "layer_count": len(layer_names)}
    options = struct("ps_custom_layer_options", output_shape=lib.penstock_on_layer_shape, **arrays, **counts)
    config = as_json(config_of(layer), f"config() of {name}")
    out = ffi.new("ps_layer **")
    handle = ffi.new_handle(Run(layer))
    kept.add(handle)
    try:
        call(
            lib.ps_layer_create_custom, out, name.encode(), config, dtype.number, lib.penstock_on_layer_forward,
            lib.penstock_on_layer_backward, handle, lib.penstock_on_released, options,
        )  # fmt: skip
    except BaseException:
        kept.discard(handle)
        raise
    return ffi.gc(out[0], lib.ps_layer_release)


def set_own_dtype(layer: Layer, dtype: DType) -> None:
    """Gives a layer's own parameters a model's dtype, in its attributes too."""
    layer._dtype = dtype
    for name, value in layer._own.items():
        if value.dtype == dtype:
            continue
        layer._own[name] = astype(value.detach(), dtype).requires_grad_(value.requires_grad)
        for attribute, each in list(vars(layer).items()):
            if each is value:
                setattr(layer, attribute, layer._own[name])


def note_in_model(layer: Layer) -> None:
    """A layer and those inside belong to a model from now on."""
    for each in layer._walk():
        each._is_in_model = True


# ---- Files ----


def config_of(layer: Layer) -> dict[str, Any]:
    """What a layer is made of again."""
    if not isinstance(layer, (Sequential, Residual)):
        return dict(type(layer).config(layer))
    others = {key: each for key, each in layer._settings.items() if key != "layers"}
    return {"layers": [description_of(each) for each in layer.layers], **others}


def description_of(layer: Layer) -> dict[str, Any]:
    """A layer as files have it."""
    if is_native(layer):
        return {"kind": layer.kind, "settings": described(layer._settings, layer.kind)}
    return {"kind": "custom", "settings": {"type": type(layer).__name__, "config": config_of(layer)}}


class Makers:
    """What makes the layers of a file that are not the engine's."""

    def __init__(self, path: str, makers: Mapping[str, Callable[..., Layer]]) -> None:
        self.path = path
        self.makers = makers
        self.made: list[Layer] = []

    def make(self, name: str, config: dict[str, Any], dtype: DType) -> Layer:
        """A layer of a class of that name."""
        if name in ("Sequential", "Residual") and name not in self.makers:
            layers = [self.layer_of(each, dtype) for each in config.pop("layers", [])]
            return (Sequential if name == "Sequential" else Residual)(*layers, dtype=dtype, **config)
        if name not in self.makers:
            raise InvalidArgumentError(
                f"{self.path!r} has a layer {name!r} of somebody's own: give what makes it, as "
                f"Model.load(..., custom_layers={{{name!r}: {name}}})"
            )
        try:
            layer = self.makers[name](**config)
        except TypeError as error:
            raise InvalidArgumentError(
                f"{self.path!r}: the layer {name!r} cannot be made of its config {config!r}: {error}; config() must "
                f"give the arguments of the class"
            ) from error
        if not isinstance(layer, Layer) or is_native(layer):
            raise TypeMismatchError(
                f"custom_layers[{name!r}] made {layer!r}: expected a layer with a forward() in Python"
            )
        return layer

    def layer_of(self, description: Mapping[str, Any], dtype: DType) -> Layer:
        """A layer from {"kind", "settings"}."""
        settings = description.get("settings") or {}
        if description["kind"] != "custom":
            return from_description(description, dtype)
        return self.make(settings["type"], dict(settings.get("config") or {}), dtype)
