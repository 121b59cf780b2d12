"""Convolutions and pools in ONNX's operators.

Where torch rounds the number of windows up, the padding that this amounts to is written out: readers of ONNX files
disagree on how their own mode for it counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from penstock.onnx_export.activations import activated
from penstock.onnx_export.graph import Graph, LayerDescription, Value, sizes_of

__all__ = ["average_pool", "convolution", "global_average_pool", "max_pool", "transposed_convolution"]


def numbers(layer: LayerDescription, name: str, count: int, default: int | None) -> list[int]:
    """A setting that is a number for all axes, or one for each."""
    given = layer.required(name) if default is None else layer.setting(name, default)
    if isinstance(given, int):
        return [given] * count
    listed = [int(each) for each in given]
    if len(listed) != count:
        raise layer.refuse(f"its setting {name} is {listed}: expected {count} numbers")
    return listed


def convolution(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """conv_1d and conv_2d."""
    count = 1 if layer.kind == "conv_1d" else 2
    kernel = numbers(layer, "kernel_size", count, None)
    stride, dilation = numbers(layer, "stride", count, 1), numbers(layer, "dilation", count, 1)
    spans = [step * (size - 1) for size, step in zip(kernel, dilation, strict=True)]
    begin, end = padding_of(layer, count, stride, spans)
    out_channels, groups = int(layer.required("out_channels")), int(layer.setting("groups", 1))
    weight = layer.parameter("weight", (out_channels, int(layer.required("in_channels")) // groups, *kernel))
    out = graph.add(
        "Conv",
        *operands_of(graph, value, layer, weight, out_channels),
        kernel_shape=kernel,
        strides=stride,
        dilations=dilation,
        group=groups,
        pads=[*begin, *end],
    )
    sizes = tuple(
        None if size is None else (size + begin[axis] + end[axis] - spans[axis] - 1) // stride[axis] + 1
        for axis, size in enumerate(value.shape[2:])
    )
    return activated(graph, Value(out, (value.shape[0], out_channels, *sizes)), layer, axis=1)


def operands_of(graph: Graph, value: Value, layer: LayerDescription, weight: Any, out_channels: int) -> list[str]:
    """The names of what a convolution takes: its input, its weight, and the bias where it has one."""
    operands = [value.name, graph.constant(weight, "weight")]
    if layer.setting("use_bias", True):
        operands.append(graph.constant(layer.parameter("bias", (out_channels,)), "bias"))
    return operands


def padding_of(
    layer: LayerDescription, count: int, stride: Sequence[int], spans: Sequence[int]
) -> tuple[list[int], list[int]]:
    """What goes before and behind each axis; of "same", where its sum is odd, one more behind, as torch does."""
    padding = layer.setting("padding", 0)
    if padding == "valid":
        return [0] * count, [0] * count
    if padding != "same":
        both = numbers(layer, "padding", count, 0)
        return both, both
    if any(step != 1 for step in stride):
        raise layer.refuse(f'padding "same" with stride {list(stride)}: expected 1')
    begin = [span // 2 for span in spans]
    return begin, [span - before for span, before in zip(spans, begin, strict=True)]


def transposed_convolution(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """conv_transpose_2d."""
    kernel, stride = numbers(layer, "kernel_size", 2, None), numbers(layer, "stride", 2, 1)
    padding, dilation = numbers(layer, "padding", 2, 0), numbers(layer, "dilation", 2, 1)
    further = numbers(layer, "output_padding", 2, 0)
    out_channels, groups = int(layer.required("out_channels")), int(layer.setting("groups", 1))
    weight = layer.parameter("weight", (int(layer.required("in_channels")), out_channels // groups, *kernel))
    out = graph.add(
        "ConvTranspose",
        *operands_of(graph, value, layer, weight, out_channels),
        kernel_shape=kernel,
        strides=stride,
        dilations=dilation,
        group=groups,
        pads=[*padding, *padding],
        output_padding=further,
    )
    sizes = tuple(
        None
        if size is None
        else (size - 1) * stride[axis] - 2 * padding[axis] + dilation[axis] * (kernel[axis] - 1) + further[axis] + 1
        for axis, size in enumerate(value.shape[2:])
    )
    return activated(graph, Value(out, (value.shape[0], out_channels, *sizes)), layer, axis=1)


class Windows:
    """The windows of a pool over the last two axes: how many there are, and what they need behind the input."""

    def __init__(self, layer: LayerDescription, value: Value) -> None:
        self.kernel = numbers(layer, "kernel_size", 2, None)
        self.stride = self.kernel if layer.settings.get("stride") is None else numbers(layer, "stride", 2, None)
        self.padding, self.dilation = numbers(layer, "padding", 2, 0), numbers(layer, "dilation", 2, 1)
        self.spans = [step * (size - 1) + 1 for size, step in zip(self.kernel, self.dilation, strict=True)]
        self.further = [0, 0]
        rounds_up = bool(layer.setting("ceil_mode", False))
        known = sizes_of(layer, value, (2, 3)) if rounds_up else value.shape[2:]
        self.counts = [self.count(axis, size, rounds_up) for axis, size in enumerate(known)]

    def count(self, axis: int, size: int | None, rounds_up: bool) -> int | None:
        """How many windows there are along an axis; none begins behind the input and what is before it."""
        if size is None:
            return None
        stride, padding, span = self.stride[axis], self.padding[axis], self.spans[axis]
        rest = size + 2 * padding - span
        found = rest // stride + 1
        if rounds_up and rest % stride != 0 and found * stride < size + padding:
            self.further[axis] = found * stride - rest
            found += 1
        return found

    @property
    def pads(self) -> list[int]:
        """As ONNX lists them: before both axes, behind both."""
        return [*self.padding, *(here + more for here, more in zip(self.padding, self.further, strict=True))]


def max_pool(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """max_pool_2d."""
    windows = Windows(layer, value)
    name, pads = value.name, windows.pads
    if any(pad >= size for pad, size in zip(pads, windows.kernel * 2, strict=True)):  # operators refuse these
        around = graph.integers([0, 0, *pads[:2], 0, 0, *pads[2:]])
        name, pads = graph.add("Pad", name, around, graph.constant(float("-inf"))), [0] * 4
    out = graph.add(
        "MaxPool", name, kernel_shape=windows.kernel, strides=windows.stride, dilations=windows.dilation, pads=pads
    )
    return Value(out, (*value.shape[:2], *windows.counts))


def average_pool(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """avg_pool_2d."""
    windows = Windows(layer, value)
    counts_padding = bool(layer.setting("count_include_pad", True))
    is_regular = windows.further == [0, 0]
    out = graph.add(
        "AveragePool",
        value.name,
        kernel_shape=windows.kernel,
        strides=windows.stride,
        pads=windows.pads,
        count_include_pad=1 if counts_padding else 0,
    )
    if counts_padding and not is_regular:
        out = graph.add("Mul", out, graph.constant(corrections(graph, value, windows, layer)))
    return Value(out, (*value.shape[:2], *windows.counts))


def corrections(graph: Graph, value: Value, windows: Windows, layer: LayerDescription) -> object:
    """What the mean over each whole window is multiplied by: padding counts, but not what lies behind it."""
    factors = []
    for axis, size in enumerate(sizes_of(layer, value, (2, 3))):
        begins = graph.numpy.arange(windows.counts[axis]) * windows.stride[axis]
        inside = graph.numpy.minimum(begins + windows.kernel[axis], size + 2 * windows.padding[axis]) - begins
        factors.append(windows.kernel[axis] / inside)
    return graph.numpy.outer(*factors)


def global_average_pool(graph: Graph, value: Value, layer: LayerDescription) -> Value:
    """global_avg_pool_2d: (batch, channels, height, width) to (batch, channels)."""
    out = graph.add("ReduceMean", value.name, axes=[2, 3], keepdims=0)
    return Value(out, value.shape[:2])
