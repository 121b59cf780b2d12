// The kernels that pay to be compiled for each width of vectors: simple functions, and folds.
#pragma once

#include "core/ops/kernels.h"
#include "core/ops/kernels/fold.h"
#include "core/ops/kernels/loops.h"
#include "core/ops/kernels/simple_functions.h"

namespace penstock::core {

// Null where an operation on a dtype has its kernel elsewhere.
struct SimpleKernels {
  ElementwiseKernel (*elementwise)(Operation operation, DType computing);
  ElementwiseKernel (*where)(DType dtype);
  ElementwiseKernel (*clip)(DType dtype);
  FoldKernel (*fold)(Operation operation, DType dtype);
};

// Of the vectors of 16, 32 and 64 bytes.
const SimpleKernels &simple_kernels_16();
const SimpleKernels &simple_kernels_32();
const SimpleKernels &simple_kernels_64();

template <typename Element>
concept PlainFloat = std::is_floating_point_v<Element> || AnySmallFloat<Element>;
template <typename Element>
concept Integer = std::is_integral_v<Element>;

// Two's complement makes one kernel serve both signs.
template <typename Element>
struct AnySign {
  using Type = Element;
};
template <std::signed_integral Element>
struct AnySign<Element> {
  using Type = std::make_unsigned_t<Element>;
};

template <int bytes, typename Element>
ElementwiseKernel simple_binary(Operation operation) {
  using Bits = typename AnySign<Element>::Type;
  constexpr bool is_number = !std::is_same_v<Element, Bool8>;
  switch (operation) {
    case Operation::equal: return binary_kernel<bytes, Equal, Bits, Bool8>();
    case Operation::not_equal: return binary_kernel<bytes, NotEqual, Bits, Bool8>();
    case Operation::less: return binary_kernel<bytes, Less, Element, Bool8>();
    case Operation::less_equal: return binary_kernel<bytes, LessEqual, Element, Bool8>();
    default: break;
  }
  if constexpr (is_number) {
    switch (operation) {
      case Operation::add: return binary_kernel<bytes, Add, Bits>();
      case Operation::subtract: return binary_kernel<bytes, Subtract, Bits>();
      case Operation::multiply: return binary_kernel<bytes, Multiply, Bits>();
      case Operation::maximum: return binary_kernel<bytes, Maximum, Element>();
      case Operation::minimum: return binary_kernel<bytes, Minimum, Element>();
      default: break;
    }
  }
  if constexpr (PlainFloat<Element>) {
    if (operation == Operation::divide) return binary_kernel<bytes, Divide, Element>();
    if (operation == Operation::copysign) return binary_kernel<bytes, CopySign, Element>();
  } else {
    if (operation == Operation::bitwise_and) return binary_kernel<bytes, BitwiseAnd, Bits>();
    if (operation == Operation::bitwise_or) return binary_kernel<bytes, BitwiseOr, Bits>();
    if (operation == Operation::bitwise_xor) return binary_kernel<bytes, BitwiseXor, Bits>();
  }
  if constexpr (!is_number) {
    if (operation == Operation::logical_and) return binary_kernel<bytes, BitwiseAnd, Element>();
    if (operation == Operation::logical_or) return binary_kernel<bytes, BitwiseOr, Element>();
    if (operation == Operation::logical_xor) return binary_kernel<bytes, BitwiseXor, Element>();
  }
  return nullptr;
}

template <int bytes, PlainFloat Element>
ElementwiseKernel simple_unary(Operation operation) {
  switch (operation) {
    case Operation::abs: return unary_kernel<bytes, AbsoluteFloat, Element>();
    case Operation::negative: return unary_kernel<bytes, NegativeFloat, Element>();
    case Operation::positive:
    case Operation::conj:
    case Operation::real: return unary_kernel<bytes, Positive, Element>();
    case Operation::square: return unary_kernel<bytes, Square, Element>();
    case Operation::reciprocal: return unary_kernel<bytes, Reciprocal, Element>();
    case Operation::sqrt: return unary_kernel<bytes, SquareRoot, Element>();
    case Operation::floor: return unary_kernel<bytes, Floor, Element>();
    case Operation::ceil: return unary_kernel<bytes, Ceiling, Element>();
    case Operation::trunc: return unary_kernel<bytes, Truncate, Element>();
    case Operation::round: return unary_kernel<bytes, RoundToEven, Element>();
    case Operation::sign: return unary_kernel<bytes, SignFloat, Element>();
    case Operation::isnan: return unary_kernel<bytes, IsNan, Element, Bool8>();
    case Operation::isinf: return unary_kernel<bytes, IsInfinite, Element, Bool8>();
    case Operation::isfinite: return unary_kernel<bytes, IsFinite, Element, Bool8>();
    case Operation::signbit: return unary_kernel<bytes, SignBit, Element, Bool8>();
    default: return nullptr;
  }
}

template <int bytes, Integer Element>
ElementwiseKernel simple_unary(Operation operation) {
  using Bits = typename AnySign<Element>::Type;
  switch (operation) {
    case Operation::abs: return unary_kernel<bytes, AbsoluteInteger, Element>();
    case Operation::negative: return unary_kernel<bytes, Negative, Bits>();
    case Operation::positive:
    case Operation::conj:
    case Operation::real:
    case Operation::floor:
    case Operation::ceil:
    case Operation::trunc:
    case Operation::round: return unary_kernel<bytes, Positive, Bits>();
    case Operation::square: return unary_kernel<bytes, Square, Bits>();
    case Operation::sign: return unary_kernel<bytes, SignInteger, Element>();
    case Operation::bitwise_invert: return unary_kernel<bytes, Invert, Bits>();
    case Operation::isnan:
    case Operation::isinf: return unary_kernel<bytes, AlwaysFalse, Bits, Bool8>();
    case Operation::isfinite: return unary_kernel<bytes, AlwaysTrue, Bits, Bool8>();
    default: return nullptr;
  }
}

template <int bytes, std::same_as<Bool8> Element>
ElementwiseKernel simple_unary(Operation operation) {
  if (operation == Operation::bitwise_invert || operation == Operation::logical_not)
    return unary_kernel<bytes, InvertTruth, Element>();
  return nullptr;
}

template <int bytes>
ElementwiseKernel simple_elementwise(Operation operation, DType computing) {
  return with_element(computing, [&]<typename Element>() -> ElementwiseKernel {
    if constexpr (AnyComplex<Element>)
      return nullptr;
    else if (operation_info(operation).family == OperationFamily::unary)
      return simple_unary<bytes, Element>(operation);
    else
      return simple_binary<bytes, Element>(operation);
  });
}

template <int bytes>
ElementwiseKernel simple_where(DType dtype) {
  switch (dtype_size(dtype)) {  // only moved: the bits of any dtype of the size
    case 1: return ternary_loop<bytes, Where, uint8_t, Bool8, uint8_t>;
    case 2: return ternary_loop<bytes, Where, uint16_t, Bool8, uint16_t>;
    case 4: return ternary_loop<bytes, Where, uint32_t, Bool8, uint32_t>;
    case 8: return ternary_loop<bytes, Where, uint64_t, Bool8, uint64_t>;
    default: return ternary_loop<bytes, Where, Complex<double>, Bool8, Complex<double>>;
  }
}

template <int bytes>
ElementwiseKernel simple_clip(DType dtype) {
  return with_element(dtype, [&]<typename Element>() -> ElementwiseKernel {
    if constexpr (AnyComplex<Element> || std::is_same_v<Element, Bool8>)
      return nullptr;
    else
      return ternary_loop<bytes, Clip, Element, Element, Element>;
  });
}

template <int bytes>
const SimpleKernels &make_simple_kernels() {
  static constexpr SimpleKernels kernels = {simple_elementwise<bytes>, simple_where<bytes>, simple_clip<bytes>,
                                            simple_fold<bytes>};
  return kernels;
}

}  // namespace penstock::core
