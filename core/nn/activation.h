// Activations: functions of one number that stand between the linear operations of a network, alone and together with the
// bias that is added before them.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/io/json.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// As torch defines them; gelu_tanh is its gelu(approximate="tanh").
enum class ActivationKind : int32_t {
  linear,
  relu,
  leaky_relu,
  elu,
  gelu,
  gelu_tanh,
  silu,
  mish,
  sigmoid,
  tanh,
  softplus,
};

struct Activation {
  ActivationKind kind = ActivationKind::linear;
  double slope = 1;       // leaky_relu: negative_slope; elu: alpha; softplus: beta
  double threshold = 20;  // softplus: linear where slope * x is above it

  // What the gradient is made from: the function's input, which must then be kept, or its output.
  bool gradient_reads_input() const;
};

// The functions below exist for float and double.  Their bits depend on the elements alone.  Values are within 4 ulp of the true
// ones in float and 1e-14 of them in double, where no power of e in them is subnormal; those of gelu_tanh within as much of x.
// NaN stays NaN.

// out[i] = f(in[i]); out may be in.  On this thread.
template <typename Element>
void activate(const Activation &activation, Element *out, const Element *in, int64_t count);

// sums[i] += bias; out[i] = f(sums[i]).  Where out is sums, that alone is written.  On this thread.
template <typename Element>
void add_bias_and_activate(const Activation &activation, Element *out, Element *sums, Element bias, int64_t count);

// gradient[i] = output_gradient[i] * f'(x[i]), in place or not.  kept: x where gradient_reads_input(), else f(x); not
// looked at for linear.  On this thread.
template <typename Element>
void activation_gradient(const Activation &activation, Element *gradient, const Element *output_gradient,
                         const Element *kept, int64_t count);

// The same for a matrix, rows one after the other, each of whose columns has its bias; on the pool's threads.  bias: null for
// none.
template <typename Element>
void add_bias_and_activate_rows(const Activation &activation, Element *out, Element *sums, const Element *bias,
                                int64_t rows, int64_t columns);

// gradient[i] *= f'(x[i]), and bias_gradient = the sum of gradient's rows: stretches of a length that columns alone decides
// are summed row after row, and their sums one after the other.  bias_gradient: null for none.  scratch: of
// bias_gradient_scratch() elements.
template <typename Element>
void activation_gradient_rows(const Activation &activation, Element *gradient, const Element *kept,
                              Element *bias_gradient, Element *scratch, int64_t rows, int64_t columns);
int64_t bias_gradient_scratch(int64_t rows, int64_t columns);

// What a layer's setting says: a pointwise function, or, with that linear, a normalisation that is an operation of its own.
struct ActivationChoice {
  enum class Normalisation : int32_t { none, softmax, log_softmax };
  Activation pointwise;
  Normalisation normalisation = Normalisation::none;

  // A name, or an object with name and settings where the function has settings.
  Json description() const;
};

// The setting called key: a name, or an object with "name" and the function's own settings; linear where it is not given, or
// is null.  Throws invalid_argument for what it does not know.
ActivationChoice read_activation(Settings &settings, std::string_view key);

// The pointwise function of that name, which must be one, with its own settings taken from settings: leaky_relu
// {negative_slope 0.01}, elu {alpha 1}, gelu {approximate "none"}, softplus {beta 1, threshold 20}.
Activation read_pointwise(std::string_view name, Settings &settings);
bool is_pointwise_name(std::string_view name);
std::string_view activation_name(const Activation &activation);
Json::Object activation_settings(const Activation &activation);  // as read_pointwise() takes them

}  // namespace penstock::core::nn
