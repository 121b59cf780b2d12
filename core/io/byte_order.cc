#include "core/io/byte_order.h"

#include <cstring>

namespace penstock::core {
namespace {

uint16_t swapped(uint16_t number) { return __builtin_bswap16(number); }
uint32_t swapped(uint32_t number) { return __builtin_bswap32(number); }
uint64_t swapped(uint64_t number) { return __builtin_bswap64(number); }

template <typename Number>
void swap_all(std::byte *numbers, int64_t count) {
  for (int64_t index = 0; index < count; ++index) {
    std::byte *place = numbers + index * static_cast<int64_t>(sizeof(Number));
    Number number;
    std::memcpy(&number, place, sizeof(number));
    number = swapped(number);
    std::memcpy(place, &number, sizeof(number));
  }
}

}  // namespace

void swap_byte_order(std::byte *numbers, int64_t count, int64_t width) {
  switch (width) {
    case 2: return swap_all<uint16_t>(numbers, count);
    case 4: return swap_all<uint32_t>(numbers, count);
    case 8: return swap_all<uint64_t>(numbers, count);
    default: return;
  }
}

}  // namespace penstock::core
