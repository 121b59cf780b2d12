// The samplers: what each draws, how often, and that shares cover the whole.
#include "core/loader/samples/sample_order.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;

std::vector<uint64_t> epoch(const SampleLoaderOptions &options, uint64_t set_count, uint64_t number = 0) {
  const SampleOrder order(options, set_count);
  const auto of_epoch = order.epoch(number);
  std::vector<uint64_t> samples;
  for (uint64_t place = 0; place < order.size(); ++place) samples.push_back((*of_epoch)(place));
  return samples;
}

SampleLoaderOptions options_with(Sampler sampler, int64_t num_samples = 0, std::vector<double> weights = {}) {
  SampleLoaderOptions options;
  options.sampler = sampler;
  options.seed = 42;
  options.num_samples = num_samples;
  options.weights = std::move(weights);
  return options;
}

std::vector<uint64_t> sorted(std::vector<uint64_t> samples) {
  std::sort(samples.begin(), samples.end());
  return samples;
}

std::vector<uint64_t> up_to(uint64_t count) {
  std::vector<uint64_t> all(count);
  for (uint64_t number = 0; number < count; ++number) all[number] = number;
  return all;
}

// Pearson's statistic, divided so that it is about standard normal for many degrees of freedom (Wilson and Hilferty).
double chi_square_deviation(const std::vector<double> &seen, const std::vector<double> &expected) {
  double sum = 0;
  for (size_t index = 0; index < seen.size(); ++index)
    sum += (seen[index] - expected[index]) * (seen[index] - expected[index]) / expected[index];
  const double freedom = static_cast<double>(seen.size()) - 1;
  return (std::cbrt(sum / freedom) - (1 - 2 / (9 * freedom))) / std::sqrt(2 / (9 * freedom));
}
constexpr double six_sigma = 6;

std::vector<double> counted(const std::vector<uint64_t> &samples, size_t set_count) {
  std::vector<double> counts(set_count);
  for (const uint64_t sample : samples) ++counts[sample];
  return counts;
}

TEST(SampleOrder, SequentialIsTheSetsOwnOrder) {
  EXPECT_THAT(epoch(options_with(Sampler::sequential), 4, 3), ElementsAre(0, 1, 2, 3));
}

TEST(SampleOrder, ShuffleHasEachSampleOnceInAnOrderOfItsOwnForEachEpoch) {
  const auto options = options_with(Sampler::shuffle);
  const auto first = epoch(options, 1000, 0), second = epoch(options, 1000, 1);
  EXPECT_EQ(sorted(first), up_to(1000));
  EXPECT_EQ(sorted(second), up_to(1000));
  EXPECT_NE(first, second);
  EXPECT_EQ(first, epoch(options, 1000, 0));
  auto other_seed = options;
  other_seed.seed = 43;
  EXPECT_NE(first, epoch(other_seed, 1000, 0));
}

TEST(SampleOrder, ShufflePutsEachSampleAnywhereWithEqualProbability) {
  std::vector<double> places(20 * 20);
  constexpr uint64_t epochs = 20'000;
  const SampleLoaderOptions options = options_with(Sampler::shuffle);
  const SampleOrder order(options, 20);
  for (uint64_t number = 0; number < epochs; ++number)
    for (uint64_t place = 0; place < 20; ++place) ++places[place * 20 + (*order.epoch(number))(place)];
  EXPECT_LT(chi_square_deviation(places, std::vector<double>(400, epochs / 20.0)), six_sigma);
}

