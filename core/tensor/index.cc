#include "core/tensor/index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/element_size.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

// The shape that all shapes broadcast to.
Extents broadcast_shapes(std::span<const Tensor *const> indices) {
  Extents common;
  for (const Tensor *index : indices) {
    if (index == nullptr) continue;
    const Extents &shape = index->shape;
    while (common.size() < shape.size()) common.insert(0, 1);
    const int32_t offset = common.size() - shape.size();
    for (int32_t axis = 0; axis < shape.size(); ++axis) {
      int64_t &size = common[offset + axis];
      if (size != shape[axis] && size != 1 && shape[axis] != 1)
        fail(Status::invalid_argument, "indices of shape ", shape, " do not broadcast with those of shape ", common);
      if (size == 1) size = shape[axis];
    }
  }
  return common;
}

// What indices pick from along one axis: a row-major index tensor of the picked shape, and the axis in bytes.
struct PickedAxis {
  Tensor indices;
  int64_t step;
  int32_t axis;
};

// Index tensors held against one tensor.
struct Picks {
  Extents tensor_shape;
  Extents picked_shape;  // the indices' broadcast shape
  std::vector<PickedAxis> axes;
  Extents rest_shape, rest_strides;  // the axes that no index picks from; strides in bytes
  int32_t place = 0;                 // the axis of the result at which picked_shape stands

  int64_t count() const { return element_count(picked_shape); }
};

// The indices of one axis into its elements' offsets, added to those of other axes; false where an index is outside.
// Without branches: the sign of an index can seldom be foreseen.
bool add_offsets(int64_t *offsets, const std::byte *indices, int64_t count, const PickedAxis &picked, int64_t size) {
  uint64_t is_outside = 0;
  for (int64_t place = 0; place < count; ++place) {
    int64_t index;
    std::memcpy(&index, indices + place * static_cast<int64_t>(sizeof(index)), sizeof(index));
    index += size & (index >> 63);
    is_outside |= static_cast<uint64_t>(index) >= static_cast<uint64_t>(size) ? 1 : 0;
    // Modulo 2^64: an index that is outside leads anywhere, and nowhere is it followed.
    offsets[place] += static_cast<int64_t>(static_cast<uint64_t>(index) * static_cast<uint64_t>(picked.step));
  }
  return is_outside == 0;
}

[[noreturn]] void fail_outside(const std::byte *indices, int32_t axis, const Extents &shape) {
  for (;; indices += sizeof(int64_t)) {
    int64_t index;
    std::memcpy(&index, indices, sizeof(index));
    if (index < -shape[axis] || index >= shape[axis])
      fail(Status::out_of_range, "index ", index, " is outside axis ", axis, " of size ", shape[axis], " of shape ",
           shape);
  }
}

// Where the elements lie that a stretch of combinations picks, in bytes.
void resolve_offsets(int64_t *offsets, const Picks &picks, Range combinations) {
  std::fill_n(offsets, combinations.size(), int64_t{0});
  for (const PickedAxis &picked : picks.axes) {
    const std::byte *indices = picked.indices.data + combinations.begin * static_cast<int64_t>(sizeof(int64_t));
    if (!add_offsets(offsets, indices, combinations.size(), picked, picks.tensor_shape[picked.axis]))
      fail_outside(indices, picked.axis, picks.tensor_shape);
  }
}

std::vector<int64_t> all_offsets(const Picks &picks) {
  std::vector<int64_t> offsets(static_cast<size_t>(picks.count()));
  resolve_offsets(offsets.data(), picks, {0, picks.count()});
  return offsets;
}

void require_indices(const Tensor &tensor, std::span<const Tensor *const> indices) {
  if (static_cast<int64_t>(indices.size()) > tensor.ndim())
    fail(Status::invalid_argument, indices.size(), " indices given for a tensor of rank ", tensor.ndim());
  for (const Tensor *index : indices)
    if (index != nullptr && index->dtype != DType::int64)
      fail(Status::type_mismatch, "indices are of ", index->dtype, ": expected int64");
}

