// Tensors in formulas, so that a rule reads as its derivative does in a book.  Operands broadcast and promote as they do in
// the operations themselves; a number takes the dtype of the tensor beside it.
#pragma once

#include "core/ops/elementwise.h"
#include "core/ops/operation.h"
#include "core/tensor/create.h"

namespace penstock::core::autograd {

inline Tensor number_beside(const Tensor &tensor, double value) {
  return full(tensor.dtype, {}, &value, DType::float64, {.device = tensor.device()});
}

inline Tensor operator+(const Tensor &a, const Tensor &b) { return binary(Operation::add, a, b); }
inline Tensor operator-(const Tensor &a, const Tensor &b) { return binary(Operation::subtract, a, b); }
inline Tensor operator*(const Tensor &a, const Tensor &b) { return binary(Operation::multiply, a, b); }
inline Tensor operator/(const Tensor &a, const Tensor &b) { return binary(Operation::divide, a, b); }
inline Tensor operator-(const Tensor &a) { return unary(Operation::negative, a); }

inline Tensor operator+(const Tensor &a, double b) { return a + number_beside(a, b); }
inline Tensor operator+(double a, const Tensor &b) { return number_beside(b, a) + b; }
inline Tensor operator-(const Tensor &a, double b) { return a - number_beside(a, b); }
inline Tensor operator-(double a, const Tensor &b) { return number_beside(b, a) - b; }
inline Tensor operator*(const Tensor &a, double b) { return a * number_beside(a, b); }
inline Tensor operator*(double a, const Tensor &b) { return number_beside(b, a) * b; }
inline Tensor operator/(const Tensor &a, double b) { return a / number_beside(a, b); }
inline Tensor operator/(double a, const Tensor &b) { return number_beside(b, a) / b; }

// Of a real tensor itself: no copy.
inline Tensor conj(const Tensor &a) { return kind_of(a.dtype) == complexes ? unary(Operation::conj, a) : a; }
inline Tensor exp(const Tensor &a) { return unary(Operation::exp, a); }
inline Tensor log(const Tensor &a) { return unary(Operation::log, a); }
inline Tensor sqrt(const Tensor &a) { return unary(Operation::sqrt, a); }
inline Tensor square(const Tensor &a) { return unary(Operation::square, a); }
inline Tensor sin(const Tensor &a) { return unary(Operation::sin, a); }
inline Tensor cos(const Tensor &a) { return unary(Operation::cos, a); }
inline Tensor sinh(const Tensor &a) { return unary(Operation::sinh, a); }
inline Tensor cosh(const Tensor &a) { return unary(Operation::cosh, a); }
inline Tensor sign(const Tensor &a) { return unary(Operation::sign, a); }
inline Tensor hypot(const Tensor &a, const Tensor &b) { return binary(Operation::hypot, a, b); }
inline Tensor pow(const Tensor &a, const Tensor &b) { return binary(Operation::pow, a, b); }

inline Tensor is_equal(const Tensor &a, const Tensor &b) { return binary(Operation::equal, a, b); }
inline Tensor is_equal(const Tensor &a, double b) { return is_equal(a, number_beside(a, b)); }
inline Tensor is_less(const Tensor &a, const Tensor &b) { return binary(Operation::less, a, b); }
inline Tensor both(const Tensor &a, const Tensor &b) { return binary(Operation::logical_and, a, b); }
inline Tensor either(const Tensor &a, const Tensor &b) { return binary(Operation::logical_or, a, b); }

// a where the condition holds, 0 elsewhere, whatever a is there.
inline Tensor where_or_zero(const Tensor &condition, const Tensor &a) {
  return where(condition, a, number_beside(a, 0));
}

}  // namespace penstock::core::autograd
