#include <penstock/ops_order.h>

#include <utility>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/recording.h"
#include "core/autograd/join_rules.h"
#include "core/ops/along_axis.h"
#include "core/ops/search.h"
#include "core/ops/sort.h"
#include "core/tensor/copy.h"
#include "core/tensor/view.h"

using namespace penstock;
namespace autograd = core::autograd;

namespace {

using core::Tensor;

// Of elements that were picked along an axis; indices are the node's own.
core::Reference<autograd::Node> record_picked(const char *name, const ps_tensor *operand, const Tensor &result,
                                              Tensor indices, int32_t axis) {
  return autograd::record_moved(
      name, variable_of(operand), result,
      [kept = std::move(indices), axis](const Tensor &numbers) { return core::take_along_axis(numbers, kept, axis); });
}

// A new handle that is released unless it is given to the caller.
class NewHandle {
 public:
  // Null for a tensor without a storage.
  explicit NewHandle(Tensor tensor) : handle_(tensor.storage ? wrap(std::move(tensor)) : nullptr) {}
  explicit NewHandle(ps_tensor *handle) : handle_(handle) {}
  ~NewHandle() { ps_tensor_release(handle_); }
  NewHandle(const NewHandle &) = delete;
  NewHandle &operator=(const NewHandle &) = delete;
  ps_tensor *give() { return std::exchange(handle_, nullptr); }

 private:
  ps_tensor *handle_;
};

}  // namespace

ps_status ps_ops_sort(ps_tensor **out, const ps_tensor *operand, int32_t axis, int32_t descending) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    const bool is_descending = require_flag(descending, "descending");
    *out =
        wrap_made(core::sort(unwrap(operand), axis, is_descending), is_recorded({operand}), [&](const Tensor &result) {
          return record_picked("sort", operand, result, core::argsort(unwrap(operand), axis, is_descending), axis);
        });
  });
}

ps_status ps_ops_argsort(ps_tensor **out, const ps_tensor *operand, int32_t axis, int32_t descending) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    *out = wrap(core::argsort(unwrap(operand), axis, require_flag(descending, "descending")));
  });
}

ps_status ps_ops_searchsorted(ps_tensor **out, const ps_tensor *sorted, const ps_tensor *values, ps_side side,
                              const ps_tensor *sorter) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(sorted, "sorted");
    require_not_null(values, "values");
    require_enum(side, PS_SIDE_RIGHT, "side");
    *out = wrap(core::search_sorted(unwrap(sorted), unwrap(values), static_cast<core::Side>(side),
                                    sorter == nullptr ? nullptr : &unwrap(sorter)));
  });
}

ps_status ps_ops_unique(ps_tensor **values, ps_tensor **indices, ps_tensor **inverse, ps_tensor **counts,
                        const ps_tensor *operand) {
  return guarded([&] {
    require_not_null(values, "values");
    require_not_null(operand, "operand");
    const bool recorded = is_recorded({operand});
    core::Unique found = core::unique(
        unwrap(operand),
        {.first_indices = indices != nullptr || recorded, .inverse = inverse != nullptr, .counts = counts != nullptr});
    // Each value is the element that stands first of its equals; the graph keeps indices of its own.
    NewHandle new_values(wrap_made(std::move(found.values), recorded, [&](const Tensor &result) {
      return autograd::record_moved("unique", variable_of(operand), result,
                                    [kept = core::clone(found.first_indices)](const Tensor &numbers) {
                                      return core::take_along_axis(core::flatten(numbers), kept, 0);
                                    });
    }));
    NewHandle new_indices(indices == nullptr ? Tensor() : std::move(found.first_indices)),
        new_inverse(std::move(found.inverse)), new_counts(std::move(found.counts));
    *values = new_values.give();
    if (indices != nullptr) *indices = new_indices.give();
    if (inverse != nullptr) *inverse = new_inverse.give();
    if (counts != nullptr) *counts = new_counts.give();
  });
}

ps_status ps_ops_take_along_axis(ps_tensor **out, const ps_tensor *operand, const ps_tensor *indices, int32_t axis) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(operand, "operand");
    require_not_null(indices, "indices");
    *out = wrap_made(core::take_along_axis(unwrap(operand), unwrap(indices), axis), is_recorded({operand}),
                     [&](const Tensor &result) {
                       return record_picked("take_along_axis", operand, result, core::clone(unwrap(indices)), axis);
                     });
  });
}
