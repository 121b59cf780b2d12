// How update_kernels.h's loops are computed; compiled once for each width of vectors.
#pragma once

#include <cmath>

#include "core/base/lanes.h"
#include "core/nn/kernels/update_kernels.h"
#include "core/ops/kernels/loops.h"

namespace penstock::core::nn {

// UpdateNumbers in the elements' type.
template <typename Element>
struct UpdateTerms {
  Element gradient_scale, gradient_limit, weight_decay, parameter_scale, rate, keep1, take1, keep2, take2, momentum,
      root_scale, epsilon;

  explicit PS_LANES_INLINE UpdateTerms(const UpdateNumbers &from)
      : gradient_scale(static_cast<Element>(from.gradient_scale)),
        gradient_limit(static_cast<Element>(from.gradient_limit)),
        weight_decay(static_cast<Element>(from.weight_decay)),
        parameter_scale(static_cast<Element>(from.parameter_scale)),
        rate(static_cast<Element>(from.rate)),
        keep1(static_cast<Element>(from.keep1)),
        take1(static_cast<Element>(from.take1)),
        keep2(static_cast<Element>(from.keep2)),
        take2(static_cast<Element>(from.take2)),
        momentum(static_cast<Element>(from.momentum)),
        root_scale(static_cast<Element>(from.root_scale)),
        epsilon(static_cast<Element>(from.epsilon)) {}
};

// A NaN stays.
template <typename Element>
PS_LANES_INLINE Element limited(Element gradient, Element limit) {
  gradient = gradient > limit ? limit : gradient;
  return gradient < -limit ? -limit : gradient;
}

// Rules: from a parameter (decayed already where that is decoupled), its gradient and its states, which they change, to the
// new parameter.
struct SgdRule {
  static constexpr int states = 0;
  template <typename Element>
  static PS_LANES_INLINE Element apply(const UpdateTerms<Element> &terms, Element parameter, Element gradient,
                                       Element *) {
    return parameter - terms.rate * gradient;
  }
};

template <bool is_nesterov>
struct MomentumRule {
  static constexpr int states = 1;
  template <typename Element>
  static PS_LANES_INLINE Element apply(const UpdateTerms<Element> &terms, Element parameter, Element gradient,
                                       Element *state) {
    state[0] = terms.keep1 * state[0] + terms.take1 * gradient;
    return parameter - terms.rate * (is_nesterov ? gradient + terms.momentum * state[0] : state[0]);
  }
};

template <bool is_amsgrad>
struct AdamRule {
  static constexpr int states = is_amsgrad ? 3 : 2;
  template <typename Element>
  static PS_LANES_INLINE Element apply(const UpdateTerms<Element> &terms, Element parameter, Element gradient,
                                       Element *state) {
    state[0] = terms.keep1 * state[0] + terms.take1 * gradient;
    state[1] = terms.keep2 * state[1] + terms.take2 * gradient * gradient;
    Element square = state[1];
    if constexpr (is_amsgrad) {
      square = state[2] > square ? state[2] : square;  // a NaN of either stays
      square = std::isnan(state[2]) ? state[2] : square;
      state[2] = square;
    }
    return parameter - terms.rate * state[0] / (std::sqrt(square) * terms.root_scale + terms.epsilon);
  }
};

// States: the squares' mean, then the momentum, then the mean, of those that there are.
template <bool is_centered, bool has_momentum>
struct RmspropRule {
  static constexpr int states = 1 + (is_centered ? 1 : 0) + (has_momentum ? 1 : 0);
  template <typename Element>
  static PS_LANES_INLINE Element apply(const UpdateTerms<Element> &terms, Element parameter, Element gradient,
                                       Element *state) {
    state[0] = terms.keep2 * state[0] + terms.take2 * gradient * gradient;
    Element square = state[0];
    if constexpr (is_centered) {
      Element &mean = state[states - 1];
      mean += terms.take2 * (gradient - mean);
      square -= mean * mean;
    }
    const Element denominator = std::sqrt(square) + terms.epsilon;
    if constexpr (!has_momentum) return parameter - terms.rate * gradient / denominator;
    state[1] = terms.momentum * state[1] + gradient / denominator;
    return parameter - terms.rate * state[1];
  }
};

struct AdagradRule {
  static constexpr int states = 1;
  template <typename Element>
  static PS_LANES_INLINE Element apply(const UpdateTerms<Element> &terms, Element parameter, Element gradient,
                                       Element *state) {
    state[0] = state[0] + gradient * gradient;
    return parameter - terms.rate * gradient / (std::sqrt(state[0]) + terms.epsilon);
  }
};

struct LionRule {
  static constexpr int states = 1;
  template <typename Element>
  static PS_LANES_INLINE Element apply(const UpdateTerms<Element> &terms, Element parameter, Element gradient,
                                       Element *state) {
    const Element direction = terms.keep1 * state[0] + terms.take1 * gradient;
    state[0] = terms.keep2 * state[0] + terms.take2 * gradient;
    const Element not_below = direction > 0 ? Element{1} : direction;  // 0 and NaN stay
    return parameter - terms.rate * (direction < 0 ? Element{-1} : not_below);
  }
};

template <int bytes, typename Rule, typename Element>
PS_FLATTEN void update_loop(const UpdateStretch &stretch, const UpdateNumbers &numbers) {
  const UpdateTerms<Element> terms(numbers);
  auto *parameters = reinterpret_cast<Element *>(stretch.parameters);
  const auto *gradients = reinterpret_cast<const Element *>(stretch.gradients);
  auto *first = reinterpret_cast<Element *>(stretch.states[0]);
  auto *second = reinterpret_cast<Element *>(stretch.states[1]);
  auto *third = reinterpret_cast<Element *>(stretch.states[2]);
  const int64_t count = stretch.count;
  PS_INDEPENDENT
  for (int64_t index = 0; index < count; ++index) {
    Element state[most_optimizer_states] = {};
    if constexpr (Rule::states > 0) state[0] = first[index];
    if constexpr (Rule::states > 1) state[1] = second[index];
    if constexpr (Rule::states > 2) state[2] = third[index];
    const Element parameter = parameters[index];
    const Element gradient =
        limited(gradients[index], terms.gradient_limit) * terms.gradient_scale + terms.weight_decay * parameter;
    parameters[index] = Rule::apply(terms, parameter * terms.parameter_scale, gradient, state);
    if constexpr (Rule::states > 0) first[index] = state[0];
    if constexpr (Rule::states > 1) second[index] = state[1];
    if constexpr (Rule::states > 2) third[index] = state[2];
  }
}

template <int bytes, typename Element>
PS_FLATTEN double square_sum_loop(const std::byte *gradients, int64_t count, double limit) {
  constexpr int width = 8, together = 4, block = width * together;
  const auto *numbers = reinterpret_cast<const Element *>(gradients);
  const Lanes<double, width> most(limit), least(-limit);
  Lanes<double, width> sums[together] = {0.0, 0.0, 0.0, 0.0};
  const auto add = [&](const Element *from) PS_LANES_INLINE_LAMBDA {
    for (int part = 0; part < together; ++part) {
      auto number = Lanes<double, width>::load_as(from + part * width);
      number = select(number > most, most, number);
      number = select(number < least, least, number);
      sums[part] = sums[part] + number * number;
    }
  };
  int64_t index = 0;
  for (; index + block <= count; index += block) add(numbers + index);
  Element rest[block] = {};
  for (int64_t number = index; number < count; ++number) rest[number - index] = numbers[number];
  add(rest);
  double lanes[width];
  ((sums[0] + sums[1]) + (sums[2] + sums[3])).store(lanes);
  return ((lanes[0] + lanes[1]) + (lanes[2] + lanes[3])) + ((lanes[4] + lanes[5]) + (lanes[6] + lanes[7]));
}

template <int bytes, typename Element>
UpdateKernel update_loop_of(UpdateRule rule) {
  switch (rule) {
    case UpdateRule::sgd: return update_loop<bytes, SgdRule, Element>;
    case UpdateRule::sgd_momentum: return update_loop<bytes, MomentumRule<false>, Element>;
    case UpdateRule::sgd_nesterov: return update_loop<bytes, MomentumRule<true>, Element>;
    case UpdateRule::adam: return update_loop<bytes, AdamRule<false>, Element>;
    case UpdateRule::adam_amsgrad: return update_loop<bytes, AdamRule<true>, Element>;
    case UpdateRule::rmsprop: return update_loop<bytes, RmspropRule<false, false>, Element>;
    case UpdateRule::rmsprop_centered: return update_loop<bytes, RmspropRule<true, false>, Element>;
    case UpdateRule::rmsprop_momentum: return update_loop<bytes, RmspropRule<false, true>, Element>;
    case UpdateRule::rmsprop_centered_momentum: return update_loop<bytes, RmspropRule<true, true>, Element>;
    case UpdateRule::adagrad: return update_loop<bytes, AdagradRule, Element>;
    case UpdateRule::lion: return update_loop<bytes, LionRule, Element>;
  }
  return nullptr;
}

template <int bytes>
UpdateKernels make_update_kernels(UpdateRule rule, DType dtype) {
  if (dtype == DType::float32) return {update_loop_of<bytes, float>(rule), square_sum_loop<bytes, float>};
  return {update_loop_of<bytes, double>(rule), square_sum_loop<bytes, double>};
}

}  // namespace penstock::core::nn
