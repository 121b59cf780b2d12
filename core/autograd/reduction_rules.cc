#include "core/autograd/reduction_rules.h"

#include <algorithm>
#include <complex>
#include <limits>
#include <string>

#include "core/autograd/formula.h"
#include "core/autograd/operation_node.h"
#include "core/base/error.h"
#include "core/tensor/copy.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core::autograd {
namespace {

const ReduceOptions open_axes = {true, std::nullopt, 0};

// Which axes of an operand are reduced, and to what a result is opened up again.
struct Reduction {
  Extents shape;  // the operand's
  std::array<bool, max_ndim> is_reduced{};
  int64_t count = 1;  // of the elements that make one

  Reduction(const Tensor &operand, std::span<const int32_t> axes) : shape(operand.shape) {
    for (const int32_t axis : axes) is_reduced[static_cast<size_t>(resolve_axis(axis, shape.size()))] = true;
    if (axes.empty()) is_reduced.fill(true);
    for (int32_t axis = 0; axis < shape.size(); ++axis)
      if (is_reduced[static_cast<size_t>(axis)]) count *= shape[axis];
  }

  // With the reduced axes, of size 1: it broadcasts with the operand.
  Tensor opened(const Tensor &reduced) const {
    Extents open = shape;
    for (int32_t axis = 0; axis < shape.size(); ++axis)
      if (is_reduced[static_cast<size_t>(axis)]) open[axis] = 1;
    return reshape(contiguous(reduced), open);
  }
  Tensor spread(const Tensor &reduced) const { return expand(opened(reduced), shape); }
};

Tensor flipped(const Tensor &tensor, int32_t axis) { return slice(tensor, axis, slice_open, slice_open, -1); }

// The products of all elements along the last axis that stand before each.
Tensor products_before(const Tensor &tensor, int32_t axis) {
  return narrow(accumulate(Operation::cumulative_prod, tensor, axis, std::nullopt, true), axis, 0, tensor.shape[axis]);
}

// Of each element the product of all the others: without a division, so that zeros do no harm.
Tensor product_of_others(const Tensor &operand, const Reduction &reduction) {
  std::vector<int32_t> order;
  for (const bool wanted : {false, true})
    for (int32_t axis = 0; axis < operand.ndim(); ++axis)
      if (reduction.is_reduced[static_cast<size_t>(axis)] == wanted) order.push_back(axis);
  const Tensor permuted = permute(operand, order);
  const int64_t rest = reduction.count == 0 ? 0 : operand.element_count() / reduction.count;
  const Tensor lines = reshape(contiguous(permuted), {rest, reduction.count});
  const Tensor others = products_before(lines, 1) * flipped(products_before(flipped(lines, 1), 1), 1);
  std::vector<int32_t> back(order.size());
  for (size_t place = 0; place < order.size(); ++place)
    back[static_cast<size_t>(order[place])] = static_cast<int32_t>(place);
  return permute(reshape(others, permuted.shape), back);
}

// Equal ones share the gradient; where the result is NaN, the NaNs do.
Tensor share_of_extreme(const Tensor &gradient, const Tensor &operand, const Tensor &result, const Reduction &reduction,
                        std::span<const int32_t> axes) {
  const Tensor extreme = reduction.opened(result);
  const Tensor is_extreme =
      either(is_equal(operand, extreme), both(unary(Operation::isnan, operand), unary(Operation::isnan, extreme)));
  const Tensor count = reduce(Operation::count_nonzero, is_extreme, axes, open_axes);
  const Tensor share = reduction.opened(gradient) / astype(count, gradient.dtype, Casting::unsafe);
  return where_or_zero(is_extreme, share);
}

Tensor var_gradient(const Tensor &gradient, const Tensor &operand, const Reduction &reduction,
                    std::span<const int32_t> axes, double correction) {
  const Tensor distance = operand - reduce(Operation::mean, operand, axes, open_axes);
  const double divisor = std::max(static_cast<double>(reduction.count) - correction, 0.0);
  return reduction.opened(gradient) * (distance * (2 / divisor));
}

// 0 where the deviation is 0: the slope has no one value there.
Tensor std_gradient(const Tensor &gradient, const Tensor &operand, const Tensor &result, const Reduction &reduction,
                    std::span<const int32_t> axes, double correction) {
  const Tensor of_var = where(is_equal(result, 0), number_beside(gradient, 0), gradient / (2 * result));
  return var_gradient(of_var, operand, reduction, axes, correction);
}

enum class Keeps { nothing, operand, both };

Keeps keeps_of(Operation operation) {
  switch (operation) {
    case Operation::sum:
    case Operation::mean: return Keeps::nothing;
    case Operation::prod:
    case Operation::var: return Keeps::operand;
    default: return Keeps::both;
  }
}

Tensor gradient_of(Operation operation, const Pass &pass, const Reduction &reduction, std::span<const int32_t> axes,
                   double correction) {
  const Tensor &gradient = pass.gradient();
  switch (operation) {
    case Operation::sum: return reduction.spread(gradient);
    case Operation::mean: return reduction.spread(gradient / static_cast<double>(reduction.count));
    case Operation::prod:
      return reduction.opened(gradient) *
             conj(product_of_others(astype(pass.kept(0), gradient.dtype, Casting::unsafe), reduction));
    case Operation::var: return var_gradient(gradient, pass.kept(0), reduction, axes, correction);
    case Operation::std: return std_gradient(gradient, pass.kept(0), pass.kept(1), reduction, axes, correction);
    default: return share_of_extreme(gradient, pass.kept(0), pass.kept(1), reduction, axes);
  }
}

// ---- Running totals ----

Tensor without_first(const Tensor &tensor, int32_t axis, bool has_initial) {
  return has_initial ? narrow(tensor, axis, 1, tensor.shape[axis] - 1) : tensor;
}

// The gradient g of the running products of one line x: of x[i] it is the product of all before it times what all totals
// from i on owe it, r[i] = g[i] + x[i + 1] r[i + 1].  No division: zeros do no harm.
template <typename Number>
void product_line_gradient(Number *out, const Number *gradient, const Number *x, int64_t length, int64_t stride) {
  const auto conjugate = [](Number number) {
    if constexpr (std::is_floating_point_v<Number>)
      return number;
    else
      return std::conj(number);
  };
  Number owed = 0, before = 1;
  for (int64_t index = length - 1; index >= 0; --index) {
    owed = gradient[index * stride] + (index + 1 < length ? conjugate(x[(index + 1) * stride]) * owed : Number(0));
    out[index * stride] = owed;
  }
  for (int64_t index = 0; index < length; ++index) {
    out[index * stride] *= conjugate(before);
    before *= x[index * stride];
  }
}

template <typename Number>
void product_gradient(const Tensor &out, const Tensor &gradient, const Tensor &x, int32_t axis) {
  const int64_t stride = out.strides[axis], length = out.shape[axis];
  const int64_t lines = length == 0 ? 0 : out.element_count() / length;
  const auto numbers = [](const Tensor &tensor) { return reinterpret_cast<Number *>(tensor.data); };
  for (int64_t line = 0; line < lines; ++line) {
    const int64_t first = line / stride * stride * length + line % stride;
    product_line_gradient(numbers(out) + first, numbers(gradient) + first, numbers(x) + first, length, stride);
  }
}

Tensor cumulative_prod_gradient(const Tensor &gradient, const Tensor &operand, int32_t axis) {
  const bool is_complex = kind_of(gradient.dtype) == complexes;
  const DType wide = is_complex ? DType::complex128 : DType::float64;
  const auto widened = [&](const Tensor &tensor) { return astype(in_main_memory(tensor), wide, Casting::unsafe); };
  Tensor out = empty(wide, operand.shape, {});
  if (is_complex)
    product_gradient<std::complex<double>>(out, widened(gradient), widened(operand), axis);
  else
    product_gradient<double>(out, widened(gradient), widened(operand), axis);
  return out;
}

}  // namespace

