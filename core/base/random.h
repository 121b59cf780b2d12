// Random numbers without a state: each is a pure function of (seed, stream, index), so results depend neither on
// threads nor on the order in which they are drawn.
//
// The scheme below is pinned forever: recorded runs, shuffled orders and worlds depend on every bit of it.
//
//   block(b)         Philox4x32-10 with the seed as its key and (b, stream) as its counter, each low word first:
//                    key = {seed, seed >> 32}, counter = {b, b >> 32, stream, stream >> 32}.  128 bits a block, and no
//                    two of (seed, stream, b) share both key and counter.
//   32-bit value i   word i % 4 of block(i / 4): blocks below 2^62
//   64-bit value i   words 2 (i % 2), the low half, and 2 (i % 2) + 1 of block(2^63 + i / 2): blocks from 2^63 on
//   further keys     blocks from 2^62 to below 2^63 (random_key.h)
//   float32 value i  the upper 24 bits of the 32-bit value i, times 2^-24
//   float64 value i  the upper 53 bits of the 64-bit value i, times 2^-53
//   below n, at i    Lemire's method (2019): the upper half of the 128-bit product n x, with x the 64-bit value i.
//                    Where the lower half is below 2^64 mod n, x would make some results likelier than others: the
//                    block that x came from is then encrypted once more (its four words become the counter, the key
//                    stays), and x is read from the same two words of that; again until x is taken.
//
// So values of one width never share bits with values of the other, nor two indices with each other; values of the same
// width at the same (seed, stream, index) are the same bits seen in several ways.  Draw what must be independent from
// several streams, or at several indices.
//
// Plain constexpr functions on words: no allocation, no failure, any thread, and a CUDA kernel may call them too.
#pragma once

#include <bit>
#include <cstdint>
#include <span>

