#include "core/tensor/compare.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdlib>
#include <cstring>

#include "core/base/error.h"
#include "core/base/insertion_sort.h"
#include "core/tensor/convert.h"
#include "core/tensor/device_copy.h"
#include "core/tensor/element.h"
#include "core/tensor/transfer.h"

namespace penstock::core {
namespace {

// Elements that lie evenly apart, in bytes.
struct Run {
  const std::byte *first;
  int64_t stride;
  Run from(int64_t index) const { return {first + index * stride, stride}; }
};

struct PairedAxis {
  int64_t size, first_stride, second_stride;
};

// Two views of one shape, walked side by side, the first one's farthest steps outermost.
class PairedWalk {
 public:
  PairedWalk(const Tensor &first, const Tensor &second);

  // Whether test(Run, Run, count) holds for all runs that make up the views; stops at the first for which it does not.
  template <typename Test>
  bool all_runs(Test test) const {
    return ndim_ == 0 ? test(Run{first_, 0}, Run{second_, 0}, int64_t{1}) : all_runs_of(0, first_, second_, test);
  }

 private:
  template <typename Test>
  bool all_runs_of(int32_t index, const std::byte *first, const std::byte *second, Test &test) const {
    const PairedAxis axis = axes_[static_cast<size_t>(index)];
    if (index == ndim_ - 1) return test(Run{first, axis.first_stride}, Run{second, axis.second_stride}, axis.size);
    for (int64_t step = 0; step < axis.size; ++step)
      if (!all_runs_of(index + 1, first + step * axis.first_stride, second + step * axis.second_stride, test))
        return false;
    return true;
  }

  void join_axes();

