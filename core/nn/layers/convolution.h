// Convolutions over one or two axes, and the transposed one, as torch defines them.
#pragma once

#include <memory>

#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// {in_channels, out_channels, kernel_size, stride 1, padding 0, dilation 1, groups 1, use_bias true, activation null,
// weight_initializer, bias_initializer}: (samples, in_channels, length) or (samples, in_channels, rows, columns).
//
// kernel_size, stride, padding and dilation: a number, or one for each axis.  padding may be "valid", which is 0, or "same":
// as many zeros as keep the sizes, one more behind than before where they are odd in number; for stride 1 alone.
// weight: (out_channels, in_channels / groups, kernel sizes).  A softmax as activation runs along the channels.
std::shared_ptr<Layer> make_conv_1d(Settings &settings, DType dtype);
std::shared_ptr<Layer> make_conv_2d(Settings &settings, DType dtype);

// The same with output_padding 0, behind padding: that much longer is the output, of (size - 1) * stride - 2 * padding +
// dilation * (kernel_size - 1) + 1 elements along an axis; below stride or dilation.  padding: numbers alone.
// weight: (in_channels, out_channels / groups, kernel sizes).
std::shared_ptr<Layer> make_conv_transpose_2d(Settings &settings, DType dtype);

}  // namespace penstock::core::nn