namespace penstock::core {

// What a generator takes and gives: an array that is copied like a number.
template <int count>
struct Words {
  uint32_t word[count];
  friend bool operator==(const Words &, const Words &) = default;
};

// Threefry-2x32-20 and Philox-4x32-10: J. Salmon, M. Moraes, R. Dror, D. Shaw, "Parallel random numbers: as easy as
// 1, 2, 3", SC 2011.  Under one key each maps counters to results one to one.
constexpr Words<2> threefry2x32(Words<2> counter, Words<2> key);
constexpr Words<4> philox4x32(Words<4> counter, Words<2> key);

// One sequence of values out of 2^64 a seed.  Every seed and every number is as good as any other.
struct RandomStream {
  uint64_t seed = 0;
  uint64_t number = 0;
};

constexpr uint32_t random_u32(RandomStream stream, uint64_t index);
constexpr uint64_t random_u64(RandomStream stream, uint64_t index);
constexpr float uniform_f32(RandomStream stream, uint64_t index);   // from 0 to below 1, a multiple of 2^-24
constexpr double uniform_f64(RandomStream stream, uint64_t index);  // from 0 to below 1, a multiple of 2^-53

// From 0 to below n, each with the same probability; n = 0 stands for 2^64.
constexpr uint64_t uniform_below(RandomStream stream, uint64_t index, uint64_t n);

// Many at once: values[k] is what the function above gives at index first + k, counted modulo 2^64.  Faster than one at
// a time, and the same values however a range is split.
void fill_random_u32(std::span<uint32_t> values, RandomStream stream, uint64_t first);
void fill_random_u64(std::span<uint64_t> values, RandomStream stream, uint64_t first);
void fill_uniform_f32(std::span<float> values, RandomStream stream, uint64_t first);
void fill_uniform_f64(std::span<double> values, RandomStream stream, uint64_t first);
void fill_uniform_below(std::span<uint64_t> values, RandomStream stream, uint64_t first, uint64_t n);

// ---------------------------------------------------------------------------------------------------------------------
// How they are computed.

constexpr Words<2> threefry2x32(Words<2> counter, Words<2> key) {
  constexpr int rotations[8] = {13, 15, 26, 6, 17, 29, 16, 24};
  const uint32_t schedule[3] = {key.word[0], key.word[1], key.word[0] ^ key.word[1] ^ 0x1BD11BDA};
  uint32_t first = counter.word[0] + schedule[0], second = counter.word[1] + schedule[1];
  for (uint32_t group = 0; group < 5; ++group) {
    for (uint32_t round = 0; round < 4; ++round) {
      first += second;
      second = std::rotl(second, rotations[4 * (group % 2) + round]) ^ first;
    }
    first += schedule[(group + 1) % 3];
    second += schedule[(group + 2) % 3] + group + 1;
  }
  return {{first, second}};
}

constexpr Words<4> philox4x32(Words<4> counter, Words<2> key) {
  auto [c0, c1, c2, c3] = counter.word;
  auto [k0, k1] = key.word;
  for (int round = 0; round < 10; ++round) {
    const uint64_t product0 = uint64_t{0xD2511F53} * c0, product1 = uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<uint32_t>(product1 >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(product1);
    c2 = static_cast<uint32_t>(product0 >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(product0);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {{c0, c1, c2, c3}};
}

constexpr Words<2> random_key(RandomStream stream) {
  return {{static_cast<uint32_t>(stream.seed), static_cast<uint32_t>(stream.seed >> 32)}};
}

constexpr Words<4> random_block(RandomStream stream, uint64_t block) {
  return philox4x32({{static_cast<uint32_t>(block), static_cast<uint32_t>(block >> 32),
                      static_cast<uint32_t>(stream.number), static_cast<uint32_t>(stream.number >> 32)}},
                    random_key(stream));
}

// The block that holds a value, and the value in its block.
constexpr Words<4> random_block_of_u32(RandomStream stream, uint64_t index) { return random_block(stream, index / 4); }
constexpr Words<4> random_block_of_u64(RandomStream stream, uint64_t index) {
  return random_block(stream, (uint64_t{1} << 63) + index / 2);
}
constexpr uint32_t u32_in_block(Words<4> block, uint64_t index) { return block.word[index % 4]; }
constexpr uint64_t u64_in_block(Words<4> block, uint64_t index) {
  const uint64_t low = block.word[2 * (index % 2)], high = block.word[2 * (index % 2) + 1];
  return high << 32 | low;
}

constexpr float unit_f32(uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }
constexpr double unit_f64(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

constexpr uint64_t below_in_block(RandomStream stream, Words<4> block, uint64_t index, uint64_t n) {
  __extension__ using uint128 = unsigned __int128;
  uint64_t bits = u64_in_block(block, index);
  if (n == 0) return bits;
  uint128 product = uint128{bits} * n;
  // 2^64 mod n is below n: most draws are taken without the division.
  if (static_cast<uint64_t>(product) < n) {
    const uint64_t too_many = (0 - n) % n;
    while (static_cast<uint64_t>(product) < too_many) {
      block = philox4x32(block, random_key(stream));
      bits = u64_in_block(block, index);
      product = uint128{bits} * n;
    }
  }
  return static_cast<uint64_t>(product >> 64);
}

constexpr uint32_t random_u32(RandomStream stream, uint64_t index) {
  return u32_in_block(random_block_of_u32(stream, index), index);
}
constexpr uint64_t random_u64(RandomStream stream, uint64_t index) {
  return u64_in_block(random_block_of_u64(stream, index), index);
}
constexpr float uniform_f32(RandomStream stream, uint64_t index) { return unit_f32(random_u32(stream, index)); }
constexpr double uniform_f64(RandomStream stream, uint64_t index) { return unit_f64(random_u64(stream, index)); }
constexpr uint64_t uniform_below(RandomStream stream, uint64_t index, uint64_t n) {
  return below_in_block(stream, random_block_of_u64(stream, index), index, n);
}

}  // namespace penstock::core