bool has_reduction_rule(Operation operation) {
  switch (operation) {
    case Operation::sum:
    case Operation::prod:
    case Operation::mean:
    case Operation::var:
    case Operation::std:
    case Operation::max:
    case Operation::min:
    case Operation::cumulative_sum:
    case Operation::cumulative_prod: return true;
    default: return false;
  }
}

Reference<Node> record_reduce(Operation operation, const Variable &operand, std::span<const int32_t> axes,
                              const ReduceOptions &options, const Tensor &result) {
  const Reduction reduction(operand.tensor, axes);
  const Keeps keeps = keeps_of(operation);
  return record(
      std::string(operation_info(operation).name), {operand}, result,
      {keeps == Keeps::nothing ? Tensor() : operand.tensor, keeps == Keeps::both ? result : Tensor()},
      [operation, reduction, named = std::vector<int32_t>(axes.begin(), axes.end()), correction = options.correction](
          const Pass &pass) -> Gradients { return {gradient_of(operation, pass, reduction, named, correction)}; });
}

Reference<Node> record_accumulate(Operation operation, const Variable &operand, int32_t axis, bool initial,
                                  const Tensor &result) {
  axis = resolve_axis(axis, operand.tensor.ndim());
  const bool is_sum = operation == Operation::cumulative_sum;
  return record(std::string(operation_info(operation).name), {operand}, result, {is_sum ? Tensor() : operand.tensor},
                [axis, initial, is_sum](const Pass &pass) -> Gradients {
                  const Tensor gradient = without_first(pass.gradient(), axis, initial);
                  if (!is_sum) return {cumulative_prod_gradient(gradient, pass.kept(0), axis)};
                  const Tensor totals =
                      accumulate(Operation::cumulative_sum, flipped(gradient, axis), axis, std::nullopt, false);
                  return {flipped(totals, axis)};
                });
}

}  // namespace penstock::core::autograd
