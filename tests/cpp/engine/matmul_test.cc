// Products of matrices: what the Python tests, which compare them with NumPy, cannot see: each width's kernels, bits, threads,
// memory.
#include "core/linalg/matmul.h"

#include <gmock/gmock.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/processor.h"
#include "core/base/thread_pool.h"
#include "core/linalg/block.h"
#include "core/tensor/compare.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/element.h"
#include "core/tensor/view.h"
#include "expect_failure.h"
#include "memory_fixture.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using Matmul = MemoryTest;

// Numbers from -8 to 8 that differ along both axes: small enough for a sum of some hundred products to be exact in float32.
Tensor whole_numbers(DType dtype, int64_t rows, int64_t columns) {
  const Tensor numbers = empty(DType::int64, {rows, columns}, {});
  auto *number = reinterpret_cast<int64_t *>(numbers.data);
  for (int64_t i = 0; i < rows * columns; ++i) number[i] = i * 7919 % 104729 % 17 - 8;
  return astype(numbers, dtype, Casting::unsafe);
}

bool is_same(const Tensor &first, const Tensor &second) { return equal(first, second, Equality::value); }

template <typename Number>
std::vector<Number> values_of(const Tensor &tensor) {
  std::vector<Number> values(static_cast<size_t>(tensor.element_count()));
  to_data(values.data(), values.size() * sizeof(Number), tensor);
  return values;
}

// The product by its definition, of whole numbers.
Tensor exact_product(const Tensor &first, const Tensor &second) {
  const auto left = values_of<int64_t>(astype(first, DType::int64, Casting::unsafe));
  const auto right = values_of<int64_t>(astype(second, DType::int64, Casting::unsafe));
  const auto rows = static_cast<size_t>(first.shape[0]), inner = static_cast<size_t>(first.shape[1]);
  const auto columns = static_cast<size_t>(second.shape[1]);
  std::vector<int64_t> sums(rows * columns);
  for (size_t row = 0; row < rows; ++row)
    for (size_t step = 0; step < inner; ++step)
      for (size_t column = 0; column < columns; ++column)
        sums[row * columns + column] += left[row * inner + step] * right[step * columns + column];
  return from_data(DType::int64, {first.shape[0], second.shape[1]}, sums.data(), sums.size() * sizeof(int64_t), {});
}

struct KernelWidth {
  const char *name;
  BlockKernelTable table;
};

std::vector<KernelWidth> usable_widths() {
  std::vector<KernelWidth> widths = {{"16 bytes", block_kernel_16}};
  if (processor_has_32_byte_vectors() && processor_has_fused_multiply_add())
    widths.push_back({"32 bytes", block_kernel_32});
  if (processor_has_64_byte_vectors()) widths.push_back({"64 bytes", block_kernel_64});
  if (processor_has_bfloat16_products()) widths.push_back({"bfloat16", block_kernel_bfloat16});
  return widths;
}

MatrixView matrix_of(const Tensor &tensor) { return {tensor.data, tensor.strides[0], tensor.strides[1]}; }

Tensor product_by(const BlockKernel &kernel, const Tensor &first, const Tensor &second) {
  Tensor out = empty(first.dtype, {first.shape[0], second.shape[1]}, {});
  const Block block = {.out = matrix_of(out),
                       .left = matrix_of(first),
                       .right = matrix_of(second),
                       .rows = first.shape[0],
                       .columns = second.shape[1],
                       .inner = first.shape[1]};
  const Reference<Storage> workspace = Storage::allocate(kernel.workspace_nbytes(block), 64, {});
  kernel.multiply(block, workspace->data());
  return out;
}

constexpr DType number_dtypes[] = {DType::int8,    DType::uint8,   DType::int16,     DType::uint16,    DType::int32,
                                   DType::uint32,  DType::int64,   DType::uint64,    DType::float16,   DType::bfloat16,
                                   DType::float32, DType::float64, DType::complex64, DType::complex128};

// Sizes around those of tiles, panels and stretches.
constexpr int64_t sizes[][3] = {{1, 1, 1},   {1, 40, 3},    {7, 1, 65},  {5, 31, 9},   {8, 32, 16},   {13, 33, 257},
                                {26, 65, 2}, {50, 300, 17}, {3, 5, 600}, {40, 16, 64}, {100, 96, 520}};

