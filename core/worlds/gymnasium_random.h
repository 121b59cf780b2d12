// The random numbers that Gymnasium's environments draw: those of numpy.random.Generator(PCG64(SeedSequence(seed))),
// which gymnasium.utils.seeding.np_random makes.  For worlds with rng="gymnasium" only: every draw changes its state.
//
// PCG64 is M. O'Neill's PCG XSL RR 128/64: a linear congruential generator of 128 bits, of which each step gives 64.
#pragma once

#include <bit>
#include <cstdint>
#include <type_traits>

namespace penstock::core {

// The whole of a generator, as plain numbers: a copy goes on where the original stood.  Made by seeded(), or filled
// with what one had.  For one thread at a time.
struct GymnasiumRandom {
  uint64_t state_high, state_low;
  uint64_t increment_high, increment_low;  // odd

  // As np_random(seed).  Gymnasium takes larger integers too; those have no place here.
  static GymnasiumRandom seeded(uint64_t seed);

  // As bit_generator.random_raw().
  constexpr uint64_t next_u64();
  // As Generator.random(): from 0 to below 1, a multiple of 2^-53.
  constexpr double next_f64() { return static_cast<double>(next_u64() >> 11) * 0x1p-53; }
  // As Generator.uniform(low, high): rounding may give high itself.
  constexpr double uniform(double low, double high) { return low + (high - low) * next_f64(); }

  friend constexpr bool operator==(const GymnasiumRandom &, const GymnasiumRandom &) = default;

 private:
  constexpr void step();
};
static_assert(std::is_trivially_copyable_v<GymnasiumRandom>);

constexpr void GymnasiumRandom::step() {
  __extension__ using uint128 = unsigned __int128;
  constexpr uint128 multiplier = uint128{0x2360ED051FC65DA4} << 64 | 0x4385DF649FCCF645;
  const uint128 state = uint128{state_high} << 64 | state_low;
  const uint128 increment = uint128{increment_high} << 64 | increment_low;
  const uint128 next = state * multiplier + increment;
  state_high = static_cast<uint64_t>(next >> 64);
  state_low = static_cast<uint64_t>(next);
}

constexpr uint64_t GymnasiumRandom::next_u64() {
  step();
  return std::rotr(state_high ^ state_low, static_cast<int>(state_high >> 58));
}

}  // namespace penstock::core
