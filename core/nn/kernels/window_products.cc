#include "core/nn/kernels/window_products.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "core/base/thread_pool.h"

namespace penstock::core::nn {
namespace {

// Products that are worth a shard of their own (some ten microseconds).
constexpr int64_t shard_work = int64_t{1} << 19;
// How many shards are enough, and how much memory the partial sums of a weight's gradient may take.
constexpr int64_t most_shards = 16, most_partial_nbytes = int64_t{4} << 20;
// Elements that one shard copies or adds.
constexpr int64_t shard_elements = int64_t{1} << 15;

template <typename Element>
int64_t padded(int64_t elements) {
  constexpr int64_t line = 64 / static_cast<int64_t>(sizeof(Element));
  return shard_count(elements, line) * line;
}

template <typename Element>
int64_t padded_positions(int64_t positions) {
  return shard_count(positions, window_slack) * window_slack;
}

// Part number index of count of nearly one size.
Range part(int64_t index, int64_t count, int64_t size) { return {index * size / count, (index + 1) * size / count}; }

// Where the first element of a block's row, counted from its first, lies in the plane of the target.
int64_t target_offset(const WindowPass &pass, const WindowBlock &block, int64_t row) {
  const WindowAxis &rows = pass.rows(), &columns = pass.columns();
  return (rows.begin + (block.row + row) * rows.step) * columns.target_size + columns.begin +
         block.column * columns.step;
}

bool has_phases(const WindowPass &pass) { return pass.rows().step > 1 || pass.columns().step > 1; }

// Where there are few blocks, each is shared out by the target's channels, and its region is made for each part.  Parts are
// tiles, so that packed weights lie as they are read.
int64_t channel_parts(int64_t blocks, int64_t work, int64_t tiles) {
  if (blocks == 0) return 1;
  return std::clamp<int64_t>(std::min(most_shards / blocks, work / shard_work), 1, tiles);
}

}  // namespace

template <typename Element>
WindowProducts<Element>::WindowProducts(const WindowShape &shape, const WindowUses &uses)
    : shape_(shape), kernels_(find_window_kernels<Element>()), slots_(process_pool().num_threads()) {
  const auto size = static_cast<int64_t>(sizeof(Element));
  int64_t others = 0;  // elements of scratch beside the slots
  if (uses.narrow_from_wide || uses.weight_gradient)
    narrow_pass_.emplace_back(narrow_from_wide_axis(shape.rows), narrow_from_wide_axis(shape.columns),
                              shape.wide_group(), shape.samples, size);
  if (uses.wide_from_narrow) {
    const std::vector<WindowAxis> rows = wide_from_narrow_axes(shape.rows);
    const std::vector<WindowAxis> columns = wide_from_narrow_axes(shape.columns);
    reaches_all_ = reach_all_targets(rows, shape.rows) && reach_all_targets(columns, shape.columns);
    for (const WindowAxis &row : rows)
      for (const WindowAxis &column : columns)
        wide_passes_.emplace_back(row, column, shape.narrow_group(), shape.samples, size);
    others = shape.weight_elements();
  }
  if (uses.weight_gradient) {
    prepare_gradient();
    if (sample_groups_ > 1) others = std::max(others, sample_groups_ * shape.weight_elements());
  }
  for (const std::vector<WindowPass> *passes : {&narrow_pass_, &wide_passes_})
    for (const WindowPass &pass : *passes) slot_nbytes_ = std::max(slot_nbytes_, slot_elements(pass) * size);
  slots_nbytes_ = slots_.count() * slot_nbytes_;
  scratch_nbytes_ = slots_nbytes_ + padded<Element>(others) * size;
}

template <typename Element>
int64_t WindowProducts<Element>::slot_elements(const WindowPass &pass) const {
  return padded<Element>(pass.region_elements()) +
         kernels_.correlation_rows * padded_positions<Element>(pass.most_positions());
}

// By samples first, as long as the partial sums stay small, then by channels.
template <typename Element>
void WindowProducts<Element>::prepare_gradient() {
  const int64_t blocks = narrow_pass_[0].block_count();
  const int64_t nbytes = std::max<int64_t>(1, shape_.weight_elements() * static_cast<int64_t>(sizeof(Element)));
  const int64_t work = narrow_pass_[0].most_positions() * blocks * shape_.weight_elements();
  const int64_t wanted = std::clamp<int64_t>(work / shard_work, 1, most_shards);
  sample_groups_ =
      std::max<int64_t>(1, std::min({shard_count(wanted, shape_.groups), blocks, most_partial_nbytes / nbytes}));
  const int64_t channel_tiles = std::max<int64_t>(1, shape_.narrow_group() / (2 * kernels_.gradient_rows));
  channel_blocks_ = std::min(shard_count(wanted, sample_groups_ * shape_.groups), channel_tiles);
  const int64_t shards = sample_groups_ * shape_.groups * channel_blocks_;
  gradient_grain_ = shard_count(shards, wanted);
}

template <typename Element>
void WindowProducts<Element>::narrow_from_wide(const WindowResult<Element> &narrow, const Element *wide,
                                               const Element *weight, std::byte *scratch) {
  correlate({narrow_pass_[0], wide, weight, false, shape_.wide_channels, shape_.narrow_channels, narrow}, scratch);
}

template <typename Element>
void WindowProducts<Element>::wide_from_narrow(const WindowResult<Element> &wide, const Element *narrow,
                                               const Element *weight, std::byte *scratch) {
  auto *packed = reinterpret_cast<Element *>(scratch + slots_nbytes_);
  if (!reaches_all_) fill(wide);
  for (const WindowPass &pass : wide_passes_) {
    pack(pass, weight, packed);
    correlate({pass, narrow, packed, true, shape_.narrow_channels, shape_.wide_channels, wide}, scratch);
  }
  const bool is_activated = wide_passes_.size() == 1 && reaches_all_ && !has_phases(wide_passes_[0]);
  if (is_activated || wide.activation.kind == ActivationKind::linear) return;
  parallel_for(shape_.samples * shape_.wide_channels * shape_.wide_plane(), shard_elements, [&](Range range) {
    activate(wide.activation, wide.out + range.begin, wide.sums + range.begin, range.end - range.begin);
  });
}

// Every element that no tap reaches is the bias alone.
template <typename Element>
void WindowProducts<Element>::fill(const WindowResult<Element> &wide) const {
  const int64_t plane = shape_.wide_plane();
  const int64_t grain = std::max<int64_t>(1, shard_elements / plane);
  parallel_for(shape_.samples * shape_.wide_channels, grain, [&](Range planes) {
    for (int64_t each = planes.begin; each < planes.end; ++each)
      std::fill_n(wide.sums + each * plane, plane,
                  wide.bias == nullptr ? Element{} : wide.bias[each % shape_.wide_channels]);
  });
}

// Weights as tiles of the wide side's channels read them: only those of the pass's taps.
template <typename Element>
void WindowProducts<Element>::pack(const WindowPass &pass, const Element *weight, Element *to) const {
  const int64_t channels = shape_.wide_group(), kernel = shape_.rows.kernel * shape_.columns.kernel;
  const auto steps = static_cast<int64_t>(pass.offsets().size());
  const int64_t tiles = shard_count(channels, kernels_.correlation_rows);
  const auto pack_tile = [&](int64_t group, int64_t tile) {
    const Range rows = part(tile, tiles, channels);
    Element *packed = to + (group * channels + rows.begin) * steps;
    for (int64_t narrow = group * shape_.narrow_group(); narrow < (group + 1) * shape_.narrow_group(); ++narrow)
      for (const WindowAxis::Tap &row_tap : pass.rows().taps)
        for (const WindowAxis::Tap &column_tap : pass.columns().taps) {
          const Element *from =
              weight + narrow * channels * kernel + row_tap.kernel * shape_.columns.kernel + column_tap.kernel;
          for (int64_t row = rows.begin; row < rows.end; ++row) *packed++ = from[row * kernel];
        }
  };
  const int64_t grain = std::max<int64_t>(1, shard_elements / (kernels_.correlation_rows * steps));
  parallel_for(shape_.groups * tiles, grain, [&](Range range) {
    for (int64_t index = range.begin; index < range.end; ++index) pack_tile(index / tiles, index % tiles);
  });
}

template <typename Element>
void WindowProducts<Element>::correlate(const Task &task, std::byte *scratch) {
  const int64_t whole = task.pass.block_count() * shape_.groups;
  const int64_t channels = task.target_channels / shape_.groups;
  const int64_t work = task.pass.most_positions() * static_cast<int64_t>(task.pass.offsets().size()) * channels +
                       task.pass.region_elements();
  const int64_t tiles = shard_count(channels, kernels_.correlation_rows);
  const int64_t parts = channel_parts(whole, work, tiles);
  const int64_t grain = std::max<int64_t>(1, shard_work * parts / work);
  parallel_for(whole * parts, grain, [&](Range range) {
    slots_.use([&](int64_t slot) {
      auto *own = reinterpret_cast<Element *>(scratch + slot * slot_nbytes_);
      for (int64_t unit = range.begin; unit < range.end; ++unit)
        correlate_block(task, unit / parts, part(unit % parts, parts, tiles), own);
    });
  });
}

// tiles: of the group's channels.
template <typename Element>
void WindowProducts<Element>::correlate_block(const Task &task, int64_t unit, Range tiles, Element *scratch) const {
  const WindowPass &pass = task.pass;
  const WindowBlock block = pass.block(unit / shape_.groups);
  const int64_t group = unit % shape_.groups, channels = task.target_channels / shape_.groups;
  const int64_t source_plane = pass.rows().source_size * pass.columns().source_size;
  const int64_t first_channel = group * (task.source_channels / shape_.groups);
  pass.fill_region(block, task.source + (block.sample * task.source_channels + first_channel) * source_plane,
                   task.source_channels * source_plane, scratch);
  const auto steps = static_cast<int64_t>(pass.offsets().size());
  const int64_t tile_count = shard_count(channels, kernels_.correlation_rows);
  CorrelationTile<Element> tile{.region = scratch,
                                .offsets = pass.offsets().data(),
                                .steps = steps,
                                .sums = scratch + padded<Element>(pass.region_elements()),
                                .sums_row = padded_positions<Element>(pass.most_positions()),
                                .positions = pass.positions(block)};
  for (int64_t index = tiles.begin; index < tiles.end; ++index) {
    const Range rows = part(index, tile_count, channels);
    const int64_t count = rows.end - rows.begin, channel = group * channels + rows.begin;
    tile.weights = task.weights + channel * steps;
    tile.weight_row = task.packed ? 1 : steps;
    tile.weight_step = task.packed ? count : 1;
    tile.starts = task.result.bias == nullptr ? nullptr : task.result.bias + channel;
    kernels_.correlate(tile, count);
    for (int64_t row = 0; row < count; ++row) store(task, block, channel + row, tile.sums + row * tile.sums_row);
  }
}

template <typename Element>
void WindowProducts<Element>::store(const Task &task, const WindowBlock &block, int64_t channel,
                                    const Element *sums) const {
  const WindowPass &pass = task.pass;
  const int64_t width = pass.columns().target_size, step = pass.columns().step;
  const int64_t plane = pass.rows().target_size * width;
  const bool activates = task.result.activation.kind != ActivationKind::linear && !has_phases(pass) && reaches_all_;
  for (int64_t sample = 0; sample < block.samples; ++sample) {
    const int64_t begin = ((block.sample + sample) * task.target_channels + channel) * plane;
    for (int64_t row = 0; row < block.rows; ++row) {
      const Element *from = sums + sample * pass.plane() + row * pass.pitch();
      const int64_t offset = begin + target_offset(pass, block, row);
      Element *to = task.result.sums + offset;
      if (step == 1) {
        std::copy(from, from + block.columns, to);
      } else {
        for (int64_t column = 0; column < block.columns; ++column) to[column * step] = from[column];
      }
      if (activates && block.columns != width)
        activate(task.result.activation, task.result.out + offset, to, block.columns);
    }
    const int64_t offset = begin + target_offset(pass, block, 0);
    if (activates && block.columns == width)
      activate(task.result.activation, task.result.out + offset, task.result.sums + offset, block.rows * width);
  }
}

template <typename Element>
void WindowProducts<Element>::weight_gradient(Element *gradient, const Element *narrow, const Element *wide,
                                              std::byte *scratch) {
  const WindowPass &pass = narrow_pass_[0];
  const int64_t elements = shape_.weight_elements();
  auto *partials = sample_groups_ > 1 ? reinterpret_cast<Element *>(scratch + slots_nbytes_) : gradient;
  const auto run_shard = [&](int64_t shard, Element *own) {
    const int64_t channel_block = shard % channel_blocks_, group = shard / channel_blocks_ % shape_.groups;
    const int64_t sample_group = shard / channel_blocks_ / shape_.groups;
    const Range channels = part(channel_block, channel_blocks_, shape_.narrow_group());
    const Range blocks = part(sample_group, sample_groups_, pass.block_count());
    const int64_t first = group * shape_.narrow_group() + channels.begin;
    Element *sums = partials + sample_group * elements + first * shape_.steps();
    std::fill_n(sums, (channels.end - channels.begin) * shape_.steps(), Element{});
    for (int64_t block = blocks.begin; block < blocks.end; ++block)
      add_gradients(pass.block(block), group, channels, narrow, wide, sums, own);
  };
  const int64_t shards = sample_groups_ * shape_.groups * channel_blocks_;
  parallel_for(shards, gradient_grain_, [&](Range range) {
    slots_.use([&](int64_t slot) {
      for (int64_t shard = range.begin; shard < range.end; ++shard)
        run_shard(shard, reinterpret_cast<Element *>(scratch + slot * slot_nbytes_));
    });
  });
  if (sample_groups_ == 1) return;
  parallel_for(elements, shard_elements / sample_groups_, [&](Range range) {
    std::copy(partials + range.begin, partials + range.end, gradient + range.begin);
    for (int64_t other = 1; other < sample_groups_; ++other)
      for (int64_t index = range.begin; index < range.end; ++index)
        gradient[index] += partials[other * elements + index];
  });
}

// channels: within the group; gradient: of the first of them.
template <typename Element>
void WindowProducts<Element>::add_gradients(const WindowBlock &block, int64_t group, Range channels,
                                            const Element *narrow, const Element *wide, Element *gradient,
                                            Element *scratch) const {
  const WindowPass &pass = narrow_pass_[0];
  const int64_t wide_sample = shape_.wide_channels * shape_.wide_plane(), narrow_plane = shape_.narrow_plane();
  pass.fill_region(block, wide + block.sample * wide_sample + group * shape_.wide_group() * shape_.wide_plane(),
                   wide_sample, scratch);
  Element *factors = scratch + padded<Element>(pass.region_elements());
  GradientTile<Element> tile{.factors = factors,
                             .factors_row = padded_positions<Element>(pass.most_positions()),
                             .region = scratch,
                             .offsets = pass.offsets().data(),
                             .steps = shape_.steps(),
                             .positions = pass.positions(block),
                             .gradient_row = shape_.steps()};
  const int64_t count = channels.end - channels.begin, tiles = shard_count(count, kernels_.gradient_rows);
  for (int64_t index = 0; index < tiles; ++index) {
    const Range rows = part(index, tiles, count);
    for (int64_t row = rows.begin; row < rows.end; ++row) {
      const int64_t channel = group * shape_.narrow_group() + channels.begin + row;
      fill_factors(block, narrow + (block.sample * shape_.narrow_channels + channel) * narrow_plane,
                   factors + (row - rows.begin) * tile.factors_row);
    }
    tile.gradient = gradient + rows.begin * tile.gradient_row;
    kernels_.add_gradient(tile, rows.end - rows.begin);
  }
}

// narrow: one channel of the block's first sample; zeros between what belongs to the block.
template <typename Element>
void WindowProducts<Element>::fill_factors(const WindowBlock &block, const Element *narrow, Element *to) const {
  const WindowPass &pass = narrow_pass_[0];
  std::fill_n(to, padded_positions<Element>(pass.positions(block)), Element{});
  for (int64_t sample = 0; sample < block.samples; ++sample)
    for (int64_t row = 0; row < block.rows; ++row) {
      const Element *from =
          narrow + sample * shape_.narrow_channels * shape_.narrow_plane() + target_offset(pass, block, row);
      std::copy(from, from + block.columns, to + sample * pass.plane() + row * pass.pitch());
    }
}

template class WindowProducts<float>;
template class WindowProducts<double>;

}  // namespace penstock::core::nn
