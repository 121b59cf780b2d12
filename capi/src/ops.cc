#include <penstock/ops.h>

#include <optional>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/options.h"
#include "capi/src/recording.h"
#include "capi/src/tensor_arguments.h"
#include "core/autograd/elementwise_rules.h"
#include "core/autograd/reduction_rules.h"
#include "core/ops/elementwise.h"
#include "core/ops/promotion.h"
#include "core/ops/reduce.h"

using namespace penstock;
namespace autograd = core::autograd;

namespace penstock {

template <>
struct OptionsLayout<ps_reduce_options> {
  static constexpr ps_reduce_options defaults = PS_REDUCE_OPTIONS_INIT;
  static constexpr const char *name = "ps_reduce_options";
  static constexpr uint32_t field_ends[] = {
      PS_FIELD_END(ps_reduce_options, struct_size), PS_FIELD_END(ps_reduce_options, keep_axes),
      PS_FIELD_END(ps_reduce_options, correction), PS_FIELD_END(ps_reduce_options, dtype),
      PS_FIELD_END(ps_reduce_options, reserved)};
};

}  // namespace penstock

namespace {

using core::Tensor;

const core::OperationInfo &read_operation(ps_operation operation) {
  const core::OperationInfo *info = core::find_operation(static_cast<core::Operation>(operation));
  if (info == nullptr)
    core::fail(core::Status::invalid_argument, "operation is ", static_cast<int32_t>(operation),
               ": no operation, see ps_operation");
  return *info;
}

// 0 means none.
std::optional<core::DType> read_optional_dtype(int32_t dtype) {
  if (dtype == 0) return std::nullopt;
  return read_dtype(static_cast<ps_dtype>(dtype), "dtype");
}

core::ReduceOptions read_reduce_options(const ps_reduce_options *given) {
  const ps_reduce_options options = read_options(given);
  require_reserved_is_zero(options);
  return {require_flag(options.keep_axes, "keep_axes"), read_optional_dtype(options.dtype), options.correction};
}

// Whether a result of an operation is to remember how it was made.
bool is_recorded(const core::OperationInfo &info, std::initializer_list<const ps_tensor *> operands) {
  // Others that are not differentiable have the slope 0, or no numbers, wherever they have one.
  if (info.operation == core::Operation::nextafter) require_not_recorded(info.name, operands);
  return penstock::is_recorded(operands) && info.is_differentiable;
}

core::Reference<autograd::Node> record_clip(const ps_tensor *operand, const ps_tensor *low, const ps_tensor *high,
                                            const Tensor &result) {
  std::optional<autograd::Variable> lowest, highest;
  if (low != nullptr) lowest.emplace(variable_of(low));
  if (high != nullptr) highest.emplace(variable_of(high));
  return autograd::record_clip(variable_of(operand), lowest ? &*lowest : nullptr, highest ? &*highest : nullptr,
                               result);
}

}  // namespace

const char *ps_operation_name(ps_operation operation) {
  return guarded_getter<const char *>(nullptr, [&] { return read_operation(operation).name.data(); });
}

ps_status ps_operation_find(ps_operation *out, const char *name) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(name, "name");
    const std::optional<core::Operation> found = core::find_operation(name);
    if (!found) core::fail(core::Status::not_found, "no operation is named '", name, "'");
    *out = static_cast<ps_operation>(*found);
  });
}

int32_t ps_operation_is_differentiable(ps_operation operation) {
  return guarded_getter<int32_t>(-1, [&] { return read_operation(operation).is_differentiable ? 1 : 0; });
}

ps_status ps_result_type(ps_dtype *out, int32_t count, const ps_dtype *dtypes) {
  return guarded([&] {
    require_not_null(out, "out");
    if (count < 1) core::fail(core::Status::invalid_argument, "count is ", count, ": expected 1 or more");
    require_not_null(dtypes, "dtypes");
    core::DType common = read_dtype(dtypes[0], "dtypes[0]");
    for (int32_t index = 1; index < count; ++index)
      common = core::promote(common, read_dtype(dtypes[index], "a dtype"));
    *out = static_cast<ps_dtype>(common);
  });
}

ps_status ps_ops_unary(ps_tensor **out, ps_operation operation, const ps_tensor *operand) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    const core::OperationInfo &info = read_operation(operation);
    *out = wrap_made(
        core::unary(info.operation, unwrap(operand)), is_recorded(info, {operand}),
        [&](const Tensor &result) { return autograd::record_unary(info.operation, variable_of(operand), result); });
  });
}

