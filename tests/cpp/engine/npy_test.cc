#include "core/io/npy.h"

#include <cstring>
#include <random>
#include <string>

#include "core/io/dense_blocks.h"
#include "core/io/npy_header.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"
#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr DType last_file_dtype = DType::complex128;  // bfloat16, which lies before it, has no name in NumPy

Tensor random_tensor(DType dtype, const Extents &shape, std::mt19937 &rng) {
  Tensor tensor = empty(dtype, shape, {});
  for (int64_t index = 0; index < tensor.nbytes(); ++index) tensor.data[index] = static_cast<std::byte>(rng());
  return tensor;
}

Tensor int32_range(const Extents &shape) {
  Tensor tensor = empty(DType::int32, shape, {});
  for (int32_t index = 0; index < tensor.element_count(); ++index) std::memcpy(tensor.data + 4 * index, &index, 4);
  return tensor;
}

void expect_same_bits(const Tensor &actual, const Tensor &expected) {
  EXPECT_EQ(actual.dtype, expected.dtype);
  EXPECT_EQ(actual.shape, expected.shape);
  EXPECT_EQ(element_bytes(actual), element_bytes(expected));
}

TEST(Npy, EveryDtypeAndShapeComesBackAsItWasSaved) {
  const TemporaryFolder folder;
  std::mt19937 rng(1);
  for (int32_t number = 1; number <= static_cast<int32_t>(last_file_dtype); ++number) {
    if (static_cast<DType>(number) == DType::bfloat16) continue;
    for (int round = 0; round < 8; ++round) {
      Extents shape;
      for (uint32_t axis = 0, ndim = rng() % 5; axis < ndim; ++axis) shape.push_back(static_cast<int64_t>(rng() % 6));
      const Tensor saved = random_tensor(static_cast<DType>(number), shape, rng);
      save_npy(folder.path("a.npy"), saved, {});
      expect_same_bits(load_npy(folder.path("a.npy"), {}), saved);
    }
  }
}

TEST(Npy, ViewsOfAnyStridesAreWrittenInRowMajorOrder) {
  const TemporaryFolder folder;
  const Tensor matrix = int32_range({2, 3});
  save_npy(folder.path("transposed.npy"), transpose(matrix, 0, 1), {});
  const int32_t transposed[] = {0, 3, 1, 4, 2, 5};
  expect_same_bits(load_npy(folder.path("transposed.npy"), {}),
                   from_data(DType::int32, {3, 2}, transposed, sizeof(transposed), {}));
  save_npy(folder.path("backwards.npy"), slice(matrix, 1, slice_open, slice_open, -2), {});
  const int32_t backwards[] = {2, 0, 5, 3};
  expect_same_bits(load_npy(folder.path("backwards.npy"), {}),
                   from_data(DType::int32, {2, 2}, backwards, sizeof(backwards), {}));
}

TEST(Npy, ViewsLargerThanABlockAreWrittenInRowMajorOrder) {
  const TemporaryFolder folder;
  // Once the rows are many to a block, once each is more than one itself.
  for (const Extents &shape : {Extents{1100, 1200}, Extents{1'100'000, 2}}) {
    const Tensor matrix = int32_range(shape);
    ASSERT_GT(matrix.nbytes(), largest_block_nbytes);
    save_npy(folder.path("a.npy"), transpose(matrix, 0, 1), {});
    const Tensor loaded = load_npy(folder.path("a.npy"), {});
    ASSERT_EQ(loaded.shape, (Extents{shape[1], shape[0]}));
    EXPECT_TRUE(element_bytes(loaded) == row_major_bytes(transpose(matrix, 0, 1)));
  }
}

TEST(Npy, ColumnMajorTensorsComeBackWithTheSameValues) {
  const TemporaryFolder folder;
  const Tensor cube = load_npy(numpy_file("column_major.npy"), {});
  save_npy(folder.path("a.npy"), cube, {});
  const Tensor loaded = load_npy(folder.path("a.npy"), {});
  EXPECT_EQ(loaded.strides, (Extents{12, 4, 1}));
  EXPECT_EQ(element_bytes(loaded), row_major_bytes(cube));
}

TEST(Npy, BoolBytesOtherThanOneAreKept) {
  const std::string bytes("\x00\x01\x02\xFF", 4);
  const std::string file = format_npy_header(DType::bool8, {4}, "a.npy") + bytes;
  EXPECT_EQ(element_bytes(parse_npy(bytes_of(file), "a.npy", {})), bytes);
}

TEST(Npy, CutAnywhereIsRefused) {
  const TemporaryFolder folder;
  const std::string whole = read_bytes(numpy_file("int16_big.npy"));
  for (size_t size = 0; size < whole.size(); ++size) {
    write_bytes(folder.path("a.npy"), whole.substr(0, size));
    expect_failure(Status::data_error, {folder.path("a.npy")}, [&] { load_npy(folder.path("a.npy"), {}); });
  }
}

TEST(Npy, BytesLeftOverAreRefused) {
  const TemporaryFolder folder;
  write_bytes(folder.path("a.npy"), read_bytes(numpy_file("int16_big.npy")) + "xyz");
  expect_failure(Status::data_error, {folder.path("a.npy"), "3 bytes left over"},
                 [&] { load_npy(folder.path("a.npy"), {}); });
}

