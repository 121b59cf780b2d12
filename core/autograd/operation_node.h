// The node of an operation of the engine's own: what it keeps, and the rule by which gradients pass it.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "core/autograd/node.h"

namespace penstock::core::autograd {

// One passing of a node: the gradient of its result, and what is asked for.
class Pass {
 public:
  virtual const Tensor &gradient() const = 0;
  virtual bool wants(size_t operand) const = 0;
  // What record() was given to keep.  Throws invalid_argument where it was given back, or changed since.
  virtual const Tensor &kept(size_t index) const = 0;

 protected:
  ~Pass() = default;
};

// The gradients of the operands; any may be left empty that is not wanted, or is zero.
using Rule = std::function<Gradients(const Pass &)>;

// A node for result, which an operation of that name made of operands.  kept is what the rule reads again: operands,
// the result, in their memory; one without storage is not kept.
Reference<Node> record(std::string name, const std::vector<Variable> &operands, const Tensor &result,
                       std::vector<Tensor> kept, Rule rule);

// For an operation of one operand whose rule needs nothing but the gradient, and captures nothing but numbers.
Reference<Node> record_linear(std::string name, const Variable &operand, const Tensor &result,
                              std::function<Tensor(const Tensor &gradient)> rule);

}  // namespace penstock::core::autograd
