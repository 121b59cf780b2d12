// Layers that make planes smaller: the greatest or the mean of each window, as torch defines them.
#pragma once

#include <memory>

#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// (samples, channels, rows, columns).  Each number is one for both axes, or a list of two.
//
// {kernel_size, stride (default: kernel_size), padding 0, dilation 1, ceil_mode false}: padding, at most half a window, never
// wins.  Of equal elements the first has the gradient; a NaN passes on.  ceil_mode adds a window that goes over the end, if
// it begins inside.
std::shared_ptr<Layer> make_max_pool_2d(Settings &settings, DType dtype);

// {kernel_size, stride, padding 0, ceil_mode false, count_include_pad true}: zeros of the padding count, or do not.
std::shared_ptr<Layer> make_avg_pool_2d(Settings &settings, DType dtype);

// {}: the mean of each plane: (samples, channels).
std::shared_ptr<Layer> make_global_avg_pool_2d(Settings &settings, DType dtype);

}  // namespace penstock::core::nn
