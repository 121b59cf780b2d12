// A leaf of the graph: a tensor that gradients are asked for, and the gradient it has gathered so far.
#pragma once

#include <mutex>

#include "core/autograd/node.h"

namespace penstock::core::autograd {

class Leaf : public Node {
 public:
  explicit Leaf(const Tensor &tensor) : Node("leaf", {}, {outline_of(tensor)}) {}

  bool is_leaf() const override { return true; }
  Gradients backward(const Gradients &results, const std::vector<bool> &is_wanted) override;

  // Threads: any number of these at once.
  Tensor gradient() const;          // empty where none has been gathered
  void set_gradient(Tensor given);  // empty drops what there is
  // Adds what dense_gradient() gave, in the memory of what was there, or as the first gradient.
  void gather(const Tensor &gradient);

 private:
  mutable std::mutex mutex_;
  Tensor gradient_;
};

// A gradient in dense memory that nobody else sees.
Tensor dense_gradient(const Tensor &gradient);

}  // namespace penstock::core::autograd
