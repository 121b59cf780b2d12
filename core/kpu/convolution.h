// Convolutions as matrix products: the sizes, and the elements laid out by im2col.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/kpu/topology.h"

namespace penstock::core::kpu {

// Images are batch x channels x height x width, filters filters x (channels / groups) x height x width, results batch x
// filters x output height x output width.
struct Convolution {
  int64_t batch = 1, channels = 1, height = 1, width = 1;
  int64_t filters = 1, filter_height = 1, filter_width = 1;
  int64_t stride = 1, padding = 0, groups = 1;
};

// What a convolution asks of the array, each group a product.  Throws invalid_argument for sizes below 1, a padding below 0,
// groups that do not divide channels and filters, a filter larger than the padded image.
struct ConvolutionPlan {
  Layer layer;
  Gemm gemm;
  int64_t output_height, output_width;
};
ConvolutionPlan plan_convolution(const Convolution &convolution, const Config &config);

// The left operand of one group: M x K, K in the order filter row, filter column, channel; zeros where a window reaches
// over the image.
template <typename Number>
std::vector<Number> image_matrix(const std::vector<Number> &images, const Convolution &sizes,
                                 const ConvolutionPlan &plan, int64_t group) {
  const int64_t channels = sizes.channels / sizes.groups;
  std::vector<Number> matrix(static_cast<size_t>(plan.gemm.m * plan.gemm.k));
  auto element = matrix.begin();
  for (int64_t m = 0; m < plan.gemm.m; ++m) {
    const int64_t image = m / (plan.output_height * plan.output_width);
    const int64_t top = m / plan.output_width % plan.output_height * sizes.stride - sizes.padding;
    const int64_t left = m % plan.output_width * sizes.stride - sizes.padding;
    for (int64_t window = 0; window < sizes.filter_height * sizes.filter_width; ++window) {
      const int64_t y = top + window / sizes.filter_width, x = left + window % sizes.filter_width;
      const bool inside = y >= 0 && y < sizes.height && x >= 0 && x < sizes.width;
      for (int64_t channel = 0; channel < channels; ++channel, ++element) {
        const int64_t plane = image * sizes.channels + group * channels + channel;
        if (inside) *element = images[static_cast<size_t>((plane * sizes.height + y) * sizes.width + x)];
      }
    }
  }
  return matrix;
}

// The right operand of one group: K x N.
template <typename Number>
std::vector<Number> filter_matrix(const std::vector<Number> &filters, const Convolution &sizes,
                                  const ConvolutionPlan &plan, int64_t group) {
  const int64_t channels = sizes.channels / sizes.groups, window = sizes.filter_height * sizes.filter_width;
  std::vector<Number> matrix(static_cast<size_t>(plan.gemm.k * plan.gemm.n));
  for (int64_t k = 0; k < plan.gemm.k; ++k)
    for (int64_t n = 0; n < plan.gemm.n; ++n) {
      const int64_t from = ((group * plan.gemm.n + n) * channels + k % channels) * window + k / channels;
      matrix[static_cast<size_t>(k * plan.gemm.n + n)] = filters[static_cast<size_t>(from)];
    }
  return matrix;
}

// Puts one group's product where it stands in the results.
template <typename Number>
void place_result(std::vector<Number> &results, const std::vector<Number> &product, const Convolution &sizes,
                  const ConvolutionPlan &plan, int64_t group) {
  const int64_t pixels = plan.output_height * plan.output_width;
  for (int64_t m = 0; m < plan.gemm.m; ++m)
    for (int64_t n = 0; n < plan.gemm.n; ++n) {
      const int64_t plane = m / pixels * sizes.filters + group * plan.gemm.n + n;
      results[static_cast<size_t>(plane * pixels + m % pixels)] = product[static_cast<size_t>(m * plan.gemm.n + n)];
    }
}

}  // namespace penstock::core::kpu
