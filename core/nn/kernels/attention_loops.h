// How rows of scores become probabilities, for one width of vectors.
#pragma once

#include "core/nn/kernels/attention_kernels.h"
#include "core/nn/kernels/sums.h"
#include "core/ops/kernels/exponential.h"
#include "core/ops/kernels/loops.h"

namespace penstock::core::nn {

// Of at least one element.  Where one is NaN, any number or NaN.
template <int bytes, typename Element>
PS_LANES_INLINE Element largest_of(const Element *from, int64_t count) {
  constexpr int width = bytes / static_cast<int>(sizeof(Element));
  using L = Lanes<Element, width>;
  Element largest = from[0];
  int64_t index = 0;
  if (count >= width) {
    L lanes = L::load(from);
    for (index = width; index + width <= count; index += width) lanes = maximum(lanes, L::load(from + index));
    Element each[width];
    lanes.store(each);
    for (int lane = 0; lane < width; ++lane) largest = each[lane] > largest ? each[lane] : largest;
  }
  for (; index < count; ++index) largest = from[index] > largest ? from[index] : largest;
  return largest;
}

template <int bytes, typename Element>
void softmax_of_scores(const ScoreRows &how, Element *scores, Range rows) {
  const auto scale = static_cast<Element>(how.scale);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    Element *const numbers = scores + row * how.keys;
    const int64_t seen = how.keys_seen(row);
    const Element largest = largest_of<bytes, Element>(numbers, seen);
    PS_INDEPENDENT
    for (int64_t key = 0; key < seen; ++key)
      numbers[key] = vectorised::Exponential::apply((numbers[key] - largest) * scale);
    const auto inverse =
        static_cast<Element>(1 / sum_of<bytes, Element>(seen, [&](int64_t key, auto width) PS_LANES_INLINE_LAMBDA {
                               return Lanes<Element, decltype(width)::value>::load(numbers + key);
                             }));
    PS_INDEPENDENT
    for (int64_t key = 0; key < seen; ++key) numbers[key] *= inverse;
    for (int64_t key = seen; key < how.keys; ++key) numbers[key] = 0;
  }
}

// ds = p * (dp - sum of dp * p) * scale
template <int bytes, typename Element>
void softmax_gradients_of_scores(const ScoreRows &how, Element *gradients, const Element *probabilities, Range rows) {
  const auto scale = static_cast<Element>(how.scale);
  for (int64_t row = rows.begin; row < rows.end; ++row) {
    Element *const slopes = gradients + row * how.keys;
    const Element *const numbers = probabilities + row * how.keys;
    const int64_t seen = how.keys_seen(row);
    const auto sum =
        static_cast<Element>(sum_of<bytes, Element>(seen, [&](int64_t key, auto width) PS_LANES_INLINE_LAMBDA {
          using L = Lanes<Element, decltype(width)::value>;
          return L::load(slopes + key) * L::load(numbers + key);
        }));
    PS_INDEPENDENT
    for (int64_t key = 0; key < seen; ++key) slopes[key] = numbers[key] * (slopes[key] - sum) * scale;
    for (int64_t key = seen; key < how.keys; ++key) slopes[key] = 0;
  }
}

template <int bytes, typename Element>
constexpr AttentionKernels<Element> attention_kernels_of = {softmax_of_scores<bytes, Element>,
                                                            softmax_gradients_of_scores<bytes, Element>};

}  // namespace penstock::core::nn
