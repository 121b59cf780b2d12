// Operations element by element: what the Python tests, which compare every one of them with NumPy, cannot see.
#include "core/ops/elementwise.h"

#include <gmock/gmock.h>

#include <cstring>
#include <limits>
#include <vector>

#include "core/base/processor.h"
#include "core/base/thread_pool.h"
#include "core/ops/kernels/simple_kernels.h"
#include "core/tensor/compare.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"
#include "expect_failure.h"
#include "memory_fixture.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Elementwise = MemoryTest;

Tensor floats_of(const std::vector<float> &values) {
  return from_data(DType::float32, {static_cast<int64_t>(values.size())}, values.data(), values.size() * sizeof(float),
                   {});
}

std::vector<float> values_of(const Tensor &tensor) {
  std::vector<float> values(static_cast<size_t>(tensor.element_count()));
  to_data(values.data(), values.size() * sizeof(float), tensor);
  return values;
}

Tensor range(int64_t count) { return arange(0.0, static_cast<double>(count), 1.0, DType::float32, {}); }

TEST_F(Elementwise, AddsARowToEachRowOfAMatrixInAnyLayout) {
  const Tensor matrix = transpose(reshape(range(6), {3, 2}), 0, 1);
  EXPECT_THAT(values_of(binary(Operation::add, matrix, floats_of({10, 20, 30}))), ElementsAre(10, 22, 34, 11, 23, 35));
}

TEST_F(Elementwise, WritesIntoAnOperand) {
  const Tensor numbers = floats_of({1, 2, 3});
  binary_into(numbers, Operation::multiply, numbers, numbers);
  EXPECT_THAT(values_of(numbers), ElementsAre(1, 4, 9));
}

TEST_F(Elementwise, ReadsAnOverlappingOperandAsIfItHadBeenCopiedAway) {
  const Tensor numbers = floats_of({1, 2, 3, 4});
  binary_into(narrow(numbers, 0, 1, 3), Operation::add, narrow(numbers, 0, 0, 3), narrow(numbers, 0, 1, 3));
  EXPECT_THAT(values_of(numbers), ElementsAre(1, 3, 5, 7));
}

TEST_F(Elementwise, LeavesTheDestinationUntouchedWhereTheShapesDoNotFit) {
  const Tensor numbers = floats_of({1, 2});
  expect_failure(Status::invalid_argument, HasSubstr("(3,)"), [&] {
    unary_into(numbers, Operation::negative, floats_of({1, 2, 3}));
  });
  EXPECT_THAT(values_of(numbers), ElementsAre(1, 2));
}

TEST_F(Elementwise, NamesTheOperationAndBothShapes) {
  expect_failure(Status::invalid_argument, "subtract: shapes (2,), (3,) do not broadcast together",
                 [] { binary(Operation::subtract, range(2), range(3)); });
}

TEST_F(Elementwise, NamesTheOperationAndBothDtypes) {
  const Tensor unsigned_number = zeros(DType::uint64, {}, {}), signed_number = zeros(DType::int8, {}, {});
  expect_failure(Status::type_mismatch, HasSubstr("add: int8 and uint64"),
                 [&] { binary(Operation::add, signed_number, unsigned_number); });
}

TEST_F(Elementwise, EveryOperationHasAKernelForWhatItTakes) {
  for (int32_t number = 1; number < 200; ++number) {
    const OperationInfo *info = find_operation(static_cast<Operation>(number));
    if (info == nullptr) continue;
    for (int32_t dtype_number = 1; dtype_number <= dtype_count; ++dtype_number) {
      const auto dtype = static_cast<DType>(dtype_number);
      if ((info->takes & kind_of(dtype)) == 0) continue;
      const Tensor zero = zeros(dtype, {2}, {});
      const Tensor out =
          info->family == OperationFamily::unary ? unary(info->operation, zero) : binary(info->operation, zero, zero);
      EXPECT_EQ(out.dtype, result_dtype(*info, dtype)) << info->name << " of " << dtype_name(dtype);
    }
  }
}

TEST_F(Elementwise, GivesTheSameBytesOnOneThreadAndOnFour) {
  const Tensor numbers = range(300000), matrix = reshape(numbers, {300, 1000});
  process_pool().set_num_threads(1);
  const Tensor alone = binary(Operation::divide, transpose(matrix, 0, 1), range(300));
  process_pool().set_num_threads(4);
  const Tensor together = binary(Operation::divide, transpose(matrix, 0, 1), range(300));
  process_pool().set_num_threads(0);
  EXPECT_TRUE(equal(alone, together, Equality::bitwise));
}

TEST_F(Elementwise, RoundsAnOperationOnFloat16Once) {
  const Tensor third = binary(Operation::divide, astype(floats_of({1}), DType::float16, Casting::unsafe),
                              astype(floats_of({3}), DType::float16, Casting::unsafe));
  EXPECT_THAT(values_of(astype(third, DType::float32, Casting::unsafe)), ElementsAre(0x1.554p-2f));
}

// The folds of each width of vectors that this processor has.
std::vector<const SimpleKernels *> kernels_here() {
  std::vector<const SimpleKernels *> kernels = {&simple_kernels_16()};
  if (processor_has_32_byte_vectors()) kernels.push_back(&simple_kernels_32());
  if (processor_has_64_byte_vectors()) kernels.push_back(&simple_kernels_64());
  return kernels;
}

TEST(Fold, GivesTheSameBitsAtEachWidthOfVectors) {
  for (const int64_t count : {1, 31, 32, 33, 1000}) {
    const Tensor thirds = binary(Operation::divide, range(count), floats_of({3}));
    std::vector<float> sums;
    for (const SimpleKernels *kernels : kernels_here()) {
      float sum = 0;
      kernels->fold(Operation::add, DType::float32)(reinterpret_cast<std::byte *>(&sum), thirds.data, count);
      sums.push_back(sum);
    }
    EXPECT_THAT(sums, ::testing::Each(sums[0])) << count;
  }
}

}  // namespace
}  // namespace penstock::core
