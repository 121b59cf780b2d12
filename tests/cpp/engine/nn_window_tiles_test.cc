// The loops of convolutions and pooling at each width of vectors: one machine runs but one of them otherwise.
#include <algorithm>
#include <cmath>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/processor.h"
#include "core/nn/kernels/pool_planes.h"
#include "core/nn/kernels/window_tiles.h"

namespace penstock::core::nn {
namespace {

template <typename Element>
std::vector<Element> waves(size_t count, double step) {
  std::vector<Element> numbers(count);
  for (size_t index = 0; index < count; ++index)
    numbers[index] = static_cast<Element>(std::sin(step * static_cast<double>(index + 1)));
  return numbers;
}

constexpr int64_t steps = 7, most_positions = 100, row_size = most_positions + window_slack;
constexpr int64_t offsets[steps] = {0, 1, 2, 30, 31, 61, 90};

template <typename Element>
void expect_true_sums(const WindowKernels<Element> &kernels) {
  const auto region = waves<Element>(200 + window_slack, 0.7), weights = waves<Element>(64, 0.9);
  for (int64_t rows = 1; rows <= kernels.correlation_rows; ++rows)
    for (int64_t positions = 1; positions <= most_positions; ++positions) {
      std::vector<Element> sums(static_cast<size_t>(rows * row_size));
      kernels.correlate({.weights = weights.data(),
                         .weight_row = steps,
                         .weight_step = 1,
                         .starts = weights.data(),
                         .region = region.data(),
                         .offsets = offsets,
                         .steps = steps,
                         .sums = sums.data(),
                         .sums_row = row_size,
                         .positions = positions},
                        rows);
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t position = 0; position < positions; ++position) {
          double expected = weights[static_cast<size_t>(row)];
          for (int64_t step = 0; step < steps; ++step)
            expected += double{weights[static_cast<size_t>(row * steps + step)]} *
                        double{region[static_cast<size_t>(offsets[step] + position)]};
          ASSERT_NEAR(sums[static_cast<size_t>(row * row_size + position)], expected, 4e-6) << rows << " " << positions;
        }
    }
}

template <typename Element>
void expect_true_gradient(const WindowKernels<Element> &kernels) {
  const auto region = waves<Element>(200 + window_slack, 0.7), drawn = waves<Element>(8 * row_size, 0.9);
  for (int64_t rows = 1; rows <= kernels.gradient_rows; ++rows)
    for (int64_t positions = 1; positions <= most_positions; ++positions) {
      std::vector<Element> factors(drawn);
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t position = positions; position < row_size; ++position)
          factors[static_cast<size_t>(row * row_size + position)] = 0;
      std::vector<Element> gradient(static_cast<size_t>(rows * steps), 1);
      kernels.add_gradient({.factors = factors.data(),
                            .factors_row = row_size,
                            .region = region.data(),
                            .offsets = offsets,
                            .steps = steps,
                            .positions = positions,
                            .gradient = gradient.data(),
                            .gradient_row = steps},
                           rows);
      for (int64_t row = 0; row < rows; ++row)
        for (int64_t step = 0; step < steps; ++step) {
          double expected = 1;
          for (int64_t position = 0; position < positions; ++position)
            expected += double{factors[static_cast<size_t>(row * row_size + position)]} *
                        double{region[static_cast<size_t>(offsets[step] + position)]};
          ASSERT_NEAR(gradient[static_cast<size_t>(row * steps + step)], expected, 2e-5) << rows << " " << positions;
        }
    }
}

template <typename Element>
void expect_all_true(const WindowKernels<Element> &kernels, const PoolKernels<Element> &pools) {
  expect_true_sums(kernels);
  expect_true_gradient(kernels);
  const std::vector<Element> ones(150, 1);
  for (int64_t count = 0; count <= 150; ++count)
    EXPECT_EQ(kernels.sum(ones.data(), count), static_cast<Element>(count));
  // Two rows of windows of 1 x 2, side by side, of numbers that rise and fall.
  constexpr int64_t width = 37;
  const PoolPlane plane{{.source = 2, .output = 2, .stride = 1, .taps = {{0, 0, 2}}, .counts = {1, 1}},
                        {.source = 2 * width,
                         .output = width,
                         .stride = 2,
                         .taps = {{0, 0, width}, {1, 0, width}},
                         .counts = std::vector<int64_t>(width, 2)}};
  const auto from = waves<Element>(4 * width, 1.3);
  std::vector<Element> greatest(2 * width), mean(2 * width), back(4 * width);
  std::vector<int32_t> indices(2 * width);
  pools.maximum(plane, from.data(), greatest.data(), indices.data());
  pools.average(plane, from.data(), mean.data());
  for (size_t index = 0; index < 2 * width; ++index) {
    const Element first = from[2 * index], second = from[2 * index + 1];
    EXPECT_EQ(greatest[index], std::max(first, second));
    EXPECT_EQ(indices[index], static_cast<int32_t>(2 * index + (second > first ? 1 : 0)));
    EXPECT_EQ(mean[index], (first + second) / 2);
  }
  pools.average_gradient(plane, mean.data(), back.data());
  for (size_t index = 0; index < 4 * width; ++index) EXPECT_EQ(back[index], mean[index / 2]);
}

TEST(WindowTiles, AreTrueWith16Bytes) {
  expect_all_true(window_kernels_16<float>(), pool_kernels_16<float>());
  expect_all_true(window_kernels_16<double>(), pool_kernels_16<double>());
}

TEST(WindowTiles, AreTrueWith32Bytes) {
  if (!processor_has_32_byte_vectors() || !processor_has_fused_multiply_add()) return;
  expect_all_true(window_kernels_32<float>(), pool_kernels_32<float>());
  expect_all_true(window_kernels_32<double>(), pool_kernels_32<double>());
}

TEST(WindowTiles, AreTrueWith64Bytes) {
  if (!processor_has_64_byte_vectors()) return;
  expect_all_true(window_kernels_64<float>(), pool_kernels_64<float>());
  expect_all_true(window_kernels_64<double>(), pool_kernels_64<double>());
}

}  // namespace
}  // namespace penstock::core::nn
