#include "core/nn/activation.h"

#include <algorithm>

#include "core/base/processor.h"
#include "core/base/thread_pool.h"
#include "core/nn/kernels/activation_kernels.h"

namespace penstock::core::nn {
namespace {

// Elements that take some ten microseconds.
constexpr int64_t grain = int64_t{1} << 14;

ActivationKernels kernels_of(ActivationKind kind) {
  static const ActivationKernelTable table = processor_has_64_byte_vectors()   ? activation_kernels_64
                                             : processor_has_32_byte_vectors() ? activation_kernels_32
                                                                               : activation_kernels_16;
  return table(kind);
}

template <typename Element>
ActivationKernel<Element> kernel_of(const Activation &activation) {
  const ActivationKernels kernels = kernels_of(activation.kind);
  if constexpr (sizeof(Element) == sizeof(float))
    return kernels.of_float;
  else
    return kernels.of_double;
}

// Depends on columns alone, as the sums' order must.
int64_t rows_of_a_stretch(int64_t columns) { return std::max<int64_t>(16, grain / std::max<int64_t>(columns, 1)); }

}  // namespace

bool Activation::gradient_reads_input() const { return kernels_of(kind).reads_input; }

template <typename Element>
void activate(const Activation &activation, Element *out, const Element *in, int64_t count) {
  kernel_of<Element>(activation).activate(activation, out, in, count);
}

template <typename Element>
void add_bias_and_activate(const Activation &activation, Element *out, Element *sums, Element bias, int64_t count) {
  kernel_of<Element>(activation).add_one_bias(activation, out, sums, bias, count);
}

template <typename Element>
void activation_gradient(const Activation &activation, Element *gradient, const Element *output_gradient,
                         const Element *kept, int64_t count) {
  if (activation.kind == ActivationKind::linear) kept = output_gradient;  // not looked at, but read
  kernel_of<Element>(activation).gradient(activation, gradient, output_gradient, kept, count);
}

template <typename Element>
void add_bias_and_activate_rows(const Activation &activation, Element *out, Element *sums, const Element *bias,
                                int64_t rows, int64_t columns) {
  if (bias == nullptr && out == sums && activation.kind == ActivationKind::linear) return;
  const ActivationKernel<Element> kernel = kernel_of<Element>(activation);
  parallel_for(rows, rows_of_a_stretch(columns), [&](Range stretch) {
    const int64_t first = stretch.begin * columns;
    if (bias == nullptr)
      kernel.activate(activation, out + first, sums + first, stretch.size() * columns);
    else
      kernel.add_bias(activation, out + first, sums + first, bias, stretch.size(), columns);
  });
}

int64_t bias_gradient_scratch(int64_t rows, int64_t columns) {
  const int64_t stretches = shard_count(rows, rows_of_a_stretch(columns));
  return stretches > 1 ? stretches * columns : 0;
}

template <typename Element>
void activation_gradient_rows(const Activation &activation, Element *gradient, const Element *kept,
                              Element *bias_gradient, Element *scratch, int64_t rows, int64_t columns) {
  const ActivationKernel<Element> kernel = kernel_of<Element>(activation);
  const bool is_linear = activation.kind == ActivationKind::linear;
  if (is_linear && bias_gradient == nullptr) return;
  if (is_linear) kept = gradient;
  if (rows == 0 && bias_gradient != nullptr) std::fill_n(bias_gradient, columns, Element{0});
  const int64_t length = rows_of_a_stretch(columns), stretches = shard_count(rows, length);
  Element *const sums = stretches == 1 ? bias_gradient : scratch;
  parallel_for(rows, length, [&](Range stretch) {
    const int64_t first = stretch.begin * columns;
    if (bias_gradient == nullptr)
      kernel.gradient(activation, gradient + first, gradient + first, kept + first, stretch.size() * columns);
    else
      kernel.gradient_of_rows(activation, gradient + first, kept + first, sums + stretch.begin / length * columns,
                              stretch.size(), columns);
  });
  if (stretches <= 1 || bias_gradient == nullptr) return;
  std::copy_n(sums, columns, bias_gradient);
  for (int64_t stretch = 1; stretch < stretches; ++stretch)
    for (int64_t column = 0; column < columns; ++column) bias_gradient[column] += sums[stretch * columns + column];
}

template void activate(const Activation &, float *, const float *, int64_t);
template void add_bias_and_activate(const Activation &, float *, float *, float, int64_t);
template void activation_gradient(const Activation &, float *, const float *, const float *, int64_t);
template void add_bias_and_activate_rows(const Activation &, float *, float *, const float *, int64_t, int64_t);
template void activation_gradient_rows(const Activation &, float *, const float *, float *, float *, int64_t, int64_t);

template void activate(const Activation &, double *, const double *, int64_t);
template void add_bias_and_activate(const Activation &, double *, double *, double, int64_t);
template void activation_gradient(const Activation &, double *, const double *, const double *, int64_t);
template void add_bias_and_activate_rows(const Activation &, double *, double *, const double *, int64_t, int64_t);
template void activation_gradient_rows(const Activation &, double *, const double *, double *, double *, int64_t,
                                       int64_t);

}  // namespace penstock::core::nn
