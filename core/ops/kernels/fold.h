// Folds of elements that lie side by side: interleaved parts, each joined from its begin to its end, then halves with halves.
// The same order at every width of vectors, so the same bits.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/base/lanes.h"
#include "core/ops/kernels.h"

namespace penstock::core {

struct FoldSum {
  static constexpr int part_bytes = 0;  // 32 parts of any element: recorded sums depend on it
  template <typename Value>
  static PS_LANES_INLINE Value apply(Value a, Value b) {
    return a + b;
  }
};
struct FoldProduct {
  static constexpr int part_bytes = 0;
  template <typename Value>
  static PS_LANES_INLINE Value apply(Value a, Value b) {
    return a * b;
  }
};
struct FoldMaximum {
  static constexpr int part_bytes = 256;  // enough parts to hide that a comparison and a choice follow each other
  template <typename Value>
  static PS_LANES_INLINE Value apply(Value a, Value b) {
    return select((b > a) | (b != b), b, a);  // a NaN stays. NOLINT(misc-redundant-expression)
  }
};
struct FoldMinimum {
  static constexpr int part_bytes = 256;
  template <typename Value>
  static PS_LANES_INLINE Value apply(Value a, Value b) {
    return select((b < a) | (b != b), b, a);  // NOLINT(misc-redundant-expression)
  }
};

template <typename Function, typename Number>
PS_LANES_INLINE Number join(Number a, Number b) {
  return Function::apply(Lanes<Number, 1>(a), Lanes<Number, 1>(b)).vector;
}

// Joins the second half of 2 half numbers to the first, its halves likewise, down to one: a power of two.
template <int most_lanes, int half, typename Function, typename Number>
PS_LANES_INLINE void join_halves(Number *numbers) {
  constexpr int lanes = half < most_lanes ? half : most_lanes;
  using Vector = Lanes<Number, lanes>;
  for (int part = 0; part < half; part += lanes)
    Function::apply(Vector::load(numbers + part), Vector::load(numbers + half + part)).store(numbers + part);
  if constexpr (half > 1) join_halves<most_lanes, half / 2, Function>(numbers);
}

template <int bytes, typename Function, typename Number>
void fold_run(std::byte *result, const std::byte *elements, int64_t count) {
  constexpr int size = static_cast<int>(sizeof(Number)), width = bytes / size;
  constexpr int parts = Function::part_bytes == 0 ? 32 : Function::part_bytes / size, vectors = parts / width;
  using Vector = Lanes<Number, width>;
  const auto *numbers = reinterpret_cast<const Number *>(elements);
  Number folded[parts];
  if (count < parts) {
    std::memcpy(folded, numbers, static_cast<size_t>(count) * sizeof(Number));
    for (int64_t filled = count; filled > 1; filled = (filled + 1) / 2)
      for (int64_t half = (filled + 1) / 2, part = 0; part + half < filled; ++part)
        folded[part] = join<Function>(folded[part], folded[part + half]);
  } else {
    Vector sums[vectors];
    for (int vector = 0; vector < vectors; ++vector) sums[vector] = Vector::load(numbers + vector * width);
    int64_t index = parts;
    for (; index + parts <= count; index += parts)
      for (int vector = 0; vector < vectors; ++vector)
        sums[vector] = Function::apply(sums[vector], Vector::load(numbers + index + vector * width));
    for (int vector = 0; vector < vectors; ++vector) sums[vector].store(folded + vector * width);
    for (int part = 0; index < count; ++index, ++part) folded[part] = join<Function>(folded[part], numbers[index]);
    join_halves<width, parts / 2, Function>(folded);
  }
  std::memcpy(result, folded, sizeof(Number));
}

template <int bytes, typename Number>
FoldKernel fold_of(Operation operation) {
  switch (operation) {
    case Operation::add: return fold_run<bytes, FoldSum, Number>;
    case Operation::multiply: return fold_run<bytes, FoldProduct, Number>;
    case Operation::maximum: return fold_run<bytes, FoldMaximum, Number>;
    case Operation::minimum: return fold_run<bytes, FoldMinimum, Number>;
    default: return nullptr;
  }
}

// Complex numbers have theirs in complex_kernels.cc.
template <int bytes>
FoldKernel simple_fold(Operation operation, DType dtype) {
  switch (dtype) {
    case DType::float32: return fold_of<bytes, float>(operation);
    case DType::float64: return fold_of<bytes, double>(operation);
    case DType::int64:
      // Sums and products wrap around, which only unsigned ones may.
      if (operation == Operation::add || operation == Operation::multiply) return fold_of<bytes, uint64_t>(operation);
      return fold_of<bytes, int64_t>(operation);
    case DType::uint64: return fold_of<bytes, uint64_t>(operation);
    default: return nullptr;
  }
}

}  // namespace penstock::core
