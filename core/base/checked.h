// Arithmetic on sizes that came from outside: an overflow is a value, not undefined behaviour.
#pragma once

#include <cstdint>
#include <optional>

namespace penstock::core {

template <typename Integer>
std::optional<Integer> checked_add(Integer first, Integer second) {
  Integer sum;
  return __builtin_add_overflow(first, second, &sum) ? std::nullopt : std::optional<Integer>(sum);
}

template <typename Integer>
std::optional<Integer> checked_multiply(Integer first, Integer second) {
  Integer product;
  return __builtin_mul_overflow(first, second, &product) ? std::nullopt : std::optional<Integer>(product);
}

}  // namespace penstock::core