TEST(SampleOrder, ReplacementDrawsAllWithEqualProbability) {
  const auto seen = counted(epoch(options_with(Sampler::replacement, 200'000), 100), 100);
  const double deviation = chi_square_deviation(seen, std::vector<double>(100, 2000));
  EXPECT_LT(deviation, six_sigma);
  EXPECT_GT(deviation, -six_sigma) << "too even for chance: something is dealt, not drawn";
}

TEST(SampleOrder, WeightedDrawsInProportionToTheWeightsAndNeverAWeightOfZero) {
  std::vector<double> weights, expected;
  double sum = 0;
  for (int number = 0; number < 50; ++number) sum += weights.emplace_back(number % 7 == 0 ? 0 : 1 + number * number);
  const auto seen = counted(epoch(options_with(Sampler::weighted, 500'000, weights), 50), 50);
  std::vector<double> drawn;
  for (size_t number = 0; number < weights.size(); ++number) {
    if (weights[number] == 0) {
      EXPECT_EQ(seen[number], 0) << number;
      continue;
    }
    drawn.push_back(seen[number]);
    expected.push_back(weights[number] / sum * 500'000);
  }
  EXPECT_LT(chi_square_deviation(drawn, expected), six_sigma);
}

TEST(SampleOrder, WeightsMayBeHugeAndTiny) {
  const auto seen = counted(epoch(options_with(Sampler::weighted, 1000, {1e308, 1e308, 1e-300, 0}), 4), 4);
  EXPECT_NEAR(seen[0], 500, 100);
  EXPECT_EQ(seen[2] + seen[3], 0);
}

TEST(SampleOrder, WeightedOnceDrawsNoSampleTwiceAndTheFirstInProportionToItsWeight) {
  const std::vector<double> weights = {1, 2, 3, 0, 4};
  std::vector<double> first(5);
  constexpr int epochs = 20'000;
  const SampleLoaderOptions options = options_with(Sampler::weighted_once, 3, weights);
  const SampleOrder order(options, 5);
  for (int number = 0; number < epochs; ++number) {
    const auto of_epoch = order.epoch(static_cast<uint64_t>(number));
    std::set<uint64_t> different;
    for (uint64_t place = 0; place < order.size(); ++place) different.insert((*of_epoch)(place));
    ASSERT_EQ(different.size(), 3U);
    ASSERT_FALSE(different.contains(3));
    ++first[(*of_epoch)(0)];
  }
  EXPECT_LT(chi_square_deviation({first[0], first[1], first[2], first[4]},
                                 {epochs * 0.1, epochs * 0.2, epochs * 0.3, epochs * 0.4}),
            six_sigma);
}

TEST(SampleOrder, SharesAreDisjointAndCoverTheEpoch) {
  for (const Sampler sampler : {Sampler::sequential, Sampler::shuffle, Sampler::replacement}) {
    std::vector<uint64_t> all;
    for (int32_t rank = 0; rank < 3; ++rank)
      for (int32_t worker = 0; worker < 2; ++worker) {
        auto options = options_with(sampler);
        options.distributed = {rank, 3};
        options.worker = {worker, 2};
        for (const uint64_t sample : epoch(options, 100, 7)) all.push_back(sample);
      }
    EXPECT_EQ(sorted(all), sorted(epoch(options_with(sampler), 100, 7)));
  }
}

TEST(SampleOrder, ShardsAreStretchesOfTheSet) {
  std::vector<uint64_t> all;
  for (int32_t rank = 0; rank < 3; ++rank) {
    auto options = options_with(Sampler::shuffle);
    options.shard = {rank, 3};
    const auto own = sorted(epoch(options, 100));
    EXPECT_EQ(own.back() - own.front() + 1, own.size());
    EXPECT_EQ(own, sorted(epoch(options, 100, 5))) << "the same in each epoch";
    all.insert(all.end(), own.begin(), own.end());
  }
  EXPECT_EQ(sorted(all), up_to(100));
}

TEST(SampleOrder, MoreRanksThanSamplesLeaveSomeWithNone) {
  auto options = options_with(Sampler::sequential);
  options.distributed = {2, 5};
  EXPECT_THAT(epoch(options, 2), ElementsAre());
}

TEST(SampleOrder, RefusesWhatTheSetCannotGive) {
  const auto refuse = [](const SampleLoaderOptions &options, std::vector<std::string> words) {
    expect_failure(Status::invalid_argument, words, [&] { SampleOrder(options, 10); });
  };
  refuse(options_with(Sampler::weighted, 0, {1, 2}), {"weight_count is 2", "10 samples"});
  refuse(options_with(Sampler::weighted, 0, std::vector<double>(10)), {"weights are 0"});
  refuse(options_with(Sampler::shuffle, 11), {"num_samples is 11", "only 10"});
  refuse(options_with(Sampler::weighted_once, 2, {1, 0, 0, 0, 0, 0, 0, 0, 0, 0}), {"num_samples is 2", "only 1"});
  expect_failure(Status::data_error, {"no samples"}, [] { SampleOrder(SampleLoaderOptions(), 0); });
}

}  // namespace
}  // namespace penstock::core
