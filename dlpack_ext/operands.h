// Operands as Python gives them: tensors as they are, Python's numbers as tensors of rank 0.
#pragma once

#include <penstock/tensor.h>

#include "dlpack_ext/python.h"

namespace penstock::ext {

// One operand of a call: a tensor that a Python object holds, or one made of a number, which goes with this.
class Operand {
 public:
  Operand() = default;
  ~Operand() {
    if (is_own_) ps_tensor_release(tensor_);
  }
  Operand(const Operand &) = delete;
  Operand &operator=(const Operand &) = delete;

  // Reads an object that stands beside a tensor of dtype.  False, with no exception set, for what only the package's
  // Python functions know to take: other arrays, lists, complex numbers, subclasses of numbers, numbers that may not fit.
  bool read(PyObject *object, ps_dtype beside);
  ps_tensor *get() const { return tensor_; }

 private:
  bool make(ps_dtype dtype, const void *value, ps_dtype value_dtype);

  ps_tensor *tensor_ = nullptr;
  bool is_own_ = false;
};

// Whether the result of operands that broadcast is so small that giving the GIL away and back would cost more than the work.
bool is_small_work(const ps_tensor *operand);
bool is_small_work(const ps_tensor *first, const ps_tensor *second);
// The same of a product of matrices.
bool is_small_product(const ps_tensor *first, const ps_tensor *second);

// Calls a function of the C ABI, without the GIL unless the work is small.
template <typename Call>
ps_status call_engine(bool is_small, Call &&call) {
  if (is_small) return call();
  PyThreadState *state = PyEval_SaveThread();
  const ps_status status = call();
  PyEval_RestoreThread(state);
  return status;
}

}  // namespace penstock::ext
