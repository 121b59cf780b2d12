#include <penstock/autograd.h>

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "capi/src/custom_node.h"
#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/recording.h"
#include "core/autograd/backward.h"
#include "core/autograd/leaf.h"
#include "core/tensor/copy.h"

using namespace penstock;
namespace autograd = core::autograd;

namespace {

// count handles, none of them NULL.
std::span<ps_tensor *const> read_tensors(int32_t count, ps_tensor *const *tensors, const char *name) {
  if (count < 1) core::fail(core::Status::invalid_argument, name, "'s count is ", count, ": expected 1 or more");
  require_not_null(tensors, name);
  require_elements_not_null(count, tensors, name);
  return {tensors, static_cast<size_t>(count)};
}

std::vector<autograd::Seed> read_seeds(int32_t output_count, ps_tensor *const *outputs, ps_tensor *const *gradients) {
  std::vector<autograd::Seed> seeds;
  for (const ps_tensor *output : read_tensors(output_count, outputs, "outputs")) {
    const ps_tensor *gradient = gradients == nullptr ? nullptr : gradients[seeds.size()];
    seeds.push_back({variable_of(output), gradient == nullptr ? nullptr : &unwrap(gradient)});
  }
  return seeds;
}

std::vector<autograd::Variable> read_inputs(int32_t input_count, ps_tensor *const *inputs) {
  std::vector<autograd::Variable> variables;
  for (const ps_tensor *input : read_tensors(input_count, inputs, "inputs")) {
    if (!requires_gradients(input))
      core::fail(core::Status::invalid_argument, "inputs[", variables.size(), "], of ", unwrap(input).dtype,
                 " and shape ", unwrap(input).shape, ", does not require gradients");
    variables.push_back(variable_of(input));
  }
  return variables;
}

// The leaf behind a handle; null where it is none that requires gradients.
autograd::Leaf *leaf_of(const ps_tensor *tensor) {
  const autograd::Source &source = handle_of(tensor)->source;
  return source.node && source.node->is_leaf() ? static_cast<autograd::Leaf *>(source.node.get()) : nullptr;
}

void require_gradient_of(const core::Tensor &tensor, const core::Tensor &gradient) {
  if (gradient.shape != tensor.shape)
    core::fail(core::Status::invalid_argument, "a gradient of shape ", gradient.shape,
               " was given for a tensor of shape ", tensor.shape);
  if (gradient.dtype != tensor.dtype)
    core::fail(core::Status::type_mismatch, "a gradient of ", gradient.dtype, " was given for a tensor of ",
               tensor.dtype);
}

std::vector<autograd::Edge> edges_to(std::span<ps_tensor *const> tensors) {
  std::vector<autograd::Edge> edges;
  for (const ps_tensor *tensor : tensors) edges.push_back(autograd::edge_to(variable_of(tensor)));
  return edges;
}

std::vector<autograd::Outline> outlines_of(std::span<ps_tensor *const> tensors) {
  std::vector<autograd::Outline> outlines;
  for (const ps_tensor *tensor : tensors) outlines.push_back(autograd::outline_of(unwrap(tensor)));
  return outlines;
}

}  // namespace

/* What requires gradients */

ps_status ps_tensor_set_requires_grad(ps_tensor *tensor, int32_t requires_grad) {
  return guarded([&] {
    require_not_null(tensor, "tensor");
    TensorHandle &handle = *handle_of(tensor);
    const bool wanted = require_flag(requires_grad, "requires_grad");
    if (wanted && !autograd::has_gradients(handle.tensor.dtype))
      core::fail(core::Status::type_mismatch, "a tensor of ", handle.tensor.dtype,
                 " has no gradients: only floating and complex ones have");
    if (wanted == static_cast<bool>(handle.source.node)) return;
    if (!wanted && !handle.source.node->is_leaf())
      core::fail(core::Status::invalid_argument, "a tensor of shape ", handle.tensor.shape, " that ",
                 handle.source.node->name(), " made requires gradients because its operands do: detach it instead");
    handle.source = wanted ? autograd::Source{core::Reference<autograd::Node>::adopt(new autograd::Leaf(handle.tensor))}
                           : autograd::Source{};
  });
}

int32_t ps_tensor_requires_grad(const ps_tensor *tensor) {
  return guarded_getter<int32_t>(-1, [&] {
    require_not_null(tensor, "tensor");
    return requires_gradients(tensor) ? 1 : 0;
  });
}

int32_t ps_tensor_is_leaf(const ps_tensor *tensor) {
  return guarded_getter<int32_t>(-1, [&] {
    require_not_null(tensor, "tensor");
    return !requires_gradients(tensor) || leaf_of(tensor) != nullptr ? 1 : 0;
  });
}

