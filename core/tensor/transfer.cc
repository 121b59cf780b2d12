#include "core/tensor/transfer.h"

#include <cstdint>

#include "core/tensor/copy.h"
#include "core/tensor/cuda_device.h"

namespace penstock::core {

Tensor to_device(const Tensor &tensor, const Allocation &allocation) {
  require_usable(allocation);
  const bool lies_there = tensor.device() == allocation.device && tensor.storage->pinned() == allocation.pinned;
  const bool is_aligned = allocation.alignment == 0 ||
                          reinterpret_cast<uintptr_t>(tensor.data) % static_cast<uintptr_t>(allocation.alignment) == 0;
  if (lies_there && is_aligned) return tensor;
  Tensor moved = empty(tensor.dtype, tensor.shape, allocation);
  copy(moved, tensor, Casting::same_kind);
  return moved;
}

Tensor on_device(const Tensor &tensor, Device device) {
  return tensor.device() == device ? tensor : to_device(tensor, {.device = device});
}

Tensor in_main_memory(const Tensor &tensor) { return on_device(tensor, {}); }

void lend_to_stream(const Tensor &tensor, void *stream) {
  void *const ours = current_stream(tensor.device());
  wait_for_stream(tensor.device(), stream, ours);
  tensor.storage->note_use(ours);
  tensor.storage->note_use(known_stream(stream));
}

void take_from_stream(const Tensor &tensor, void *stream) {
  void *const ours = current_stream(tensor.device());
  wait_for_stream(tensor.device(), ours, stream);
  tensor.storage->set_home_stream(known_stream(stream));
  tensor.storage->note_use(ours);
}

}  // namespace penstock::core
