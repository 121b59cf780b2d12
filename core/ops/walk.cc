#include "core/ops/walk.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include "core/base/insertion_sort.h"
#include "core/base/thread_pool.h"
#include "core/tensor/convert.h"

namespace penstock::core {
namespace {

struct Axis {
  int64_t size;
  std::array<int64_t, most_operands> strides;  // in bytes, the result's first
};

struct Memories {
  std::byte *out;
  std::array<const std::byte *, most_operands - 1> inputs;

  void move(const Axis &axis, int64_t steps, int32_t operand_count) {
    out += steps * axis.strides[0];
    for (int32_t operand = 1; operand < operand_count; ++operand)
      inputs[static_cast<size_t>(operand - 1)] += steps * axis.strides[static_cast<size_t>(operand)];
  }
};

struct Plan {
  Plan(ElementwiseKernel its_kernel, int32_t its_operand_count)
      : kernel(its_kernel), operand_count(its_operand_count) {}
  ElementwiseKernel kernel;
  int32_t operand_count;
  Memories memories{};
  std::array<ConvertRun, most_operands - 1>
      conversions{};  // of the inputs; null for one that the kernel takes as it is
  bool has_conversions = false;
  int64_t computing_size = 0;       // of a converted element
  std::array<Axis, max_ndim> axes;  // outermost first; those beyond ndim are not initialised
  int32_t ndim = 0;

