// A block's product, for one width of vectors: stretches of inner, panels of columns, tiles of rows.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>

#include "core/linalg/block.h"
#include "core/linalg/kernels/dot.h"
#include "core/linalg/kernels/dot_tile.h"
#include "core/linalg/kernels/pack.h"
#include "core/linalg/kernels/schemes.h"
#include "core/linalg/kernels/tile.h"

namespace penstock::core {

// Of inner, in steps: a panel of the right operand then fits the first cache, the left operand of a block the second.
constexpr int64_t stretch_steps = 256;

template <typename Scheme, int bytes>
class BlockProduct {
  using Unit = typename Scheme::Unit;
  using Number = typename Scheme::Number;
  using Stored = typename Scheme::Stored;
  using Shape = TileShape<Scheme, bytes>;
  static constexpr bool sums_in_place = std::is_same_v<Number, Stored>;
  static constexpr bool has_dot_tiles = Scheme::units_are_elements && std::is_floating_point_v<Number>;

 public:
  BlockProduct(const Block &block, std::byte *workspace)
      : block_(block), lanes_(Scheme::lanes(block.columns)), writes_sums_(writes_sums(block)) {
    const Layout layout = layout_of(block);
    left_ = reinterpret_cast<Unit *>(workspace);
    right_ = reinterpret_cast<Unit *>(workspace + layout.left);
    sums_ = reinterpret_cast<Number *>(workspace + layout.left + layout.right);
    sums_row_ = lanes_;
    if (writes_sums_) {
      sums_ = reinterpret_cast<Number *>(block.out.data);
      sums_row_ = block.out.row_stride * Scheme::lanes(1);
    }
  }

  static int64_t workspace_nbytes(const Block &block) {
    const Layout layout = layout_of(block);
    return layout.left + layout.right + layout.sums;
  }

  void run() {
    if (is_of_dot_tiles(block_)) {
      if constexpr (has_dot_tiles) DotTileProduct<Number, bytes>(block_).run();
    } else if (is_of_dots(block_)) {
      multiply_by_column();
    } else {
      const int64_t steps = Scheme::steps(block_.inner);
      for (int64_t first = 0; first < steps || first == 0; first += stretch_steps)
        add_stretch({first, std::min(stretch_steps, steps - first)});
    }
    if (!writes_sums_) store(block_, sums_, lanes_);
  }

  // out = count times rows x lanes sums that lie behind each other, added up.
  static void add_up(const Block &block, Number *sums, int64_t count) {
    const int64_t lanes = Scheme::lanes(block.columns), each = block.rows * lanes;
    for (int64_t other = 1; other < count; ++other)
      for (int64_t lane = 0; lane < each; ++lane) sums[lane] += sums[other * each + lane];
    store(block, sums, lanes);
  }

 private:
  struct Layout {
    int64_t left, right, sums;  // bytes
  };

  static int64_t round_up(int64_t nbytes) { return (nbytes + 63) / 64 * 64; }

  static Layout layout_of(const Block &block) {
    if (is_of_dot_tiles(block)) return {};
    const int64_t steps = std::min(stretch_steps, Scheme::steps(block.inner));
    const int64_t unit = sizeof(Unit);
    return {reads_left_directly(block) ? 0 : round_up(block.rows * (steps + left_padding) * unit),
            round_up(group_panels(block) * panel_units(steps) * unit),
            writes_sums(block) ? 0 : round_up(block.rows * Scheme::lanes(block.columns) * unit)};
  }

  static bool writes_sums(const Block &block) { return sums_in_place || block.keeps_sums; }

  static bool is_of_dot_tiles(const Block &block) {
    if constexpr (has_dot_tiles) return DotTileProduct<Number, bytes>::takes(block);
    return false;
  }

  // One column, which is read with each row from end to end.
  static bool is_of_dots(const Block &block) {
    const bool lies_densely = block.left.column_stride == 1 && block.right.row_stride == 1;
    return block.columns == 1 && (lies_densely || block.rows == 1);
  }

  // So many panels are packed together: the right operand's rows are then read in long stretches.
  static int64_t group_panels(const Block &block) {
    if (reads_right_directly(block)) return 1;  // the last, where it is not full
    return std::min<int64_t>(most_group_panels, (Scheme::lanes(block.columns) + Shape::columns - 1) / Shape::columns);
  }
  // Panels lie apart by a little more than a power of two, so that a row's stretches do not share a cache's set.
  static int64_t panel_units(int64_t steps) { return steps * Shape::columns + 64 / static_cast<int64_t>(sizeof(Unit)); }
  static constexpr int64_t most_group_panels = 8;

