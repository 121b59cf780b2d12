#include "core/image/png_filter.h"

#include <cstdlib>

namespace penstock::core {
namespace {

uint8_t sum(int32_t first, int32_t second) { return static_cast<uint8_t>(first + second); }

// Whichever of the three is nearest to left + above - corner; the earlier one where two are.
uint8_t paeth(int32_t left, int32_t above, int32_t corner) {
  const int32_t from_left = std::abs(above - corner), from_above = std::abs(left - corner);
  const int32_t from_corner = std::abs(left + above - 2 * corner);
  if (from_left <= from_above && from_left <= from_corner) return static_cast<uint8_t>(left);
  return static_cast<uint8_t>(from_above <= from_corner ? above : corner);
}

void undo_average(uint8_t *row, const uint8_t *above, int64_t size, int64_t pixel_size) {
  for (int64_t index = 0; index < pixel_size; ++index) row[index] = sum(row[index], above[index] / 2);
  for (int64_t index = pixel_size; index < size; ++index)
    row[index] = sum(row[index], (row[index - pixel_size] + above[index]) / 2);
}

void undo_paeth(uint8_t *row, const uint8_t *above, int64_t size, int64_t pixel_size) {
  for (int64_t index = 0; index < pixel_size; ++index) row[index] = sum(row[index], above[index]);
  for (int64_t index = pixel_size; index < size; ++index)
    row[index] = sum(row[index], paeth(row[index - pixel_size], above[index], above[index - pixel_size]));
}

void undo_left(uint8_t *row, int64_t size, int64_t pixel_size) {
  for (int64_t index = pixel_size; index < size; ++index) row[index] = sum(row[index], row[index - pixel_size]);
}

}  // namespace

void undo_png_filter(uint8_t filter, uint8_t *row, const uint8_t *above, int64_t size, int64_t pixel_size) {
  switch (filter) {
    case 1: undo_left(row, size, pixel_size); break;
    case 2:
      for (int64_t index = 0; index < size; ++index) row[index] = sum(row[index], above[index]);
      break;
    case 3: undo_average(row, above, size, pixel_size); break;
    case 4: undo_paeth(row, above, size, pixel_size); break;
    default: break;
  }
}

void undo_first_png_filter(uint8_t filter, uint8_t *row, int64_t size, int64_t pixel_size) {
  // Of the three that the last filter chooses from, two are 0 here, and the left one is as near as they are.
  if (filter == 1 || filter == 4) undo_left(row, size, pixel_size);
  if (filter != 3) return;
  for (int64_t index = pixel_size; index < size; ++index) row[index] = sum(row[index], row[index - pixel_size] / 2);
}

}  // namespace penstock::core
