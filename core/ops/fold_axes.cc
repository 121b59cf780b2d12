#include "core/ops/fold_axes.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "core/base/insertion_sort.h"
#include "core/base/thread_pool.h"
#include "core/ops/kernels.h"
#include "core/tensor/convert.h"
#include "core/tensor/create.h"
#include "core/tensor/element.h"

namespace penstock::core {
namespace {

// Elements that are folded at a time: their buffer stays in the first-level cache.
constexpr int64_t block_elements = 2048;
constexpr int64_t largest_element = 16;
// Blocks' results that are folded at a time, and theirs again: short chains round little.
constexpr int64_t group_blocks = 64;
// Work for one shard; below four of them threads cost more than they bring.
constexpr int64_t shard_elements = 65536, break_even = 4 * shard_elements;

struct Axis {
  int64_t size, stride;  // in bytes
};

// Some axes of a tensor, as one line of elements in the order of their indices.
struct Line {
  std::array<Axis, max_ndim> axes;  // outermost first, none of size 1
  int32_t ndim = 0;
  int64_t count = 1;

  void add(Axis axis) {
    count *= axis.size;
    if (axis.size == 1) return;
    Axis *last = ndim > 0 ? &axes[static_cast<size_t>(ndim - 1)] : nullptr;
    if (last != nullptr && last->stride == axis.stride * axis.size)
      *last = {last->size * axis.size, axis.stride};
    else
      axes[static_cast<size_t>(ndim++)] = axis;
  }
  Axis innermost() const { return ndim > 0 ? axes[static_cast<size_t>(ndim - 1)] : Axis{1, 0}; }
  int64_t offset(int64_t index) const {
    int64_t bytes = 0;
    for (int32_t position = ndim - 1; position >= 0; --position) {
      const Axis &axis = axes[static_cast<size_t>(position)];
      bytes += index % axis.size * axis.stride;
      index /= axis.size;
    }
    return bytes;
  }
};

struct Folding {
  const Tensor &tensor;
  DType dtype;
  int64_t size;  // of an element of dtype
  ConvertRun convert;
  FoldKernel fold;
  ElementwiseKernel join;
  Line kept, reduced;
};

Folding folding_of(Operation joining, const Tensor &tensor, AxisMask mask, bool in_memory_order) {
  const DType dtype = folding_dtype(tensor.dtype);
  Folding folding{tensor,
                  dtype,
                  dtype_size(dtype),
                  find_conversion(dtype, tensor.dtype),
                  find_fold(joining, dtype),
                  find_elementwise(joining, dtype),
                  {},
                  {}};
  std::array<Axis, max_ndim> axes;
  int32_t count = 0;
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis) {
    const Axis found{tensor.shape[axis], tensor.shape[axis] == 1 ? 0 : tensor.strides[axis] * dtype_size(tensor.dtype)};
    if ((mask >> axis & 1) != 0)
      axes[static_cast<size_t>(count++)] = found;
    else
      folding.kept.add(found);
  }
  if (in_memory_order)
    insertion_sort(axes.begin(), axes.begin() + count,
                   [](const Axis &a, const Axis &b) { return std::abs(a.stride) > std::abs(b.stride); });
  for (int32_t axis = 0; axis < count; ++axis) folding.reduced.add(axes[static_cast<size_t>(axis)]);
  return folding;
}

// Elements first to first + count of the reduced line, side by side: where they lie, or converted into buffer.
const std::byte *gathered(const Folding &folding, const std::byte *begin, Range block, std::byte *buffer) {
  const Axis inner = folding.reduced.innermost();
  const int64_t within = block.begin % inner.size;
  const bool is_one_run = within + block.size() <= inner.size;
  if (is_one_run && inner.stride == folding.size && folding.tensor.dtype == folding.dtype)
    return begin + folding.reduced.offset(block.begin);
  std::byte *to = buffer;
  for (int64_t index = block.begin; index < block.end;) {
    const int64_t run = std::min(inner.size - index % inner.size, block.end - index);
    folding.convert(to, folding.size, begin + folding.reduced.offset(index), inner.stride, run);
    to += run * folding.size;
    index += run;
  }
  return buffer;
}

// Each element's reduced line in blocks, and the blocks' results folded: many short lines a shard, or parts of a long one.
void fold_lines(const Folding &folding, std::byte *out) {
  const int64_t blocks = shard_count(folding.reduced.count, block_elements), lines = folding.kept.count;
  std::vector<std::byte> partial(blocks > 1 ? static_cast<size_t>(lines * blocks * folding.size) : 0);
  std::byte *results = blocks > 1 ? partial.data() : out;
  const int64_t total = lines * folding.reduced.count, unit = std::min(folding.reduced.count, block_elements);
  const int64_t grain = total < break_even ? lines * blocks : std::max<int64_t>(1, shard_elements / unit);
  parallel_for(lines * blocks, grain, [&](Range units) {
    alignas(64) std::byte buffer[block_elements * largest_element];
    for (int64_t index = units.begin; index < units.end; ++index) {
      const std::byte *line = folding.tensor.data + folding.kept.offset(index / blocks);
      const Range block = shard_range(index % blocks, folding.reduced.count, block_elements);
      folding.fold(results + index * folding.size, gathered(folding, line, block, buffer), block.size());
    }
  });
  if (blocks == 1) return;
  for (int64_t line = 0; line < lines; ++line) {
    std::byte *sums = partial.data() + line * blocks * folding.size;
    for (int64_t left = blocks; left > 1; left = shard_count(left, group_blocks))
      for (int64_t group = 0; group < shard_count(left, group_blocks); ++group) {
        const Range range = shard_range(group, left, group_blocks);
        folding.fold(sums + group * folding.size, sums + range.begin * folding.size, range.size());
      }
    std::memcpy(out + line * folding.size, sums, static_cast<size_t>(folding.size));
  }
}

// Rows joined element by element, where the axes that stay lie nearer together than those that go: first 16 rows one after
// the other, then such sums pairwise, as a binary counter does it.
class RowFold {
 public:
  RowFold(const Folding &folding, int64_t columns, Range rows)
      : folding_(folding),
        columns_(columns),
        rows_(rows),
        row_(is_direct() ? 0 : bytes()),
        levels_(level_count() * bytes()) {}