  Axis &axis(int32_t index) { return axes[static_cast<size_t>(index)]; }
  const Axis &axis(int32_t index) const { return axes[static_cast<size_t>(index)]; }
};

bool continues(const Axis &outer, const Axis &inner, int32_t operand_count) {
  for (int32_t operand = 0; operand < operand_count; ++operand)
    if (outer.strides[static_cast<size_t>(operand)] != inner.strides[static_cast<size_t>(operand)] * inner.size)
      return false;
  return true;
}

void order_and_join(Plan &plan) {
  insertion_sort(plan.axes.begin(), plan.axes.begin() + plan.ndim,
                 [](const Axis &a, const Axis &b) { return std::abs(a.strides[0]) > std::abs(b.strides[0]); });
  int32_t joined = 0;  // axes before this one are final
  for (int32_t index = 1; index < plan.ndim; ++index) {
    Axis &outer = plan.axis(joined);
    const Axis inner = plan.axis(index);
    if (continues(outer, inner, plan.operand_count))
      outer = {outer.size * inner.size, inner.strides};
    else
      plan.axis(++joined) = inner;
  }
  plan.ndim = std::min(plan.ndim, joined + 1);
  // A kernel's call is worth a dozen elements: a long axis makes up for strides that make no vectors.
  constexpr int64_t short_run = 12;
  if (plan.ndim < 2) return;
  Axis &innermost = plan.axis(plan.ndim - 1), &next = plan.axis(plan.ndim - 2);
  if (innermost.size < short_run && next.size > innermost.size) std::swap(innermost, next);
}

Plan plan_of(ElementwiseKernel kernel, std::span<const Tensor *const> operands, std::optional<DType> computing) {
  Plan plan(kernel, static_cast<int32_t>(operands.size()));
  plan.memories.out = operands[0]->data;
  for (size_t operand = 1; operand < operands.size(); ++operand)
    plan.memories.inputs[operand - 1] = operands[operand]->data;
  for (size_t operand = 1; computing && operand < operands.size(); ++operand) {
    if (operands[operand]->dtype == *computing) continue;
    plan.conversions[operand - 1] = find_conversion(*computing, operands[operand]->dtype);
    plan.computing_size = dtype_size(*computing);
    plan.has_conversions = true;
  }
  const Extents &shape = operands[0]->shape;
  for (int32_t index = 0; index < shape.size(); ++index) {
    if (shape[index] == 1) continue;
    Axis axis{shape[index], {}};
    for (size_t operand = 0; operand < operands.size(); ++operand)
      axis.strides[operand] = operands[operand]->strides[index] * dtype_size(operands[operand]->dtype);
    plan.axis(plan.ndim++) = axis;
  }
  order_and_join(plan);
  return plan;
}

// The kernel on one run, with the inputs that need it converted a block at a time: their buffers stay in the first-level
// cache.
void run_converted(const Plan &plan, Memories memories, const Axis &run) {
  constexpr int64_t block_elements = 512, largest_element = 16;
  alignas(64) std::array<std::array<std::byte, block_elements * largest_element>, 2> buffers;
  for (int64_t first = 0; first < run.size; first += block_elements) {
    const int64_t count = std::min(block_elements, run.size - first);
    Axis block = run;
    Memories part = memories;
    part.move(run, first, plan.operand_count);
    for (size_t input = 0; input < buffers.size(); ++input) {
      int64_t &stride = block.strides[input + 1];
      if (plan.conversions[input] == nullptr) continue;
      std::byte *buffer = buffers[input].data();
      plan.conversions[input](buffer, plan.computing_size, part.inputs[input], stride, stride == 0 ? 1 : count);
      part.inputs[input] = buffer;
      stride = stride == 0 ? 0 : plan.computing_size;
    }
    plan.kernel(part.out, part.inputs.data(), block.strides.data(), count);
  }
}

void run_kernel(const Plan &plan, const Memories &memories, const Axis &run) {
  if (plan.has_conversions)
    run_converted(plan, memories, run);
  else
    plan.kernel(memories.out, memories.inputs.data(), run.strides.data(), run.size);
}

void run_serially(const Plan &plan, Memories memories) {
  if (plan.ndim == 0) return run_kernel(plan, memories, {1, {}});
  const Axis &innermost = plan.axis(plan.ndim - 1);
  std::array<int64_t, max_ndim> index{};
  while (true) {
    run_kernel(plan, memories, innermost);
    int32_t position = plan.ndim - 2;
    for (; position >= 0; --position) {
      int64_t &step = index[static_cast<size_t>(position)];
      const int64_t steps = step + 1 < plan.axis(position).size ? 1 : -step;
      memories.move(plan.axis(position), steps, plan.operand_count);
      step += steps;
      if (steps == 1) break;
    }
    if (position < 0) return;
  }
}

// The outermost axis that makes enough shards, otherwise the longest.
int32_t axis_to_split(const Plan &plan) {
  constexpr int64_t enough = 16;
  int32_t longest = 0;
  for (int32_t axis = 0; axis < plan.ndim; ++axis) {
    if (plan.axis(axis).size >= enough) return axis;
    if (plan.axis(axis).size > plan.axis(longest).size) longest = axis;
  }
  return longest;
}

}  // namespace

Tensor broadcast_view(const Tensor &tensor, const Extents &shape) {
  if (tensor.shape == shape) return tensor;
  Tensor view = tensor;
  view.shape = shape;
  view.strides = Extents::filled(shape.size(), 0);
  const int32_t new_axes = shape.size() - tensor.ndim();
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis)
    if (tensor.shape[axis] != 1) view.strides[axis + new_axes] = tensor.strides[axis];
  return view;
}

void run_elementwise(ElementwiseKernel kernel, std::span<const Tensor *const> operands, std::optional<DType> computing,
                     int64_t cost) {
  const int64_t count = operands[0]->element_count();
  if (count == 0) return;
  const Plan plan = plan_of(kernel, operands, computing);
  // Below it, waking another thread costs more than it brings (measured with one addition an element).
  const int64_t shard_elements = 32768 / cost, break_even = 4 * shard_elements;
  if (count < break_even) return run_serially(plan, plan.memories);
  const int32_t split = axis_to_split(plan);
  const int64_t index_elements = count / plan.axis(split).size;
  parallel_for(plan.axis(split).size, std::max<int64_t>(1, shard_elements / index_elements), [&](Range range) {
    Plan part = plan;
    part.memories.move(plan.axis(split), range.begin, plan.operand_count);
    part.axis(split).size = range.size();
    run_serially(part, part.memories);
  });
}

}  // namespace penstock::core
