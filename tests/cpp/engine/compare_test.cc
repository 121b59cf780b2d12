#include "core/tensor/compare.h"

#include <gtest/gtest.h>

#include <complex>
#include <limits>
#include <vector>

#include "core/base/error.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

template <typename Element>
Tensor make(DType dtype, const std::vector<Element> &elements) {
  return from_data(dtype, {static_cast<int64_t>(elements.size())}, elements.data(), elements.size() * sizeof(Element),
                   {});
}

bool close(const Tensor &actual, const Tensor &expected, Tolerance tolerance) {
  return all_close(actual, expected, tolerance);
}

bool close(double actual, double expected, Tolerance tolerance) {
  return all_close(make<double>(DType::float64, {actual}), make<double>(DType::float64, {expected}), tolerance);
}

Status status_of_all_close(const Tensor &actual, const Tensor &expected, Tolerance tolerance) {
  try {
    all_close(actual, expected, tolerance);
  } catch (const Error &error) {
    return error.status();
  }
  return Status::ok;
}

// Whether two tensors of one element each, given as bits, are equal.
template <typename Bits>
bool equal_bits(DType dtype, Bits first, Bits second, Equality equality) {
  return equal(make<Bits>(dtype, {first}), make<Bits>(dtype, {second}), equality);
}

TEST(Equal, DtypesThatDifferAreNotEqual) {
  const Tensor first = zeros(DType::int32, {2}, {}), second = zeros(DType::uint32, {2}, {});
  EXPECT_FALSE(equal(first, second, Equality::bitwise));
  EXPECT_FALSE(equal(first, second, Equality::value));
}

TEST(Equal, ShapesThatDifferAreNotEqualEvenWithoutElements) {
  EXPECT_FALSE(equal(zeros(DType::int32, {0, 2}, {}), zeros(DType::int32, {0, 3}, {}), Equality::value));
  EXPECT_TRUE(equal(zeros(DType::int32, {0, 2}, {}), zeros(DType::int32, {0, 2}, {}), Equality::value));
}

TEST(Equal, ZerosOfBothSignsDifferByBitsOnly) {
  const Tensor plus = make<float>(DType::float32, {0.0f}), minus = make<float>(DType::float32, {-0.0f});
  EXPECT_FALSE(equal(plus, minus, Equality::bitwise));
  EXPECT_TRUE(equal(plus, minus, Equality::value));
}

TEST(Equal, NansOfAnyBitsAreOneValue) {
  EXPECT_FALSE(equal_bits<uint32_t>(DType::float32, 0x7fc00000, 0xffc00001, Equality::bitwise));
  EXPECT_TRUE(equal_bits<uint32_t>(DType::float32, 0x7fc00000, 0xffc00001, Equality::value));
  EXPECT_TRUE(equal_bits<uint16_t>(DType::float16, 0x7e00, 0xfe01, Equality::value));
  EXPECT_TRUE(equal_bits<uint16_t>(DType::bfloat16, 0x7fc0, 0xffc1, Equality::value));
  EXPECT_TRUE(equal_bits<uint8_t>(DType::float8_e4m3fn, 0x7f, 0xff, Equality::value));
  EXPECT_TRUE(equal_bits<uint8_t>(DType::float8_e5m2, 0x7d, 0xfe, Equality::value));
}

TEST(Equal, Float8ValuesAreDecoded) {
  EXPECT_TRUE(equal_bits<uint8_t>(DType::float8_e5m2, 0x00, 0x80, Equality::value));   // both zeros
  EXPECT_FALSE(equal_bits<uint8_t>(DType::float8_e5m2, 0x7c, 0x7d, Equality::value));  // infinity and NaN
  EXPECT_FALSE(equal_bits<uint8_t>(DType::float8_e4m3fn, 0x38, 0x39, Equality::value));
}

TEST(Equal, ANanInEitherPartMakesAComplexNumberNan) {
  using Complex = std::complex<double>;
  const auto one = make<Complex>(DType::complex128, {{nan, 1}}), other = make<Complex>(DType::complex128, {{2, nan}});
  EXPECT_TRUE(equal(one, other, Equality::value));
  EXPECT_FALSE(equal(one, make<Complex>(DType::complex128, {{2, 1}}), Equality::value));
}

