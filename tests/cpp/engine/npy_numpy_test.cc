// .npy files that NumPy wrote (tests/data/npy/make.py): read as the values they were made of, and written again the
// same.
#include <complex>
#include <cstring>
#include <string>

#include "core/base/text.h"
#include "core/io/npy.h"
#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {
namespace {

const DType file_dtypes[] = {DType::bool8,   DType::int8,    DType::int16,     DType::int32,     DType::int64,
                             DType::uint8,   DType::uint16,  DType::uint32,    DType::uint64,    DType::float16,
                             DType::float32, DType::float64, DType::complex64, DType::complex128};

template <typename Number>
void append_number(std::string &bytes, Number number) {
  bytes.append(reinterpret_cast<const char *>(&number), sizeof(number));
}

// make.py's values(): what element index of six is, as the bytes of dtype.
void append_value(std::string &bytes, DType dtype, int index) {
  const int half_bits[] = {0xBE00, 0xBA00, 0x0000, 0x3A00, 0x3E00, 0x4080};  // (index - 2) * 0.75 as float16
  const int small = (index - 2) * 3, positive = index * 40 + 3;
  const double real = (index - 2) * 0.75, imaginary = -index * 0.5;
  switch (dtype) {
    case DType::bool8: return append_number(bytes, static_cast<uint8_t>(index % 2));
    case DType::int8: return append_number(bytes, static_cast<int8_t>(small));
    case DType::int16: return append_number(bytes, static_cast<int16_t>(small));
    case DType::int32: return append_number(bytes, static_cast<int32_t>(small));
    case DType::int64: return append_number(bytes, static_cast<int64_t>(small));
    case DType::uint8: return append_number(bytes, static_cast<uint8_t>(positive));
    case DType::uint16: return append_number(bytes, static_cast<uint16_t>(positive));
    case DType::uint32: return append_number(bytes, static_cast<uint32_t>(positive));
    case DType::uint64: return append_number(bytes, static_cast<uint64_t>(positive));
    case DType::float16: return append_number(bytes, static_cast<uint16_t>(half_bits[index]));
    case DType::float32: return append_number(bytes, static_cast<float>(real));
    case DType::float64: return append_number(bytes, real);
    case DType::complex64:
      append_number(bytes, static_cast<float>(real));
      return append_number(bytes, static_cast<float>(imaginary));
    default: append_number(bytes, real); return append_number(bytes, imaginary);
  }
}

std::string values_of(DType dtype) {
  std::string bytes;
  for (int index = 0; index < 6; ++index) append_value(bytes, dtype, index);
  return bytes;
}

TEST(NpyByNumPy, EachDtypeInBothByteOrdersHasTheValuesItWasMadeOf) {
  for (const DType dtype : file_dtypes) {
    for (const char *order : {"little", "big"}) {
      if (dtype_size(dtype) == 1 && std::string(order) == "big") continue;
      const Tensor tensor = load_npy(numpy_file(text(dtype, "_", order, ".npy")), {});
      EXPECT_EQ(tensor.dtype, dtype);
      EXPECT_EQ(tensor.shape, (Extents{2, 3}));
      EXPECT_EQ(tensor.strides, (Extents{3, 1}));
      EXPECT_EQ(element_bytes(tensor), values_of(dtype)) << dtype_name(dtype) << " " << order;
    }
  }
}

TEST(NpyByNumPy, ColumnMajorOrderBecomesStrides) {
  for (const char *name : {"column_major.npy", "column_major_big.npy"}) {
    const Tensor cube = load_npy(numpy_file(name), {});
    ASSERT_EQ(cube.shape, (Extents{2, 3, 4}));
    EXPECT_EQ(cube.strides, (Extents{1, 2, 6}));
    for (int64_t index = 0; index < 24; ++index) {
      const int64_t i = index / 12, j = index / 4 % 3, k = index % 4;
      int16_t element;
      std::memcpy(&element, cube.data + 2 * (i * cube.strides[0] + j * cube.strides[1] + k * cube.strides[2]), 2);
      EXPECT_EQ(element, index) << name;
    }
  }
}

TEST(NpyByNumPy, RanksNoneAndSixteenAreRead) {
  const Tensor scalar = load_npy(numpy_file("rank_0.npy"), {});
  EXPECT_EQ(scalar.ndim(), 0);
  double value;
  std::memcpy(&value, scalar.data, sizeof(value));
  EXPECT_EQ(value, 2.5);
  EXPECT_EQ(load_npy(numpy_file("rank_16.npy"), {}).ndim(), 16);
}

TEST(NpyByNumPy, RankSeventeenIsRefused) {
  expect_failure(Status::data_error, {numpy_file("rank_17.npy"), "more than 16"},
                 [] { load_npy(numpy_file("rank_17.npy"), {}); });
}

TEST(NpyByNumPy, NoElementsHaveNoMemory) {
  const Tensor tensor = load_npy(numpy_file("no_elements.npy"), {});
  EXPECT_EQ(tensor.shape, (Extents{0, 3}));
  EXPECT_EQ(tensor.data, nullptr);
}

TEST(NpyByNumPy, LaterFormatsAreRead) {
  for (const char *name : {"format_2.npy", "format_3.npy"})
    EXPECT_EQ(element_bytes(load_npy(numpy_file(name), {})), values_of(DType::float32)) << name;
}

TEST(NpyByNumPy, WhatPenstockHasNoDtypeForIsATypeMismatch) {
  const struct {
    const char *file, *descr, *reason;
  } cases[] = {{"objects", "|O", "never unpickled"},
               {"records", "[('a', '<f4'), ('b', '<i4', (2,))]", "records"},
               {"text", "<U2", "text"},
               {"bytes", "|S2", "text"},
               {"times", "<M8[D]", "view them as int64"},
               {"bfloat16", "|V2", "bfloat16"},
               {"long_double", "<f16", "expected bool"}};
  for (const auto &unsupported : cases) {
    const std::string path = numpy_file(text("unsupported_", unsupported.file, ".npy"));
    expect_failure(Status::type_mismatch, {path, unsupported.descr, unsupported.reason}, [&] { load_npy(path, {}); });
  }
}

TEST(NpyByNumPy, IsWrittenAgainByteForByte) {
  const TemporaryFolder folder;
  for (const char *name :
       {"bool_little", "int8_little", "int16_little", "int32_little", "int64_little", "uint8_little", "uint16_little",
        "uint32_little", "uint64_little", "float16_little", "float32_little", "float64_little", "complex64_little",
        "complex128_little", "rank_0", "rank_1", "rank_16", "no_elements"}) {
    const std::string original = numpy_file(text(name, ".npy"));
    save_npy(folder.path("again.npy"), load_npy(original, {}), {});
    EXPECT_EQ(read_bytes(folder.path("again.npy")), read_bytes(original)) << name;
  }
}

}  // namespace
}  // namespace penstock::core
