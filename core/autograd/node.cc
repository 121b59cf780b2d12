#include "core/autograd/node.h"

#include <utility>

#include "core/ops/operation.h"

namespace penstock::core::autograd {
namespace {

std::atomic<uint64_t> next_sequence{1};
thread_local bool recording = true;

// The nodes that lost their last holder on this thread and are not deleted yet.  The first release deletes them one after
// the other: a chain of any length takes no stack.
thread_local const Node *released = nullptr;
thread_local bool is_deleting = false;

}  // namespace

Outline outline_of(const Tensor &tensor) { return {tensor.shape, tensor.dtype, tensor.device()}; }

Edge edge_to(const Variable &operand) { return {operand.source, outline_of(operand.tensor)}; }

Node::Node(std::string name, std::vector<Edge> operands, std::vector<Outline> results)
    : name_(std::move(name)),
      operands_(std::move(operands)),
      results_(std::move(results)),
      sequence_(next_sequence.fetch_add(1, std::memory_order_relaxed)) {}

void Node::release() const noexcept {
  if (holders_.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
  next_released_ = std::exchange(released, this);
  if (is_deleting) return;
  is_deleting = true;
  while (released != nullptr) {
    const Node *node = std::exchange(released, released->next_released_);
    delete node;
  }
  is_deleting = false;
}

bool is_recording() { return recording; }
void set_recording(bool value) { recording = value; }

bool has_gradients(DType dtype) { return (kind_of(dtype) & inexact) != 0; }

}  // namespace penstock::core::autograd
