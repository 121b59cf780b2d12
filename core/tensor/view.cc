#include "core/tensor/view.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/checked.h"
#include "core/base/error.h"

namespace penstock::core {
namespace {

// Moves a view's first element by index steps of an axis.  A view without elements has no address to move.
void advance(Tensor &view, int64_t index, int64_t stride) {
  if (view.element_count() == 0)
    view.data = nullptr;
  else if (index != 0)
    view.data += index * stride * dtype_size(view.dtype);
}

// What start:stop:step means on an axis, as Python has it: the first index and how many.
struct ResolvedSlice {
  int64_t start, count;
};
ResolvedSlice resolve_slice(int64_t start, int64_t stop, int64_t step, int64_t size) {
  // Going forwards the ends lie in 0 to size; going backwards in -1 to size - 1.
  const int64_t lowest = step > 0 ? 0 : -1, highest = step > 0 ? size : size - 1;
  const auto resolve = [&](int64_t end, int64_t when_open) {
    if (end == slice_open) return when_open;
    return std::clamp(end < 0 ? end + size : end, lowest, highest);
  };
  const int64_t first = resolve(start, step > 0 ? lowest : highest), last = resolve(stop, step > 0 ? highest : lowest);
  const int64_t distance = step > 0 ? last - first : first - last;
  if (distance <= 0) return {first, 0};
  const uint64_t stride = step > 0 ? static_cast<uint64_t>(step) : 0 - static_cast<uint64_t>(step);
  return {first, static_cast<int64_t>((static_cast<uint64_t>(distance) - 1) / stride) + 1};
}

// Axes from outside as numbers from 0, each named at most once.
std::array<bool, max_ndim> mark_axes(std::span<const int32_t> axes, int32_t ndim) {
  std::array<bool, max_ndim> marked{};
  for (const int32_t axis : axes) {
    bool &mark = marked[static_cast<size_t>(resolve_axis(axis, ndim))];
    if (mark) fail(Status::invalid_argument, "axis ", axis, " is named twice");
    mark = true;
  }
  return marked;
}

// The strides that show a tensor's elements in row-major order under another shape of as many elements, where there are
// any: each run of old axes that lie densely behind each other must be cut exactly into new ones.
std::optional<Extents> strides_for_shape(const Tensor &tensor, const Extents &shape) {
  Extents old_shape, old_strides;  // without axes of size 1, which lie anywhere
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis) {
    if (tensor.shape[axis] == 1) continue;
    old_shape.push_back(tensor.shape[axis]);
    old_strides.push_back(tensor.strides[axis]);
  }
  Extents strides = row_major_strides(shape);
  int32_t new_axis = shape.size() - 1;
  for (int32_t old_axis = old_shape.size() - 1; old_axis >= 0;) {
    const int64_t innermost_stride = old_strides[old_axis];
    int64_t run_elements = old_shape[old_axis--];
    while (old_axis >= 0 && old_strides[old_axis] == innermost_stride * run_elements)
      run_elements *= old_shape[old_axis--];
    for (int64_t covered = 1; covered < run_elements; --new_axis) {
      strides[new_axis] = innermost_stride * covered;
      covered *= shape[new_axis];
      if (run_elements % covered != 0) return std::nullopt;
    }
  }
  return strides;
}

// shape with a size of -1 replaced by what the others leave of element_count.
Extents resolve_shape(const Extents &shape, const Tensor &tensor) {
  Extents resolved = shape;
  int32_t open_axis = -1;
  for (int32_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis] != -1) continue;
    if (open_axis >= 0) fail(Status::invalid_argument, "shape ", shape, " leaves more than one size open");
    open_axis = axis;
    resolved[axis] = 1;
  }
  const int64_t count = tensor.element_count(), known_count = checked_element_count(resolved, tensor.dtype);
  if (open_axis >= 0 && known_count != 0 && count % known_count == 0)
    resolved[open_axis] = count / known_count;
  else if (open_axis >= 0 || known_count != count)
    fail(Status::invalid_argument, "cannot reshape ", tensor.shape, " of ", count, " elements into ", shape);
  return resolved;
}

}  // namespace

