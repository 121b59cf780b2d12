// Turning numbers from one byte order into the other, in place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace penstock::core {

// count numbers of width bytes each: 1 (nothing to do), 2, 4 or 8.  Any alignment.
void swap_byte_order(std::byte *numbers, int64_t count, int64_t width);

}  // namespace penstock::core
