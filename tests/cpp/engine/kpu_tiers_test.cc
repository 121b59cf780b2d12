// The three tiers of the KPU agree: in cycles, in traffic, in every bit of the values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "core/kpu/device.h"
#include "core/kpu/pe_tier.h"
#include "core/kpu/values.h"
#include "tests/cpp/engine/expect_failure.h"

namespace penstock::core::kpu {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr Dataflow dataflows[] = {Dataflow::output_stationary, Dataflow::weight_stationary, Dataflow::input_stationary};
constexpr int32_t shapes_of_a_dataflow = 10000;

int64_t ceil_divide(int64_t number, int64_t divisor) { return (number + divisor - 1) / divisor; }

// The table of the machine model, written out for each dataflow.
int64_t cycles_by_the_table(Dataflow dataflow, int64_t m, int64_t k, int64_t n, int64_t rows, int64_t columns) {
  switch (dataflow) {
    case Dataflow::output_stationary: return ceil_divide(m, rows) * ceil_divide(n, columns) * (rows + columns + k - 2);
    case Dataflow::weight_stationary:
      return ceil_divide(k, rows) * ceil_divide(n, columns) * (2 * rows + columns + m - 2);
    case Dataflow::input_stationary: break;
  }
  return ceil_divide(k, rows) * ceil_divide(m, columns) * (2 * rows + columns + n - 2);
}

// The sum of each element in the order that values.h states, one element at a time.
float sum_in_order(const std::vector<float> &a, const std::vector<float> &b, const Plan &plan, int64_t row,
                   int64_t column) {
  const int64_t piece = plan.dataflow == Dataflow::output_stationary ? plan.k : plan.rows;
  float total = 0;
  for (int64_t first = 0; first < plan.k; first += piece) {
    float sum = 0;
    for (int64_t k = first; k < std::min(plan.k, first + piece); ++k)
      sum = sum + a[static_cast<size_t>(row * plan.k + k)] * b[static_cast<size_t>(k * plan.n + column)];
    total = first == 0 ? sum : total + sum;
  }
  return total;
}

class RandomShapes {
 public:
  explicit RandomShapes(uint32_t seed) : generator_(seed) {}
  int64_t up_to(int64_t most) { return std::uniform_int_distribution<int64_t>(1, most)(generator_); }
  float number() { return std::uniform_real_distribution<float>(-2, 2)(generator_); }
  std::vector<float> floats(int64_t count) {
    std::vector<float> values(static_cast<size_t>(count));
    std::generate(values.begin(), values.end(), [&] { return number(); });
    return values;
  }
  std::vector<int32_t> integers(int64_t count) {
    std::vector<int32_t> values(static_cast<size_t>(count));
    std::generate(values.begin(), values.end(), [&] { return static_cast<int32_t>(up_to(256)) - 129; });
    return values;
  }
  // A product and an array that make from one to a few dozen folds, partial ones among them.
  Config array(Dataflow dataflow) {
    Config config;
    config.dataflow = dataflow;
    config.rows = up_to(9);
    config.columns = up_to(9);
    config.dram = dram_timing("ideal");
    config.skip_partial = up_to(4) == 1;
    config.double_buffered = up_to(4) != 1;
    config.scratchpad_size = 512 + 64 * up_to(60);
    config.timeline = false;
    return config;
  }
  Gemm product() { return {up_to(20), up_to(20), up_to(20), 1, 0}; }