TEST_F(Matmul, EveryWidthGivesTheExactProductOfWholeNumbers) {
  for (const KernelWidth &width : usable_widths())
    for (const DType dtype : number_dtypes) {
      const BlockKernel kernel = width.table(dtype);
      if (kernel.multiply == nullptr) continue;
      for (const auto &[rows, columns, inner] : sizes) {
        const Tensor first = whole_numbers(dtype, rows, inner), second = whole_numbers(dtype, inner, columns);
        const Tensor expected =
            exact_product(whole_numbers(DType::int64, rows, inner), whole_numbers(DType::int64, inner, columns));
        EXPECT_TRUE(is_same(product_by(kernel, first, second), astype(expected, dtype, Casting::unsafe)))
            << width.name << " " << dtype_name(dtype) << " " << rows << "x" << inner << "x" << columns;
      }
    }
}

TEST_F(Matmul, StridesChangeNothingButWhereElementsAreRead) {
  for (const KernelWidth &width : usable_widths())
    for (const DType dtype : number_dtypes) {
      const BlockKernel kernel = width.table(dtype);
      if (kernel.multiply == nullptr) continue;
      const Tensor first = whole_numbers(dtype, 45, 301), second = whole_numbers(dtype, 301, 70);
      const Tensor expected = product_by(kernel, first, second);
      const Tensor first_columns = transpose(clone(transpose(first, 0, 1)), 0, 1);
      const Tensor second_columns = transpose(clone(transpose(second, 0, 1)), 0, 1);
      const Tensor wide = zeros(dtype, {301, 140}, {}), every_other = slice(wide, 1, 0, 140, 2);
      copy(every_other, second, Casting::unsafe);
      for (const Tensor *left : {&first, &first_columns})
        for (const Tensor *right : {&second, &second_columns, &every_other})
          EXPECT_TRUE(is_same(product_by(kernel, *left, *right), expected)) << width.name << " " << dtype_name(dtype);
    }
}

Tensor fractions(DType dtype, int64_t rows, int64_t columns) {
  const Tensor numbers = empty(DType::float64, {rows, columns}, {});
  auto *number = reinterpret_cast<double *>(numbers.data);
  for (int64_t i = 0; i < rows * columns; ++i) number[i] = std::sin(static_cast<double>(i * i % 100003));
  return astype(numbers, dtype, Casting::unsafe);
}

bool has_same_bytes(const Tensor &first, const Tensor &second) {
  return std::memcmp(first.data, second.data, static_cast<size_t>(first.nbytes())) == 0;
}

TEST_F(Matmul, FusingProcessorsGiveTheSameBitsAtEachWidth) {
  if (!processor_has_64_byte_vectors() || !processor_has_fused_multiply_add()) GTEST_SKIP() << "needs AVX-512";
  for (const DType dtype : {DType::float32, DType::float64, DType::float16, DType::complex64, DType::complex128})
    for (const int64_t columns : {1, 70}) {
      const Tensor first = fractions(dtype, 45, 700), second = fractions(dtype, 700, columns);
      EXPECT_TRUE(has_same_bytes(product_by(block_kernel_32(dtype), first, second),
                                 product_by(block_kernel_64(dtype), first, second)))
          << dtype_name(dtype);
    }
}

TEST_F(Matmul, ThreadsDoNotChangeABit) {
  ThreadPool &pool = process_pool();
  for (const DType dtype : {DType::float32, DType::bfloat16, DType::complex64}) {
    const Tensor first = fractions(dtype, 410, 300), second = fractions(dtype, 300, 530);
    pool.set_num_threads(1);
    const Tensor alone = matmul(first, second);
    for (const int32_t threads : {2, 5}) {
      pool.set_num_threads(threads);
      EXPECT_TRUE(has_same_bytes(matmul(first, second), alone)) << dtype_name(dtype) << " " << threads;
    }
    pool.set_num_threads(0);
  }
}

// Long and thin: a result too small to be shared out.
constexpr int64_t thin_sizes[][3] = {{1, 1, 600'037}, {3, 5, 180'001}, {2, 1, 150'000}, {1, 6, 70'000}};