TEST(Equal, BoolsAreTrueForAnyByteButZero) {
  EXPECT_TRUE(equal_bits<uint8_t>(DType::bool8, 1, 2, Equality::value));
  EXPECT_FALSE(equal_bits<uint8_t>(DType::bool8, 1, 2, Equality::bitwise));
  EXPECT_FALSE(equal_bits<uint8_t>(DType::bool8, 0, 2, Equality::value));
}

TEST(Equal, EveryElementOfEveryDtypeIsSeen) {
  for (int32_t number = 1; number <= dtype_count; ++number) {
    const auto dtype = static_cast<DType>(number);
    for (const int64_t count : {1, 3, 1024, 1025, 2500}) {
      const Tensor first = zeros(dtype, {count}, {});
      for (const int64_t place : {int64_t{0}, count / 2, count - 1}) {
        const Tensor second = clone(first);
        const int64_t last_byte = (place + 1) * dtype_size(dtype) - 1;  // of a number, where its exponent is
        second.data[last_byte] = std::byte{0x11};
        EXPECT_FALSE(equal(first, second, Equality::value)) << dtype_name(dtype) << " " << place << " of " << count;
        EXPECT_FALSE(equal(first, second, Equality::bitwise)) << dtype_name(dtype) << " " << place << " of " << count;
      }
    }
  }
}

TEST(Equal, StridesDoNotMatter) {
  const Tensor matrix = reshape(arange(int64_t{0}, 60, 1, DType::float32, {}), {3, 4, 5});
  const std::vector<int32_t> axes = {2, 0, 1};
  const Tensor view = slice(permute(matrix, axes), 0, slice_open, slice_open, -2);
  for (const Equality equality : {Equality::bitwise, Equality::value}) {
    const Tensor dense = clone(view);
    EXPECT_TRUE(equal(view, dense, equality));
    EXPECT_TRUE(equal(dense, view, equality));
    dense.data[dense.nbytes() - 1] = std::byte{0x11};
    EXPECT_FALSE(equal(view, dense, equality));
    EXPECT_FALSE(equal(dense, view, equality));
  }
}

TEST(Equal, AxesThatBothRepeatAreComparedOnce) {
  const Extents huge = {int64_t{1} << 40, 2};
  const Tensor pair = make<float>(DType::float32, {1, 2}), other = make<float>(DType::float32, {1, 3});
  EXPECT_TRUE(equal(expand(pair, huge), expand(clone(pair), huge), Equality::value));
  EXPECT_FALSE(equal(expand(pair, huge), expand(other, huge), Equality::value));
}

TEST(AllClose, LimitIsIncluded) {
  EXPECT_TRUE(close(1.5, 1.0, {.relative = 0, .absolute = 0.5, .nan_equal = false}));
  EXPECT_FALSE(close(1.5625, 1.0, {.relative = 0, .absolute = 0.5, .nan_equal = false}));
}

TEST(AllClose, RelativeToleranceIsOfTheExpectedNumber) {
  const Tolerance half{.relative = 0.5, .absolute = 0, .nan_equal = false};
  EXPECT_TRUE(close(1, 2, half));
  EXPECT_FALSE(close(2, 1, half));
  EXPECT_TRUE(close(-1, -2, half));
}

TEST(AllClose, EqualInfinitiesAreCloseAndOthersAreNot) {
  const Tolerance wide{.relative = infinity, .absolute = infinity, .nan_equal = true};
  EXPECT_TRUE(close(infinity, infinity, {.relative = 0, .absolute = 0, .nan_equal = false}));
  EXPECT_FALSE(close(infinity, -infinity, wide));
  EXPECT_FALSE(close(infinity, 1, wide));
  EXPECT_FALSE(close(1, infinity, wide));
}

TEST(AllClose, NanIsCloseToNanOnlyOnRequest) {
  EXPECT_FALSE(close(nan, nan, {.relative = 1, .absolute = 1, .nan_equal = false}));
  EXPECT_TRUE(close(nan, nan, {.relative = 0, .absolute = 0, .nan_equal = true}));
  EXPECT_FALSE(close(nan, 1, {.relative = 1, .absolute = infinity, .nan_equal = true}));
  EXPECT_FALSE(close(1, nan, {.relative = 1, .absolute = infinity, .nan_equal = true}));
}

