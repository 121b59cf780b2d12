#include "core/base/random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <tuple>
#include <vector>

namespace penstock::core {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::Lt;

struct KnownAnswer {
  std::string line;
  std::vector<uint32_t> words;  // counter, key, result
};

// The answers recorded for one generator, as "philox4x32 10".
std::vector<KnownAnswer> known_answers(const std::string &generator, size_t words_in_a_line) {
  std::ifstream file(TEST_DATA_DIR "/random123/known_answers.txt");
  std::vector<KnownAnswer> answers;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(generator + " ", 0) != 0) continue;
    std::istringstream fields(line.substr(generator.size()));
    KnownAnswer answer{line, {}};
    for (uint32_t word; fields >> std::hex >> word;) answer.words.push_back(word);
    EXPECT_EQ(answer.words.size(), words_in_a_line) << line;
    answers.push_back(std::move(answer));
  }
  return answers;
}

TEST(Threefry, GivesThePublishedAnswers) {
  const auto answers = known_answers("threefry2x32 20", 6);
  ASSERT_EQ(answers.size(), 31u);
  for (const auto &[line, words] : answers) {
    const Words<2> result = threefry2x32({{words[0], words[1]}}, {{words[2], words[3]}});
    EXPECT_EQ(result, (Words<2>{{words[4], words[5]}})) << line;
  }
}

TEST(Philox, GivesThePublishedAnswers) {
  const auto answers = known_answers("philox4x32 10", 10);
  ASSERT_EQ(answers.size(), 35u);
  for (const auto &[line, words] : answers) {
    const Words<4> result = philox4x32({{words[0], words[1], words[2], words[3]}}, {{words[4], words[5]}});
    EXPECT_EQ(result, (Words<4>{{words[6], words[7], words[8], words[9]}})) << line;
  }
}

TEST(Generators, AreUsableInConstantExpressions) {
  static_assert(threefry2x32({{0, 0}}, {{0, 0}}) == Words<2>{{0x6b200159, 0x99ba4efe}});
  static_assert(philox4x32({{0, 0, 0, 0}}, {{0, 0}}) == Words<4>{{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}});
  static_assert(uniform_below({1, 2}, 3, 1) == 0);
}

// Of random 64-bit values none should coincide either; a mixing step that loses information makes many coincide.
TEST(Threefry, MapsCountersOneToOne) {
  std::vector<uint64_t> results;
  for (uint32_t number = 0; number < (1u << 16); ++number) {
    const Words<2> low = threefry2x32({{number, 0}}, {{7, 8}}), high = threefry2x32({{0, number + 1}}, {{7, 8}});
    results.push_back(uint64_t{low.word[0]} << 32 | low.word[1]);
    results.push_back(uint64_t{high.word[0]} << 32 | high.word[1]);
  }
  std::sort(results.begin(), results.end());
  EXPECT_EQ(std::adjacent_find(results.begin(), results.end()), results.end());
}

// The scheme is pinned forever.  These values were computed with Random123's own headers.
TEST(RandomStream, GivesThePinnedValues) {
  struct Pinned {
    uint64_t seed, stream, index;
    uint32_t bits32;
    uint64_t bits64;
  };
  const Pinned all_pinned[] = {
      {0, 0, 0, 0x6627e8d5, 0x51408772a2b20ccf},
      {1, 2, 3, 0x0a0afddd, 0x501a9731cc985055},
      {0x0123456789abcdef, 0xfedcba9876543210, 0x8000000000000005, 0x18ff7aa8, 0x41d19efb686dab6a},
      {UINT64_MAX, UINT64_MAX, UINT64_MAX, 0x411fcefd, 0x6d5451fda20bc7c6},
  };
  for (const Pinned &pinned : all_pinned) {
    const RandomStream stream{pinned.seed, pinned.stream};
    EXPECT_EQ(random_u32(stream, pinned.index), pinned.bits32) << pinned.index;
    EXPECT_EQ(random_u64(stream, pinned.index), pinned.bits64) << pinned.index;
  }
}

TEST(RandomStream, FloatsAreTheUpperBitsOfTheIntegers) {
  const RandomStream stream{11, 12};
  for (uint64_t index = 0; index < 1000; ++index) {
    EXPECT_EQ(uniform_f32(stream, index), std::ldexp(static_cast<float>(random_u32(stream, index) >> 8), -24));
    EXPECT_EQ(uniform_f64(stream, index), std::ldexp(static_cast<double>(random_u64(stream, index) >> 11), -53));
  }
}

TEST(RandomStream, FloatsReachTheirEndsAndStayBelowOne) {
  EXPECT_EQ(unit_f32(0), 0.0f);
  EXPECT_EQ(unit_f32(UINT32_MAX), 1.0f - 0x1p-24f);
  EXPECT_EQ(unit_f64(0), 0.0);
  EXPECT_EQ(unit_f64(UINT64_MAX), 1.0 - 0x1p-53);
}

