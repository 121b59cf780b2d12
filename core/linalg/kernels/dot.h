// A row times a column: the products are summed side by side.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "core/linalg/kernels/tile.h"
#include "core/tensor/element.h"

namespace penstock::core {

// So many bytes of sums run side by side, whatever the width of vectors: the same order, and bits, on every processor that
// fuses products with sums.
constexpr int64_t dot_nbytes = 256;
// Of so many rounds are the stretches that are summed one after the other.
constexpr int64_t dot_stretch_rounds = 256;
// Elements that are no numbers to multiply, or lie apart, are first copied, so many rounds at a time.
constexpr int64_t dot_copied_rounds = 8;

// Elements of a row or a column; the stride is in elements.
template <typename Element>
struct DotOperand {
  const Element *elements;
  int64_t stride;

  DotOperand from(int64_t index) const { return {elements + index * stride, stride}; }
};

// {1, 0, 3, 2, ...}: each pair's halves change places.
template <typename Vector, size_t... lanes>
PS_LANES_INLINE Vector with_halves_swapped(Vector pairs, std::index_sequence<lanes...>) {
  return __builtin_shufflevector(pairs, pairs, (lanes ^ 1)...);
}

template <typename Scheme, int bytes>
class Dot {
  using Element = typename Scheme::Element;
  using Number = typename Scheme::Number;
  static constexpr bool is_complex = AnyComplex<Element>;
  static constexpr int64_t numbers_each = is_complex ? 2 : 1;
  static constexpr bool elements_are_numbers = is_complex || std::is_same_v<Element, Number>;
  static constexpr int lanes = bytes / static_cast<int>(sizeof(Number));
  static constexpr int vectors = static_cast<int>(dot_nbytes) / bytes;
  static constexpr int64_t round_numbers = dot_nbytes / static_cast<int64_t>(sizeof(Number));
  static constexpr int64_t round_elements = round_numbers / numbers_each;
  static constexpr int64_t copied_elements = dot_copied_rounds * round_elements;
  using Vector = typename VectorOf<Number, lanes>::type;

 public:
  using Operand = DotOperand<Element>;
  // The sum's numbers: one, or the real and the imaginary part.
  struct Sum {
    Number numbers[numbers_each];
  };

  static Sum of(Operand first, Operand second, int64_t count) {
    Sum total{};
    constexpr int64_t stretch = dot_stretch_rounds * round_elements;
    for (int64_t done = 0; done < count; done += stretch) {
      const Sum sum = of_stretch(first.from(done), second.from(done), std::min(stretch, count - done));
      for (int64_t each = 0; each < numbers_each; ++each)
        total.numbers[each] = done == 0 ? sum.numbers[each] : total.numbers[each] + sum.numbers[each];
    }
    return total;
  }

 private:
  // Of complex numbers, across: each real part with the other's imaginary part, and each imaginary with the other's real.
  struct Sums {
    Vector straight[vectors] = {};
    Vector across[is_complex ? vectors : 1] = {};

    PS_LANES_INLINE void add_round(const Number *first, const Number *second) {
#pragma GCC unroll 16
      for (int vector = 0; vector < vectors; ++vector) {
        Vector one, other;
        std::memcpy(&one, first + vector * lanes, sizeof(Vector));
        std::memcpy(&other, second + vector * lanes, sizeof(Vector));
        straight[vector] = one * other + straight[vector];
        if constexpr (is_complex)
          across[vector] = one * with_halves_swapped(other, std::make_index_sequence<lanes>()) + across[vector];
      }
    }
    Sum in_all() const {
      Number parts[round_numbers];
      std::memcpy(parts, straight, sizeof(parts));
      add_halves(parts);
      if constexpr (is_complex) {
        Number others[round_numbers];
        std::memcpy(others, across, sizeof(others));
        add_halves(others);
        return {{parts[0] - parts[1], others[0] + others[1]}};
      } else {
        return {{parts[0]}};
      }
    }
    static void add_halves(Number *parts) {
      for (int64_t half = round_numbers / 2; half >= numbers_each; half /= 2)
        for (int64_t part = 0; part < half; ++part) parts[part] += parts[part + half];
    }
  };

  static Sum of_stretch(Operand first, Operand second, int64_t count) {
    Sums sums;
    int64_t done = 0;
    if constexpr (elements_are_numbers) {
      if (first.stride == 1 && second.stride == 1)
        for (; done + round_elements <= count; done += round_elements)
          sums.add_round(reinterpret_cast<const Number *>(first.elements + done),
                         reinterpret_cast<const Number *>(second.elements + done));
    }
    for (; done < count; done += copied_elements)
      add_copied(sums, first.from(done), second.from(done), std::min(copied_elements, count - done));
    return sums.in_all();
  }

  static void add_copied(Sums &sums, Operand first, Operand second, int64_t count) {
    Number copies[2][copied_elements * numbers_each];
    const int64_t padded = (count + round_elements - 1) / round_elements * round_elements;
    copy(first, count, padded, copies[0]);
    copy(second, count, padded, copies[1]);
    for (int64_t number = 0; number < padded * numbers_each; number += round_numbers)
      sums.add_round(copies[0] + number, copies[1] + number);
  }

  static PS_LANES_INLINE void copy(Operand from, int64_t count, int64_t padded, Number *__restrict to) {
    if (from.stride == 1)
      copy_elements(from.elements, 1, count, to);
    else
      copy_elements(from.elements, from.stride, count, to);
    std::fill(to + count * numbers_each, to + padded * numbers_each, Number{});
  }
  static PS_LANES_INLINE void copy_elements(const Element *__restrict from, int64_t stride, int64_t count,
                                            Number *__restrict to) {
    for (int64_t index = 0; index < count; ++index) {
      const Element element = read_unaligned(from + index * stride);
      if constexpr (is_complex) {
        to[2 * index] = element.real;
        to[2 * index + 1] = element.imaginary;
      } else {
        to[index] = Scheme::to_number(element);
      }
    }
  }
};

}  // namespace penstock::core