Tensor slice(const Tensor &tensor, int32_t axis, int64_t start, int64_t stop, int64_t step) {
  axis = resolve_axis(axis, tensor.ndim());
  if (step == 0) fail(Status::invalid_argument, "slice of axis ", axis, " with a step of 0");
  const ResolvedSlice resolved = resolve_slice(start, stop, step, tensor.shape[axis]);
  Tensor view = tensor;
  view.shape[axis] = resolved.count;
  if (resolved.count > 1) view.strides[axis] *= step;  // steps between two elements of the storage: no overflow
  advance(view, resolved.start, tensor.strides[axis]);
  return view;
}

Tensor select(const Tensor &tensor, int32_t axis, int64_t index) {
  axis = resolve_axis(axis, tensor.ndim());
  const int64_t size = tensor.shape[axis];
  if (index < -size || index >= size)
    fail(Status::out_of_range, "index ", index, " is outside axis ", axis, " of size ", size, " of shape ",
         tensor.shape);
  Tensor view = tensor;
  view.shape.erase(axis);
  view.strides.erase(axis);
  advance(view, index < 0 ? index + size : index, tensor.strides[axis]);
  return view;
}

Tensor narrow(const Tensor &tensor, int32_t axis, int64_t start, int64_t length) {
  axis = resolve_axis(axis, tensor.ndim());
  const int64_t size = tensor.shape[axis];
  if (start < 0 || start > size || length < 0 || length > size - start)
    fail(Status::out_of_range, length, " indices from ", start, " on are not inside axis ", axis, " of size ", size,
         " of shape ", tensor.shape);
  Tensor view = tensor;
  view.shape[axis] = length;
  advance(view, start, tensor.strides[axis]);
  return view;
}

Tensor permute(const Tensor &tensor, std::span<const int32_t> axes) {
  if (static_cast<int64_t>(axes.size()) != tensor.ndim())
    fail(Status::invalid_argument, axes.size(), " axes given to permute a tensor of rank ", tensor.ndim());
  mark_axes(axes, tensor.ndim());
  Tensor view = tensor;
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis) {
    const int32_t from = resolve_axis(axes[static_cast<size_t>(axis)], tensor.ndim());
    view.shape[axis] = tensor.shape[from];
    view.strides[axis] = tensor.strides[from];
  }
  return view;
}

Tensor transpose(const Tensor &tensor, int32_t first_axis, int32_t second_axis) {
  first_axis = resolve_axis(first_axis, tensor.ndim());
  second_axis = resolve_axis(second_axis, tensor.ndim());
  Tensor view = tensor;
  std::swap(view.shape[first_axis], view.shape[second_axis]);
  std::swap(view.strides[first_axis], view.strides[second_axis]);
  return view;
}

Tensor reshape(const Tensor &tensor, const Extents &shape) {
  Tensor view = tensor;
  view.shape = resolve_shape(shape, tensor);
  if (tensor.element_count() == 0) {
    view.strides = row_major_strides(view.shape);
    return view;
  }
  const auto strides = strides_for_shape(tensor, view.shape);
  if (!strides)
    fail(Status::invalid_argument, "no view of shape ", tensor.shape, " and strides ", tensor.strides, " has shape ",
         view.shape, ": copy with contiguous first");
  view.strides = *strides;
  return view;
}

Tensor squeeze(const Tensor &tensor, std::span<const int32_t> axes) {
  const auto named = mark_axes(axes, tensor.ndim());
  Tensor view = tensor;
  for (int32_t axis = tensor.ndim() - 1; axis >= 0; --axis) {
    const bool is_one = tensor.shape[axis] == 1, is_named = named[static_cast<size_t>(axis)];
    if (is_named && !is_one)
      fail(Status::invalid_argument, "cannot squeeze axis ", axis, " of size ", tensor.shape[axis], " of shape ",
           tensor.shape, ": only size 1 can go");
    if (axes.empty() ? is_one : is_named) {
      view.shape.erase(axis);
      view.strides.erase(axis);
    }
  }
  return view;
}

