// External memory against the timing sheets: latencies, streaming and random bandwidth.
#include "core/kpu/dram.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/cpp/engine/expect_failure.h"

namespace penstock::core::kpu {
namespace {

class EveryMemory : public ::testing::TestWithParam<const char *> {
 protected:
  const DramTiming timing = dram_timing(GetParam());
};
INSTANTIATE_TEST_SUITE_P(KpuDram, EveryMemory, ::testing::Values("ddr4-3200", "hbm2e", "lpddr5"), [](const auto &info) {
  std::string name = info.param;
  std::erase(name, '-');
  return name;
});

TEST_P(EveryMemory, UnloadedLatenciesAreTheSheets) {
  const DramProbe found = probe(timing);
  EXPECT_DOUBLE_EQ(found.closed_nanoseconds, static_cast<double>(timing.trcd + timing.tcl + timing.burst) / 1000);
  EXPECT_DOUBLE_EQ(found.hit_nanoseconds, static_cast<double>(timing.tcl + timing.burst) / 1000);
  EXPECT_DOUBLE_EQ(found.conflict_nanoseconds,
                   static_cast<double>(timing.trp + timing.trcd + timing.tcl + timing.burst) / 1000);
}

TEST_P(EveryMemory, StreamsAtThePeakLessRefresh) {
  const double expected =
      timing.peak_bandwidth() * (1 - static_cast<double>(timing.trfc) / static_cast<double>(timing.trefi));
  EXPECT_NEAR(probe(timing).streaming_bandwidth / expected, 1, 0.02);
}

// One burst after the other, nearly always to a bank with another row open.
TEST_P(EveryMemory, RandomAccessesTakeAConflictEach) {
  DramTiming without_refresh = timing;
  without_refresh.trfc = 0;
  const auto conflict = static_cast<double>(timing.trp + timing.trcd + timing.tcl + timing.burst);
  const double expected = static_cast<double>(timing.burst_bytes) / (conflict * 1e-12);
  EXPECT_NEAR(probe(without_refresh).random_bandwidth / expected, 1, 0.02);
}

TEST(KpuDram, PeaksAreThoseOfTheirDataRates) {
  EXPECT_DOUBLE_EQ(dram_timing("ddr4-3200").peak_bandwidth(), 25.6e9);
  EXPECT_NEAR(dram_timing("hbm2e").peak_bandwidth(), 819.2e9, 1e6);
  EXPECT_NEAR(dram_timing("lpddr5").peak_bandwidth(), 25.6e9, 1e6);
}

TEST(KpuDram, RowsOfOneBankTakeARowCycleEach) {
  DramTiming timing = dram_timing("ddr4-3200");
  timing.trfc = 0;
  Dram dram(timing);
  const int64_t next_row = timing.row_bytes * timing.banks, rows = 1000;
  const DramService service = dram.serve({0, timing.burst_bytes, rows, next_row}, 0);
  const int64_t row_cycle = timing.tras + timing.trp;
  EXPECT_NEAR(static_cast<double>(service.end) / static_cast<double>(rows * row_cycle), 1, 0.02);
  EXPECT_EQ(dram.counts().conflicts, rows - 1);
}

TEST(KpuDram, FourActivationsTakeAtLeastTheirWindow) {
  DramTiming timing = dram_timing("ddr4-3200");
  timing.trfc = 0;
  Dram dram(timing);
  const DramService service = dram.serve({0, timing.burst_bytes, 4000, timing.row_bytes}, 0);  // a new bank each time
  EXPECT_NEAR(static_cast<double>(service.end) / static_cast<double>(1000 * std::max(timing.tfaw, 4 * timing.burst)), 1,
              0.15);
  EXPECT_GE(service.end, 999 * timing.tfaw);
}

TEST(KpuDram, RefreshStopsTheDataAndClosesTheRows) {
  const DramTiming timing = dram_timing("ddr4-3200");
  Dram dram(timing);
  dram.serve({0, 64, 1, 0}, 0);
  const DramService during = dram.serve({64, 64, 1, 0}, timing.trefi + 1);
  EXPECT_EQ(during.end, timing.trefi + timing.trfc + timing.trcd + timing.tcl + timing.burst);
  EXPECT_EQ(dram.counts().refreshes, 1);
  EXPECT_EQ(dram.counts().closed, 2);
}

TEST(KpuDram, PartOfABurstCostsAWholeOne) {
  const DramTiming timing = dram_timing("ddr4-3200");
  const auto end = [&](int64_t address, int64_t bytes) {
    Dram dram(timing);
    return dram.serve({address, bytes, 1, 0}, 0).end;
  };
  EXPECT_EQ(end(0, 1), end(0, 64));
  EXPECT_EQ(end(60, 8), end(0, 128));
}

TEST(KpuDram, IdealMemoryTakesNoTime) {
  Dram dram(dram_timing("ideal"));
  const DramService service = dram.serve({100, 1 << 20, 1, 0}, 12345);
  EXPECT_EQ(service.first, 12345);
  EXPECT_EQ(service.end, 12345);
}

TEST(KpuDram, UnknownMemoryIsRefusedByName) {
  expect_failure(Status::not_found, ::testing::HasSubstr("\"sdram\""), [] { dram_timing("sdram"); });
}

}  // namespace
}  // namespace penstock::core::kpu
