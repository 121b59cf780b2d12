#include "capi/src/custom_node.h"

#include <utility>

#include "capi/src/lent_handles.h"
#include "core/base/error.h"

namespace penstock {
CustomNode::CustomNode(std::string name, std::vector<core::autograd::Edge> operands,
                       std::vector<core::autograd::Outline> results, ps_backward_function backward, void *user)
    : Node(std::move(name), std::move(operands), std::move(results)), backward_(backward), user_(user) {}

CustomNode::~CustomNode() {
  if (deleter_ != nullptr) deleter_(user_);
}

core::autograd::Gradients CustomNode::backward(const core::autograd::Gradients &results, const std::vector<bool> &) {
  Handles lent(results.size()), received(operands().size());
  for (size_t index = 0; index < results.size(); ++index) lent[index] = wrap(results[index]);
  call_outside("the backward of " + name(), [&] { return backward_(received.data(), lent.data(), user_); });
  core::autograd::Gradients gradients;
  for (size_t index = 0; index < received.size(); ++index) gradients.push_back(checked(received[index], index));
  return gradients;
}

core::Tensor CustomNode::checked(const ps_tensor *gradient, size_t index) const {
  if (gradient == nullptr) return {};
  const core::Tensor &tensor = unwrap(gradient);
  const core::autograd::Outline &outline = operands()[index].outline;
  if (tensor.shape != outline.shape || !core::autograd::has_gradients(tensor.dtype))
    core::fail(core::Status::invalid_argument, "the backward of ", name(), " gave a ", tensor.dtype,
               " gradient of shape ", tensor.shape, " for input ", index, ", which is ", outline.dtype, " of shape ",
               outline.shape);
  return tensor;
}

}  // namespace penstock
