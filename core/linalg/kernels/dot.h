// A row times a column: the products are summed side by side.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "core/base/multiply_add.h"
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

// {half, half + 1, ...}, and round again.
template <int half, typename Vector, size_t... lanes>
PS_LANES_INLINE Vector moved_down(Vector sums, std::index_sequence<lanes...>) {
  return __builtin_shufflevector(sums, sums, ((lanes + half) % sizeof...(lanes))...);
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
        add(vector, one, other);
      }
    }
    // Fewer numbers than a round has, as if zeros followed.
    PS_LANES_INLINE void add_part_of_round(const Number *first, const Number *second, int64_t count) {
      Number padded[2][round_numbers] = {};
      std::memcpy(padded[0], first, static_cast<size_t>(count) * sizeof(Number));
      std::memcpy(padded[1], second, static_cast<size_t>(count) * sizeof(Number));
      add_round(padded[0], padded[1]);
    }
    PS_LANES_INLINE void add(int vector, Vector one, Vector other) {
      straight[vector] = multiply_add(one, other, straight[vector]);
      if constexpr (is_complex)
        across[vector] =
            multiply_add(one, with_halves_swapped(other, std::make_index_sequence<lanes>()), across[vector]);
    }
    PS_LANES_INLINE Sum in_all() {
      const Vector parts = added_up(straight);
      if constexpr (is_complex) {
        const Vector others = added_up(across);
        return {{parts[0] - parts[1], others[0] + others[1]}};
      } else {
        return {{parts[0]}};
      }
    }
    // The upper half to the lower one, again and again: the order does not depend on the width of vectors.
    static PS_LANES_INLINE Vector added_up(Vector (&parts)[vectors]) {
#pragma GCC unroll 4
      for (int half = vectors / 2; half >= 1; half /= 2)
#pragma GCC unroll 8
        for (int part = 0; part < half; ++part) parts[part] += parts[part + half];
      return with_lanes_added_up<lanes / 2>(parts[0]);
    }
    template <int half>
    static PS_LANES_INLINE Vector with_lanes_added_up(Vector sums) {
      if constexpr (half < numbers_each)
        return sums;
      else
        return with_lanes_added_up<half / 2>(sums + moved_down<half>(sums, std::make_index_sequence<lanes>()));
    }
  };

  static Sum of_stretch(Operand first, Operand second, int64_t count) {
    Sums sums;
    if constexpr (elements_are_numbers) {
      if (first.stride == 1 && second.stride == 1) {
        const auto *one = reinterpret_cast<const Number *>(first.elements);
        const auto *other = reinterpret_cast<const Number *>(second.elements);
        const int64_t numbers = count * numbers_each;
        int64_t added = 0;
        for (; added + round_numbers <= numbers; added += round_numbers) sums.add_round(one + added, other + added);
        if (added < numbers) sums.add_part_of_round(one + added, other + added, numbers - added);
        return sums.in_all();
      }
    }
    for (int64_t done = 0; done < count; done += copied_elements)
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
