#include "tests/cpp/engine/worlds_testing.h"

#include <bit>

#include "core/base/error.h"
#include "core/base/random.h"

namespace penstock::core {
namespace {

// No other random number of a test comes from this stream's seed.
constexpr uint64_t action_seed = 0xAC7105;

RandomStream actions_of(int64_t world) { return {action_seed, static_cast<uint64_t>(world)}; }

}  // namespace

std::string name_of(Autoreset autoreset) {
  switch (autoreset) {
    case Autoreset::next_step: return "next_step";
    case Autoreset::same_step: return "same_step";
    case Autoreset::disabled: break;
  }
  return "disabled";
}

std::string name_of(Precision precision) { return precision == Precision::float32 ? "f32" : "f64"; }

WorldsOptions lively_options(const std::string &game, int64_t num_worlds) {
  WorldsOptions options;
  options.num_worlds = num_worlds;
  options.seeds = {1000};
  options.episode_length = 23;
  if (game == mountain_car || game == mountain_car_continuous)
    options.parameters = {{"reset_low", 0.2}, {"reset_high", 0.6}};
  if (game == acrobot) options.parameters = {{"reset_low", -2}, {"reset_high", 2}};
  return options;
}

std::vector<WorldsKernel> kernels_here() {
  std::vector<WorldsKernel> kernels = {WorldsKernel::scalar, WorldsKernel::bytes_16};
  for (const WorldsKernel kernel : {WorldsKernel::bytes_32, WorldsKernel::bytes_64}) {
    WorldsOptions options;
    options.game.kernel = kernel;
    try {
      const Worlds made(cart_pole, options);
      kernels.push_back(kernel);
    } catch (const Error &error) {
      EXPECT_EQ(error.status(), Status::unavailable) << error.sentence();
    }
  }
  return kernels;
}

void write_random_actions(Worlds &worlds, int64_t step) {
  const Tensor tensor = worlds.tensor("action");
  const Field &field = worlds.find_field("action");
  const double low = field.low[0], high = field.high[0];
  const auto index = static_cast<uint64_t>(step);
  for (int64_t world = 0; world < worlds.num_worlds(); ++world) {
    if (field.dtype == DType::int32)
      reinterpret_cast<int32_t *>(tensor.data)[world] =
          static_cast<int32_t>(low) +
          static_cast<int32_t>(uniform_below(actions_of(world), index, static_cast<uint64_t>(high - low) + 1));
    else
      reinterpret_cast<float *>(tensor.data)[world] =
          static_cast<float>(low + (high - low) * static_cast<double>(uniform_f32(actions_of(world), index)));
  }
}

void step_randomly(Worlds &worlds, int64_t first, int64_t count) {
  for (int64_t step = first; step < first + count; ++step) {
    write_random_actions(worlds, step);
    worlds.step();
  }
}

std::vector<std::vector<uint64_t>> hashes_along(Worlds &worlds, int64_t first, int64_t count) {
  std::vector<std::vector<uint64_t>> hashes;
  for (int64_t step = first; step < first + count; ++step) {
    step_randomly(worlds, step, 1);
    hashes.push_back(worlds.hashes());
  }
  return hashes;
}

uint64_t digest(const std::vector<uint64_t> &numbers) {
  uint64_t digest = 0;
  for (const uint64_t number : numbers) digest = std::rotl((digest ^ number) * 0x9E3779B97F4A7C15, 29);
  return digest;
}

std::vector<double> state_of(const Worlds &worlds, int64_t world) {
  std::vector<double> state(static_cast<size_t>(worlds.game().state_count()));
  worlds.get_state(world, state);
  return state;
}

}  // namespace penstock::core
