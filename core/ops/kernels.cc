#include "core/ops/kernels.h"

#include "core/base/processor.h"
#include "core/ops/kernels/loops.h"
#include "core/ops/kernels/other_kernels.h"
#include "core/ops/kernels/random_kernels.h"
#include "core/ops/kernels/simple_functions.h"
#include "core/ops/kernels/simple_kernels.h"
#include "core/ops/kernels/vector_functions.h"

namespace penstock::core {
namespace {

// Those for the widest vectors that this processor has.
const SimpleKernels &simple_kernels() {
  static const SimpleKernels &chosen = processor_has_64_byte_vectors()   ? simple_kernels_64()
                                       : processor_has_32_byte_vectors() ? simple_kernels_32()
                                                                         : simple_kernels_16();
  return chosen;
}

FindKernel find_vector_function() {
  static const FindKernel chosen = processor_has_64_byte_vectors()   ? find_vector_function_64
                                   : processor_has_32_byte_vectors() ? find_vector_function_32
                                                                     : find_vector_function_16;
  return chosen;
}

template <typename Function, typename Element>
void scan_line(std::byte *elements, int64_t stride, int64_t count) {
  if (count == 0) return;
  auto joined = load<Element>(elements);
  for (int64_t i = 1; i < count; ++i) {
    joined = Function::apply(joined, load<Element>(elements + i * stride));
    store<Element>(elements + i * stride, joined);
  }
}

struct ComplexProduct {
  template <typename Number>
  static Number apply(Number a, Number b) {
    return a * b;
  }
};

}  // namespace

const RandomKernels &random_kernels() {
  static const RandomKernels &chosen = processor_has_64_byte_vectors()   ? random_kernels_64()
                                       : processor_has_32_byte_vectors() ? random_kernels_32()
                                                                         : random_kernels_16();
  return chosen;
}

ElementwiseKernel find_elementwise(Operation operation, DType computing) {
  for (const auto find : {simple_kernels().elementwise, find_vector_function(), find_function_kernel,
                          find_integer_kernel, find_complex_kernel})
    if (const ElementwiseKernel kernel = find(operation, computing); kernel != nullptr) return kernel;
  return nullptr;
}

ElementwiseKernel find_where(DType dtype) { return simple_kernels().where(dtype); }
ElementwiseKernel find_clip(DType dtype) { return simple_kernels().clip(dtype); }

FoldKernel find_fold(Operation operation, DType dtype) {
  const FoldKernel kernel = simple_kernels().fold(operation, dtype);
  return kernel != nullptr ? kernel : find_complex_fold(operation, dtype);
}

ScanKernel find_scan(Operation operation, DType dtype) {
  const bool is_sum = operation == Operation::add;
  switch (dtype) {
    case DType::float32: return is_sum ? scan_line<Add, float> : scan_line<Multiply, float>;
    case DType::float64: return is_sum ? scan_line<Add, double> : scan_line<Multiply, double>;
    case DType::int64:
    case DType::uint64: return is_sum ? scan_line<Add, uint64_t> : scan_line<Multiply, uint64_t>;
    case DType::complex64: return is_sum ? scan_line<Add, Complex<float>> : scan_line<ComplexProduct, Complex<float>>;
    case DType::complex128:
      return is_sum ? scan_line<Add, Complex<double>> : scan_line<ComplexProduct, Complex<double>>;
    default: return nullptr;
  }
}

}  // namespace penstock::core
