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
    if constexpr (Scheme::units_lie_in_inner) {
      if (is_contiguous && (steps.first + steps.count) * Scheme::unit_elements <= block.inner) {
        const int64_t offset = row * block.left.row_stride + steps.first * Scheme::unit_elements;
        std::memcpy(units, block.left.data + offset * int64_t{sizeof(typename Scheme::Element)},
                    static_cast<size_t>(steps.count) * sizeof(*units));
        continue;
      }
    }
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

// Lanes of the right operand that become panels of Shape::columns each: for each step the units of those lanes, zeros
// behind the last one.
struct RightLanes {
  int64_t first = 0;
  int64_t count = 0;
  int64_t panel_units = 0;  // from one panel to the next
};

template <typename Scheme, int bytes>
void pack_right(const Block &block, Steps steps, RightLanes lanes, typename Scheme::Unit *to) {
  constexpr int64_t width = TileShape<Scheme, bytes>::columns;
  for (int64_t step = 0; step < steps.count; ++step)
    for (int64_t lane = 0; lane < lanes.count; lane += width) {
      auto *units = to + lane / width * lanes.panel_units + step * width;
      const int64_t count = std::min(width, lanes.count - lane);
      if (block.right.column_stride != 1) {
        for (int64_t each = 0; each < count; ++each)
          units[each] = Scheme::right_unit(block, steps.first + step, lanes.first + lane + each);
      } else if (count == width) {
        Scheme::read_right_row(block, steps.first + step, lanes.first + lane, width, units);
      } else {
        Scheme::read_right_row(block, steps.first + step, lanes.first + lane, count, units);
      }
      std::fill(units + count, units + width, typename Scheme::Unit{});
    }
}

// The same where the units of a lane lie side by side.
template <typename Scheme, int bytes>
void pack_right_by_squares(const Block &block, Steps steps, RightLanes lanes, typename Scheme::Unit *to) {
  using Unit = typename Scheme::Unit;
  using Shape = TileShape<Scheme, bytes>;
  constexpr int64_t width = Shape::columns, side = Shape::lanes, element = sizeof(typename Scheme::Element);
  const int64_t lane_stride = block.right.column_stride * element;
  const std::byte *first = block.right.data + (lanes.first * block.right.column_stride + steps.first * Scheme::unit_elements) * element;
  for (int64_t lane = 0; lane < lanes.count; lane += side) {
    Unit *units = to + lane / width * lanes.panel_units + lane % width;
    const std::byte *from = first + lane * lane_stride;
    const int64_t count = std::min(side, lanes.count - lane);
    int64_t step = 0;
    for (; count == side && step + side <= steps.count; step += side)
      transpose_square<Unit, Shape::lanes>(from + step * int64_t{sizeof(Unit)}, lane_stride, units + step * width, width);
    for (; step < steps.count; ++step) {
      for (int64_t each = 0; each < count; ++each)
        std::memcpy(units + step * width + each, from + each * lane_stride + step * int64_t{sizeof(Unit)}, sizeof(Unit));
      std::fill(units + step * width + count, units + step * width + side, Unit{});
    }
  }
  const int64_t behind = lanes.count % width;  // squares have filled one vector, where two may be read
  if (behind == 0 || behind > side) return;
  for (int64_t step = 0; step < steps.count; ++step)
    std::fill_n(to + lanes.count / width * lanes.panel_units + step * width + side, width - side, Unit{});
}

}  // namespace penstock::core
