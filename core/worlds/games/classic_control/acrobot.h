// Acrobot-v1: two links, of which only the joint between them is driven, to be swung above a line.
#pragma once

#include "core/worlds/games/classic_control/arithmetic.h"
#include "core/worlds/games/classic_control/draws.h"
#include "core/worlds/games/classic_control/facts.h"

namespace penstock::core {

struct Acrobot {
  enum Parameter { reset_low, reset_high };
  using Action = int32_t;                                       // 0, 1, 2: torque -1, 0, 1
  static constexpr int state_count = 4, observation_count = 6;  // two angles (0 hangs down), their rates

  static ClassicFacts facts() {
    return {"Acrobot-v1",
            500,
            1024,
            {0, 2},
            false,
            {{"reset_low", -0.1, -1e6, 1e6}, {"reset_high", 0.1, -1e6, 1e6}},
            {1, 1, 1, 1, fastest_first, fastest_second}};
  }

  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE void step(Lanes<Number, width> (&state)[4], Lanes<Number, width> action, const Number *,
                                   StepResult<Number, width> *result) {
    using L = Lanes<Number, width>;
    const auto c = [](double constant) PS_LANES_INLINE_LAMBDA { return L(static_cast<Number>(constant)); };
    const L torque = action - c(1);
    L rates[4][4], reached[4];
    constexpr double part_of_step[] = {seconds / 2, seconds / 2, seconds};
    derive<Arithmetic>(state, torque, rates[0]);
    for (int stage = 1; stage < 4; ++stage) {
      for (int index = 0; index < 4; ++index)
        reached[index] = state[index] + c(part_of_step[stage - 1]) * rates[stage - 1][index];
      derive<Arithmetic>(reached, torque, rates[stage]);
    }
    for (int index = 0; index < 4; ++index)
      state[index] = state[index] + c(seconds / 6.0) * (rates[0][index] + c(2) * rates[1][index] +
                                                        c(2) * rates[2][index] + rates[3][index]);
    state[0] = wrapped<Arithmetic>(state[0]);
    state[1] = wrapped<Arithmetic>(state[1]);
    state[2] = clamp(state[2], c(-fastest_first), c(fastest_first));
    state[3] = clamp(state[3], c(-fastest_second), c(fastest_second));
    L sine, cosine, joint_sine, joint_cosine;
    Arithmetic::sine_cosine(state[0], &sine, &cosine);
    Arithmetic::sine_cosine(state[1] + state[0], &joint_sine, &joint_cosine);
    result->terminated = -cosine - joint_cosine > c(1);
    result->reward = select(result->terminated, c(0), c(-1));
  }

  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE void observe(const Lanes<Number, width> (&state)[4], Lanes<float, width> (&observation)[6]) {
    for (int link = 0; link < 2; ++link) {
      Lanes<Number, width> sine, cosine;
      Arithmetic::sine_cosine(state[link], &sine, &cosine);
      observation[2 * link] = cosine.template to<float>();
      observation[2 * link + 1] = sine.template to<float>();
      observation[4 + link] = state[2 + link].template to<float>();
    }
  }

  // Gymnasium rounds the state to float32 here, and only here.
  template <typename Arithmetic, typename Number>
  static void reset(Number *state, Draws<Number> &draws, const std::vector<GameParameter> &parameters) {
    for (int index = 0; index < 4; ++index) {
      state[index] = draws.uniform(parameters[reset_low].value, parameters[reset_high].value);
      if constexpr (Arithmetic::follows_gymnasium) state[index] = static_cast<Number>(static_cast<float>(state[index]));
    }
  }

 private:
  // Masses, lengths and moments of both links are 1, their centres at 0.5.
  static constexpr double seconds = 0.2, gravity = 9.8, centre = 0.5;
  static constexpr double fastest_first = 4 * std::numbers::pi, fastest_second = 9 * std::numbers::pi;

  // The rates of change of (angle 1, angle 2, rate 1, rate 2).
  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE void derive(const Lanes<Number, width> (&state)[4], Lanes<Number, width> torque,
                                     Lanes<Number, width> (&rates)[4]) {
    using L = Lanes<Number, width>;
    const auto c = [](double constant) PS_LANES_INLINE_LAMBDA { return L(static_cast<Number>(constant)); };
    const L rate1 = state[2], rate2 = state[3];
    L sine2, cosine2, pull1, pull2;
    Arithmetic::sine_cosine(state[1], &sine2, &cosine2);
    quarter_turn_back<Arithmetic>(state[0], &pull1);
    quarter_turn_back<Arithmetic>(state[0] + state[1], &pull2);
    const L d1 = c(centre * centre) + (c(1 + centre * centre) + c(2 * centre) * cosine2) + c(1) + c(1);
    const L d2 = (c(centre * centre) + c(centre) * cosine2) + c(1);
    const L phi2 = c(centre * gravity) * pull2;
    const L phi1 = c(-centre) * Arithmetic::square(rate2) * sine2 - c(2 * centre) * rate2 * rate1 * sine2 +
                   c((centre + 1) * gravity) * pull1 + phi2;
    const L rate_rate2 = (torque + d2 / d1 * phi1 - c(centre) * Arithmetic::square(rate1) * sine2 - phi2) /
                         (c(centre * centre) + c(1) - Arithmetic::square(d2) / d1);
    rates[0] = rate1;
    rates[1] = rate2;
    rates[2] = -(d2 * rate_rate2 + phi1) / d1;
    rates[3] = rate_rate2;
  }

  // cos(angle - pi / 2), which is the sine but for rounding.
  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE void quarter_turn_back(Lanes<Number, width> angle, Lanes<Number, width> *result) {
    Lanes<Number, width> sine, cosine;
    if constexpr (Arithmetic::follows_gymnasium) {
      Arithmetic::sine_cosine(angle - Lanes<Number, width>(std::numbers::pi / 2), &sine, &cosine);
      *result = cosine;
    } else {
      Arithmetic::sine_cosine(angle, &sine, &cosine);
      *result = sine;
    }
  }

  // Back into -pi to pi, from at most some turns outside.
  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE Lanes<Number, width> wrapped(Lanes<Number, width> angle) {
    using L = Lanes<Number, width>;
    const auto c = [](double constant) PS_LANES_INLINE_LAMBDA { return L(static_cast<Number>(constant)); };
    constexpr double pi = std::numbers::pi;
    if constexpr (Arithmetic::follows_gymnasium) {
      double x = angle.vector;
      if (!(std::abs(x) < 1e6)) return angle;  // Gymnasium's loop would take for ever
      while (x > pi) x -= 2 * pi;
      while (x < -pi) x += 2 * pi;
      return L(x);
    } else {
      const L turns = floor(angle * c(1 / (2 * pi)) + c(0.5));
      return select((angle > c(pi)) | (angle < c(-pi)), angle - turns * c(2 * pi), angle);
    }
  }
};

}  // namespace penstock::core
