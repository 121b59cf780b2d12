#include "dlpack_ext/operands.h"

#include <algorithm>
#include <cstdint>

#include "dlpack_ext/tensor_base.h"

namespace penstock::ext {
namespace {

bool is_inexact(ps_dtype dtype) {
  switch (dtype) {
    case PS_FLOAT16:
    case PS_BFLOAT16:
    case PS_FLOAT32:
    case PS_FLOAT64:
    case PS_COMPLEX64:
    case PS_COMPLEX128: return true;
    default: return false;
  }
}

// The largest integer below which each fits a dtype with its negative; 0 for a dtype that this does not hold for.
int64_t largest_sure_integer(ps_dtype dtype) {
  switch (dtype) {
    case PS_INT8: return INT8_MAX;
    case PS_INT16: return INT16_MAX;
    case PS_INT32: return INT32_MAX;
    case PS_INT64: return INT64_MAX;
    default: return 0;
  }
}

bool fits(int64_t value, ps_dtype dtype) {
  switch (dtype) {
    case PS_UINT8: return value >= 0 && value <= UINT8_MAX;
    case PS_UINT16: return value >= 0 && value <= UINT16_MAX;
    case PS_UINT32: return value >= 0 && value <= UINT32_MAX;
    case PS_UINT64: return value >= 0;
    default: return value <= largest_sure_integer(dtype) && value >= -largest_sure_integer(dtype);
  }
}

// Where a second thread can begin to help, and far above what giving the GIL away costs.
constexpr int64_t small_count = 16384;

bool is_on_cpu(const ps_tensor *tensor) { return ps_tensor_device_type(tensor) == PS_DEVICE_CPU; }

bool have_same_shape(const ps_tensor *first, const ps_tensor *second) {
  const int32_t ndim = ps_tensor_ndim(first);
  return ndim == ps_tensor_ndim(second) &&
         std::equal(ps_tensor_shape(first), ps_tensor_shape(first) + ndim, ps_tensor_shape(second));
}

}  // namespace

bool Operand::read(PyObject *object, ps_dtype beside) {
  if (is_tensor(object)) {
    tensor_ = tensor_of(object);
    return true;
  }
  if (PyFloat_CheckExact(object)) {
    const double value = PyFloat_AsDouble(object);
    return make(is_inexact(beside) ? beside : PS_FLOAT32, &value, PS_FLOAT64);
  }
  const bool is_truth = PyBool_Check(object) != 0;
  if (!is_truth && !PyLong_CheckExact(object)) return false;
  int overflow = 0;
  const int64_t value = PyLong_AsLongLongAndOverflow(object, &overflow);
  if (overflow != 0) return false;
  if (is_inexact(beside)) {
    constexpr int64_t largest_exact = int64_t{1} << 53;
    if (value > largest_exact || value < -largest_exact) return false;
    const auto number = static_cast<double>(value);
    return make(beside, &number, PS_FLOAT64);
  }
  if (beside == PS_BOOL && is_truth) {
    const auto truth = static_cast<uint8_t>(value);
    return make(PS_BOOL, &truth, PS_BOOL);
  }
  const ps_dtype dtype = beside == PS_BOOL ? PS_INT64 : beside;
  return fits(value, dtype) && make(dtype, &value, PS_INT64);
}

// A failure is left to the Python functions too, which then say what does not fit.
bool Operand::make(ps_dtype dtype, const void *value, ps_dtype value_dtype) {
  static const ps_tensor_options main_memory = [] {
    ps_tensor_options options = PS_TENSOR_OPTIONS_INIT;
    options.device_type = PS_DEVICE_CPU;
    return options;
  }();
  is_own_ = ps_tensor_full(&tensor_, dtype, 0, nullptr, value, value_dtype, &main_memory) == PS_OK;
  return is_own_;
}

bool is_small_work(const ps_tensor *operand) {
  return ps_tensor_element_count(operand) <= small_count && is_on_cpu(operand);
}

bool is_small_work(const ps_tensor *first, const ps_tensor *second) {
  const int64_t one = ps_tensor_element_count(first), other = ps_tensor_element_count(second);
  if (one > small_count || other > small_count || !is_on_cpu(first) || !is_on_cpu(second)) return false;
  return one == 1 || other == 1 || one * other <= small_count || have_same_shape(first, second);
}

bool is_small_product(const ps_tensor *first, const ps_tensor *second) {
  const int64_t one = ps_tensor_element_count(first), other = ps_tensor_element_count(second);
  if (one > small_count || other > small_count || !is_on_cpu(first) || !is_on_cpu(second)) return false;
  const int32_t ndim = ps_tensor_ndim(first);
  const int64_t inner = ndim == 0 ? 1 : std::max<int64_t>(1, ps_tensor_shape(first)[ndim - 1]);
  return one * other / inner <= small_count;  // each pair of elements is multiplied once at most
}

}  // namespace penstock::ext
