#include "core/worlds/gymnasium_random.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace penstock::core {
namespace {

// What NumPy gave: the fields after the kind and the seed.
struct Recorded {
  std::string line;
  uint64_t seed;
  std::vector<std::string> fields;

  uint64_t bits(size_t field) const { return std::stoull(fields.at(field), nullptr, 16); }
  double number(size_t field) const { return std::strtod(fields.at(field).c_str(), nullptr); }
};

constexpr size_t seeds = 14;

std::vector<Recorded> recorded(const std::string &kind) {
  std::ifstream file(TEST_DATA_DIR "/worlds/numpy_pcg64.txt");
  std::vector<Recorded> all;
  for (std::string line; std::getline(file, line);) {
    if (line.rfind(kind + " ", 0) != 0) continue;
    std::istringstream fields(line.substr(kind.size()));
    Recorded one{line, 0, {}};
    fields >> std::hex >> one.seed;
    for (std::string field; fields >> field;) one.fields.push_back(field);
    all.push_back(std::move(one));
  }
  return all;
}

TEST(GymnasiumRandom, SeedsAsNumpyDoes) {
  const auto all = recorded("state");
  ASSERT_EQ(all.size(), seeds);
  for (const Recorded &one : all) {
    const GymnasiumRandom expected{one.bits(0), one.bits(1), one.bits(2), one.bits(3)};
    EXPECT_EQ(GymnasiumRandom::seeded(one.seed), expected) << one.line;
  }
}

TEST(GymnasiumRandom, DrawsNumpysBits) {
  const auto all = recorded("raw");
  ASSERT_EQ(all.size(), seeds);
  for (const Recorded &one : all) {
    GymnasiumRandom random = GymnasiumRandom::seeded(one.seed);
    ASSERT_EQ(one.fields.size(), 16u);
    for (size_t draw = 0; draw < one.fields.size(); ++draw) EXPECT_EQ(random.next_u64(), one.bits(draw)) << one.line;
  }
}

TEST(GymnasiumRandom, DrawsNumpysNumbers) {
  const auto all = recorded("random");
  ASSERT_EQ(all.size(), seeds);
  for (const Recorded &one : all) {
    GymnasiumRandom random = GymnasiumRandom::seeded(one.seed);
    ASSERT_EQ(one.fields.size(), 8u);
    for (size_t draw = 0; draw < one.fields.size(); ++draw) EXPECT_EQ(random.next_f64(), one.number(draw)) << one.line;
  }
}

TEST(GymnasiumRandom, DrawsNumpysNumbersBetweenBounds) {
  const auto all = recorded("uniform");
  ASSERT_EQ(all.size(), 5 * seeds);
  for (const Recorded &one : all) {
    GymnasiumRandom random = GymnasiumRandom::seeded(one.seed);
    const double low = one.number(0), high = one.number(1);
    ASSERT_EQ(one.fields.size(), 6u);
    for (size_t draw = 2; draw < one.fields.size(); ++draw)
      EXPECT_EQ(random.uniform(low, high), one.number(draw)) << one.line;
  }
}

TEST(GymnasiumRandom, EveryKindOfDrawTakesOneStep) {
  const auto all = recorded("mixed");
  ASSERT_EQ(all.size(), seeds);
  for (const Recorded &one : all) {
    GymnasiumRandom random = GymnasiumRandom::seeded(one.seed);
    EXPECT_EQ(random.next_f64(), one.number(0)) << one.line;
    EXPECT_EQ(random.next_u64(), one.bits(1)) << one.line;
    EXPECT_EQ(random.uniform(-1, 1), one.number(2)) << one.line;
    EXPECT_EQ(random.next_u64(), one.bits(3)) << one.line;
  }
}

TEST(GymnasiumRandom, StaysWithNumpyFarFromItsSeed) {
  const auto all = recorded("far");
  ASSERT_EQ(all.size(), seeds);
  for (const Recorded &one : all) {
    GymnasiumRandom random = GymnasiumRandom::seeded(one.seed);
    for (int draw = 0; draw < 100'000; ++draw) random.next_u64();
    EXPECT_EQ(random.next_u64(), one.bits(0)) << one.line;
  }
}

TEST(GymnasiumRandom, CopyGoesOnWhereTheOriginalStood) {
  GymnasiumRandom random = GymnasiumRandom::seeded(7);
  random.next_u64();
  GymnasiumRandom copy = random;
  const uint64_t next = random.next_u64();
  EXPECT_NE(copy, random);
  EXPECT_EQ(copy.next_u64(), next);
  EXPECT_EQ(copy, random);
}

}  // namespace
}  // namespace penstock::core
