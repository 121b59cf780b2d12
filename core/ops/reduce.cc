#include "core/ops/reduce.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/ops/elementwise.h"
#include "core/ops/fold_axes.h"
#include "core/ops/kernels.h"
#include "core/ops/operands.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

AxisMask mask_of(Operation operation, const Tensor &tensor, std::span<const int32_t> axes) {
  AxisMask mask = axes.empty() ? (AxisMask{1} << tensor.ndim()) - 1 : 0;
  for (const int32_t axis : axes) {
    const AxisMask bit = AxisMask{1} << resolve_axis(axis, tensor.ndim());
    if ((mask & bit) != 0) fail(Status::invalid_argument, operation, ": axis ", axis, " is named twice");
    mask |= bit;
  }
  return mask;
}

int64_t reduced_count(const Tensor &tensor, AxisMask mask) {
  int64_t count = 1;
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis)
    if ((mask >> axis & 1) != 0) count *= tensor.shape[axis];
  return count;
}

Tensor number(double value) { return full(DType::float64, {}, &value, DType::float64, {}); }

// With the reduced axes again, of size 1.
Tensor with_axes(const Tensor &tensor, AxisMask mask, int32_t ndim) {
  Tensor view = tensor;
  for (int32_t axis = 0; axis < ndim; ++axis)
    if ((mask >> axis & 1) != 0) view = unsqueeze(view, axis);
  return view;
}

// fold_axes(), and of nothing what leaves other elements as they are.
Tensor folded(Operation joining, const Tensor &tensor, AxisMask mask) {
  if (reduced_count(tensor, mask) > 0) return fold_axes(joining, tensor, mask);
  Extents shape;
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis)
    if ((mask >> axis & 1) == 0) shape.push_back(tensor.shape[axis]);
  const bool is_one = joining == Operation::multiply || joining == Operation::minimum;
  const int64_t neutral = is_one ? 1 : 0;
  return full(folding_dtype(tensor.dtype), shape, &neutral, DType::int64, {});
}

// The sum over the axes divided by count, in the dtype in which it is folded.
Tensor mean_of(const Tensor &tensor, AxisMask mask, double count) {
  Tensor sums = folded(Operation::add, tensor, mask);
  binary_into(sums, Operation::divide, sums, in_dtype(number(count), sums.dtype));
  return sums;
}

// In two passes, since the sum of squares less the square of the sum loses all digits where the mean is large.
Tensor variance_of(const Tensor &tensor, AxisMask mask, double correction) {
  const auto count = static_cast<double>(reduced_count(tensor, mask));
  const Tensor wide = in_dtype(tensor, folding_dtype(tensor.dtype));
  const Tensor mean = with_axes(mean_of(wide, mask, count), mask, tensor.ndim());
  const Tensor distances = binary(Operation::subtract, wide, mean);
  unary_into(distances, Operation::square, distances);
  const double divisor = count - correction;
  return mean_of(distances, mask, divisor > 0 ? divisor : 0);
}

// With one axis for all where none is named: an index is of the row-major order.
Tensor extremes(Operation operation, const Tensor &tensor, std::span<const int32_t> axes, AxisMask mask) {
  if (axes.size() > 1) fail(Status::invalid_argument, operation, " takes one axis or none, got ", axes.size());
  if (reduced_count(tensor, mask) == 0)
    fail(Status::invalid_argument, operation, " of no elements: shape ", tensor.shape);
  return find_extremes(operation == Operation::argmax ? Operation::maximum : Operation::minimum, tensor, mask);
}

Tensor reduced(Operation operation, const Tensor &tensor, std::span<const int32_t> axes, const ReduceOptions &options) {
  const AxisMask mask = mask_of(operation, tensor, axes);
  Tensor out;
  switch (operation) {
    case Operation::sum: out = folded(Operation::add, tensor, mask); break;
    case Operation::prod: out = folded(Operation::multiply, tensor, mask); break;
    case Operation::max:
    case Operation::min:
      if (reduced_count(tensor, mask) == 0)
        fail(Status::invalid_argument, operation, " of no elements: shape ", tensor.shape);
      out = folded(operation == Operation::max ? Operation::maximum : Operation::minimum, tensor, mask);
      break;
    case Operation::any: out = folded(Operation::maximum, tensor, mask); break;
    case Operation::all: out = folded(Operation::minimum, tensor, mask); break;
    case Operation::count_nonzero: out = folded(Operation::add, in_dtype(tensor, DType::bool8), mask); break;
    case Operation::mean: out = mean_of(tensor, mask, static_cast<double>(reduced_count(tensor, mask))); break;
    case Operation::var: out = variance_of(tensor, mask, options.correction); break;
    case Operation::std:
      out = variance_of(tensor, mask, options.correction);
      unary_into(out, Operation::sqrt, out);
      break;
    default: out = extremes(operation, tensor, axes, mask); break;
  }
  return options.keep_axes ? with_axes(out, mask, tensor.ndim()) : out;
}

