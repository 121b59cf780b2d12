// The C++ library's functions that real and complex numbers share.
#pragma once

#include <cmath>
#include <complex>

#include "core/ops/kernels/loops.h"

namespace penstock::core {

// A function of one operand by its name in std.
#define PS_LIBRARY_FUNCTION(Name, function) \
  struct Name {                             \
    template <typename Number>              \
    static Number apply(Number a) {         \
      return std::function(a);              \
    }                                       \
  };
PS_LIBRARY_FUNCTION(ArcCosine, acos)
PS_LIBRARY_FUNCTION(AreaCosine, acosh)
PS_LIBRARY_FUNCTION(ArcSine, asin)
PS_LIBRARY_FUNCTION(AreaSine, asinh)
PS_LIBRARY_FUNCTION(ArcTangent, atan)
PS_LIBRARY_FUNCTION(AreaTangent, atanh)
PS_LIBRARY_FUNCTION(Cosine, cos)
PS_LIBRARY_FUNCTION(HyperbolicCosine, cosh)
PS_LIBRARY_FUNCTION(Exponential, exp)
PS_LIBRARY_FUNCTION(Logarithm, log)
PS_LIBRARY_FUNCTION(Sine, sin)
PS_LIBRARY_FUNCTION(HyperbolicSine, sinh)
PS_LIBRARY_FUNCTION(Tangent, tan)
PS_LIBRARY_FUNCTION(HyperbolicTangent, tanh)

template <typename Element>
ElementwiseKernel library_function(Operation operation) {
  switch (operation) {
    case Operation::acos: return unary_kernel<0, ArcCosine, Element>();
    case Operation::acosh: return unary_kernel<0, AreaCosine, Element>();
    case Operation::asin: return unary_kernel<0, ArcSine, Element>();
    case Operation::asinh: return unary_kernel<0, AreaSine, Element>();
    case Operation::atan: return unary_kernel<0, ArcTangent, Element>();
    case Operation::atanh: return unary_kernel<0, AreaTangent, Element>();
    case Operation::cos: return unary_kernel<0, Cosine, Element>();
    case Operation::cosh: return unary_kernel<0, HyperbolicCosine, Element>();
    case Operation::exp: return unary_kernel<0, Exponential, Element>();
    case Operation::log: return unary_kernel<0, Logarithm, Element>();
    case Operation::sin: return unary_kernel<0, Sine, Element>();
    case Operation::sinh: return unary_kernel<0, HyperbolicSine, Element>();
    case Operation::tan: return unary_kernel<0, Tangent, Element>();
    case Operation::tanh: return unary_kernel<0, HyperbolicTangent, Element>();
    default: return nullptr;
  }
}

}  // namespace penstock::core
