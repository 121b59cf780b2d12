// What the tests of the batch engine share: worlds with options, random actions for them, and what they look like.
#pragma once

#include <gmock/gmock.h>

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/worlds/worlds.h"

namespace penstock::core {

inline constexpr const char *cart_pole = "CartPole-v1", *mountain_car = "MountainCar-v0",
                            *mountain_car_continuous = "MountainCarContinuous-v0", *pendulum = "Pendulum-v1",
                            *acrobot = "Acrobot-v1";
inline constexpr const char *all_games[] = {cart_pole, mountain_car, mountain_car_continuous, pendulum, acrobot};
inline constexpr Autoreset all_autoresets[] = {Autoreset::next_step, Autoreset::same_step, Autoreset::disabled};
inline constexpr Precision both_precisions[] = {Precision::float32, Precision::float64};

std::string name_of(Autoreset autoreset);
std::string name_of(Precision precision);

// Options under which worlds of a game end in both ways within some dozens of steps, but for Pendulum-v1, which has
// one.
WorldsOptions lively_options(const std::string &game, int64_t num_worlds);

// The kernels that this processor runs; at least scalar and bytes_16.
std::vector<WorldsKernel> kernels_here();

// Writes an action for each world that depends on its place and the number of the step alone, within the bounds.
void write_random_actions(Worlds &worlds, int64_t step);

// Steps worlds with random actions, those of the steps from first on.
void step_randomly(Worlds &worlds, int64_t first, int64_t count);

// The hashes after each step.
std::vector<std::vector<uint64_t>> hashes_along(Worlds &worlds, int64_t first, int64_t count);

// A number that stands for many.
uint64_t digest(const std::vector<uint64_t> &numbers);

// A tensor's elements, row by row.
template <typename Number>
std::vector<Number> values_of(const Worlds &worlds, const char *name);

template <typename Number>
void write_actions(Worlds &worlds, const std::vector<Number> &actions);

std::vector<double> state_of(const Worlds &worlds, int64_t world);

// ---------------------------------------------------------------------------------------------------------------------

template <typename Number>
std::vector<Number> values_of(const Worlds &worlds, const char *name) {
  const Tensor tensor = worlds.tensor(name);
  EXPECT_EQ(dtype_size(tensor.dtype), static_cast<int64_t>(sizeof(Number)));
  EXPECT_TRUE(tensor.is_contiguous()) << name;
  const auto *numbers = reinterpret_cast<const Number *>(tensor.data);
  return {numbers, numbers + tensor.nbytes() / static_cast<int64_t>(sizeof(Number))};
}

template <typename Number>
void write_actions(Worlds &worlds, const std::vector<Number> &actions) {
  const Tensor tensor = worlds.tensor("action");
  ASSERT_EQ(tensor.nbytes(), static_cast<int64_t>(actions.size() * sizeof(Number)));
  std::copy(actions.begin(), actions.end(), reinterpret_cast<Number *>(tensor.data));
}

}  // namespace penstock::core
