// Sorting, picking and joining: their threads and their edges.  The Python tests compare values with NumPy's and those of
// array-api-strict.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <functional>
#include <random>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/ops/along_axis.h"
#include "core/ops/join.h"
#include "core/ops/making.h"
#include "core/ops/radix_sort.h"
#include "core/ops/search.h"
#include "core/ops/sort.h"
#include "core/tensor/compare.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/index.h"
#include "core/tensor/view.h"
#include "expect_failure.h"
#include "memory_fixture.h"
#include "reference.h"

namespace penstock::core {
namespace {

using reference::Random;
using ::testing::HasSubstr;

using Arrange = MemoryTest;

template <typename Key>
void expect_sorted(std::vector<Key> keys) {
  SortScratch scratch;
  std::vector<int64_t> order(keys.size());
  order_keys(std::span<int64_t>(order), std::span<const Key>(keys), scratch);
  for (size_t place = 1; place < order.size(); ++place) {
    const Key before = keys[static_cast<size_t>(order[place - 1])], here = keys[static_cast<size_t>(order[place])];
    ASSERT_TRUE(before < here || (before == here && order[place - 1] < order[place])) << place;
  }
  std::vector<Key> expected = keys;
  std::sort(expected.begin(), expected.end());
  sort_keys(std::span<Key>(keys), scratch);
  EXPECT_EQ(keys, expected);
}

// Random, few, all alike in their leading bits, and alike but for one that is far away.
template <typename Key>
void expect_any_keys_sorted() {
  Random random(1);
  for (const size_t count : {0, 1, 2, 32, 33, 4096, 4097, 120'000})
    for (const Key mask :
         {static_cast<Key>(~Key{0}), Key{3}, static_cast<Key>(~Key{0} >> 13), static_cast<Key>(0xffff)})
      for (const bool has_outlier : {false, true}) {
        std::vector<Key> keys(count);
        for (Key &key : keys) key = static_cast<Key>(random()) & mask;
        if (has_outlier && count > 0) keys[count / 2] = static_cast<Key>(~Key{0});
        expect_sorted(keys);
      }
}

TEST_F(Arrange, SortsKeysOf32BitsHoweverTheyAreSpread) { expect_any_keys_sorted<uint32_t>(); }
TEST_F(Arrange, SortsKeysOf64BitsHoweverTheyAreSpread) { expect_any_keys_sorted<uint64_t>(); }

// A result on one thread and on four.
void expect_same_on_any_threads(const std::function<Tensor()> &compute) {
  process_pool().set_num_threads(1);
  const Tensor alone = compute();
  process_pool().set_num_threads(4);
  const Tensor together = compute();
  process_pool().set_num_threads(0);
  EXPECT_TRUE(equal(alone, together, Equality::bitwise));
}

TEST_F(Arrange, GivesTheSameBytesOnOneThreadAndOnFour) {
  Random random(2);
  const Tensor matrix = reference::random_tensor(random, DType::float32, {300, 400}, false);
  const Tensor order = argsort(matrix, 0, false);
  for (const int32_t axis : {0, 1}) {
    expect_same_on_any_threads([&] { return sort(matrix, axis, true); });
    expect_same_on_any_threads([&] { return argsort(matrix, axis, false); });
  }
  expect_same_on_any_threads([&] { return take_along_axis(matrix, order, 0); });
  expect_same_on_any_threads([&] { return take(matrix, std::array{&order}); });
  expect_same_on_any_threads([&] { return triangle(matrix, Triangle::upper, 3); });
  const Tensor line = sort(flatten(contiguous(matrix)), 0, false);
  expect_same_on_any_threads([&] { return search_sorted(line, matrix, Side::right, nullptr); });
}

TEST_F(Arrange, NamesTheFirstOfSeveralIndicesOutsideOnAnyThreads) {
  const Tensor line = zeros(DType::float64, {10}, {});
  const Tensor indices = zeros(DType::int64, {400'000}, {});
  for (const int64_t place : {100'000, 399'999}) {
    const int64_t outside = 10 + place;
    fill(narrow(indices, 0, place, 1), &outside, DType::int64);
  }
  process_pool().set_num_threads(4);
  expect_failure(Status::out_of_range, HasSubstr("index 100010 is outside axis 0"),
                 [&] { take(line, std::array{&indices}); });
  expect_failure(Status::out_of_range, HasSubstr("index 100010 is outside axis 0"),
                 [&] { take_along_axis(line, indices, 0); });
  process_pool().set_num_threads(0);
}

TEST_F(Arrange, TilesATensorOfTheMostAxes) {
  Extents shape = Extents::filled(max_ndim, 1);
  shape[15] = 2;
  const Tensor narrowest = reshape(arange(int64_t{0}, 2, 1, DType::int32, {}), shape);
  std::array<int64_t, max_ndim> repetitions;
  repetitions.fill(2);
  const Tensor tiled = tile(narrowest, repetitions);
  EXPECT_EQ(tiled.element_count(), int64_t{1} << 17);
  const Tensor pairs = reshape(tiled, {int64_t{1} << 16, 2});
  EXPECT_TRUE(equal(select(pairs, 1, 0), zeros(DType::int32, {int64_t{1} << 16}, {}), Equality::bitwise));
}

TEST_F(Arrange, JoinsStorageOnlyDtypes) {
  const Tensor bytes = reinterpret(arange(int64_t{0}, 4, 1, DType::uint8, {}), DType::float8_e5m2);
  EXPECT_EQ(concat(std::array{&bytes, &bytes}, 0).shape, (Extents{8}));
}

}  // namespace
}  // namespace penstock::core
