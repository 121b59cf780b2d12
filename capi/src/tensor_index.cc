#include <penstock/tensor_index.h>

#include <array>
#include <span>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "capi/src/recording.h"
#include "core/autograd/index_rules.h"
#include "core/tensor/index.h"

using namespace penstock;

namespace {

// The tensors behind handles of which some may be NULL.
class Indices {
 public:
  Indices(int32_t count, ps_tensor *const *handles) : count_(count) {
    if (count < 0 || count > PS_MAX_NDIM)
      core::fail(core::Status::invalid_argument, "index_count is ", count, ": expected 0 to ", PS_MAX_NDIM);
    if (count > 0) require_not_null(handles, "indices");
    for (int32_t index = 0; index < count; ++index)
      tensors_[static_cast<size_t>(index)] = handles[index] == nullptr ? nullptr : &unwrap(handles[index]);
  }
  std::span<const core::Tensor *const> tensors() const { return {tensors_.data(), static_cast<size_t>(count_)}; }

 private:
  int32_t count_;
  std::array<const core::Tensor *, PS_MAX_NDIM> tensors_;
};

}  // namespace

ps_status ps_tensor_take(ps_tensor **out, const ps_tensor *tensor, int32_t index_count, ps_tensor *const *indices) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(tensor, "tensor");
    const Indices picking(index_count, indices);
    *out = wrap_made(core::take(unwrap(tensor), picking.tensors()), is_recorded({tensor}),
                     [&](const core::Tensor &result) {
                       return core::autograd::record_take(variable_of(tensor), picking.tensors(), result);
                     });
  });
}

ps_status ps_tensor_put(ps_tensor *destination, int32_t index_count, ps_tensor *const *indices, const ps_tensor *source,
                        ps_casting casting) {
  return guarded([&] {
    require_not_null(destination, "destination");
    require_not_null(source, "source");
    require_enum(casting, PS_CAST_UNSAFE, "casting");
    ElementWrite write("put", destination, {source});
    write.refuse_recording();
    core::put(unwrap(destination), Indices(index_count, indices).tensors(), unwrap(source),
              static_cast<core::Casting>(casting));
    write.done();
  });
}

ps_status ps_tensor_nonzero(ps_tensor **out, const ps_tensor *tensor) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(tensor, "tensor");
    *out = wrap(core::nonzero(unwrap(tensor)));
  });
}
