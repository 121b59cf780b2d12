"""Recurrent layers and attention in ONNX's operators."""

from __future__ import annotations

import math
from typing import Any

from penstock.onnx_export.graph import Graph, LayerDescription, Value

__all__ = ["attention", "recurrent"]

# ONNX's order of gates, as places in the engine's: input, output, forget, candidate; update, reset, candidate.
GATES = {"lstm": [0, 3, 1, 2], "gru": [1, 0, 2]}


def recurrent(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """The layers lstm and gru."""
    features, units = int(layer.required("in_features")), int(layer.required("units"))
    order = GATES[layer.kind]
    rows = len(order) * units

    def in_order(array: Any) -> Any:
        """Of one direction, which ONNX has an axis for."""
        return array.reshape(len(order), units, *array.shape[1:])[order].reshape(1, *array.shape)

    inputs = [
        graph.add("Transpose", value.name, perm=[1, 0, 2]),
        graph.constant(in_order(layer.parameter("weight_ih", (rows, features))), "weight_ih"),
        graph.constant(in_order(layer.parameter("weight_hh", (rows, units))), "weight_hh"),
    ]
    if layer.setting("use_bias", True):
        biases = [in_order(layer.parameter(name, (rows,))) for name in ("bias_ih", "bias_hh")]
        inputs.append(graph.constant(graph.numpy.concatenate(biases, axis=1), "bias"))
    attributes: dict[str, Any] = {"linear_before_reset": 1} if layer.kind == "gru" else {}
    direction = "reverse" if layer.setting("reverse", False) else "forward"
    steps, last = graph.add_for_outputs(
        layer.kind.upper(), inputs, 2, hidden_size=units, direction=direction, **attributes
    )
    if not layer.setting("return_sequences", False):
        return Value(graph.add("Squeeze", last, graph.integers([0])), (value.shape[0], units))
    out = graph.add("Transpose", graph.add("Squeeze", steps, graph.integers([1])), perm=[1, 0, 2])
    return Value(out, (*value.shape[:2], units))


def attention(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """multi_head_attention of a sequence to itself, (batch, steps, features)."""
    features, heads = int(layer.required("features")), int(layer.required("heads"))
    has_bias = bool(layer.setting("use_bias", True))

    def projected(name: str, stem: str, outputs: int) -> str:
        weight = layer.parameter(f"{stem}_weight", (outputs, features))
        out = graph.add("MatMul", name, graph.constant(weight.T, f"{stem}_weight"))
        if not has_bias:
            return out
        return graph.add("Add", out, graph.constant(layer.parameter(f"{stem}_bias", (outputs,)), f"{stem}_bias"))

    parts = graph.add_for_outputs(
        "Split", [projected(value.name, "in_proj", 3 * features), graph.integers([features] * 3)], 3, axis=2
    )
    by_head = graph.integers([0, 0, heads, features // heads])
    queries, keys, values = (graph.add("Reshape", part, by_head) for part in parts)
    scale = graph.constant(1 / math.sqrt(features // heads))
    queries = graph.add("Mul", graph.add("Transpose", queries, perm=[0, 2, 1, 3]), scale)
    scores = graph.add("MatMul", queries, graph.add("Transpose", keys, perm=[0, 2, 3, 1]))
    if layer.setting("causal", False):
        scores = graph.add("Add", scores, later_steps_away(graph, scores))
    mixed = graph.add(
        "MatMul", graph.add("Softmax", scores, axis=-1), graph.add("Transpose", values, perm=[0, 2, 1, 3])
    )
    joined = graph.add("Transpose", mixed, perm=[0, 2, 1, 3])
    joined = graph.add("Reshape", joined, graph.integers([0, 0, features]))
    return Value(projected(joined, "out_proj", features), value.shape)


def later_steps_away(graph: Graph, scores: str) -> str:
    """A matrix for any number of steps: minus infinity where a step would look at a later one, else 0."""
    sizes = graph.add(
        "Slice", graph.add("Shape", scores), graph.integers([2]), graph.integers([4]), graph.integers([0])
    )
    infinity = graph.numpy.asarray([-math.inf], dtype=graph.dtype)
    return graph.add("Trilu", graph.add("ConstantOfShape", sizes, value=infinity), graph.integers(1), upper=1)
