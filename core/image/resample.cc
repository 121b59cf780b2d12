#include "core/image/resample.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <limits>

#include "core/base/processor.h"
#include "core/image/resample_kernels.h"
#include "core/image/transform.h"

namespace penstock::core {
namespace {

const ResampleKernels &best_resample_kernels() {
  static const ResampleKernels &kernels =
      processor_has_32_byte_vectors() ? resample_kernels_32() : resample_kernels_16();
  return kernels;
}

double triangle(double distance) { return std::max(0.0, 1.0 - std::abs(distance)); }

// R. Keys, "Cubic convolution interpolation for digital image processing", 1981.
double cubic(double distance, double a) {
  const double x = std::abs(distance);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * a;
  return 0;
}

double filter_weight(ImageFilter filter, double distance, bool antialias) {
  return filter == ImageFilter::bilinear ? triangle(distance) : cubic(distance, antialias ? -0.5 : -0.75);
}

int32_t fixed_weight(double weight) {
  const double scaled = weight * (1 << resample_precision);
  return static_cast<int32_t>(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

// One new pixel's place in the numbers, with room for its weights in full precision beside.
struct PixelWeights {
  int32_t *numbers;
  double *exact;

  // Divided by their sum, unless that is 0.
  void keep(int32_t first, int32_t taps, double sum) const {
    numbers[0] = first;
    numbers[1] = taps;
    for (int32_t tap = 0; tap < taps; ++tap) numbers[2 + tap] = fixed_weight(sum != 0 ? exact[tap] / sum : exact[tap]);
  }
};

// The order of operations is Pillow's, so that the weights are its own to the last bit.
void find_widened(const ResampleAxis &axis, ImageFilter filter, int32_t index, const PixelWeights &out) {
  const double scale = axis.extent / axis.new_size, widening = std::max(scale, 1.0), narrowing = 1.0 / widening;
  const double support = (filter == ImageFilter::bilinear ? 1.0 : 2.0) * widening;
  const double center = (index + 0.5) * scale;
  const int32_t first = std::max(0, static_cast<int32_t>(center - support + 0.5));
  const int32_t end = std::min(axis.size, static_cast<int32_t>(center + support + 0.5));
  double sum = 0;
  for (int32_t at = first; at < end; ++at)
    sum += out.exact[at - first] = filter_weight(filter, (at - center + 0.5) * narrowing, true);
  out.keep(first, end - first, sum);
}

void find_sampled(const ResampleAxis &axis, ImageFilter filter, int32_t index, const PixelWeights &out) {
  const int32_t reach = filter == ImageFilter::bilinear ? 1 : 2;
  const double center = (index + 0.5) * (axis.extent / axis.new_size) - 0.5;
  const auto base = static_cast<int32_t>(std::floor(center));
  const auto inside = [&](int32_t at) { return std::clamp(at, 0, axis.size - 1); };
  const int32_t first = inside(base - reach + 1), last = inside(base + reach);
  std::fill_n(out.exact, last - first + 1, 0.0);
  for (int32_t at = base - reach + 1; at <= base + reach; ++at)
    out.exact[inside(at) - first] += filter_weight(filter, at - center, false);
  out.keep(first, last - first + 1, 1.0);
}

void find_covered(const ResampleAxis &axis, int32_t index, const PixelWeights &out) {
  const double scale = axis.extent / axis.new_size, begin = index * scale, end = (index + 1) * scale;
  const int32_t first = std::min(static_cast<int32_t>(begin), axis.size - 1);
  const int32_t behind = std::clamp(static_cast<int32_t>(std::ceil(end)), first + 1, axis.size);
  double sum = 0;
  for (int32_t at = first; at < behind; ++at)
    sum += out.exact[at - first] = std::max(0.0, std::min<double>(end, at + 1) - std::max<double>(begin, at));
  out.keep(first, behind - first, sum);
}

// The most old pixels that a new one can be made of.
int32_t most_taps(const ResampleAxis &axis, ImageFilter filter, bool antialias) {
  const double widening = antialias || filter == ImageFilter::area ? std::max(axis.extent / axis.new_size, 1.0) : 1.0;
  const double support = filter == ImageFilter::bicubic ? 2.0 * widening : widening;
  return std::min(axis.size, static_cast<int32_t>(std::ceil(support)) * 2 + 1);
}

}  // namespace

ResampleWeights find_resample_weights(const ResampleAxis &axis, ImageFilter filter, bool antialias, WeightRoom &room) {
  const int32_t taps = most_taps(axis, filter, antialias);
  const int64_t stride = int64_t{taps} + 2;
  const auto count = static_cast<size_t>(stride * axis.count);
  if (room.numbers.size() < count) room.numbers.resize(count);
  if (room.exact.size() < static_cast<size_t>(taps)) room.exact.resize(static_cast<size_t>(taps));
  for (int32_t index = 0; index < axis.count; ++index) {
    const PixelWeights out = {room.numbers.data() + index * stride, room.exact.data()};
    if (filter == ImageFilter::area)
      find_covered(axis, axis.first + index, out);
    else if (antialias)
      find_widened(axis, filter, axis.first + index, out);
    else
      find_sampled(axis, filter, axis.first + index, out);
  }
  return {std::span(room.numbers).first(count), stride};
}

namespace {

struct Rows {
  int32_t begin, end;
};

// The old rows that the new ones are made of.
Rows needed_rows(const ResampleWeights &down, int32_t count) {
  Rows needed = {std::numeric_limits<int32_t>::max(), 0};
  for (int32_t y = 0; y < count; ++y) {
    const int32_t *numbers = down.of(y);
    needed = {std::min(needed.begin, numbers[0]), std::max(needed.end, numbers[0] + numbers[1])};
  }
  return needed;
}

uint8_t *room_for(ResampleRoom &room, int64_t rows, int64_t row_size) {
  const auto size = static_cast<size_t>(rows * row_size);
  if (room.rows.size() < size) room.rows.resize(size);
  return room.rows.data();
}

void resample_rows_first(const ImageView &image, const ResampleWeights &down, const ResampleWeights &along,
                         const ResampleAxis &rows, const ResampleAxis &columns, ResampleRoom &room, RowSink sink) {
  const ResampleKernels &kernels = best_resample_kernels();
  const int64_t row_size = int64_t{columns.count} * image.channels;
  const auto [begin, end] = needed_rows(down, rows.count);
  const int64_t kept_rows = columns.changes() ? end - begin : 0;
  uint8_t *const kept = room_for(room, kept_rows + 1, row_size), *const whole = kept + kept_rows * row_size;
  const uint8_t *from = image.pixels + int64_t{columns.first} * image.channels + begin * image.row_stride;
  int64_t from_stride = image.row_stride;
  if (columns.changes()) {
    kernels.along_rows({kept, row_size, image.pixels + begin * image.row_stride, image.row_stride,
                        int64_t{image.width} * image.channels, end - begin, columns.count, image.channels},
                       along);
    from = kept;
    from_stride = row_size;
  }
  for (int32_t y = 0; y < rows.count; ++y) {
    const int32_t *numbers = down.of(y);
    const uint8_t *first_row = from + (numbers[0] - begin) * from_stride;
    if (!rows.changes()) {
      sink(y, first_row + (rows.first + y - numbers[0]) * from_stride);
      continue;
    }
    kernels.down_columns(whole, first_row, from_stride, numbers + 2, numbers[1], row_size);
    sink(y, whole);
  }
}

void resample_columns_first(const ImageView &image, const ResampleWeights &down, const ResampleWeights &along,
                            const ResampleAxis &rows, const ResampleAxis &columns, ResampleRoom &room, RowSink sink) {
  const ResampleKernels &kernels = best_resample_kernels();
  constexpr int32_t group = 4;  // as many as along_rows() takes at once
  const int64_t old_size = int64_t{image.width} * image.channels, new_size = int64_t{columns.count} * image.channels;
  uint8_t *const kept = room_for(room, group, old_size + new_size), *const whole = kept + group * old_size;
  for (int32_t y = 0; y < rows.count; y += group) {
    const int32_t count = std::min(group, rows.count - y);
    for (int32_t row = 0; row < count; ++row) {
      const int32_t *numbers = down.of(y + row);
      kernels.down_columns(kept + row * old_size, image.pixels + numbers[0] * image.row_stride, image.row_stride,
                           numbers + 2, numbers[1], old_size);
    }
    kernels.along_rows({whole, new_size, kept, old_size, old_size, count, columns.count, image.channels}, along);
    for (int32_t row = 0; row < count; ++row) sink(y + row, whole + row * new_size);
  }
}

}  // namespace

void resample(const ImageView &image, const ResampleAxis &rows, const ResampleAxis &columns, ImageFilter filter,
              bool antialias, ResampleRoom &room, RowSink sink) {
  const ResampleWeights down = find_resample_weights(rows, filter, antialias, room.row_weights);
  const ResampleWeights along = find_resample_weights(columns, filter, antialias, room.column_weights);
  const bool columns_first = rows.new_size < rows.size && columns.new_size > columns.size;
  (columns_first ? resample_columns_first : resample_rows_first)(image, down, along, rows, columns, room, sink);
}

}  // namespace penstock::core
