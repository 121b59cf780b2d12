// A fixture whose tests must leave no memory held.
#pragma once

#include <gtest/gtest.h>

#include "core/tensor/storage.h"

namespace penstock::core {

class MemoryTest : public ::testing::Test {
 protected:
  void TearDown() override {
    const MemoryUsage after = memory_usage({});
    EXPECT_EQ(after.live_bytes, before_.live_bytes);
    EXPECT_EQ(after.live_storages, before_.live_storages);
    EXPECT_EQ(after.wrapped_bytes, before_.wrapped_bytes);
  }

 private:
  const MemoryUsage before_ = memory_usage({});
};

}  // namespace penstock::core