TEST(AllClose, EqualNumbersAreCloseUnderAnInfiniteRelativeTolerance) {
  EXPECT_TRUE(close(0, 0, {.relative = infinity, .absolute = 0, .nan_equal = false}));
}

TEST(AllClose, DtypesMayDiffer) {
  const Tolerance none{.relative = 0, .absolute = 0, .nan_equal = false};
  EXPECT_TRUE(close(make<int8_t>(DType::int8, {-2}), make<float>(DType::float32, {-2}), none));
  EXPECT_TRUE(close(make<uint16_t>(DType::bfloat16, {0x3f80}), make<uint8_t>(DType::bool8, {1}), none));
  EXPECT_TRUE(close(make<std::complex<float>>(DType::complex64, {{2, 0}}), make<uint64_t>(DType::uint64, {2}), none));
  EXPECT_FALSE(close(make<std::complex<float>>(DType::complex64, {{2, 1}}), make<uint64_t>(DType::uint64, {2}), none));
}

TEST(AllClose, ComplexNumbersAreComparedByTheirDistance) {
  const auto origin = make<std::complex<double>>(DType::complex128, {{0, 0}});
  const auto point = make<std::complex<double>>(DType::complex128, {{3, 4}});
  EXPECT_TRUE(close(point, origin, {.relative = 0, .absolute = 5, .nan_equal = false}));
  EXPECT_FALSE(close(point, origin, {.relative = 0, .absolute = 4.999, .nan_equal = false}));
}

TEST(AllClose, WideIntegersAreRoundedToFloat64) {
  const int64_t even = int64_t{1} << 53;
  EXPECT_TRUE(close(make<int64_t>(DType::int64, {even + 1}), make<int64_t>(DType::int64, {even}),
                    {.relative = 0, .absolute = 0, .nan_equal = false}));
}

TEST(AllClose, EveryElementIsSeenWhateverTheStrides) {
  const Tensor zero = zeros(DType::float32, {700, 3}, {});
  const Tolerance tolerance{.relative = 0, .absolute = 0.5, .nan_equal = false};
  for (const int64_t place : {0, 255 * 3, 256 * 3 + 1, 700 * 3 - 1}) {
    const Tensor other = clone(zero);
    reinterpret_cast<float *>(other.data)[place] = 1;
    EXPECT_FALSE(close(zero, other, tolerance)) << place;
    EXPECT_FALSE(close(transpose(zero, 0, 1), transpose(other, 0, 1), tolerance)) << place;
    EXPECT_FALSE(close(clone(transpose(zero, 0, 1)), transpose(other, 0, 1), tolerance)) << place;
  }
  EXPECT_TRUE(close(zero, clone(zero), tolerance));
}

TEST(AllClose, ShapesThatDifferAreRefused) {
  const Tolerance none{.relative = 0, .absolute = 0, .nan_equal = false};
  EXPECT_EQ(status_of_all_close(zeros(DType::int8, {2}, {}), zeros(DType::int8, {1, 2}, {}), none),
            Status::invalid_argument);
}

TEST(AllClose, NegativeAndNanTolerancesAreRefused) {
  const Tensor tensor = zeros(DType::int8, {2}, {});
  for (const double wrong : {-1.0, -infinity, nan}) {
    EXPECT_EQ(status_of_all_close(tensor, tensor, {wrong, 0, false}), Status::invalid_argument) << wrong;
    EXPECT_EQ(status_of_all_close(tensor, tensor, {0, wrong, false}), Status::invalid_argument) << wrong;
  }
}

TEST(AllClose, StorageOnlyDtypesAreRefused) {
  const Tensor stored = zeros(DType::float8_e5m2, {2}, {}), number = zeros(DType::int8, {2}, {});
  EXPECT_EQ(status_of_all_close(stored, number, {0, 0, false}), Status::type_mismatch);
  EXPECT_EQ(status_of_all_close(number, stored, {0, 0, false}), Status::type_mismatch);
}

}  // namespace
}  // namespace penstock::core
