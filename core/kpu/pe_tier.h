// The oracle: every register of every processing element, every cycle, with values.
//
// Output stationary: left operands enter at the left edge and move right, right operands enter at the top and move down,
// each row and column a cycle after the one before; each element adds one product a cycle to its sum.  Weight and input
// stationary: the operand that stays moves down into place, a row a cycle; then the other enters at the left and moves
// right, and sums move down, each element adding its product to what came from above; they leave at the bottom.
#pragma once

#include <cstdint>
#include <span>

#include "core/kpu/plan.h"

namespace penstock::core::kpu {

// c = a b for one product of a plan, row-major: a is m x k, b is k x n, c is m x n and is overwritten.  Gives the cycles
// that the array was stepped.  Each sum is taken in the order that values.h states.
int64_t run_pe_array(std::span<const float> a, std::span<const float> b, std::span<float> c, const Plan &plan);
int64_t run_pe_array(std::span<const int32_t> a, std::span<const int32_t> b, std::span<int32_t> c, const Plan &plan);

}  // namespace penstock::core::kpu
