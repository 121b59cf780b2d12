// Tensors as DLPack structs and back, sharing memory.  What is refused stands with the functions of penstock/dlpack.h.
#pragma once

#include "core/tensor/tensor.h"

struct DLManagedTensor;
struct DLManagedTensorVersioned;

namespace penstock::core {

// Structs whose deleter frees them and drops their hold on the storage: no lock, any thread.  is_copy marks memory that
// was copied for this export alone.
DLManagedTensorVersioned *to_dlpack(const Tensor &tensor, bool is_copy);
DLManagedTensor *to_dlpack_legacy(const Tensor &tensor);

// Both consume managed, which is not null: its deleter has been called once when they throw.
Tensor from_dlpack(DLManagedTensorVersioned *managed);
Tensor from_dlpack(DLManagedTensor *managed);

}  // namespace penstock::core
