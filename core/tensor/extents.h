// A tensor's shape or strides: up to 16 numbers, without an allocation.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>

namespace penstock::core {

inline constexpr int32_t max_ndim = 16;

class Extents {
 public:
  Extents() = default;
  Extents(std::initializer_list<int64_t> numbers) {
    for (const int64_t number : numbers) push_back(number);
  }
  Extents(const int64_t *numbers, int32_t count) : size_(count) { std::copy_n(numbers, count, numbers_.begin()); }
  static Extents filled(int32_t count, int64_t number) {
    Extents extents;
    extents.size_ = count;
    std::fill_n(extents.numbers_.begin(), count, number);
    return extents;
  }

  int32_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  int64_t &operator[](int32_t index) { return numbers_[static_cast<size_t>(index)]; }
  int64_t operator[](int32_t index) const { return numbers_[static_cast<size_t>(index)]; }
  const int64_t *data() const { return numbers_.data(); }
  const int64_t *begin() const { return numbers_.data(); }
  const int64_t *end() const { return numbers_.data() + size_; }

  // The caller sees to it that there is room for one more.
  void push_back(int64_t number) { numbers_[static_cast<size_t>(size_++)] = number; }
  void insert(int32_t index, int64_t number) {
    std::copy_backward(begin() + index, end(), numbers_.begin() + size_ + 1);
    numbers_[static_cast<size_t>(index)] = number;
    ++size_;
  }
  void erase(int32_t index) {
    std::copy(begin() + index + 1, end(), numbers_.begin() + index);
    --size_;
  }

  friend bool operator==(const Extents &first, const Extents &second) {
    return std::equal(first.begin(), first.end(), second.begin(), second.end());
  }

 private:
  int32_t size_ = 0;
  std::array<int64_t, max_ndim> numbers_{};
};

void append_part(std::string &out, const Extents &extents);  // as Python writes a tuple: "()", "(3,)", "(3, 4)"

}  // namespace penstock::core