  // out: the joined rows, from the column that begin points to on.
  void run(std::byte *out, const std::byte *begin) {
    const Range rows = rows_;
    for (int64_t first = rows.begin; first < rows.end; first += group) {
      std::byte *sum = level(0);
      read(sum, begin, first);
      for (int64_t row = first + 1; row < std::min(first + group, rows.end); ++row) {
        const std::byte *source = begin + folding_.reduced.offset(row);
        if (!is_direct()) read(row_.data(), begin, row);
        join(sum, sum, is_direct() ? source : row_.data());
      }
      carry();
    }
    bool is_first = true;  // what is left, the smaller sums first
    for (int32_t index = 1; filled_ >> index != 0; ++index) {
      if ((filled_ >> index & 1) == 0) continue;
      if (is_first)
        std::memcpy(out, level(index), bytes());
      else
        join(out, level(index), out);
      is_first = false;
    }
  }

 private:
  static constexpr int64_t group = 16;

  // The one being summed, and one for each bit of the number of groups.
  size_t level_count() const {
    return 1 + static_cast<size_t>(std::bit_width(static_cast<uint64_t>(shard_count(rows_.size(), group))));
  }
  size_t bytes() const { return static_cast<size_t>(columns_ * folding_.size); }
  std::byte *level(int32_t index) { return levels_.data() + static_cast<size_t>(index) * bytes(); }
  bool is_direct() const {
    return folding_.tensor.dtype == folding_.dtype && folding_.kept.innermost().stride == folding_.size;
  }
  void read(std::byte *to, const std::byte *begin, int64_t row) const {
    folding_.convert(to, folding_.size, begin + folding_.reduced.offset(row), folding_.kept.innermost().stride,
                     columns_);
  }
  void join(std::byte *to, const std::byte *first, const std::byte *second) const {
    const std::array<const std::byte *, 2> inputs{first, second};
    const std::array<int64_t, 3> strides{folding_.size, folding_.size, folding_.size};
    folding_.join(to, inputs.data(), strides.data(), columns_);
  }
  // Level 0 is full: it moves to the first level that is empty, joined with those before.
  void carry() {
    int32_t index = 1;
    for (; (filled_ >> index & 1) != 0; ++index) {
      join(level(0), level(index), level(0));
      filled_ &= ~(uint64_t{1} << index);
    }
    std::memcpy(level(index), level(0), bytes());
    filled_ |= uint64_t{1} << index;
  }