  // Copying pays where it is read often and lies so that lines or pages would be used badly.
  static bool reads_left_directly(const Block &block) {
    const MatrixView &left = block.left;
    if constexpr (Scheme::units_are_elements) {
      if (block.columns <= 2 * Shape::columns) return true;
      if (left.row_stride == 1 && left.column_stride <= most_direct_stride) return true;
    }
    if constexpr (Scheme::units_lie_in_inner) {
      constexpr int64_t unit_elements = Scheme::unit_elements;
      const bool has_whole_units = left.row_stride % unit_elements == 0 && block.inner % unit_elements == 0;
      return left.column_stride == 1 && has_whole_units &&
             std::abs(left.row_stride) <= most_direct_stride * unit_elements;
    }
    return false;
  }
  static bool reads_right_directly(const Block &block) {
    if constexpr (!Scheme::units_are_elements) return false;
    if (block.right.column_stride != 1) return false;
    return block.rows <= 4 * Shape::rows || std::abs(block.right.row_stride) <= most_direct_stride;
  }
  static constexpr int64_t most_direct_stride = 2048 / static_cast<int64_t>(sizeof(Unit));

  static constexpr int64_t unit_elements() {
    if constexpr (Scheme::units_lie_in_inner) return Scheme::unit_elements;
    return 1;
  }

  const Unit *elements(const MatrixView &matrix, int64_t offset) const {
    return matrix.data == nullptr ? nullptr : reinterpret_cast<const Unit *>(matrix.data) + offset;
  }

  void add_stretch(Steps steps) {
    LeftUnits<Unit> left;
    if (!reads_left_directly(block_))
      left = pack_left<Scheme, bytes>(block_, steps, left_);
    else if (block_.left.column_stride == 1)
      left = {elements(block_.left, steps.first), block_.left.row_stride / unit_elements(), 1};
    else
      left = {elements(block_.left, steps.first * block_.left.column_stride), block_.left.row_stride,
              block_.left.column_stride};
    const int64_t group_lanes = group_panels(block_) * Shape::columns;
    for (int64_t lane = add_wide_panels(left, steps); lane < lanes_; lane += group_lanes) {
      const int64_t lane_count = std::min(group_lanes, lanes_ - lane);
      const bool is_direct = lane_count >= Shape::columns && reads_right_directly(block_);
      if (!is_direct) pack_group(steps, lane, lane_count);
      for (int64_t panel = 0; panel * Shape::columns < lane_count; ++panel)
        add_panel(left, steps, lane + panel * Shape::columns,
                  is_direct ? nullptr : right_ + panel * panel_units(steps.count));
    }
  }

  // One row times panels as wide as there are registers, where they lie: returns the first lane that is left.  Rows of the
  // right operand are then read in longer stretches.
  int64_t add_wide_panels(const LeftUnits<Unit> &left, Steps steps) {
    constexpr int vectors = 8;
    constexpr int64_t columns = vectors * Shape::lanes;
    if (block_.rows != 1 || !reads_right_directly(block_)) return 0;
    int64_t lane = 0;
    for (; lane + columns <= lanes_; lane += columns)
      multiply_tile<Scheme, bytes, 1, vectors>(
          {.left = left.units,
           .left_row = left.row,
           .left_step = left.step,
           .right = elements(block_.right, steps.first * block_.right.row_stride + lane),
           .right_step = block_.right.row_stride,
           .steps = steps.count,
           .out = sums_ + lane,
           .out_row = sums_row_,
           .adds = steps.first > 0});
    return lane;
  }

  void multiply_by_column() {
    using Element = typename Scheme::Element;
    const auto *left = reinterpret_cast<const Element *>(block_.left.data);
    const DotOperand<Element> column{reinterpret_cast<const Element *>(block_.right.data), block_.right.row_stride};
    for (int64_t row = 0; row < block_.rows; ++row) {
      const auto sum = Dot<Scheme, bytes>::of({left + row * block_.left.row_stride, block_.left.column_stride}, column,
                                              block_.inner);
      std::memcpy(sums_ + row * sums_row_, &sum, sizeof(sum));
    }
  }

  // packed: null where the panel is read where it lies.
  void add_panel(const LeftUnits<Unit> &left, Steps steps, int64_t first_lane, const Unit *packed) {
    const int64_t lane_count = std::min<int64_t>(Shape::columns, lanes_ - first_lane);
    TileTask<Unit, Number> task{.left = left.units,
                                .left_row = left.row,
                                .left_step = left.step,
                                .right = packed,
                                .right_step = Shape::columns,
                                .steps = steps.count,
                                .out = sums_,
                                .out_row = sums_row_,
                                .adds = steps.first > 0};
    if (packed == nullptr) {
      task.right = elements(block_.right, steps.first * block_.right.row_stride + first_lane);
      task.right_step = block_.right.row_stride;
    }
    for (int64_t row = 0; row < block_.rows; row += Shape::rows) {
      const auto rows = static_cast<int>(std::min<int64_t>(Shape::rows, block_.rows - row));
      task.left = left.units == nullptr ? nullptr : left.units + row * left.row;  // null: inner has no elements
      task.out = sums_ + row * sums_row_ + first_lane;
      if (lane_count == Shape::columns)
        run_tile<Shape::vectors>(task, rows);
      else
        run_edge(task, rows, lane_count);
    }
  }

