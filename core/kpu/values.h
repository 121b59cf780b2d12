// A product's values, as the array gives them: in float32 or in int32, which wraps, whatever the operands' dtype.
//
// Output stationary: every element of c is 0 + a[0] b[0] + a[1] b[1] + ..., in the order of k, each product and each sum
// rounded.  Weight and input stationary: k is cut into pieces of as many as the array has rows; each piece is summed so,
// from 0, and the pieces' sums are added in their order.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/kpu/plan.h"
#include "core/tensor/tensor.h"

namespace penstock::core::kpu {

inline float add(float first, float second) { return first + second; }
inline int32_t add(int32_t first, int32_t second) {
  return static_cast<int32_t>(static_cast<uint32_t>(first) + static_cast<uint32_t>(second));
}
inline float multiply_add(float first, float second, float sum) { return sum + first * second; }
inline int32_t multiply_add(int32_t first, int32_t second, int32_t sum) {
  return static_cast<int32_t>(static_cast<uint32_t>(sum) +
                              static_cast<uint32_t>(first) * static_cast<uint32_t>(second));
}

// c = a b for one product of a plan, row-major, without an array: the same bits as run_pe_array().
void multiply(std::span<const float> a, std::span<const float> b, std::span<float> c, const Plan &plan);
void multiply(std::span<const int32_t> a, std::span<const int32_t> b, std::span<int32_t> c, const Plan &plan);

// An operand's dtype that the array takes: float32, float16, bfloat16, both float8, int8.  Throws type_mismatch.
void require_operand_dtype(DType dtype);
bool accumulates_integers(DType dtype);

// count elements of an operand's dtype, exactly, as the array's numbers.
std::vector<float> as_floats(const void *elements, DType dtype, int64_t count);
std::vector<int32_t> as_integers(const void *elements, int64_t count);  // of int8

}  // namespace penstock::core::kpu
