#include "core/autograd/backward.h"

#include <algorithm>
#include <unordered_map>
#include <utility>

#include "core/autograd/leaf.h"
#include "core/base/error.h"
#include "core/ops/elementwise.h"
#include "core/ops/reduce.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core::autograd {
namespace {

// A gradient that grows while the walk goes on.
struct Sum {
  Tensor tensor;
  bool is_own = false;  // in memory that this walk made for it

  void add(Tensor gradient) {
    if (!tensor.storage) {
      tensor = std::move(gradient);
    } else if (is_own) {
      binary_into(tensor, Operation::add, tensor, gradient);
    } else {
      tensor = binary(Operation::add, tensor, gradient);
      is_own = true;
    }
  }
};

struct Visit {
  Node *node;
  std::vector<Sum> sums;  // of each result's gradient
  bool is_needed = true;
};

Tensor zeros_like(const Outline &outline) { return zeros(outline.dtype, outline.shape, {.device = outline.device}); }

Tensor seed_gradient(const Seed &seed) {
  const Tensor &tensor = seed.variable.tensor;
  if (!seed.variable.source.node)
    fail(Status::invalid_argument, "a ", tensor.dtype, " tensor of shape ", tensor.shape,
         " has no gradients to go back to: nothing that it was made of requires them, or recording was off");
  if (seed.gradient == nullptr) {
    if (tensor.element_count() != 1)
      fail(Status::invalid_argument, "a tensor of shape ", tensor.shape,
           " needs a gradient to start from: only one of a single element starts from 1");
    if (kind_of(tensor.dtype) == complexes)
      fail(Status::invalid_argument, "a tensor of ", tensor.dtype,
           " needs a gradient to start from: only a real one starts from 1");
    const double one = 1;
    return full(tensor.dtype, tensor.shape, &one, DType::float64, {.device = tensor.device()});
  }
  if (seed.gradient->shape != tensor.shape)
    fail(Status::invalid_argument, "a gradient of shape ", seed.gradient->shape, " was given for a tensor of shape ",
         tensor.shape);
  if (!has_gradients(seed.gradient->dtype))
    fail(Status::type_mismatch, "a gradient of ", seed.gradient->dtype,
         " was given: expected a floating or complex one");
  return fitted(*seed.gradient, outline_of(tensor));
}

class Walk {
 public:
  Walk(std::span<const Seed> seeds, std::span<const Variable> wanted, bool keep_graph)
      : wanted_(wanted), found_(wanted.size()), keep_graph_(keep_graph) {
    for (const Seed &seed : seeds) gradients_.push_back(seed_gradient(seed));
    collect(seeds);
    for (size_t index = 0; index < seeds.size(); ++index)
      add(seeds[index].variable.source, std::move(gradients_[index]));
    gradients_.clear();
  }

  // The visits run from the newest node to the oldest, so that all who add to a gradient have done so before it is used.
  void run(bool to_leaves) {
    if (!to_leaves) find_needed();
    for (Visit &visit : visits_) step(visit, to_leaves);
  }

  void give_to_leaves() {
    for (const auto &[leaf, gradient] : leaves_) leaf->gather(gradient);
  }
  Gradients take_found() { return std::move(found_); }

 private:
  Visit *visit_of(const Node *node) {
    const auto place = places_.find(node);
    return place == places_.end() ? nullptr : &visits_[place->second];
  }

  void collect(std::span<const Seed> seeds) {
    std::vector<Node *> pending;
    const auto meet = [&](Node *node) {
      if (node == nullptr || !places_.emplace(node, 0).second) return;
      visits_.push_back({node, std::vector<Sum>(node->results().size())});
      pending.push_back(node);
    };
    for (const Seed &seed : seeds) meet(seed.variable.source.node.get());
    while (!pending.empty()) {
      const Node *node = pending.back();
      pending.pop_back();
      for (const Edge &edge : node->operands()) meet(edge.source.node.get());
    }
    std::sort(visits_.begin(), visits_.end(),
              [](const Visit &one, const Visit &other) { return one.node->sequence() > other.node->sequence(); });
    for (size_t place = 0; place < visits_.size(); ++place) places_[visits_[place].node] = place;
  }

  // Only what lies between the seeds and what is wanted.
  void find_needed() {
    for (auto visit = visits_.rbegin(); visit != visits_.rend(); ++visit) {
      const std::vector<Edge> &operands = visit->node->operands();
      visit->is_needed = is_wanted(visit->node) || std::any_of(operands.begin(), operands.end(),
                                                               [&](const Edge &edge) { return is_needed(edge); });
    }
  }