  const Folding &folding_;
  const int64_t columns_;
  const Range rows_;
  std::vector<std::byte> row_, levels_;
  uint64_t filled_ = 0;
};

// Columns fold each by themselves, so that tiles of them change no result: as few as give each thread one, since memory comes
// faster in long rows, and as many as let a tile's sums stay in the first cache.
int64_t tile_count(const Folding &folding, int64_t units_of_a_tile) {
  constexpr int64_t most_nbytes = 32768, least_nbytes = 4096;
  const int64_t nbytes = folding.kept.innermost().size * folding.size;
  const int64_t wanted = shard_count(process_pool().num_threads(), units_of_a_tile);
  return std::max(shard_count(nbytes, most_nbytes), std::min(wanted, shard_count(nbytes, least_nbytes)));
}

void fold_rows(const Folding &folding, std::byte *out) {
  constexpr int64_t part_rows = 4096;
  const Axis inner = folding.kept.innermost();
  const int64_t lines = folding.kept.count / inner.size, parts = shard_count(folding.reduced.count, part_rows);
  const int64_t columns_of_tile = shard_count(inner.size, tile_count(folding, parts * lines));
  const int64_t tiles = shard_count(inner.size, columns_of_tile);
  const int64_t out_nbytes = folding.kept.count * folding.size;
  std::vector<std::byte> partial(parts > 1 ? static_cast<size_t>(parts * out_nbytes) : 0);
  std::byte *results = parts > 1 ? partial.data() : out;
  const int64_t unit = columns_of_tile * std::min(folding.reduced.count, part_rows);
  const int64_t units_count = parts * lines * tiles;
  const bool is_small = folding.kept.count * folding.reduced.count < break_even;
  parallel_for(units_count, is_small ? units_count : std::max<int64_t>(1, shard_elements / unit), [&](Range units) {
    for (int64_t index = units.begin; index < units.end; ++index) {
      const int64_t part = index / (lines * tiles), line = index / tiles % lines, tile = index % tiles;
      const Range columns = shard_range(tile, inner.size, columns_of_tile);
      const int64_t first = line * inner.size + columns.begin;
      RowFold(folding, columns.size(), shard_range(part, folding.reduced.count, part_rows))
          .run(results + part * out_nbytes + first * folding.size, folding.tensor.data + folding.kept.offset(first));
    }
  });
  if (parts == 1) return;
  const std::array<int64_t, 3> strides{folding.size, folding.size, folding.size};
  for (int64_t distance = 1; distance < parts; distance *= 2)
    for (int64_t part = 0; part + distance < parts; part += 2 * distance) {
      std::byte *sum = partial.data() + part * out_nbytes;
      const std::array<const std::byte *, 2> inputs{sum, sum + distance * out_nbytes};
      folding.join(sum, inputs.data(), strides.data(), folding.kept.count);
    }
  std::memcpy(out, partial.data(), static_cast<size_t>(out_nbytes));
}

Extents kept_shape(const Tensor &tensor, AxisMask reduced) {
  Extents shape;
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis)
    if ((reduced >> axis & 1) == 0) shape.push_back(tensor.shape[axis]);
  return shape;
}

