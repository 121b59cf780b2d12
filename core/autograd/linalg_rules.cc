#include "core/autograd/linalg_rules.h"

#include <array>

#include "core/autograd/formula.h"
#include "core/autograd/operation_node.h"
#include "core/linalg/matmul.h"
#include "core/tensor/view.h"

namespace penstock::core::autograd {
namespace {

Tensor adjoint(const Tensor &matrix) { return conj(transpose(matrix, -2, -1)); }

Tensor without_axis(const Tensor &tensor, int32_t axis) { return squeeze(tensor, std::array{axis}); }

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

}  // namespace penstock::core::autograd
