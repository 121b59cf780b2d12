#include "core/kpu/values.h"

#include <algorithm>
#include <cstring>

#include "core/base/error.h"
#include "core/tensor/half.h"

namespace penstock::core::kpu {
namespace {

// Columns of c that are summed together, so that they stay in registers and the nearest cache.
constexpr int64_t block_columns = 256;

// sums[column] = 0 + products for k in [first, last), one row of a.
template <typename Number>
void sum_products(Number *__restrict sums, const Number *__restrict a_row, const Number *__restrict b, int64_t stride,
                  int64_t columns, int64_t first, int64_t last) {
  std::fill_n(sums, columns, Number{0});
  for (int64_t k = first; k < last; ++k) {
    const Number left = a_row[k];
    const Number *__restrict b_row = b + k * stride;
    for (int64_t column = 0; column < columns; ++column) sums[column] = multiply_add(left, b_row[column], sums[column]);
  }
}

template <typename Number>
void multiply_numbers(std::span<const Number> a, std::span<const Number> b, std::span<Number> c, const Plan &plan) {
  const int64_t piece = plan.dataflow == Dataflow::output_stationary ? plan.k : plan.rows;
  Number sums[block_columns];
  for (int64_t first = 0; first < plan.k; first += piece)
    for (int64_t column = 0; column < plan.n; column += block_columns) {
      const int64_t columns = std::min(block_columns, plan.n - column);
      for (int64_t row = 0; row < plan.m; ++row) {
        sum_products(sums, a.data() + row * plan.k, b.data() + column, plan.n, columns, first,
                     std::min(first + piece, plan.k));
        Number *const result = c.data() + row * plan.n + column;
        for (int64_t index = 0; index < columns; ++index)
          result[index] = first == 0 ? sums[index] : add(result[index], sums[index]);
      }
    }
}

template <typename Small>
void widen(const void *elements, std::vector<float> &floats) {
  const auto *bytes = static_cast<const std::byte *>(elements);
  for (size_t index = 0; index < floats.size(); ++index) {
    Small element;
    std::memcpy(&element, bytes + index * sizeof(Small), sizeof(Small));
    floats[index] = to_float(element);
  }
}

}  // namespace

void multiply(std::span<const float> a, std::span<const float> b, std::span<float> c, const Plan &plan) {
  multiply_numbers(a, b, c, plan);
}

void multiply(std::span<const int32_t> a, std::span<const int32_t> b, std::span<int32_t> c, const Plan &plan) {
  multiply_numbers(a, b, c, plan);
}

void require_operand_dtype(DType dtype) {
  switch (dtype) {
    case DType::float32:
    case DType::float16:
    case DType::bfloat16:
    case DType::float8_e4m3fn:
    case DType::float8_e5m2:
    case DType::int8: return;
    default:
      fail(Status::type_mismatch, "the array does not compute in ", dtype,
           ": expected float32, float16, bfloat16, float8_e4m3fn, float8_e5m2 or int8");
  }
}

bool accumulates_integers(DType dtype) { return dtype == DType::int8; }

std::vector<float> as_floats(const void *elements, DType dtype, int64_t count) {
  std::vector<float> floats(static_cast<size_t>(count));
  switch (dtype) {
    case DType::float16: widen<Float16>(elements, floats); break;
    case DType::bfloat16: widen<BFloat16>(elements, floats); break;
    case DType::float8_e4m3fn: widen<Float8E4M3FN>(elements, floats); break;
    case DType::float8_e5m2: widen<Float8E5M2>(elements, floats); break;
    default:
      if (count > 0) std::memcpy(floats.data(), elements, floats.size() * sizeof(float));
      break;
  }
  return floats;
}

std::vector<int32_t> as_integers(const void *elements, int64_t count) {
  const auto *bytes = static_cast<const int8_t *>(elements);
  return {bytes, bytes + count};
}

}  // namespace penstock::core::kpu