 private:
  std::mt19937 generator_;
};

class EveryDataflow : public ::testing::TestWithParam<Dataflow> {};
INSTANTIATE_TEST_SUITE_P(KpuTiers, EveryDataflow, ::testing::ValuesIn(dataflows),
                         [](const auto &info) { return std::string(dataflow_name(info.param)); });

TEST_P(EveryDataflow, AllTiersTakeTheCyclesOfTheTable) {
  RandomShapes random(1);
  for (int32_t shape = 0; shape < shapes_of_a_dataflow; ++shape) {
    const Config config = random.array(GetParam());
    const Gemm gemm = random.product();
    const Plan made = plan(gemm, config);
    const std::vector<int32_t> a = random.integers(gemm.m * gemm.k), b = random.integers(gemm.k * gemm.n);
    std::vector<int32_t> c(static_cast<size_t>(gemm.m * gemm.n));
    const int64_t stepped = run_pe_array(a, b, c, made);
    Machine ideal(config);
    const Counters events = run_events(made, ideal, 0);
    ASSERT_EQ(events.cycles, stepped) << shape;
    ASSERT_EQ(events.compute_cycles, stepped) << shape;
    ASSERT_EQ(events.stall_cycles, 0) << shape;
    ASSERT_EQ(closed_form(made, config).compute_cycles, stepped) << shape;
    ASSERT_EQ(closed_form(made, config).cycles, stepped) << shape;
    if (config.skip_partial) continue;
    ASSERT_EQ(stepped, cycles_by_the_table(GetParam(), gemm.m, gemm.k, gemm.n, config.rows, config.columns)) << shape;
  }
}

TEST_P(EveryDataflow, IntegersAreExact) {
  RandomShapes random(2);
  for (int32_t shape = 0; shape < shapes_of_a_dataflow; ++shape) {
    const Config config = random.array(GetParam());
    const Gemm gemm = random.product();
    const Plan made = plan(gemm, config);
    const std::vector<int32_t> a = random.integers(gemm.m * gemm.k), b = random.integers(gemm.k * gemm.n);
    std::vector<int32_t> by_array(static_cast<size_t>(gemm.m * gemm.n)), by_loop = by_array, expected = by_array;
    run_pe_array(a, b, by_array, made);
    multiply(a, b, by_loop, made);
    for (int64_t row = 0; row < gemm.m; ++row)
      for (int64_t column = 0; column < gemm.n; ++column)
        for (int64_t k = 0; k < gemm.k; ++k)
          expected[static_cast<size_t>(row * gemm.n + column)] +=
              a[static_cast<size_t>(row * gemm.k + k)] * b[static_cast<size_t>(k * gemm.n + column)];
    ASSERT_EQ(by_array, expected) << shape;
    ASSERT_EQ(by_loop, expected) << shape;
  }
}

TEST_P(EveryDataflow, FloatsAreThoseOfASumInOrder) {
  RandomShapes random(3);
  for (int32_t shape = 0; shape < shapes_of_a_dataflow; ++shape) {
    const Config config = random.array(GetParam());
    const Gemm gemm = random.product();
    const Plan made = plan(gemm, config);
    const std::vector<float> a = random.floats(gemm.m * gemm.k), b = random.floats(gemm.k * gemm.n);
    std::vector<float> by_array(static_cast<size_t>(gemm.m * gemm.n)), by_loop = by_array, expected = by_array;
    run_pe_array(a, b, by_array, made);
    multiply(a, b, by_loop, made);
    for (int64_t row = 0; row < gemm.m; ++row)
      for (int64_t column = 0; column < gemm.n; ++column)
        expected[static_cast<size_t>(row * gemm.n + column)] = sum_in_order(a, b, made, row, column);
    ASSERT_EQ(by_array, expected) << shape;
    ASSERT_EQ(by_loop, expected) << shape;
  }
}

TEST_P(EveryDataflow, InfinityStaysWhereItBelongs) {
  Config config;
  config.dataflow = GetParam();
  config.rows = config.columns = 4;
  const Plan made = plan({3, 6, 5, 1, 0}, config);
  std::vector<float> a(15, 1), b(30, 1), c(18), expected(18, 5);
  b[3 * 6 + 2] = std::numeric_limits<float>::infinity();  // row 3, column 2
  for (size_t row = 0; row < 3; ++row) expected[row * 6 + 2] = b[3 * 6 + 2];
  run_pe_array(a, b, c, made);
  EXPECT_EQ(c, expected);
}

TEST_P(EveryDataflow, IntegerSumsWrap) {
  Config config;
  config.dataflow = GetParam();
  config.rows = config.columns = 2;
  const Plan made = plan({1, 1, 2, 1, 0}, config);
  const std::vector<int32_t> a = {1 << 15, 1 << 15}, b = {1 << 15, 1 << 15};
  std::vector<int32_t> by_array(1), by_loop(1);
  run_pe_array(a, b, by_array, made);
  multiply(a, b, by_loop, made);
  EXPECT_EQ(by_array[0], std::numeric_limits<int32_t>::min());
  EXPECT_EQ(by_loop, by_array);
}

// What leaves one level enters the next.
void expect_conserved(const Counters &counters) {
  EXPECT_EQ(counters.dram_read_input, counters.scratchpad_written_input);
  EXPECT_EQ(counters.dram_read_weight, counters.scratchpad_written_weight);
  EXPECT_EQ(counters.scratchpad_read_input, counters.array_read_input);
  EXPECT_EQ(counters.scratchpad_read_weight, counters.array_read_weight);
  EXPECT_EQ(counters.dram_read_partial, counters.dram_written_partial);
  EXPECT_EQ(counters.accumulator_written, counters.array_written_output + counters.dram_read_partial);
}

void expect_same_traffic(const Counters &events, const Counters &formulas) {
  for (const auto member :
       {&Counters::compute_cycles, &Counters::macs, &Counters::folds, &Counters::dram_read_input,
        &Counters::dram_read_weight, &Counters::dram_read_partial, &Counters::dram_written_output,
        &Counters::dram_written_partial, &Counters::scratchpad_written_input, &Counters::scratchpad_written_weight,
        &Counters::scratchpad_read_input, &Counters::scratchpad_read_weight, &Counters::array_read_input,
        &Counters::array_read_weight, &Counters::array_written_output, &Counters::accumulator_written,
        &Counters::accumulator_read})
    EXPECT_EQ(events.*member, formulas.*member);
  EXPECT_EQ(events.energy, formulas.energy);
}

// A machine whose memory is slow or fast, near or far, and often too small.
Config stalling_machine(RandomShapes &random, Dataflow dataflow) {
  Config config = random.array(dataflow);
  constexpr const char *memories[] = {"ddr4-3200", "hbm2e", "lpddr5"};
  config.dram = dram_timing(memories[random.up_to(3) - 1]);
  config.clock_mhz = random.up_to(3000);
  config.dma_latency = random.up_to(200) - 1;
  config.scratchpad_size = 600 + 128 * random.up_to(100);
  config.scratchpad_banks = random.up_to(8);
  config.scratchpad_width = random.up_to(3) == 1 ? random.up_to(8) : 0;
  return config;
}

TEST_P(EveryDataflow, EventsMoveWhatTheFormulasSay) {
  RandomShapes random(4);
  for (int32_t shape = 0; shape < 3000 && !HasFailure(); ++shape) {
    const Config config = stalling_machine(random, GetParam());
    const Gemm gemm{random.up_to(60), random.up_to(60), random.up_to(60), random.up_to(3), 0};
    const Plan made = plan(gemm, config);
    Machine run(config);
    const Counters events = run_events(made, run, 0);
    expect_same_traffic(events, closed_form(made, config));
    expect_conserved(events);
    EXPECT_EQ(events.macs, gemm.m * gemm.k * gemm.n * gemm.count);
  }
}

TEST_P(EveryDataflow, CyclesKeepTheirBoundsWhenTheMemoryStalls) {
  RandomShapes random(5);
  int32_t stalled = 0;
  for (int32_t shape = 0; shape < 3000 && !HasFailure(); ++shape) {
    const Config config = stalling_machine(random, GetParam());
    const Gemm gemm{random.up_to(60), random.up_to(60), random.up_to(60), random.up_to(3), 0};
    const Plan made = plan(gemm, config);
    Machine run(config);
    const Counters events = run_events(made, run, 0);
    EXPECT_GE(events.cycles, events.least_cycles());
    EXPECT_LE(events.cycles, events.most_cycles());
    EXPECT_GE(events.cycles, closed_form(made, config).cycles);
    EXPECT_EQ(events.cycles, events.compute_cycles + events.stall_cycles + events.bank_conflict_cycles);
    EXPECT_LE(events.critical_transfers, events.transfers);
    stalled += events.stall_cycles > 0 ? 1 : 0;
  }
  EXPECT_GT(stalled, 2000);  // or the bounds would say nothing
}

TEST(KpuTiers, BandwidthBoundProductTakesTheMemorysTime) {
  Config config;
  config.rows = config.columns = 128;
  config.clock_mhz = 3000;
  const Plan made = plan({64, 4096, 4096, 1, 0}, config);  // 64 MiB of weights for 1 G products
  Machine run(config);
  const Counters events = run_events(made, run, 0);
  const double seconds = static_cast<double>(events.cycles) / 3e9;
  const double bandwidth = static_cast<double>(events.dram_bytes()) / seconds;
  EXPECT_GT(bandwidth, 0.9 * config.dram.peak_bandwidth());
  EXPECT_LT(bandwidth, config.dram.peak_bandwidth());
}

TEST(KpuTiers, DoubleBufferingHidesTransfersBehindTheArray) {
  Config config;
  const Plan buffered = plan({512, 512, 512, 1, 0}, config);
  Machine first(config);
  const Counters with = run_events(buffered, first, 0);
  config.double_buffered = false;
  Machine second(config);
  const Counters without = run_events(plan({512, 512, 512, 1, 0}, config), second, 0);
  EXPECT_LT(with.stall_cycles, without.stall_cycles);
}

TEST(KpuTiers, NarrowBanksSlowTheStreams) {
  Config config;
  config.dram = dram_timing("ideal");
  config.scratchpad_banks = 4;
  config.scratchpad_width = 16;  // 64 bytes a cycle; 32 rows ask for 128
  const Plan made = plan({100, 32, 32, 1, 0}, config);
  Machine run(config);
  const Counters events = run_events(made, run, 0);
  EXPECT_EQ(events.bank_conflict_cycles, 100 + 32);  // a cycle more for each step, and for each row of weights
}

TEST(KpuTiers, EnergyIsTheSumOfItsParts) {
  Config config;
  const Counters counters = closed_form(plan({64, 64, 64, 1, 0}, config), config);
  double total = 0;
  for (int32_t part = 0; part < energy_part_count; ++part) {
    total += counters.energy[static_cast<size_t>(part)];
    EXPECT_NE(energy_entry(config, static_cast<EnergyPart>(part)).source, "");
  }
  EXPECT_EQ(counters.total_energy(), total);
  EXPECT_DOUBLE_EQ(counters.energy[0], 64 * 64 * 64 * 4.6);
  EXPECT_DOUBLE_EQ(counters.energy[3], static_cast<double>(counters.dram_bytes()) * 243.75);
}

TEST(KpuTiers, ProductThatDoesNotFitIsAnErrorWithTheSizeThatWouldDo) {
  Config config;
  config.tiling = false;
  config.scratchpad_size = 4096;
  expect_failure(Status::invalid_argument, AllOf(HasSubstr("4096"), HasSubstr("at least 12288"), HasSubstr("tiling")),
                 [&] {
                   plan({32, 32, 32, 1, 0}, config);
                 });
  config.scratchpad_size = 12288;
  EXPECT_NO_THROW(plan({32, 32, 32, 1, 0}, config));
  config.tiling = true;
  config.scratchpad_size = 512;
  expect_failure(Status::invalid_argument, HasSubstr("at least 768"), [&] { plan({99, 99, 99, 1, 0}, config); });
  config.scratchpad_size = 768;
  EXPECT_NO_THROW(plan({99, 99, 99, 1, 0}, config));
}

TEST(KpuTiers, SizesBelowOneAndBeyondAllCountsAreErrors) {
  const Config config;
  expect_failure(Status::invalid_argument, HasSubstr("0 x 3"), [&] { plan({0, 2, 3, 1, 0}, config); });
  expect_failure(Status::invalid_argument, HasSubstr("-5"), [&] { plan({1, -5, 3, 1, 0}, config); });
  const int64_t large = int64_t{1} << 40;
  expect_failure(Status::invalid_argument, HasSubstr("2^62"), [&] { plan({large, large, large, 1, 0}, config); });
  expect_failure(Status::invalid_argument, HasSubstr("2^62"), [&] { plan({large, 1, 1 << 20, large, 0}, config); });
}

}  // namespace
}  // namespace penstock::core::kpu
