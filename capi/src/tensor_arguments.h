// Reading the arguments that tensor functions share: dtypes, shapes, options.
#pragma once

#include <penstock/tensor.h>

#include <cstdint>
#include <span>

#include "capi/src/guard.h"
#include "core/tensor/create.h"
#include "core/tensor/tensor.h"

namespace penstock {

inline core::DType read_dtype(ps_dtype dtype, const char *name) {
  const core::DTypeInfo *info = core::find_dtype_info(static_cast<core::DType>(dtype));
  if (info == nullptr)
    core::fail(core::Status::invalid_argument, name, " is ", static_cast<int32_t>(dtype), ": expected 1 to ",
               core::dtype_count, ", see ps_dtype");
  return info->dtype;
}

// ndim sizes or strides; numbers may be NULL when there are none to read.
inline core::Extents read_extents(int32_t ndim, const int64_t *numbers, const char *name) {
  if (ndim < 0 || ndim > PS_MAX_NDIM)
    core::fail(core::Status::invalid_argument, "ndim is ", ndim, ": expected 0 to ", PS_MAX_NDIM);
  if (ndim > 0) require_not_null(numbers, name);
  return {numbers, ndim};
}

inline std::span<const int32_t> read_axes(int32_t axis_count, const int32_t *axes, const char *name = "axes") {
  if (axis_count < 0 || axis_count > PS_MAX_NDIM)
    core::fail(core::Status::invalid_argument, "axis_count is ", axis_count, ": expected 0 to ", PS_MAX_NDIM);
  if (axis_count > 0) require_not_null(axes, name);
  return {axes, static_cast<size_t>(axis_count)};
}

core::Allocation read_allocation(const ps_tensor_options *options);

}  // namespace penstock
