// What the shims do so that gradients can flow back through their calls: results remember how they were made, and writes
// to elements are refused where a gradient would be lost.
#pragma once

#include <penstock/tensor.h>

#include <initializer_list>
#include <span>
#include <string_view>
#include <utility>

#include "capi/src/handles.h"
#include "core/autograd/node.h"

namespace penstock {

inline core::autograd::Variable variable_of(const ps_tensor *tensor) {
  return {unwrap(tensor), handle_of(tensor)->source};
}

inline bool requires_gradients(const ps_tensor *tensor) { return static_cast<bool>(handle_of(tensor)->source.node); }

// Whether what is made of some tensors, of which any may be NULL, is to remember that.
inline bool is_recorded(std::span<const ps_tensor *const> operands) {
  for (const ps_tensor *operand : operands)
    if (operand != nullptr && requires_gradients(operand)) return core::autograd::is_recording();
  return false;
}

inline bool is_recorded(std::initializer_list<const ps_tensor *> operands) {
  return is_recorded(std::span<const ps_tensor *const>(operands.begin(), operands.size()));
}

// For an operation that has no rule and gives numbers that depend on its operands: throws invalid_argument, naming it, where
// its result would have to remember them.
void require_not_recorded(std::string_view what, std::initializer_list<const ps_tensor *> operands);

// wrap(), of a result that remembers the node make_node(result) gives where it is recorded and can have a gradient.
template <typename MakeNode>
ps_tensor *wrap_made(core::Tensor result, bool recorded, MakeNode &&make_node) {
  if (!recorded || !core::autograd::has_gradients(result.dtype)) return wrap(std::move(result));
  core::autograd::Source source{make_node(static_cast<const core::Tensor &>(result)), 0};
  return wrap(std::move(result), std::move(source));
}

// A write to the elements of a tensor that there is already.
class ElementWrite {
 public:
  // Throws invalid_argument, naming what writes, where destination is a leaf, or where gradients flow through the write and
  // other tensors see the memory.  Operands may be NULL.
  ElementWrite(std::string_view what, ps_tensor *destination, std::initializer_list<const ps_tensor *> operands);

  // Whether destination has to remember what was written; then the caller writes by record(), otherwise in its own way,
  // and says done().
  bool is_recorded() const { return is_recorded_; }
  void done() noexcept { handle_.tensor.storage->note_write(); }

  // An operand as it was before the write, for what is kept for the way back.
  core::Tensor apart(const ps_tensor *operand) const;

  // Copies a new tensor into destination, which from then on leads to node; nowhere where that is null.
  void record(const core::Tensor &result, core::Reference<core::autograd::Node> node);

  // For a write that can only be done without: throws invalid_argument where it is recorded.
  void refuse_recording() const;

 private:
  std::string_view what_;
  TensorHandle &handle_;
  bool is_recorded_ = false;
};

}  // namespace penstock
