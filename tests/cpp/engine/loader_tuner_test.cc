// The tuner, fed with made-up times.
#include "core/loader/samples/loader_tuner.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

namespace penstock::core {
namespace {

// Hands out so many batches, each at the rate that the tuner's present setting gives.
void feed(LoaderTuner &tuner, double &now, int batches, const std::function<double(LoaderTuner::Setting)> &rate) {
  for (int batch = 0; batch < batches; ++batch) {
    now += 100 / rate(tuner.setting());
    tuner.note(now, 100);
  }
}

double limited_by_four_workers(LoaderTuner::Setting setting) {
  return 1000.0 * std::min(setting.workers, 4) * (setting.prefetch >= 2 ? 1 : 0.5);
}

TEST(LoaderTuner, SettlesOnTheFewestWorkersAndBatchesAheadThatAreAsFastAsAny) {
  LoaderTuner tuner(16, 8);
  double now = 0;
  feed(tuner, now, 2000, limited_by_four_workers);
  EXPECT_TRUE(tuner.is_settled());
  EXPECT_EQ(tuner.setting(), (LoaderTuner::Setting{4, 2}));
}

TEST(LoaderTuner, TakesOneOfEachWhereTheConsumerIsTheSlowest) {
  LoaderTuner tuner(8, 8);
  double now = 0;
  feed(tuner, now, 2000, [](LoaderTuner::Setting) { return 500; });
  EXPECT_EQ(tuner.setting(), (LoaderTuner::Setting{1, 1}));
}

TEST(LoaderTuner, TriesAgainWhenItHasBecomeMuchSlower) {
  LoaderTuner tuner(8, 4);
  double now = 0;
  feed(tuner, now, 2000, [](LoaderTuner::Setting) { return 500; });
  ASSERT_TRUE(tuner.is_settled());
  feed(tuner, now, 4000, [](LoaderTuner::Setting setting) { return 100.0 * setting.workers; });
  EXPECT_TRUE(tuner.is_settled());
  EXPECT_EQ(tuner.setting().workers, 8);
}

TEST(LoaderTuner, NeverLeavesItsLimits) {
  LoaderTuner tuner(3, 1);
  double now = 0;
  for (int batch = 0; batch < 500; ++batch) {
    feed(tuner, now, 1, limited_by_four_workers);
    ASSERT_LE(tuner.setting().workers, 3);
    ASSERT_EQ(tuner.setting().prefetch, 1);
  }
  EXPECT_EQ(tuner.setting().workers, 3);
}

}  // namespace
}  // namespace penstock::core
