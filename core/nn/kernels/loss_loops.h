// How loss_kernels.h's loops are computed; compiled once for each width of vectors.
#pragma once

#include <algorithm>
#include <cmath>

#include "core/base/lanes.h"
#include "core/nn/kernels/loss_kernels.h"
#include "core/ops/kernels/exponential.h"
#include "core/ops/kernels/logarithm.h"
#include "core/ops/kernels/loops.h"

namespace penstock::core::nn {

template <typename Element>
struct LossPoint {
  Element loss, gradient;
};

// Of one output and one target.  NaN passes through each.
struct BinaryCrossEntropyRule {
  template <typename Element>
  static PS_LANES_INLINE LossPoint<Element> apply(Element output, Element target, Element pos_weight) {
    const Element size = std::fabs(output);
    const Element power = vectorised::Exponential::apply(-size);
    const Element softness = vectorised::LogarithmOnePlus::apply(power), below = output > 0 ? Element{0} : -output;
    const Element large = 1 / (1 + power), small = power / (1 + power);
    const Element yes = output > 0 ? large : small, no = output > 0 ? small : large;
    const Element weight = 1 + (pos_weight - 1) * target;
    return {(1 - target) * output + weight * (softness + below), (1 - target) * yes - pos_weight * target * no};
  }
};

struct HingeRule {
  template <typename Element>
  static PS_LANES_INLINE LossPoint<Element> apply(Element output, Element target, Element) {
    const Element margin = 1 - target * output;
    const Element slope = margin > 0 ? -target : margin;  // of a NaN margin a NaN
    return {margin <= 0 ? Element{0} : margin, margin <= 0 ? Element{0} : slope};
  }
};

struct HuberRule {
  template <typename Element>
  static PS_LANES_INLINE LossPoint<Element> apply(Element output, Element target, Element delta) {
    const Element difference = output - target, size = std::fabs(difference);
    const Element near = Element{0.5} * difference * difference, far = delta * (size - Element{0.5} * delta);
    const Element at_most = difference > delta ? delta : difference;
    return {size > delta ? far : near, difference < -delta ? -delta : at_most};
  }
};

struct KlDivergenceRule {
  template <typename Element>
  static PS_LANES_INLINE LossPoint<Element> apply(Element output, Element target, Element) {
    const Element entropy = target * vectorised::Logarithm::apply(target);
    return {(target == 0 ? Element{0} : entropy) - target * output, -target};
  }
};

struct MaeRule {
  template <typename Element>
  static PS_LANES_INLINE LossPoint<Element> apply(Element output, Element target, Element) {
    const Element difference = output - target;
    const Element not_below = difference > 0 ? Element{1} : difference;  // 0 and NaN stay
    return {std::fabs(difference), difference < 0 ? Element{-1} : not_below};
  }
};

struct MseRule {
  template <typename Element>
  static PS_LANES_INLINE LossPoint<Element> apply(Element output, Element target, Element) {
    const Element difference = output - target;
    return {difference * difference, 2 * difference};
  }
};

// Sums numbers in doubles: always eight sums side by side, whatever the width.
class LaneSum {
 public:
  PS_LANES_INLINE LaneSum() : sums_(0.0) {}

  // count: any number; what the last eight lack is zeros.
  template <typename Element>
  PS_LANES_INLINE void add(const Element *numbers, int64_t count) {
    int64_t index = 0;
    for (; index + width <= count; index += width) sums_ = sums_ + Lanes<double, width>::load_as(numbers + index);
    if (index == count) return;
    Element rest[width] = {};
    for (int64_t lane = 0; index + lane < count; ++lane) rest[lane] = numbers[index + lane];
    sums_ = sums_ + Lanes<double, width>::load_as(&rest[0]);
  }
  PS_LANES_INLINE double total() const {
    double lanes[width];
    sums_.store(lanes);
    return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
  }

