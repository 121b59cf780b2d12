// What tensors must hold, computed one element at a time in the plainest way: by an index, an address, and a number wide
// enough for every dtype.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "core/tensor/tensor.h"

namespace penstock::core::reference {

// An element's value.  long double holds every dtype's numbers exactly.
struct Value {
  long double real = 0, imaginary = 0;
  uint64_t low_bits = 0;  // of an integer
};

// The bytes of an element; those beyond its size are 0.
using Bytes = std::array<std::byte, 16>;

template <typename Number>
Number load(const std::byte *element) {
  Number number;
  std::memcpy(&number, element, sizeof(Number));
  return number;
}

Value decode(DType dtype, const std::byte *element);
Bytes encode(DType dtype, const Value &value);                  // a value of that dtype's own
Bytes convert(DType to, DType from, const std::byte *element);  // what Casting::unsafe gives

// Bytes as they are, but that any quiet NaN of the same sign stands for another.
bool is_same_element(DType dtype, const std::byte *first, const std::byte *second);

// The small floating-point number nearest to a value, ties to even, by search among all of them.
struct SmallFormat {
  int32_t exponent_bits, mantissa_bits;
  bool has_infinity;
};
inline constexpr SmallFormat float16_format{5, 10, true}, bfloat16_format{8, 7, true};
inline constexpr SmallFormat float8_e4m3fn_format{4, 3, false}, float8_e5m2_format{5, 2, true};
long double decode_small(const SmallFormat &format, uint32_t bits);
uint32_t encode_small(const SmallFormat &format, long double value);

// Every index of a shape, the last axis fastest.
void for_each_index(const Extents &shape, const std::function<void(const Extents &)> &visit);

const std::byte *element_at(const Tensor &tensor, const Extents &index);
std::vector<Bytes> elements_of(const Tensor &tensor);  // in row-major order

using Random = std::mt19937_64;
int64_t random_between(Random &random, int64_t lowest, int64_t highest);  // both included
Extents random_shape(Random &random, int32_t largest_ndim, int64_t largest_size);

// A tensor of its own memory, whose elements are random bits and numbers at the edges of what dtypes hold.  Its strides
// are of any sign, skip memory and order the axes at random; with repeats some axes have stride 0 too.
Tensor random_tensor(Random &random, DType dtype, const Extents &shape, bool repeats);

std::string describe(const Tensor &tensor);

}  // namespace penstock::core::reference
