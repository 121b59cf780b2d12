#include "core/nn/kernels/window_pass.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "core/base/thread_pool.h"
#include "core/nn/kernels/window_tiles.h"

namespace penstock::core::nn {
namespace {

// Of a region and of the sums beside it: they stay in the second cache.
constexpr int64_t most_block_nbytes = int64_t{384} << 10;
// Positions from which on a block need not take in further samples.
constexpr int64_t enough_positions = 512;

int64_t floor_divide(int64_t number, int64_t by) { return number >= 0 ? number / by : -((-number + by - 1) / by); }
int64_t ceil_divide(int64_t number, int64_t by) { return -floor_divide(-number, by); }

// Sets phases, first and span from where each tap reads at the first target.
void set_taps(WindowAxis &axis, const std::vector<std::pair<int64_t, int64_t>> &kernel_and_start) {
  for (const auto &[kernel, start] : kernel_and_start) {
    const int64_t offset = floor_divide(start, axis.source_step), rest = start - offset * axis.source_step;
    const auto found = std::find(axis.phases.begin(), axis.phases.end(), rest);
    axis.taps.push_back({kernel, found - axis.phases.begin(), offset});
    if (found == axis.phases.end()) axis.phases.push_back(rest);
  }
  const auto [least, most] = std::minmax_element(
      axis.taps.begin(), axis.taps.end(),
      [](const WindowAxis::Tap &one, const WindowAxis::Tap &two) { return one.offset < two.offset; });
  axis.first = least->offset;
  axis.span = most->offset - least->offset;
  for (WindowAxis::Tap &tap : axis.taps) tap.offset -= axis.first;
}

}  // namespace

WindowAxis narrow_from_wide_axis(const WindowGeometry &geometry) {
  WindowAxis axis;
  axis.source_size = geometry.wide;
  axis.source_step = geometry.stride;
  axis.target_size = axis.count = geometry.narrow;
  std::vector<std::pair<int64_t, int64_t>> starts;
  for (int64_t tap = 0; tap < geometry.kernel; ++tap)
    starts.emplace_back(tap, tap * geometry.dilation - geometry.padding);
  set_taps(axis, starts);
  return axis;
}

std::vector<WindowAxis> wide_from_narrow_axes(const WindowGeometry &geometry) {
  // wide + padding - tap * dilation = narrow * stride
  std::map<int64_t, std::vector<std::pair<int64_t, int64_t>>> starts_of_phase;
  for (int64_t tap = 0; tap < geometry.kernel; ++tap) {
    const int64_t start = tap * geometry.dilation - geometry.padding;
    const int64_t begin = start - floor_divide(start, geometry.stride) * geometry.stride;
    if (begin < geometry.wide) starts_of_phase[begin].emplace_back(tap, (begin - start) / geometry.stride);
  }
  std::vector<WindowAxis> axes;
  for (const auto &[begin, starts] : starts_of_phase) {
    WindowAxis axis;
    axis.source_size = geometry.narrow;
    axis.target_size = geometry.wide;
    axis.begin = begin;
    axis.step = geometry.stride;
    axis.count = shard_count(geometry.wide - begin, geometry.stride);
    set_taps(axis, starts);
    axes.push_back(std::move(axis));
  }
  return axes;
}

bool reach_all_targets(const std::vector<WindowAxis> &axes, const WindowGeometry &geometry) {
  return static_cast<int64_t>(axes.size()) == std::min(geometry.stride, geometry.wide);
}

WindowPass::WindowPass(WindowAxis rows, WindowAxis columns, int64_t channels, int64_t sample_count,
                       int64_t element_nbytes)
    : rows_(std::move(rows)), columns_(std::move(columns)), channels_(channels), sample_count_(sample_count) {
  choose_blocks(element_nbytes);
  set_offsets();
}

int64_t WindowPass::region_elements() const {
  return channels_ * static_cast<int64_t>(rows_.phases.size() * columns_.phases.size()) * samples_ * plane() +
         window_slack;
}

int64_t WindowPass::sample_blocks() const { return shard_count(sample_count_, samples_); }
int64_t WindowPass::row_blocks() const { return rows_.count == 0 ? 0 : shard_count(rows_.count, block_rows_); }
int64_t WindowPass::column_blocks() const {
  return columns_.count == 0 ? 0 : shard_count(columns_.count, block_columns_);
}

int64_t WindowPass::positions(const WindowBlock &block) const {
  return (block.samples - 1) * plane() + (block.rows - 1) * pitch_ + block.columns;
}

WindowBlock WindowPass::block(int64_t number) const {
  const int64_t columns_a_row = std::max<int64_t>(1, column_blocks()),
                rows_a_sample = std::max<int64_t>(1, row_blocks());
  const Range columns = shard_range(number % columns_a_row, columns_.count, block_columns_);
  number /= columns_a_row;
  const Range rows = shard_range(number % rows_a_sample, rows_.count, block_rows_);
  const Range samples = shard_range(number / rows_a_sample, sample_count_, samples_);
  return {samples.begin, samples.end - samples.begin, rows.begin, rows.end - rows.begin,
          columns.begin, columns.end - columns.begin};
}

void WindowPass::set_region() {
  height_ = block_rows_ + rows_.span;
  pitch_ = block_columns_ + columns_.span;
}

void WindowPass::choose_blocks(int64_t element_nbytes) {
  constexpr int64_t sum_rows = 8, least_columns = 64;
  const auto nbytes = [&] { return (region_elements() + sum_rows * most_positions()) * element_nbytes; };
  block_rows_ = std::max<int64_t>(rows_.count, 1);
  block_columns_ = std::max<int64_t>(columns_.count, 1);
  set_region();
  const bool fits = nbytes() <= most_block_nbytes;
  while (nbytes() > most_block_nbytes && (block_rows_ > 1 || block_columns_ > least_columns)) {
    int64_t &size = block_rows_ > 1 ? block_rows_ : block_columns_;
    size = (size + 1) / 2;
    set_region();
  }
  while (fits && samples_ < sample_count_ && most_positions() < enough_positions) {
    ++samples_;
    if (nbytes() > most_block_nbytes) {
      --samples_;
      break;
    }
  }
}

void WindowPass::set_offsets() {
  const auto row_phases = static_cast<int64_t>(rows_.phases.size());
  const auto column_phases = static_cast<int64_t>(columns_.phases.size());
  for (int64_t channel = 0; channel < channels_; ++channel)
    for (const WindowAxis::Tap &row : rows_.taps)
      for (const WindowAxis::Tap &column : columns_.taps) {
        const int64_t planes = ((channel * row_phases + row.phase) * column_phases + column.phase) * samples_;
        offsets_.push_back(planes * plane() + row.offset * pitch_ + column.offset);
      }
}

namespace {

// What of a line of the region lies in the source.
struct RegionLine {
  int64_t source = 0;  // where entry 0 would lie
  Range inside;        // entries
};

RegionLine region_line(const WindowAxis &axis, int64_t phase, int64_t target, int64_t size) {
  const int64_t first = axis.first + target, rest = axis.phases[static_cast<size_t>(phase)];
  const int64_t begin = std::clamp<int64_t>(ceil_divide(-rest, axis.source_step) - first, 0, size);
  const int64_t end = ceil_divide(axis.source_size - rest, axis.source_step) - first;
  return {first * axis.source_step + rest, {begin, std::clamp(end, begin, size)}};
}

template <typename Element>
void fill_line(const RegionLine &line, int64_t step, int64_t size, const Element *source, Element *to) {
  std::fill(to, to + line.inside.begin, Element{});
  const Element *from = source + line.source;
  if (step == 1) {
    std::copy(from + line.inside.begin, from + line.inside.end, to + line.inside.begin);
  } else {
    for (int64_t index = line.inside.begin; index < line.inside.end; ++index) to[index] = from[index * step];
  }
  std::fill(to + line.inside.end, to + size, Element{});
}

}  // namespace

template <typename Element>
void WindowPass::fill_region(const WindowBlock &block, const Element *source, int64_t source_sample,
                             Element *region) const {
  const int64_t source_plane = rows_.source_size * columns_.source_size;
  Element *to = region;
  const auto fill_plane = [&](const Element *from, int64_t row_phase, int64_t column_phase) {
    const RegionLine lines = region_line(rows_, row_phase, block.row, height_);
    const RegionLine line = region_line(columns_, column_phase, block.column, pitch_);
    std::fill(to, to + lines.inside.begin * pitch_, Element{});
    for (int64_t row = lines.inside.begin; row < lines.inside.end; ++row)
      fill_line(line, columns_.source_step, pitch_,
                from + (lines.source + row * rows_.source_step) * columns_.source_size, to + row * pitch_);
    std::fill(to + lines.inside.end * pitch_, to + plane(), Element{});
  };
  for (int64_t channel = 0; channel < channels_; ++channel)
    for (size_t row_phase = 0; row_phase < rows_.phases.size(); ++row_phase)
      for (size_t column_phase = 0; column_phase < columns_.phases.size(); ++column_phase) {
        for (int64_t sample = 0; sample < block.samples; ++sample, to += plane())
          fill_plane(source + sample * source_sample + channel * source_plane, static_cast<int64_t>(row_phase),
                     static_cast<int64_t>(column_phase));
        const int64_t missing = (samples_ - block.samples) * plane();
        std::fill(to, to + missing, Element{});
        to += missing;
      }
  std::fill(to, to + window_slack, Element{});
}

template void WindowPass::fill_region(const WindowBlock &, const float *, int64_t, float *) const;
template void WindowPass::fill_region(const WindowBlock &, const double *, int64_t, double *) const;

}  // namespace penstock::core::nn
