#include "core/ops/elementwise.h"

#include <array>
#include <utility>

#include "core/base/error.h"
#include "core/ops/operands.h"
#include "core/ops/promotion.h"
#include "core/ops/walk.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/transfer.h"

namespace penstock::core {
namespace {

void require_family(Operation operation, OperationFamily family, std::string_view name) {
  const OperationInfo *info = find_operation(operation);
  if (info == nullptr) fail(Status::invalid_argument, "operation ", static_cast<int32_t>(operation), " is none");
  if (info->family != family) fail(Status::invalid_argument, "operation ", info->name, " is no ", name, " one");
}

// How many additions an element is worth: functions are worth several.
int64_t cost_of(const OperationInfo &info, DType computing) {
  const bool is_cheap = info.operation == Operation::divide || info.operation == Operation::sqrt;
  const bool is_function = info.rule == ResultRule::inexact || info.operation == Operation::pow;
  return is_function && !is_cheap && (kind_of(computing) & inexact) != 0 ? 4 : 1;
}

// What two operands of an operation become: their dtype, shape and kernel.
struct BinaryPlan {
  Operation operation;
  bool is_swapped = false;
  DType computing, result;
  Extents shape;
};

BinaryPlan plan_binary(Operation operation, const Tensor &first, const Tensor &second) {
  require_family(operation, OperationFamily::binary, "binary");
  const OperationInfo &info = operation_info(operation);
  const DType common = common_dtype(info.name, std::array{&first, &second});
  BinaryPlan plan{.operation = operation,
                  .computing = computing_dtype(info, common),
                  .result = result_dtype(info, common),
                  .shape = first.shape};
  if (first.shape != second.shape) plan.shape = broadcast_shape(info.name, std::array{&first, &second});
  // The greater is the other's less: one kernel serves both.
  plan.is_swapped = operation == Operation::greater || operation == Operation::greater_equal;
  if (operation == Operation::greater) plan.operation = Operation::less;
  if (operation == Operation::greater_equal) plan.operation = Operation::less_equal;
  return plan;
}

void run_binary(const BinaryPlan &plan, const Tensor &out, const Tensor &first, const Tensor &second) {
  const Tensor left = broadcast_view(first, plan.shape), right = broadcast_view(second, plan.shape);
  run_elementwise(find_elementwise(plan.operation, plan.computing),
                  std::array{&out, plan.is_swapped ? &right : &left, plan.is_swapped ? &left : &right}, plan.computing,
                  cost_of(operation_info(plan.operation), plan.computing));
}

bool is_same_view(const Tensor &first, const Tensor &second) {
  return first.data == second.data && first.dtype == second.dtype && first.shape == second.shape &&
         first.strides == second.strides;
}

bool memory_overlaps(const Tensor &first, const Tensor &second) {
  const ByteSpan one = byte_span(first.shape, first.strides, first.dtype);
  const ByteSpan other = byte_span(second.shape, second.strides, second.dtype);
  return first.data + one.lowest < second.data + other.highest && second.data + other.lowest < first.data + one.highest;
}

// Whether a kernel may write destination while it reads the operand: they are apart, or the same index by index.
bool may_write(const Tensor &destination, const Tensor &operand) {
  return is_same_view(destination, operand) || !memory_overlaps(destination, operand);
}

bool broadcasts_to(const Extents &shape, const Extents &wanted) {
  if (shape == wanted) return true;
  const int32_t offset = wanted.size() - shape.size();
  if (offset < 0) return false;
  for (int32_t axis = 0; axis < shape.size(); ++axis)
    if (shape[axis] != 1 && shape[axis] != wanted[axis + offset]) return false;
  return true;
}

void require_destination(const Tensor &destination, Operation operation, DType result, const Extents &shape) {
  require_writable(destination);
  if (!can_cast(result, destination.dtype, Casting::same_kind))
    fail(Status::type_mismatch, operation, " gives ", result, ", which does not convert to the destination's ",
         destination.dtype, " by the same_kind rule");
  if (!broadcasts_to(shape, destination.shape))
    fail(Status::invalid_argument, operation, " gives shape ", shape,
         ", which does not broadcast to the destination's ", destination.shape);
}

// A bound that loses its value on the way to the tensor's dtype would bound something else.
void require_bound(DType dtype, DType bound) {
  const bool both_floating = kind_of(dtype) == floats && can_cast(bound, dtype, Casting::same_kind);
  if (!both_floating && promote(dtype, bound) != dtype)
    fail(Status::type_mismatch, "clip: a bound of ", bound, " does not fit ", dtype, ": convert one of them");
}

}  // namespace

// Kernels for a GPU are found by the same table once its plug-in has them; until then the CPU computes.
Tensor unary(Operation operation, const Tensor &operand) {
  require_family(operation, OperationFamily::unary, "unary");
  const OperationInfo &info = operation_info(operation);
  const DType computing = computing_dtype(info, operand.dtype);
  if (!on_cpu(operand)) return on_device(unary(operation, in_main_memory(operand)), operand.device());
  Tensor out = empty(result_dtype(info, operand.dtype), operand.shape, {.device = operand.device()});
  run_elementwise(find_elementwise(operation, computing), std::array<const Tensor *, 2>{&out, &operand}, computing,
                  cost_of(info, computing));
  return out;
}

Tensor binary(Operation operation, const Tensor &first, const Tensor &second) {
  const BinaryPlan plan = plan_binary(operation, first, second);
  if (!on_cpu(first) || !on_cpu(second))
    return on_device(binary(operation, in_main_memory(first), in_main_memory(second)),
                     on_cpu(first) ? second.device() : first.device());
  Tensor out = empty(plan.result, plan.shape, {.device = first.device()});
  run_binary(plan, out, first, second);
  return out;
}

void unary_into(const Tensor &destination, Operation operation, const Tensor &operand) {
  require_family(operation, OperationFamily::unary, "unary");
  const OperationInfo &info = operation_info(operation);
  const DType computing = computing_dtype(info, operand.dtype), result = result_dtype(info, operand.dtype);
  require_destination(destination, operation, result, operand.shape);
  const bool is_direct = on_cpu(destination) && on_cpu(operand) && destination.dtype == result &&
                         operand.dtype == computing && may_write(destination, operand);
  if (!is_direct) return copy(destination, unary(operation, operand), Casting::same_kind);
  const Tensor input = broadcast_view(operand, destination.shape);
  run_elementwise(find_elementwise(operation, computing), std::array<const Tensor *, 2>{&destination, &input},
                  computing, cost_of(info, computing));
}

void binary_into(const Tensor &destination, Operation operation, const Tensor &first, const Tensor &second) {
  BinaryPlan plan = plan_binary(operation, first, second);
  require_destination(destination, operation, plan.result, plan.shape);
  const bool is_direct = on_cpu(destination) && on_cpu(first) && on_cpu(second) && destination.dtype == plan.result &&
                         may_write(destination, first) && may_write(destination, second);
  if (!is_direct) return copy(destination, binary(operation, first, second), Casting::same_kind);
  plan.shape = destination.shape;
  run_binary(plan, destination, first, second);
}

Tensor where(const Tensor &condition, const Tensor &first, const Tensor &second) {
  if (condition.dtype != DType::bool8)
    fail(Status::type_mismatch, "where: the condition is of ", condition.dtype, ": expected bool");
  const DType dtype = promote(first.dtype, second.dtype);
  const Extents shape = broadcast_shape("where", std::array{&condition, &first, &second});
  if (!on_cpu(condition) || !on_cpu(first) || !on_cpu(second))
    return on_device(where(in_main_memory(condition), in_main_memory(first), in_main_memory(second)), first.device());
  const Tensor truth = broadcast_view(condition, shape);
  const Tensor one = broadcast_view(in_dtype(first, dtype), shape),
               other = broadcast_view(in_dtype(second, dtype), shape);
  Tensor out = empty(dtype, shape, {.device = first.device()});
  run_elementwise(find_where(dtype), std::array<const Tensor *, 4>{&out, &truth, &one, &other});
  return out;
}

Tensor clip(const Tensor &tensor, const Tensor *low, const Tensor *high) {
  if ((kind_of(tensor.dtype) & real_numbers) == 0)
    fail(Status::type_mismatch, "clip does not take ", tensor.dtype, ": expected integers, floating");
  for (const Tensor *bound : {low, high})
    if (bound != nullptr) require_bound(tensor.dtype, bound->dtype);
  if (low == nullptr && high == nullptr) return clone(tensor);
  if (high == nullptr) return binary(Operation::maximum, tensor, in_dtype(*low, tensor.dtype));
  if (low == nullptr) return binary(Operation::minimum, tensor, in_dtype(*high, tensor.dtype));
  if (!on_cpu(tensor) || !on_cpu(*low) || !on_cpu(*high)) {
    const Tensor lowest = in_main_memory(*low), highest = in_main_memory(*high);
    return on_device(clip(in_main_memory(tensor), &lowest, &highest), tensor.device());
  }
  const Extents shape = broadcast_shape("clip", std::array{&tensor, low, high});
  const Tensor value = broadcast_view(tensor, shape);
  const Tensor lowest = broadcast_view(in_dtype(*low, tensor.dtype), shape);
  const Tensor highest = broadcast_view(in_dtype(*high, tensor.dtype), shape);
  Tensor out = empty(tensor.dtype, shape, {.device = tensor.device()});
  run_elementwise(find_clip(tensor.dtype), std::array<const Tensor *, 4>{&out, &value, &lowest, &highest});
  return out;
}

}  // namespace penstock::core
