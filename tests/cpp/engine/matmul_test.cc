// Products of matrices: what the Python tests, which compare them with NumPy, cannot see: each width's kernels, bits, threads,
// memory.
#include "core/linalg/matmul.h"

#include <gmock/gmock.h>

#include <sys/mman.h>
#include <unistd.h>

#include <array>
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

std::vector<KernelWidth> widths_of_floats() {
  std::vector<KernelWidth> widths = usable_widths();
  std::erase_if(widths, [](const KernelWidth &width) { return width.table == block_kernel_bfloat16; });
  return widths;
}

// The same matrix, whose columns lie as rows do.
Tensor lying_in_columns(const Tensor &matrix) { return transpose(clone(transpose(matrix, 0, 1)), 0, 1); }

Tensor backwards_along_rows(const Tensor &matrix) { return slice(matrix, 0, slice_open, slice_open, -1); }

// Around the sizes of tiles of dots, of few rows and of few columns.
constexpr int64_t tile_sizes[][2] = {{1, 2},   {1, 9},   {2, 1},  {19, 1},  {2, 2},  {3, 5},   {4, 6},
                                     {5, 128}, {32, 67}, {7, 25}, {50, 10}, {33, 1}, {40, 24}, {32, 7}};
constexpr int64_t tile_inners[] = {1, 3, 16, 31, 33, 127, 784, 1023, 1025, 2100};

TEST_F(Matmul, OperandsThatLieAlongInnerGiveTheExactProductOfWholeNumbers) {
  for (const DType dtype : {DType::float32, DType::float64})
    for (const auto &[rows, columns] : tile_sizes)
      for (const int64_t inner : tile_inners) {
        const Tensor first = whole_numbers(dtype, rows, inner), second = whole_numbers(dtype, inner, columns);
        const Tensor expected = astype(exact_product(first, second), dtype, Casting::unsafe);
        for (const KernelWidth &width : widths_of_floats())
          EXPECT_TRUE(is_same(product_by(width.table(dtype), first, lying_in_columns(second)), expected))
              << width.name << " " << dtype_name(dtype) << " " << rows << "x" << inner << "x" << columns;
      }
}

TEST_F(Matmul, RowsThatLieApartOrBackwardsAlongInnerChangeNoBit) {
  for (const KernelWidth &width : widths_of_floats())
    for (const DType dtype : {DType::float32, DType::float64})
      for (const int64_t columns : {1, 6, 53}) {
        const Tensor first = fractions(dtype, 30, 500), second = lying_in_columns(fractions(dtype, 500, columns));
        const Tensor apart = slice(slice(zeros(dtype, {60, 507}, {}), 0, 0, 60, 2), 1, 3, 503, 1);
        copy(apart, first, Casting::unsafe);
        const Tensor turned = transpose(second, 0, 1);
        const Tensor backwards = backwards_along_rows(clone(backwards_along_rows(turned)));
        const BlockKernel kernel = width.table(dtype);
        EXPECT_TRUE(
            has_same_bytes(product_by(kernel, apart, transpose(backwards, 0, 1)), product_by(kernel, first, second)))
            << width.name << " " << dtype_name(dtype) << " " << columns;
      }
}

TEST_F(Matmul, FusingProcessorsGiveTheSameBitsAtEachWidthOfOperandsThatLieAlongInner) {
  if (!processor_has_64_byte_vectors() || !processor_has_fused_multiply_add()) GTEST_SKIP() << "needs AVX-512";
  for (const DType dtype : {DType::float32, DType::float64})
    for (const auto &[rows, columns] : tile_sizes)
      for (const int64_t inner : tile_inners) {
        const Tensor first = fractions(dtype, rows, inner);
        const Tensor second = lying_in_columns(fractions(dtype, inner, columns));
        EXPECT_TRUE(has_same_bytes(product_by(block_kernel_32(dtype), first, second),
                                   product_by(block_kernel_64(dtype), first, second)))
            << dtype_name(dtype) << " " << rows << "x" << inner << "x" << columns;
      }
}

