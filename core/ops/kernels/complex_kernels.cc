// Everything that complex numbers take part in.
#include <cmath>
#include <complex>

#include "core/ops/kernels/library_functions.h"
#include "core/ops/kernels/loops.h"
#include "core/ops/kernels/other_kernels.h"

namespace penstock::core {
namespace {

template <typename Part>
using Number = std::complex<Part>;

#define PS_COMPLEX_UNARY(Name, Result, expression) \
  struct Name {                                    \
    template <typename Part>                       \
    static Result apply(Number<Part> z) {          \
      return expression;                           \
    }                                              \
  };
PS_COMPLEX_UNARY(Absolute, Part, std::hypot(z.real(), z.imag()))
PS_COMPLEX_UNARY(RealPart, Part, z.real())
PS_COMPLEX_UNARY(ImaginaryPart, Part, z.imag())
PS_COMPLEX_UNARY(Conjugate, Number<Part>, (Number<Part>(z.real(), -z.imag())))
PS_COMPLEX_UNARY(Negative, Number<Part>, -z)
PS_COMPLEX_UNARY(Positive, Number<Part>, z)
PS_COMPLEX_UNARY(Square, Number<Part>, z *z)
PS_COMPLEX_UNARY(Reciprocal, Number<Part>, Number<Part>(1) / z)
PS_COMPLEX_UNARY(RoundToEven, Number<Part>, (Number<Part>(std::nearbyint(z.real()), std::nearbyint(z.imag()))))
PS_COMPLEX_UNARY(IsNan, bool, std::isnan(z.real()) || std::isnan(z.imag()))
PS_COMPLEX_UNARY(IsInfinite, bool, std::isinf(z.real()) || std::isinf(z.imag()))
PS_COMPLEX_UNARY(IsFinite, bool, std::isfinite(z.real()) && std::isfinite(z.imag()))
PS_COMPLEX_UNARY(Logarithm10, Number<Part>, std::log(z) * static_cast<Part>(0x1.bcb7b1526e50ep-2))  // 1 / log(10)
PS_COMPLEX_UNARY(Logarithm2, Number<Part>, std::log(z) * static_cast<Part>(0x1.71547652b82fep0))    // 1 / log(2)
PS_COMPLEX_UNARY(SquareRoot, Number<Part>, std::sqrt(z))
#undef PS_COMPLEX_UNARY

// What is small stays accurate: nothing near 1 is taken from 1.
struct ExponentialMinusOne {
  template <typename Part>
  static Number<Part> apply(Number<Part> z) {
    if (!std::isfinite(z.real()) || !std::isfinite(z.imag()) || z.imag() == 0) {
      const Number<Part> whole = std::exp(z);
      return {z.imag() == 0 ? std::expm1(z.real()) : whole.real() - 1, whole.imag()};
    }
    const Part half_sine = std::sin(z.imag() / 2);
    return {std::expm1(z.real()) * std::cos(z.imag()) - 2 * half_sine * half_sine,
            std::exp(z.real()) * std::sin(z.imag())};
  }
};
struct LogarithmOnePlus {
  template <typename Part>
  static Number<Part> apply(Number<Part> z) {
    const Part x = z.real(), y = z.imag();
    if (std::fabs(x) < Part{0.5} && std::fabs(y) < Part{0.5})
      return {std::log1p(x * (2 + x) + y * y) / 2, std::atan2(y, 1 + x)};
    return std::log(Number<Part>(1 + x, y));
  }
};
struct Sign {  // z / |z|
  template <typename Part>
  static Number<Part> apply(Number<Part> z) {
    const Part size = std::hypot(z.real(), z.imag());
    return size == 0 ? Number<Part>(0) : Number<Part>(z.real() / size, z.imag() / size);
  }
};

#define PS_COMPLEX_BINARY(Name, Result, expression)       \
  struct Name {                                           \
    template <typename Part>                              \
    static Result apply(Number<Part> a, Number<Part> b) { \
      return expression;                                  \
    }                                                     \
  };
PS_COMPLEX_BINARY(Add, Number<Part>, a + b)
PS_COMPLEX_BINARY(Subtract, Number<Part>, a - b)
PS_COMPLEX_BINARY(Multiply, Number<Part>, a *b)
PS_COMPLEX_BINARY(Divide, Number<Part>, a / b)
PS_COMPLEX_BINARY(Power, Number<Part>, b == Number<Part>(0) ? Number<Part>(1) : std::pow(a, b))
PS_COMPLEX_BINARY(Equal, bool, a == b)
PS_COMPLEX_BINARY(NotEqual, bool, a != b)
#undef PS_COMPLEX_BINARY

template <typename Element>
ElementwiseKernel unary(Operation operation) {
  using Part = typename Element::Part;
  switch (operation) {
    case Operation::abs: return unary_kernel<0, Absolute, Element, Part>();
    case Operation::real: return unary_kernel<0, RealPart, Element, Part>();
    case Operation::imag: return unary_kernel<0, ImaginaryPart, Element, Part>();
    case Operation::isnan: return unary_kernel<0, IsNan, Element, Bool8>();
    case Operation::isinf: return unary_kernel<0, IsInfinite, Element, Bool8>();
    case Operation::isfinite: return unary_kernel<0, IsFinite, Element, Bool8>();
    case Operation::conj: return unary_kernel<0, Conjugate, Element>();
    case Operation::negative: return unary_kernel<0, Negative, Element>();
    case Operation::positive: return unary_kernel<0, Positive, Element>();
    case Operation::square: return unary_kernel<0, Square, Element>();
    case Operation::reciprocal: return unary_kernel<0, Reciprocal, Element>();
    case Operation::round: return unary_kernel<0, RoundToEven, Element>();
    case Operation::sign: return unary_kernel<0, Sign, Element>();
    default: return nullptr;
  }
}

template <typename Element>
ElementwiseKernel unary_function(Operation operation) {
  switch (operation) {
    case Operation::expm1: return unary_kernel<0, ExponentialMinusOne, Element>();
    case Operation::log10: return unary_kernel<0, Logarithm10, Element>();
    case Operation::log1p: return unary_kernel<0, LogarithmOnePlus, Element>();
    case Operation::log2: return unary_kernel<0, Logarithm2, Element>();
    case Operation::sqrt: return unary_kernel<0, SquareRoot, Element>();
    default: return library_function<Element>(operation);
  }
}

template <typename Element>
ElementwiseKernel binary(Operation operation) {
  switch (operation) {
    case Operation::add: return binary_kernel<0, Add, Element>();
    case Operation::subtract: return binary_kernel<0, Subtract, Element>();
    case Operation::multiply: return binary_kernel<0, Multiply, Element>();
    case Operation::divide: return binary_kernel<0, Divide, Element>();
    case Operation::pow: return binary_kernel<0, Power, Element>();
    case Operation::equal: return binary_kernel<0, Equal, Element, Bool8>();
    case Operation::not_equal: return binary_kernel<0, NotEqual, Element, Bool8>();
    default: return nullptr;
  }
}

// Halves with halves, down to runs that are joined one after the other.
template <typename Function, typename Element>
Number<typename Element::Part> fold_halves(const std::byte *elements, int64_t count) {
  constexpr int64_t short_run = 32, size = sizeof(Element);
  if (count > short_run) {
    const int64_t half = count / 2;
    return Function::apply(fold_halves<Function, Element>(elements, half),
                           fold_halves<Function, Element>(elements + half * size, count - half));
  }
  auto folded = load<Element>(elements);
  for (int64_t i = 1; i < count; ++i) folded = Function::apply(folded, load<Element>(elements + i * size));
  return folded;
}

template <typename Function, typename Element>
void fold_run(std::byte *result, const std::byte *elements, int64_t count) {
  store<Element>(result, fold_halves<Function, Element>(elements, count));
}

}  // namespace

ElementwiseKernel find_complex_kernel(Operation operation, DType computing) {
  return with_element(computing, [&]<typename Element>() -> ElementwiseKernel {
    if constexpr (AnyComplex<Element>) {
      if (operation_info(operation).family == OperationFamily::binary) return binary<Element>(operation);
      const ElementwiseKernel kernel = unary<Element>(operation);
      return kernel != nullptr ? kernel : unary_function<Element>(operation);
    } else {
      return nullptr;
    }
  });
}

FoldKernel find_complex_fold(Operation operation, DType dtype) {
  const bool is_sum = operation == Operation::add, is_product = operation == Operation::multiply;
  if (dtype == DType::complex64 && is_sum) return fold_run<Add, Complex<float>>;
  if (dtype == DType::complex64 && is_product) return fold_run<Multiply, Complex<float>>;
  if (dtype == DType::complex128 && is_sum) return fold_run<Add, Complex<double>>;
  if (dtype == DType::complex128 && is_product) return fold_run<Multiply, Complex<double>>;
  return nullptr;
}

}  // namespace penstock::core