TEST_F(Matmul, ThreadsDoNotChangeABitOfALongDot) {
  ThreadPool &pool = process_pool();
  for (const DType dtype : {DType::float32, DType::float16, DType::bfloat16, DType::complex64})
    for (const auto &[rows, columns, inner] : thin_sizes) {
      const Tensor first = fractions(dtype, rows, inner), second = fractions(dtype, inner, columns);
      pool.set_num_threads(1);
      const Tensor alone = matmul(first, second);
      for (const int32_t threads : {2, 5}) {
        pool.set_num_threads(threads);
        EXPECT_TRUE(has_same_bytes(matmul(first, second), alone)) << dtype_name(dtype) << " " << threads;
      }
      pool.set_num_threads(0);
    }
}

TEST_F(Matmul, PartsOfALongDotAddUpToTheExactSumOfWholeNumbers) {
  for (const DType dtype : {DType::float64, DType::complex128, DType::int16, DType::int64})
    for (const auto &[rows, columns, inner] : thin_sizes) {
      const Tensor first = whole_numbers(dtype, rows, inner), second = whole_numbers(dtype, inner, columns);
      const Tensor expected =
          exact_product(whole_numbers(DType::int64, rows, inner), whole_numbers(DType::int64, inner, columns));
      EXPECT_TRUE(is_same(matmul(first, second), astype(expected, dtype, Casting::unsafe)))
          << dtype_name(dtype) << " " << rows << "x" << inner << "x" << columns;
    }
}

// Were the sum of a part rounded to the dtype, the 1 beside 4096 would be lost.
TEST_F(Matmul, PartsOfALongDotAreNotRounded) {
  const int64_t inner = int64_t{1} << 20;
  for (const DType dtype : {DType::float16, DType::bfloat16}) {
    const Tensor first = zeros(dtype, {1, inner}, {}), second = zeros(dtype, {inner, 1}, {});
    const auto set = [&](const Tensor &tensor, int64_t at, double value) {
      const Tensor number = from_data(DType::float64, {}, &value, sizeof(value), {});
      copy(reshape(slice(reshape(tensor, {inner}), 0, at, at + 1, 1), {}), number, Casting::unsafe);
    };
    for (const int64_t at : {int64_t{0}, int64_t{1}, inner - 1}) set(first, at, 1);
    set(second, 0, 4096);  // 4096 + 1 would be 4096, in either dtype
    set(second, 1, 1);
    set(second, inner - 1, -4096);
    EXPECT_EQ(values_of<float>(astype(matmul(first, second), DType::float32, Casting::unsafe))[0], 1)
        << dtype_name(dtype);
  }
}

TEST_F(Matmul, StridesOfADotChangeNothingButWhereElementsAreRead) {
  for (const KernelWidth &width : usable_widths())
    for (const DType dtype : number_dtypes) {
      const BlockKernel kernel = width.table(dtype);
      if (kernel.multiply == nullptr) continue;
      const Tensor first = fractions(dtype, 1, 1100), second = fractions(dtype, 1100, 1);
      const Tensor wide = zeros(dtype, {1100, 3}, {}), every_third = slice(wide, 1, 0, 1, 1);
      copy(every_third, second, Casting::unsafe);
      EXPECT_TRUE(has_same_bytes(product_by(kernel, first, every_third), product_by(kernel, first, second)))
          << width.name << " " << dtype_name(dtype);
    }
}

// 2^-130 * 2^100.
TEST_F(Matmul, SubnormalBFloat16IsZeroOnlyToTheProcessorsOwnInstruction) {
  constexpr uint16_t subnormal = 0x0008, large = 0x7180;  // 2^-130 and 2^100
  const uint16_t left[] = {subnormal, 0, 0, subnormal}, right[] = {large, 0, 0, large};
  const Tensor first = from_data(DType::bfloat16, {2, 2}, left, sizeof(left), {});
  const Tensor second = from_data(DType::bfloat16, {2, 2}, right, sizeof(right), {});
  for (const KernelWidth &width : usable_widths()) {
    const BlockKernel kernel = width.table(DType::bfloat16);
    const bool takes_as_zero = width.table == block_kernel_bfloat16;
    const auto product = values_of<float>(astype(product_by(kernel, first, second), DType::float32, Casting::unsafe));
    EXPECT_EQ(product[0], takes_as_zero ? 0.0F : 0x1p-30F) << width.name;
    const auto dot = values_of<float>(astype(product_by(kernel, slice(first, 0, 0, 1, 1), slice(second, 1, 0, 1, 1)),
                                             DType::float32, Casting::unsafe));
    EXPECT_EQ(dot[0], 0x1p-30F) << width.name << ", one column";
  }
}

