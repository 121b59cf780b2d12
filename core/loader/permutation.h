// A random order of n things, of which any place can be asked for at once: nothing of size n is kept.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "core/base/random.h"

namespace penstock::core {

// A permutation of 0 to n - 1 that depends on nothing but its stream of random numbers and n: a Feistel network over the
// smallest even number of bits that can hold n - 1, walked until it leads below n.  Both directions take the same time, on
// average less than four walks.
class Permutation {
 public:
  Permutation(RandomStream stream, uint64_t size);

  uint64_t size() const { return size_; }
  uint64_t operator()(uint64_t index) const;  // index below size
  uint64_t inverse(uint64_t value) const;     // the index that leads to value

 private:
  static constexpr int rounds = 6;
  uint64_t mix(uint64_t half, int round) const;

  uint64_t size_;
  int half_bits_;
  uint64_t half_mask_;
  std::array<uint64_t, rounds> keys_;
};

// ---------------------------------------------------------------------------------------------------------------------

inline Permutation::Permutation(RandomStream stream, uint64_t size)
    : size_(size),
      half_bits_(size <= 1 ? 1 : (static_cast<int>(std::bit_width(size - 1)) + 1) / 2),
      half_mask_((uint64_t{1} << half_bits_) - 1) {
  for (int round = 0; round < rounds; ++round)
    keys_[static_cast<size_t>(round)] = random_u64(stream, static_cast<uint64_t>(round));
}

// The last bits of a product whose every bit depends on all of half and of the key: the finisher of MurmurHash3.
inline uint64_t Permutation::mix(uint64_t half, int round) const {
  uint64_t value = half ^ keys_[static_cast<size_t>(round)];
  value = (value ^ value >> 33) * 0xFF51AFD7ED558CCD;
  value = (value ^ value >> 33) * 0xC4CEB9FE1A85EC53;
  return (value ^ value >> 33) & half_mask_;
}

inline uint64_t Permutation::operator()(uint64_t index) const {
  do {
    uint64_t left = index >> half_bits_, right = index & half_mask_;
    for (int round = 0; round < rounds; ++round) {
      const uint64_t mixed = left ^ mix(right, round);
      left = right;
      right = mixed;
    }
    index = left << half_bits_ | right;
  } while (index >= size_);
  return index;
}

inline uint64_t Permutation::inverse(uint64_t value) const {
  do {
    uint64_t left = value >> half_bits_, right = value & half_mask_;
    for (int round = rounds - 1; round >= 0; --round) {
      const uint64_t mixed = right ^ mix(left, round);
      right = left;
      left = mixed;
    }
    value = left << half_bits_ | right;
  } while (value >= size_);
  return value;
}

}  // namespace penstock::core
