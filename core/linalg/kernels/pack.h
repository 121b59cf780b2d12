// Operands copied to where tiles read them fastest: contiguous, in units, padded with zeros.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/linalg/block.h"
#include "core/linalg/kernels/tile.h"

namespace penstock::core {

// A stretch of inner, in steps.
struct Steps {
  int64_t first = 0;
  int64_t count = 0;
};

// Where a packed, or direct, left operand lies.
template <typename Unit>
struct LeftUnits {
  const Unit *units;
  int64_t row, step;  // strides
};

// A copy of block whose operands' strides along one axis are known to the compiler, so that loops along it become vectors.
PS_LANES_INLINE Block with_left_columns_of_1(Block block) {
  block.left.column_stride = 1;
  return block;
}
PS_LANES_INLINE Block with_left_rows_of_1(Block block) {
  block.left.row_stride = 1;
  return block;
}
PS_LANES_INLINE Block with_right_columns_of_1(Block block) {
  block.right.column_stride = 1;
  return block;
}

// Rows lie apart by a little more than a power of two, so that those of one tile do not share a cache's set.
constexpr int64_t left_padding = 16;

// Writes units of all rows: row after row, or step after step where that is how they lie already.
template <typename Scheme, int bytes>
LeftUnits<typename Scheme::Unit> pack_left(const Block &block, Steps steps, typename Scheme::Unit *to) {
  if (block.left.row_stride == 1 && block.left.column_stride != 1) {
    const Block fixed = with_left_rows_of_1(block);
    for (int64_t step = 0; step < steps.count; ++step)
      for (int64_t row = 0; row < block.rows; ++row)
        to[step * block.rows + row] = Scheme::left_unit(fixed, row, steps.first + step);
    return {to, 1, block.rows};
  }
  const int64_t stride = steps.count + left_padding;
  const bool is_contiguous = block.left.column_stride == 1;
  const Block fixed = with_left_columns_of_1(block);
  for (int64_t row = 0; row < block.rows; ++row) {
    auto *units = to + row * stride;
    if (is_contiguous) {
      for (int64_t step = 0; step < steps.count; ++step)
        units[step] = Scheme::left_unit(fixed, row, steps.first + step);
    } else {
      for (int64_t step = 0; step < steps.count; ++step)
        units[step] = Scheme::left_unit(block, row, steps.first + step);
    }
  }
  return {to, stride, 1};
}

// {first[0], second[0], first[1], second[1], ...}: its lower or upper half.
template <bool upper, typename Vector, size_t... lanes>
PS_LANES_INLINE Vector interleave(Vector first, Vector second, std::index_sequence<lanes...>) {
  constexpr size_t count = sizeof...(lanes);
  return __builtin_shufflevector(first, second, ((upper ? count / 2 : 0) + lanes / 2 + (lanes % 2) * count)...);
}

// Row i of lanes x lanes units becomes column i.
template <typename Unit, int lanes>
PS_LANES_INLINE void transpose_square(const std::byte *from, int64_t from_stride, Unit *to, int64_t to_stride) {
  using Vector = typename VectorOf<Unit, lanes>::type;
  Vector rows[lanes], next[lanes];
#pragma GCC unroll 16
  for (int row = 0; row < lanes; ++row) std::memcpy(&rows[row], from + row * from_stride, sizeof(Vector));
#pragma GCC unroll 4
  for (int width = 1; width < lanes; width *= 2) {
#pragma GCC unroll 8
    for (int row = 0; row < lanes / 2; ++row) {
      next[2 * row] = interleave<false>(rows[row], rows[row + lanes / 2], std::make_index_sequence<lanes>());
      next[2 * row + 1] = interleave<true>(rows[row], rows[row + lanes / 2], std::make_index_sequence<lanes>());
    }
#pragma GCC unroll 16
    for (int row = 0; row < lanes; ++row) rows[row] = next[row];
  }
#pragma GCC unroll 16
  for (int row = 0; row < lanes; ++row) std::memcpy(to + row * to_stride, &rows[row], sizeof(Vector));
}

// A panel: for each step the units of Shape::columns lanes from first_lane on, zeros behind the last.
template <typename Scheme, int bytes>
void pack_right(const Block &block, Steps steps, int64_t first_lane, int64_t lane_count, typename Scheme::Unit *to) {
  using Shape = TileShape<Scheme, bytes>;
  constexpr int64_t width = Shape::columns;
  const Block fixed = with_right_columns_of_1(block);
  for (int64_t step = 0; step < steps.count; ++step) {
    auto *units = to + step * width;
    const int64_t from = steps.first + step;
    if (block.right.column_stride == 1 && lane_count == width) {
      for (int64_t lane = 0; lane < width; ++lane) units[lane] = Scheme::right_unit(fixed, from, first_lane + lane);
    } else {
      for (int64_t lane = 0; lane < lane_count; ++lane)
        units[lane] = Scheme::right_unit(block, from, first_lane + lane);
      std::fill(units + lane_count, units + width, typename Scheme::Unit{});
    }
  }
}

// The same where the units of a lane lie side by side, each lane lane_stride bytes behind the one before it: by squares.
template <typename Scheme, int bytes>
void pack_right_lanes(const std::byte *first_lane, int64_t lane_stride, int64_t step_count, int64_t lane_count,
                      typename Scheme::Unit *to) {
  using Unit = typename Scheme::Unit;
  using Shape = TileShape<Scheme, bytes>;
  constexpr int64_t width = Shape::columns, side = Shape::lanes, unit = sizeof(Unit);
  const int64_t whole_steps = step_count / side * side, whole_lanes = lane_count / side * side;
  for (int64_t lane = 0; lane < whole_lanes; lane += side)
    for (int64_t step = 0; step < whole_steps; step += side)
      transpose_square<Unit, Shape::lanes>(first_lane + lane * lane_stride + step * unit, lane_stride,
                                           to + step * width + lane, width);
  for (int64_t step = 0; step < step_count; ++step) {
    for (int64_t lane = step < whole_steps ? whole_lanes : 0; lane < lane_count; ++lane)
      std::memcpy(to + step * width + lane, first_lane + lane * lane_stride + step * unit, sizeof(Unit));
    std::fill(to + step * width + lane_count, to + (step + 1) * width, Unit{});
  }
}

}  // namespace penstock::core
