#include "core/ops/radix_sort.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "core/base/insertion_sort.h"

namespace penstock::core {
namespace {

constexpr int32_t digit_bits = 8;
constexpr size_t digits = size_t{1} << digit_bits;
constexpr int32_t most_passes = 4;

// Fewer are moved about one by one faster than they are counted.
constexpr size_t short_run = 32;

// As many leading digits as tell most of count numbers apart, where they are spread out at all: float64 numbers have an
// exponent of 11 bits before anything else.
template <typename Key>
int32_t passes_for(size_t count) {
  const int32_t passes = count <= 4096 ? 2 : 3;
  return sizeof(Key) == 8 || count > 100'000 ? passes + 1 : passes;
}

// The part of the keys by which they are sorted first: (key - lowest) >> shift has passes digits.
template <typename Key>
struct Window {
  Key lowest = 0;
  int32_t shift = 0;   // not 0: keys that are alike in their window may differ below it
  int32_t passes = 0;  // 0: all keys are equal

  Key operator()(Key key) const { return static_cast<Key>(key - lowest) >> shift; }
};

template <typename Key>
Window<Key> window_of(std::span<const Key> keys) {
  Key lowest = keys[0], highest = keys[0];
  for (const Key key : keys) {
    lowest = std::min(lowest, key);
    highest = std::max(highest, key);
  }
  const auto width = static_cast<int32_t>(std::bit_width(static_cast<Key>(highest - lowest)));
  const int32_t passes = std::min((width + digit_bits - 1) / digit_bits, passes_for<Key>(keys.size()));
  return {lowest, std::max(0, width - passes * digit_bits), passes};
}

// Sorts items by passes digits of digits_of(item), lowest first; true where the result lies in buffer.
template <typename Item, typename DigitsOf>
bool sort_by_digits(Item *items, Item *buffer, size_t count, int32_t passes, DigitsOf digits_of) {
  std::array<std::array<uint32_t, digits>, most_passes> counts{};
  for (size_t index = 0; index < count; ++index) {
    auto rest = digits_of(items[index]);
    for (int32_t pass = 0; pass < passes; ++pass, rest >>= digit_bits)
      ++counts[static_cast<size_t>(pass)][static_cast<size_t>(rest % digits)];
  }
  Item *from = items, *to = buffer;
  for (int32_t pass = 0; pass < passes; ++pass) {
    std::array<uint32_t, digits> &places = counts[static_cast<size_t>(pass)];
    uint32_t begin = 0;
    for (uint32_t &place : places) place = std::exchange(begin, begin + place);
    const int32_t shift = pass * digit_bits;
    for (size_t index = 0; index < count; ++index) {
      const Item item = from[index];
      to[places[static_cast<size_t>((digits_of(item) >> shift) % digits)]++] = item;
    }
    std::swap(from, to);
  }
  return from != items;
}

// Calls body(begin, end) for each run of two items or more that is_alike finds alike, side by side.
template <typename IsAlike, typename Body>
void for_each_alike(size_t count, IsAlike is_alike, Body body) {
  size_t begin = 0;
  for (size_t index = 1; index <= count; ++index) {
    if (index < count && is_alike(begin, index)) continue;
    if (index - begin > 1) body(begin, index);
    begin = index;
  }
}

// counts hold 32 bits, and so do the indices beside keys.
constexpr size_t most_items = std::numeric_limits<uint32_t>::max();

template <typename Key>
void order_by_comparing(std::span<int64_t> order, std::span<const Key> keys) {
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t first, int64_t second) {
    return keys[static_cast<size_t>(first)] < keys[static_cast<size_t>(second)];
  });
}

