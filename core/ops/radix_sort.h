// Sorting unsigned integers by their digits: stable, in a time that hardly depends on their values.
#pragma once

#include <concepts>
#include <cstdint>
#include <memory>
#include <span>

namespace penstock::core {

// Memory that sorts one after the other share.
class SortScratch {
 public:
  // Uninitialised room for count numbers; what the same place gave before is lost.  A sort uses place 0, its caller may
  // use the others.  Throws std::bad_alloc.
  template <typename Number>
  Number *numbers(size_t place, size_t count) {
    return reinterpret_cast<Number *>(bytes(place, count * sizeof(Number)));
  }

 private:
  static constexpr size_t places = 2;
  std::byte *bytes(size_t place, size_t nbytes);

  std::unique_ptr<std::byte[]> memory_[places];
  size_t capacity_[places] = {};
};

// Key is uint32_t or uint64_t.
template <std::unsigned_integral Key>
void sort_keys(std::span<Key> keys, SortScratch &scratch);

// The indices of keys in ascending order of these, equal ones in the order in which they stand.
template <std::unsigned_integral Key>
void order_keys(std::span<int64_t> order, std::span<const Key> keys, SortScratch &scratch);

}  // namespace penstock::core
