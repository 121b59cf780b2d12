// The walk back through a graph, from the gradients of some tensors to those of the tensors they were made of.
#pragma once

#include <span>

#include "core/autograd/node.h"

namespace penstock::core::autograd {

// Where a walk begins: a tensor, and the gradient of what is differentiated by it.
struct Seed {
  Variable variable;
  const Tensor *gradient;  // null: 1, for a tensor of one element
};

// Adds to each leaf's gradient.  Unless keep_graph what the nodes kept is given back on the way: they can be walked once.
//
// Both throw invalid_argument for a tensor without a source, a gradient of another shape, none for more than one element,
// and as Node::backward() does.  After a throw the leaves are as they were; without keep_graph the graph may be given up.
void run_backward(std::span<const Seed> seeds, bool keep_graph);

// The gradients of some tensors of the graph, each in its own dtype and shape; leaves are not touched.  Empty for one that
// the seeds do not depend on.
Gradients gradients_of(std::span<const Seed> seeds, std::span<const Variable> wanted, bool keep_graph);

// A gradient summed over the axes that an operand of that outline was repeated along, in its dtype and on its device; of a
// real operand the real part.
Tensor fitted(const Tensor &gradient, const Outline &outline);

}  // namespace penstock::core::autograd