  bool is_wanted(const Node *node) const {
    return std::any_of(wanted_.begin(), wanted_.end(),
                       [&](const Variable &variable) { return variable.source.node.get() == node; });
  }

  bool is_needed(const Edge &edge) {
    const Visit *visit = visit_of(edge.source.node.get());
    return visit != nullptr && visit->is_needed;
  }

  void add(const Source &source, Tensor gradient) {
    visit_of(source.node.get())->sums[static_cast<size_t>(source.output)].add(std::move(gradient));
  }

  void step(Visit &visit, bool to_leaves) {
    const bool has_any = std::any_of(visit.sums.begin(), visit.sums.end(),
                                     [](const Sum &sum) { return static_cast<bool>(sum.tensor.storage); });
    if (!visit.is_needed || !has_any) return;
    note_found(visit);
    if (visit.node->is_leaf()) {
      if (to_leaves) keep_for_leaf(visit);
      return;
    }
    std::vector<bool> is_wanted_of_node;
    for (const Edge &edge : visit.node->operands()) is_wanted_of_node.push_back(is_needed(edge));
    if (std::find(is_wanted_of_node.begin(), is_wanted_of_node.end(), true) == is_wanted_of_node.end()) return;
    pass_on(visit, is_wanted_of_node);
  }

  void note_found(const Visit &visit) {
    for (size_t index = 0; index < wanted_.size(); ++index)
      if (wanted_[index].source.node.get() == visit.node)
        found_[index] = visit.sums[static_cast<size_t>(wanted_[index].source.output)].tensor;
  }

  void keep_for_leaf(Visit &visit) {
    const Tensor gradient = std::exchange(visit.sums[0].tensor, {});
    leaves_.emplace_back(static_cast<Leaf *>(visit.node), dense_gradient(gradient));
  }

  void pass_on(Visit &visit, const std::vector<bool> &is_wanted_of_node) {
    Gradients results;
    for (size_t index = 0; index < visit.sums.size(); ++index) {
      Tensor gradient = std::exchange(visit.sums[index].tensor, {});
      results.push_back(gradient.storage ? std::move(gradient) : zeros_like(visit.node->results()[index]));
    }
    Gradients operands = visit.node->backward(results, is_wanted_of_node);
    results.clear();
    for (size_t index = 0; index < operands.size(); ++index) {
      const Edge &edge = visit.node->operands()[index];
      if (is_wanted_of_node[index] && operands[index].storage)
        add(edge.source, fitted(std::exchange(operands[index], {}), edge.outline));
    }
    if (!keep_graph_) visit.node->forget();
  }

  std::span<const Variable> wanted_;
  Gradients found_, gradients_;
  bool keep_graph_;
  std::vector<Visit> visits_;
  std::unordered_map<const Node *, size_t> places_;
  std::vector<std::pair<Leaf *, Tensor>> leaves_;
};

}  // namespace

void run_backward(std::span<const Seed> seeds, bool keep_graph) {
  const RecordingPaused paused;
  Walk walk(seeds, {}, keep_graph);
  walk.run(/*to_leaves=*/true);
  walk.give_to_leaves();
}

Gradients gradients_of(std::span<const Seed> seeds, std::span<const Variable> wanted, bool keep_graph) {
  const RecordingPaused paused;
  Walk walk(seeds, wanted, keep_graph);
  walk.run(/*to_leaves=*/false);
  Gradients found = walk.take_found();
  for (Tensor &gradient : found)
    if (gradient.storage) gradient = dense_gradient(std::exchange(gradient, {}));
  return found;
}

Tensor fitted(const Tensor &gradient, const Outline &outline) {
  Tensor sum = gradient;
  if (sum.shape != outline.shape) {
    const int32_t added = sum.ndim() - outline.shape.size();
    std::vector<int32_t> axes;
    for (int32_t axis = 0; axis < sum.ndim(); ++axis)
      if (axis < added || outline.shape[axis - added] != sum.shape[axis]) axes.push_back(axis);
    sum = reshape(contiguous(reduce(Operation::sum, sum, axes, {})), outline.shape);
  }
  if (kind_of(sum.dtype) == complexes && kind_of(outline.dtype) != complexes) sum = unary(Operation::real, sum);
  if (sum.dtype != outline.dtype) sum = astype(sum, outline.dtype, Casting::unsafe);
  return on_device(sum, outline.device);
}

}  // namespace penstock::core::autograd
