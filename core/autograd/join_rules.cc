#include "core/autograd/join_rules.h"

#include <utility>

#include "core/autograd/formula.h"
#include "core/autograd/index_rules.h"
#include "core/autograd/operation_node.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core::autograd {
namespace {

// The gradient of x[1:] - x[:-1] along axis: what comes to an element from its two differences.
Tensor gradient_of_neighbours(const Tensor &gradient, int32_t axis) {
  Extents shape = gradient.shape;
  const int64_t count = shape[axis]++;
  const Tensor out = zeros(gradient.dtype, shape, {.device = gradient.device()});
  copy(narrow(out, axis, 1, count), gradient, Casting::unsafe);
  const Tensor lower = narrow(out, axis, 0, count);
  binary_into(lower, Operation::subtract, lower, gradient);
  return out;
}

}  // namespace

Reference<Node> record_concat(const std::vector<Variable> &operands, int32_t axis, const Tensor &result) {
  axis = resolve_axis(axis, result.ndim());
  std::vector<int64_t> sizes;
  for (const Variable &operand : operands) sizes.push_back(operand.tensor.shape[axis]);
  return record("concat", operands, result, {}, [axis, sizes = std::move(sizes)](const Pass &pass) {
    Gradients gradients;
    int64_t begin = 0;
    for (const int64_t size : sizes) {
      gradients.push_back(narrow(pass.gradient(), axis, begin, size));
      begin += size;
    }
    return gradients;
  });
}

Reference<Node> record_stack(const std::vector<Variable> &operands, int32_t axis, const Tensor &result) {
  return record("stack", operands, result, {}, [axis, count = operands.size()](const Pass &pass) {
    Gradients gradients;
    for (size_t index = 0; index < count; ++index)
      gradients.push_back(select(pass.gradient(), axis, static_cast<int64_t>(index)));
    return gradients;
  });
}

Reference<Node> record_moved(std::string name, const Variable &operand, const Tensor &result, View move) {
  return record_linear(std::move(name), operand, result,
                       [shape = operand.tensor.shape, move = std::move(move)](const Tensor &gradient) {
                         return added_at(contiguous(move(row_major_numbers(shape))), gradient, shape);
                       });
}

Reference<Node> record_masked(std::string name, const Variable &operand, const Tensor &result, View mask) {
  return record_linear(std::move(name), operand, result, std::move(mask));
}

Reference<Node> record_difference(const Variable &operand, int32_t axis, int64_t order, const Tensor &result) {
  axis = resolve_axis(axis, result.ndim());
  return record_linear("diff", operand, result, [axis, order, shape = operand.tensor.shape](const Tensor &gradient) {
    // Longer than the axis, it left nothing to differ.
    if (order >= shape[axis]) return zeros(gradient.dtype, shape, {.device = gradient.device()});
    Tensor out = gradient;
    for (int64_t step = 0; step < order; ++step) out = gradient_of_neighbours(out, axis);
    return out;
  });
}

}  // namespace penstock::core::autograd
