// What the tests on a GPU, or on an emulated one, share: the devices, random tensors, and elements read back.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/storage.h"

namespace penstock::core {

inline constexpr Device gpu{DeviceType::cuda, 0}, other_gpu{DeviceType::cuda, 1};

// Resolves the devices, which opens the plug-in, and sees that a test leaves nothing on them.
class GpuTest : public ::testing::Test {
 protected:
  void SetUp() override {
    resolve_device(2, 0);
    for (const Device device : {Device{}, gpu, other_gpu}) before_.push_back(memory_usage(device).live_storages);
  }
  void TearDown() override {
    size_t index = 0;
    for (const Device device : {Device{}, gpu, other_gpu})
      EXPECT_EQ(memory_usage(device).live_storages, before_[index++]) << "a test left memory behind";
  }

 private:
  std::vector<uint64_t> before_;
};

// Every byte drawn by itself, so that floating-point numbers are NaN, infinite and subnormal too; bools are 0 or 1.
inline Tensor random_tensor(DType dtype, const Extents &shape) {
  static uint64_t state = 1;
  const Tensor made = empty(dtype, shape, {});
  for (int64_t index = 0; index < made.nbytes(); ++index) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    auto byte = static_cast<uint8_t>(state >> 56);
    if (dtype == DType::bool8) byte &= 1;
    // Half of the floating-point numbers moderate, so that conversions have something to round.
    const int64_t size = dtype_size(dtype);
    if (dtype_kind(dtype) == DTypeKind::floating && index % size == size - 1 && (state >> 40 & 1) != 0)
      byte = static_cast<uint8_t>(0x3f + (state >> 41 & 2));
    made.data[index] = std::byte{byte};
  }
  return made;
}

inline std::vector<uint8_t> bytes_of(const Tensor &tensor) {
  std::vector<uint8_t> bytes(static_cast<size_t>(tensor.nbytes()));
  to_data(bytes.data(), bytes.size(), tensor);
  return bytes;
}

}  // namespace penstock::core
