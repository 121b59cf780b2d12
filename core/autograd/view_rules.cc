#include "core/autograd/view_rules.h"

#include <utility>
#include <vector>

#include "core/autograd/operation_node.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"

namespace penstock::core::autograd {

Reference<Node> record_same(std::string name, const Variable &operand, const Tensor &result) {
  return record_linear(std::move(name), operand, result, [](const Tensor &gradient) { return gradient; });
}

Reference<Node> record_reshaped(std::string name, const Variable &operand, const Tensor &result) {
  return record_linear(std::move(name), operand, result, [shape = operand.tensor.shape](const Tensor &gradient) {
    return reshape(contiguous(gradient), shape);
  });
}

Reference<Node> record_part(std::string name, const Variable &operand, const Tensor &result, View view) {
  return record_linear(std::move(name), operand, result,
                       [shape = operand.tensor.shape, view = std::move(view)](const Tensor &gradient) {
                         Tensor whole = zeros(gradient.dtype, shape, {.device = gradient.device()});
                         copy(view(whole), gradient, Casting::unsafe);
                         return whole;
                       });
}

Reference<Node> record_permuted(std::string name, const Variable &operand, const Tensor &result,
                                std::span<const int32_t> axes) {
  std::vector<int32_t> back(axes.size());
  for (size_t place = 0; place < axes.size(); ++place)
    back[static_cast<size_t>(resolve_axis(axes[place], operand.tensor.ndim()))] = static_cast<int32_t>(place);
  return record_linear(std::move(name), operand, result,
                       [back = std::move(back)](const Tensor &gradient) { return permute(gradient, back); });
}

Reference<Node> record_transposed(std::string name, const Variable &operand, const Tensor &result, int32_t first_axis,
                                  int32_t second_axis) {
  return record_linear(std::move(name), operand, result,
                       [=](const Tensor &gradient) { return transpose(gradient, first_axis, second_axis); });
}

}  // namespace penstock::core::autograd
