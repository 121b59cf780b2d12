// The innermost loops of convolutions: sums of products of a window's elements, a few channels by a few vectors of positions
// at once, for each width of vectors.
//
// They read a region: planes of elements in which a position's window lies at the same offsets from the position everywhere,
// so that no window is ever copied out (core/nn/kernels/window_pass.h).
#pragma once

#include <cstdint>
#include <cstring>
#include <utility>

#include "core/base/multiply_add.h"

namespace penstock::core::nn {

// Elements that may be read behind a region, and behind a row of sums or of factors: those of the widest vector.
inline constexpr int64_t window_slack = 16;

// sums[row][position] = starts[row] + the sum over steps of weights[row][step] * region[offsets[step] + position].
template <typename Element>
struct CorrelationTile {
  const Element *weights = nullptr;
  int64_t weight_row = 0, weight_step = 0;  // strides
  const Element *starts = nullptr;          // null: zeros
  const Element *region = nullptr;
  const int64_t *offsets = nullptr;
  int64_t steps = 0;
  Element *sums = nullptr;
  int64_t sums_row = 0;
  int64_t positions = 0;  // written in whole vectors
};

// gradient[row][step] += the sum over positions of factors[row][position] * region[offsets[step] + position].
template <typename Element>
struct GradientTile {
  const Element *factors = nullptr;  // zero behind the last position, to the end of its vector
  int64_t factors_row = 0;
  const Element *region = nullptr;
  const int64_t *offsets = nullptr;
  int64_t steps = 0;
  int64_t positions = 0;
  Element *gradient = nullptr;
  int64_t gradient_row = 0;
};

// Sums run in an order that the width of vectors and the sizes alone decide.
template <typename Element>
struct WindowKernels {
  void (*correlate)(const CorrelationTile<Element> &tile, int64_t rows) = nullptr;  // rows: 1 to correlation_rows
  void (*add_gradient)(const GradientTile<Element> &tile, int64_t rows) = nullptr;  // rows: 1 to gradient_rows
  Element (*sum)(const Element *from, int64_t count) = nullptr;
  int64_t correlation_rows = 0, gradient_rows = 0;
};

template <typename Element>
const WindowKernels<Element> &window_kernels_16();  // any processor
template <typename Element>
const WindowKernels<Element> &window_kernels_32();  // needs AVX2 and FMA
template <typename Element>
const WindowKernels<Element> &window_kernels_64();  // needs AVX-512 F, BW, DQ, VL

template <>
const WindowKernels<float> &window_kernels_16();
template <>
const WindowKernels<double> &window_kernels_16();
template <>
const WindowKernels<float> &window_kernels_32();
template <>
const WindowKernels<double> &window_kernels_32();
template <>
const WindowKernels<float> &window_kernels_64();
template <>
const WindowKernels<double> &window_kernels_64();

// The fastest for this processor.
template <typename Element>
const WindowKernels<Element> &find_window_kernels();  // of float and double

// ---------------------------------------------------------------------------------------------------------------------
// How they are computed.

template <typename Element, int bytes>
struct WindowTileShape {
  static constexpr int lanes = bytes / static_cast<int>(sizeof(Element));
  using Vector = typename VectorOf<Element, lanes>::type;
  // What the processor's 16 or, with 64 bytes, 32 registers hold beside the operands.
  static constexpr int rows = bytes == 64 ? 8 : 4, vectors = 3;
  static constexpr int gradient_rows = bytes == 64 ? 4 : 3, gradient_steps = bytes == 64 ? 6 : 4;

  static PS_LANES_INLINE Vector load(const Element *from) {
    Vector vector;
    std::memcpy(&vector, from, sizeof(vector));
    return vector;
  }
  static PS_LANES_INLINE Vector broadcast(Element element) { return Lanes<Element, lanes>(element).vector; }
};

template <typename Element, int bytes, int rows, int vectors>
void correlate_tile(const CorrelationTile<Element> &tile, int64_t position) {
  using Shape = WindowTileShape<Element, bytes>;
  using Vector = typename Shape::Vector;
  Vector sums[rows][vectors];
#pragma GCC unroll 8
  for (int row = 0; row < rows; ++row) {
    const Vector start = tile.starts == nullptr ? Vector{} : Shape::broadcast(tile.starts[row]);
#pragma GCC unroll 8
    for (int vector = 0; vector < vectors; ++vector) sums[row][vector] = start;
  }
  const Element *weights = tile.weights;
  const Element *region = tile.region + position;
  const int64_t weight_row = tile.weight_row;
  for (int64_t step = 0; step < tile.steps; ++step) {
    const Element *from = region + tile.offsets[step];
    Vector elements[vectors];
#pragma GCC unroll 8
    for (int vector = 0; vector < vectors; ++vector) elements[vector] = Shape::load(from + vector * Shape::lanes);
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) {
      const Vector weight = Shape::broadcast(weights[row * weight_row]);
#pragma GCC unroll 8
      for (int vector = 0; vector < vectors; ++vector)
        sums[row][vector] = multiply_add(weight, elements[vector], sums[row][vector]);
    }
    weights += tile.weight_step;
  }
#pragma GCC unroll 8
  for (int row = 0; row < rows; ++row)
#pragma GCC unroll 8
    for (int vector = 0; vector < vectors; ++vector)
      std::memcpy(tile.sums + row * tile.sums_row + position + vector * Shape::lanes, &sums[row][vector],
                  sizeof(Vector));
}

