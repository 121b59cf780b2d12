#include "core/tensor/transfer.h"

#include <cstdint>

#include "core/tensor/copy.h"

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

}  // namespace penstock::core
