// Reductions: their order, and what they do at the edges.  The Python tests compare values with NumPy's.
#include "core/ops/reduce.h"

#include <gmock/gmock.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/thread_pool.h"
#include "core/ops/elementwise.h"
#include "core/tensor/compare.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"
#include "expect_failure.h"
#include "memory_fixture.h"

namespace penstock::core {
namespace {

using ::testing::HasSubstr;

using Reduce = MemoryTest;

Tensor thirds(const Extents &shape) {
  const double three = 3;
  const Tensor numbers = arange(0.0, static_cast<double>(element_count(shape)), 1.0, DType::float32, {});
  return reshape(binary(Operation::divide, numbers, full(DType::float32, {}, &three, DType::float64, {})), shape);
}

template <typename Number>
Number item(const Tensor &tensor) {
  Number number;
  to_data(&number, sizeof(number), tensor);
  return number;
}

// Along every axis, and all together, in both layouts.
TEST_F(Reduce, GivesTheSameBytesOnOneThreadAndOnFour) {
  for (const Tensor &matrix : {thirds({700, 900}), transpose(thirds({900, 700}), 0, 1), thirds({20000, 33})})
    for (const std::vector<int32_t> &axes : {std::vector<int32_t>{}, {0}, {1}}) {
      process_pool().set_num_threads(1);
      const Tensor alone = reduce(Operation::sum, matrix, axes, {});
      process_pool().set_num_threads(4);
      const Tensor together = reduce(Operation::sum, matrix, axes, {});
      process_pool().set_num_threads(0);
      EXPECT_TRUE(equal(alone, together, Equality::bitwise));
    }
}

TEST_F(Reduce, SumsTenMillionTenthsWithoutLosingThem) {
  const double tenth = 0.1;
  const Tensor tenths = full(DType::float32, {10'000'000}, &tenth, DType::float64, {});
  EXPECT_NEAR(item<float>(reduce(Operation::sum, tenths, {}, {})), 1e6, 2);  // one after the other: 1,087,937
}

TEST_F(Reduce, SumsRowsPairwiseToo) {
  const double tenth = 0.1;
  const Tensor tenths = full(DType::float32, {1'000'000, 10}, &tenth, DType::float64, {});
  const std::array<int32_t, 1> axis = {0};
  EXPECT_NEAR(item<float>(select(reduce(Operation::sum, tenths, axis, {}), 0, 3)), 1e5,
              0.5);  // one after the other: 100,958
}

TEST_F(Reduce, KeepsANanWhereverItStands) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const int64_t place : {0, 31, 32, 2500, 4999}) {
    const Tensor numbers = clone(thirds({5000}));
    fill(narrow(numbers, 0, place, 1), &nan, DType::float64);
    EXPECT_TRUE(std::isnan(item<float>(reduce(Operation::max, numbers, {}, {})))) << place;
    EXPECT_EQ(item<int64_t>(reduce(Operation::argmin, numbers, {}, {})), place);
  }
}

TEST_F(Reduce, NamesTheFirstOfEqualExtremesAcrossBlocks) {
  const double one = 1;
  EXPECT_EQ(item<int64_t>(reduce(Operation::argmax, full(DType::float32, {5000}, &one, DType::float64, {}), {}, {})),
            0);
}

TEST_F(Reduce, RefusesTheLargestOfNothing) {
  expect_failure(Status::invalid_argument, "max of no elements: shape (0,)",
                 [] { reduce(Operation::max, zeros(DType::float32, {0}, {}), {}, {}); });
}

TEST_F(Reduce, RefusesAnAxisThatIsNamedTwice) {
  const std::array<int32_t, 2> axes = {0, -2};
  expect_failure(Status::invalid_argument, HasSubstr("axis -2 is named twice"), [&] {
    reduce(Operation::sum, thirds({2, 3}), axes, {});
  });
}

TEST_F(Reduce, RefusesADtypeForWhatIsNoSum) {
  expect_failure(Status::invalid_argument, HasSubstr("max takes no dtype"),
                 [] { reduce(Operation::max, thirds({2}), {}, {.dtype = DType::float64}); });
}

}  // namespace
}  // namespace penstock::core