// Of an axis of size 1, which is never stepped along, the stride may be too large to multiply.
int64_t byte_stride(const Tensor &tensor, int32_t axis) {
  return tensor.shape[axis] > 1 ? tensor.strides[axis] * dtype_size(tensor.dtype) : 0;
}

Picks resolve_picks(const Tensor &tensor, std::span<const Tensor *const> indices) {
  require_indices(tensor, indices);
  Picks picks{.tensor_shape = tensor.shape,
              .picked_shape = broadcast_shapes(indices),
              .axes = {},
              .rest_shape = {},
              .rest_strides = {}};
  std::vector<int32_t> picked_axes;
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis) {
    if (axis < static_cast<int32_t>(indices.size()) && indices[static_cast<size_t>(axis)] != nullptr) {
      picked_axes.push_back(axis);
    } else {
      picks.rest_shape.push_back(tensor.shape[axis]);
      picks.rest_strides.push_back(byte_stride(tensor, axis));
    }
  }
  if (picks.rest_shape.size() + picks.picked_shape.size() > max_ndim)
    fail(Status::invalid_argument, "picking shape ", picks.picked_shape, " from shape ", tensor.shape,
         " gives more than ", max_ndim, " axes");
  const auto count = static_cast<int32_t>(picked_axes.size());
  const bool side_by_side = count > 0 && picked_axes.back() - picked_axes.front() + 1 == count;
  picks.place = side_by_side ? picked_axes.front() : 0;
  checked_element_count(picks.picked_shape, DType::int64);
  for (const int32_t axis : picked_axes) {
    const Tensor &index = *indices[static_cast<size_t>(axis)];
    picks.axes.push_back(
        {contiguous(expand(in_main_memory(index), picks.picked_shape)), byte_stride(tensor, axis), axis});
  }
  return picks;
}

Extents result_shape(const Picks &picks) {
  Extents shape = picks.rest_shape;
  for (int32_t axis = 0; axis < picks.picked_shape.size(); ++axis)
    shape.insert(picks.place + axis, picks.picked_shape[axis]);
  return shape;
}

// Where the elements of some axes lie, in row-major order: runs of so many bytes.
struct Runs {
  std::vector<int64_t> offsets;
  int64_t nbytes;

  int64_t count() const { return static_cast<int64_t>(offsets.size()); }
};

// Of the axes from begin to end among those that no index picks from; a run is an element.
Runs elements_of_axes(const Picks &picks, int32_t begin, int32_t end, int64_t element_nbytes) {
  Runs runs{{0}, element_nbytes};
  for (int32_t axis = begin; axis < end; ++axis) {
    std::vector<int64_t> inner;
    inner.reserve(runs.offsets.size() * static_cast<size_t>(picks.rest_shape[axis]));
    for (const int64_t offset : runs.offsets)
      for (int64_t index = 0; index < picks.rest_shape[axis]; ++index)
        inner.push_back(offset + index * picks.rest_strides[axis]);
    runs.offsets = std::move(inner);
  }
  return runs;
}

// The axes before and behind the picked ones, of which the result has each combination: behind them, elements that are
// neighbours in memory make one run.
struct Surroundings {
  Runs before, after;
};
Surroundings surroundings_of(const Picks &picks, int64_t element_nbytes) {
  int64_t run_nbytes = element_nbytes;
  int32_t end = picks.rest_shape.size();
  for (; end > picks.place; --end) {
    const int64_t size = picks.rest_shape[end - 1];
    if (size != 1 && picks.rest_strides[end - 1] != run_nbytes) break;
    run_nbytes *= size;
  }
  return {elements_of_axes(picks, 0, picks.place, element_nbytes),
          elements_of_axes(picks, picks.place, end, run_nbytes)};
}

