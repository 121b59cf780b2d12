"""Activations in ONNX's operators."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from penstock.onnx_export.graph import Graph, LayerDescription, Value

__all__ = ["ACTIVATIONS", "activated", "activation_layer"]

Settings = dict[str, Any]


def gelu(graph: Graph, name: str, settings: Settings) -> str:
    """By the error function, or the approximation by tanh."""
    half, one = graph.constant(0.5), graph.constant(1.0)
    if settings.pop("approximate", "none") == "tanh":
        cube = graph.add("Mul", graph.add("Mul", name, name), name)
        inner = graph.add("Add", name, graph.add("Mul", cube, graph.constant(0.044715)))
        share = graph.add("Tanh", graph.add("Mul", inner, graph.constant(math.sqrt(2 / math.pi))))
    else:
        share = graph.add("Erf", graph.add("Mul", name, graph.constant(math.sqrt(0.5))))
    return graph.add("Mul", graph.add("Mul", name, half), graph.add("Add", share, one))


def softplus(graph: Graph, name: str, settings: Settings) -> str:
    """Linear above a threshold, as the engine's is."""
    beta, threshold = float(settings.pop("beta", 1.0)), float(settings.pop("threshold", 20.0))
    scaled = name if beta == 1 else graph.add("Mul", name, graph.constant(beta))
    curve = graph.add("Softplus", scaled)
    if beta != 1:
        curve = graph.add("Div", curve, graph.constant(beta))
    return graph.add("Where", graph.add("Greater", scaled, graph.constant(threshold)), name, curve)


def mish(graph: Graph, name: str, settings: Settings) -> str:
    """x tanh(softplus(x))."""
    return graph.add("Mul", name, graph.add("Tanh", graph.add("Softplus", name)))


def silu(graph: Graph, name: str, settings: Settings) -> str:
    """x sigmoid(x)."""
    return graph.add("Mul", name, graph.add("Sigmoid", name))


def leaky_relu(graph: Graph, name: str, settings: Settings) -> str:
    """The slope of what is below 0 has the name of torch's."""
    return graph.add("LeakyRelu", name, alpha=float(settings.pop("negative_slope", 0.01)))


def elu(graph: Graph, name: str, settings: Settings) -> str:
    """ONNX's own."""
    return graph.add("Elu", name, alpha=float(settings.pop("alpha", 1.0)))


def plain(operator: str) -> Callable[[Graph, str, Settings], str]:
    """An operator without attributes."""
    return lambda graph, name, settings: graph.add(operator, name)


ACTIVATIONS: Mapping[str, Callable[[Graph, str, Settings], str]] = {
    "elu": elu,
    "gelu": gelu,
    "leaky_relu": leaky_relu,
    "linear": lambda graph, name, settings: name,
    "mish": mish,
    "relu": plain("Relu"),
    "sigmoid": plain("Sigmoid"),
    "silu": silu,
    "softplus": softplus,
    "tanh": plain("Tanh"),
}
NORMALIZATIONS = {"log_softmax": "LogSoftmax", "softmax": "Softmax"}


def activated(graph: Graph, value: Value, layer: LayerDescription, axis: int = -1) -> Value:
    """The value behind the layer's setting "activation": a name, or an object with "name" and settings.

    softmax and log_softmax run along axis.
    """
    given = layer.settings.get("activation")
    if given is None:
        return value
    settings = {"name": given} if isinstance(given, str) else dict(given)
    name = settings.pop("name", None)
    if name in NORMALIZATIONS:
        settings.setdefault("axis", axis)
    return apply(graph, value, layer, str(name), settings)


def activation_layer(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """An activation that is a layer by itself."""
    settings = {key: setting for key, setting in layer.settings.items() if setting is not None}
    return apply(graph, value, layer, layer.kind, settings)


def apply(graph: Graph, value: Value, layer: LayerDescription, name: str, settings: Settings) -> Value:
    """Adds the activation of that name; takes what it knows of the settings, and refuses what is left."""
    if name in NORMALIZATIONS:
        out = graph.add(NORMALIZATIONS[name], value.name, axis=int(settings.pop("axis", -1)))
    elif name in ACTIVATIONS:
        out = ACTIVATIONS[name](graph, value.name, settings)
    else:
        known = ", ".join(sorted([*ACTIVATIONS, *NORMALIZATIONS]))
        raise layer.refuse(f"its activation {name!r} is not one of {known}")
    if settings:
        raise layer.refuse(f"its activation {name} has the settings {settings}, which ONNX export does not know")
    return Value(out, value.shape)
