#include <penstock/ops_order.h>

#include <utility>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "core/ops/along_axis.h"
#include "core/ops/search.h"
#include "core/ops/sort.h"

using namespace penstock;

namespace {

// A new handle that is released unless it is given to the caller.
class NewHandle {
 public:
  // Null for a tensor without a storage.
  explicit NewHandle(core::Tensor tensor) : handle_(tensor.storage ? wrap(std::move(tensor)) : nullptr) {}
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
    *out = wrap(core::sort(unwrap(operand), axis, require_flag(descending, "descending")));
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
    core::Unique found =
        core::unique(unwrap(operand),
                     {.first_indices = indices != nullptr, .inverse = inverse != nullptr, .counts = counts != nullptr});
    NewHandle new_values(std::move(found.values)), new_indices(std::move(found.first_indices)),
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
    *out = wrap(core::take_along_axis(unwrap(operand), unwrap(indices), axis));
  });
}