TEST_F(Matmul, ARowsBitsDoNotDependOnItsNeighboursWhereFewLieAlongInner) {
  for (const KernelWidth &width : widths_of_floats())
    for (const DType dtype : {DType::float32, DType::float64}) {
      const BlockKernel kernel = width.table(dtype);
      const Tensor first = fractions(dtype, 7, 1100), second = lying_in_columns(fractions(dtype, 1100, 13));
      const Tensor product = product_by(kernel, first, second);
      for (int64_t row = 0; row < 7; ++row)
        EXPECT_TRUE(has_same_bytes(product_by(kernel, slice(first, 0, row, row + 1, 1), second),
                                   slice(product, 0, row, row + 1, 1)))
            << width.name << " " << dtype_name(dtype) << " " << row;
    }
}

TEST_F(Matmul, ThreadsDoNotChangeABitOfOperandsThatLieAlongInner) {
  ThreadPool &pool = process_pool();
  for (const DType dtype : {DType::float32, DType::float64})
    for (const auto &[rows, columns, inner] : {std::array<int64_t, 3>{32, 900, 784}, {1, 3000, 800}, {7, 9, 90'001}}) {
      const Tensor first = fractions(dtype, rows, inner);
      const Tensor second = lying_in_columns(fractions(dtype, inner, columns));
      pool.set_num_threads(1);
      const Tensor alone = matmul(first, second);
      for (const int32_t threads : {2, 5}) {
        pool.set_num_threads(threads);
        EXPECT_TRUE(has_same_bytes(matmul(first, second), alone)) << dtype_name(dtype) << " " << threads;
      }
      pool.set_num_threads(0);
    }
}

// Memory that a page without access follows: what is read behind it ends the process.
class PageEnd {
 public:
  explicit PageEnd(int64_t nbytes) {
    const int64_t page = sysconf(_SC_PAGESIZE);
    size_ = static_cast<size_t>((nbytes + page - 1) / page * page + page);
    start_ = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    data = static_cast<std::byte *>(start_) + static_cast<int64_t>(size_) - page - nbytes;
    is_guarded = start_ != MAP_FAILED && mprotect(data + nbytes, static_cast<size_t>(page), PROT_NONE) == 0;
  }
  ~PageEnd() { munmap(start_, size_); }
  PageEnd(const PageEnd &) = delete;
  PageEnd &operator=(const PageEnd &) = delete;

  std::byte *data;
  bool is_guarded;

 private:
  void *start_;
  size_t size_;
};

TEST_F(Matmul, NothingIsReadBehindOperandsThatLieAlongInner) {
  for (const KernelWidth &width : widths_of_floats())
    for (const DType dtype : {DType::float32, DType::float64})
      for (const auto &[rows, columns] : tile_sizes)
        for (int64_t inner = 1; inner < 40; ++inner) {
          const int64_t size = dtype_size(dtype);
          const PageEnd left(rows * inner * size), right(inner * columns * size);
          ASSERT_TRUE(left.is_guarded && right.is_guarded);
          const Tensor out = empty(dtype, {rows, columns}, {});
          const Block block = {.out = matrix_of(out),
                               .left = {left.data, inner, 1},
                               .right = {right.data, 1, inner},
                               .rows = rows,
                               .columns = columns,
                               .inner = inner};
          const BlockKernel kernel = width.table(dtype);
          const Reference<Storage> workspace = Storage::allocate(kernel.workspace_nbytes(block), 64, {});
          kernel.multiply(block, workspace->data());
          EXPECT_TRUE(is_same(out, zeros(dtype, {rows, columns}, {}))) << width.name;
        }
}

TEST_F(Matmul, WhatIsNotFiniteStaysInItsRowAndColumn) {
  for (const KernelWidth &width : widths_of_floats()) {
    const float infinity = std::numeric_limits<float>::infinity();
    const Tensor first = zeros(DType::float32, {3, 21}, {}), second = zeros(DType::float32, {21, 7}, {});
    fill(slice(slice(first, 0, 2, 3, 1), 1, 20, 21, 1), &infinity, DType::float32);
    fill(slice(slice(second, 0, 20, 21, 1), 1, 6, 7, 1), &infinity, DType::float32);
    const auto product = values_of<float>(product_by(width.table(DType::float32), first, lying_in_columns(second)));
    for (size_t index = 0; index < product.size(); ++index) {
      const size_t row = index / 7, column = index % 7;
      EXPECT_EQ(std::isfinite(product[index]), row != 2 && column != 6) << width.name << " " << row << " " << column;
    }
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
