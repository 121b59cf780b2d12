#include "core/tensor/create.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/text.h"
#include "core/tensor/copy.h"
#include "core/tensor/view.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/memory_fixture.h"
#include "tests/cpp/engine/tensor_testing.h"

namespace penstock::core {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Create : public MemoryTest {};
class Arange : public MemoryTest {};
class Wrap : public MemoryTest {};

TEST_F(Create, EmptyIsRowMajorAndWritable) {
  const Tensor tensor = empty(DType::int16, {2, 3, 4}, {});
  EXPECT_EQ(tensor.strides, (Extents{12, 4, 1}));
  EXPECT_FALSE(tensor.read_only);
  EXPECT_EQ(tensor.storage->nbytes(), 48);
}

TEST_F(Create, MemoryIsAlignedAsAsked) {
  const auto is_aligned = [](const Tensor &tensor, uintptr_t alignment) {
    return reinterpret_cast<uintptr_t>(tensor.data) % alignment == 0;
  };
  for (uintptr_t alignment = 1; alignment <= Storage::largest_alignment; alignment *= 2)
    EXPECT_TRUE(
        is_aligned(empty(DType::uint8, {3}, {.device = {}, .alignment = static_cast<int64_t>(alignment)}), alignment));
  EXPECT_TRUE(is_aligned(empty(DType::uint8, {3}, {.device = {}, .alignment = 0}), Storage::default_alignment));
  EXPECT_TRUE(is_aligned(empty(DType::complex128, {3}, {.device = {}, .alignment = 1}), 8));
}

TEST_F(Create, AlignmentsThatAreNoPowerOfTwoAreRefused) {
  for (const int64_t alignment :
       {int64_t{-1}, int64_t{3}, int64_t{48}, Storage::largest_alignment * 2, std::numeric_limits<int64_t>::min()})
    expect_failure(Status::invalid_argument, HasSubstr(text("alignment ", alignment)),
                   [&] { empty(DType::uint8, {3}, {.device = {}, .alignment = alignment}); });
}

TEST_F(Create, PinnedMemoryIsNotAvailable) {
  expect_failure(Status::unavailable, HasSubstr("pinned"),
                 [] { empty(DType::uint8, {3}, {.device = {}, .pinned = true}); });
}

TEST_F(Create, NoElementsHaveNoData) {
  const Tensor tensor = empty(DType::int16, {2, 0, 4}, {});
  EXPECT_EQ(tensor.data, nullptr);
  EXPECT_EQ(tensor.nbytes(), 0);
}

TEST_F(Create, MoreThanMachinesHoldIsOutOfMemory) {
  expect_failure(Status::out_of_memory, HasSubstr(text(largest_nbytes)),
                 [] { empty(DType::uint8, {largest_nbytes}, {}); });
}

TEST_F(Create, ZerosHasEveryByteZero) { EXPECT_THAT(values_of<uint64_t>(zeros(DType::uint64, {3, 5}, {})), Each(0)); }

TEST_F(Create, FullHoldsTheConvertedValue) {
  const int32_t value = 7;
  EXPECT_THAT(values_of<float>(full(DType::float32, {2, 2}, &value, DType::int32, {})), Each(7.0f));
}

TEST_F(Create, FullKeepsNothingWhenItsValueDoesNotFit) {
  const int32_t value = 300;
  expect_failure(Status::out_of_range, HasSubstr("300"), [&] { full(DType::uint8, {2, 2}, &value, DType::int32, {}); });
}

TEST_F(Create, FromDataCopiesRowMajorMemory) {
  std::array<int16_t, 6> data = {1, 2, 3, 4, 5, 6};
  const Tensor tensor = from_data(DType::int16, {2, 3}, data.data(), sizeof(data), {});
  data.fill(0);
  EXPECT_THAT(values_of<int16_t>(tensor), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(Create, FromDataRefusesAnotherNumberOfBytesAndNamesBoth) {
  const std::array<int16_t, 6> data{};
  for (const uint64_t nbytes : {uint64_t{0}, uint64_t{11}, uint64_t{13}, ~uint64_t{0}})
    expect_failure(Status::invalid_argument, AllOf(HasSubstr(text(nbytes, " bytes")), HasSubstr("needs 12")), [&] {
      from_data(DType::int16, {2, 3}, data.data(), nbytes, {});
    });
}

TEST_F(Create, FromDataTakesNoDataForNoElements) {
  EXPECT_EQ(from_data(DType::int16, {0, 3}, nullptr, 0, {}).shape, (Extents{0, 3}));
}

TEST_F(Create, ShapesThatCannotBeAreRefused) {
  constexpr int64_t huge = int64_t{1} << 62;
  const Extents impossible[] = {{huge, 4}, {huge, 0}, {huge}, {-1}, {0, -1}, {int64_t{1} << 28, int64_t{1} << 28, 2}};
  for (const Extents &shape : impossible)
    expect_failure(Status::invalid_argument, HasSubstr(text(shape)), [&] { empty(DType::uint8, shape, {}); });
}

TEST_F(Arange, CountsUpToButWithoutStop) {
  EXPECT_THAT(values_of<int32_t>(arange(int64_t{2}, 11, 3, DType::int32, {})), ElementsAre(2, 5, 8));
  EXPECT_THAT(values_of<int32_t>(arange(int64_t{2}, 12, 3, DType::int32, {})), ElementsAre(2, 5, 8, 11));
  EXPECT_THAT(values_of<int32_t>(arange(int64_t{5}, 0, -2, DType::int32, {})), ElementsAre(5, 3, 1));
}

TEST_F(Arange, IsEmptyWhenStopLiesTheWrongWay) {
  EXPECT_THAT(values_of<int32_t>(arange(int64_t{5}, 0, 1, DType::int32, {})), IsEmpty());
  EXPECT_THAT(values_of<int32_t>(arange(int64_t{0}, 5, -1, DType::int32, {})), IsEmpty());
  EXPECT_THAT(values_of<int32_t>(arange(int64_t{5}, 5, 1, DType::int32, {})), IsEmpty());
}

TEST_F(Arange, ReachesAcrossAllOfInt64) {
  constexpr int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();
  EXPECT_THAT(values_of<int64_t>(arange(least, most, most, DType::int64, {})), ElementsAre(least, -1, most - 1));
  EXPECT_THAT(values_of<int64_t>(arange(least, most, int64_t{1} << 62, DType::int64, {})),
              ElementsAre(least, least / 2, 0, -(least / 2)));
  EXPECT_THAT(values_of<int64_t>(arange(most, least, least, DType::int64, {})), ElementsAre(most, -1));
  EXPECT_THAT(values_of<int64_t>(arange(most - 1, most, most, DType::int64, {})), ElementsAre(most - 1));
}

TEST_F(Arange, RefusesAStepOfZeroAndLengthsBeyondMemory) {
  constexpr int64_t least = std::numeric_limits<int64_t>::min(), most = std::numeric_limits<int64_t>::max();
  expect_failure(Status::invalid_argument, HasSubstr("step of 0"), [] { arange(int64_t{0}, 1, 0, DType::int32, {}); });
  expect_failure(Status::invalid_argument, HasSubstr("18446744073709551615 elements"),
                 [=] { arange(least, most, 1, DType::int64, {}); });
  expect_failure(Status::invalid_argument, HasSubstr("2^56"), [] { arange(0.0, 1e300, 1e-300, DType::float64, {}); });
}

TEST_F(Arange, RefusesNumbersThatDoNotFitTheDtype) {
  expect_failure(Status::out_of_range, AllOf(HasSubstr("-1"), HasSubstr("uint8")),
                 [] { arange(int64_t{-1}, 5, 1, DType::uint8, {}); });
  expect_failure(Status::out_of_range, HasSubstr("128 does not fit int8"),
                 [] { arange(int64_t{0}, 129, 64, DType::int8, {}); });
  EXPECT_THAT(values_of<uint8_t>(arange(int64_t{250}, 256, 5, DType::uint8, {})), ElementsAre(250, 255));
}

TEST_F(Arange, RefusesDtypesThatDoNotCount) {
  for (const DType dtype : {DType::bool8, DType::float8_e4m3fn, DType::float8_e5m2})
    expect_failure(Status::type_mismatch, HasSubstr(text(dtype)), [&] { arange(int64_t{0}, 2, 1, dtype, {}); });
  for (const DType dtype : {DType::int64, DType::float8_e5m2})
    expect_failure(Status::type_mismatch, HasSubstr(text(dtype)), [&] { arange(0.0, 2.0, 1.0, dtype, {}); });
}

// Lengths and numbers by NumPy 2.4.
TEST_F(Arange, FloatingPointLengthsAreThoseOfNumPy) {
  const auto length = [](double start, double stop, double step) {
    return arange(start, stop, step, DType::float64, {}).shape[0];
  };
  EXPECT_EQ(length(0, 1, 0.1), 10);
  EXPECT_EQ(length(1, 0, -0.3), 4);
  EXPECT_EQ(length(1, 1.3, 0.1), 4);
  EXPECT_EQ(length(0, 2.1, 0.3), 8);
  EXPECT_EQ(length(0, 1, 2), 1);
  EXPECT_EQ(length(0, -1, 0.5), 0);
  EXPECT_EQ(length(5, 5, 1), 0);
}

TEST_F(Arange, FloatingPointNumbersAreThoseOfNumPy) {
  EXPECT_THAT(
      values_of<double>(arange(0.0, 1.0, 0.1, DType::float64, {})),
      ElementsAre(0.0, 0.1, 0.2, 0.30000000000000004, 0.4, 0.5, 0.6000000000000001, 0.7000000000000001, 0.8, 0.9));
  EXPECT_THAT(values_of<double>(arange(1.0, 1.3, 0.1, DType::float64, {})),
              ElementsAre(1.0, 1.1, 1.2000000000000002, 1.3000000000000003));
  EXPECT_THAT(values_of<double>(arange(1.0, 0.0, -0.3, DType::float64, {})),
              ElementsAre(1.0, 0x1.6666666666666p-1, 0x1.9999999999998p-2, 0x1.999999999999p-4));
}

TEST_F(Arange, OneFloatingPointNumberIsStartThoughTheNextWouldOverflow) {
  EXPECT_THAT(values_of<double>(arange(1e308, 1.7e308, 1e308, DType::float64, {})), ElementsAre(1e308));
}

TEST_F(Arange, RefusesLimitsThatAreNotFinite) {
  const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
  expect_failure(Status::invalid_argument, HasSubstr("inf"), [=] { arange(0.0, infinity, 1.0, DType::float32, {}); });
  expect_failure(Status::invalid_argument, HasSubstr("nan"), [=] { arange(nan, 1.0, 1.0, DType::float32, {}); });
  expect_failure(Status::invalid_argument, HasSubstr("step of 0"), [] { arange(0.0, 1.0, 0.0, DType::float32, {}); });
}

void count_call(void *user) { ++*static_cast<int32_t *>(user); }

TEST_F(Wrap, CallsTheDeleterOnceWhenTheLastViewIsGone) {
  std::array<int32_t, 4> memory{};
  int32_t calls = 0;
  Tensor view;
  {
    const Tensor tensor = wrap(memory.data(), DType::int32, {4}, {1}, {}, false, count_call, &calls);
    view = slice(tensor, 0, 1, 3, 1);
  }
  EXPECT_EQ(calls, 0);
  view = {};
  EXPECT_EQ(calls, 1);
}

TEST_F(Wrap, SharesTheMemory) {
  std::array<int32_t, 4> memory = {1, 2, 3, 4};
  const Tensor tensor = wrap(memory.data() + 3, DType::int32, {2}, {-2}, {}, false, nullptr, nullptr);
  EXPECT_THAT(values_of<int32_t>(tensor), ElementsAre(4, 2));
  EXPECT_EQ(tensor.storage->data(), reinterpret_cast<std::byte *>(memory.data() + 1));
  EXPECT_EQ(tensor.storage->nbytes(), 12);
  const int32_t nine = 9;
  fill(tensor, &nine, DType::int32);
  EXPECT_THAT(memory, ElementsAre(1, 9, 3, 9));
}

TEST_F(Wrap, CountsAsWrappedMemory) {
  std::array<int32_t, 4> memory{};
  const MemoryUsage before = memory_usage({});
  const Tensor tensor = wrap(memory.data(), DType::int32, {4}, {1}, {}, false, nullptr, nullptr);
  EXPECT_EQ(memory_usage({}).wrapped_bytes, before.wrapped_bytes + 16);
  EXPECT_EQ(memory_usage({}).live_bytes, before.live_bytes);
}

TEST_F(Wrap, IsReadOnlyAsAskedAndWhereElementsCoincide) {
  std::array<int32_t, 4> memory{};
  const auto is_read_only = [&](const Extents &shape, const Extents &strides, bool asked) {
    return wrap(memory.data(), DType::int32, shape, strides, {}, asked, nullptr, nullptr).read_only;
  };
  EXPECT_FALSE(is_read_only({2, 2}, {2, 1}, false));
  EXPECT_TRUE(is_read_only({2, 2}, {2, 1}, true));
  EXPECT_TRUE(is_read_only({4}, {0}, false));
  EXPECT_TRUE(is_read_only({2, 2}, {1, 1}, false));
  EXPECT_FALSE(is_read_only({1, 4}, {0, 1}, false));
}

// What a refusal leaves: the deleter not called, now or later.
void expect_wrap_refused(const ::testing::Matcher<std::string> &sentence, void *data, const Extents &shape,
                         const Extents &strides) {
  int32_t calls = 0;
  expect_failure(Status::invalid_argument, sentence,
                 [&] { wrap(data, DType::int32, shape, strides, {}, false, count_call, &calls); });
  EXPECT_EQ(calls, 0);
}

TEST_F(Wrap, RefusesMemoryThatIsNotAligned) {
  std::array<int32_t, 4> memory{};
  expect_wrap_refused(HasSubstr("not aligned to the 4 bytes"), reinterpret_cast<std::byte *>(memory.data()) + 2, {2},
                      {1});
}

TEST_F(Wrap, RefusesNoDataForSomeElements) { expect_wrap_refused(HasSubstr("NULL"), nullptr, {2}, {1}); }

TEST_F(Wrap, RefusesElementsOutsideTheAddressSpace) {
  std::array<int32_t, 4> memory{};
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  expect_wrap_refused(HasSubstr("address space"), memory.data(), {2}, {most});
  expect_wrap_refused(HasSubstr("address space"), memory.data(), {2}, {most / 4});
  expect_wrap_refused(HasSubstr("address space"), memory.data(), {3}, {-most});
  expect_wrap_refused(HasSubstr("address space"), reinterpret_cast<void *>(uintptr_t{64}), {2}, {-17});
  expect_wrap_refused(HasSubstr("address space"), reinterpret_cast<void *>(~uintptr_t{0} - 15), {8}, {1});
  expect_wrap_refused(HasSubstr("2^56"), memory.data(), {int64_t{1} << 62}, {1});
}

TEST_F(Wrap, TakesAnyStrideWhereItIsNotSteppedOver) {
  std::array<int32_t, 4> memory{};
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(wrap(memory.data(), DType::int32, {1, 4}, {most, 1}, {}, false, nullptr, nullptr).element_count(), 4);
  const Tensor nothing = wrap(nullptr, DType::int32, {0, 4}, {most, most}, {}, false, nullptr, nullptr);
  EXPECT_EQ(nothing.strides, (Extents{4, 1}));
}

// Strides that no element is reached by may be too large to multiply.
TEST_F(Wrap, AnyStrideOfAnAxisOfSizeOneCanBeUsed) {
  std::array<int32_t, 4> memory = {1, 2, 3, 4};
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  const Tensor tensor = wrap(memory.data(), DType::int32, {1, 4}, {most, 1}, {}, false, nullptr, nullptr);
  EXPECT_THAT(values_of<int32_t>(clone(transpose(tensor, 0, 1))), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(reinterpret(tensor, DType::int8).shape, (Extents{1, 16}));
  EXPECT_EQ(unsqueeze(tensor, 0).shape, (Extents{1, 1, 4}));
  EXPECT_EQ(expand(tensor, {3, 4}).strides, (Extents{0, 1}));
  EXPECT_EQ(reshape(tensor, {2, 2}).strides, (Extents{2, 1}));
  EXPECT_EQ(slice(tensor, 0, 0, 1, 5).shape, (Extents{1, 4}));
}

}  // namespace
}  // namespace penstock::core
