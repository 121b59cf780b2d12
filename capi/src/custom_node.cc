#include "capi/src/custom_node.h"

#include <utility>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "core/base/error.h"

namespace penstock {
namespace {

// Handles that are lent to, or received from, a caller's function, and given back whatever happens.
class Handles {
 public:
  explicit Handles(size_t count) : handles_(count, nullptr) {}
  ~Handles() {
    for (ps_tensor *handle : handles_)
      if (handle != nullptr) handle_of(handle)->release();
  }
  Handles(const Handles &) = delete;
  Handles &operator=(const Handles &) = delete;

  ps_tensor **data() { return handles_.data(); }
  ps_tensor *&operator[](size_t index) { return handles_[index]; }
  size_t size() const { return handles_.size(); }

 private:
  std::vector<ps_tensor *> handles_;
};

core::Status status_from_outside(ps_status status) {
  const auto number = static_cast<int32_t>(status);
  return number > 0 && number <= PS_INTERNAL ? static_cast<core::Status>(number) : core::Status::invalid_argument;
}

}  // namespace

CustomNode::CustomNode(std::string name, std::vector<core::autograd::Edge> operands,
                       std::vector<core::autograd::Outline> results, ps_backward_function backward, void *user)
    : Node(std::move(name), std::move(operands), std::move(results)), backward_(backward), user_(user) {}

CustomNode::~CustomNode() {
  if (deleter_ != nullptr) deleter_(user_);
}

core::autograd::Gradients CustomNode::backward(const core::autograd::Gradients &results, const std::vector<bool> &) {
  Handles lent(results.size()), received(operands().size());
  for (size_t index = 0; index < results.size(); ++index) lent[index] = wrap(results[index]);
  clear_error();
  const ps_status status = backward_(received.data(), lent.data(), user_);
  if (status != PS_OK) {
    const std::string reason = last_error();
    core::fail(status_from_outside(status), "the backward of ", name(), " failed",
               reason.empty() ? " with status " + std::to_string(static_cast<int32_t>(status)) : ": " + reason);
  }
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