const OperationInfo &require_family(Operation operation, OperationFamily family, std::string_view name) {
  const OperationInfo *info = find_operation(operation);
  if (info == nullptr) fail(Status::invalid_argument, "operation ", static_cast<int32_t>(operation), " is none");
  if (info->family != family) fail(Status::invalid_argument, "operation ", info->name, " is no ", name);
  return *info;
}

void require_dtype_allowed(const OperationInfo &info, const std::optional<DType> &dtype) {
  if (!dtype) return;
  if (info.rule != ResultRule::totals)
    fail(Status::invalid_argument, info.name, " takes no dtype: only sums and products do");
  computing_dtype(info, *dtype);  // refuses what it cannot be computed in
}

}  // namespace

Tensor reduce(Operation operation, const Tensor &tensor, std::span<const int32_t> axes, const ReduceOptions &options) {
  const OperationInfo &info = require_family(operation, OperationFamily::reduction, "reduction");
  require_dtype_allowed(info, options.dtype);
  if (!std::isfinite(options.correction))
    fail(Status::invalid_argument, "correction is ", options.correction, ": expected a finite number");
  const DType computing = computing_dtype(info, tensor.dtype);
  const DType result = options.dtype ? *options.dtype : result_dtype(info, tensor.dtype);
  if (!on_cpu(tensor)) return on_device(reduce(operation, in_main_memory(tensor), axes, options), tensor.device());
  Tensor operand = tensor;
  if (options.dtype) operand = in_dtype(tensor, *options.dtype);
  // Elements convert to what they are folded in on the way; only another value must be made beforehand.
  if (info.rule == ResultRule::inexact || info.rule == ResultRule::of_truths) operand = in_dtype(tensor, computing);
  return in_dtype(reduced(operation, operand, axes, options), result);
}

Tensor accumulate(Operation operation, const Tensor &tensor, int32_t axis, std::optional<DType> dtype, bool initial) {
  const OperationInfo &info = require_family(operation, OperationFamily::accumulation, "accumulation");
  require_dtype_allowed(info, dtype);
  const DType result = dtype ? *dtype : result_dtype(info, tensor.dtype);
  axis = resolve_axis(axis, tensor.ndim());
  if (!on_cpu(tensor))
    return on_device(accumulate(operation, in_main_memory(tensor), axis, dtype, initial), tensor.device());
  const Operation joining = operation == Operation::cumulative_sum ? Operation::add : Operation::multiply;
  const DType folding = folding_dtype(result);
  Extents shape = tensor.shape;
  shape[axis] += initial ? 1 : 0;
  Tensor out = empty(folding, shape, {});
  if (initial) {
    const int64_t neutral = joining == Operation::add ? 0 : 1;
    fill(narrow(out, axis, 0, 1), &neutral, DType::int64);
  }
  copy(narrow(out, axis, initial ? 1 : 0, tensor.shape[axis]), in_dtype(tensor, result), Casting::unsafe);
  const ScanKernel scan = find_scan(joining, folding);
  // Row-major: the lines along axis begin at each index of the axes before it and behind it.
  const int64_t stride = out.strides[axis], length = shape[axis];
  const int64_t lines = length == 0 ? 0 : out.element_count() / length;
  constexpr int64_t shard_elements = 65536;
  parallel_for(lines, std::max<int64_t>(1, shard_elements / std::max<int64_t>(1, length)), [&](Range range) {
    for (int64_t line = range.begin; line < range.end; ++line)
      scan(out.data + (line / stride * stride * length + line % stride) * dtype_size(folding),
           stride * dtype_size(folding), length);
  });
  return in_dtype(out, result);
}

}  // namespace penstock::core
