#include "core/tensor/index.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <type_traits>
#include <vector>

#include "core/base/error.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
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

// Index tensors resolved against one tensor: how many combinations they pick, and what each picks.
struct Picks {
  Extents picked_shape;              // the indices' broadcast shape
  Extents rest_shape, rest_strides;  // the axes that no index picks from
  int32_t place = 0;                 // the axis of the result at which picked_shape stands
  std::vector<int64_t> offsets;      // of each combination, in bytes, in row-major order
};

int64_t resolve_index(int64_t index, int64_t size, int32_t axis, const Extents &shape) {
  if (index < -size || index >= size)
    fail(Status::out_of_range, "index ", index, " is outside axis ", axis, " of size ", size, " of shape ", shape);
  return index < 0 ? index + size : index;
}

// Adds what one index tensor picks along its axis to the offset of each combination.
void add_offsets(std::vector<int64_t> &offsets, const Tensor &index, const Extents &picked_shape, const Tensor &tensor,
                 int32_t axis) {
  const Tensor dense = contiguous(expand(in_main_memory(index), picked_shape));
  // An axis of size 1 is never stepped along, and its stride may be too large to multiply.
  const int64_t step = tensor.shape[axis] > 1 ? tensor.strides[axis] * dtype_size(tensor.dtype) : 0;
  for (size_t combination = 0; combination < offsets.size(); ++combination) {
    int64_t value;
    std::memcpy(&value, dense.data + combination * sizeof(value), sizeof(value));
    offsets[combination] += resolve_index(value, tensor.shape[axis], axis, tensor.shape) * step;
  }
}

void require_indices(const Tensor &tensor, std::span<const Tensor *const> indices) {
  if (static_cast<int64_t>(indices.size()) > tensor.ndim())
    fail(Status::invalid_argument, indices.size(), " indices given for a tensor of rank ", tensor.ndim());
  for (const Tensor *index : indices)
    if (index != nullptr && index->dtype != DType::int64)
      fail(Status::type_mismatch, "indices are of ", index->dtype, ": expected int64");
}

Picks resolve_picks(const Tensor &tensor, std::span<const Tensor *const> indices) {
  require_indices(tensor, indices);
  Picks picks;
  picks.picked_shape = broadcast_shapes(indices);
  std::vector<int32_t> picked_axes;
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis) {
    if (axis < static_cast<int32_t>(indices.size()) && indices[static_cast<size_t>(axis)] != nullptr) {
      picked_axes.push_back(axis);
    } else {
      picks.rest_shape.push_back(tensor.shape[axis]);
      picks.rest_strides.push_back(tensor.strides[axis]);
    }
  }
  if (picks.rest_shape.size() + picks.picked_shape.size() > max_ndim)
    fail(Status::invalid_argument, "picking shape ", picks.picked_shape, " from shape ", tensor.shape,
         " gives more than ", max_ndim, " axes");
  const auto count = static_cast<int32_t>(picked_axes.size());
  const bool side_by_side = count > 0 && picked_axes.back() - picked_axes.front() + 1 == count;
  picks.place = side_by_side ? picked_axes.front() : 0;
  picks.offsets.assign(static_cast<size_t>(checked_element_count(picks.picked_shape, DType::int64)), 0);
  for (const int32_t axis : picked_axes)
    add_offsets(picks.offsets, *indices[static_cast<size_t>(axis)], picks.picked_shape, tensor, axis);
  return picks;
}

// The shape with the picked axes in front, and the order of axes that puts them where they belong.
Extents front_shape(const Picks &picks) {
  Extents shape = picks.picked_shape;
  for (const int64_t size : picks.rest_shape) shape.push_back(size);
  return shape;
}

Tensor in_place_of_front(const Tensor &front, const Picks &picks) {
  std::array<int32_t, max_ndim> order;
  int32_t axis = 0;
  const int32_t picked = picks.picked_shape.size(), rest = picks.rest_shape.size();
  for (int32_t before = 0; before < picks.place; ++before) order[static_cast<size_t>(axis++)] = picked + before;
  for (int32_t inside = 0; inside < picked; ++inside) order[static_cast<size_t>(axis++)] = inside;
  for (int32_t after = picks.place; after < rest; ++after) order[static_cast<size_t>(axis++)] = picked + after;
  return permute(front, std::span<const int32_t>(order.data(), static_cast<size_t>(axis)));
}

// Where the parts of two tensors lie that belong to each combination: of the one picked from or put into, scattered; of
// a row-major tensor with the picked axes in front, one after the other.
struct PickedParts {
  std::span<const int64_t> offsets;
  int64_t nbytes;  // of one part
};

