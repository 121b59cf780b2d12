// How windows that slide over planes are computed: along each axis, which element of the source each tap of the window reads
// for each position of the target, and, for both axes together, how the source is cut into regions that fit the caches.
//
// A convolution relates a wide side (what windows slide over) to a narrow one (a position for each window):
//   narrow(y) comes from wide(y * stride + tap * dilation - padding) for each tap of the kernel.
// Going from narrow to wide, targets fall into as many phases as the stride is long; in each one the same taps are met, at
// offsets that stand still, so that both ways are the same computation.
#pragma once

#include <cstdint>
#include <vector>

namespace penstock::core::nn {

struct WindowGeometry {
  int64_t wide = 0, narrow = 0;  // sizes along this axis
  int64_t kernel = 1, stride = 1, dilation = 1;
  int64_t padding = 0;  // before the first element
};

// For targets begin + i * step, i from 0 to count - 1, tap t reads the source at
// (first + i + taps[t].offset) * source_step + phases[taps[t].phase]; there are zeros outside of the source.
struct WindowAxis {
  struct Tap {
    int64_t kernel;  // its number in the kernel
    int64_t phase;
    int64_t offset;  // 0 to span
  };
  int64_t source_size = 0, source_step = 1;
  int64_t target_size = 0, begin = 0, step = 1, count = 0;
  int64_t first = 0, span = 0;
  std::vector<int64_t> phases;
  std::vector<Tap> taps;
};

WindowAxis narrow_from_wide_axis(const WindowGeometry &geometry);
// One for each phase of targets that some tap reaches; the others' results are sums of nothing.
std::vector<WindowAxis> wide_from_narrow_axes(const WindowGeometry &geometry);
// Whether these reach all targets.
bool reach_all_targets(const std::vector<WindowAxis> &axes, const WindowGeometry &geometry);

// A stretch of the targets of a pass.
struct WindowBlock {
  int64_t sample = 0, samples = 0;
  int64_t row = 0, rows = 0;
  int64_t column = 0, columns = 0;
};

// Both axes, and the blocks: what a region holds at once is some samples, or some rows and columns of one.  In a region
// lie, for each channel, row phase, column phase and sample, plane elements: height rows of pitch.  A block's position
// (sample, row, column) is sample * plane + row * pitch + column.
class WindowPass {
 public:
  WindowPass(WindowAxis rows, WindowAxis columns, int64_t channels, int64_t sample_count, int64_t element_nbytes);

  const WindowAxis &rows() const { return rows_; }
  const WindowAxis &columns() const { return columns_; }
  int64_t plane() const { return height_ * pitch_; }
  int64_t pitch() const { return pitch_; }
  // Of the source's element that each step reads, from a position; channel by channel, then the kernel's rows, columns.
  const std::vector<int64_t> &offsets() const { return offsets_; }
  int64_t region_elements() const;  // slack included

  int64_t block_count() const { return sample_blocks() * row_blocks() * column_blocks(); }
  WindowBlock block(int64_t number) const;
  int64_t positions(const WindowBlock &block) const;
  int64_t most_positions() const { return positions({0, samples_, 0, block_rows_, 0, block_columns_}); }

  // Writes the whole region of a block: source is the block's first sample's first channel.
  template <typename Element>
  void fill_region(const WindowBlock &block, const Element *source, int64_t source_sample, Element *region) const;

 private:
  void choose_blocks(int64_t element_nbytes);
  void set_region();
  void set_offsets();
  int64_t sample_blocks() const;
  int64_t row_blocks() const;
  int64_t column_blocks() const;

  WindowAxis rows_, columns_;
  int64_t channels_, sample_count_;
  int64_t samples_ = 1, block_rows_ = 0, block_columns_ = 0;
  int64_t height_ = 0, pitch_ = 0;
  std::vector<int64_t> offsets_;
};

}  // namespace penstock::core::nn