TEST(Npy, SizesBeyondTheFileAllocateNothing) {
  const uint64_t peak_before = memory_usage({}).peak_bytes;
  const std::string file = format_npy_header(DType::float64, {int64_t{1} << 50}, "a.npy") + std::string(64, 'x');
  expect_failure(Status::data_error, {"cut short"}, [&] { parse_npy(bytes_of(file), "a.npy", {}); });
  EXPECT_EQ(memory_usage({}).peak_bytes, peak_before);
}

TEST(Npy, LoadingReportsTheBytesOfTheFile) {
  const TemporaryFolder folder;
  save_npy(folder.path("a.npy"), int32_range({largest_block_nbytes / 2}), {});  // two blocks
  ProgressRecord record;
  load_npy(folder.path("a.npy"), {.progress = record.progress()});
  const auto size = static_cast<uint64_t>(2 * largest_block_nbytes + 128);
  EXPECT_EQ(record.total, size);
  EXPECT_THAT(record.done, ElementsAre(size - static_cast<uint64_t>(largest_block_nbytes), size));
}

TEST(Npy, SavingReportsTheBytesOfTheTensor) {
  const TemporaryFolder folder;
  ProgressRecord record;
  save_npy(folder.path("a.npy"), int32_range({largest_block_nbytes / 2}), {.progress = record.progress()});
  const auto block = static_cast<uint64_t>(largest_block_nbytes);
  EXPECT_EQ(record.total, 2 * block);
  EXPECT_THAT(record.done, ElementsAre(block, 2 * block));
}

TEST(Npy, NoElementsReportTheirEndToo) {
  const TemporaryFolder folder;
  ProgressRecord saving, loading;
  save_npy(folder.path("a.npy"), empty(DType::int32, {0}, {}), {.progress = saving.progress()});
  load_npy(folder.path("a.npy"), {.progress = loading.progress()});
  EXPECT_THAT(saving.done, ElementsAre(0));
  EXPECT_THAT(loading.done, ElementsAre(128));
}

TEST(Npy, CancelledLoadLeavesNoMemory) {
  const TemporaryFolder folder;
  save_npy(folder.path("a.npy"), int32_range({6}), {});
  const uint64_t live_before = memory_usage({}).live_bytes;
  ProgressRecord record{.stop_at = 0};
  expect_failure(Status::cancelled, {}, [&] { load_npy(folder.path("a.npy"), {.progress = record.progress()}); });
  EXPECT_EQ(memory_usage({}).live_bytes, live_before);
}

TEST(Npy, CancelledSaveLeavesWhatWasThere) {
  const TemporaryFolder folder;
  write_bytes(folder.path("a.npy"), "old");
  ProgressRecord record{.stop_at = 0};
  expect_failure(Status::cancelled, {},
                 [&] { save_npy(folder.path("a.npy"), int32_range({6}), {.progress = record.progress()}); });
  EXPECT_EQ(read_bytes(folder.path("a.npy")), "old");
  EXPECT_THAT(folder.names(), ElementsAre("a.npy"));
}

TEST(Npy, TypeWithoutANameIsRefusedBeforeAFileIsMade) {
  const TemporaryFolder folder;
  expect_failure(Status::type_mismatch, {folder.path("a.npy"), "bfloat16"},
                 [&] { save_npy(folder.path("a.npy"), empty(DType::bfloat16, {2}, {}), {}); });
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST(Npy, AdoptedMemoryIsTheTensorsOwnWhereTheElementsAreAligned) {
  const std::string file = read_bytes(numpy_file("complex128_big.npy"));
  auto storage = Storage::allocate(static_cast<int64_t>(file.size()), Storage::default_alignment, {});
  std::memcpy(storage->data(), file.data(), file.size());
  const std::byte *memory = storage->data();
  const Tensor adopted = adopt_npy(std::move(storage), "a.npy");
  EXPECT_EQ(adopted.data, memory + 128);
  expect_same_bits(adopted, load_npy(numpy_file("complex128_big.npy"), {}));
}

TEST(Npy, AdoptedElementsMoveToAnAlignedPlace) {
  std::string file = read_bytes(numpy_file("float64_little.npy"));
  file.erase(126, 1);  // a space of the header's padding
  file[8] -= 1;        // the header's length
  auto storage = Storage::allocate(static_cast<int64_t>(file.size()), Storage::default_alignment, {});
  std::memcpy(storage->data(), file.data(), file.size());
  const Tensor adopted = adopt_npy(std::move(storage), "a.npy");
  EXPECT_EQ(reinterpret_cast<uintptr_t>(adopted.data) % 8, 0u);
  expect_same_bits(adopted, load_npy(numpy_file("float64_little.npy"), {}));
}

TEST(DenseBlocks, HandOverADenseTensorsOwnMemory) {
  const Tensor tensor = int32_range({6});
  for_each_dense_block(tensor, [&](std::span<const std::byte> block) {
    EXPECT_EQ(block.data(), tensor.data);
    EXPECT_EQ(block.size(), 24u);
  });
}

}  // namespace
}  // namespace penstock::core
