// A tensor as text, laid out as NumPy's repr lays out an array.
#pragma once

#include <cstdint>
#include <string>

#include "core/tensor/tensor.h"

namespace penstock::core {

struct FormatLimits {
  int64_t edge_items = 3;    // items at each end of an axis that is shortened
  int64_t threshold = 1000;  // a tensor of more elements is shortened
  int32_t precision = 8;     // most digits after the point, 0 to 17
  int32_t line_width = 75;
};

// A shortened tensor prints no more elements than this: where many axes are each too short to be shortened, or
// edge_items is larger than anyone reads, edge_items is lowered.
inline constexpr int64_t most_shortened_elements = 1'000'000;

// "tensor([[0., 1.],\n        [2., 3.]], shape=(2, 2), dtype=float32, device=cpu)".  Reads no element that it does not
// print.  Throws invalid_argument for a limit outside its range.
//
// What stands between the brackets differs from NumPy's in two cases only: with edge_items of 0 "..." stands alone
// (NumPy adds the last item), and where most_shortened_elements is reached.
std::string format(const Tensor &tensor, const FormatLimits &limits);

}  // namespace penstock::core
