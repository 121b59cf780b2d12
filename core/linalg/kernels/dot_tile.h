// Products whose operands both lie along inner: tiles of dots, which read a few rows and a few columns where they are.
//
// Nothing is packed, which pays where there are few rows or few columns to share the cost of packing.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <utility>

#include "core/base/multiply_add.h"
#include "core/linalg/block.h"
#include "core/linalg/kernels/tile.h"

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace penstock::core {

// Each element is summed in so many bytes of sums side by side, whatever the width of vectors: the same order, and bits, on
// every processor that fuses products with sums.
constexpr int64_t dot_tile_sums_nbytes = 64;
// Of so many rounds are the stretches of inner that are summed one after the other: a tile's operands fit the first cache.
constexpr int64_t dot_tile_stretch_rounds = 64;

// Where tiles of dots beat packing, as measured: few columns, whose panels would be filled up with zeros, or few rows, which
// a packed operand is not read often enough by; and inner so long that adding up a tile's sums does not count.
constexpr int64_t most_dot_tile_columns = 24, least_dot_tile_inner = 16;
constexpr int64_t most_dot_tile_rows = 32, dot_tile_inner_of_a_row = 16;

// The first count numbers from there, and zeros; reads nothing behind them.  count: from 1 on.
template <typename Number, int bytes>
PS_LANES_INLINE auto load_first(const Number *from, int64_t count) {
  constexpr int lanes = bytes / static_cast<int>(sizeof(Number));
  using Vector = typename VectorOf<Number, lanes>::type;
  const auto few = static_cast<int>(std::min<int64_t>(count, lanes));
#if defined(__AVX512F__)
  if constexpr (bytes == 64) {
    const uint32_t mask = (uint32_t{1} << few) - 1;
    if constexpr (sizeof(Number) == 4)
      return static_cast<Vector>(_mm512_maskz_loadu_ps(static_cast<__mmask16>(mask), from));
    else
      return static_cast<Vector>(_mm512_maskz_loadu_pd(static_cast<__mmask8>(mask), from));
  }
#endif
#if defined(__AVX2__)
  if constexpr (bytes == 32) {
    if constexpr (sizeof(Number) == 4) {
      const __m256i places = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
      return static_cast<Vector>(_mm256_maskload_ps(from, _mm256_cmpgt_epi32(_mm256_set1_epi32(few), places)));
    } else {
      const __m256i places = _mm256_setr_epi64x(0, 1, 2, 3);
      return static_cast<Vector>(_mm256_maskload_pd(from, _mm256_cmpgt_epi64(_mm256_set1_epi64x(few), places)));
    }
  }
#endif
  Number numbers[lanes] = {};
  for (int lane = 0; lane < few; ++lane) numbers[lane] = read_unaligned(from + lane);
  Vector vector;
  std::memcpy(&vector, numbers, sizeof(vector));
  return vector;
}

// Of each span of lanes, the lower or upper halves of the first's groups of 2 * half lanes, and then of the second's.
template <int half, int span, bool upper, typename Vector, size_t... lanes>
PS_LANES_INLINE Vector halves_of(Vector first, Vector second, std::index_sequence<lanes...>) {
  constexpr auto source = [](size_t lane) {
    constexpr size_t own = span / 2;  // lanes of a span that come from one of the two
    const size_t place = lane % own;
    return lane % span / own * sizeof...(lanes) + lane / span * span + place / half * 2 * half + place % half +
           (upper ? half : 0);
  };
  return __builtin_shufflevector(first, second, source(lanes)...);
}

// Both vectors with the upper half of each group added to the lower one, together in one vector.
template <int half, int span, typename Vector>
PS_LANES_INLINE Vector halves_added(Vector first, Vector second) {
  constexpr auto lanes = std::make_index_sequence<sizeof(Vector) / sizeof(first[0])>();
  return halves_of<half, span, false>(first, second, lanes) + halves_of<half, span, true>(first, second, lanes);
}

// Sums of dots.  An element's sums are as many vectors as fill dot_tile_sums_nbytes, each of which goes through inner by
// itself: a tile then has as many rows and columns as registers hold of one vector.
template <typename Number, int bytes>
class DotTile {
  static constexpr int lanes = bytes / static_cast<int>(sizeof(Number));
  static constexpr int vectors = static_cast<int>(dot_tile_sums_nbytes) / bytes;  // of an element's sums
  static constexpr int64_t round = dot_tile_sums_nbytes / static_cast<int64_t>(sizeof(Number));
  static constexpr int quarters = bytes / 16;  // of a vector, each with a row's sums in the end
  static constexpr int together = 16 / static_cast<int>(sizeof(Number));  // sums that end in 16 bytes
  using Vector = typename VectorOf<Number, lanes>::type;
  using Sums = typename VectorOf<Number, together>::type;

 public:
  static constexpr int rows = 4;
  static constexpr int most_columns = bytes == 64 ? 6 : 3;  // what the processor's registers hold beside the operands
  static constexpr int64_t stretch = dot_tile_stretch_rounds * round;

  // So many numbers of operands' lines, which lie apart by strides.
  struct Task {
    const Number *left = nullptr;
    int64_t left_stride = 0;
    const Number *right = nullptr;
    int64_t right_stride = 0;
    int64_t count = 0;
    Number *out = nullptr;
    int64_t out_row = 0, out_column = 1;
    bool adds = false;  // to what out holds; otherwise it is written
  };

  // Fewer rows than a tile has are as if the last one came again.
  template <int columns>
  static void multiply(const Task &task, int row_count) {
    const Number *left[rows], *right[columns];
    set_lines(left, task.left, task.left_stride, row_count);
    set_lines(right, task.right, task.right_stride, columns);
    Vector sums[vectors][rows][columns];
    for (int vector = 0; vector < vectors; ++vector)
      add_up(sums[vector], task.count, vector,
             [&](Vector(&parts)[rows][columns], const auto &load) PS_LANES_INLINE_LAMBDA {
               Vector factors[rows];
#pragma GCC unroll 4
               for (int row = 0; row < rows; ++row) factors[row] = load(left[row]);
#pragma GCC unroll 6
               for (int column = 0; column < columns; ++column) {
                 const Vector other = load(right[column]);
#pragma GCC unroll 4
                 for (int row = 0; row < rows; ++row)
                   parts[row][column] = multiply_add(factors[row], other, parts[row][column]);
               }
             });
#pragma GCC unroll 3
    for (int first = 0; first < columns; first += together) {
      Number joined[rows][together];
      join_columns(joined, sums, first);
      for (int row = 0; row < row_count; ++row)
        store(task, task.out + row * task.out_row + first, joined[row], std::min(together, columns - first));
    }
  }

  // One row times as many columns as a tile has rows; column_count: as with rows.  More would be slower: the second cache
  // gives columns that follow one another faster than many side by side.
  static void multiply_row(const Task &task, int column_count) {
    const Number *right[rows];
    set_lines(right, task.right, task.right_stride, column_count);
    Vector sums[vectors][rows][1];
    for (int vector = 0; vector < vectors; ++vector)
      add_up(sums[vector], task.count, vector, [&](Vector(&parts)[rows][1], const auto &load) PS_LANES_INLINE_LAMBDA {
        const Vector factor = load(task.left);
#pragma GCC unroll 4
        for (int column = 0; column < rows; ++column)
          parts[column][0] = multiply_add(factor, load(right[column]), parts[column][0]);
      });
    Number joined[rows][together];
    join_columns(joined, sums, 0);
    for (int column = 0; column < column_count; ++column) {
      Number *const out = task.out + column * task.out_column;
      const Number sum = joined[column][0], written = task.adds ? read_unaligned(out) + sum : sum;
      std::memcpy(out, &written, sizeof(written));
    }
  }

 private:
  template <int lines>
  static PS_LANES_INLINE void set_lines(const Number *(&to)[lines], const Number *first, int64_t stride, int count) {
#pragma GCC unroll 8
    for (int line = 0; line < lines; ++line) to[line] = first + std::min(line, count - 1) * stride;
  }

  // add_round(parts, load): adds the products of one round, of whose numbers load gives those of one vector.
  template <int columns, typename AddRound>
  static PS_LANES_INLINE void add_up(Vector (&sums)[rows][columns], int64_t count, int vector,
                                     const AddRound &add_round) {
    Vector parts[rows][columns] = {};
    const int64_t first = int64_t{vector} * lanes;
    int64_t at = first;
    for (; at - first + round <= count; at += round)
      add_round(parts, [&](const Number *line) PS_LANES_INLINE_LAMBDA {
        Vector loaded;
        std::memcpy(&loaded, line + at, sizeof(loaded));
        return loaded;
      });
    if (at < count)
      add_round(parts, [&](const Number *line)
                           PS_LANES_INLINE_LAMBDA { return load_first<Number, bytes>(line + at, count - at); });
    std::memcpy(sums, parts, sizeof(parts));
  }

  // An element's sums are added up by halves, the upper to the lower one, until one is left: of all rows and some columns
  // at once, whose sums stand side by side in a row's 16 bytes.
  template <int columns>
  static PS_LANES_INLINE void join_columns(Number (&joined)[rows][together],
                                           const Vector (&sums)[vectors][rows][columns], int first) {
#pragma GCC unroll 4
    for (int row = 0; row < rows; row += quarters) {
      Vector of_columns[together];
#pragma GCC unroll 4
      for (int column = 0; column < together; ++column) {
        Vector parts[quarters];
#pragma GCC unroll 4
        for (int quarter = 0; quarter < quarters; ++quarter)
          parts[quarter] = vectors_added(sums, row + quarter, std::min(first + column, columns - 1));
        of_columns[column] = all_joined<lanes / 2, lanes>(parts);
      }
      const Vector together_now = all_joined<together / 2, together>(of_columns);
      std::memcpy(joined[row], &together_now, sizeof(together_now));
    }
  }
  template <int columns>
  static PS_LANES_INLINE Vector vectors_added(const Vector (&sums)[vectors][rows][columns], int row, int column) {
    const auto part = [&](int vector) PS_LANES_INLINE_LAMBDA { return sums[vector][row][column]; };
    if constexpr (vectors == 4) return (part(0) + part(2)) + (part(1) + part(3));
    if constexpr (vectors == 2) return part(0) + part(1);
    return part(0);
  }
  template <int half, int span, size_t count>
  static PS_LANES_INLINE Vector all_joined(Vector (&parts)[count]) {
    if constexpr (count == 1) {
      return parts[0];
    } else {
      Vector fewer[count / 2];
#pragma GCC unroll 2
      for (size_t part = 0; part < count / 2; ++part)
        fewer[part] = halves_added<half, span>(parts[2 * part], parts[2 * part + 1]);
      return all_joined<half / 2, span>(fewer);
    }
  }

  static PS_LANES_INLINE void store(const Task &task, Number *out, const Number *joined, int count) {
    const size_t nbytes = static_cast<size_t>(count) * sizeof(Number);
    Sums sums{};
    std::memcpy(&sums, joined, nbytes);
    if (task.adds) {
      Sums before{};
      std::memcpy(&before, out, nbytes);
      sums = before + sums;
    }
    std::memcpy(out, &sums, nbytes);
  }
};

// A block by such tiles.
template <typename Number, int bytes>
class DotTileProduct {
  using Tile = DotTile<Number, bytes>;
  using Task = typename Tile::Task;

 public:
  explicit DotTileProduct(const Block &block) : block_(block) {}

  // Whether a block is multiplied so.  Where one is, those with fewer rows and columns are, and parts of it along inner that
  // have most_dot_tile_rows * dot_tile_inner_of_a_row steps or more: none of them needs a workspace.
  static bool takes(const Block &block) {
    const bool lies_along_inner = block.left.column_stride == 1 && block.right.row_stride == 1;
    if (!lies_along_inner || block.inner == 0) return false;
    if (block.rows == 1 || block.columns == 1) return block.rows != block.columns;
    if (block.columns <= most_dot_tile_columns && block.inner >= least_dot_tile_inner) return true;
    return block.rows <= most_dot_tile_rows && block.inner >= block.rows * dot_tile_inner_of_a_row;
  }

  void run() const {
    if (block_.columns == 1) return run_row(with_column_as_row());
    const int64_t whole_rows = block_.rows % Tile::rows == 1 ? block_.rows - 1 : block_.rows;
    for (int64_t first = 0; whole_rows > 0 && first < block_.inner; first += Tile::stretch)
      for (int64_t column = 0; column < block_.columns; column += Tile::most_columns)
        for (int64_t row = 0; row < whole_rows; row += Tile::rows)
          run_tile(row, std::min<int64_t>(Tile::rows, whole_rows - row), column,
                   std::min<int64_t>(Tile::most_columns, block_.columns - column), first);
    if (whole_rows < block_.rows) run_row(row_task(whole_rows));
  }

 private:
  // One row times count columns.
  struct RowTask {
    Task task;
    int64_t columns;
  };

  static const Number *numbers(const MatrixView &matrix) { return reinterpret_cast<const Number *>(matrix.data); }
  Number *out() const { return reinterpret_cast<Number *>(block_.out.data); }

  RowTask row_task(int64_t row) const {
    return {{.left = numbers(block_.left) + row * block_.left.row_stride,
             .right = numbers(block_.right),
             .right_stride = block_.right.column_stride,
             .out = out() + row * block_.out.row_stride},
            block_.columns};
  }
  RowTask with_column_as_row() const {
    return {{.left = numbers(block_.right),
             .right = numbers(block_.left),
             .right_stride = block_.left.row_stride,
             .out = out(),
             .out_column = block_.out.row_stride},
            block_.rows};
  }

  void run_row(const RowTask &row) const {
    for (int64_t column = 0; column < row.columns; column += Tile::rows)
      for (int64_t first = 0; first < block_.inner; first += Tile::stretch) {
        Task task = row.task;
        task.left += first;
        task.right += column * task.right_stride + first;
        task.count = std::min(Tile::stretch, block_.inner - first);
        task.out += column * task.out_column;
        task.adds = first > 0;
        Tile::multiply_row(task, static_cast<int>(std::min<int64_t>(Tile::rows, row.columns - column)));
      }
  }

  void run_tile(int64_t row, int64_t rows, int64_t column, int64_t columns, int64_t first) const {
    const Task task{.left = numbers(block_.left) + row * block_.left.row_stride + first,
                    .left_stride = block_.left.row_stride,
                    .right = numbers(block_.right) + column * block_.right.column_stride + first,
                    .right_stride = block_.right.column_stride,
                    .count = std::min(Tile::stretch, block_.inner - first),
                    .out = out() + row * block_.out.row_stride + column,
                    .out_row = block_.out.row_stride,
                    .adds = first > 0};
    run_tile_of(task, static_cast<int>(rows), static_cast<int>(columns),
                std::make_integer_sequence<int, Tile::most_columns>());
  }
  template <int... fewer>
  static void run_tile_of(const Task &task, int rows, int columns, std::integer_sequence<int, fewer...>) {
    using Multiply = void (*)(const Task &, int);
    static constexpr Multiply tiles[] = {Tile::template multiply<fewer + 1>...};
    tiles[columns - 1](task, rows);
  }

  const Block &block_;
};

}  // namespace penstock::core
