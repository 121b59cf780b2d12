#include "core/autograd/operation_node.h"

#include <utility>

#include "core/base/error.h"

namespace penstock::core::autograd {
namespace {

// Memory that is read again on the way back, and how often it had been written to when it was kept.
struct Kept {
  Tensor tensor;
  uint64_t version;
};

class OperationNode final : public Node {
 public:
  OperationNode(std::string name, std::vector<Edge> operands, const Tensor &result, std::vector<Tensor> kept, Rule rule)
      : Node(std::move(name), std::move(operands), {outline_of(result)}), rule_(std::move(rule)) {
    for (Tensor &tensor : kept) {
      const uint64_t version = tensor.storage ? tensor.storage->version() : 0;
      kept_.push_back({std::move(tensor), version});
    }
  }

  Gradients backward(const Gradients &results, const std::vector<bool> &is_wanted) override {
    if (was_forgotten_)
      fail(Status::invalid_argument, name(),
           ": a gradient has passed here before, and what was kept for it was given back: keep the graph "
           "(keep_graph, retain_graph=True) when it is to pass again");
    return rule_(OnePass(*this, results[0], is_wanted));
  }

  void forget() noexcept override {
    was_forgotten_ = !kept_.empty();
    kept_.clear();
  }

 private:
  class OnePass final : public Pass {
   public:
    OnePass(const OperationNode &node, const Tensor &gradient, const std::vector<bool> &is_wanted)
        : node_(node), gradient_(gradient), is_wanted_(is_wanted) {}
    const Tensor &gradient() const override { return gradient_; }
    bool wants(size_t operand) const override { return is_wanted_[operand]; }
    const Tensor &kept(size_t index) const override { return node_.unchanged(node_.kept_[index]); }

   private:
    const OperationNode &node_;
    const Tensor &gradient_;
    const std::vector<bool> &is_wanted_;
  };

  const Tensor &unchanged(const Kept &kept) const {
    if (kept.tensor.storage && kept.tensor.storage->version() != kept.version)
      fail(Status::invalid_argument, name(), ": a tensor of shape ", kept.tensor.shape,
           " that its gradient needs was changed in place since: change a clone, or write to a new tensor");
    return kept.tensor;
  }

  std::vector<Kept> kept_;
  Rule rule_;
  bool was_forgotten_ = false;
};

}  // namespace

Reference<Node> record(std::string name, const std::vector<Variable> &operands, const Tensor &result,
                       std::vector<Tensor> kept, Rule rule) {
  std::vector<Edge> edges;
  for (const Variable &operand : operands) edges.push_back(edge_to(operand));
  return Reference<Node>::adopt(
      new OperationNode(std::move(name), std::move(edges), result, std::move(kept), std::move(rule)));
}

Reference<Node> record_linear(std::string name, const Variable &operand, const Tensor &result,
                              std::function<Tensor(const Tensor &gradient)> rule) {
  return record(std::move(name), {operand}, result, {},
                [rule = std::move(rule)](const Pass &pass) -> Gradients { return {rule(pass.gradient())}; });
}

}  // namespace penstock::core::autograd
