#include "core/ops/operands.h"

#include "core/base/error.h"
#include "core/ops/promotion.h"
#include "core/tensor/copy.h"

namespace penstock::core {

Tensor in_dtype(const Tensor &tensor, DType dtype) {
  return tensor.dtype == dtype ? tensor : astype(tensor, dtype, Casting::unsafe);
}

DType common_dtype(std::string_view wanted_by, std::span<const Tensor *const> operands) {
  DType common = operands[0]->dtype;
  for (const Tensor *operand : operands) {
    if (operand->dtype == common) continue;
    try {
      common = promote(common, operand->dtype);
    } catch (const Error &error) {
      fail(error.status(), wanted_by, ": ", error.sentence());
    }
  }
  return common;
}

int32_t resolve_axis_of(std::string_view wanted_by, int32_t axis, const Tensor &tensor) {
  if (axis < -tensor.ndim() || axis >= tensor.ndim())
    fail(Status::out_of_range, wanted_by, ": axis ", axis, " is outside shape ", tensor.shape);
  return axis < 0 ? axis + tensor.ndim() : axis;
}

}  // namespace penstock::core
