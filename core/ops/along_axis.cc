#include "core/ops/along_axis.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/ops/elementwise.h"
#include "core/ops/join.h"
#include "core/ops/operands.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/element_size.h"
#include "core/tensor/strided_loop.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

// The shape that both broadcast to but for one axis, along which it is as long as the indices.
Extents picked_shape(const Tensor &tensor, const Tensor &indices, int32_t axis) {
  Extents shape = indices.shape;
  bool fits = tensor.ndim() == indices.ndim();
  for (int32_t each = 0; fits && each < tensor.ndim(); ++each) {
    const int64_t size = tensor.shape[each];
    if (each == axis || size == shape[each]) continue;
    fits = size == 1 || shape[each] == 1;
    if (shape[each] == 1) shape[each] = size;
  }
  if (!fits)
    fail(Status::invalid_argument, "take_along_axis: shapes ", tensor.shape, " and ", indices.shape,
         " do not fit together: expected as many axes, which broadcast but for axis ", axis);
  return shape;
}

Tensor repeated_to(const Tensor &tensor, Extents shape, int32_t axis) {
  shape[axis] = tensor.shape[axis];
  return expand(tensor, shape);
}

struct LinePicking {
  int64_t axis_stride, axis_size;  // of the tensor picked from; strides in bytes
  int64_t index_stride, step;      // from one index of the line to the next: among the indices, and in the tensor
  int64_t count;
};

// Picks one element for each index of a line; the first index that is outside, or count.
template <typename Size>
int64_t pick_line(std::byte *to, const std::byte *from, const std::byte *indices, const LinePicking &line, Size size) {
  for (int64_t place = 0; place < line.count; ++place) {
    int64_t index;
    std::memcpy(&index, indices + place * line.index_stride, sizeof(index));
    if (index < 0) index += line.axis_size;
    if (index < 0 || index >= line.axis_size) return place;
    std::memcpy(to, from + place * line.step + index * line.axis_stride, size);
    to += static_cast<size_t>(size);
  }
  return line.count;
}

// The bytes from the first element to the one at a row-major index over all axes but the last.
int64_t line_offset(const Extents &shape, const Extents &strides, int64_t line, int32_t skipped_axis) {
  int64_t offset = 0;
  for (int32_t axis = shape.size() - 2; axis >= 0; --axis) {
    if (axis != skipped_axis) offset += line % shape[axis] * strides[axis];
    line /= shape[axis];
  }
  return offset;
}

// Picks the elements of some lines of out along its last axis; the first index outside its axis is an error.
void pick_lines(const Tensor &out, const Tensor &tensor, const Tensor &indices, int32_t axis, Range lines) {
  const Tensor source = repeated_to(tensor, out.shape, axis), picks = expand(indices, out.shape);
  const Extents from = elements_of(source).strides, among = elements_of(picks).strides;
  const int32_t last = out.ndim() - 1;
  const int64_t count = out.shape[last], size = dtype_size(out.dtype);
  const LinePicking line{from[axis], tensor.shape[axis], among[last], axis == last ? 0 : from[last], count};
  for (int64_t row = lines.begin; row < lines.end; ++row) {
    const std::byte *row_indices = picks.data + line_offset(out.shape, among, row, -1);
    int64_t picked = 0;
    with_element_size(size, [&](auto nbytes) {
      picked = pick_line(out.data + row * count * size, source.data + line_offset(out.shape, from, row, axis),
                         row_indices, line, nbytes);
    });
    if (picked == count) continue;
    int64_t outside;
    std::memcpy(&outside, row_indices + picked * line.index_stride, sizeof(outside));
    fail(Status::out_of_range, "take_along_axis: index ", outside, " is outside axis ", axis, " of size ",
         tensor.shape[axis], " of shape ", tensor.shape);
  }
}

void pick_all_lines(const Tensor &out, const Tensor &tensor, const Tensor &indices, int32_t axis) {
  const int64_t count = out.shape[out.ndim() - 1], lines = out.element_count() / count;
  constexpr int64_t shard_elements = 16384;
  try {
    parallel_for(lines, std::max<int64_t>(1, shard_elements / count),
                 [&](Range range) { pick_lines(out, tensor, indices, axis, range); });
  } catch (const Error &) {
    pick_lines(out, tensor, indices, axis, {0, lines});  // names the first, whichever a thread met first
    throw;
  }
}

}  // namespace

Tensor take_along_axis(const Tensor &tensor, const Tensor &indices, int32_t axis) {
  axis = resolve_axis_of("take_along_axis", axis, tensor);
  if (indices.dtype != DType::int64)
    fail(Status::type_mismatch, "take_along_axis: indices are of ", indices.dtype, ": expected int64");
  const Extents shape = picked_shape(tensor, indices, axis);
  if (!on_cpu(tensor) || !on_cpu(indices))
    return on_device(take_along_axis(in_main_memory(tensor), in_main_memory(indices), axis), tensor.device());
  Tensor out = empty(tensor.dtype, shape, {});
  if (out.element_count() > 0) pick_all_lines(out, tensor, indices, axis);
  return out;
}

Tensor difference(const Tensor &tensor, int32_t axis, int64_t order, const Tensor *prepended, const Tensor *appended) {
  axis = resolve_axis_of("diff", axis, tensor);
  if (order < 0) fail(Status::invalid_argument, "diff of order ", order, ": expected 0 or more");
  if ((kind_of(tensor.dtype) & numbers) == 0)
    fail(Status::type_mismatch, "diff does not take ", tensor.dtype,
         ": expected integers, floating or complex numbers");
  std::vector<const Tensor *> parts;
  for (const Tensor *part : {prepended, &tensor, appended})
    if (part != nullptr) parts.push_back(part);
  Tensor result = parts.size() > 1 ? concat(parts, axis) : tensor;
  for (; order > 0 && result.shape[axis] > 0; --order) {
    const int64_t length = result.shape[axis] - 1;
    result = binary(Operation::subtract, narrow(result, axis, 1, length), narrow(result, axis, 0, length));
  }
  return result.data == tensor.data ? clone(result) : result;
}

}  // namespace penstock::core
