"""Layers, as the engine describes them, in ONNX's operators: as they predict, not as they train."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from penstock.errors import InvalidArgumentError, TypeMismatchError
from penstock.onnx_export.activations import ACTIVATIONS, NORMALIZATIONS, activated, activation_layer
from penstock.onnx_export.file import Node, Outline
from penstock.onnx_export.graph import Graph, LayerDescription, Value
from penstock.onnx_export.sequences import attention, recurrent
from penstock.onnx_export.windows import (
    average_pool,
    convolution,
    global_average_pool,
    max_pool,
    transposed_convolution,
)

__all__ = ["ExportedGraph", "export_layers"]


class ExportedGraph(NamedTuple):
    """What write_onnx() takes behind the path."""

    nodes: list[Node]
    initializers: dict[str, Any]
    inputs: list[Outline]
    outputs: list[Outline]


def export_layers(
    layers: Iterable[tuple[str, Mapping[str, Any], Mapping[str, Any]]],
    input_shape: Sequence[int | None],
    dtype: str = "float32",
) -> ExportedGraph:
    """Layers one behind the other as a graph that reads "input" and gives "output".

    A layer is (kind, settings, parameters), as the engine describes it; a parameter is anything with __dlpack__ or that
    numpy.asarray takes. input_shape lists the sizes behind the batch axis, which may be of any size when the file is
    used; so may axes that are None here, where every layer can do without knowing them. dtype is "float32" or
    "float64"; an input whose first layer is an embedding is int64.

    InvalidArgumentError for a layer that has no form in ONNX, naming its place and why.
    """
    if dtype not in ("float32", "float64"):
        raise TypeMismatchError(f"dtype is {dtype}: expected float32 or float64")
    graph = Graph(dtype)
    described = [
        LayerDescription(
            kind, settings, {name: as_array(each) for name, each in parameters.items()}, f"layer {number} ({kind})"
        )
        for number, (kind, settings, parameters) in enumerate(layers)
    ]
    shape = (None, *input_shape)
    inputs = [outline_of("input", "int64" if reads_indices(described) else dtype, shape)]
    value = converted(graph, Value("input", shape), described)
    graph.nodes.append(Node("Identity", [value.name], ["output"]))
    return ExportedGraph(graph.nodes, graph.initializers, inputs, [outline_of("output", dtype, value.shape)])


def as_array(parameter: Any) -> Any:
    """A parameter as NumPy's, without a copy where that is possible."""
    import numpy

    return numpy.from_dlpack(parameter) if hasattr(parameter, "__dlpack__") else numpy.asarray(parameter)


def outline_of(name: str, dtype: str, shape: Sequence[int | None]) -> Outline:
    """Sizes that are not known get names."""
    names = ["batch", *(f"{name}_size_{axis}" for axis in range(1, len(shape)))]
    return Outline(name, dtype, [names[axis] if size is None else size for axis, size in enumerate(shape)])


def reads_indices(layers: Iterable[LayerDescription]) -> bool:
    """Whether the first layer that does not only reshape looks its input up in a table."""
    for layer in layers:
        if layer.kind in ("flatten", "reshape", "dropout"):
            continue
        inside = list(layer.layers_inside())
        return reads_indices(inside) if inside else layer.kind == "embedding"
    return False


def converted(graph: Graph, value: Value, layers: Iterable[LayerDescription]) -> Value:
    """Adds layers one behind the other."""
    for layer in layers:
        if layer.kind not in CONVERTERS:
            known = ", ".join(sorted(CONVERTERS))
            raise InvalidArgumentError(f"{layer.place} cannot be exported to ONNX: expected one of {known}")
        value = CONVERTERS[layer.kind](graph, value, layer)
    return value


