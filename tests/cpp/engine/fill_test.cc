#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/text.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/half.h"
#include "core/tensor/view.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/memory_fixture.h"
#include "tests/cpp/engine/reference.h"
#include "tests/cpp/engine/tensor_testing.h"

namespace penstock::core {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Fill : public MemoryTest {};
class FillWithRange : public MemoryTest {};

// A tensor of three elements of dtype after a fill.
template <typename Value>
Tensor filled(DType dtype, Value value, DType value_dtype) {
  const Tensor tensor = zeros(dtype, {3}, {});
  fill(tensor, &value, value_dtype);
  return tensor;
}

// The rule of ps_tensor_fill(), written as a table: which kinds a value of each kind may fill.
bool may_fill(DType dtype, DType value_dtype) {
  if (dtype == value_dtype) return true;
  const DTypeKind kind = dtype_kind(dtype);
  if (kind == DTypeKind::storage_only) return false;
  switch (dtype_kind(value_dtype)) {
    case DTypeKind::boolean: return true;
    case DTypeKind::unsigned_integer:
    case DTypeKind::signed_integer: return kind != DTypeKind::boolean;
    case DTypeKind::floating: return kind == DTypeKind::floating || kind == DTypeKind::complex;
    case DTypeKind::complex: return kind == DTypeKind::complex;
    case DTypeKind::storage_only: return false;
  }
  return false;
}

TEST_F(Fill, TakesAValueOfEachDtypeThatFits) {
  for (int32_t number = 1; number <= dtype_count; ++number)
    for (int32_t value_number = 1; value_number <= dtype_count; ++value_number) {
      const auto dtype = static_cast<DType>(number), value_dtype = static_cast<DType>(value_number);
      SCOPED_TRACE(text(value_dtype, " into ", dtype));
      const reference::Bytes one = reference::encode(value_dtype, {1, 0, 1});
      const Tensor tensor = zeros(dtype, {2, 3}, {});
      if (!may_fill(dtype, value_dtype)) {
        expect_failure(Status::type_mismatch, AllOf(HasSubstr(text(dtype)), HasSubstr(text(value_dtype))),
                       [&] { fill(tensor, one.data(), value_dtype); });
        continue;
      }
      fill(tensor, one.data(), value_dtype);
      EXPECT_THAT(reference::elements_of(tensor), Each(reference::encode(dtype, {1, 0, 1})));
    }
}

TEST_F(Fill, WritesEveryElementAndNothingElse) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    SCOPED_TRACE(text("seed ", seed));
    reference::Random random(seed);
    const auto dtype = static_cast<DType>(1 + seed % dtype_count);
    const Tensor tensor = reference::random_tensor(random, dtype, reference::random_shape(random, 5, 5), false);
    const size_t nbytes = static_cast<size_t>(tensor.storage->nbytes()), size = static_cast<size_t>(dtype_size(dtype));
    std::vector<std::byte> expected(tensor.storage->data(), tensor.storage->data() + nbytes);
    const reference::Bytes value = reference::encode(dtype, {1, 1, 1});
    reference::for_each_index(tensor.shape, [&](const Extents &index) {
      std::memcpy(expected.data() + (reference::element_at(tensor, index) - tensor.storage->data()), value.data(),
                  size);
    });
    fill(tensor, value.data(), dtype);
    ASSERT_EQ(std::vector<std::byte>(tensor.storage->data(), tensor.storage->data() + nbytes), expected);
  }
}

TEST_F(Fill, TakesIntegersUpToTheLimitsOfTheDtype) {
  EXPECT_THAT(values_of<int8_t>(filled(DType::int8, int64_t{-128}, DType::int64)), Each(-128));
  EXPECT_THAT(values_of<int8_t>(filled(DType::int8, uint64_t{127}, DType::uint64)), Each(127));
  EXPECT_THAT(values_of<uint64_t>(filled(DType::uint64, ~uint64_t{0}, DType::uint64)), Each(~uint64_t{0}));
  EXPECT_THAT(values_of<int64_t>(filled(DType::int64, std::numeric_limits<int64_t>::min(), DType::int64)),
              Each(std::numeric_limits<int64_t>::min()));
}

TEST_F(Fill, RefusesIntegersBeyondTheLimitsAndNamesThem) {
  const Tensor tensor = zeros(DType::int8, {2}, {});
  const int16_t too_low = -129;
  const uint64_t too_high = 128, far_too_high = ~uint64_t{0};
  expect_failure(Status::out_of_range, AllOf(HasSubstr("-129"), HasSubstr("int8"), HasSubstr("-128 to 127")),
                 [&] { fill(tensor, &too_low, DType::int16); });
  expect_failure(Status::out_of_range, HasSubstr("128 does not fit"), [&] { fill(tensor, &too_high, DType::uint64); });
  expect_failure(Status::out_of_range, HasSubstr("18446744073709551615"),
                 [&] { fill(tensor, &far_too_high, DType::uint64); });
  EXPECT_THAT(values_of<int8_t>(tensor), Each(0));
}

TEST_F(Fill, RefusesANegativeIntegerForAnUnsignedDtype) {
  for (const DType dtype : {DType::uint8, DType::uint16, DType::uint32, DType::uint64})
    expect_failure(Status::out_of_range, AllOf(HasSubstr("-1"), HasSubstr("0 to")),
                   [&] { filled(dtype, int32_t{-1}, DType::int32); });
}

TEST_F(Fill, RoundsAnIntegerToFloatingPointOnce) {
  const uint64_t just_beyond_a_tie = (uint64_t{1} << 63) + (uint64_t{1} << 39) + 1;
  EXPECT_THAT(values_of<float>(filled(DType::float32, just_beyond_a_tie, DType::uint64)), Each(0x1.000002p63f));
}