 private:
  static constexpr int width = 8;
  Lanes<double, width> sums_;
};

template <int bytes, typename Rule, typename Element>
PS_FLATTEN double pair_loss_loop(const Element *outputs, const Element *targets, int64_t count, Element setting,
                                 Element *gradients, Element scale) {
  constexpr int64_t block = 256;  // losses that stay in the nearest cache
  Element losses[block];
  LaneSum sum;
  for (int64_t begin = 0; begin < count; begin += block) {
    const int64_t size = std::min(block, count - begin);
    const Element *output = outputs + begin, *target = targets + begin;
    if (gradients != nullptr) {
      Element *gradient = gradients + begin;
      PS_INDEPENDENT
      for (int64_t index = 0; index < size; ++index) {
        const LossPoint<Element> point = Rule::apply(output[index], target[index], setting);
        losses[index] = point.loss;
        gradient[index] = point.gradient * scale;
      }
    } else {
      PS_INDEPENDENT
      for (int64_t index = 0; index < size; ++index)
        losses[index] = Rule::apply(output[index], target[index], setting).loss;
    }
    sum.add(losses, size);
  }
  return sum.total();
}

// A NaN may be passed over: its exponential is NaN in any case.
template <typename Element>
PS_LANES_INLINE Element highest_of(const Element *numbers, int64_t count) {
  constexpr int64_t width = 8;
  Element highest = numbers[0];
  int64_t index = 0;
  if (count >= width) {
    auto lanes = Lanes<Element, width>::load(numbers);
    for (index = width; index + width <= count; index += width)
      lanes = maximum(lanes, Lanes<Element, width>::load(numbers + index));
    Element each[width];
    lanes.store(each);
    for (const Element number : each) highest = number > highest ? number : highest;
  }
  for (; index < count; ++index) highest = numbers[index] > highest ? numbers[index] : highest;
  return highest;
}

template <typename Element>
PS_LANES_INLINE void exponentials_in_place(Element *numbers, int64_t count) {
  PS_INDEPENDENT
  for (int64_t index = 0; index < count; ++index) numbers[index] = vectorised::Exponential::apply(numbers[index]);
}

// Classes side by side.  Short rows are made exponentials of together, long ones a stretch at a time.
template <typename Element>
PS_LANES_INLINE void softmax_of_rows(const ClassBlock<Element> &block, Element *highest, Element *sums) {
  constexpr int64_t room = 1024;
  Element own[room];
  const int64_t classes = block.classes, together = std::max<int64_t>(room / classes, 1);
  for (int64_t first = 0; first < block.positions; first += together) {
    const int64_t last = std::min(first + together, block.positions);
    const auto shift = [&](Element *to, int64_t position, int64_t begin, int64_t end) PS_LANES_INLINE_LAMBDA {
      const Element *from = block.outputs + position * block.position_stride;
      const Element top = highest[position];
      PS_INDEPENDENT
      for (int64_t index = begin; index < end; ++index) to[index - begin] = from[index] - top;
    };
    for (int64_t position = first; position < last; ++position)
      highest[position] = highest_of(block.outputs + position * block.position_stride, classes);
    if (classes <= room) {
      Element *to = block.exponentials == nullptr ? own : block.exponentials + first * classes;
      for (int64_t position = first; position < last; ++position)
        shift(to + (position - first) * classes, position, 0, classes);
      exponentials_in_place(to, (last - first) * classes);
      for (int64_t position = first; position < last; ++position) {
        LaneSum sum;
        sum.add(to + (position - first) * classes, classes);
        sums[position] = static_cast<Element>(sum.total());
      }
    } else {
      LaneSum sum;
      for (int64_t begin = 0; begin < classes; begin += room) {
        const int64_t end = std::min(begin + room, classes);
        Element *to = block.exponentials == nullptr ? own : block.exponentials + first * classes + begin;
        shift(to, first, begin, end);
        exponentials_in_place(to, end - begin);
        sum.add(to, end - begin);
      }
      sums[first] = static_cast<Element>(sum.total());
    }
  }
}

// Positions side by side.
template <typename Element>
PS_LANES_INLINE void softmax_of_columns(const ClassBlock<Element> &block, Element *highest, Element *sums) {
  const int64_t positions = block.positions, stride = block.class_stride;
  double totals[most_positions] = {};
  Element exponentials[most_positions];
  for (int64_t position = 0; position < positions; ++position) highest[position] = block.outputs[position];
  for (int64_t number = 1; number < block.classes; ++number) {
    const Element *from = block.outputs + number * stride;
    PS_INDEPENDENT
    for (int64_t position = 0; position < positions; ++position)
      highest[position] = from[position] > highest[position] ? from[position] : highest[position];
  }
  for (int64_t number = 0; number < block.classes; ++number) {
    const Element *from = block.outputs + number * stride;
    PS_INDEPENDENT
    for (int64_t position = 0; position < positions; ++position) {
      exponentials[position] = vectorised::Exponential::apply(from[position] - highest[position]);
      totals[position] += static_cast<double>(exponentials[position]);
    }
    if (block.exponentials != nullptr) std::copy_n(exponentials, positions, block.exponentials + number * stride);
  }
  for (int64_t position = 0; position < positions; ++position) sums[position] = static_cast<Element>(totals[position]);
}

template <int bytes, typename Element>
PS_FLATTEN void softmax_loop(const ClassBlock<Element> &block, Element *highest, Element *sums) {
  if (block.class_stride == 1)
    softmax_of_rows(block, highest, sums);
  else
    softmax_of_columns(block, highest, sums);
}

template <int bytes, typename Element>
const LossKernels<Element> &make_loss_kernels() {
  static constexpr LossKernels<Element> kernels = {
      {pair_loss_loop<bytes, BinaryCrossEntropyRule, Element>, pair_loss_loop<bytes, HingeRule, Element>,
       pair_loss_loop<bytes, HuberRule, Element>, pair_loss_loop<bytes, KlDivergenceRule, Element>,
       pair_loss_loop<bytes, MaeRule, Element>, pair_loss_loop<bytes, MseRule, Element>},
      softmax_loop<bytes, Element>};
  return kernels;
}

}  // namespace penstock::core::nn
