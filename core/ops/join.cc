#include "core/ops/join.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include "core/base/checked.h"
#include "core/base/error.h"
#include "core/ops/operands.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

void require_some(std::string_view wanted_by, std::span<const Tensor *const> tensors) {
  if (tensors.empty()) fail(Status::invalid_argument, wanted_by, " of no tensors: expected one or more");
}

bool differs_only_along(const Tensor &tensor, const Tensor &first, int32_t axis) {
  if (tensor.ndim() != first.ndim()) return false;
  for (int32_t each = 0; each < first.ndim(); ++each)
    if (each != axis && tensor.shape[each] != first.shape[each]) return false;
  return true;
}

Tensor joined(std::string_view wanted_by, std::span<const Tensor *const> tensors, int32_t axis) {
  const Tensor &first = *tensors[0];
  Extents shape = first.shape;
  shape[axis] = 0;
  for (const Tensor *tensor : tensors) {
    const auto length = checked_add(shape[axis], tensor->shape[axis]);
    if (!length) fail(Status::invalid_argument, wanted_by, ": axis ", axis, " would be longer than 2^63 - 1");
    shape[axis] = *length;
  }
  Tensor out = empty(common_dtype(wanted_by, tensors), shape, {.device = first.device()});
  int64_t begin = 0;
  for (const Tensor *tensor : tensors) {
    copy(narrow(out, axis, begin, tensor->shape[axis]), *tensor, Casting::unsafe);
    begin += tensor->shape[axis];
  }
  return out;
}

// Row-major memory seen as outer x middle x inner, the middle being one axis.
struct AroundAxis {
  int64_t outer = 1, inner = 1;
};
AroundAxis around_axis(const Extents &shape, int32_t axis) {
  AroundAxis around;
  for (int32_t each = 0; each < shape.size(); ++each)
    if (each != axis) (each < axis ? around.outer : around.inner) *= shape[each];
  return around;
}

// Each of count blocks of a dense tensor times times in a row, under the shape that results.
Tensor with_blocks_repeated(const Tensor &dense, int64_t count, int64_t times, const Extents &shape) {
  Tensor out = empty(dense.dtype, shape, {.device = dense.device()});
  if (out.element_count() == 0) return out;
  const int64_t block = dense.element_count() / count;
  copy(reshape(out, {count, times, block}), reshape(dense, {count, 1, block}), Casting::unsafe);
  return out;
}

Extents tiled_shape(const Tensor &tensor, std::span<const int64_t> repetitions) {
  const Extents times(repetitions.data(), static_cast<int32_t>(repetitions.size()));
  Extents shape = tensor.shape;
  while (shape.size() < times.size()) shape.insert(0, 1);
  for (int32_t axis = shape.size() - times.size(); axis < shape.size(); ++axis) {
    const int64_t each = times[axis - shape.size() + times.size()];
    if (each < 0) fail(Status::invalid_argument, "tile: repetitions are ", times, ": expected numbers from 0 on");
    const auto size = checked_multiply(shape[axis], each);
    if (!size)
      fail(Status::invalid_argument, "tile: shape ", tensor.shape, " with repetitions ", times,
           " has an axis of more than 2^63 - 1 elements");
    shape[axis] = *size;
  }
  try {
    checked_element_count(shape, tensor.dtype);
  } catch (const Error &error) {
    fail(error.status(), "tile: repetitions ", times, " of shape ", tensor.shape, ": ", error.sentence());
  }
  return shape;
}

// The numbers of repetitions, checked: as many as the axis is long, or one for all.
std::vector<int64_t> repetitions_of(const Tensor &repetitions, int64_t length) {
  if (repetitions.dtype != DType::int64)
    fail(Status::type_mismatch, "repeat: repetitions are of ", repetitions.dtype, ": expected int64");
  const int64_t count = repetitions.element_count();
  if (repetitions.ndim() > 1 || (count != 1 && count != length))
    fail(Status::invalid_argument, "repeat: repetitions have shape ", repetitions.shape, ": expected one number or ",
         length);
  std::vector<int64_t> numbers(static_cast<size_t>(count));
  to_data(numbers.data(), numbers.size() * sizeof(int64_t), repetitions);
  for (const int64_t number : numbers)
    if (number < 0) fail(Status::invalid_argument, "repeat: ", number, " repetitions: expected 0 or more");
  return numbers;
}

int64_t checked_total(const std::vector<int64_t> &numbers, const Extents &shape, int32_t axis) {
  int64_t total = numbers.size() == 1 ? shape[axis] : 1;
  const bool is_one = numbers.size() == 1;
  auto sum = is_one ? checked_multiply(numbers[0], total) : std::optional<int64_t>(0);
  for (size_t index = 0; !is_one && sum && index < numbers.size(); ++index) sum = checked_add(*sum, numbers[index]);
  if (!sum)
    fail(Status::invalid_argument, "repeat: axis ", axis, " of shape ", shape, " would be longer than 2^63 - 1");
  return *sum;
}

// Writes each index of the source's axis as often as numbers say, in row-major order.
void repeat_each(std::byte *to, const std::byte *from, int64_t outer, size_t inner_nbytes,
                 const std::vector<int64_t> &numbers) {
  for (int64_t index = 0; index < outer; ++index)
    for (const int64_t number : numbers) {
      for (int64_t time = 0; time < number; ++time, to += inner_nbytes) std::memcpy(to, from, inner_nbytes);
      from += inner_nbytes;
    }
}