// Every field, and each half of it, reaches a place of its own in the key or the counter.
TEST(RandomStream, NoTwoOfSeedStreamAndIndexShareAValue) {
  const uint64_t numbers[] = {0, 1, 2, 3, 1ull << 32, 2ull << 32, (1ull << 32) + 1, 1ull << 62, 1ull << 63};
  std::vector<uint64_t> values;
  for (const uint64_t seed : numbers)
    for (const uint64_t number : numbers)
      for (const uint64_t index : numbers) values.push_back(random_u64({seed, number}, index));
  std::sort(values.begin(), values.end());
  EXPECT_EQ(std::adjacent_find(values.begin(), values.end()), values.end());
}

TEST(RandomStream, ValuesOfTheTwoWidthsShareNoBlock) {
  for (const uint64_t index : {uint64_t{0}, uint64_t{5}, uint64_t{1} << 63, UINT64_MAX})
    for (const uint64_t other : {uint64_t{0}, uint64_t{5}, uint64_t{1} << 63, UINT64_MAX})
      EXPECT_FALSE(random_block_of_u32({1, 2}, index) == random_block_of_u64({1, 2}, other)) << index << ' ' << other;
}

template <typename Value>
using Fill = std::function<void(std::span<Value>, uint64_t first)>;

// However [first, first + 23) is split in three, filling gives what `one_at` gives; first lies at and across the places
// where blocks and the index range end.
template <typename Value>
void expect_fill_equals_one_at_a_time(const Fill<Value> &fill, const std::function<Value(uint64_t)> &one_at) {
  constexpr size_t count = 23;
  for (const uint64_t first : {uint64_t{0}, uint64_t{1}, uint64_t{6}, (uint64_t{1} << 32) - 2, UINT64_MAX - 4}) {
    std::array<Value, count> expected;
    for (size_t k = 0; k < count; ++k) expected[k] = one_at(first + k);
    for (size_t cut = 0; cut <= count; ++cut)
      for (size_t second_cut = cut; second_cut <= count; ++second_cut) {
        std::array<Value, count> values{};
        const std::span<Value> all(values);
        fill(all.subspan(0, cut), first);
        fill(all.subspan(cut, second_cut - cut), first + cut);
        fill(all.subspan(second_cut), first + second_cut);
        ASSERT_EQ(values, expected) << "from " << first << ", cut at " << cut << " and " << second_cut;
      }
  }
}

constexpr RandomStream filled{0x5eed, 9};

TEST(RandomFill, IntegersEqualThoseDrawnOneAtATime) {
  expect_fill_equals_one_at_a_time<uint32_t>(
      [](std::span<uint32_t> values, uint64_t first) { fill_random_u32(values, filled, first); },
      [](uint64_t index) { return random_u32(filled, index); });
  expect_fill_equals_one_at_a_time<uint64_t>(
      [](std::span<uint64_t> values, uint64_t first) { fill_random_u64(values, filled, first); },
      [](uint64_t index) { return random_u64(filled, index); });
}

TEST(RandomFill, FloatsEqualThoseDrawnOneAtATime) {
  expect_fill_equals_one_at_a_time<float>(
      [](std::span<float> values, uint64_t first) { fill_uniform_f32(values, filled, first); },
      [](uint64_t index) { return uniform_f32(filled, index); });
  expect_fill_equals_one_at_a_time<double>(
      [](std::span<double> values, uint64_t first) { fill_uniform_f64(values, filled, first); },
      [](uint64_t index) { return uniform_f64(filled, index); });
}

TEST(RandomFill, BoundedIntegersEqualThoseDrawnOneAtATime) {
  for (const uint64_t n : {uint64_t{10}, (uint64_t{1} << 63) + 1})
    expect_fill_equals_one_at_a_time<uint64_t>(
        [n](std::span<uint64_t> values, uint64_t first) { fill_uniform_below(values, filled, first, n); },
        [n](uint64_t index) { return uniform_below(filled, index, n); });
}

std::vector<uint64_t> first_eight_below(uint64_t n) {
  std::vector<uint64_t> values;
  for (uint64_t index = 0; index < 8; ++index) values.push_back(uniform_below({42, 7}, index, n));
  return values;
}

