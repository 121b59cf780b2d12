#include "core/autograd/leaf.h"

#include <utility>

#include "core/ops/elementwise.h"
#include "core/tensor/copy.h"

namespace penstock::core::autograd {

Gradients Leaf::backward(const Gradients &, const std::vector<bool> &) { return {}; }

Tensor Leaf::gradient() const {
  const std::lock_guard lock(mutex_);
  return gradient_;
}

void Leaf::set_gradient(Tensor given) {
  const std::lock_guard lock(mutex_);
  std::swap(gradient_, given);
}

void Leaf::gather(const Tensor &gradient) {
  const std::lock_guard lock(mutex_);
  if (!gradient_.storage) {
    gradient_ = gradient;
    return;
  }
  binary_into(gradient_, Operation::add, gradient_, gradient);
  gradient_.storage->note_write();
}

Tensor dense_gradient(const Tensor &gradient) {
  const bool is_own = gradient.storage->is_held_once() && gradient.is_contiguous() && !gradient.read_only;
  return is_own ? gradient : clone(gradient);
}

}  // namespace penstock::core::autograd
