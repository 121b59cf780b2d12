// Networks as SCALE-Sim's topology files describe them: convolutions or matrix products, one a row.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/kpu/config.h"

namespace penstock::core::kpu {

// The largest size, count or byte address of a layer: products of a few of them are checked.
inline constexpr int64_t largest_size = int64_t{1} << 40;

// One row.  A matrix product of M x K by K x N is the convolution of an M x K image of one channel by N filters of
// 1 x K.
struct Layer {
  std::string name;
  int64_t height = 1, width = 1;  // of the image, padding included
  int64_t filter_height = 1, filter_width = 1;
  int64_t channels = 1;  // of the image; of one group
  int64_t filters = 1;   // of one group
  int64_t stride = 1;
  int64_t groups = 1;  // each with its own channels and filters
};

using Topology = std::vector<Layer>;

// count products of M x K by K x N.  input_bytes is what the left operands take in memory where they are laid out by
// im2col: less than M * K elements.
struct Gemm {
  int64_t m = 1, n = 1, k = 1;
  int64_t count = 1;
  int64_t input_elements = 0;  // of one product, in memory; 0 means m * k
};

// Reads a topology: a header, then rows of
//   name, image height, image width, filter height, filter width, channels, filters, stride
// or, where the header's second column is M, of
//   name, M, N, K
// Blank rows and what follows the last of these columns are passed over.  A row whose name contains DP is depthwise: one
// group a channel; compatible makes a layer of each, as SCALE-Sim does.  Throws data_error with place, line and column for
// what is missing, no positive integer, or a filter larger than its image.
Topology parse_topology(std::string_view content, std::string_view place, bool compatible = false);

// A row as compatible has it: one layer for each group.
Topology split_groups(const Topology &topology);

// The products of a layer by im2col: M = output height x width x batch, K = filter height x width x channels, N = filters.
// Outputs are rounded down, or up as SCALE-Sim does where config says scalesim_compatible.  Throws invalid_argument for
// sizes below 1, a filter larger than its image, and products beyond 2^62.
Gemm gemm_of(const Layer &layer, int64_t batch, const Config &config);

}  // namespace penstock::core::kpu
