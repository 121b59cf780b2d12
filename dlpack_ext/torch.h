// What torch needs beyond DLPack: which of its tensors must not be lent as they are, and the short way to hand it one.
#pragma once

#include <cstdint>

#include "dlpack_ext/python.h"

namespace penstock::ext {

// Whether an object is a torch tensor.  Never imports torch.
bool is_torch_tensor(PyObject *object);

// Whether a torch tensor may be lent, which torch's own export does not ask: false with a BufferError set for one that
// requires grad, and for a conjugate or negative view.  dtype_code is DLPack's code where it is known already, which
// spares questions that cannot be answered with yes; otherwise any_dtype.
inline constexpr uint8_t any_dtype = 255;
bool is_free_of_grad(PyObject *tensor);
bool is_no_lazy_view(PyObject *tensor, uint8_t dtype_code);

// lend_to_torch(tensor): a torch tensor over the memory, by torch's own exchange table; None where torch has not been imported
// or has no table.
PyObject *lend_to_torch(PyObject *module, PyObject *tensor);

}  // namespace penstock::ext
