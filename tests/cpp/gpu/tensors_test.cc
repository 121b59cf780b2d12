// Tensors on a GPU beside the same on the CPU, bit by bit.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <bit>
#include <filesystem>
#include <string>
#include <vector>

#include "core/io/npy.h"
#include "core/tensor/compare.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/cuda_device.h"
#include "core/tensor/format.h"
#include "core/tensor/index.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"
#include "tests/cpp/gpu/gpu_testing.h"

namespace penstock::core {
namespace {

class Gpu : public GpuTest {};

std::vector<DType> dtypes(DType last) {
  std::vector<DType> all;
  for (int32_t number = 1; number <= static_cast<int32_t>(last); ++number) all.push_back(static_cast<DType>(number));
  return all;
}

// Views of one shape (3, 4), in every layout.
std::vector<Tensor> layouts(const Tensor &base) {  // base: (8, 8)
  const Tensor part = narrow(narrow(base, 0, 1, 6), 1, 2, 4);
  return {contiguous(narrow(narrow(base, 0, 0, 3), 1, 0, 4)), slice(part, 0, 0, 6, 2),
          transpose(slice(narrow(narrow(base, 0, 2, 4), 1, 1, 6), 1, slice_open, slice_open, 2), 0, 1),
          slice(slice(part, 0, 5, slice_open, -2), 1, slice_open, slice_open, -1)};
}

TEST_F(Gpu, ElementsComeBackAsTheyWentWhateverDtypeAndStrides) {
  for (const DType dtype : dtypes(DType::float8_e5m2))
    for (const Tensor &host : layouts(random_tensor(dtype, {8, 8}))) {
      const Tensor there = to_device(host, {.device = gpu});
      EXPECT_EQ(there.device(), gpu);
      EXPECT_EQ(bytes_of(there), bytes_of(host)) << dtype_name(dtype);
    }
}

TEST_F(Gpu, CopiesBetweenStridesOnTheDeviceGiveTheCpusBytes) {
  for (const DType dtype : dtypes(DType::float8_e5m2)) {
    const Tensor source = random_tensor(dtype, {8, 8}), there = to_device(source, {.device = gpu});
    const Tensor target = random_tensor(dtype, {8, 8}), target_there = to_device(target, {.device = gpu});
    const auto from = layouts(source), from_there = layouts(there), to = layouts(target),
               to_there = layouts(target_there);
    for (size_t one = 0; one < from.size(); ++one)
      for (size_t other = 1; other < to.size(); ++other) {
        copy(to[other], from[one], Casting::same_kind);
        copy(to_there[other], from_there[one], Casting::same_kind);
        EXPECT_EQ(bytes_of(target_there), bytes_of(target)) << dtype_name(dtype) << one << other;
      }
  }
}

// Elements are moved several at once where both sides are dense; here one side is not.
TEST_F(Gpu, CopiesWithGapsOnOneSideGiveTheCpusBytes) {
  for (const DType dtype : dtypes(DType::float8_e5m2)) {
    const Tensor host = random_tensor(dtype, {512}), there = to_device(host, {.device = gpu});
    for (const int64_t step : {2, 4, 16}) {
      const int64_t count = 512 / step;
      EXPECT_EQ(bytes_of(clone(slice(there, 0, 0, 512, step))), bytes_of(clone(slice(host, 0, 0, 512, step))));
      copy(slice(there, 0, 0, 512, step), narrow(there, 0, 256, count), Casting::same_kind);
      copy(slice(host, 0, 0, 512, step), narrow(host, 0, 256, count), Casting::same_kind);
      EXPECT_EQ(bytes_of(there), bytes_of(host)) << dtype_name(dtype) << " in steps of " << step;
      copy(narrow(there, 0, 1, 255), narrow(there, 0, 256, 255), Casting::same_kind);  // nothing is aligned to pairs
      copy(narrow(host, 0, 1, 255), narrow(host, 0, 256, 255), Casting::same_kind);
      EXPECT_EQ(bytes_of(there), bytes_of(host));
    }
  }
}

TEST_F(Gpu, FillsWithGapsAndFromAnOddPlaceLeaveTheRestAlone) {
  const uint8_t one = 1;
  for (const DType dtype : dtypes(DType::complex128)) {
    const Tensor host = random_tensor(dtype, {16, 64}), there = to_device(host, {.device = gpu});
    for (const Tensor &tensor : {host, there}) {
      const DType value = dtype == DType::bool8 ? DType::bool8 : DType::uint8;
      fill(narrow(narrow(tensor, 0, 1, 3), 1, 1, 40), &one, value);
      fill(slice(narrow(tensor, 0, 8, 8), 1, 0, 64, 2), &one, value);
      fill(narrow(narrow(tensor, 0, 4, 4), 1, 16, 32), &one, value);
    }
    EXPECT_EQ(bytes_of(there), bytes_of(host)) << dtype_name(dtype);
  }
}

TEST_F(Gpu, ConversionsGiveTheCpusBytes) {
  for (const DType from : dtypes(DType::complex128)) {
    const Tensor source = random_tensor(from, {8, 8}), there = to_device(source, {.device = gpu});
    for (const DType to : dtypes(DType::complex128))
      EXPECT_EQ(bytes_of(astype(transpose(there, 0, 1), to, Casting::unsafe)),
                bytes_of(astype(transpose(source, 0, 1), to, Casting::unsafe)))
          << dtype_name(from) << " to " << dtype_name(to);
  }
}

TEST_F(Gpu, ACopyBroadcastsAndConvertsFromEitherSide) {
  const Tensor row = random_tensor(DType::int16, {1, 5});
  const Tensor expected = zeros(DType::float64, {3, 5}, {}), there = zeros(DType::float64, {3, 5}, {.device = gpu});
  copy(expected, row, Casting::same_kind);
  copy(there, row, Casting::same_kind);
  EXPECT_EQ(bytes_of(there), bytes_of(expected));
  const Tensor back = zeros(DType::float64, {4, 3, 5}, {});
  copy(transpose(back, 0, 1), unsqueeze(there, 1), Casting::same_kind);
  EXPECT_TRUE(equal(select(back, 0, 2), expected, Equality::bitwise));
}

TEST_F(Gpu, ACopyOntoItselfReadsAsIfCopiedAwayFirst) {
  const Tensor host = random_tensor(DType::int32, {9}), there = to_device(host, {.device = gpu});
  copy(narrow(there, 0, 1, 8), narrow(there, 0, 0, 8), Casting::same_kind);
  copy(narrow(host, 0, 1, 8), narrow(host, 0, 0, 8), Casting::same_kind);
  EXPECT_EQ(bytes_of(there), bytes_of(host));
}

TEST_F(Gpu, FillsEveryDtypeAndLeavesTheRestAlone) {
  for (const DType dtype : dtypes(DType::complex128)) {
    const Tensor host = random_tensor(dtype, {8, 8}), there = to_device(host, {.device = gpu});
    const uint8_t one = 1;
    for (size_t layout = 1; layout < 4; ++layout) {
      fill(layouts(host)[layout], &one, dtype == DType::bool8 ? DType::bool8 : DType::uint8);
      fill(layouts(there)[layout], &one, dtype == DType::bool8 ? DType::bool8 : DType::uint8);
      EXPECT_EQ(bytes_of(there), bytes_of(host)) << dtype_name(dtype);
    }
  }
}

TEST_F(Gpu, ZerosFullArangeAndDataAreMadeThere) {
  const Allocation there{.device = gpu};
  const float seven = 7;
  EXPECT_EQ(bytes_of(zeros(DType::int64, {5}, there)), bytes_of(zeros(DType::int64, {5}, {})));
  EXPECT_EQ(bytes_of(full(DType::float64, {5}, &seven, DType::float32, there)),
            bytes_of(full(DType::float64, {5}, &seven, DType::float32, {})));
  EXPECT_EQ(bytes_of(arange(int64_t{3}, 400, 2, DType::float16, there)),
            bytes_of(arange(int64_t{3}, 400, 2, DType::float16, {})));
  EXPECT_EQ(bytes_of(from_data(DType::float32, {1}, &seven, 4, there)),
            bytes_of(from_data(DType::float32, {1}, &seven, 4, {})));
}

TEST_F(Gpu, EqualAgreesWithTheCpuOnEveryDtype) {
  for (const DType dtype : dtypes(DType::float8_e5m2)) {
    const Tensor host = random_tensor(dtype, {8, 8}), there = to_device(host, {.device = gpu});
    const Tensor other = clone(there);
    for (const Equality equality : {Equality::bitwise, Equality::value}) {
      EXPECT_TRUE(equal(there, other, equality)) << dtype_name(dtype);
      EXPECT_TRUE(equal(transpose(there, 0, 1), contiguous(transpose(other, 0, 1)), equality)) << dtype_name(dtype);
      EXPECT_TRUE(equal(there, host, equality)) << dtype_name(dtype);
      EXPECT_EQ(equal(there, contiguous(transpose(there, 0, 1)), equality),
                equal(host, contiguous(transpose(host, 0, 1)), equality));
    }
  }
}

TEST_F(Gpu, EqualTellsValuesFromBits) {
  const float numbers[] = {0.0f, std::bit_cast<float>(0x7fc00001u)},
              others[] = {-0.0f, std::bit_cast<float>(0xffc00002u)};
  const Tensor first = from_data(DType::float32, {2}, numbers, 8, {.device = gpu});
  const Tensor second = from_data(DType::float32, {2}, others, 8, {.device = gpu});
  EXPECT_TRUE(equal(first, second, Equality::value));
  EXPECT_FALSE(equal(first, second, Equality::bitwise));
}

TEST_F(Gpu, PicksPutsFormatsAndSavesAsTheCpu) {
  const Tensor host = arange(int64_t{0}, 4000, 1, DType::int32, {}), there = to_device(host, {.device = gpu});
  const int64_t numbers[] = {5, -1, 5};
  const Tensor index = from_data(DType::int64, {3}, numbers, 24, {.device = gpu});
  const Tensor *const indices[] = {&index};
  EXPECT_EQ(bytes_of(take(there, indices)), bytes_of(take(host, indices)));
  put(there, indices, zeros(DType::int32, {1}, {.device = gpu}), Casting::same_kind);
  put(host, indices, zeros(DType::int32, {1}, {}), Casting::same_kind);
  EXPECT_EQ(bytes_of(there), bytes_of(host));
  EXPECT_EQ(bytes_of(nonzero(there)), bytes_of(nonzero(host)));
  std::string text = format(reshape(there, {40, 100}), {3, 1000, 8, 75});
  EXPECT_THAT(text, ::testing::HasSubstr("device=cuda:0"));
  text.replace(text.find("cuda:0"), 6, "cpu");
  EXPECT_EQ(text, format(reshape(host, {40, 100}), {3, 1000, 8, 75}));
  const std::string path = ::testing::TempDir() + "penstock_gpu.npy";
  save_npy(path, there, {});
  const Tensor loaded = load_npy(path, {.device = gpu});
  EXPECT_EQ(loaded.device(), gpu);
  EXPECT_EQ(bytes_of(loaded), bytes_of(host));
  std::filesystem::remove(path);
}

TEST_F(Gpu, CopiesBetweenTwoDevicesWhereThereAreTwo) {
  if (cuda_device_count() < 2) return;
  const Tensor host = random_tensor(DType::float32, {8, 8}), there = to_device(host, {.device = gpu});
  const Tensor elsewhere = zeros(DType::float64, {8, 8}, {.device = other_gpu});
  copy(transpose(elsewhere, 0, 1), there, Casting::same_kind);
  EXPECT_EQ(bytes_of(contiguous(transpose(elsewhere, 0, 1))), bytes_of(astype(host, DType::float64, Casting::unsafe)));
  EXPECT_TRUE(equal(to_device(there, {.device = other_gpu}), there, Equality::bitwise));
}

TEST_F(Gpu, AlignsAsAskedAndCountsWhatItHolds) {
  const uint64_t before = memory_usage(gpu).live_bytes;
  {
    const Tensor aligned = empty(DType::uint8, {1000}, {.device = gpu, .alignment = 4096});
    EXPECT_EQ(reinterpret_cast<uintptr_t>(aligned.data) % 4096, 0u);
    EXPECT_EQ(memory_usage(gpu).live_bytes - before, 1000u);
  }
  EXPECT_EQ(memory_usage(gpu).live_bytes, before);
}

TEST_F(Gpu, RunningOutOfMemoryIsAnErrorThatLeavesNothing) {
  const uint64_t before = memory_usage(gpu).live_storages;
  try {
    empty(DType::uint8, {int64_t{1} << 40}, {.device = gpu});
    ADD_FAILURE() << "a terabyte was found";
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), Status::out_of_memory);
    EXPECT_THAT(error.sentence(), ::testing::HasSubstr("1099511627776 bytes on cuda:0"));
  }
  EXPECT_EQ(memory_usage(gpu).live_storages, before);
  EXPECT_EQ(empty(DType::uint8, {1000}, {.device = gpu}).nbytes(), 1000);
}

TEST_F(Gpu, PinnedMemoryIsMainMemory) {
  const Tensor pinned = full(DType::int32, {100}, &gpu.id, DType::int32, {.device = {}, .pinned = true});
  EXPECT_EQ(pinned.device(), Device{});
  EXPECT_TRUE(pinned.storage->pinned());
  const Tensor there = to_device(pinned, {.device = gpu});
  EXPECT_TRUE(equal(to_device(there, {.device = {}, .pinned = true}), pinned, Equality::bitwise));
}

TEST_F(Gpu, AnIdBeyondTheLastIsOutOfRange) {
  try {
    resolve_device(2, cuda_device_count());
    ADD_FAILURE() << "there is a device behind the last";
  } catch (const Error &error) {
    EXPECT_EQ(error.status(), Status::out_of_range);
    EXPECT_THAT(error.sentence(), ::testing::HasSubstr("ids go from 0 to "));
  }
}

}  // namespace
}  // namespace penstock::core
