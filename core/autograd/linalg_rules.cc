#include "core/autograd/linalg_rules.h"

#include <algorithm>
#include <array>
#include <vector>

#include "core/autograd/formula.h"
#include "core/autograd/operation_node.h"
#include "core/linalg/contract.h"
#include "core/linalg/matmul.h"
#include "core/tensor/view.h"

namespace penstock::core::autograd {
namespace {

Tensor adjoint(const Tensor &matrix) { return conj(transpose(matrix, -2, -1)); }

Tensor without_axis(const Tensor &tensor, int32_t axis) { return squeeze(tensor, std::array{axis}); }

using Axes = std::vector<int32_t>;

Axes resolved_axes(std::span<const int32_t> axes, int32_t ndim) {
  Axes resolved;
  for (const int32_t axis : axes) resolved.push_back(resolve_axis(axis, ndim));
  return resolved;
}

// The axes of a tensor of ndim that are not named, in their order.
Axes other_axes(const Axes &named, int32_t ndim) {
  Axes others;
  for (int32_t axis = 0; axis < ndim; ++axis)
    if (std::ranges::find(named, axis) == named.end()) others.push_back(axis);
  return others;
}

Axes axes_from(int32_t first, size_t count) {
  Axes axes;
  for (size_t index = 0; index < count; ++index) axes.push_back(first + static_cast<int32_t>(index));
  return axes;
}

// One operand of tensordot(): which of its axes are summed over, in the order named, and which stay in the result.
struct Contracted {
  Contracted(const Tensor &operand, std::span<const int32_t> axes)
      : summed(resolved_axes(axes, operand.ndim())), kept(other_axes(summed, operand.ndim())) {}

  Axes summed, kept;
};

// The axes of an operand's gradient into the operand's order: it has them as the operand's kept ones from kept_begin on, and
// from summed_begin on the summed ones as the partner's tensor has them.
Tensor in_operand_order(const Tensor &gradient, const Contracted &operand, int32_t kept_begin,
                        const Contracted &partner, int32_t summed_begin) {
  Axes order(static_cast<size_t>(gradient.ndim()));
  for (size_t index = 0; index < operand.kept.size(); ++index)
    order[static_cast<size_t>(operand.kept[index])] = kept_begin + static_cast<int32_t>(index);
  for (size_t index = 0; index < operand.summed.size(); ++index) {
    const auto before =
        std::ranges::count_if(partner.summed, [&](int32_t axis) { return axis < partner.summed[index]; });
    order[static_cast<size_t>(operand.summed[index])] = summed_begin + static_cast<int32_t>(before);
  }
  return permute(gradient, order);
}

// The result's axes are first's kept ones, then second's.
Gradients tensordot_gradients(const Pass &pass, const Contracted &first, const Contracted &second) {
  const auto first_kept = static_cast<int32_t>(first.kept.size());
  const auto summed_count = static_cast<int32_t>(first.summed.size());
  Gradients gradients(2);
  if (pass.wants(0))
    gradients[0] = in_operand_order(
        tensordot(pass.gradient(), conj(pass.kept(1)), axes_from(first_kept, second.kept.size()), second.kept), first,
        0, second, first_kept);
  if (pass.wants(1))
    gradients[1] =
        in_operand_order(tensordot(conj(pass.kept(0)), pass.gradient(), first.kept, axes_from(0, first.kept.size())),
                         second, summed_count, first, 0);
  return gradients;
}

}  // namespace

// An operand of one axis is a row on the left, a column on the right; the result lacks that axis.
Reference<Node> record_matmul(const Variable &first, const Variable &second, const Tensor &result) {
  const bool is_row = first.tensor.ndim() == 1, is_column = second.tensor.ndim() == 1;
  return record("matmul", {first, second}, result,
                {second.source.node ? first.tensor : Tensor(), first.source.node ? second.tensor : Tensor()},
                [is_row, is_column](const Pass &pass) {
                  Tensor gradient = is_column ? unsqueeze(pass.gradient(), -1) : pass.gradient();
                  if (is_row) gradient = unsqueeze(gradient, -2);
                  Gradients gradients(2);
                  if (pass.wants(0)) {
                    const Tensor second_matrix = is_column ? unsqueeze(pass.kept(1), -1) : pass.kept(1);
                    gradients[0] = matmul(gradient, adjoint(second_matrix));
                    if (is_row) gradients[0] = without_axis(gradients[0], -2);
                  }
                  if (pass.wants(1)) {
                    const Tensor first_matrix = is_row ? unsqueeze(pass.kept(0), 0) : pass.kept(0);
                    gradients[1] = matmul(adjoint(first_matrix), gradient);
                    if (is_column) gradients[1] = without_axis(gradients[1], -1);
                  }
                  return gradients;
                });
}

Reference<Node> record_tensordot(const Variable &first, const Variable &second, std::span<const int32_t> first_axes,
                                 std::span<const int32_t> second_axes, const Tensor &result) {
  return record("tensordot", {first, second}, result,
                {second.source.node ? first.tensor : Tensor(), first.source.node ? second.tensor : Tensor()},
                [left = Contracted(first.tensor, first_axes), right = Contracted(second.tensor, second_axes)](
                    const Pass &pass) { return tensordot_gradients(pass, left, right); });
}

// The sum of conj(first) * second: by first it is no holomorphic function, and its gradient has the conjugate of what comes.
Reference<Node> record_vecdot(const Variable &first, const Variable &second, int32_t axis, const Tensor &result) {
  return record("vecdot", {first, second}, result,
                {second.source.node ? first.tensor : Tensor(), first.source.node ? second.tensor : Tensor()},
                [axis](const Pass &pass) {
                  const Tensor gradient = unsqueeze(pass.gradient(), axis);
                  Gradients gradients(2);
                  if (pass.wants(0)) gradients[0] = conj(gradient) * pass.kept(1);
                  if (pass.wants(1)) gradients[1] = gradient * pass.kept(0);
                  return gradients;
                });
}

}  // namespace penstock::core::autograd
