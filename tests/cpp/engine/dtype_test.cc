#include "core/tensor/dtype.h"

#include <gtest/gtest.h>

namespace penstock::core {
namespace {

TEST(DType, IsFoundByTheNameItPrints) {
  for (int32_t number = 1; number <= dtype_count; ++number) {
    const auto dtype = static_cast<DType>(number);
    EXPECT_EQ(find_dtype(dtype_name(dtype)), dtype);
  }
}

TEST(DType, ShortCodesAreNoNames) {
  for (const char *code : {"f4", "i8", "<f4", "Float32", "float", ""})
    EXPECT_EQ(find_dtype(code), std::nullopt) << code;
}

TEST(DType, NumbersOutsideTheEnumAreNone) {
  for (const int32_t number : {-1, 0, dtype_count + 1, 1 << 30})
    EXPECT_EQ(find_dtype_info(static_cast<DType>(number)), nullptr);
}

}  // namespace
}  // namespace penstock::core
