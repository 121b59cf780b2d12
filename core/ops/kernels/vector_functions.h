// The kernels of transcendental functions that compilers make vectors of, for each width of vectors.
#pragma once

#include <algorithm>

#include "core/ops/kernels.h"
#include "core/ops/kernels/exponential.h"
#include "core/ops/kernels/logarithm.h"
#include "core/ops/kernels/loops.h"
#include "core/ops/kernels/power.h"
#include "core/ops/kernels/trigonometric.h"

namespace penstock::core {

// Null where an operation on a dtype has its kernel elsewhere.
using FindKernel = ElementwiseKernel (*)(Operation operation, DType computing);

// Of the vectors of 16, 32 and 64 bytes.
ElementwiseKernel find_vector_function_16(Operation operation, DType computing);
ElementwiseKernel find_vector_function_32(Operation operation, DType computing);
ElementwiseKernel find_vector_function_64(Operation operation, DType computing);

// unary_loop() for a function that has limits: a block with an element beyond them is computed one by one, that element by
// the function's other form.
template <int bytes, typename Function, typename Element>
void limited_loop(std::byte *out, const std::byte *const *inputs, const int64_t *strides, int64_t count) {
  constexpr int64_t block_elements = 512, size = sizeof(Element);
  const bool is_dense = strides[0] == size && strides[1] == size;
  for (int64_t first = 0; first < count; first += block_elements) {
    const std::byte *in = inputs[0] + first * strides[1];
    std::byte *to = out + first * strides[0];
    const int64_t block = std::min(block_elements, count - first), stride = is_dense ? size : strides[1];
    int32_t beyond = 0;
    if (is_dense) {
      for (int64_t i = 0; i < block; ++i) beyond |= Function::is_beyond(load<Element>(in + i * size)) ? 1 : 0;
    } else {
      for (int64_t i = 0; i < block; ++i) beyond |= Function::is_beyond(load<Element>(in + i * stride)) ? 1 : 0;
    }
    if (beyond == 0) {
      unary_loop<bytes, Function, Element, Element>(to, &in, strides, block);
    } else {
      for (int64_t i = 0; i < block; ++i) {
        const Value<Element> value = load<Element>(in + i * stride);
        store<Element>(to + i * strides[0],
                       Function::is_beyond(value) ? Function::beyond(value) : Function::apply(value));
      }
    }
  }
}

template <int bytes, typename Element>
ElementwiseKernel vector_function_of(Operation operation) {
  using namespace vectorised;
  switch (operation) {
    case Operation::cos: return limited_loop<bytes, Cosine, Element>;
    case Operation::exp: return unary_kernel<bytes, Exponential, Element>();
    case Operation::expm1: return unary_kernel<bytes, ExponentialMinusOne, Element>();
    case Operation::log: return unary_kernel<bytes, Logarithm, Element>();
    case Operation::log10: return unary_kernel<bytes, Logarithm10, Element>();
    case Operation::log1p: return unary_kernel<bytes, LogarithmOnePlus, Element>();
    case Operation::log2: return unary_kernel<bytes, Logarithm2, Element>();
    case Operation::sin: return limited_loop<bytes, Sine, Element>;
    case Operation::tan: return limited_loop<bytes, Tangent, Element>;
    case Operation::tanh: return unary_kernel<bytes, HyperbolicTangent, Element>();
    case Operation::pow:
      if constexpr (std::is_same_v<Element, double>)
        return nullptr;  // needs twice a double's digits: the C library's
      else
        return binary_kernel<bytes, PowerFloat, Element>();
    default: return nullptr;
  }
}

template <int bytes>
ElementwiseKernel find_vector_function(Operation operation, DType computing) {
  switch (computing) {
    case DType::float16: return vector_function_of<bytes, Float16>(operation);
    case DType::bfloat16: return vector_function_of<bytes, BFloat16>(operation);
    case DType::float32: return vector_function_of<bytes, float>(operation);
    case DType::float64: return vector_function_of<bytes, double>(operation);
    default: return nullptr;
  }
}

}  // namespace penstock::core
