// Pooling of one plane: the loops over rows and the taps of a window, for each width of vectors.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "core/base/lanes.h"

namespace penstock::core::nn {

// One axis: tap t of output i reads source i * stride + taps[t].offset, for i from taps[t].begin to taps[t].end - 1;
// elsewhere it lies outside.
struct PoolAxis {
  struct Tap {
    int64_t offset, begin, end;
  };
  int64_t source = 0, output = 0, stride = 1;
  std::vector<Tap> taps;
  std::vector<int64_t> counts;  // of each output: by what, times the other axis's, an average's sum is divided
};

struct PoolPlane {
  PoolAxis rows, columns;
};

template <typename Element>
struct PoolKernels {
  // As torch's: the first of equals; a NaN is greater than all.  indices: within the plane, -1 where no tap lies inside; null
  // where nobody asks.
  void (*maximum)(const PoolPlane &plane, const Element *from, Element *to, int32_t *indices) = nullptr;
  void (*average)(const PoolPlane &plane, const Element *from, Element *to) = nullptr;
  // Writes to, and overwrites gradient.
  void (*average_gradient)(const PoolPlane &plane, Element *gradient, Element *to) = nullptr;
};

template <typename Element>
const PoolKernels<Element> &pool_kernels_16();  // any processor
template <typename Element>
const PoolKernels<Element> &pool_kernels_32();  // needs AVX2
template <typename Element>
const PoolKernels<Element> &pool_kernels_64();  // needs AVX-512 F, BW, DQ, VL
template <>
const PoolKernels<float> &pool_kernels_16();
template <>
const PoolKernels<double> &pool_kernels_16();
template <>
const PoolKernels<float> &pool_kernels_32();
template <>
const PoolKernels<double> &pool_kernels_32();
template <>
const PoolKernels<float> &pool_kernels_64();
template <>
const PoolKernels<double> &pool_kernels_64();

// The fastest for this processor.
template <typename Element>
const PoolKernels<Element> &find_pool_kernels();  // of float and double

// ---------------------------------------------------------------------------------------------------------------------
// How they are computed.

// Not the standard library's, which might be compiled here for what other files call too.
template <typename Number>
PS_LANES_INLINE void fill_elements(Number *to, int64_t count, Number number) {
  for (int64_t index = 0; index < count; ++index) to[index] = number;
}

// Calls body(first output, first source, count) for each row of taps that lies inside in row number row.
template <typename Body>
PS_LANES_INLINE void for_each_tap(const PoolPlane &plane, int64_t row, const Body &body) {
  const PoolAxis &rows = plane.rows, &columns = plane.columns;
  for (const PoolAxis::Tap &row_tap : rows.taps) {
    if (row < row_tap.begin || row >= row_tap.end) continue;
    const int64_t line = (row * rows.stride + row_tap.offset) * columns.source;
    for (const PoolAxis::Tap &tap : columns.taps)
      body(tap.begin, line + tap.begin * columns.stride + tap.offset, tap.end - tap.begin);
  }
}

// stride: of columns; 0 for one that only the plane knows.
template <typename Element, int stride, bool has_indices>
PS_LANES_INLINE void maximum_of_rows(const PoolPlane &plane, const Element *from, Element *to, int32_t *indices) {
  const int64_t width = plane.columns.output, step = stride == 0 ? plane.columns.stride : stride;
  for (int64_t row = 0; row < plane.rows.output; ++row) {
    Element *best = to + row * width;
    int32_t *best_index = has_indices ? indices + row * width : nullptr;
    fill_elements(best, width, -std::numeric_limits<Element>::infinity());
    if constexpr (has_indices) fill_elements(best_index, width, -1);
    for_each_tap(plane, row, [&](int64_t first, int64_t source, int64_t count) PS_LANES_INLINE_LAMBDA {
      const Element *__restrict elements = from + source;
      Element *__restrict greatest = best + first;
      int32_t *__restrict places = has_indices ? best_index + first : nullptr;
      const auto source_index = static_cast<int32_t>(source);
      for (int64_t index = 0; index < count; ++index) {
        const Element element = elements[index * step];
        const bool is_greater = (element > greatest[index]) | (__builtin_isnan(element) != 0);
        if constexpr (has_indices) {
          const auto here = static_cast<int32_t>(source_index + index * step);
          places[index] = (is_greater | (places[index] < 0)) ? here : places[index];
        }
        greatest[index] = is_greater ? element : greatest[index];
      }
    });
  }
}

template <typename Element, int stride>
PS_LANES_INLINE void maximum_of_stride(const PoolPlane &plane, const Element *from, Element *to, int32_t *indices) {
  if (indices != nullptr)
    maximum_of_rows<Element, stride, true>(plane, from, to, indices);
  else
    maximum_of_rows<Element, stride, false>(plane, from, to, indices);
}

template <typename Element, int stride>
PS_LANES_INLINE void average_of_rows(const PoolPlane &plane, const Element *from, Element *to) {
  const int64_t width = plane.columns.output, step = stride == 0 ? plane.columns.stride : stride;
  for (int64_t row = 0; row < plane.rows.output; ++row) {
    Element *sums = to + row * width;
    fill_elements(sums, width, Element{});
    for_each_tap(plane, row, [&](int64_t first, int64_t source, int64_t count) PS_LANES_INLINE_LAMBDA {
      const Element *__restrict elements = from + source;
      Element *__restrict written = sums + first;
      for (int64_t index = 0; index < count; ++index) written[index] += elements[index * step];
    });
    const int64_t row_count = plane.rows.counts[static_cast<size_t>(row)];
    const int64_t *counts = plane.columns.counts.data();
    for (int64_t index = 0; index < width; ++index) sums[index] /= static_cast<Element>(row_count * counts[index]);
  }
}

template <typename Element, int stride>
PS_LANES_INLINE void average_gradient_of_rows(const PoolPlane &plane, Element *gradient, Element *to) {
  const int64_t width = plane.columns.output, step = stride == 0 ? plane.columns.stride : stride;
  fill_elements(to, plane.rows.source * plane.columns.source, Element{});
  for (int64_t row = 0; row < plane.rows.output; ++row) {
    Element *shares = gradient + row * width;
    const int64_t row_count = plane.rows.counts[static_cast<size_t>(row)];
    const int64_t *counts = plane.columns.counts.data();
    for (int64_t index = 0; index < width; ++index) shares[index] /= static_cast<Element>(row_count * counts[index]);
    for_each_tap(plane, row, [&](int64_t first, int64_t source, int64_t count) PS_LANES_INLINE_LAMBDA {
      Element *__restrict sums = to + source;
      const Element *__restrict added = shares + first;
      for (int64_t index = 0; index < count; ++index) sums[index * step] += added[index];
    });
  }
}

template <typename Element, int bytes>
const PoolKernels<Element> &make_pool_kernels() {
  static constexpr PoolKernels<Element> kernels = {
      [](const PoolPlane &plane, const Element *from, Element *to, int32_t *indices) {
        switch (plane.columns.stride) {
          case 1: return maximum_of_stride<Element, 1>(plane, from, to, indices);
          case 2: return maximum_of_stride<Element, 2>(plane, from, to, indices);
          default: return maximum_of_stride<Element, 0>(plane, from, to, indices);
        }
      },
      [](const PoolPlane &plane, const Element *from, Element *to) {
        switch (plane.columns.stride) {
          case 1: return average_of_rows<Element, 1>(plane, from, to);
          case 2: return average_of_rows<Element, 2>(plane, from, to);
          default: return average_of_rows<Element, 0>(plane, from, to);
        }
      },
      [](const PoolPlane &plane, Element *gradient, Element *to) {
        switch (plane.columns.stride) {
          case 1: return average_gradient_of_rows<Element, 1>(plane, gradient, to);
          case 2: return average_gradient_of_rows<Element, 2>(plane, gradient, to);
          default: return average_gradient_of_rows<Element, 0>(plane, gradient, to);
        }
      }};
  return kernels;
}

}  // namespace penstock::core::nn
