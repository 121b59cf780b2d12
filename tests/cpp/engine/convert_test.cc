#include "core/tensor/convert.h"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <string_view>
#include <vector>

#include "core/base/text.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/memory_fixture.h"
#include "tests/cpp/engine/reference.h"

namespace penstock::core {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Convert : public MemoryTest {};

template <typename To, typename From>
std::vector<To> convert_all(DType to, DType from, const std::vector<From> &values) {
  std::vector<To> converted(values.size());
  find_conversion(to, from)(reinterpret_cast<std::byte *>(converted.data()), sizeof(To),
                            reinterpret_cast<const std::byte *>(values.data()), sizeof(From),
                            static_cast<int64_t>(values.size()));
  return converted;
}

// Every pair of dtypes that convert, the storage-only ones to themselves.
template <typename Visit>
void for_each_pair(Visit visit) {
  for (int32_t to = 1; to <= dtype_count; ++to)
    for (int32_t from = 1; from <= dtype_count; ++from)
      if (can_cast(static_cast<DType>(from), static_cast<DType>(to), Casting::unsafe))
        visit(static_cast<DType>(to), static_cast<DType>(from));
}

// Converts a line of random elements with the given steps between them (in elements), and compares each.
void expect_as_reference(DType to, DType from, int64_t to_step, int64_t from_step, int64_t count) {
  const uint64_t seed = static_cast<uint64_t>(to) * 100 + static_cast<uint64_t>(from);
  SCOPED_TRACE(text(from, " to ", to, " steps ", from_step, " and ", to_step, " seed ", seed));
  reference::Random random(seed);
  const Tensor source = reference::random_tensor(random, from, {count * 3}, false);
  const Tensor target = reference::random_tensor(random, to, {count * 3}, false);
  const int64_t to_stride = to_step * dtype_size(to), from_stride = from_step * dtype_size(from);
  const std::byte *from_first = source.storage->data() + (from_step < 0 ? (1 - count) * from_stride : 0);
  std::byte *to_first = target.storage->data() + (to_step < 0 ? (1 - count) * to_stride : 0);
  find_conversion(to, from)(to_first, to_stride, from_first, from_stride, count);
  for (int64_t index = 0; index < count; ++index) {
    const auto expected = reference::convert(to, from, from_first + index * from_stride);
    ASSERT_TRUE(reference::is_same_element(to, to_first + index * to_stride, expected.data())) << "at " << index;
  }
}

TEST_F(Convert, DenseElementsAreAsTheReferenceHasThem) {
  for_each_pair([](DType to, DType from) { expect_as_reference(to, from, 1, 1, 500); });
}

TEST_F(Convert, StridedElementsAreAsTheReferenceHasThem) {
  for_each_pair([](DType to, DType from) {
    expect_as_reference(to, from, 2, 1, 40);
    expect_as_reference(to, from, 1, -2, 40);
    expect_as_reference(to, from, -1, 3, 40);
  });
}

TEST_F(Convert, OneElementIsRepeated) {
  for_each_pair([](DType to, DType from) {
    expect_as_reference(to, from, 1, 0, 40);
    expect_as_reference(to, from, -2, 0, 40);
  });
}

TEST_F(Convert, AddressesNeedNotBeAligned) {
  for_each_pair([](DType to, DType from) {
    reference::Random random(7);
    const Tensor source = reference::random_tensor(random, from, {40}, false);
    std::array<std::byte, 40 * 16 + 1> from_memory{}, to_memory{};
    std::memcpy(from_memory.data() + 1, source.storage->data(), static_cast<size_t>(source.nbytes()));
    find_conversion(to, from)(to_memory.data() + 1, dtype_size(to), from_memory.data() + 1, dtype_size(from), 40);
    for (int64_t index = 0; index < 40; ++index) {
      const auto expected = reference::convert(to, from, from_memory.data() + 1 + index * dtype_size(from));
      ASSERT_TRUE(reference::is_same_element(to, to_memory.data() + 1 + index * dtype_size(to), expected.data()))
          << dtype_name(from) << " to " << dtype_name(to);
    }
  });
}

TEST_F(Convert, FractionsAreDroppedTowardsZero) {
  EXPECT_THAT((convert_all<int32_t, float>(DType::int32, DType::float32, {1.9f, -1.9f, 0.5f, -0.5f})),
              ElementsAre(1, -1, 0, 0));
}

TEST_F(Convert, IntegerLimitsBoundWhatIsTooLarge) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(
      (convert_all<int8_t, float>(DType::int8, DType::float32, {128, -129, 127.9f, -128.9f, infinity, -infinity, nan})),
      ElementsAre(127, -128, 127, -128, 127, -128, 0));
  EXPECT_THAT(
      (convert_all<uint8_t, float>(DType::uint8, DType::float32, {256, -1, 255.9f, -0.9f, infinity, -infinity, nan})),
      ElementsAre(255, 0, 255, 0, 255, 0, 0));
}

