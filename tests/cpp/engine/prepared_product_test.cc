// Products of matrices that are prepared once and run on memory of any place.
#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/linalg/products.h"
#include "core/ops/random_tensors.h"
#include "core/tensor/compare.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "memory_fixture.h"
#include "tests/cpp/engine/allocation_count.h"
#include "tests/cpp/engine/child_process.h"

namespace penstock::core {
namespace {

using PreparedProducts = MemoryTest;

struct Shape {
  int64_t rows, columns, inner, batch = 1;
  bool left_is_turned = false, right_is_turned = false;  // lies column after column
};

// Sizes of one shard and of many, single rows and columns, and an inner axis that is cut.
constexpr Shape shapes[] = {
    {1, 1, 1},
    {32, 10, 128},
    {32, 128, 784, 1, false, true},
    {128, 784, 32, 1, true, false},
    {400, 300, 200},
    {1, 2000, 900, 1, false, true},  // a row: run as the column of the other operand
    {2000, 1, 900, 1, true, false},  // a column: run as a row
    {2, 3, 300000},
    {17, 33, 65, 12, true, true},
    {0, 4, 3},
    {4, 5, 0},
};

MatrixView view(int64_t rows, int64_t columns, bool is_turned) {
  return is_turned ? MatrixView{nullptr, 1, rows} : MatrixView{nullptr, columns, 1};
}

Products outline_of(const Shape &shape, DType dtype) {
  return {.dtype = dtype,
          .first = {.out = view(shape.rows, shape.columns, false),
                    .left = view(shape.rows, shape.inner, shape.left_is_turned),
                    .right = view(shape.inner, shape.columns, shape.right_is_turned),
                    .rows = shape.rows,
                    .columns = shape.columns,
                    .inner = shape.inner},
          .batch = {shape.batch},
          .out_strides = {shape.rows * shape.columns},
          .left_strides = {shape.rows * shape.inner},
          .right_strides = {0}};
}

struct Operands {
  Tensor out, left, right;

  Operands(const Shape &shape, DType dtype, uint64_t number)
      : out(zeros(dtype, {shape.batch, shape.rows, shape.columns}, {})),
        left(numbers(dtype, {shape.batch, shape.rows, shape.inner}, number)),
        right(numbers(dtype, {shape.inner, shape.columns}, number + 1)) {}

  static Tensor numbers(DType dtype, const Extents &shape, uint64_t number) {
    return astype(random_normal({.seed = 5, .number = number}, DType::float64, shape, 0, 9, {}), dtype,
                  Casting::unsafe);
  }
};

Tensor multiplied(const Shape &shape, const Operands &operands) {
  Products products = outline_of(shape, operands.out.dtype);
  const Tensor out = zeros(operands.out.dtype, operands.out.shape, {});
  products.first.out.data = out.data;
  products.first.left.data = operands.left.data;
  products.first.right.data = operands.right.data;
  multiply(products);
  return out;
}

TEST_F(PreparedProducts, HaveTheBitsOfMultiplyOnEachMemoryTheyAreGiven) {
  for (const DType dtype : {DType::float32, DType::float64, DType::bfloat16, DType::int32, DType::complex64})
    for (const Shape &shape : shapes) {
      PreparedProduct product(outline_of(shape, dtype));
      for (uint64_t round = 0; round < 2; ++round) {
        const Operands operands(shape, dtype, 2 * round);
        product.run(operands.out.data, operands.left.data, operands.right.data);
        EXPECT_TRUE(equal(operands.out, multiplied(shape, operands), Equality::bitwise))
            << dtype_name(dtype) << " " << shape.rows << "x" << shape.inner << "x" << shape.columns;
      }
    }
}

TEST_F(PreparedProducts, AllocateNothingWhenTheyRun) {
  process_pool().set_num_threads(2);
  for (const Shape &shape : shapes) {
    PreparedProduct product(outline_of(shape, DType::float32));
    const Operands operands(shape, DType::float32, 0);
    product.run(operands.out.data, operands.left.data, operands.right.data);  // the pool starts its workers
    const int64_t before = allocations_of_this_thread();
    const MemoryUsage memory_before = memory_usage({});
    product.run(operands.out.data, operands.left.data, operands.right.data);
    EXPECT_EQ(allocations_of_this_thread(), before) << shape.rows << "x" << shape.inner << "x" << shape.columns;
    EXPECT_EQ(memory_usage({}).live_bytes, memory_before.live_bytes);
  }
  process_pool().set_num_threads(0);
}

TEST_F(PreparedProducts, ThreadsAddedLaterShareTheWorkspaces) {
  const Shape shape{600, 500, 400, 1, false, true};
  process_pool().set_num_threads(1);
  PreparedProduct product(outline_of(shape, DType::float32));
  const Operands operands(shape, DType::float32, 0);
  process_pool().set_num_threads(4);
  product.run(operands.out.data, operands.left.data, operands.right.data);
  EXPECT_TRUE(equal(operands.out, multiplied(shape, operands), Equality::bitwise));
  process_pool().set_num_threads(0);
}

TEST_F(PreparedProducts, RunInAChildOfFork) {
  const Shape shape{600, 500, 400, 1, false, true};
  PreparedProduct product(outline_of(shape, DType::float32));
  const Operands operands(shape, DType::float32, 0);
  product.run(operands.out.data, operands.left.data, operands.right.data);
  const Tensor expected = clone(operands.out);
  const size_t nbytes = static_cast<size_t>(expected.nbytes());
  EXPECT_EQ(child_result([&] {
              std::memset(operands.out.data, 0, nbytes);
              product.run(operands.out.data, operands.left.data, operands.right.data);
              return std::memcmp(operands.out.data, expected.data, nbytes) == 0 ? 0 : 1;
            }),
            0);
}

}  // namespace
}  // namespace penstock::core
