// The graph that gradients flow back through: a node for each recorded operation and for each leaf.
//
// A node holds the nodes that its operation's operands came from, never the other way, and never a handle: what nobody can
// start from any more is gone.  Threads: any number may retain and release a node, and read what it is.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/reference.h"
#include "core/tensor/tensor.h"

namespace penstock::core::autograd {

class Node;

// Where a tensor comes from: the output of a node; of none where no gradient flows through it.
struct Source {
  Reference<Node> node;
  int32_t output = 0;
};

// A tensor as an operation sees it.
struct Variable {
  const Tensor &tensor;
  const Source &source;
};

// What a gradient of a tensor must look like.
struct Outline {
  Extents shape;
  DType dtype;
  Device device;
};

Outline outline_of(const Tensor &tensor);

// The way from an operation back to one of its operands.
struct Edge {
  Source source;
  Outline outline;
};

Edge edge_to(const Variable &operand);

// The gradients of several tensors; one without storage stands for zeros.
using Gradients = std::vector<Tensor>;

// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): release() alone deletes it
class Node {
 public:
  Node(std::string name, std::vector<Edge> operands, std::vector<Outline> results);
  Node(const Node &) = delete;
  Node &operator=(const Node &) = delete;

  void retain() const { holders_.fetch_add(1, std::memory_order_relaxed); }
  // Deletes the node with its last holder, and what that held alone, however deep, without recursion.
  void release() const noexcept;

  const std::string &name() const { return name_; }
  const std::vector<Edge> &operands() const { return operands_; }
  const std::vector<Outline> &results() const { return results_; }
  // Grows with time: every node has a larger one than the nodes it holds.
  uint64_t sequence() const { return sequence_; }

  virtual bool is_leaf() const { return false; }

  // The gradients of the operands, of those of all results; broadcast shapes and wider dtypes are the caller's to fit to the
  // operands' outlines.  is_wanted says of which operands they are asked for: others may be left empty.  Throws
  // invalid_argument where what was kept is gone, or was changed in place.
  virtual Gradients backward(const Gradients &results, const std::vector<bool> &is_wanted) = 0;

  // Gives back what was kept for backward().
  virtual void forget() noexcept {}

 protected:
  virtual ~Node() = default;

 private:
  std::string name_;
  std::vector<Edge> operands_;
  std::vector<Outline> results_;
  uint64_t sequence_;
  mutable std::atomic<int64_t> holders_{1};
  mutable const Node *next_released_ = nullptr;  // in the list of those to be deleted
};

// Whether operations on this thread are recorded; they are unless it was said otherwise.
bool is_recording();
void set_recording(bool recording);

// In which a scope's operations are not recorded.
class RecordingPaused {
 public:
  RecordingPaused() : before_(is_recording()) { set_recording(false); }
  ~RecordingPaused() { set_recording(before_); }
  RecordingPaused(const RecordingPaused &) = delete;
  RecordingPaused &operator=(const RecordingPaused &) = delete;

 private:
  bool before_;
};

// Whether a tensor of the dtype can have a gradient: floating and complex ones.
bool has_gradients(DType dtype);

}  // namespace penstock::core::autograd