// Copies what some combinations pick to dense memory.
void gather(std::byte *dense, const std::byte *scattered, std::span<const int64_t> offsets, const Runs &after) {
  with_element_size(after.nbytes, [&](auto nbytes) {
    if (after.count() == 1) {
      for (size_t place = 0; place < offsets.size(); ++place)
        std::memcpy(dense + place * nbytes, scattered + offsets[place], nbytes);
      return;
    }
    for (const int64_t offset : offsets)
      for (const int64_t run : after.offsets) {
        std::memcpy(dense, scattered + offset + run, nbytes);
        dense += static_cast<size_t>(nbytes);
      }
  });
}

void scatter(std::byte *scattered, const std::byte *dense, std::span<const int64_t> offsets, const Runs &after) {
  with_element_size(after.nbytes, [&](auto nbytes) {
    for (const int64_t offset : offsets)
      for (const int64_t run : after.offsets) {
        std::memcpy(scattered + offset + run, dense, nbytes);
        dense += static_cast<size_t>(nbytes);
      }
  });
}

// The same for the indices of one axis that has elements, and one run to each, without a list of offsets; false where an
// index is outside: what it picks is not read.
bool gather_along(std::byte *dense, const std::byte *scattered, const std::byte *indices, int64_t count,
                  const PickedAxis &picked, int64_t size, int64_t run_nbytes) {
  uint64_t is_outside = 0;
  with_element_size(run_nbytes, [&](auto nbytes) {
    for (int64_t place = 0; place < count; ++place) {
      int64_t index;
      std::memcpy(&index, indices + place * static_cast<int64_t>(sizeof(index)), sizeof(index));
      index += size & (index >> 63);
      const bool is_inside = static_cast<uint64_t>(index) < static_cast<uint64_t>(size);
      is_outside |= is_inside ? 0 : 1;
      std::memcpy(dense + static_cast<size_t>(place) * nbytes, scattered + (is_inside ? index : 0) * picked.step,
                  nbytes);
    }
  });
  return is_outside == 0;
}

// Gathers combinations, whose indices are read a block at a time, from one place before the picked axes.
void gather_combinations(std::byte *to, const std::byte *from, const Picks &picks, const Runs &after,
                         Range combinations) {
  if (picks.axes.size() == 1 && after.count() == 1 && picks.tensor_shape[picks.axes[0].axis] > 0) {
    const PickedAxis &picked = picks.axes[0];
    const std::byte *indices = picked.indices.data + combinations.begin * static_cast<int64_t>(sizeof(int64_t));
    if (!gather_along(to + combinations.begin * after.nbytes, from + after.offsets[0], indices, combinations.size(),
                      picked, picks.tensor_shape[picked.axis], after.nbytes))
      fail_outside(indices, picked.axis, picks.tensor_shape);
    return;
  }
  constexpr int64_t block = 512;
  std::array<int64_t, block> offsets;
  for (int64_t first = combinations.begin; first < combinations.end; first += block) {
    const int64_t count = std::min(block, combinations.end - first);
    resolve_offsets(offsets.data(), picks, {first, first + count});
    gather(to + first * after.count() * after.nbytes, from, {offsets.data(), static_cast<size_t>(count)}, after);
  }
}

constexpr int64_t shard_nbytes = int64_t{1} << 18;

void gather_all(const Tensor &out, const Tensor &tensor, const Picks &picks) {
  const auto [before, after] = surroundings_of(picks, dtype_size(tensor.dtype));
  const int64_t row_nbytes = picks.count() * after.count() * after.nbytes;
  if (before.count() == 1) {
    parallel_for(picks.count(), std::max<int64_t>(1, shard_nbytes / (after.count() * after.nbytes)),
                 [&, &from = before, &behind = after](Range combinations) {
                   gather_combinations(out.data, tensor.data + from.offsets[0], picks, behind, combinations);
                 });
    return;
  }
  const std::vector<int64_t> offsets = all_offsets(picks);
  parallel_for(before.count(), std::max<int64_t>(1, shard_nbytes / row_nbytes),
               [&, &from = before, &behind = after](Range rows) {
                 for (int64_t row = rows.begin; row < rows.end; ++row)
                   gather(out.data + row * row_nbytes, tensor.data + from.offsets[static_cast<size_t>(row)], offsets,
                          behind);
               });
}

