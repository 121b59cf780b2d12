#include "core/linalg/matmul.h"

#include <array>

#include "core/base/error.h"
#include "core/linalg/products.h"
#include "core/ops/operands.h"
#include "core/ops/operation.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

DType product_dtype(const Tensor &first, const Tensor &second) {
  for (const Tensor *operand : {&first, &second})
    if (kind_of(operand->dtype) == 0)
      fail(Status::type_mismatch, "matmul does not take ", operand->dtype, ": it only stores numbers");
  return common_dtype("matmul", std::array{&first, &second});
}

int64_t from_end(const Extents &extents, int32_t axis) { return extents[extents.size() - axis]; }

// A size or a stride along batch's axis of an operand that has its own last two axes, where it may lack that axis.
int64_t batch_number(const Extents &extents, int32_t axis, int32_t batch_axes, int64_t lacking) {
  const int32_t own = axis - (batch_axes - (extents.size() - 2));
  return own < 0 ? lacking : extents[own];
}

// What the operands of a product become: two matrices at least, and the result's dtype and shape.
struct MatmulPlan {
  DType dtype;
  Tensor left, right;  // of two axes at least; dtypes as they came
  Extents batch;
  Extents shape;
};

MatmulPlan plan_matmul(const Tensor &first, const Tensor &second) {
  MatmulPlan plan{.dtype = product_dtype(first, second), .left = first, .right = second, .batch = {}, .shape = {}};
  if (first.ndim() == 0 || second.ndim() == 0)
    fail(Status::invalid_argument, "matmul: shapes ", first.shape, " and ", second.shape,
         ": each operand needs one axis at least");
  if (first.ndim() == 1) plan.left = unsqueeze(first, 0);
  if (second.ndim() == 1) plan.right = unsqueeze(second, 1);
  const Extents &left = plan.left.shape, &right = plan.right.shape;
  if (from_end(left, 1) != from_end(right, 2))
    fail(Status::invalid_argument, "matmul: shapes ", first.shape, " and ", second.shape,
         " do not fit: the first's last axis has size ", from_end(left, 1), ", the second's ",
         second.ndim() == 1 ? "only" : "last but one", " axis ", from_end(right, 2));
  const int32_t batch_axes = std::max(left.size(), right.size()) - 2;
  for (int32_t axis = 0; axis < batch_axes; ++axis) {
    const int64_t one = batch_number(left, axis, batch_axes, 1), other = batch_number(right, axis, batch_axes, 1);
    if (one != other && one != 1 && other != 1)
      fail(Status::invalid_argument, "matmul: shapes ", first.shape, " and ", second.shape,
           " do not broadcast: all axes but the last two must be equal, or 1");
    plan.batch.push_back(one == 1 ? other : one);
  }
  plan.shape = plan.batch;
  if (first.ndim() > 1) plan.shape.push_back(from_end(left, 2));
  if (second.ndim() > 1) plan.shape.push_back(from_end(right, 1));
  return plan;
}

MatrixView matrix_of(const Tensor &tensor) {
  return {tensor.data, from_end(tensor.strides, 2), from_end(tensor.strides, 1)};
}

// Strides along batch's axes; 0 along those that repeat.
Extents batch_strides(const Tensor &tensor, const Extents &batch) {
  Extents strides;
  for (int32_t axis = 0; axis < batch.size(); ++axis) {
    const bool repeats = batch_number(tensor.shape, axis, batch.size(), 1) == 1;
    strides.push_back(repeats ? 0 : batch_number(tensor.strides, axis, batch.size(), 0));
  }
  return strides;
}

// out: of plan.shape and plan.dtype, its last axis dense where the operands are matrices.
void run_matmul(const MatmulPlan &plan, const Tensor &out, bool has_rows, bool has_columns) {
  Tensor whole = out;
  if (!has_columns) whole = unsqueeze(whole, whole.ndim());
  if (!has_rows) whole = unsqueeze(whole, whole.ndim() - 1);
  const Tensor left = in_dtype(plan.left, plan.dtype), right = in_dtype(plan.right, plan.dtype);
  Products products{.dtype = plan.dtype,
                    .first = {},
                    .batch = plan.batch,
                    .out_strides = {},
                    .left_strides = {},
                    .right_strides = {}};
  products.first = {.out = matrix_of(whole),
                    .left = matrix_of(left),
                    .right = matrix_of(right),
                    .rows = from_end(whole.shape, 2),
                    .columns = from_end(whole.shape, 1),
                    .inner = from_end(left.shape, 1)};
  products.out_strides = batch_strides(whole, plan.batch);
  products.left_strides = batch_strides(left, plan.batch);
  products.right_strides = batch_strides(right, plan.batch);
  multiply(products);
}

bool memory_overlaps(const Tensor &first, const Tensor &second) {
  const ByteSpan one = byte_span(first.shape, first.strides, first.dtype);
  const ByteSpan other = byte_span(second.shape, second.strides, second.dtype);
  return first.data + one.lowest < second.data + other.highest && second.data + other.lowest < first.data + one.highest;
}

bool broadcasts_to(const Extents &shape, const Extents &wanted) {
  const int32_t offset = wanted.size() - shape.size();
  if (offset < 0) return false;
  for (int32_t axis = 0; axis < shape.size(); ++axis)
    if (shape[axis] != 1 && shape[axis] != wanted[axis + offset]) return false;
  return true;
}

// Whether kernels may write the result where destination lies.
bool takes_result(const Tensor &destination, const MatmulPlan &plan, const Tensor &first, const Tensor &second) {
  if (destination.dtype != plan.dtype || !(destination.shape == plan.shape)) return false;
  for (const Tensor *tensor : {&destination, &first, &second})
    if (!on_cpu(*tensor)) return false;
  const bool has_columns = second.ndim() > 1;
  if (has_columns && destination.strides[destination.ndim() - 1] != 1) return false;
  return !memory_overlaps(destination, first) && !memory_overlaps(destination, second) &&
         !elements_may_coincide(destination.shape, destination.strides);
}

}  // namespace

Tensor matmul(const Tensor &first, const Tensor &second) {
  const MatmulPlan plan = plan_matmul(first, second);
  if (!on_cpu(first) || !on_cpu(second))
    return on_device(matmul(in_main_memory(first), in_main_memory(second)),
                     on_cpu(first) ? second.device() : first.device());
  Tensor out = empty(plan.dtype, plan.shape, {.device = first.device()});
  run_matmul(plan, out, first.ndim() > 1, second.ndim() > 1);
  return out;
}

void matmul_into(const Tensor &destination, const Tensor &first, const Tensor &second) {
  const MatmulPlan plan = plan_matmul(first, second);
  require_writable(destination);
  if (!can_cast(plan.dtype, destination.dtype, Casting::same_kind))
    fail(Status::type_mismatch, "matmul gives ", plan.dtype, ", which does not convert to the destination's ",
         destination.dtype, " by the same_kind rule");
  if (!broadcasts_to(plan.shape, destination.shape))
    fail(Status::invalid_argument, "matmul gives shape ", plan.shape,
         ", which does not broadcast to the destination's ", destination.shape);
  if (!takes_result(destination, plan, first, second))
    return copy(destination, matmul(first, second), Casting::same_kind);
  run_matmul(plan, destination, first.ndim() > 1, second.ndim() > 1);
}

}  // namespace penstock::core
