"""Layers over sequences and images: batch, channels, then one or two axes of space."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

from penstock.layers.layer import Layer

__all__ = ["AvgPool2D", "Conv1D", "Conv2D", "ConvTranspose2D", "GlobalAvgPool2D", "MaxPool2D"]

Sizes: TypeAlias = int | Sequence[int]


def plain(value: Sizes | str | None) -> Any:
    """A size, a word, or a list of sizes."""
    return value if value is None or isinstance(value, (int, str)) else list(value)


class Convolution(Layer):
    """What convolutions share."""

    def __init__(  # noqa: PLR0913 - what torch and Keras take
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        *,
        activation: Any = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = None,
        seed: int | None = None,
        dtype: Any = None,
    ) -> None:
        settings = {
            "in_channels": in_channels,
            "out_channels": out_channels,
            "kernel_size": plain(kernel_size),
            "stride": plain(stride),
            "padding": plain(padding),
            "dilation": plain(dilation),
            "groups": groups,
            "activation": activation,
            "use_bias": use_bias,
            "weight_initializer": weight_initializer,
            "bias_initializer": bias_initializer,
        }
        super().__init__(settings, seed=seed, dtype=dtype)


class Conv1D(Convolution):
    """A window slid over a sequence: (batch, in_channels, length) to (batch, out_channels, length').

    length' is (length + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1, rounded down; weight has shape
    (out_channels, in_channels / groups, kernel_size).

    >>> import penstock as ps
    >>> ps.layers.Conv1D(2, 4, 3)(ps.zeros((5, 2, 10))).shape
    (5, 4, 8)
    """

    kind = "conv_1d"


class Conv2D(Convolution):
    """A window slid over images: (batch, in_channels, height, width) to (batch, out_channels, height', width').

    Sizes are one number for both axes, or two; padding may be "same" where stride is 1, or "valid". height' is
    (height + 2 padding - dilation (kernel_size - 1) - 1) / stride + 1, rounded down; weight has shape
    (out_channels, in_channels / groups, *kernel_size).

    >>> import penstock as ps
    >>> ps.layers.Conv2D(1, 8, 3, padding=1, activation="relu")(ps.zeros((5, 1, 28, 28))).shape
    (5, 8, 28, 28)
    """

    kind = "conv_2d"


class ConvTranspose2D(Layer):
    """The way back of a Conv2D of the same settings: it makes images larger.

    height' is (height - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1; weight has shape
    (in_channels, out_channels / groups, *kernel_size).

    >>> import penstock as ps
    >>> ps.layers.ConvTranspose2D(8, 1, 2, stride=2)(ps.zeros((5, 8, 7, 7))).shape
    (5, 1, 14, 14)
    """

    kind = "conv_transpose_2d"

    def __init__(  # noqa: PLR0913 - what torch and Keras take
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes = 0,
        output_padding: Sizes = 0,
        dilation: Sizes = 1,
        *,
        groups: int = 1,
        activation: Any = None,
        use_bias: bool = True,
        weight_initializer: Any = None,
        bias_initializer: Any = None,
        seed: int | None = None,
        dtype: Any = None,
    ) -> None:
        settings = {
            "in_channels": in_channels,
            "out_channels": out_channels,
            "kernel_size": plain(kernel_size),
            "stride": plain(stride),
            "padding": plain(padding),
            "output_padding": plain(output_padding),
            "dilation": plain(dilation),
            "groups": groups,
            "activation": activation,
            "use_bias": use_bias,
            "weight_initializer": weight_initializer,
            "bias_initializer": bias_initializer,
        }
        super().__init__(settings, seed=seed, dtype=dtype)


class MaxPool2D(Layer):
    """The largest element of each window; windows lie side by side unless stride says otherwise.

    With ceil_mode a last window that goes over the edge counts too.

    >>> import penstock as ps
    >>> ps.layers.MaxPool2D(2)(ps.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[5.0, 7.0], [13.0, 15.0]]]]
    """

    kind = "max_pool_2d"

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        dilation: Sizes = 1,
        *,
        ceil_mode: bool = False,
        dtype: Any = None,
    ) -> None:
        settings = {
            "kernel_size": plain(kernel_size),
            "stride": plain(stride),
            "padding": plain(padding),
            "dilation": plain(dilation),
            "ceil_mode": ceil_mode,
        }
        super().__init__(settings, dtype=dtype)


class AvgPool2D(Layer):
    """The mean of each window; windows lie side by side unless stride says otherwise.

    What is padded counts as 0, and with count_include_pad=False not at all.

    >>> import penstock as ps
    >>> ps.layers.AvgPool2D(2)(ps.arange(16.0).reshape(1, 1, 4, 4)).tolist()
    [[[[2.5, 4.5], [10.5, 12.5]]]]
    """

    kind = "avg_pool_2d"

    def __init__(
        self,
        kernel_size: Sizes,
        stride: Sizes | None = None,
        padding: Sizes = 0,
        *,
        ceil_mode: bool = False,
        count_include_pad: bool = True,
        dtype: Any = None,
    ) -> None:
        settings = {
            "kernel_size": plain(kernel_size),
            "stride": plain(stride),
            "padding": plain(padding),
            "ceil_mode": ceil_mode,
            "count_include_pad": count_include_pad,
        }
        super().__init__(settings, dtype=dtype)


class GlobalAvgPool2D(Layer):
    """The mean of each channel: (batch, channels, height, width) to (batch, channels).

    >>> import penstock as ps
    >>> ps.layers.GlobalAvgPool2D()(ps.ones((5, 8, 7, 7))).shape
    (5, 8)
    """

    kind = "global_avg_pool_2d"

    def __init__(self, *, dtype: Any = None) -> None:
        super().__init__(dtype=dtype)