// Copies source to destination with everything moved on by shifts[axis], from an axis on: each axis in two parts.
void copy_rolled(const Tensor &destination, const Tensor &source, const Extents &shifts, int32_t axis) {
  while (axis < source.ndim() && shifts[axis] == 0) ++axis;
  if (axis == source.ndim()) return copy(destination, source, Casting::unsafe);
  const int64_t shift = shifts[axis], rest = source.shape[axis] - shift;
  copy_rolled(narrow(destination, axis, shift, rest), narrow(source, axis, 0, rest), shifts, axis + 1);
  copy_rolled(narrow(destination, axis, 0, shift), narrow(source, axis, rest, shift), shifts, axis + 1);
}

}  // namespace

Tensor concat(std::span<const Tensor *const> tensors, int32_t axis) {
  require_some("concat", tensors);
  const Tensor &first = *tensors[0];
  axis = resolve_axis_of("concat", axis, first);
  for (const Tensor *tensor : tensors)
    if (!differs_only_along(*tensor, first, axis))
      fail(Status::invalid_argument, "concat: shapes ", first.shape, " and ", tensor->shape,
           " differ in more than axis ", axis);
  return joined("concat", tensors, axis);
}

Tensor stack(std::span<const Tensor *const> tensors, int32_t axis) {
  require_some("stack", tensors);
  const Extents &shape = tensors[0]->shape;
  if (axis < -shape.size() - 1 || axis > shape.size())
    fail(Status::out_of_range, "stack: axis ", axis, " is outside the ", shape.size() + 1, " axes of a stack of shape ",
         shape);
  std::vector<Tensor> slices;
  slices.reserve(tensors.size());
  for (const Tensor *tensor : tensors) {
    if (tensor->shape != shape)
      fail(Status::invalid_argument, "stack: shapes ", shape, " and ", tensor->shape, " differ");
    slices.push_back(unsqueeze(*tensor, axis));
  }
  std::vector<const Tensor *> pointers;
  pointers.reserve(slices.size());
  for (const Tensor &slice : slices) pointers.push_back(&slice);
  return joined("stack", pointers, axis < 0 ? axis + shape.size() + 1 : axis);
}

// From the last axis to the first, so that the most is copied in the largest blocks.
Tensor tile(const Tensor &tensor, std::span<const int64_t> repetitions) {
  const Extents wanted = tiled_shape(tensor, repetitions);
  Tensor tiled = tensor;
  while (tiled.ndim() < wanted.size()) tiled = unsqueeze(tiled, 0);
  if (element_count(wanted) == 0 || tiled.shape == wanted) {
    Tensor out = empty(tensor.dtype, wanted, {.device = tensor.device()});
    copy(out, element_count(wanted) == 0 ? out : tiled, Casting::unsafe);
    return out;
  }
  tiled = contiguous(tiled);
  for (int32_t axis = wanted.size() - 1; axis >= 0; --axis) {
    Extents shape = tiled.shape;
    shape[axis] = wanted[axis];
    if (shape != tiled.shape)
      tiled = with_blocks_repeated(tiled, around_axis(shape, axis).outer, wanted[axis] / tiled.shape[axis], shape);
  }
  return tiled;
}

Tensor repeat(const Tensor &tensor, const Tensor &repetitions, int32_t axis) {
  axis = resolve_axis_of("repeat", axis, tensor);
  const std::vector<int64_t> numbers = repetitions_of(repetitions, tensor.shape[axis]);
  Extents shape = tensor.shape;
  shape[axis] = checked_total(numbers, tensor.shape, axis);
  const AroundAxis around = around_axis(tensor.shape, axis);
  checked_element_count(shape, tensor.dtype);
  const Tensor dense = contiguous(tensor);
  if (numbers.size() == 1 && tensor.element_count() > 0)
    return with_blocks_repeated(dense, around.outer * tensor.shape[axis], numbers[0], shape);
  const Tensor source = in_main_memory(dense);
  Tensor out = empty(tensor.dtype, shape, {});
  if (out.element_count() > 0)
    repeat_each(out.data, source.data, around.outer, static_cast<size_t>(around.inner * dtype_size(tensor.dtype)),
                numbers);
  return on_device(out, tensor.device());
}

Tensor roll(const Tensor &tensor, std::span<const int64_t> shifts, std::span<const int32_t> axes) {
  if (axes.empty()) {
    if (shifts.size() != 1)
      fail(Status::invalid_argument, "roll: ", shifts.size(), " shifts are given without axes: expected one");
    const int32_t all = 0;
    return reshape(roll(flatten(contiguous(tensor)), shifts, {&all, 1}), tensor.shape);
  }
  if (shifts.size() != axes.size())
    fail(Status::invalid_argument, "roll: ", shifts.size(), " shifts are given for ", axes.size(), " axes");
  Extents moved = Extents::filled(tensor.ndim(), 0);
  for (size_t index = 0; index < axes.size(); ++index) {
    const int32_t axis = resolve_axis_of("roll", axes[index], tensor);
    const int64_t size = std::max<int64_t>(1, tensor.shape[axis]);
    moved[axis] = (moved[axis] + (shifts[index] % size + size) % size) % size;
  }
  Tensor out = empty(tensor.dtype, tensor.shape, {.device = tensor.device()});
  if (out.element_count() > 0) copy_rolled(out, tensor, moved, 0);
  return out;
}

}  // namespace penstock::core