// The index of the first element of count that has extreme's value: a NaN where that is one.
template <typename Number>
int64_t find_value(const std::byte *elements, const std::byte *extreme, int64_t count) {
  Number wanted;
  std::memcpy(&wanted, extreme, sizeof(Number));
  for (int64_t index = 0; index < count; ++index) {
    Number number;
    std::memcpy(&number, elements + index * static_cast<int64_t>(sizeof(Number)), sizeof(Number));
    if (is_same_value(number, wanted)) return index;
  }
  return 0;  // never: the extreme is one of them
}

using FindValue = int64_t (*)(const std::byte *elements, const std::byte *extreme, int64_t count);
FindValue find_value_of(DType dtype) {
  switch (dtype) {
    case DType::float32: return find_value<float>;
    case DType::float64: return find_value<double>;
    case DType::uint64: return find_value<uint64_t>;
    default: return find_value<int64_t>;
  }
}

// A block's extreme replaces the best so far only where joining the two gives another value than that.
int64_t extreme_of_line(const Folding &folding, const std::byte *line, FindValue find) {
  alignas(64) std::byte buffer[block_elements * largest_element];
  std::array<std::byte, 2 * sizeof(uint64_t)> pair{};  // the best so far, the block's
  std::array<std::byte, sizeof(uint64_t)> joined{};
  int64_t best = 0;
  for (int64_t first = 0; first < folding.reduced.count; first += block_elements) {
    const Range block{first, std::min(first + block_elements, folding.reduced.count)};
    const std::byte *elements = gathered(folding, line, block, buffer);
    std::byte *extreme = pair.data() + (first == 0 ? 0 : folding.size);
    folding.fold(extreme, elements, block.size());
    if (first > 0) {
      folding.fold(joined.data(), pair.data(), 2);
      // Equal to the best so far, NaN to NaN: that one stays.
      if (find(pair.data(), joined.data(), 2) == 0) continue;
      std::memcpy(pair.data(), joined.data(), static_cast<size_t>(folding.size));
    }
    best = first + find(elements, pair.data(), block.size());
  }
  return best;
}

}  // namespace

DType folding_dtype(DType dtype) {
  switch (dtype_kind(dtype)) {
    case DTypeKind::boolean:
    case DTypeKind::signed_integer: return DType::int64;
    case DTypeKind::unsigned_integer: return DType::uint64;
    case DTypeKind::floating: return dtype == DType::float64 ? dtype : DType::float32;
    default: return dtype;
  }
}

Tensor fold_axes(Operation joining, const Tensor &tensor, AxisMask reduced) {
  const Folding folding = folding_of(joining, tensor, reduced, /*in_memory_order=*/true);
  Tensor out = empty(folding.dtype, kept_shape(tensor, reduced), {});
  if (out.element_count() == 0) return out;
  const Axis kept = folding.kept.innermost(), gone = folding.reduced.innermost();
  constexpr int64_t worth_a_row = 8;
  if (kept.size >= worth_a_row && std::abs(kept.stride) < std::abs(gone.stride))
    fold_rows(folding, out.data);
  else
    fold_lines(folding, out.data);
  return out;
}

Tensor find_extremes(Operation joining, const Tensor &tensor, AxisMask reduced) {
  const Folding folding = folding_of(joining, tensor, reduced, /*in_memory_order=*/false);
  Tensor out = empty(DType::int64, kept_shape(tensor, reduced), {});
  const FindValue find = find_value_of(folding.dtype);
  const int64_t lines = out.element_count(), total = lines * folding.reduced.count;
  if (lines == 0) return out;
  const int64_t grain = total < break_even ? lines : std::max<int64_t>(1, shard_elements / folding.reduced.count);
  parallel_for(lines, grain, [&](Range range) {
    for (int64_t line = range.begin; line < range.end; ++line) {
      const int64_t found = extreme_of_line(folding, tensor.data + folding.kept.offset(line), find);
      std::memcpy(out.data + line * static_cast<int64_t>(sizeof(found)), &found, sizeof(found));
    }
  });
  return out;
}

}  // namespace penstock::core
