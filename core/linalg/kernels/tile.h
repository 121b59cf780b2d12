// The innermost part of a matrix product: a few rows by a few vectors of columns, whose sums stay in registers.
#pragma once

#include <cstdint>
#include <cstring>

#include "core/base/lanes.h"

namespace penstock::core {

// Units are what operands are multiplied in, Numbers what products are summed in.
template <typename Scheme, int bytes>
struct TileShape {
  using Unit = typename Scheme::Unit;
  using Number = typename Scheme::Number;
  static_assert(sizeof(Unit) == sizeof(Number));
  static constexpr int lanes = bytes / static_cast<int>(sizeof(Number));
  // What the processor's 16 or, with 64 bytes, 32 registers hold beside the operands.
  static constexpr int rows = bytes == 64 ? 8 : bytes == 32 ? 6 : 4;
  static constexpr int vectors = 2;
  static constexpr int columns = lanes * vectors;
};

// What a tile is made of: unit (row, step) of the left operand lies at left[row * left_row + step * left_step], those of
// the right one at right[step * right_step + column].
template <typename Unit, typename Number>
struct TileTask {
  const Unit *left = nullptr;
  int64_t left_row = 0, left_step = 0;
  const Unit *right = nullptr;
  int64_t right_step = 0;
  int64_t steps = 0;
  Number *out = nullptr;
  int64_t out_row = 0;
  bool adds = false;  // to what out holds; otherwise it is written
};

template <typename Value>
PS_LANES_INLINE Value read_unaligned(const Value *from) {
  Value value;
  std::memcpy(&value, from, sizeof(Value));
  return value;
}

template <typename Scheme, int bytes, int rows, int vectors>
void multiply_tile(const TileTask<typename Scheme::Unit, typename Scheme::Number> &task) {
  using Shape = TileShape<Scheme, bytes>;
  using Units = typename VectorOf<typename Scheme::Unit, Shape::lanes>::type;
  using Numbers = typename VectorOf<typename Scheme::Number, Shape::lanes>::type;
  Numbers sums[rows][vectors];
#pragma GCC unroll 8
  for (int row = 0; row < rows; ++row)
#pragma GCC unroll 8
    for (int vector = 0; vector < vectors; ++vector) sums[row][vector] = Numbers{};

  const auto *left = task.left;
  const auto *right = task.right;
  const int64_t left_row = task.left_row;
  for (int64_t step = 0; step < task.steps; ++step) {
    Units columns[vectors];
#pragma GCC unroll 8
    for (int vector = 0; vector < vectors; ++vector)
      std::memcpy(&columns[vector], right + vector * Shape::lanes, sizeof(Units));
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) {
      const Units factor = Lanes<typename Scheme::Unit, Shape::lanes>(read_unaligned(left + row * left_row)).vector;
#pragma GCC unroll 8
      for (int vector = 0; vector < vectors; ++vector)
        sums[row][vector] = Scheme::template multiply_add<Numbers>(factor, columns[vector], sums[row][vector]);
    }
    left += task.left_step;
    right += task.right_step;
  }

#pragma GCC unroll 8
  for (int row = 0; row < rows; ++row)
#pragma GCC unroll 8
    for (int vector = 0; vector < vectors; ++vector) {
      auto *out = task.out + row * task.out_row + vector * Shape::lanes;
      Numbers sum = sums[row][vector];
      if (task.adds) {
        Numbers before;
        std::memcpy(&before, out, sizeof(before));
        sum = before + sum;
      }
      std::memcpy(out, &sum, sizeof(sum));
    }
}

}  // namespace penstock::core
