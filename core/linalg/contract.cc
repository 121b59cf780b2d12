#include "core/linalg/contract.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"
#include "core/linalg/matmul.h"
#include "core/ops/elementwise.h"
#include "core/tensor/copy.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

using Axes = std::array<int32_t, max_ndim>;

// An operand's axes: those that are summed over in the order named, and the others.
struct SplitAxes {
  Axes summed{}, kept{};
  int32_t summed_count = 0, kept_count = 0;
};

SplitAxes split(const Tensor &tensor, std::span<const int32_t> axes) {
  SplitAxes found;
  uint32_t named = 0;
  for (const int32_t given : axes) {
    const int32_t axis = resolve_axis(given, tensor.ndim());
    if ((named >> axis & 1) != 0) fail(Status::invalid_argument, "tensordot: axis ", given, " is named twice");
    named |= uint32_t{1} << axis;
    found.summed[static_cast<size_t>(found.summed_count++)] = axis;
  }
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis)
    if ((named >> axis & 1) == 0) found.kept[static_cast<size_t>(found.kept_count++)] = axis;
  return found;
}

int64_t size_of(const Tensor &tensor, const Axes &axes, int32_t count) {
  int64_t size = 1;
  for (int32_t index = 0; index < count; ++index) size *= tensor.shape[axes[static_cast<size_t>(index)]];
  return size;
}

// The tensor as a matrix whose rows run over some of its axes, whose columns over the others; copied where it cannot be one.
Tensor as_matrix(const Tensor &tensor, const Axes &rows, int32_t row_count, const Axes &columns, int32_t column_count) {
  Axes order{};
  std::copy_n(rows.begin(), row_count, order.begin());
  std::copy_n(columns.begin(), column_count, order.begin() + row_count);
  const Tensor permuted = permute(tensor, {order.data(), static_cast<size_t>(row_count + column_count)});
  if (row_count == 1 && column_count == 1) return permuted;
  return reshape(contiguous(permuted), {size_of(tensor, rows, row_count), size_of(tensor, columns, column_count)});
}

Tensor with_axis_last(const Tensor &tensor, int32_t axis) {
  Axes order{};
  int32_t count = 0;
  for (int32_t each = 0; each < tensor.ndim(); ++each)
    if (each != axis) order[static_cast<size_t>(count++)] = each;
  order[static_cast<size_t>(count)] = axis;
  return permute(tensor, {order.data(), static_cast<size_t>(tensor.ndim())});
}

}  // namespace

Tensor tensordot(const Tensor &first, const Tensor &second, std::span<const int32_t> first_axes,
                 std::span<const int32_t> second_axes) {
  if (first_axes.size() != second_axes.size())
    fail(Status::invalid_argument, "tensordot: ", first_axes.size(), " axes of the first and ", second_axes.size(),
         " of the second: expected as many");
  const SplitAxes left = split(first, first_axes), right = split(second, second_axes);
  for (size_t index = 0; index < first_axes.size(); ++index)
    if (first.shape[left.summed[index]] != second.shape[right.summed[index]])
      fail(Status::invalid_argument, "tensordot: shapes ", first.shape, " and ", second.shape, " do not fit: axis ",
           first_axes[index], " of the first has size ", first.shape[left.summed[index]], ", axis ", second_axes[index],
           " of the second ", second.shape[right.summed[index]]);
  if (left.kept_count + right.kept_count > max_ndim)
    fail(Status::invalid_argument, "tensordot: shapes ", first.shape, " and ", second.shape, " give ",
         left.kept_count + right.kept_count, " axes: expected ", max_ndim, " at most");
  Extents shape;
  for (int32_t index = 0; index < left.kept_count; ++index)
    shape.push_back(first.shape[left.kept[static_cast<size_t>(index)]]);
  for (int32_t index = 0; index < right.kept_count; ++index)
    shape.push_back(second.shape[right.kept[static_cast<size_t>(index)]]);
  return reshape(matmul(as_matrix(first, left.kept, left.kept_count, left.summed, left.summed_count),
                        as_matrix(second, right.summed, right.summed_count, right.kept, right.kept_count)),
                 shape);
}

Tensor vecdot(const Tensor &first, const Tensor &second, int32_t axis) {
  const int32_t fewest = std::min(first.ndim(), second.ndim());
  if (axis >= 0 || axis < -fewest)
    fail(Status::out_of_range, "vecdot: axis is ", axis, ": expected ", -fewest,
         " to -1, counted from the end of shapes ", first.shape, " and ", second.shape);
  const int64_t size = first.shape[first.ndim() + axis], other_size = second.shape[second.ndim() + axis];
  if (size != other_size)
    fail(Status::invalid_argument, "vecdot: shapes ", first.shape, " and ", second.shape, " do not fit: axis ", axis,
         " has sizes ", size, " and ", other_size);
  const bool is_complex = dtype_kind(first.dtype) == DTypeKind::complex;
  const Tensor left = with_axis_last(is_complex ? unary(Operation::conj, first) : first, first.ndim() + axis);
  const Tensor right = with_axis_last(second, second.ndim() + axis);
  if (left.ndim() == max_ndim || right.ndim() == max_ndim)
    fail(Status::invalid_argument, "vecdot: shapes ", first.shape, " and ", second.shape, ": expected ", max_ndim - 1,
         " axes at most");
  const Tensor product = matmul(unsqueeze(left, left.ndim() - 1), unsqueeze(right, right.ndim()));
  return select(select(product, product.ndim() - 1, 0), product.ndim() - 2, 0);
}

}  // namespace penstock::core
