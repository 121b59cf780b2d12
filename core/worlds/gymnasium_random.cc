#include "core/worlds/gymnasium_random.h"

#include <array>
#include <cstddef>

namespace penstock::core {
namespace {

// NumPy's SeedSequence, for a seed of 64 bits: the seed is stirred into a pool of four words, out of which as many
// words as are asked for are hashed.  It follows M. O'Neill's seed_seq_fe.
using Pool = std::array<uint32_t, 4>;

constexpr uint32_t fold(uint32_t word) { return word ^ word >> 16; }

// Hashes one word after another, each in another way.
struct Hash {
  uint32_t constant;
  uint32_t multiplier;

  uint32_t operator()(uint32_t word) {
    word ^= constant;
    constant *= multiplier;
    return fold(word * constant);
  }
};

uint32_t mix(uint32_t a, uint32_t b) { return fold(0xCA01F9DD * a - 0x4973F715 * b); }

Pool pool_of(uint64_t seed) {
  Hash hash{0x43B0D7E5, 0x931E8875};
  Pool pool{static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), 0, 0};
  for (uint32_t &word : pool) word = hash(word);
  for (size_t from = 0; from < pool.size(); ++from)
    for (size_t to = 0; to < pool.size(); ++to)
      if (from != to) pool[to] = mix(pool[to], hash(pool[from]));
  return pool;
}

// As SeedSequence(seed).generate_state(4, numpy.uint64).
std::array<uint64_t, 4> generate_state(uint64_t seed) {
  const Pool pool = pool_of(seed);
  Hash hash{0x8B51F9DD, 0x58F38DED};
  std::array<uint64_t, 4> state{};
  for (size_t k = 0; k < state.size(); ++k) {
    const uint64_t low = hash(pool[2 * k % pool.size()]);
    const uint64_t high = hash(pool[(2 * k + 1) % pool.size()]);
    state[k] = high << 32 | low;
  }
  return state;
}

}  // namespace

GymnasiumRandom GymnasiumRandom::seeded(uint64_t seed) {
  const auto [state_high, state_low, sequence_high, sequence_low] = generate_state(seed);
  GymnasiumRandom random{0, 0, sequence_high << 1 | sequence_low >> 63, sequence_low << 1 | 1};
  random.step();
  random.state_low += state_low;
  random.state_high += state_high + (random.state_low < state_low ? 1 : 0);
  random.step();
  return random;
}

}  // namespace penstock::core
