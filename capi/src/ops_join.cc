#include <penstock/ops_join.h>

#include <span>
#include <vector>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/recording.h"
#include "capi/src/tensor_arguments.h"
#include "core/autograd/join_rules.h"
#include "core/base/text.h"
#include "core/ops/along_axis.h"
#include "core/ops/join.h"
#include "core/ops/making.h"
#include "core/tensor/copy.h"

using namespace penstock;
namespace autograd = core::autograd;

namespace {

using core::Tensor;

std::vector<const core::Tensor *> read_tensors(int32_t count, ps_tensor *const *tensors) {
  if (count < 1) core::fail(core::Status::invalid_argument, "count is ", count, ": expected 1 or more");
  require_not_null(tensors, "tensors");
  require_elements_not_null(count, tensors, "tensors");
  std::vector<const core::Tensor *> read;
  read.reserve(static_cast<size_t>(count));
  for (int32_t index = 0; index < count; ++index) read.push_back(&unwrap(tensors[index]));
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

// Tensors that are joined.
struct Joined {
  Joined(int32_t count, ps_tensor *const *tensors)
      : tensors(read_tensors(count, tensors)), handles(tensors, tensors + count) {}

  bool is_recorded() const { return penstock::is_recorded(handles); }
  std::vector<autograd::Variable> variables() const {
    std::vector<autograd::Variable> variables;
    for (const ps_tensor *handle : handles) variables.push_back(variable_of(handle));
    return variables;
  }

  std::vector<const Tensor *> tensors;
  std::vector<const ps_tensor *> handles;
};

const core::Tensor *read_optional(const ps_tensor *tensor) { return tensor == nullptr ? nullptr : &unwrap(tensor); }

ps_status triangle(ps_tensor **out, const ps_tensor *operand, core::Triangle kept, int64_t diagonal) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    *out =
        wrap_made(core::triangle(unwrap(operand), kept, diagonal), is_recorded({operand}), [&](const Tensor &result) {
          return autograd::record_masked(
              kept == core::Triangle::lower ? "tril" : "triu", variable_of(operand), result,
              [kept, diagonal](const Tensor &gradient) { return core::triangle(gradient, kept, diagonal); });
        });
  });
}

// What is joined to the operand before its differences are taken has gradients of its own.
core::Reference<autograd::Node> record_difference(const ps_tensor *operand, int32_t axis, int64_t order,
                                                  const ps_tensor *prepended, const ps_tensor *appended,
                                                  const Tensor &result) {
  if (prepended == nullptr && appended == nullptr)
    return autograd::record_difference(variable_of(operand), axis, order, result);
  std::vector<const Tensor *> parts;
  std::vector<autograd::Variable> variables;
  for (const ps_tensor *part : {prepended, operand, appended}) {
    if (part == nullptr) continue;
    parts.push_back(&unwrap(part));
    variables.push_back(variable_of(part));
  }
  const Tensor joined = core::concat(parts, axis);
  const autograd::Source source{autograd::record_concat(variables, axis, joined), 0};
  return autograd::record_difference({joined, source}, axis, order, result);
}

}  // namespace

ps_status ps_ops_concat(ps_tensor **out, int32_t count, ps_tensor *const *tensors, int32_t axis) {
  return guarded([&] {
    require_not_null(out, "out");
    const Joined joined(count, tensors);
    *out = wrap_made(core::concat(joined.tensors, axis), joined.is_recorded(),
                     [&](const Tensor &result) { return autograd::record_concat(joined.variables(), axis, result); });
  });
}

ps_status ps_ops_stack(ps_tensor **out, int32_t count, ps_tensor *const *tensors, int32_t axis) {
  return guarded([&] {
    require_not_null(out, "out");
    const Joined joined(count, tensors);
    *out = wrap_made(core::stack(joined.tensors, axis), joined.is_recorded(),
                     [&](const Tensor &result) { return autograd::record_stack(joined.variables(), axis, result); });
  });
}

ps_status ps_ops_tile(ps_tensor **out, const ps_tensor *operand, int32_t repetition_count, const int64_t *repetitions) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    const auto read = read_numbers(repetition_count, 0, repetitions, "repetition_count", "repetitions");
    *out = wrap_made(core::tile(unwrap(operand), read), is_recorded({operand}), [&](const Tensor &result) {
      return autograd::record_moved(
          "tile", variable_of(operand), result,
          [kept = std::vector(read.begin(), read.end())](const Tensor &numbers) { return core::tile(numbers, kept); });
    });
  });
}

ps_status ps_ops_repeat(ps_tensor **out, const ps_tensor *operand, const ps_tensor *repetitions, int32_t axis) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    require_not_null(repetitions, "repetitions");
    *out = wrap_made(
        core::repeat(unwrap(operand), unwrap(repetitions), axis), is_recorded({operand}), [&](const Tensor &result) {
          return autograd::record_moved("repeat", variable_of(operand), result,
                                        [kept = core::clone(unwrap(repetitions)), axis](const Tensor &numbers) {
                                          return core::repeat(numbers, kept, axis);
                                        });
        });
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
    *out = wrap_made(core::roll(unwrap(operand), read, named), is_recorded({operand}), [&](const Tensor &result) {
      return autograd::record_moved(
          "roll", variable_of(operand), result,
          [by = std::vector(read.begin(), read.end()), along = std::vector(named.begin(), named.end())](
              const Tensor &numbers) { return core::roll(numbers, by, along); });
    });
  });
}

ps_status ps_ops_diff(ps_tensor **out, const ps_tensor *operand, int32_t axis, int64_t order,
                      const ps_tensor *prepended, const ps_tensor *appended) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    *out = wrap_made(core::difference(unwrap(operand), axis, order, read_optional(prepended), read_optional(appended)),
                     is_recorded({operand, prepended, appended}), [&](const Tensor &result) {
                       return record_difference(operand, axis, order, prepended, appended, result);
                     });
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
