// The C handles and the engine's objects behind them.  A handle is its object's address: C sees no more than that.
#pragma once

#include <penstock/tensor.h>

#include <utility>

#include "core/autograd/node.h"
#include "core/base/reference.h"
#include "core/tensor/tensor.h"

namespace penstock {

struct TensorHandle : core::Counted<TensorHandle> {
  explicit TensorHandle(core::Tensor value, core::autograd::Source made_by = {})
      : tensor(std::move(value)), source(std::move(made_by)) {}
  core::Tensor tensor;
  core::autograd::Source source;  // without a node for a tensor that requires no gradients
};

inline TensorHandle *handle_of(ps_tensor *tensor) { return reinterpret_cast<TensorHandle *>(tensor); }
inline const TensorHandle *handle_of(const ps_tensor *tensor) { return reinterpret_cast<const TensorHandle *>(tensor); }
inline const core::Tensor &unwrap(const ps_tensor *tensor) { return handle_of(tensor)->tensor; }
inline ps_tensor *wrap(core::Tensor tensor, core::autograd::Source source = {}) {
  return reinterpret_cast<ps_tensor *>(new TensorHandle(std::move(tensor), std::move(source)));
}

}  // namespace penstock