// Computed with Random123's headers, as above.  With 2^63 + 1 nearly every second draw is turned down.
TEST(UniformBelow, GivesThePinnedValues) {
  EXPECT_THAT(first_eight_below(6), ElementsAre(3u, 3u, 3u, 5u, 5u, 0u, 1u, 4u));
  EXPECT_THAT(first_eight_below((uint64_t{1} << 63) + 1),
              ElementsAre(1095082133279333283u, 5519734760305614925u, 6996670589845452054u, 8336030950686577076u,
                          8033295457853026839u, 4485620574013644026u, 1943736879859521834u, 7141255811939265070u));
  EXPECT_THAT(first_eight_below(UINT64_MAX),
              ElementsAre(9776843482000912410u, 11039469520611229849u, 12036320874808395974u, 16672061901373154151u,
                          17515476323976394360u, 1261610917106947683u, 3887473759719043668u, 14282511623878530139u));
}

TEST(UniformBelow, OfNoBoundIsTheWholeRange) {
  for (uint64_t index = 0; index < 100; ++index) EXPECT_EQ(uniform_below({1, 2}, index, 0), random_u64({1, 2}, index));
}

TEST(UniformBelow, StaysBelowItsBound) {
  for (const uint64_t n :
       {uint64_t{1}, uint64_t{2}, uint64_t{3}, uint64_t{1} << 32, (uint64_t{1} << 63) + 1, UINT64_MAX}) {
    std::vector<uint64_t> values(1000);
    fill_uniform_below(values, {3, 4}, 0, n);
    EXPECT_THAT(values, Each(Lt(n)));
  }
}

// Chi-squared of counts against equal probabilities, in standard deviations from its mean: values beyond 5 have a
// probability below 10^-6, and the seeds are fixed.
double deviation_from_uniform(const std::vector<int64_t> &counts) {
  double draws = 0, chi_squared = 0;
  for (const int64_t count : counts) draws += static_cast<double>(count);
  const double expected = draws / static_cast<double>(counts.size());
  for (const int64_t count : counts)
    chi_squared += (static_cast<double>(count) - expected) * (static_cast<double>(count) - expected) / expected;
  const auto freedom = static_cast<double>(counts.size() - 1);
  return std::abs(chi_squared - freedom) / std::sqrt(2 * freedom);
}

constexpr uint64_t draws = 1 << 16;

TEST(RandomStream, EveryByteOfEveryWidthIsUniform) {
  for (int byte = 0; byte < 12; ++byte) {
    std::vector<int64_t> counts(256);
    for (uint64_t index = 0; index < draws; ++index)
      ++counts[255 &
               (byte < 4 ? random_u32({1, 0}, index) >> (8 * byte) : random_u64({1, 0}, index) >> (8 * (byte - 4)))];
    EXPECT_LT(deviation_from_uniform(counts), 5) << "byte " << byte;
  }
}

TEST(RandomStream, IsUniformAcrossSeedsAndAcrossStreamsToo) {
  std::vector<int64_t> across_seeds(256), across_streams(256);
  for (uint64_t number = 0; number < draws; ++number) {
    ++across_seeds[random_u32({number, 0}, 0) >> 24];
    ++across_streams[random_u32({0, number}, 0) >> 24];
  }
  EXPECT_LT(deviation_from_uniform(across_seeds), 5);
  EXPECT_LT(deviation_from_uniform(across_streams), 5);
}

TEST(RandomStream, NeighboursAreIndependent) {
  std::vector<int64_t> next_index(256), next_stream(256), next_seed(256);
  for (uint64_t index = 0; index < draws; ++index) {
    const uint32_t high_bits = random_u32({5, 6}, index) >> 28;
    ++next_index[high_bits * 16 + (random_u32({5, 6}, index + 1) >> 28)];
    ++next_stream[high_bits * 16 + (random_u32({5, 7}, index) >> 28)];
    ++next_seed[high_bits * 16 + (random_u32({6, 6}, index) >> 28)];
  }
  EXPECT_LT(deviation_from_uniform(next_index), 5);
  EXPECT_LT(deviation_from_uniform(next_stream), 5);
  EXPECT_LT(deviation_from_uniform(next_seed), 5);
}

// With n = 3 * 2^62, a product without the rejection gives every third value twice as often as the others.
TEST(UniformBelow, IsUniformWhereRejectionMatters) {
  constexpr uint64_t n = uint64_t{3} << 62;
  std::vector<int64_t> counts(3);
  for (uint64_t index = 0; index < draws; ++index) ++counts[uniform_below({8, 9}, index, n) % 3];
  EXPECT_LT(deviation_from_uniform(counts), 5);
}

TEST(UniformBelow, SmallBoundsAreUniform) {
  for (const uint64_t n : {2, 3, 6, 10, 1000}) {
    std::vector<int64_t> counts(n);
    for (uint64_t index = 0; index < draws; ++index) ++counts[uniform_below({8, n}, index, n)];
    EXPECT_LT(deviation_from_uniform(counts), 5) << "below " << n;
  }
}

}  // namespace
}  // namespace penstock::core
