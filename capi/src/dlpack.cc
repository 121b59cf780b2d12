#include <penstock/dlpack.h>

#include "capi/src/guard.h"
#include "capi/src/handles.h"
#include "core/tensor/copy.h"
#include "core/tensor/dlpack.h"

using namespace penstock;

namespace {

bool wants_copy(uint32_t flags) {
  if ((flags & ~PS_DLPACK_COPY) != 0)
    core::fail(core::Status::invalid_argument, "flags is ", flags, ": expected 0 or PS_DLPACK_COPY (1)");
  return flags == PS_DLPACK_COPY;
}

// Another library would not know of the gradients that flow through a tensor: what it computes would have none.
void require_detached(const ps_tensor *tensor) {
  if (handle_of(tensor)->source.node)
    core::fail(core::Status::not_exportable, "a tensor of shape ", unwrap(tensor).shape,
               " that requires gradients is not lent, since they would be lost: lend what detach() gives");
}

// Both import functions.  The struct is consumed before out is looked at: from there on a failure lets go of the tensor,
// and with it of the struct.
template <typename Managed>
ps_status import_managed(ps_tensor **out, Managed *managed) {
  return guarded([&] {
    require_not_null(managed, "managed");
    core::Tensor tensor = core::from_dlpack(managed);
    require_not_null(out, "out");
    *out = wrap(std::move(tensor));
  });
}

}  // namespace

ps_status ps_tensor_to_dlpack(struct DLManagedTensorVersioned **out, ps_tensor *tensor, uint32_t flags) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(tensor, "tensor");
    require_detached(tensor);
    const bool is_copy = wants_copy(flags);
    *out = core::to_dlpack(is_copy ? core::clone(unwrap(tensor)) : unwrap(tensor), is_copy);
  });
}

ps_status ps_tensor_to_dlpack_legacy(struct DLManagedTensor **out, ps_tensor *tensor, uint32_t flags) {
  return guarded([&] {
    require_not_null(out, "out");
    require_not_null(tensor, "tensor");
    require_detached(tensor);
    *out = core::to_dlpack_legacy(wants_copy(flags) ? core::clone(unwrap(tensor)) : unwrap(tensor));
  });
}

ps_status ps_tensor_from_dlpack(ps_tensor **out, struct DLManagedTensorVersioned *managed) {
  return import_managed(out, managed);
}

ps_status ps_tensor_from_dlpack_legacy(ps_tensor **out, struct DLManagedTensor *managed) {
  return import_managed(out, managed);
}