ps_status ps_ops_binary(ps_tensor **out, ps_operation operation, const ps_tensor *first, const ps_tensor *second) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(first, "first");
    require_not_null(second, "second");
    const core::OperationInfo &info = read_operation(operation);
    *out = wrap_made(core::binary(info.operation, unwrap(first), unwrap(second)), is_recorded(info, {first, second}),
                     [&](const Tensor &result) {
                       return autograd::record_binary(info.operation, variable_of(first), variable_of(second), result);
                     });
  });
}

ps_status ps_ops_unary_into(ps_tensor *destination, ps_operation operation, const ps_tensor *operand) {
  return guarded([&] {
    require_not_null(destination, "destination");
    require_not_null(operand, "operand");
    const core::OperationInfo &info = read_operation(operation);
    ElementWrite write(info.name, destination, {operand});
    if (!write.is_recorded()) {
      core::unary_into(unwrap(destination), info.operation, unwrap(operand));
      return write.done();
    }
    const Tensor before = write.apart(operand), result = core::unary(info.operation, before);
    core::Reference<autograd::Node> node;
    if (is_recorded(info, {operand}))
      node = autograd::record_unary(info.operation, {before, handle_of(operand)->source}, result);
    write.record(result, std::move(node));
  });
}

ps_status ps_ops_binary_into(ps_tensor *destination, ps_operation operation, const ps_tensor *first,
                             const ps_tensor *second) {
  return guarded([&] {
    require_not_null(destination, "destination");
    require_not_null(first, "first");
    require_not_null(second, "second");
    const core::OperationInfo &info = read_operation(operation);
    ElementWrite write(info.name, destination, {first, second});
    if (!write.is_recorded()) {
      core::binary_into(unwrap(destination), info.operation, unwrap(first), unwrap(second));
      return write.done();
    }
    const Tensor one = write.apart(first), other = write.apart(second);
    const Tensor result = core::binary(info.operation, one, other);
    core::Reference<autograd::Node> node;
    if (is_recorded(info, {first, second}))
      node = autograd::record_binary(info.operation, {one, handle_of(first)->source},
                                     {other, handle_of(second)->source}, result);
    write.record(result, std::move(node));
  });
}

ps_status ps_ops_where(ps_tensor **out, const ps_tensor *condition, const ps_tensor *first, const ps_tensor *second) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(condition, "condition");
    require_not_null(first, "first");
    require_not_null(second, "second");
    *out =
        wrap_made(core::where(unwrap(condition), unwrap(first), unwrap(second)), is_recorded({first, second}),
                  [&](const Tensor &result) {
                    return autograd::record_where(unwrap(condition), variable_of(first), variable_of(second), result);
                  });
  });
}

ps_status ps_ops_clip(ps_tensor **out, const ps_tensor *operand, const ps_tensor *low, const ps_tensor *high) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    *out = wrap_made(
        core::clip(unwrap(operand), low == nullptr ? nullptr : &unwrap(low), high == nullptr ? nullptr : &unwrap(high)),
        is_recorded({operand, low, high}),
        [&](const Tensor &result) { return record_clip(operand, low, high, result); });
  });
}

ps_status ps_reduce_options_init(ps_reduce_options *options, uint32_t struct_size) {
  return guarded([&] { init_options(options, struct_size); });
}

ps_status ps_ops_reduce(ps_tensor **out, ps_operation operation, const ps_tensor *operand, int32_t axis_count,
                        const int32_t *axes, const ps_reduce_options *options) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    const core::OperationInfo &info = read_operation(operation);
    const std::span<const int32_t> named = read_axes(axis_count, axes);
    const core::ReduceOptions read = read_reduce_options(options);
    *out = wrap_made(core::reduce(info.operation, unwrap(operand), named, read), is_recorded(info, {operand}),
                     [&](const Tensor &result) {
                       return autograd::record_reduce(info.operation, variable_of(operand), named, read, result);
                     });
  });
}

ps_status ps_ops_accumulate(ps_tensor **out, ps_operation operation, const ps_tensor *operand, int32_t axis,
                            int32_t dtype, int32_t initial) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    const core::OperationInfo &info = read_operation(operation);
    const bool has_initial = require_flag(initial, "initial");
    *out =
        wrap_made(core::accumulate(info.operation, unwrap(operand), axis, read_optional_dtype(dtype), has_initial),
                  is_recorded(info, {operand}), [&](const Tensor &result) {
                    return autograd::record_accumulate(info.operation, variable_of(operand), axis, has_initial, result);
                  });
  });
}
