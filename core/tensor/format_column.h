// The elements of a printed tensor as texts of one width, as NumPy writes those of an array.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/tensor/dtype.h"

namespace penstock::core {

// One text an element, in the same order.  What all of them hold decides on the width, the digits and the form:
// - bool: "False" and " True";
// - integers: aligned right;
// - floating: the points below each other, at most precision digits after them.  In scientific form when the largest
//   magnitude is at least 1e8 (1e6 in float32, 1e3 in float16 and narrower), the smallest but 0 is below 1e-4, or the
//   one is more than 1000 times the other;
// - complex: each part a column of its own, the second with its sign and a 'j'.
std::vector<std::string> element_texts(DType dtype, std::span<const std::byte *const> elements, int32_t precision);

}  // namespace penstock::core
