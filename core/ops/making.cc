#include "core/ops/making.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/ops/elementwise.h"
#include "core/ops/operands.h"
#include "core/tensor/copy.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

void require_linspace(double start, double stop, int64_t count, DType dtype) {
  if (count < 0) fail(Status::invalid_argument, "linspace of ", count, " numbers: expected 0 or more");
  if ((kind_of(dtype) & numbers) == 0)
    fail(Status::type_mismatch, "linspace cannot make ", dtype, ": expected integers, floating or complex numbers");
  if (!std::isfinite(start) || !std::isfinite(stop))
    fail(Status::invalid_argument, "linspace from ", start, " to ", stop, " is not finite");
}

// Between numbers of opposite signs the distance may be larger than any number, the step is not.
double step_between(double start, double stop, int64_t steps) {
  const double distance = stop - start, count = static_cast<double>(steps);
  return std::isfinite(distance) ? distance / count : stop / count - start / count;
}

}  // namespace

Tensor linspace(double start, double stop, int64_t count, bool with_stop, DType dtype, const Allocation &allocation) {
  require_linspace(start, stop, count, dtype);
  const int64_t steps = std::max<int64_t>(1, with_stop ? count - 1 : count);
  checked_element_count({count}, dtype);
  require_usable(allocation);
  const Tensor exact = empty(DType::float64, {count}, {});
  fill_with_range(exact, start, step_between(start, stop, steps));
  if (with_stop && count > 1) fill(narrow(exact, 0, count - 1, 1), &stop, DType::float64);
  // Downwards, as NumPy does it: a conversion would cut towards 0.
  if ((kind_of(dtype) & integers) != 0) unary_into(exact, Operation::floor, exact);
  Tensor out = empty(dtype, {count}, allocation);
  copy(out, exact, Casting::unsafe);
  return out;
}

Tensor eye(int64_t rows, int64_t columns, int64_t diagonal, DType dtype, const Allocation &allocation) {
  if (rows < 0 || columns < 0)
    fail(Status::invalid_argument, "eye of ", rows, " rows and ", columns, " columns: expected 0 or more");
  if (kind_of(dtype) == 0) fail(Status::type_mismatch, "eye cannot make ", dtype, ": it is for storage only");
  Tensor out = zeros(dtype, {rows, columns}, allocation);
  // Beyond the matrix: one past its sides is as good as further away.
  diagonal = std::clamp(diagonal, -rows, columns);
  const int64_t first_row = std::max<int64_t>(0, -diagonal), first_column = std::max<int64_t>(0, diagonal);
  const int64_t count = std::min(rows - first_row, columns - first_column);
  if (count <= 0) return out;
  Tensor ones = out;
  ones.data += (first_row * columns + first_column) * dtype_size(dtype);
  ones.shape = {count};
  ones.strides = {columns + 1};
  const bool one = true;
  fill(ones, &one, DType::bool8);
  return out;
}

Tensor triangle(const Tensor &tensor, Triangle kept, int64_t diagonal) {
  const std::string_view name = kept == Triangle::lower ? "tril" : "triu";
  if (tensor.ndim() < 2)
    fail(Status::invalid_argument, name, " of shape ", tensor.shape, ": expected two axes or more");
  if (!on_cpu(tensor)) return on_device(triangle(in_main_memory(tensor), kept, diagonal), tensor.device());
  Tensor out = clone(tensor);
  if (out.element_count() == 0) return out;
  const int64_t rows = tensor.shape[tensor.ndim() - 2], columns = tensor.shape[tensor.ndim() - 1];
  const int64_t size = dtype_size(tensor.dtype);
  diagonal = std::clamp(diagonal, -rows, columns);
  constexpr int64_t shard_elements = 65536;
  parallel_for(out.element_count() / columns, std::max<int64_t>(1, shard_elements / columns), [&](Range range) {
    for (int64_t line = range.begin; line < range.end; ++line) {
      // The column of the first element above the diagonal, or on it.
      const int64_t border = line % rows + diagonal + (kept == Triangle::lower ? 1 : 0);
      const int64_t cut = std::clamp<int64_t>(border, 0, columns);
      const Range zeroed = kept == Triangle::lower ? Range{cut, columns} : Range{0, cut};
      std::memset(out.data + (line * columns + zeroed.begin) * size, 0, static_cast<size_t>(zeroed.size() * size));
    }
  });
  return out;
}

}  // namespace penstock::core
