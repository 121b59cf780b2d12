// Pendulum-v1: a pendulum that is to be swung up and held, at the least cost.
#pragma once

#include "core/worlds/games/classic_control/arithmetic.h"
#include "core/worlds/games/classic_control/draws.h"
#include "core/worlds/games/classic_control/facts.h"

namespace penstock::core {

struct Pendulum {
  enum Parameter { gravity, x_init, y_init };
  using Action = float;                                         // the torque, clipped to -2 to 2
  static constexpr int state_count = 2, observation_count = 3;  // angle (0 is up), its rate; cosine, sine, rate

  static ClassicFacts facts() {
    return {"Pendulum-v1",  200,
            4096,           {-2, 2},
            true,           {{"g", 10, -1e6, 1e6}, {"x_init", std::numbers::pi, -1e6, 1e6}, {"y_init", 1, -1e6, 1e6}},
            {1, 1, fastest}};
  }

  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE void step(Lanes<Number, width> (&state)[2], Lanes<Number, width> action,
                                   const Number *parameters, StepResult<Number, width> *result) {
    using L = Lanes<Number, width>;
    const auto c = [](double constant) PS_LANES_INLINE_LAMBDA { return L(static_cast<Number>(constant)); };
    const L torque = clamp(action, c(-2), c(2));
    const L angle = normalised<Arithmetic>(state[0]), rate = state[1];
    L torque_cost = c(0.001) * (torque * torque), torque_part = c(3) * torque;
    if constexpr (Arithmetic::follows_gymnasium) {  // the action is a float32, and so is what is made of it alone
      const auto exact = static_cast<float>(torque.vector);
      torque_cost = static_cast<double>(0.001f * (exact * exact));
      torque_part = static_cast<double>(3.0f * exact);
    }
    L sine, cosine;
    Arithmetic::sine_cosine(state[0], &sine, &cosine);
    const L gravity_part = c(3) * L(parameters[gravity]) / c(2) * sine;
    result->reward = -(angle * angle + c(0.1) * (rate * rate) + torque_cost);
    state[1] = clamp(rate + (gravity_part + torque_part) * c(seconds), c(-fastest), c(fastest));
    state[0] = state[0] + state[1] * c(seconds);
    result->terminated = c(1) < c(0);
  }

  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE void observe(const Lanes<Number, width> (&state)[2], Lanes<float, width> (&observation)[3]) {
    Lanes<Number, width> sine, cosine;
    Arithmetic::sine_cosine(state[0], &sine, &cosine);
    observation[0] = cosine.template to<float>();
    observation[1] = sine.template to<float>();
    observation[2] = state[1].template to<float>();
  }

  template <typename Arithmetic, typename Number>
  static void reset(Number *state, Draws<Number> &draws, const std::vector<GameParameter> &parameters) {
    state[0] = draws.uniform(-parameters[x_init].value, parameters[x_init].value);
    state[1] = draws.uniform(-parameters[y_init].value, parameters[y_init].value);
  }

 private:
  static constexpr double fastest = 8, seconds = 0.05;

  // The same angle from -pi to pi.
  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE Lanes<Number, width> normalised(Lanes<Number, width> angle) {
    using L = Lanes<Number, width>;
    constexpr double turn = 2 * std::numbers::pi;
    if constexpr (Arithmetic::follows_gymnasium) {
      const double remainder = std::fmod(angle.vector + std::numbers::pi, turn);
      return L((remainder < 0 ? remainder + turn : remainder) - std::numbers::pi);
    } else {
      const L turns = floor(angle * L(static_cast<Number>(1 / turn)) + L(static_cast<Number>(0.5)));
      return angle - turns * L(static_cast<Number>(turn));
    }
  }
};

}  // namespace penstock::core