// Writes the indices of the elements that are true, in row-major order, of a row at a time.
void write_coordinates(std::byte *to, const Tensor &truth) {
  const int32_t ndim = truth.ndim(), last = ndim - 1;
  const int64_t length = truth.shape[last], rows = truth.element_count() / length;
  std::array<int64_t, max_ndim> coordinates{};
  const size_t nbytes = static_cast<size_t>(ndim) * sizeof(int64_t);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t index = 0; index < length; ++index) {
      if (truth.data[row * length + index] == std::byte{0}) continue;
      coordinates[static_cast<size_t>(last)] = index;
      std::memcpy(to, coordinates.data(), nbytes);
      to += nbytes;
    }
    for (int32_t axis = last - 1; axis >= 0; --axis) {
      int64_t &coordinate = coordinates[static_cast<size_t>(axis)];
      coordinate = coordinate + 1 < truth.shape[axis] ? coordinate + 1 : 0;
      if (coordinate > 0) break;
    }
  }
}

}  // namespace

// The CPU reads indices, so a GPU's tensors are picked from and put into in main memory, and what has changed goes back.
Tensor take(const Tensor &tensor, std::span<const Tensor *const> indices) {
  if (tensor.device().type != DeviceType::cpu) return on_device(take(in_main_memory(tensor), indices), tensor.device());
  const Picks picks = resolve_picks(tensor, indices);
  Tensor out = empty(tensor.dtype, result_shape(picks), {.device = tensor.device()});
  try {
    if (out.element_count() > 0) gather_all(out, tensor, picks);
  } catch (const Error &) {
    all_offsets(picks);  // of several indices outside, the first is named, whichever a thread met first
    throw;
  }
  if (out.element_count() == 0) all_offsets(picks);  // an index outside is one here too
  return out;
}

void put(const Tensor &destination, std::span<const Tensor *const> indices, const Tensor &source, Casting casting) {
  require_writable(destination);
  require_cast(source.dtype, destination.dtype, casting);
  if (destination.device().type != DeviceType::cpu) {
    const Tensor changed = in_main_memory(destination);
    put(changed, indices, source, casting);
    return copy(destination, changed, Casting::same_kind);
  }
  const Picks picks = resolve_picks(destination, indices);
  const std::vector<int64_t> offsets = all_offsets(picks);
  // Converted, broadcast and copied away in one step, so that nothing below can fail.
  const Tensor dense = empty(destination.dtype, result_shape(picks), {.device = destination.device()});
  copy(dense, source, casting);
  if (dense.element_count() == 0) return;
  // On this thread alone: where an element is picked twice, the last one stays.
  const auto [before, after] = surroundings_of(picks, dtype_size(destination.dtype));
  const std::byte *from = dense.data;
  for (const int64_t offset : before.offsets) {
    scatter(destination.data + offset, from, offsets, after);
    from += picks.count() * after.count() * after.nbytes;
  }
}

Tensor nonzero(const Tensor &tensor) {
  if (tensor.device().type != DeviceType::cpu) return on_device(nonzero(in_main_memory(tensor)), tensor.device());
  const Tensor truth = astype(tensor, DType::bool8, Casting::unsafe);
  const int64_t count = truth.element_count();
  int64_t found = 0;
  for (int64_t index = 0; index < count; ++index) found += truth.data[index] != std::byte{0} ? 1 : 0;
  Tensor out = empty(DType::int64, {found, tensor.ndim()}, {.device = tensor.device()});
  if (found > 0 && tensor.ndim() > 0) write_coordinates(out.data, truth);
  return out;
}

}  // namespace penstock::core