TEST_F(Matmul, BlocksOfAnUnevenGridTakeNoMoreWorkspaceThanTheLargest) {
  for (const int64_t columns : {1025, 1056, 1088, 33}) {
    const Tensor first = whole_numbers(DType::float32, 790, 20), second = whole_numbers(DType::float32, 20, columns);
    EXPECT_TRUE(is_same(astype(matmul(first, second), DType::int64, Casting::unsafe), exact_product(first, second)));
  }
}

TEST_F(Matmul, ProductsThatAreNotFiniteSpreadAsArithmeticSays) {
  const float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const float left[] = {infinity, 0, nan, 0, 1, 2}, right[] = {1, 0, 1, 1, 2, 2};
  const Tensor first = from_data(DType::float32, {3, 2}, left, sizeof(left), {});
  const Tensor second = from_data(DType::float32, {2, 3}, right, sizeof(right), {});
  const auto product = values_of<float>(matmul(first, second));
  EXPECT_EQ(product[0], infinity);
  EXPECT_TRUE(std::isnan(product[1]));  // infinity * 0
  for (const size_t nans : {3U, 4U, 5U}) EXPECT_TRUE(std::isnan(product[nans]));
  EXPECT_THAT(std::vector<float>(product.begin() + 6, product.end()), ElementsAre(3, 4, 5));
}

TEST_F(Matmul, NothingToSumGivesZeros) {
  const Tensor product = matmul(zeros(DType::float32, {2, 0}, {}), zeros(DType::float32, {0, 3}, {}));
  EXPECT_THAT(values_of<float>(product), ElementsAre(0, 0, 0, 0, 0, 0));
  EXPECT_EQ(matmul(zeros(DType::float32, {0, 4}, {}), zeros(DType::float32, {4, 3}, {})).shape, (Extents{0, 3}));
}

TEST_F(Matmul, DestinationMayBeAnOperand) {
  const Tensor matrix = whole_numbers(DType::float32, 40, 40);
  const Tensor expected = matmul(matrix, matrix);
  matmul_into(matrix, matrix, matrix);
  EXPECT_TRUE(is_same(matrix, expected));
}

TEST_F(Matmul, DestinationConvertsAndBroadcasts) {
  const Tensor first = whole_numbers(DType::float32, 3, 4), second = whole_numbers(DType::float32, 4, 2);
  const Tensor destination = zeros(DType::float64, {5, 3, 2}, {});
  matmul_into(destination, first, second);
  EXPECT_TRUE(is_same(astype(select(destination, 0, 4), DType::int64, Casting::unsafe), exact_product(first, second)));
  const Tensor columns = transpose(zeros(DType::float32, {2, 3}, {}), 0, 1);
  matmul_into(columns, first, second);
  EXPECT_TRUE(is_same(astype(columns, DType::int64, Casting::unsafe), exact_product(first, second)));
}

TEST_F(Matmul, RefusalsNameBothShapesOrDtypes) {
  const Tensor matrix = zeros(DType::float32, {2, 3}, {}), number = zeros(DType::float32, {}, {});
  const auto refuses = [](const Tensor &first, const Tensor &second, Status status, const char *part) {
    expect_failure(status, HasSubstr(part), [&] { matmul(first, second); });
  };
  refuses(matrix, matrix, Status::invalid_argument,
          "shapes (2, 3) and (2, 3) do not fit: the first's last axis has size 3, the second's last but one axis 2");
  refuses(matrix, number, Status::invalid_argument, "(2, 3) and ()");
  refuses(zeros(DType::float32, {2, 1, 3}, {}), zeros(DType::float32, {3, 3, 1}, {}), Status::invalid_argument,
          "(2, 1, 3) and (3, 3, 1)");
  refuses(zeros(DType::uint64, {2, 3}, {}), zeros(DType::int8, {3, 2}, {}), Status::type_mismatch, "uint64 and int8");
  refuses(zeros(DType::float8_e5m2, {2, 3}, {}), matrix, Status::type_mismatch, "float8_e5m2");
}

}  // namespace
}  // namespace penstock::core
