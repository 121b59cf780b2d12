// PNG's filters: each row is stored as differences from what lies left of it and above.
#pragma once

#include <cstdint>

namespace penstock::core {

// Turns size bytes of a row, in place, back into what they were before filter (0 to 4) was applied.
//
// above       the row above, as it is after this function
// pixel_size  the bytes of a pixel, at least 1, at most size
void undo_png_filter(uint8_t filter, uint8_t *row, const uint8_t *above, int64_t size, int64_t pixel_size);

// The same for the first row, above which lie zeros.
void undo_first_png_filter(uint8_t filter, uint8_t *row, int64_t size, int64_t pixel_size);

}  // namespace penstock::core
