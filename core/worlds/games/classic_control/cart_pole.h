// CartPole-v1: a pole on a cart, which is pushed left or right so that the pole stays up.
#pragma once

#include "core/worlds/games/classic_control/arithmetic.h"
#include "core/worlds/games/classic_control/draws.h"
#include "core/worlds/games/classic_control/facts.h"

namespace penstock::core {

struct CartPole {
  enum Parameter { sutton_barto_reward, reset_low, reset_high };
  using Action = int32_t;                                       // 0 pushes left, 1 right
  static constexpr int state_count = 4, observation_count = 4;  // x, its rate, angle, its rate

  static ClassicFacts facts() {
    return {"CartPole-v1",
            500,
            4096,
            {0, 1},
            false,
            {{"sutton_barto_reward", 0, 0, 1}, {"reset_low", -0.05, -1e6, 1e6}, {"reset_high", 0.05, -1e6, 1e6}},
            {2 * x_limit, infinity, 2 * angle_limit, infinity}};
  }

  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE void step(Lanes<Number, width> (&state)[4], Lanes<Number, width> action,
                                   const Number *parameters, StepResult<Number, width> *result) {
    using L = Lanes<Number, width>;
    const auto c = [](double constant) PS_LANES_INLINE_LAMBDA { return L(static_cast<Number>(constant)); };
    const L force = select(action == c(1), c(10), c(-10));
    L sine, cosine;
    Arithmetic::sine_cosine(state[2], &sine, &cosine);
    const L pushed = over<Arithmetic>(force + c(pole_mass_length) * (state[3] * state[3]) * sine, total_mass);
    const L angle_rate_rate =
        (c(9.8) * sine - cosine * pushed) /
        (c(half_length) * (c(4.0 / 3.0) - over<Arithmetic>(c(pole_mass) * (cosine * cosine), total_mass)));
    const L x_rate_rate = pushed - over<Arithmetic>(c(pole_mass_length) * angle_rate_rate * cosine, total_mass);
    state[0] = state[0] + c(seconds) * state[1];
    state[1] = state[1] + c(seconds) * x_rate_rate;
    state[2] = state[2] + c(seconds) * state[3];
    state[3] = state[3] + c(seconds) * angle_rate_rate;
    result->terminated =
        (state[0] < c(-x_limit)) | (state[0] > c(x_limit)) | (state[2] < c(-angle_limit)) | (state[2] > c(angle_limit));
    const L sutton = c(parameters[sutton_barto_reward]);
    result->reward = select(result->terminated, c(1) - c(2) * sutton, c(1) - sutton);
  }

  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE void observe(const Lanes<Number, width> (&state)[4], Lanes<float, width> (&observation)[4]) {
    for (int index = 0; index < 4; ++index) observation[index] = state[index].template to<float>();
  }

  template <typename Arithmetic, typename Number>
  static void reset(Number *state, Draws<Number> &draws, const std::vector<GameParameter> &parameters) {
    for (int index = 0; index < 4; ++index)
      state[index] = draws.uniform(parameters[reset_low].value, parameters[reset_high].value);
  }

 private:
  static constexpr double pole_mass = 0.1, total_mass = pole_mass + 1.0, half_length = 0.5;
  static constexpr double pole_mass_length = pole_mass * half_length;
  static constexpr double seconds = 0.02;
  static constexpr double x_limit = 2.4, angle_limit = 12 * 2 * std::numbers::pi / 360;
};

}  // namespace penstock::core
