// The node of an operation that a caller has recorded, whose gradients the caller's function computes.
#pragma once

#include <penstock/autograd.h>

#include <span>
#include <string>
#include <vector>

#include "core/autograd/node.h"

namespace penstock {

class CustomNode final : public core::autograd::Node {
 public:
  CustomNode(std::string name, std::vector<core::autograd::Edge> operands, std::vector<core::autograd::Outline> results,
             ps_backward_function backward, void *user);

  // From now on deleter is called with the node's end.
  void own(ps_deleter deleter) { deleter_ = deleter; }

  core::autograd::Gradients backward(const core::autograd::Gradients &results,
                                     const std::vector<bool> &is_wanted) override;

 private:
  ~CustomNode() override;
  core::Tensor checked(const ps_tensor *gradient, size_t index) const;

  ps_backward_function backward_;
  void *user_;
  ps_deleter deleter_ = nullptr;
};

}  // namespace penstock
