// In what each dtype is multiplied and summed, and how its matrices become rows of such units.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/base/multiply_add.h"
#include "core/linalg/block.h"
#include "core/linalg/kernels/tile.h"
#include "core/tensor/element.h"

namespace penstock::core {

// Where a row lies from a column on, in memory whose columns lie side by side.
template <typename Element>
PS_LANES_INLINE const Element *row_at(const MatrixView &matrix, int64_t row, int64_t column) {
  return reinterpret_cast<const Element *>(matrix.data) + row * matrix.row_stride + column;
}

template <typename Element>
PS_LANES_INLINE Element element_at(const MatrixView &matrix, int64_t row, int64_t column) {
  const int64_t offset = row * matrix.row_stride + column * matrix.column_stride;
  return read_unaligned(reinterpret_cast<const Element *>(matrix.data + offset * int64_t{sizeof(Element)}));
}

// One unit an element: float and double as they are, small floats as float, integers as unsigned ones of 32 or 64 bits
// (the low bits of a product depend on the low bits of its factors alone), bool as 0 or 1.
template <typename ElementType, typename NumberType>
struct PlainScheme {
  using Element = ElementType;
  using Unit = NumberType;
  using Number = NumberType;
  using Stored = Element;  // what out consists of
  static constexpr bool units_are_elements = std::is_same_v<Element, Unit>;
  static constexpr bool units_lie_in_inner = units_are_elements;  // as unit_elements elements side by side
  static constexpr int64_t unit_elements = 1;

  static int64_t steps(int64_t inner) { return inner; }
  static int64_t lanes(int64_t columns) { return columns; }

  static PS_LANES_INLINE Unit to_number(Element element) {
    if constexpr (std::is_same_v<Element, Bool8>)
      return element.byte != 0 ? 1 : 0;
    else
      return convert<Unit>(element);
  }
  static PS_LANES_INLINE Stored to_stored(Number number) {
    if constexpr (std::is_same_v<Element, Bool8>)
      return {static_cast<uint8_t>(number != 0 ? 1 : 0)};
    else
      return convert<Stored>(number);
  }
  static PS_LANES_INLINE void store_row(const Number *__restrict sums, int64_t count, Stored *__restrict to) {
    for (int64_t lane = 0; lane < count; ++lane) {
      const Stored stored = to_stored(sums[lane]);
      std::memcpy(static_cast<void *>(to + lane), &stored, sizeof(Stored));
    }
  }
  static PS_LANES_INLINE Unit left_unit(const Block &block, int64_t row, int64_t step) {
    return to_number(element_at<Element>(block.left, row, step));
  }
  static PS_LANES_INLINE Unit right_unit(const Block &block, int64_t step, int64_t lane) {
    return to_number(element_at<Element>(block.right, step, lane));
  }
  static PS_LANES_INLINE void read_right_row(const Block &block, int64_t step, int64_t first_lane, int64_t count,
                                             Unit *__restrict to) {
    const Element *__restrict row = row_at<Element>(block.right, step, first_lane);
    for (int64_t lane = 0; lane < count; ++lane) to[lane] = to_number(read_unaligned(row + lane));
  }
  template <typename Numbers, typename Units>
  static PS_LANES_INLINE Numbers multiply_add(Units first, Units second, Numbers sum) {
    return core::multiply_add(first, second, sum);
  }
};

// A complex product is a real one of twice the size along inner and columns: each left element is the two units that it is
// in memory, each right one (a, b) the square of two steps and two lanes {a, b}, {-b, a}; out is as complex numbers lie.
template <typename PartType>
struct ComplexScheme {
  using Element = Complex<PartType>;
  using Unit = PartType;
  using Number = PartType;
  using Stored = PartType;
  static constexpr bool units_are_elements = false;
  static constexpr bool units_lie_in_inner = false;

  static int64_t steps(int64_t inner) { return 2 * inner; }
  static int64_t lanes(int64_t columns) { return 2 * columns; }

  static PS_LANES_INLINE Unit left_unit(const Block &block, int64_t row, int64_t step) {
    const Element element = element_at<Element>(block.left, row, step / 2);
    return step % 2 == 0 ? element.real : element.imaginary;
  }
  static PS_LANES_INLINE Unit right_unit(const Block &block, int64_t step, int64_t lane) {
    const Element element = element_at<Element>(block.right, step / 2, lane / 2);
    if (step % 2 == lane % 2) return element.real;
    return step % 2 == 0 ? element.imaginary : -element.imaginary;
  }
  static PS_LANES_INLINE void read_right_row(const Block &block, int64_t step, int64_t first_lane, int64_t count,
                                             Unit *__restrict to) {
    const Element *__restrict row = row_at<Element>(block.right, step / 2, first_lane / 2);
    for (int64_t column = 0; column < count / 2; ++column) {
      const Element element = read_unaligned(row + column);
      to[2 * column] = step % 2 == 0 ? element.real : -element.imaginary;
      to[2 * column + 1] = step % 2 == 0 ? element.imaginary : element.real;
    }
  }
  template <typename Numbers, typename Units>
  static PS_LANES_INLINE Numbers multiply_add(Units first, Units second, Numbers sum) {
    return core::multiply_add(first, second, sum);
  }
};

}  // namespace penstock::core
