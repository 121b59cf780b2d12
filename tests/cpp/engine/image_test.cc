// The kernels of resizing give the same levels at each width of vectors.
#include <gmock/gmock.h>

#include <vector>

#include "core/base/processor.h"
#include "core/base/random.h"
#include "core/image/resample_kernels.h"
#include "core/image/transform.h"

namespace penstock::core {
namespace {

std::vector<uint8_t> random_levels(int64_t count, uint64_t seed) {
  std::vector<uint8_t> levels(static_cast<size_t>(count));
  for (size_t at = 0; at < levels.size(); ++at) levels[at] = static_cast<uint8_t>(uniform_below({seed, 0}, at, 256));
  return levels;
}

struct Resize {
  int32_t from, to, channels;
  ImageFilter filter;
};

std::vector<Resize> resizes() {
  std::vector<Resize> all;
  for (const int32_t channels : {1, 2, 3, 4})
    for (const ImageFilter filter : {ImageFilter::bilinear, ImageFilter::bicubic, ImageFilter::area})
      for (const auto &[from, to] : {std::pair{1, 5}, {7, 3}, {33, 17}, {100, 224}, {500, 224}, {500, 7}})
        all.push_back({from, to, channels, filter});
  return all;
}

ResampleWeights weights_of(const Resize &resize, WeightRoom &room) {
  const ResampleAxis axis{resize.from, static_cast<double>(resize.from), resize.to, 0, resize.to};
  return find_resample_weights(axis, resize.filter, true, room);
}

std::vector<uint8_t> along_rows(const ResampleKernels &kernels, const Resize &resize) {
  constexpr int64_t rows = 5;  // an even number of them, and one more
  const int64_t from_stride = int64_t{resize.from} * resize.channels, to_stride = int64_t{resize.to} * resize.channels;
  const std::vector<uint8_t> from = random_levels(rows * from_stride, 1);
  std::vector<uint8_t> to(static_cast<size_t>(rows * to_stride));
  WeightRoom room;
  kernels.along_rows({to.data(), to_stride, from.data(), from_stride, from_stride, rows, resize.to, resize.channels},
                     weights_of(resize, room));
  return to;
}

std::vector<uint8_t> down_columns(const ResampleKernels &kernels, const Resize &resize) {
  const int64_t size = int64_t{37} * resize.channels;
  const std::vector<uint8_t> from = random_levels(resize.from * size, 2);
  std::vector<uint8_t> to(static_cast<size_t>(resize.to * size));
  WeightRoom room;
  const ResampleWeights weights = weights_of(resize, room);
  for (int64_t row = 0; row < resize.to; ++row) {
    const int32_t *of_row = weights.of(row);
    kernels.down_columns(to.data() + row * size, from.data() + of_row[0] * size, size, of_row + 2, of_row[1], size);
  }
  return to;
}

TEST(ImageKernels, OfBothWidthsGiveTheSameLevels) {
  if (!processor_has_32_byte_vectors()) GTEST_SKIP() << "this processor has no vectors of 32 bytes";
  for (const Resize &resize : resizes()) {
    EXPECT_EQ(along_rows(resample_kernels_16(), resize), along_rows(resample_kernels_32(), resize))
        << resize.from << " to " << resize.to << ", " << resize.channels << " channels";
    EXPECT_EQ(down_columns(resample_kernels_16(), resize), down_columns(resample_kernels_32(), resize))
        << resize.from << " to " << resize.to << ", " << resize.channels << " channels";
  }
}

}  // namespace
}  // namespace penstock::core