// The floating-point numbers just beside the limits of the widest integers, which are none themselves.
TEST_F(Convert, WideIntegerLimitsBoundToTheLastBit) {
  using Signed = std::numeric_limits<int64_t>;
  EXPECT_THAT((convert_all<int64_t, double>(
                  DType::int64, DType::float64,
                  {0x1p63, std::nextafter(0x1p63, 0.0), -0x1p63, std::nextafter(-0x1p63, -HUGE_VAL)})),
              ElementsAre(Signed::max(), Signed::max() - 1023, Signed::min(), Signed::min()));
  EXPECT_THAT(
      (convert_all<uint64_t, double>(DType::uint64, DType::float64, {0x1p64, std::nextafter(0x1p64, 0.0), -1.0})),
      ElementsAre(~uint64_t{0}, ~uint64_t{0} - 2047, 0));
  EXPECT_THAT(
      (convert_all<int32_t, float>(DType::int32, DType::float32, {0x1p31f, std::nextafter(0x1p31f, 0.0f), -0x1p31f})),
      ElementsAre(2147483647, 2147483520, -2147483647 - 1));
  EXPECT_THAT((convert_all<uint32_t, double>(DType::uint32, DType::float64, {4294967295.5, 4294967296.0, -0.5})),
              ElementsAre(4294967295U, 4294967295U, 0U));
}

TEST_F(Convert, IntegersKeepTheirLowBits) {
  EXPECT_THAT((convert_all<uint8_t, int32_t>(DType::uint8, DType::int32, {-1, 256, 300})), ElementsAre(255, 0, 44));
  EXPECT_THAT((convert_all<int64_t, int8_t>(DType::int64, DType::int8, {-1, 127})), ElementsAre(-1, 127));
  EXPECT_THAT((convert_all<uint64_t, int8_t>(DType::uint64, DType::int8, {-1})), ElementsAre(~uint64_t{0}));
}

TEST_F(Convert, AnythingButZeroIsTrue) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT((convert_all<uint8_t, float>(DType::bool8, DType::float32, {0.0f, -0.0f, 1e-45f, nan, 2.0f})),
              ElementsAre(0, 0, 1, 1, 1));
  EXPECT_THAT((convert_all<uint8_t, std::array<float, 2>>(DType::bool8, DType::complex64,
                                                          {{0, 0}, {-0.0f, 0}, {1, 0}, {0, 1}, {0, nan}})),
              ElementsAre(0, 0, 1, 1, 1));
  EXPECT_THAT((convert_all<uint8_t, uint16_t>(DType::bool8, DType::float16, {0x0000, 0x8000, 0x0001, 0x7e00})),
              ElementsAre(0, 0, 1, 1));
}

TEST_F(Convert, BoolBytesOtherThanOneCountAsOne) {
  EXPECT_THAT((convert_all<int16_t, uint8_t>(DType::int16, DType::bool8, {0, 1, 2, 128, 255})),
              ElementsAre(0, 1, 1, 1, 1));
}

TEST_F(Convert, BoolBytesAreCopiedToBoolAsTheyAre) {
  EXPECT_THAT((convert_all<uint8_t, uint8_t>(DType::bool8, DType::bool8, {0, 1, 2, 255})), ElementsAre(0, 1, 2, 255));
}

TEST_F(Convert, ImaginaryPartIsDroppedOrZero) {
  using Complex = std::array<float, 2>;
  EXPECT_THAT((convert_all<int32_t, Complex>(DType::int32, DType::complex64, {{3.5f, 7}, {-2, 1}})),
              ElementsAre(3, -2));
  EXPECT_THAT((convert_all<Complex, int32_t>(DType::complex64, DType::int32, {3, -2})),
              ElementsAre(Complex{3, 0}, Complex{-2, 0}));
}

