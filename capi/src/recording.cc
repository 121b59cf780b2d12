#include "capi/src/recording.h"

#include "core/autograd/view_rules.h"
#include "core/base/error.h"
#include "core/tensor/copy.h"

namespace penstock {

void require_not_recorded(std::string_view what, std::initializer_list<const ps_tensor *> operands) {
  if (is_recorded(operands))
    core::fail(core::Status::invalid_argument, what,
               " has no gradient, and an operand requires one: detach the operand, or call it under no_grad()");
}

ElementWrite::ElementWrite(std::string_view what, ps_tensor *destination,
                           std::initializer_list<const ps_tensor *> operands)
    : what_(what), handle_(*handle_of(destination)) {
  const bool is_tracked = requires_gradients(destination);
  if (!is_tracked && !penstock::is_recorded(operands)) return;
  is_recorded_ = core::autograd::is_recording() && core::autograd::has_gradients(handle_.tensor.dtype);
  if (!is_recorded_) return;
  if (is_tracked && handle_.source.node->is_leaf())
    core::fail(core::Status::invalid_argument, what_, " in place: a leaf of shape ", handle_.tensor.shape,
               " that requires gradients is not written to while operations are recorded: write under no_grad(), or "
               "make a new tensor");
  if (!handle_.tensor.storage->is_held_once()) refuse_recording();
}

void ElementWrite::refuse_recording() const {
  if (is_recorded_)
    core::fail(core::Status::invalid_argument, what_, " in place: gradients flow through the tensor of shape ",
               handle_.tensor.shape,
               " or what is written to it, and other tensors or the way back need its memory: make a new tensor "
               "(y = y + x, where, concat, stack), or write under no_grad()");
}

core::Tensor ElementWrite::apart(const ps_tensor *operand) const {
  const core::Tensor &tensor = unwrap(operand);
  return tensor.storage.get() == handle_.tensor.storage.get() ? core::clone(tensor) : tensor;
}

void ElementWrite::record(const core::Tensor &result, core::Reference<core::autograd::Node> node) {
  core::autograd::Source source{std::move(node), 0};
  const core::Tensor &destination = handle_.tensor;
  if (source.node && (result.shape != destination.shape || result.dtype != destination.dtype))
    source = {core::autograd::record_same("copy", {result, source}, destination), 0};
  core::copy(destination, result, core::Casting::same_kind);
  done();
  handle_.source = std::move(source);
}

}  // namespace penstock
