// How rows are normalized, for one width of vectors.
#pragma once

#include <cmath>

#include "core/nn/kernels/normalization_kernels.h"
#include "core/nn/kernels/sums.h"
#include "core/ops/kernels/loops.h"

namespace penstock::core::nn {

template <int bytes, typename Element>
PS_LANES_INLINE void normalize_row(const RowNormalization<Element> &how, Element *to, const Element *from, Element mean,
                                   Element scale) {
  const int64_t columns = how.columns;
  const Element *weight = how.weight, *bias = how.bias;
  if (weight == nullptr) {
    PS_INDEPENDENT
    for (int64_t column = 0; column < columns; ++column) to[column] = (from[column] - mean) * scale;
  } else if (bias == nullptr) {
    PS_INDEPENDENT
    for (int64_t column = 0; column < columns; ++column) to[column] = (from[column] - mean) * scale * weight[column];
  } else {
    PS_INDEPENDENT
    for (int64_t column = 0; column < columns; ++column)
      to[column] = (from[column] - mean) * scale * weight[column] + bias[column];
  }
}

template <int bytes, typename Element>
void normalize_rows(const RowNormalization<Element> &how, Element *to, const Element *from,
                    const RowStatistics<Element> &statistics, Range rows) {
  const int64_t columns = how.columns;
  const auto count = static_cast<double>(columns);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const Element *x = from + row * columns;
    Element mean = 0;
    if (how.is_centred)
      mean =
          static_cast<Element>(sum_of<bytes, Element>(columns,
                                                      [&](int64_t index, auto width) PS_LANES_INLINE_LAMBDA {
                                                        return Lanes<Element, decltype(width)::value>::load(x + index);
                                                      }) /
                               count);
    const double squares = sum_of<bytes, Element>(columns, [&](int64_t index, auto width) PS_LANES_INLINE_LAMBDA {
      const auto apart = Lanes<Element, decltype(width)::value>::load(x + index) - mean;
      return apart * apart;
    });
    const auto scale = static_cast<Element>(1 / std::sqrt(squares / count + how.epsilon));
    if (statistics.means != nullptr) statistics.means[row] = mean;
    if (statistics.scales != nullptr) statistics.scales[row] = scale;
    normalize_row<bytes, Element>(how, to + row * columns, x, mean, scale);
  }
}

// dx = scale * (h - mean of h - xhat * mean of h * xhat), with h = dy * weight and xhat = (x - mean) * scale.
template <int bytes, typename Element>
PS_LANES_INLINE void input_gradients_of_row(const RowNormalization<Element> &how, Element *to, const Element *x,
                                            const Element *gradient, Element mean, Element scale) {
  const int64_t columns = how.columns;
  const auto count = static_cast<double>(columns);
  const Element *weight = how.weight;
  Sums<bytes, Element, 2> sums;
  if (weight == nullptr)
    sums.add(columns, [&](int64_t index, auto width) PS_LANES_INLINE_LAMBDA {
      using L = Lanes<Element, decltype(width)::value>;
      const L slope = L::load(gradient + index);
      return Terms<Element, decltype(width)::value, 2>{{slope, slope * (L::load(x + index) - mean)}};
    });
  else
    sums.add(columns, [&](int64_t index, auto width) PS_LANES_INLINE_LAMBDA {
      using L = Lanes<Element, decltype(width)::value>;
      const L slope = L::load(gradient + index) * L::load(weight + index);
      return Terms<Element, decltype(width)::value, 2>{{slope, slope * (L::load(x + index) - mean)}};
    });
  const double wide = static_cast<double>(scale);
  const Element shift = how.is_centred ? static_cast<Element>(wide * sums.total(0) / count) : Element{0};
  const auto slope = static_cast<Element>(wide * wide * wide * sums.total(1) / count);
  if (weight == nullptr) {
    PS_INDEPENDENT
    for (int64_t column = 0; column < columns; ++column)
      to[column] = gradient[column] * scale - (x[column] - mean) * slope - shift;
  } else {
    PS_INDEPENDENT
    for (int64_t column = 0; column < columns; ++column)
      to[column] = gradient[column] * weight[column] * scale - (x[column] - mean) * slope - shift;
  }
}

template <int bytes, typename Element>
void row_gradients(const RowNormalization<Element> &how, const RowGradients<Element> &to, const Element *from,
                   const Element *gradient, const RowStatistics<const Element> &statistics, Range rows) {
  const int64_t columns = how.columns;
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    const Element *x = from + row * columns, *slope = gradient + row * columns;
    const Element mean = how.is_centred ? statistics.means[row] : Element{0}, scale = statistics.scales[row];
    Element *weights = to.weight, *biases = to.bias;
    if (weights != nullptr && biases != nullptr) {
      PS_INDEPENDENT
      for (int64_t column = 0; column < columns; ++column) {
        weights[column] += slope[column] * ((x[column] - mean) * scale);
        biases[column] += slope[column];
      }
    } else if (weights != nullptr) {
      PS_INDEPENDENT
      for (int64_t column = 0; column < columns; ++column)
        weights[column] += slope[column] * ((x[column] - mean) * scale);
    }
    if (to.input != nullptr)
      input_gradients_of_row<bytes, Element>(how, to.input + row * columns, x, slope, mean, scale);
  }
}

}  // namespace penstock::core::nn
