// MountainCar-v0 and MountainCarContinuous-v0: a car in a valley, too weak to drive out straight.
#pragma once

#include "core/worlds/games/classic_control/arithmetic.h"
#include "core/worlds/games/classic_control/draws.h"
#include "core/worlds/games/classic_control/facts.h"

namespace penstock::core {

// The valley both cars are in.
struct MountainValley {
  enum Parameter { goal_velocity, reset_low, reset_high };
  static constexpr int state_count = 2, observation_count = 2;  // position, velocity
  static constexpr double lowest = -1.2, highest = 0.6, fastest = 0.07;

  static std::vector<GameParameter> parameters() {
    return {{"goal_velocity", 0, -1e6, 1e6}, {"reset_low", -0.6, -1e6, 1e6}, {"reset_high", -0.4, -1e6, 1e6}};
  }

  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE void observe(const Lanes<Number, width> (&state)[2], Lanes<float, width> (&observation)[2]) {
    for (int index = 0; index < 2; ++index) observation[index] = state[index].template to<float>();
  }

  template <typename Arithmetic, typename Number>
  static void reset(Number *state, Draws<Number> &draws, const std::vector<GameParameter> &parameters) {
    state[0] = draws.uniform(parameters[reset_low].value, parameters[reset_high].value);
    state[1] = 0;
  }

  // Moves the car with its new velocity; it stops at the wall on the left.
  template <typename Number, int width>
  static PS_LANES_INLINE void move(Lanes<Number, width> (&state)[2], Lanes<Number, width> velocity) {
    using L = Lanes<Number, width>;
    const auto c = [](double constant) PS_LANES_INLINE_LAMBDA { return L(static_cast<Number>(constant)); };
    velocity = clamp(velocity, c(-fastest), c(fastest));
    const L position = clamp(state[0] + velocity, c(lowest), c(highest));
    const auto is_at_wall = (position == c(lowest)) & (velocity < c(0));
    state[0] = position;
    state[1] = select(is_at_wall, c(0), velocity);
  }

  template <typename Number, int width>
  static PS_LANES_INLINE LaneMask<Number, width> is_at_goal(const Lanes<Number, width> (&state)[2], double goal,
                                                            const Number *parameters) {
    using L = Lanes<Number, width>;
    return (state[0] >= L(static_cast<Number>(goal))) & (state[1] >= L(parameters[goal_velocity]));
  }
};

struct MountainCar : MountainValley {
  using Action = int32_t;  // 0 left, 1 none, 2 right

  static ClassicFacts facts() {
    return {"MountainCar-v0", 200, 4096, {0, 2}, false, parameters(), {highest, fastest}, {lowest, -fastest}};
  }

  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE void step(Lanes<Number, width> (&state)[2], Lanes<Number, width> action,
                                   const Number *parameters, StepResult<Number, width> *result) {
    using L = Lanes<Number, width>;
    const auto c = [](double constant) PS_LANES_INLINE_LAMBDA { return L(static_cast<Number>(constant)); };
    L sine, cosine;
    Arithmetic::sine_cosine(c(3) * state[0], &sine, &cosine);
    move(state, state[1] + ((action - c(1)) * c(0.001) + cosine * c(-0.0025)));
    result->terminated = is_at_goal(state, 0.5, parameters);
    result->reward = c(-1);
  }
};

struct MountainCarContinuous : MountainValley {
  using Action = float;  // the force, clipped to -1 to 1

  static ClassicFacts facts() {
    return {"MountainCarContinuous-v0", 999, 4096, {-1, 1}, true, parameters(), {highest, fastest}, {lowest, -fastest}};
  }

  template <typename Arithmetic, typename Number, int width>
  static PS_LANES_INLINE void step(Lanes<Number, width> (&state)[2], Lanes<Number, width> action,
                                   const Number *parameters, StepResult<Number, width> *result) {
    if constexpr (Arithmetic::follows_gymnasium) {
      follow(state, action.vector, parameters, result);
    } else {
      using L = Lanes<Number, width>;
      const auto c = [](double constant) PS_LANES_INLINE_LAMBDA { return L(static_cast<Number>(constant)); };
      L sine, cosine;
      Arithmetic::sine_cosine(c(3) * state[0], &sine, &cosine);
      const L force = clamp(action, c(-1), c(1));
      move(state, state[1] + (force * c(power) - c(0.0025) * cosine));
      finish(state, action, goal, parameters, result);
    }
  }

 private:
  static constexpr double power = 0.0015, goal = 0.45;

  template <typename Number, int width>
  static PS_LANES_INLINE void finish(const Lanes<Number, width> (&state)[2], Lanes<Number, width> action,
                                     double goal_position, const Number *parameters,
                                     StepResult<Number, width> *result) {
    using L = Lanes<Number, width>;
    const auto c = [](double constant) PS_LANES_INLINE_LAMBDA { return L(static_cast<Number>(constant)); };
    result->terminated = is_at_goal(state, goal_position, parameters);
    result->reward = select(result->terminated, c(100), c(0)) - action * action * c(0.1);
  }

  // Gymnasium keeps the state as float32, so that NumPy computes in float32 from an episode's second step on.  The
  // first state of an episode is float64, and so is what is computed from it; that it is the first shows in its not
  // being a float32.
  static void follow(Lanes<double, 1> (&state)[2], double action, const double *parameters,
                     StepResult<double, 1> *result) {
    const double position = state[0].vector, velocity = state[1].vector;
    const bool is_first = static_cast<double>(static_cast<float>(position)) != position;
    if (is_first)
      follow_as<double>(state, position, velocity, action);
    else
      follow_as<float>(state, static_cast<float>(position), static_cast<float>(velocity), action);
    const double limit = is_first ? goal : static_cast<double>(static_cast<float>(goal));
    finish<double, 1>(state, action, limit, parameters, result);
    for (Lanes<double, 1> &number : state) number = static_cast<double>(static_cast<float>(number.vector));
  }

  // A force within the bounds is a float32 there, a clipped one a Python float.
  template <typename Number>
  static void follow_as(Lanes<double, 1> (&state)[2], Number position, Number velocity, double action) {
    const double slope = 0.0025 * std::cos(static_cast<double>(3 * position));
    if (action < -1 || action > 1)
      velocity += static_cast<Number>((action < -1 ? -1.0 : 1.0) * power - slope);
    else
      velocity +=
          static_cast<Number>(static_cast<float>(action) * static_cast<float>(power) - static_cast<float>(slope));
    Lanes<Number, 1> moved[2] = {Lanes<Number, 1>(position), Lanes<Number, 1>(0)};
    move<Number, 1>(moved, Lanes<Number, 1>(velocity));
    state[0] = static_cast<double>(moved[0].vector);
    state[1] = static_cast<double>(moved[1].vector);
  }
};

}  // namespace penstock::core