template <typename Element, int bytes, int rows>
void correlate_rows(const CorrelationTile<Element> &tile) {
  using Shape = WindowTileShape<Element, bytes>;
  constexpr int64_t lanes = Shape::lanes;
  int64_t position = 0, vectors = (tile.positions + lanes - 1) / lanes;
  for (; vectors > 4 || vectors == 3; vectors -= 3, position += 3 * lanes)
    correlate_tile<Element, bytes, rows, 3>(tile, position);
  for (; vectors > 1; vectors -= 2, position += 2 * lanes) correlate_tile<Element, bytes, rows, 2>(tile, position);
  if (vectors == 1) correlate_tile<Element, bytes, rows, 1>(tile, position);
}

template <typename Element, int bytes, int... fewer>
void correlate_of(const CorrelationTile<Element> &tile, int64_t rows, std::integer_sequence<int, fewer...>) {
  using Function = void (*)(const CorrelationTile<Element> &);
  static constexpr Function functions[] = {correlate_rows<Element, bytes, fewer + 1>...};
  functions[rows - 1](tile);
}

// Halves are taken by shuffles: by way of memory they would wait for each other.
template <typename Element, int lanes>
PS_LANES_INLINE Element sum_of_lanes(typename VectorOf<Element, lanes>::type vector) {
  if constexpr (lanes == 16)
    return sum_of_lanes<Element, 8>(__builtin_shufflevector(vector, vector, 0, 1, 2, 3, 4, 5, 6, 7) +
                                    __builtin_shufflevector(vector, vector, 8, 9, 10, 11, 12, 13, 14, 15));
  else if constexpr (lanes == 8)
    return sum_of_lanes<Element, 4>(__builtin_shufflevector(vector, vector, 0, 1, 2, 3) +
                                    __builtin_shufflevector(vector, vector, 4, 5, 6, 7));
  else if constexpr (lanes == 4)
    return sum_of_lanes<Element, 2>(__builtin_shufflevector(vector, vector, 0, 1) +
                                    __builtin_shufflevector(vector, vector, 2, 3));
  else
    return vector[0] + vector[1];
}

template <typename Element, int bytes, int rows, int steps>
void add_gradient_tile(const GradientTile<Element> &tile, int64_t first_step) {
  using Shape = WindowTileShape<Element, bytes>;
  using Vector = typename Shape::Vector;
  Vector sums[rows][steps];
  const Element *regions[steps];
#pragma GCC unroll 8
  for (int step = 0; step < steps; ++step) {
    regions[step] = tile.region + tile.offsets[first_step + step];
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) sums[row][step] = Vector{};
  }
  for (int64_t position = 0; position < tile.positions; position += Shape::lanes) {
    Vector factors[rows];
#pragma GCC unroll 8
    for (int row = 0; row < rows; ++row) factors[row] = Shape::load(tile.factors + row * tile.factors_row + position);
#pragma GCC unroll 8
    for (int step = 0; step < steps; ++step) {
      const Vector elements = Shape::load(regions[step] + position);
#pragma GCC unroll 8
      for (int row = 0; row < rows; ++row) sums[row][step] = multiply_add(factors[row], elements, sums[row][step]);
    }
  }
#pragma GCC unroll 8
  for (int row = 0; row < rows; ++row)
#pragma GCC unroll 8
    for (int step = 0; step < steps; ++step)
      tile.gradient[row * tile.gradient_row + first_step + step] +=
          sum_of_lanes<Element, Shape::lanes>(sums[row][step]);
}

template <typename Element, int bytes, int rows, int... fewer>
void add_gradient_rows(const GradientTile<Element> &tile, std::integer_sequence<int, fewer...>) {
  using Function = void (*)(const GradientTile<Element> &, int64_t);
  static constexpr Function functions[] = {add_gradient_tile<Element, bytes, rows, fewer + 1>...};
  constexpr int64_t most = sizeof...(fewer);
  for (int64_t step = 0; step < tile.steps; step += most) {
    const int64_t left = tile.steps - step;
    functions[(left < most ? left : most) - 1](tile, step);
  }
}

template <typename Element, int bytes, int... fewer>
void add_gradient_of(const GradientTile<Element> &tile, int64_t rows, std::integer_sequence<int, fewer...>) {
  using Steps = std::make_integer_sequence<int, WindowTileShape<Element, bytes>::gradient_steps>;
  using Function = void (*)(const GradientTile<Element> &, Steps);
  static constexpr Function functions[] = {add_gradient_rows<Element, bytes, fewer + 1>...};
  functions[rows - 1](tile, {});
}

template <typename Element, int bytes>
Element sum_elements(const Element *from, int64_t count) {
  using Shape = WindowTileShape<Element, bytes>;
  constexpr int64_t lanes = Shape::lanes;
  typename Shape::Vector sums[4] = {};
  int64_t index = 0;
  for (; index + 4 * lanes <= count; index += 4 * lanes)
#pragma GCC unroll 4
    for (int each = 0; each < 4; ++each) sums[each] += Shape::load(from + index + each * lanes);
  for (; index + lanes <= count; index += lanes) sums[0] += Shape::load(from + index);
  Element sum = sum_of_lanes<Element, Shape::lanes>((sums[0] + sums[1]) + (sums[2] + sums[3]));
  for (; index < count; ++index) sum += from[index];
  return sum;
}

template <typename Element, int bytes>
const WindowKernels<Element> &make_window_kernels() {
  using Shape = WindowTileShape<Element, bytes>;
  static constexpr WindowKernels<Element> kernels = {
      [](const CorrelationTile<Element> &tile, int64_t rows) {
        correlate_of<Element, bytes>(tile, rows, std::make_integer_sequence<int, Shape::rows>());
      },
      [](const GradientTile<Element> &tile, int64_t rows) {
        add_gradient_of<Element, bytes>(tile, rows, std::make_integer_sequence<int, Shape::gradient_rows>());
      },
      sum_elements<Element, bytes>, Shape::rows, Shape::gradient_rows};
  return kernels;
}

}  // namespace penstock::core::nn