ps_status ps_tensor_detach(ps_tensor **out, const ps_tensor *tensor) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(tensor, "tensor");
    *out = wrap(unwrap(tensor));
  });
}

ps_status ps_tensor_grad(ps_tensor **out, const ps_tensor *tensor) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(tensor, "tensor");
    const autograd::Leaf *leaf = leaf_of(tensor);
    core::Tensor gradient = leaf == nullptr ? core::Tensor() : leaf->gradient();
    *out = gradient.storage ? wrap(std::move(gradient)) : nullptr;
  });
}

ps_status ps_tensor_set_grad(ps_tensor *tensor, const ps_tensor *gradient) {
  return guarded([&] {
    require_not_null(tensor, "tensor");
    autograd::Leaf *leaf = leaf_of(tensor);
    if (leaf == nullptr)
      core::fail(core::Status::invalid_argument, "a tensor of shape ", unwrap(tensor).shape,
                 " gathers no gradient: it is no leaf that requires gradients");
    core::Tensor given;
    if (gradient != nullptr) {
      require_gradient_of(unwrap(tensor), unwrap(gradient));
      given = core::clone(unwrap(gradient));
    }
    leaf->set_gradient(std::move(given));
  });
}

uint64_t ps_tensor_version(const ps_tensor *tensor) {
  return guarded_getter<uint64_t>(0, [&] {
    require_not_null(tensor, "tensor");
    return unwrap(tensor).storage->version();
  });
}

/* Recording */

int32_t ps_grad_recording(void) { return autograd::is_recording() ? 1 : 0; }

ps_status ps_set_grad_recording(int32_t recording) {
  return guarded([&] { autograd::set_recording(require_flag(recording, "recording")); });
}

/* Walking back */

ps_status ps_backward(int32_t output_count, ps_tensor *const *outputs, ps_tensor *const *gradients,
                      int32_t keep_graph) {
  return guarded([&] {
    const std::vector<autograd::Seed> seeds = read_seeds(output_count, outputs, gradients);
    autograd::run_backward(seeds, require_flag(keep_graph, "keep_graph"));
  });
}

ps_status ps_gradients(ps_tensor **out, int32_t output_count, ps_tensor *const *outputs, ps_tensor *const *gradients,
                       int32_t input_count, ps_tensor *const *inputs, int32_t keep_graph) {
  return guarded([&] {
    require_not_null(out, "out");
    const std::vector<autograd::Seed> seeds = read_seeds(output_count, outputs, gradients);
    const std::vector<autograd::Variable> wanted = read_inputs(input_count, inputs);
    autograd::Gradients found = autograd::gradients_of(seeds, wanted, require_flag(keep_graph, "keep_graph"));
    std::vector<core::Reference<TensorHandle>> handles;
    for (core::Tensor &gradient : found)
      handles.push_back(gradient.storage ? core::Reference<TensorHandle>::adopt(new TensorHandle(std::move(gradient)))
                                         : core::Reference<TensorHandle>());
    for (size_t index = 0; index < handles.size(); ++index)
      out[index] = reinterpret_cast<ps_tensor *>(handles[index].give_away());
  });
}

/* Operations of one's own */

ps_status ps_record_custom(ps_tensor **out, const char *name, int32_t output_count, ps_tensor *const *outputs,
                           int32_t input_count, ps_tensor *const *inputs, ps_backward_function backward, void *user,
                           ps_deleter deleter) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(name, "name");
    require_not_null(reinterpret_cast<const void *>(backward), "backward");
    const std::span<ps_tensor *const> made = read_tensors(output_count, outputs, "outputs");
    const std::span<ps_tensor *const> operands = read_tensors(input_count, inputs, "inputs");
    bool recorded = false;
    for (const ps_tensor *operand : operands) recorded = recorded || is_recorded({operand});
    CustomNode *custom = nullptr;
    core::Reference<autograd::Node> node;
    if (recorded)
      node = core::Reference<autograd::Node>::adopt(
          custom = new CustomNode(name, edges_to(operands), outlines_of(made), backward, user));
    std::vector<core::Reference<TensorHandle>> handles;
    for (const ps_tensor *output : made) {
      autograd::Source source;
      if (recorded && autograd::has_gradients(unwrap(output).dtype))
        source = {node, static_cast<int32_t>(handles.size())};
      handles.push_back(core::Reference<TensorHandle>::adopt(new TensorHandle(unwrap(output), std::move(source))));
    }
    for (size_t index = 0; index < handles.size(); ++index)
      out[index] = reinterpret_cast<ps_tensor *>(handles[index].give_away());
    // Nothing fails from here on: the caller's value is now the node's, or at once given back.
    if (recorded)
      custom->own(deleter);
    else if (deleter != nullptr)
      deleter(user);
  });
}