// Each value lies just beyond a tie of the narrow dtype, and on it once rounded to float32 or float64.
TEST_F(Convert, RoundsOnceAndNotByWayOfFloat32) {
  EXPECT_THAT((convert_all<uint16_t, double>(DType::float16, DType::float64, {1 + 0x1p-11 + 0x1p-40})),
              ElementsAre(0x3c01));
  EXPECT_THAT((convert_all<uint16_t, double>(DType::bfloat16, DType::float64, {1 + 0x1p-8 + 0x1p-40})),
              ElementsAre(0x3f81));
  EXPECT_THAT(
      (convert_all<uint16_t, int64_t>(DType::bfloat16, DType::int64, {(int64_t{1} << 62) + (int64_t{1} << 54) + 1})),
      ElementsAre(0x5e81));
  EXPECT_THAT(
      (convert_all<float, uint64_t>(DType::float32, DType::uint64, {(uint64_t{1} << 63) + (uint64_t{1} << 39) + 1})),
      ElementsAre(0x1.000002p63f));
}

TEST_F(Convert, IntegersTooLargeForFloat16BecomeInfinite) {
  EXPECT_THAT((convert_all<uint16_t, int64_t>(DType::float16, DType::int64,
                                              {65519, 65520, -65520, std::numeric_limits<int64_t>::min()})),
              ElementsAre(0x7bff, 0x7c00, 0xfc00, 0xfc00));
}

// Made by NumPy 2.4: for each f of its dtypes a row of np.can_cast(f, t, 'same_kind') for all t.
TEST(Casting, SameKindIsWhatNumPyAllows) {
  constexpr std::array<std::string_view, 14> names = {"bool",    "int8",    "int16",     "int32",     "int64",
                                                      "uint8",   "uint16",  "uint32",    "uint64",    "float16",
                                                      "float32", "float64", "complex64", "complex128"};
  constexpr std::array<std::string_view, 14> table = {
      "11111111111111", "01111000011111", "01111000011111", "01111000011111", "01111000011111",
      "01111111111111", "01111111111111", "01111111111111", "01111111111111", "00000000011111",
      "00000000011111", "00000000011111", "00000000000011", "00000000000011"};
  for (size_t from = 0; from < names.size(); ++from)
    for (size_t to = 0; to < names.size(); ++to)
      EXPECT_EQ(can_cast(*find_dtype(names[from]), *find_dtype(names[to]), Casting::same_kind), table[from][to] == '1')
          << names[from] << " to " << names[to];
}

// NumPy has no bfloat16: it converts as the other floating dtypes do.
TEST(Casting, Bfloat16IsAFloatingDtype) {
  for (int32_t number = 1; number <= dtype_count; ++number) {
    const auto other = static_cast<DType>(number);
    if (other == DType::bfloat16) continue;
    EXPECT_EQ(can_cast(DType::bfloat16, other, Casting::same_kind), can_cast(DType::float16, other, Casting::same_kind))
        << dtype_name(other);
    EXPECT_EQ(can_cast(other, DType::bfloat16, Casting::same_kind), can_cast(other, DType::float16, Casting::same_kind))
        << dtype_name(other);
  }
}

TEST(Casting, StorageOnlyDtypesConvertOnlyToThemselves) {
  for (const DType storage_only : {DType::float8_e4m3fn, DType::float8_e5m2})
    for (int32_t number = 1; number <= dtype_count; ++number) {
      const auto other = static_cast<DType>(number);
      EXPECT_EQ(can_cast(storage_only, other, Casting::unsafe), other == storage_only);
      EXPECT_EQ(can_cast(other, storage_only, Casting::unsafe), other == storage_only);
    }
}

TEST(Casting, RefusalNamesBothDtypes) {
  expect_failure(Status::type_mismatch, AllOf(HasSubstr("float32"), HasSubstr("int8"), HasSubstr("unsafe")),
                 [] { require_cast(DType::float32, DType::int8, Casting::same_kind); });
  expect_failure(Status::type_mismatch,
                 AllOf(HasSubstr("float8_e5m2"), HasSubstr("float32"), HasSubstr("storage only")),
                 [] { require_cast(DType::float8_e5m2, DType::float32, Casting::unsafe); });
}

}  // namespace
}  // namespace penstock::core