// Puts a run of indices of keys that are alike in their window in order by the keys.
template <typename Key>
void order_run(std::span<int64_t> run, std::span<const Key> keys) {
  const auto is_before = [&](int64_t first, int64_t second) {
    return keys[static_cast<size_t>(first)] < keys[static_cast<size_t>(second)];
  };
  if (run.size() <= short_run) return insertion_sort(run.begin(), run.end(), is_before);
  std::vector<Key> part(run.size());
  for (size_t index = 0; index < run.size(); ++index) part[index] = keys[static_cast<size_t>(run[index])];
  std::vector<int64_t> order(run.size());
  SortScratch scratch;
  order_keys(std::span<int64_t>(order), std::span<const Key>(part), scratch);
  for (int64_t &index : order) index = run[static_cast<size_t>(index)];
  std::copy(order.begin(), order.end(), run.begin());
}

}  // namespace

std::byte *SortScratch::bytes(size_t place, size_t nbytes) {
  if (capacity_[place] < nbytes) {
    memory_[place].reset();
    capacity_[place] = 0;
    memory_[place].reset(new std::byte[nbytes]);
    capacity_[place] = nbytes;
  }
  return memory_[place].get();
}

template <std::unsigned_integral Key>
void sort_keys(std::span<Key> keys, SortScratch &scratch) {
  const size_t count = keys.size();
  if (count <= short_run) return insertion_sort(keys.begin(), keys.end(), std::less<>());
  if (count > most_items) return std::sort(keys.begin(), keys.end());
  const Window<Key> window = window_of(std::span<const Key>(keys));
  if (window.passes == 0) return;
  Key *buffer = scratch.numbers<Key>(0, count);
  if (sort_by_digits(keys.data(), buffer, count, window.passes, window)) std::copy_n(buffer, count, keys.data());
  if (window.shift == 0) return;
  for_each_alike(
      count, [&](size_t first, size_t second) { return window(keys[first]) == window(keys[second]); },
      [&](size_t begin, size_t end) { sort_keys(keys.subspan(begin, end - begin), scratch); });
}

// Each index goes with the digits that it is sorted by in one number: that is faster than looking its key up.  The numbers
// begin where the order will stand: memory that is touched for the first time costs as much as a pass.
template <std::unsigned_integral Key>
void order_keys(std::span<int64_t> order, std::span<const Key> keys, SortScratch &scratch) {
  const size_t count = keys.size();
  if (count > most_items) return order_by_comparing(order, keys);
  if (count <= short_run) {
    std::iota(order.begin(), order.end(), int64_t{0});
    return order_run(order, keys);
  }
  const Window<Key> window = window_of(keys);
  auto *pairs = reinterpret_cast<uint64_t *>(order.data());  // the unsigned twin of a type may stand in for it
  uint64_t *buffer = scratch.numbers<uint64_t>(0, count);
  for (size_t index = 0; index < count; ++index)
    pairs[index] = static_cast<uint64_t>(window(keys[index])) << 32 | index;
  const auto digits_of = [](uint64_t pair) { return static_cast<uint32_t>(pair >> 32); };
  const bool is_in_buffer = sort_by_digits(pairs, buffer, count, window.passes, digits_of);
  if (window.shift != 0 && !is_in_buffer) std::copy_n(pairs, count, buffer);
  const uint64_t *sorted = is_in_buffer || window.shift != 0 ? buffer : pairs;
  for (size_t index = 0; index < count; ++index) order[index] = static_cast<uint32_t>(sorted[index]);
  if (window.shift == 0) return;
  for_each_alike(
      count, [&](size_t first, size_t second) { return digits_of(sorted[first]) == digits_of(sorted[second]); },
      [&](size_t begin, size_t end) { order_run(order.subspan(begin, end - begin), keys); });
}

template void sort_keys(std::span<uint32_t>, SortScratch &);
template void sort_keys(std::span<uint64_t>, SortScratch &);
template void order_keys(std::span<int64_t>, std::span<const uint32_t>, SortScratch &);
template void order_keys(std::span<int64_t>, std::span<const uint64_t>, SortScratch &);

}  // namespace penstock::core
