#include <penstock/ops_join.h>

#include <span>
#include <vector>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/tensor_arguments.h"
#include "core/base/text.h"
#include "core/ops/along_axis.h"
#include "core/ops/join.h"
#include "core/ops/making.h"

using namespace penstock;

namespace {

std::vector<const core::Tensor *> read_tensors(int32_t count, ps_tensor *const *tensors) {
  if (count < 1) core::fail(core::Status::invalid_argument, "count is ", count, ": expected 1 or more");
  require_not_null(tensors, "tensors");
  std::vector<const core::Tensor *> read;
  read.reserve(static_cast<size_t>(count));
  for (int32_t index = 0; index < count; ++index) {
    if (tensors[index] == nullptr) core::fail(core::Status::invalid_argument, "tensors[", index, "] is NULL");
    read.push_back(&unwrap(tensors[index]));
  }
  return read;
}

// lowest to PS_MAX_NDIM numbers; they may be NULL when there are none to read.
std::span<const int64_t> read_numbers(int32_t count, int32_t lowest, const int64_t *numbers, const char *count_name,
                                      const char *name) {
  if (count < lowest || count > PS_MAX_NDIM)
    core::fail(core::Status::invalid_argument, count_name, " is ", count, ": expected ", lowest, " to ", PS_MAX_NDIM);
  if (count > 0) require_not_null(numbers, name);
  return {numbers, static_cast<size_t>(count)};
}

const core::Tensor *read_optional(const ps_tensor *tensor) { return tensor == nullptr ? nullptr : &unwrap(tensor); }

ps_status triangle(ps_tensor **out, const ps_tensor *operand, core::Triangle kept, int64_t diagonal) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    *out = wrap(core::triangle(unwrap(operand), kept, diagonal));
  });
}

}  // namespace

ps_status ps_ops_concat(ps_tensor **out, int32_t count, ps_tensor *const *tensors, int32_t axis) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = wrap(core::concat(read_tensors(count, tensors), axis));
  });
}

ps_status ps_ops_stack(ps_tensor **out, int32_t count, ps_tensor *const *tensors, int32_t axis) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = wrap(core::stack(read_tensors(count, tensors), axis));
  });
}

ps_status ps_ops_tile(ps_tensor **out, const ps_tensor *operand, int32_t repetition_count, const int64_t *repetitions) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    *out = wrap(
        core::tile(unwrap(operand), read_numbers(repetition_count, 0, repetitions, "repetition_count", "repetitions")));
  });
}

ps_status ps_ops_repeat(ps_tensor **out, const ps_tensor *operand, const ps_tensor *repetitions, int32_t axis) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    require_not_null(repetitions, "repetitions");
    *out = wrap(core::repeat(unwrap(operand), unwrap(repetitions), axis));
  });
}

ps_status ps_ops_roll(ps_tensor **out, const ps_tensor *operand, int32_t shift_count, const int64_t *shifts,
                      const int32_t *axes) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    const std::span<const int64_t> read = read_numbers(shift_count, 1, shifts, "shift_count", "shifts");
    const std::span<const int32_t> named =
        axes == nullptr ? std::span<const int32_t>() : std::span<const int32_t>(axes, read.size());
    *out = wrap(core::roll(unwrap(operand), read, named));
  });
}

ps_status ps_ops_diff(ps_tensor **out, const ps_tensor *operand, int32_t axis, int64_t order,
                      const ps_tensor *prepended, const ps_tensor *appended) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    *out = wrap(core::difference(unwrap(operand), axis, order, read_optional(prepended), read_optional(appended)));
  });
}

ps_status ps_ops_tril(ps_tensor **out, const ps_tensor *operand, int64_t diagonal) {
  return triangle(out, operand, core::Triangle::lower, diagonal);
}

ps_status ps_ops_triu(ps_tensor **out, const ps_tensor *operand, int64_t diagonal) {
  return triangle(out, operand, core::Triangle::upper, diagonal);
}

ps_status ps_ops_eye(ps_tensor **out, int64_t rows, int64_t columns, int64_t diagonal, ps_dtype dtype,
                     const ps_tensor_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    *out = wrap(core::eye(rows, columns, diagonal, read_dtype(dtype, "dtype"), read_allocation(options)));
  });
}

ps_status ps_ops_linspace(ps_tensor **out, double start, double stop, int64_t count, int32_t with_stop, ps_dtype dtype,
                          const ps_tensor_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    const bool ends_there = require_flag(with_stop, "with_stop");
    *out = wrap(core::linspace(start, stop, count, ends_there, read_dtype(dtype, "dtype"), read_allocation(options)));
  });
}