  const std::byte *first_, *second_;
  std::array<PairedAxis, max_ndim> axes_;
  int32_t ndim_ = 0;
};

PairedWalk::PairedWalk(const Tensor &first, const Tensor &second) : first_(first.data), second_(second.data) {
  for (int32_t axis = 0; axis < first.ndim(); ++axis) {
    // An axis along which both repeat shows the same pairs at every index: one is enough.
    if (first.shape[axis] == 1 || (first.strides[axis] == 0 && second.strides[axis] == 0)) continue;
    axes_[static_cast<size_t>(ndim_++)] = {first.shape[axis], first.strides[axis] * dtype_size(first.dtype),
                                           second.strides[axis] * dtype_size(second.dtype)};
  }
  insertion_sort(axes_.begin(), axes_.begin() + ndim_, [](const PairedAxis &a, const PairedAxis &b) {
    return std::abs(a.first_stride) > std::abs(b.first_stride);
  });
  join_axes();
}

// Makes one of axes that continue each other in both views.
void PairedWalk::join_axes() {
  int32_t joined = 0;
  for (int32_t index = 1; index < ndim_; ++index) {
    PairedAxis &outer = axes_[static_cast<size_t>(joined)];
    const PairedAxis inner = axes_[static_cast<size_t>(index)];
    if (outer.first_stride == inner.first_stride * inner.size &&
        outer.second_stride == inner.second_stride * inner.size)
      outer = {outer.size * inner.size, inner.first_stride, inner.second_stride};
    else
      axes_[static_cast<size_t>(++joined)] = inner;
  }
  ndim_ = std::min(ndim_, joined + 1);
}

bool is_nan(std::complex<double> number) { return std::isnan(number.real()) || std::isnan(number.imag()); }

template <typename Element>
Element load(const std::byte *at) {
  Element element;
  std::memcpy(&element, at, sizeof(Element));
  return element;
}

// Elements between two looks at the verdict: branch-free, so that the loop vectorises, and few enough to stop early.
constexpr int64_t block = 1024;

template <typename Element>
bool is_same_block(Run first, Run second, int64_t count) {
  constexpr int64_t size = sizeof(Element);
  bool same = true;
  if (first.stride == size && second.stride == size)
    for (int64_t index = 0; index < count; ++index)
      same &= is_same_value(load<Element>(first.first + index * size), load<Element>(second.first + index * size));
  else
    for (int64_t index = 0; index < count; ++index)
      same &= is_same_value(load<Element>(first.from(index).first), load<Element>(second.from(index).first));
  return same;
}

template <typename Element>
bool has_same_elements(const PairedWalk &walk) {
  return walk.all_runs([](Run first, Run second, int64_t count) {
    for (int64_t index = 0; index < count; index += block)
      if (!is_same_block<Element>(first.from(index), second.from(index), std::min(block, count - index))) return false;
    return true;
  });
}

bool has_same_bytes(const PairedWalk &walk, int64_t size) {
  return walk.all_runs([size](Run first, Run second, int64_t count) {
    if (first.stride == size && second.stride == size)
      return std::memcmp(first.first, second.first, static_cast<size_t>(count * size)) == 0;
    for (int64_t index = 0; index < count; ++index)
      if (std::memcmp(first.from(index).first, second.from(index).first, static_cast<size_t>(size)) != 0) return false;
    return true;
  });
}

bool has_same_values(const PairedWalk &walk, DType dtype) {
  switch (dtype) {
    case DType::bool8: return has_same_elements<Bool8>(walk);
    case DType::float16: return has_same_elements<Float16>(walk);
    case DType::bfloat16: return has_same_elements<BFloat16>(walk);
    case DType::float32: return has_same_elements<float>(walk);
    case DType::float64: return has_same_elements<double>(walk);
    case DType::complex64: return has_same_elements<Complex<float>>(walk);
    case DType::complex128: return has_same_elements<Complex<double>>(walk);
    case DType::float8_e4m3fn: return has_same_elements<Float8E4M3FN>(walk);
    case DType::float8_e5m2: return has_same_elements<Float8E5M2>(walk);
    default: return has_same_bytes(walk, dtype_size(dtype));  // integers: one value, one pattern
  }
}

void require_comparable(const Tensor &actual, const Tensor &expected, const Tolerance &tolerance) {
  if (actual.shape != expected.shape)
    fail(Status::invalid_argument, "cannot compare shape ", actual.shape, " with shape ", expected.shape,
         ": expected one shape");
  for (const double part : {tolerance.relative, tolerance.absolute})
    if (!(part >= 0)) fail(Status::invalid_argument, "a tolerance is ", part, ": expected 0 or more");
  for (const DType dtype : {actual.dtype, expected.dtype})
    if (dtype_kind(dtype) == DTypeKind::storage_only)
      fail(Status::type_mismatch, dtype, " is for storage only and has no arithmetic: compare by bits with equal");
}

bool is_infinite(double number) { return std::isinf(number); }
bool is_infinite(std::complex<double> number) { return std::isinf(number.real()) || std::isinf(number.imag()); }

template <typename Number>
bool is_close(Number actual, Number expected, const Tolerance &tolerance) {
  if (actual == expected) return true;  // infinities too, and a product below of 0 and an infinite tolerance
  if (is_nan(actual) || is_nan(expected)) return tolerance.nan_equal && is_nan(actual) && is_nan(expected);
  if (is_infinite(actual) || is_infinite(expected)) return false;
  return std::abs(actual - expected) <= tolerance.absolute + tolerance.relative * std::abs(expected);
}

// Number is what both are converted to, a block at a time; wide its dtype.
template <typename Number>
bool has_close_values(const Tensor &actual, const Tensor &expected, DType wide, const Tolerance &tolerance) {
  constexpr int64_t buffer_size = 256;
  std::array<Number, buffer_size> actual_numbers, expected_numbers;
  const ConvertRun widen_actual = find_conversion(wide, actual.dtype);
  const ConvertRun widen_expected = find_conversion(wide, expected.dtype);
  const auto is_close_block = [&](Run first, Run second, int64_t count) {
    constexpr int64_t size = sizeof(Number);
    widen_actual(reinterpret_cast<std::byte *>(actual_numbers.data()), size, first.first, first.stride, count);
    widen_expected(reinterpret_cast<std::byte *>(expected_numbers.data()), size, second.first, second.stride, count);
    for (size_t index = 0; index < static_cast<size_t>(count); ++index)
      if (!is_close(actual_numbers[index], expected_numbers[index], tolerance)) return false;
    return true;
  };
  return PairedWalk(actual, expected).all_runs([&](Run first, Run second, int64_t count) {
    for (int64_t index = 0; index < count; index += buffer_size)
      if (!is_close_block(first.from(index), second.from(index), std::min(buffer_size, count - index))) return false;
    return true;
  });
}

}  // namespace

bool equal(const Tensor &first, const Tensor &second, Equality equality) {
  if (first.dtype != second.dtype || first.shape != second.shape) return false;
  if (first.element_count() == 0 || (first.data == second.data && first.strides == second.strides)) return true;
  if (first.device() != second.device()) return equal(in_main_memory(first), in_main_memory(second), equality);
  if (first.device().type == DeviceType::cuda) return equal_on_device(first, second, equality == Equality::value);
  const PairedWalk walk(first, second);
  return equality == Equality::bitwise ? has_same_bytes(walk, dtype_size(first.dtype))
                                       : has_same_values(walk, first.dtype);
}

bool all_close(const Tensor &actual, const Tensor &expected, const Tolerance &tolerance) {
  require_comparable(actual, expected, tolerance);
  if (actual.element_count() == 0) return true;
  if (actual.device().type != DeviceType::cpu || expected.device().type != DeviceType::cpu)
    return all_close(in_main_memory(actual), in_main_memory(expected), tolerance);
  const bool is_complex =
      dtype_kind(actual.dtype) == DTypeKind::complex || dtype_kind(expected.dtype) == DTypeKind::complex;
  return is_complex ? has_close_values<std::complex<double>>(actual, expected, DType::complex128, tolerance)
                    : has_close_values<double>(actual, expected, DType::float64, tolerance);
}

}  // namespace penstock::core
