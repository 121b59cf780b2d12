#include "core/tensor/strided_loop.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <limits>

#include "core/base/insertion_sort.h"

namespace penstock::core {
namespace {

using Axis = WalkAxis;

// The axes that are stepped along, each so that the destination is written upwards.
Walk usable_axes(const Extents &shape, const StridedMemory<std::byte> &to, const StridedMemory<const std::byte> &from) {
  Walk walk{to.data, from.data, {}, 0};
  for (int32_t index = 0; index < shape.size(); ++index) {
    if (shape[index] == 1) continue;
    Axis axis{shape[index], to.strides[index], from.strides[index]};
    if (axis.to_stride < 0) {
      walk.to += (axis.size - 1) * axis.to_stride;
      walk.from += (axis.size - 1) * axis.from_stride;
      axis.to_stride = -axis.to_stride;
      axis.from_stride = -axis.from_stride;
    }
    walk.axis(walk.ndim++) = axis;
  }
  return walk;
}

// The destination's nearest neighbours innermost, and axes that continue each other in both memories made one.
void order_and_join(Walk &walk) {
  insertion_sort(walk.axes.begin(), walk.axes.begin() + walk.ndim,
                 [](const Axis &a, const Axis &b) { return a.to_stride > b.to_stride; });
  int32_t joined = 0;  // axes before this one are final
  for (int32_t index = 1; index < walk.ndim; ++index) {
    Axis &outer = walk.axis(joined);
    const Axis inner = walk.axis(index);
    if (outer.to_stride == inner.to_stride * inner.size && outer.from_stride == inner.from_stride * inner.size)
      outer = {outer.size * inner.size, inner.to_stride, inner.from_stride};
    else
      walk.axis(++joined) = inner;
  }
  walk.ndim = std::min(walk.ndim, joined + 1);
}

// The two innermost loops: runs along one axis, repeated across another, in tiles.
struct Tiling {
  Axis along, across;
  int64_t along_tile, across_tile;
};

// Takes the two axes of the innermost loops out of the walk.
Tiling take_tiling(Walk &walk) {
  // Both sides of a tile stay in the first-level cache, and a run is long enough to be worth its call.
  constexpr int64_t square_tile = 32, long_tile = 128, short_run = 16;
  Axis none{1, 0, 0};
  if (walk.ndim == 0) return {none, none, 1, 1};
  const Axis innermost = walk.axis(--walk.ndim);
  if (walk.ndim == 0) return {innermost, none, innermost.size, 1};
  const auto distance = [](const Axis &axis) {  // an axis along which the source repeats brings no neighbours nearer
    return axis.from_stride == 0 ? std::numeric_limits<int64_t>::max() : std::abs(axis.from_stride);
  };
  const auto nearest = std::min_element(walk.axes.begin(), walk.axes.begin() + walk.ndim,
                                        [&](const Axis &a, const Axis &b) { return distance(a) < distance(b); });
  if (innermost.from_stride != 0 && distance(*nearest) < distance(innermost)) {  // the source is transposed
    const Axis across = *nearest;
    std::move(nearest + 1, walk.axes.begin() + walk.ndim, nearest);
    --walk.ndim;
    return {innermost, across, square_tile, square_tile};
  }
  const Axis second = walk.axis(--walk.ndim);
  if (innermost.size < short_run && second.size > innermost.size) return {second, innermost, long_tile, innermost.size};
  return {innermost, second, innermost.size, second.size};
}

void run_tiles(const Tiling &tiling, std::byte *to, const std::byte *from, ConvertRun run) {
  const Axis &along = tiling.along, &across = tiling.across;
  for (int64_t first = 0; first < along.size; first += tiling.along_tile) {
    const int64_t count = std::min(tiling.along_tile, along.size - first);
    for (int64_t row = 0; row < across.size; row += tiling.across_tile) {
      const int64_t end = row + std::min(tiling.across_tile, across.size - row);
      for (int64_t index = row; index < end; ++index)
        run(to + first * along.to_stride + index * across.to_stride, along.to_stride,
            from + first * along.from_stride + index * across.from_stride, along.from_stride, count);
    }
  }
}

}  // namespace

Extents byte_strides(const Extents &shape, const Extents &strides, DType dtype) {
  Extents result = Extents::filled(shape.size(), 0);
  for (int32_t axis = 0; axis < shape.size(); ++axis)  // one of size 1 may have a stride too large to multiply
    if (shape[axis] > 1) result[axis] = strides[axis] * dtype_size(dtype);
  return result;
}

StridedMemory<std::byte> memory_of(const Tensor &tensor) {
  return {tensor.data, byte_strides(tensor.shape, tensor.strides, tensor.dtype)};
}

StridedMemory<const std::byte> elements_of(const Tensor &tensor) {
  return {tensor.data, byte_strides(tensor.shape, tensor.strides, tensor.dtype)};
}

Walk joined_walk(const Extents &shape, StridedMemory<std::byte> to, StridedMemory<const std::byte> from) {
  Walk walk = usable_axes(shape, to, from);
  order_and_join(walk);
  return walk;
}

void for_each_run(const Extents &shape, StridedMemory<std::byte> to, StridedMemory<const std::byte> from,
                  ConvertRun run) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return;
  Walk walk = joined_walk(shape, to, from);
  const Tiling tiling = take_tiling(walk);
  std::array<int64_t, max_ndim> index{};
  while (true) {
    run_tiles(tiling, walk.to, walk.from, run);
    int32_t position = walk.ndim - 1;
    for (; position >= 0; --position) {
      const Axis &axis = walk.axis(position);
      int64_t &step = index[static_cast<size_t>(position)];
      const int64_t steps = step + 1 < axis.size ? 1 : -step;
      walk.to += steps * axis.to_stride;
      walk.from += steps * axis.from_stride;
      step += steps;
      if (steps == 1) break;
    }
    if (position < 0) return;
  }
}

}  // namespace penstock::core
