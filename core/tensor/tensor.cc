#include "core/tensor/tensor.h"

#include <algorithm>
#include <array>
#include <cstdlib>

#include "core/base/checked.h"
#include "core/base/error.h"

namespace penstock::core {
namespace {

bool has_no_elements(const Extents &shape) { return std::find(shape.begin(), shape.end(), 0) != shape.end(); }

}  // namespace

void append_part(std::string &out, const Extents &extents) {
  out += '(';
  for (int32_t axis = 0; axis < extents.size(); ++axis) {
    if (axis > 0) out += ", ";
    append_part(out, extents[axis]);
  }
  out += extents.size() == 1 ? ",)" : ")";
}

int64_t element_count(const Extents &shape) {
  if (has_no_elements(shape)) return 0;  // before the product: other sizes may be as large as they like
  int64_t count = 1;
  for (const int64_t size : shape) count *= size;
  return count;
}

bool Tensor::is_contiguous() const {
  if (has_no_elements(shape)) return true;
  int64_t expected = 1;
  for (int32_t axis = ndim() - 1; axis >= 0; --axis) {
    if (shape[axis] != 1 && strides[axis] != expected) return false;
    expected *= shape[axis];
  }
  return true;
}

Extents row_major_strides(const Extents &shape) {
  Extents strides = Extents::filled(shape.size(), 1);
  for (int32_t axis = shape.size() - 2; axis >= 0; --axis)
    strides[axis] = strides[axis + 1] * std::max<int64_t>(shape[axis + 1], 1);
  return strides;
}

int64_t checked_element_count(const Extents &shape, DType dtype) {
  // Sizes beside a 0 are limited too: strides are products of them.
  int64_t count = 1;
  for (const int64_t size : shape) {
    if (size < 0) fail(Status::invalid_argument, "shape ", shape, " has a size below 0");
    const auto product = checked_multiply(count, std::max<int64_t>(size, 1));
    if (!product || *product > largest_nbytes / dtype_size(dtype))
      fail(Status::invalid_argument, "shape ", shape, " of ", dtype, " needs more than 2^56 bytes");
    count = *product;
  }
  return has_no_elements(shape) ? 0 : count;
}

ByteSpan byte_span(const Extents &shape, const Extents &strides, DType dtype) {
  if (has_no_elements(shape)) return {};
  const int64_t size = dtype_size(dtype);
  ByteSpan span{0, size};
  for (int32_t axis = 0; axis < shape.size(); ++axis) {
    const auto reach = checked_multiply(shape[axis] - 1, strides[axis]);
    const auto bytes = reach ? checked_multiply(*reach, size) : std::nullopt;
    if (!bytes || *bytes > largest_nbytes || *bytes < -largest_nbytes)
      fail(Status::invalid_argument, "shape ", shape, " with strides ", strides, " leaves the address space");
    (*bytes < 0 ? span.lowest : span.highest) += *bytes;  // at most 16 * 2^56 on each side: no overflow
  }
  return span;
}

bool elements_may_coincide(const Extents &shape, const Extents &strides) {
  if (has_no_elements(shape)) return false;
  struct Axis {
    int64_t stride, size;
  };
  std::array<Axis, max_ndim> axes;
  size_t count = 0;
  for (int32_t axis = 0; axis < shape.size(); ++axis)
    if (shape[axis] > 1) axes[count++] = {std::abs(strides[axis]), shape[axis]};
  std::sort(axes.begin(), axes.begin() + count, [](const Axis &a, const Axis &b) { return a.stride < b.stride; });
  int64_t reach = 0;  // the farthest offset the smaller strides lead to: the next stride must step over it
  for (size_t index = 0; index < count; ++index) {
    if (axes[index].stride <= reach) return true;
    reach += (axes[index].size - 1) * axes[index].stride;
  }
  return false;
}

int32_t resolve_axis(int32_t axis, int32_t ndim) {
  if (ndim == 0) fail(Status::out_of_range, "axis ", axis, " given, but a tensor of rank 0 has no axes");
  if (axis < -ndim || axis >= ndim)
    fail(Status::out_of_range, "axis ", axis, " is outside ", -ndim, " to ", ndim - 1, " of a tensor of rank ", ndim);
  return axis < 0 ? axis + ndim : axis;
}

void require_writable(const Tensor &tensor) {
  if (tensor.read_only)
    fail(Status::read_only, "cannot write through a read-only tensor of shape ", tensor.shape, " and ", tensor.dtype);
}

}  // namespace penstock::core