def dense(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """A product with the weight, along the last axis."""
    in_features, out_features = int(layer.required("in_features")), int(layer.required("out_features"))
    weight = layer.parameter("weight", (out_features, in_features))
    bias = layer.parameter("bias", (out_features,)) if layer.setting("use_bias", True) else None
    if len(value.shape) == 2:
        operands = [value.name, graph.constant(weight, "weight")]
        if bias is not None:
            operands.append(graph.constant(bias, "bias"))
        out = graph.add("Gemm", *operands, transB=1)
    else:
        out = graph.add("MatMul", value.name, graph.constant(weight.T, "weight"))
        if bias is not None:
            out = graph.add("Add", out, graph.constant(bias, "bias"))
    return activated(graph, Value(out, (*value.shape[:-1], out_features)), layer)


def embedding(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """Rows of a table."""
    count, features = int(layer.required("count")), int(layer.required("features"))
    table = graph.constant(layer.parameter("weight", (count, features)), "weight")
    return Value(graph.add("Gather", table, value.name, axis=0), (*value.shape, features))


def flatten(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """One axis behind the batch."""
    sizes = value.shape[1:]
    known = None if None in sizes else math.prod(size for size in sizes if size is not None)
    return Value(graph.add("Flatten", value.name, axis=1), (value.shape[0], known))


def reshape(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """The batch axis stays; a size of -1 follows from the others."""
    sizes = [int(size) for size in layer.required("shape")]
    if 0 in sizes:
        raise layer.refuse(f"its shape {tuple(sizes)} has no elements")
    out = graph.add("Reshape", value.name, graph.integers([0, *sizes]))
    given = value.shape[1:]
    shape: list[int | None] = [None if size < 0 else size for size in sizes]
    if None in shape and None not in given:
        rest = math.prod(size for size in shape if size is not None)
        shape[shape.index(None)] = math.prod(size for size in given if size is not None) // rest
    return Value(out, (value.shape[0], *shape))


def batch_norm(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """By the running statistics."""
    features = int(layer.required("features"))
    mean, variance = layer.parameter("running_mean", (features,)), layer.parameter("running_var", (features,))
    is_affine = bool(layer.setting("affine", True))
    weight = layer.parameter("weight", (features,)) if is_affine else graph.numpy.ones(features)
    bias = layer.parameter("bias", (features,)) if is_affine else graph.numpy.zeros(features)
    constants = [graph.constant(each, "batch_norm") for each in (weight, bias, mean, variance)]
    epsilon = float(layer.setting("epsilon", 1e-5))
    return Value(graph.add("BatchNormalization", value.name, *constants, epsilon=epsilon), value.shape)


def normalized_shape(layer: LayerDescription) -> list[int]:
    """Of layer_norm and rms_norm: the last axes' sizes."""
    given = layer.required("shape")
    return [given] if isinstance(given, int) else [int(size) for size in given]


def layer_norm(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """Mean 0 and variance 1 along the last axes."""
    shape = normalized_shape(layer)
    is_affine = bool(layer.setting("affine", True))
    weight = layer.parameter("weight", shape) if is_affine else graph.numpy.ones(shape)
    inputs = [value.name, graph.constant(weight, "weight")]
    if is_affine and layer.setting("use_bias", True):
        inputs.append(graph.constant(layer.parameter("bias", shape), "bias"))
    epsilon = float(layer.setting("epsilon", 1e-5))
    return Value(graph.add("LayerNormalization", *inputs, axis=-len(shape), epsilon=epsilon), value.shape)


def rms_norm(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """Mean square 1 along the last axes."""
    shape = normalized_shape(layer)
    epsilon = layer.setting("epsilon", float(graph.numpy.finfo(graph.dtype).eps))
    squares = graph.add("Mul", value.name, value.name)
    mean = graph.add("ReduceMean", squares, axes=list(range(-len(shape), 0)), keepdims=1)
    root = graph.add("Sqrt", graph.add("Add", mean, graph.constant(epsilon)))
    out = graph.add("Div", value.name, root)
    if layer.setting("affine", True):
        out = graph.add("Mul", out, graph.constant(layer.parameter("weight", shape), "weight"))
    return Value(out, value.shape)


def sequential(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """The layers inside, one behind the other."""
    return converted(graph, value, layer.layers_inside())


def residual(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """What the layers inside give, and what they were given, under an activation."""
    inside = converted(graph, value, layer.layers_inside())
    return activated(graph, Value(graph.add("Add", value.name, inside.name), inside.shape), layer)


def nothing(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """What does nothing in prediction."""
    return value


CONVERTERS: Mapping[str, Callable[[Graph, Value, LayerDescription], Value]] = {
    **dict.fromkeys((*ACTIVATIONS, *NORMALIZATIONS), activation_layer),
    "avg_pool_2d": average_pool,
    "batch_norm": batch_norm,
    "conv_1d": convolution,
    "conv_2d": convolution,
    "conv_transpose_2d": transposed_convolution,
    "dense": dense,
    "dropout": nothing,
    "embedding": embedding,
    "flatten": flatten,
    "global_avg_pool_2d": global_average_pool,
    "gru": recurrent,
    "layer_norm": layer_norm,
    "lstm": recurrent,
    "max_pool_2d": max_pool,
    "multi_head_attention": attention,
    "reshape": reshape,
    "residual": residual,
    "rms_norm": rms_norm,
    "sequential": sequential,
}