  void pack_group(Steps steps, int64_t first_lane, int64_t lane_count) {
    const RightLanes lanes{first_lane, lane_count, panel_units(steps.count)};
    if constexpr (Scheme::units_lie_in_inner) {
      const MatrixView &right = block_.right;
      const bool has_whole_units = (steps.first + steps.count) * Scheme::unit_elements <= block_.inner;
      if (right.row_stride == 1 && right.column_stride != 1 && has_whole_units)
        return pack_right_by_squares<Scheme, bytes>(block_, steps, lanes, right_);
    }
    pack_right<Scheme, bytes>(block_, steps, lanes, right_);
  }

  // A panel that is not full: by way of a tile of its own, since tiles are written in whole vectors.
  void run_edge(const TileTask<Unit, Number> &task, int rows, int64_t lane_count) {
    alignas(64) Number tile[Shape::rows * Shape::columns];
    TileTask<Unit, Number> whole = task;
    whole.out = tile;
    whole.out_row = Shape::columns;
    whole.adds = false;
    if (lane_count <= Shape::lanes)
      run_tile<1>(whole, rows);
    else
      run_tile<Shape::vectors>(whole, rows);
    for (int row = 0; row < rows; ++row)
      for (int64_t lane = 0; lane < lane_count; ++lane) {
        const Number sum = tile[row * Shape::columns + lane];
        Number *out = task.out + row * task.out_row + lane;
        const Number written = task.adds ? read_unaligned(out) + sum : sum;
        std::memcpy(out, &written, sizeof(Number));
      }
  }

  template <int vectors>
  static void run_tile(const TileTask<Unit, Number> &task, int rows) {
    run_tile_of<vectors>(task, rows, std::make_integer_sequence<int, Shape::rows>());
  }
  template <int vectors, int... fewer>
  static void run_tile_of(const TileTask<Unit, Number> &task, int rows, std::integer_sequence<int, fewer...>) {
    using Tile = void (*)(const TileTask<Unit, Number> &);
    static constexpr Tile tiles[] = {multiply_tile<Scheme, bytes, fewer + 1, vectors>...};
    tiles[rows - 1](task);
  }

  static void store(const Block &block, const Number *sums, int64_t lanes) {
    auto *out = reinterpret_cast<Stored *>(block.out.data);
    for (int64_t row = 0; row < block.rows; ++row) {
      Stored *to = out + row * block.out.row_stride * Scheme::lanes(1);
      if constexpr (sums_in_place)
        std::memcpy(to, sums + row * lanes, static_cast<size_t>(lanes) * sizeof(Stored));
      else
        Scheme::store_row(sums + row * lanes, lanes, to);
    }
  }

  const Block &block_;
  int64_t lanes_;
  bool writes_sums_;
  Unit *left_ = nullptr;
  Unit *right_ = nullptr;
  Number *sums_ = nullptr;
  int64_t sums_row_ = 0;
};

template <typename Scheme, int bytes>
BlockKernel block_kernel() {
  return {[](const Block &block, std::byte *workspace) { BlockProduct<Scheme, bytes>(block, workspace).run(); },
          BlockProduct<Scheme, bytes>::workspace_nbytes,
          static_cast<int64_t>(sizeof(typename Scheme::Number)) * Scheme::lanes(1),
          [](const Block &block, std::byte *sums, int64_t count) {
            BlockProduct<Scheme, bytes>::add_up(block, reinterpret_cast<typename Scheme::Number *>(sums), count);
          }};
}

// Integers and small floats use unsigned words as their own; signs make no difference to the low bits.
template <int bytes>
BlockKernel make_block_kernel(DType dtype) {
  switch (dtype) {
    case DType::bool8: return block_kernel<PlainScheme<Bool8, uint32_t>, bytes>();
    case DType::int8:
    case DType::uint8: return block_kernel<PlainScheme<uint8_t, uint32_t>, bytes>();
    case DType::int16:
    case DType::uint16: return block_kernel<PlainScheme<uint16_t, uint32_t>, bytes>();
    case DType::int32:
    case DType::uint32: return block_kernel<PlainScheme<uint32_t, uint32_t>, bytes>();
    case DType::int64:
    case DType::uint64: return block_kernel<PlainScheme<uint64_t, uint64_t>, bytes>();
    case DType::float16: return block_kernel<PlainScheme<Float16, float>, bytes>();
    case DType::bfloat16: return block_kernel<PlainScheme<BFloat16, float>, bytes>();
    case DType::float32: return block_kernel<PlainScheme<float, float>, bytes>();
    case DType::float64: return block_kernel<PlainScheme<double, double>, bytes>();
    case DType::complex64: return block_kernel<ComplexScheme<float>, bytes>();
    case DType::complex128: return block_kernel<ComplexScheme<double>, bytes>();
    default: return {};
  }
}

}  // namespace penstock::core
