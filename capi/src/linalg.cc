#include <penstock/linalg.h>

#include <utility>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/recording.h"
#include "capi/src/tensor_arguments.h"
#include "core/autograd/linalg_rules.h"
#include "core/linalg/contract.h"
#include "core/linalg/matmul.h"

using namespace penstock;

ps_status ps_ops_matmul(ps_tensor **out, const ps_tensor *first, const ps_tensor *second) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(first, "first");
    require_not_null(second, "second");
    *out = wrap_made(core::matmul(unwrap(first), unwrap(second)), is_recorded({first, second}),
                     [&](const core::Tensor &result) {
                       return core::autograd::record_matmul(variable_of(first), variable_of(second), result);
                     });
  });
}

ps_status ps_ops_matmul_into(ps_tensor *destination, const ps_tensor *first, const ps_tensor *second) {
  return guarded([&] {
    require_not_null(destination, "destination");
    require_not_null(first, "first");
    require_not_null(second, "second");
    ElementWrite write("matmul", destination, {first, second});
    if (!write.is_recorded()) {
      core::matmul_into(unwrap(destination), unwrap(first), unwrap(second));
      return write.done();
    }
    const core::Tensor one = write.apart(first), other = write.apart(second), result = core::matmul(one, other);
    core::Reference<core::autograd::Node> node;
    if (is_recorded({first, second}))
      node = core::autograd::record_matmul({one, handle_of(first)->source}, {other, handle_of(second)->source}, result);
    write.record(result, std::move(node));
  });
}

ps_status ps_ops_tensordot(ps_tensor **out, const ps_tensor *first, const ps_tensor *second, int32_t axis_count,
                           const int32_t *first_axes, const int32_t *second_axes) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(first, "first");
    require_not_null(second, "second");
    const auto left = read_axes(axis_count, first_axes, "first_axes");
    const auto right = read_axes(axis_count, second_axes, "second_axes");
    *out = wrap_made(core::tensordot(unwrap(first), unwrap(second), left, right), is_recorded({first, second}),
                     [&](const core::Tensor &result) {
                       return core::autograd::record_tensordot(variable_of(first), variable_of(second), left, right,
                                                               result);
                     });
  });
}

ps_status ps_ops_vecdot(ps_tensor **out, const ps_tensor *first, const ps_tensor *second, int32_t axis) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(first, "first");
    require_not_null(second, "second");
    *out = wrap_made(core::vecdot(unwrap(first), unwrap(second), axis), is_recorded({first, second}),
                     [&](const core::Tensor &result) {
                       return core::autograd::record_vecdot(variable_of(first), variable_of(second), axis, result);
                     });
  });
}
