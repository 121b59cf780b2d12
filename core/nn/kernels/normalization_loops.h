// The loops of normalization for one width of vectors, together.
#pragma once

#include "core/nn/kernels/batch_norm_loops.h"
#include "core/nn/kernels/row_norm_loops.h"

namespace penstock::core::nn {

template <int bytes, typename Element>
constexpr NormalizationKernels<Element> normalization_kernels_of = {
    normalize_rows<bytes, Element>,        row_gradients<bytes, Element>, channel_moments<bytes, Element>,
    channel_gradient_sums<bytes, Element>, move_channels<bytes, Element>, channel_gradients<bytes, Element>};

}  // namespace penstock::core::nn