TEST_F(Fill, RoundsADoubleToFloat16Once) {
  EXPECT_THAT(values_of<uint16_t>(filled(DType::float16, 1 + 0x1p-11 + 0x1p-40, DType::float64)), Each(0x3c01));
}

TEST_F(Fill, AnIntegerTooLargeForFloat16BecomesInfinite) {
  EXPECT_THAT(values_of<uint16_t>(filled(DType::float16, int64_t{70000}, DType::int64)), Each(Float16::infinity));
}

TEST_F(Fill, AnyTrueByteIsWrittenAsOne) {
  EXPECT_THAT(values_of<uint8_t>(filled(DType::bool8, uint8_t{7}, DType::bool8)), Each(1));
  EXPECT_THAT(values_of<float>(filled(DType::float32, uint8_t{7}, DType::bool8)), Each(1.0f));
}

TEST_F(Fill, ReadsAValueAtAnyAddress) {
  std::array<std::byte, 9> memory{};
  const double value = 2.5;
  std::memcpy(memory.data() + 1, &value, sizeof(value));
  const Tensor tensor = zeros(DType::float64, {2}, {});
  fill(tensor, memory.data() + 1, DType::float64);
  EXPECT_THAT(values_of<double>(tensor), Each(2.5));
}

TEST_F(Fill, RefusesAReadOnlyTensor) {
  const Tensor tensor = expand(zeros(DType::int32, {1}, {}), {3});
  const int32_t value = 1;
  expect_failure(Status::read_only, HasSubstr("(3,)"), [&] { fill(tensor, &value, DType::int32); });
}

TEST(RequireIntegerFits, TakesAnyIntegerForFloatingAndComplexDtypes) {
  for (const DType dtype : {DType::float16, DType::bfloat16, DType::float64, DType::complex64})
    require_integer_fits(std::numeric_limits<int64_t>::min(), dtype);
}

TEST(RequireIntegerFits, KnowsTheLimitsOfEveryIntegerDtype) {
  using Unsigned = std::numeric_limits<uint32_t>;
  for (const DType dtype : {DType::int64, DType::uint64})
    require_integer_fits(std::numeric_limits<int64_t>::max(), dtype);
  require_integer_fits(Unsigned::max(), DType::uint32);
  expect_failure(Status::out_of_range, HasSubstr("0 to 4294967295"),
                 [] { require_integer_fits(int64_t{Unsigned::max()} + 1, DType::uint32); });
  expect_failure(Status::out_of_range, HasSubstr("-2147483648 to 2147483647"),
                 [] { require_integer_fits(int64_t{1} << 31, DType::int32); });
  expect_failure(Status::out_of_range, HasSubstr("0 to 18446744073709551615"),
                 [] { require_integer_fits(-1, DType::uint64); });
}

TEST_F(FillWithRange, CountsInEveryNumericDtype) {
  for (int32_t number = 2; number <= static_cast<int32_t>(DType::complex128); ++number) {
    const auto dtype = static_cast<DType>(number);
    const Tensor tensor = zeros(dtype, {4}, {});
    fill_with_range(tensor, int64_t{100}, int64_t{-9});
    std::vector<reference::Bytes> expected;
    for (const int32_t value : {100, 91, 82, 73})
      expected.push_back(reference::encode(dtype, {static_cast<long double>(value), 0, static_cast<uint64_t>(value)}));
    EXPECT_EQ(reference::elements_of(tensor), expected) << dtype_name(dtype);
  }
}

TEST_F(FillWithRange, IntegersAreExactThoughStepsAddUpBeyondInt64) {
  const Tensor tensor = zeros(DType::int64, {4}, {});
  fill_with_range(tensor, std::numeric_limits<int64_t>::min(), int64_t{1} << 62);
  EXPECT_THAT(values_of<int64_t>(tensor),
              ElementsAre(std::numeric_limits<int64_t>::min(), -(int64_t{1} << 62), 0, int64_t{1} << 62));
}

TEST_F(FillWithRange, LongRangesGoOnFromBlockToBlock) {
  const Tensor tensor = zeros(DType::int32, {2000}, {});
  fill_with_range(tensor, int64_t{5}, int64_t{3});
  const std::vector<int32_t> values = values_of<int32_t>(tensor);
  for (size_t index = 0; index < values.size(); ++index) ASSERT_EQ(values[index], 5 + 3 * static_cast<int32_t>(index));
}

TEST_F(FillWithRange, WritesThroughStrides) {
  const Tensor tensor = zeros(DType::int32, {5}, {});
  fill_with_range(slice(tensor, 0, slice_open, slice_open, -2), int64_t{1}, int64_t{1});
  EXPECT_THAT(values_of<int32_t>(tensor), ElementsAre(3, 0, 2, 0, 1));
}

// 0.1f added up, or multiplied in float32, would differ from the third number on.
TEST_F(FillWithRange, FloatingPointNumbersAreRoundedFromFloat64) {
  const Tensor tensor = zeros(DType::float32, {1000}, {});
  fill_with_range(tensor, 0.0, 0.1);
  const std::vector<float> values = values_of<float>(tensor);
  for (size_t index = 0; index < values.size(); ++index)
    ASSERT_EQ(values[index], static_cast<float>(static_cast<double>(index) * 0.1));
}

TEST_F(FillWithRange, RefusesAReadOnlyTensor) {
  const Tensor tensor = expand(zeros(DType::int32, {1}, {}), {3});
  expect_failure(Status::read_only, HasSubstr("(3,)"), [&] { fill_with_range(tensor, int64_t{0}, int64_t{1}); });
}

}  // namespace
}  // namespace penstock::core
