#include "core/autograd/index_rules.h"

#include <complex>
#include <vector>

#include "core/autograd/operation_node.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/index.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core::autograd {
namespace {

template <typename Number>
void add_numbers_at(const Tensor &destination, const Tensor &places, const Tensor &values) {
  auto *to = reinterpret_cast<Number *>(destination.data);
  const auto *place = reinterpret_cast<const int64_t *>(places.data);
  const auto *from = reinterpret_cast<const Number *>(values.data);
  const int64_t count = values.element_count();
  for (int64_t index = 0; index < count; ++index) to[place[index]] += from[index];
}

// In what gradients are added up: small floats in float32, as sums are.
DType adding_dtype(DType dtype) {
  switch (dtype) {
    case DType::float64:
    case DType::complex64:
    case DType::complex128: return dtype;
    default: return DType::float32;
  }
}

// Index tensors of a node's own, since the caller's may be gone or changed by then.
std::vector<Tensor> kept_indices(std::span<const Tensor *const> indices) {
  std::vector<Tensor> kept;
  for (const Tensor *index : indices) kept.push_back(index == nullptr ? Tensor() : *index);
  return kept;
}

Tensor take_gradient(const Pass &pass, size_t index_count, const Extents &shape) {
  std::vector<const Tensor *> indices;
  for (size_t index = 0; index < index_count; ++index) {
    const Tensor &kept = pass.kept(index);
    indices.push_back(kept.storage ? &kept : nullptr);
  }
  const Tensor places = contiguous(take(row_major_numbers(shape), indices));
  return added_at(places, pass.gradient(), shape);
}

}  // namespace

Tensor row_major_numbers(const Extents &shape) {
  return reshape(arange(int64_t{0}, element_count(shape), int64_t{1}, DType::int64, {}), shape);
}

Tensor added_at(const Tensor &places, const Tensor &values, const Extents &shape) {
  const DType dtype = adding_dtype(values.dtype);
  const Tensor sums = zeros(dtype, shape, {});
  const Tensor added = astype(in_main_memory(values), dtype, Casting::unsafe);
  switch (dtype) {
    case DType::float64: add_numbers_at<double>(sums, places, added); break;
    case DType::complex64: add_numbers_at<std::complex<float>>(sums, places, added); break;
    case DType::complex128: add_numbers_at<std::complex<double>>(sums, places, added); break;
    default: add_numbers_at<float>(sums, places, added); break;
  }
  return sums;
}

Reference<Node> record_take(const Variable &operand, std::span<const Tensor *const> indices, const Tensor &result) {
  return record("take", {operand}, result, kept_indices(indices),
                [count = indices.size(), shape = operand.tensor.shape](const Pass &pass) -> Gradients {
                  return {take_gradient(pass, count, shape)};
                });
}

}  // namespace penstock::core::autograd
