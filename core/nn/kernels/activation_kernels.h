// The loops of activations, for one width of vectors.
#pragma once

#include <cstdint>

#include "core/nn/activation.h"
#include "core/nn/kernels/activation_functions.h"
#include "core/ops/kernels/loops.h"

namespace penstock::core::nn {

// Of one activation.  Arguments are as in activation.h; everything runs on the calling thread.
template <typename Element>
struct ActivationKernel {
  void (*activate)(const Activation &activation, Element *out, const Element *in, int64_t count);
  void (*add_one_bias)(const Activation &activation, Element *out, Element *sums, Element bias, int64_t count);
  void (*add_bias)(const Activation &activation, Element *out, Element *sums, const Element *bias, int64_t rows,
                   int64_t columns);
  void (*gradient)(const Activation &activation, Element *gradient, const Element *output_gradient, const Element *kept,
                   int64_t count);
  // In place; row_sum takes the sum of the rows, of which there is one at least.
  void (*gradient_of_rows)(const Activation &activation, Element *gradient, const Element *kept, Element *row_sum,
                           int64_t rows, int64_t columns);
};

struct ActivationKernels {
  ActivationKernel<float> of_float;
  ActivationKernel<double> of_double;
  bool reads_input;
};

using ActivationKernelTable = ActivationKernels (*)(ActivationKind kind);
ActivationKernels activation_kernels_16(ActivationKind kind);  // for vectors of 16 bytes: any processor
ActivationKernels activation_kernels_32(ActivationKind kind);  // needs AVX2
ActivationKernels activation_kernels_64(ActivationKind kind);  // needs AVX-512 F, BW, DQ, VL

template <int bytes, template <typename> typename Function, typename Element>
struct ActivationLoops {
  PS_FLATTEN static void activate(const Activation &activation, Element *out, const Element *in, int64_t count) {
    const Function<Element> function(activation);
    PS_INDEPENDENT
    for (int64_t i = 0; i < count; ++i) out[i] = function.value(in[i]);
  }

  PS_FLATTEN static void add_one_bias(const Activation &activation, Element *out, Element *sums, Element bias,
                                      int64_t count) {
    const Function<Element> function(activation);
    if (out == sums) {
      PS_INDEPENDENT
      for (int64_t i = 0; i < count; ++i) out[i] = function.value(out[i] + bias);
    } else {
      PS_INDEPENDENT
      for (int64_t i = 0; i < count; ++i) {
        sums[i] += bias;
        out[i] = function.value(sums[i]);
      }
    }
  }

  PS_FLATTEN static void add_bias(const Activation &activation, Element *out, Element *sums, const Element *bias,
                                  int64_t rows, int64_t columns) {
    const Function<Element> function(activation);
    for (int64_t row = 0; row < rows; ++row) {
      Element *to = out + row * columns, *sum = sums + row * columns;
      if (out == sums) {
        PS_INDEPENDENT
        for (int64_t i = 0; i < columns; ++i) to[i] = function.value(to[i] + bias[i]);
      } else {
        PS_INDEPENDENT
        for (int64_t i = 0; i < columns; ++i) {
          sum[i] += bias[i];
          to[i] = function.value(sum[i]);
        }
      }
    }
  }

  PS_FLATTEN static void gradient(const Activation &activation, Element *gradient, const Element *output_gradient,
                                  const Element *kept, int64_t count) {
    const Function<Element> function(activation);
    PS_INDEPENDENT
    for (int64_t i = 0; i < count; ++i) gradient[i] = function.gradient(output_gradient[i], kept[i]);
  }

  PS_FLATTEN static void gradient_of_rows(const Activation &activation, Element *gradient, const Element *kept,
                                          Element *row_sum, int64_t rows, int64_t columns) {
    const Function<Element> function(activation);
    PS_INDEPENDENT
    for (int64_t i = 0; i < columns; ++i) row_sum[i] = gradient[i] = function.gradient(gradient[i], kept[i]);
    for (int64_t row = 1; row < rows; ++row) {
      Element *to = gradient + row * columns;
      const Element *from = kept + row * columns;
      PS_INDEPENDENT
      for (int64_t i = 0; i < columns; ++i) {
        const Element given = function.gradient(to[i], from[i]);
        to[i] = given;
        row_sum[i] += given;
      }
    }
  }

  static constexpr ActivationKernel<Element> kernel() {
    return {activate, add_one_bias, add_bias, gradient, gradient_of_rows};
  }
};

template <int bytes, template <typename> typename Function>
constexpr ActivationKernels activation_kernels_of() {
  return {ActivationLoops<bytes, Function, float>::kernel(), ActivationLoops<bytes, Function, double>::kernel(),
          Function<float>::reads_input};
}

template <int bytes>
ActivationKernels make_activation_kernels(ActivationKind kind) {
  switch (kind) {
    case ActivationKind::linear: return activation_kernels_of<bytes, pointwise::Linear>();
    case ActivationKind::relu: return activation_kernels_of<bytes, pointwise::Relu>();
    case ActivationKind::leaky_relu: return activation_kernels_of<bytes, pointwise::LeakyRelu>();
    case ActivationKind::elu: return activation_kernels_of<bytes, pointwise::Elu>();
    case ActivationKind::gelu: return activation_kernels_of<bytes, pointwise::Gelu>();
    case ActivationKind::gelu_tanh: return activation_kernels_of<bytes, pointwise::GeluTanh>();
    case ActivationKind::silu: return activation_kernels_of<bytes, pointwise::Silu>();
    case ActivationKind::mish: return activation_kernels_of<bytes, pointwise::Mish>();
    case ActivationKind::sigmoid: return activation_kernels_of<bytes, pointwise::Sigmoid>();
    case ActivationKind::tanh: return activation_kernels_of<bytes, pointwise::Tanh>();
    case ActivationKind::softplus: break;
  }
  return activation_kernels_of<bytes, pointwise::Softplus>();
}

}  // namespace penstock::core::nn