// Calls body with a size in bytes: those of single elements as constants, so that a copy becomes one load and one store.
template <typename Body>
void with_size(int64_t nbytes, Body body) {
  switch (nbytes) {
    case 1: return body(std::integral_constant<size_t, 1>{});
    case 2: return body(std::integral_constant<size_t, 2>{});
    case 4: return body(std::integral_constant<size_t, 4>{});
    case 8: return body(std::integral_constant<size_t, 8>{});
    case 16: return body(std::integral_constant<size_t, 16>{});
    default: return body(static_cast<size_t>(nbytes));
  }
}

void gather(std::byte *front, const std::byte *scattered, const PickedParts &parts) {
  with_size(parts.nbytes, [&](auto nbytes) {
    for (const int64_t offset : parts.offsets) {
      std::memcpy(front, scattered + offset, nbytes);
      front += nbytes;
    }
  });
}

void scatter(std::byte *scattered, const std::byte *front, const PickedParts &parts) {
  with_size(parts.nbytes, [&](auto nbytes) {
    for (const int64_t offset : parts.offsets) {
      std::memcpy(scattered + offset, front, nbytes);
      front += nbytes;
    }
  });
}

// What one combination picks, as a view.
Tensor picked_view(const Tensor &tensor, const Picks &picks, size_t combination) {
  Tensor view = tensor;
  view.shape = picks.rest_shape;
  view.strides = picks.rest_strides;
  view.data = tensor.data + picks.offsets[combination];
  return view;
}

// The part of a row-major tensor with the picked axes in front that belongs to one combination.
Tensor front_part(const Tensor &front, const Picks &picks, size_t combination) {
  Tensor part = front;
  part.shape = picks.rest_shape;
  part.strides = row_major_strides(picks.rest_shape);
  part.data += static_cast<int64_t>(combination) * part.nbytes();
  return part;
}

// Whether what a combination picks lies together, in row-major order.
bool parts_are_dense(const Tensor &tensor, const Picks &picks) {
  Tensor part = tensor;
  part.shape = picks.rest_shape;
  part.strides = picks.rest_strides;
  return part.is_contiguous();
}

PickedParts parts_of(const Tensor &front, const Picks &picks) {
  return {picks.offsets, front.nbytes() / static_cast<int64_t>(picks.offsets.size())};
}

}  // namespace

// The CPU reads indices, so a GPU's tensors are picked from and put into in main memory, and what has changed goes back.
Tensor take(const Tensor &tensor, std::span<const Tensor *const> indices) {
  if (tensor.device().type != DeviceType::cpu) return on_device(take(in_main_memory(tensor), indices), tensor.device());
  const Picks picks = resolve_picks(tensor, indices);
  const Tensor front = empty(tensor.dtype, front_shape(picks), {.device = tensor.device()});
  if (front.element_count() == 0) return contiguous(in_place_of_front(front, picks));
  if (parts_are_dense(tensor, picks))
    gather(front.data, tensor.data, parts_of(front, picks));
  else
    for (size_t combination = 0; combination < picks.offsets.size(); ++combination)
      copy(front_part(front, picks, combination), picked_view(tensor, picks, combination), Casting::same_kind);
  return contiguous(in_place_of_front(front, picks));
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
  // Converted, broadcast and copied away in one step, so that nothing below can fail.
  const Tensor front = empty(destination.dtype, front_shape(picks), {.device = destination.device()});
  copy(in_place_of_front(front, picks), source, casting);
  if (front.element_count() == 0) return;
  if (parts_are_dense(destination, picks)) return scatter(destination.data, front.data, parts_of(front, picks));
  for (size_t combination = 0; combination < picks.offsets.size(); ++combination)
    copy(picked_view(destination, picks, combination), front_part(front, picks, combination), Casting::same_kind);
}

Tensor nonzero(const Tensor &tensor) {
  if (tensor.device().type != DeviceType::cpu) return on_device(nonzero(in_main_memory(tensor)), tensor.device());
  const Tensor truth = astype(tensor, DType::bool8, Casting::unsafe);
  const int64_t count = truth.element_count();
  int64_t found = 0;
  for (int64_t index = 0; index < count; ++index) found += truth.data[index] != std::byte{0} ? 1 : 0;
  Tensor out = empty(DType::int64, {found, tensor.ndim()}, {.device = tensor.device()});
  std::byte *next = out.data;
  for (int64_t index = 0; index < count; ++index) {
    if (truth.data[index] == std::byte{0}) continue;
    int64_t rest = index;
    for (int32_t axis = tensor.ndim() - 1; axis >= 0; --axis) {
      const int64_t coordinate = rest % tensor.shape[axis];
      rest /= tensor.shape[axis];
      std::memcpy(next + static_cast<size_t>(axis) * sizeof(coordinate), &coordinate, sizeof(coordinate));
    }
    next += static_cast<size_t>(tensor.ndim()) * sizeof(int64_t);
  }
  return out;
}

}  // namespace penstock::core