Tensor unsqueeze(const Tensor &tensor, int32_t axis) {
  if (tensor.ndim() == max_ndim)
    fail(Status::invalid_argument, "cannot add an axis to shape ", tensor.shape, ": ", max_ndim, " is the most");
  axis = resolve_axis(axis, tensor.ndim() + 1);
  Tensor view = tensor;
  // The stride it would have in a row-major tensor, so that a dense tensor stays one for consumers that look at it.
  const int64_t stride = axis < tensor.ndim() ? tensor.shape[axis] * tensor.strides[axis] : 1;
  view.shape.insert(axis, 1);
  view.strides.insert(axis, stride);
  return view;
}

Tensor expand(const Tensor &tensor, const Extents &shape) {
  const int32_t new_axes = shape.size() - tensor.ndim();
  if (new_axes < 0)
    fail(Status::invalid_argument, "cannot expand shape ", tensor.shape, " to ", shape, ": it has fewer axes");
  Tensor view = tensor;
  view.shape = shape;
  view.strides = Extents::filled(shape.size(), 0);
  for (int32_t axis = 0; axis < shape.size(); ++axis) {
    const int64_t old_size = axis < new_axes ? 1 : tensor.shape[axis - new_axes];
    if (axis >= new_axes && shape[axis] == -1) view.shape[axis] = old_size;
    if (view.shape[axis] < 0 || (old_size != 1 && view.shape[axis] != old_size))
      fail(Status::invalid_argument, "cannot expand shape ", tensor.shape, " to ", shape, ": axis ", axis, " has size ",
           old_size);
    if (axis >= new_axes && view.shape[axis] == old_size) view.strides[axis] = tensor.strides[axis - new_axes];
  }
  const int64_t count = checked_element_count(view.shape, view.dtype);
  if (count == 0) view.data = nullptr;
  view.read_only = tensor.read_only || count > tensor.element_count();
  return view;
}

Tensor flatten(const Tensor &tensor) { return reshape(tensor, {tensor.element_count()}); }

Tensor reinterpret(const Tensor &tensor, DType dtype) {
  const int64_t old_size = dtype_size(tensor.dtype), new_size = dtype_size(dtype);
  Tensor view = tensor;
  view.dtype = dtype;
  if (old_size != new_size) {
    if (tensor.ndim() == 0)
      fail(Status::invalid_argument, "cannot reinterpret a tensor of rank 0 from ", tensor.dtype, " as ", dtype,
           ": their sizes differ");
    const int32_t last = tensor.ndim() - 1;
    const int64_t row_nbytes = tensor.shape[last] * old_size;
    if ((tensor.shape[last] > 1 && tensor.strides[last] != 1) || row_nbytes % new_size != 0)
      fail(Status::invalid_argument, "cannot reinterpret shape ", tensor.shape, " with strides ", tensor.strides,
           " from ", tensor.dtype, " as ", dtype, ": the last axis must be dense and a multiple of ", new_size,
           " bytes");
    view.shape[last] = row_nbytes / new_size;
    view.strides[last] = 1;
    if (tensor.element_count() == 0) {
      view.strides = row_major_strides(view.shape);  // nothing lies anywhere
      return view;
    }
    for (int32_t axis = 0; axis < last; ++axis) {
      if (tensor.shape[axis] <= 1) {
        view.strides[axis] = 1;  // never stepped over, and may be any number
        continue;
      }
      const int64_t stride_nbytes = tensor.strides[axis] * old_size;
      if (stride_nbytes % new_size != 0)
        fail(Status::invalid_argument, "cannot reinterpret strides ", tensor.strides, " from ", tensor.dtype, " as ",
             dtype, ": axis ", axis, " steps over ", stride_nbytes, " bytes, no multiple of ", new_size);
      view.strides[axis] = stride_nbytes / new_size;
    }
  }
  const auto alignment = static_cast<uintptr_t>(dtype_info(dtype).alignment);
  if (reinterpret_cast<uintptr_t>(view.data) % alignment != 0)
    fail(Status::invalid_argument, "cannot reinterpret memory at address ", reinterpret_cast<uintptr_t>(view.data),
         " as ", dtype, ": it is not aligned to ", dtype_info(dtype).alignment, " bytes");
  return view;
}

}  // namespace penstock::core
