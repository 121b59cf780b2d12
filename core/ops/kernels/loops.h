// The loops around an elementwise function: dense operands, one repeated operand, and anything else.
//
// A function is a struct with a static apply() on values.  Everything is inlined into loops that carry the width of the
// vectors in their names, so that what is compiled for a newer processor is never called on an older one.
#pragma once

#include <complex>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "core/base/lanes.h"
#include "core/ops/kernels.h"
#include "core/tensor/element.h"

// No iteration of the next loop touches what another writes: an operand that is the result is read and written at one index.
#if defined(__clang__)
#define PS_INDEPENDENT _Pragma("clang loop vectorize(assume_safety)")
#else
#define PS_INDEPENDENT _Pragma("GCC ivdep")
#endif

// Everything that the loop calls becomes part of it.
#define PS_FLATTEN __attribute__((flatten))

namespace penstock::core {

// What a stored element is computed with.
template <typename Stored>
struct ValueOf {
  using Type = Stored;
};
template <>
struct ValueOf<Bool8> {
  using Type = uint8_t;  // 0 or 1
};
template <AnySmallFloat Small>
struct ValueOf<Small> {
  using Type = float;
};
template <typename Part>
struct ValueOf<Complex<Part>> {
  using Type = std::complex<Part>;
};
template <typename Stored>
using Value = typename ValueOf<Stored>::Type;

template <typename Stored>
PS_LANES_INLINE Value<Stored> load(const std::byte *from) {
  Stored stored;
  std::memcpy(&stored, from, sizeof(Stored));
  if constexpr (std::is_same_v<Stored, Bool8>)
    return stored.byte != 0;
  else if constexpr (AnySmallFloat<Stored>)
    return to_float(stored);
  else if constexpr (AnyComplex<Stored>)
    return {stored.real, stored.imaginary};
  else
    return stored;
}

template <typename Stored, typename Computed>
PS_LANES_INLINE void store(std::byte *to, Computed value) {
  Stored stored;
  if constexpr (std::is_same_v<Stored, Bool8>)
    stored.byte = static_cast<uint8_t>(value);
  else if constexpr (AnySmallFloat<Stored>)
    stored = round_to<Stored>(value);
  else if constexpr (AnyComplex<Stored>)
    stored = {value.real(), value.imag()};
  else
    stored = static_cast<Stored>(value);
  std::memcpy(to, &stored, sizeof(Stored));
}

template <int bytes, typename Function, typename Out, typename In>
PS_FLATTEN void unary_loop(std::byte *out, const std::byte *const *inputs, const int64_t *strides, int64_t count) {
  constexpr int64_t out_size = sizeof(Out), in_size = sizeof(In);
  const std::byte *in = inputs[0];
  if (strides[0] == out_size && strides[1] == in_size) {
    PS_INDEPENDENT
    for (int64_t i = 0; i < count; ++i) store<Out>(out + i * out_size, Function::apply(load<In>(in + i * in_size)));
  } else {
    const int64_t out_stride = strides[0], in_stride = strides[1];
    for (int64_t i = 0; i < count; ++i) store<Out>(out + i * out_stride, Function::apply(load<In>(in + i * in_stride)));
  }
}

template <int bytes, typename Function, typename Out, typename In>
PS_FLATTEN void binary_loop(std::byte *out, const std::byte *const *inputs, const int64_t *strides, int64_t count) {
  constexpr int64_t out_size = sizeof(Out), size = sizeof(In);
  const std::byte *first = inputs[0], *second = inputs[1];
  if (strides[0] == out_size && strides[1] == size && strides[2] == size) {
    PS_INDEPENDENT
    for (int64_t i = 0; i < count; ++i)
      store<Out>(out + i * out_size, Function::apply(load<In>(first + i * size), load<In>(second + i * size)));
  } else if (strides[0] == out_size && strides[1] == size && strides[2] == 0) {
    const Value<In> repeated = load<In>(second);
    PS_INDEPENDENT
    for (int64_t i = 0; i < count; ++i)
      store<Out>(out + i * out_size, Function::apply(load<In>(first + i * size), repeated));
  } else if (strides[0] == out_size && strides[1] == 0 && strides[2] == size) {
    const Value<In> repeated = load<In>(first);
    PS_INDEPENDENT
    for (int64_t i = 0; i < count; ++i)
      store<Out>(out + i * out_size, Function::apply(repeated, load<In>(second + i * size)));
  } else {
    const int64_t out_stride = strides[0], first_stride = strides[1], second_stride = strides[2];
    for (int64_t i = 0; i < count; ++i)
      store<Out>(out + i * out_stride,
                 Function::apply(load<In>(first + i * first_stride), load<In>(second + i * second_stride)));
  }
}

template <int bytes, typename Function, typename Out, typename First, typename Rest>
PS_FLATTEN void ternary_loop(std::byte *out, const std::byte *const *inputs, const int64_t *strides, int64_t count) {
  constexpr int64_t size = sizeof(Rest), first_size = sizeof(First), out_size = sizeof(Out);
  const std::byte *first = inputs[0], *second = inputs[1], *third = inputs[2];
  const bool begins_dense = strides[0] == out_size && strides[1] == first_size;
  if (begins_dense && strides[2] == size && strides[3] == size) {
    PS_INDEPENDENT
    for (int64_t i = 0; i < count; ++i)
      store<Out>(out + i * out_size, Function::apply(load<First>(first + i * first_size), load<Rest>(second + i * size),
                                                     load<Rest>(third + i * size)));
  } else if (begins_dense && strides[2] == 0 && strides[3] == 0) {
    const Value<Rest> low = load<Rest>(second), high = load<Rest>(third);
    PS_INDEPENDENT
    for (int64_t i = 0; i < count; ++i)
      store<Out>(out + i * out_size, Function::apply(load<First>(first + i * first_size), low, high));
  } else {
    const int64_t out_stride = strides[0], steps[3] = {strides[1], strides[2], strides[3]};
    for (int64_t i = 0; i < count; ++i)
      store<Out>(out + i * out_stride,
                 Function::apply(load<First>(first + i * steps[0]), load<Rest>(second + i * steps[1]),
                                 load<Rest>(third + i * steps[2])));
  }
}

// The kernel of a function on elements of one type: it gives the same type, unless Out says otherwise.
template <int bytes, typename Function, typename In, typename Out = In>
constexpr ElementwiseKernel unary_kernel() {
  return unary_loop<bytes, Function, Out, In>;
}
template <int bytes, typename Function, typename In, typename Out = In>
constexpr ElementwiseKernel binary_kernel() {
  return binary_loop<bytes, Function, Out, In>;
}

// Calls pick.template operator()<Element>() for a dtype's element type.
template <typename Pick>
ElementwiseKernel with_element(DType dtype, Pick pick) {
  switch (dtype) {
    case DType::bool8: return pick.template operator()<Bool8>();
    case DType::int8: return pick.template operator()<int8_t>();
    case DType::int16: return pick.template operator()<int16_t>();
    case DType::int32: return pick.template operator()<int32_t>();
    case DType::int64: return pick.template operator()<int64_t>();
    case DType::uint8: return pick.template operator()<uint8_t>();
    case DType::uint16: return pick.template operator()<uint16_t>();
    case DType::uint32: return pick.template operator()<uint32_t>();
    case DType::uint64: return pick.template operator()<uint64_t>();
    case DType::float16: return pick.template operator()<Float16>();
    case DType::bfloat16: return pick.template operator()<BFloat16>();
    case DType::float32: return pick.template operator()<float>();
    case DType::float64: return pick.template operator()<double>();
    case DType::complex64: return pick.template operator()<Complex<float>>();
    case DType::complex128: return pick.template operator()<Complex<double>>();
    default: return nullptr;
  }
}

}  // namespace penstock::core
