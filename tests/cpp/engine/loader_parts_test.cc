// What the loader's order rests on: permutations, the reservoir, the queue.
#include <gmock/gmock.h>

#include <algorithm>
#include <numeric>
#include <thread>
#include <vector>

#include "core/loader/ordered_queue.h"
#include "core/loader/permutation.h"
#include "core/loader/reservoir.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::Le;

TEST(Permutation, VisitsEveryNumberOnceAndKnowsTheWayBack) {
  for (const uint64_t size : {1, 2, 3, 4, 5, 16, 17, 1000, 65537}) {
    const Permutation order({42, size}, size);
    std::vector<bool> seen(size);
    for (uint64_t index = 0; index < size; ++index) {
      const uint64_t value = order(index);
      ASSERT_LT(value, size);
      EXPECT_FALSE(seen[value]);
      seen[value] = true;
      EXPECT_EQ(order.inverse(value), index);
    }
  }
}

TEST(Permutation, PutsEachNumberInEachPlaceEquallyOften) {
  constexpr uint64_t size = 10, draws = 20000;
  std::vector<std::vector<uint64_t>> counts(size, std::vector<uint64_t>(size));
  for (uint64_t draw = 0; draw < draws; ++draw) {
    const Permutation order({7, draw}, size);
    for (uint64_t index = 0; index < size; ++index) ++counts[index][order(index)];
  }
  double chi_squared = 0;
  for (const auto &row : counts)
    for (const uint64_t count : row) {
      const double expected = static_cast<double>(draws) / size, off = static_cast<double>(count) - expected;
      chi_squared += off * off / expected;
    }
  EXPECT_LT(chi_squared, 150);  // 81 degrees of freedom: above it once in 100,000 times
}

std::vector<uint64_t> whole_order(uint64_t slots, uint64_t items, uint64_t begin = 0) {
  Reservoir<uint64_t> reservoir(5, slots);
  reservoir.begin(3, begin);
  std::vector<uint64_t> order(items, UINT64_MAX);
  const auto note = [&](const Reservoir<uint64_t>::Out &out) {
    ASSERT_LT(out.place, items);
    EXPECT_EQ(order[out.place], UINT64_MAX);
    order[out.place] = out.item;
  };
  for (uint64_t item = begin; item < items; ++item)
    if (const auto out = reservoir.put(item)) note(*out);
  for (const auto &out : reservoir.drain()) note(out);
  return order;
}

TEST(Reservoir, GivesEveryItemOnceInAnyPlace) {
  for (const uint64_t slots : {0, 1, 2, 7, 100})
    for (const uint64_t items : {0, 1, 5, 7, 99, 100, 101, 199, 200, 1000}) {
      std::vector<uint64_t> order = whole_order(slots, items), sorted(items);
      std::sort(order.begin(), order.end());
      std::iota(sorted.begin(), sorted.end(), 0);
      EXPECT_EQ(order, sorted) << slots << " slots, " << items << " items";
    }
}

TEST(Reservoir, HoldsNoItemForMoreThanTwoRounds) {
  const std::vector<uint64_t> order = whole_order(50, 2000);
  for (uint64_t place = 0; place < order.size(); ++place) EXPECT_THAT(order[place], Le(place + 50));
  for (uint64_t place = 0; place < order.size(); ++place) EXPECT_THAT(place, Le(order[place] + 50));
}

TEST(Reservoir, BeginsAtAnyRoundAsIfItHadSeenTheOnesBefore) {
  for (const uint64_t items : {300, 333, 350}) {
    const std::vector<uint64_t> whole = whole_order(50, items);
    for (uint64_t begin = 0; begin < items; begin += 50) {
      const std::vector<uint64_t> rest = whole_order(50, items, begin);
      EXPECT_TRUE(std::equal(whole.begin() + static_cast<int64_t>(begin), whole.end(),
                             rest.begin() + static_cast<int64_t>(begin)))
          << items << " items from " << begin;
    }
  }
}

// 100 must stay, as -1, when it is dropped.
bool empty_out(int &entry) { return std::exchange(entry, -1) == 100; }

std::vector<int> rest_of(OrderedQueue<int> &queue) {
  std::vector<int> rest;
  while (const auto taken = queue.take()) rest.push_back(taken->entry);
  return rest;
}

TEST(OrderedQueue, GivesEntriesInTheOrderOfTheirNumbers) {
  OrderedQueue<int> queue(3);
  queue.put(2, 20);
  queue.put(0, 0);
  queue.put(1, 10);
  queue.end(3);
  EXPECT_THAT(rest_of(queue), ElementsAre(0, 10, 20));
}

TEST(OrderedQueue, PassesOverNumbersThatAreSkipped) {
  OrderedQueue<int> queue(4);
  queue.skip(1);
  queue.put(0, 0);
  queue.skip(2);
  queue.put(3, 30);
  EXPECT_EQ(queue.take()->entry, 0);
  queue.skip(4);
  queue.skip(5);
  queue.end(6);
  EXPECT_THAT(rest_of(queue), ElementsAre(30));
}

TEST(OrderedQueue, MakesWhoSkipsTooFarAheadWait) {
  OrderedQueue<int> queue(2);
  std::thread ahead([&] {
    for (uint64_t number = 1; number < 100; ++number) queue.skip(number);
    queue.end(100);
  });
  std::this_thread::sleep_for(std::chrono::milliseconds(5));
  EXPECT_LE(queue.figures().fill, 2);
  queue.put(0, 7);
  EXPECT_THAT(rest_of(queue), ElementsAre(7));
  ahead.join();
}

TEST(OrderedQueue, MakesWhoIsTooFarAheadWait) {
  OrderedQueue<int> queue(2);
  std::thread ahead([&] {
    for (int number = 0; number < 100; ++number) queue.put(static_cast<uint64_t>(number), number);
    queue.end(100);
  });
  for (int number = 0; number < 100; ++number) {
    EXPECT_EQ(queue.take()->entry, number);
    EXPECT_LE(queue.figures().fill, 2);
  }
  EXPECT_FALSE(queue.take());
  ahead.join();
}

TEST(OrderedQueue, WakesWhoWaitsWhenItIsClosed) {
  OrderedQueue<int> queue(1);
  std::thread taking([&] { EXPECT_FALSE(queue.take()); });
  std::thread putting([&] { EXPECT_FALSE(queue.put(5, 5)); });
  queue.close();
  taking.join();
  putting.join();
}

std::vector<int> left_of(Overflow overflow) {
  OrderedQueue<int> queue(2, overflow, empty_out);
  uint64_t number = 0;
  for (const int entry : {0, 1, 2, 100, 4, 5}) queue.put(number++, entry);
  queue.end(number);
  EXPECT_EQ(queue.figures().dropped, 4U);
  return rest_of(queue);
}

TEST(OrderedQueue, DropsTheNewOrTheOldAndEmptiesWhatMustStay) {
  EXPECT_THAT(left_of(Overflow::drop_new), ElementsAre(0, 1, -1));
  EXPECT_THAT(left_of(Overflow::keep_newest), ElementsAre(-1, 4, 5));
}

TEST(OrderedQueue, GivesUpAtAPointInTime) {
  OrderedQueue<int> queue(1);
  bool timed_out = false;
  EXPECT_FALSE(queue.take_until(std::chrono::steady_clock::now() + std::chrono::milliseconds(5), timed_out));
  EXPECT_TRUE(timed_out);
}

}  // namespace
}  // namespace penstock::core
