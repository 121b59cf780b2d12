#include "core/tensor/tensor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "core/base/text.h"
#include "core/tensor/create.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/memory_fixture.h"
#include "tests/cpp/engine/reference.h"

namespace penstock::core {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

class TensorShape : public MemoryTest {};

TEST(Extents, ArePrintedAsPythonWritesATuple) {
  EXPECT_EQ(text(Extents{}), "()");
  EXPECT_EQ(text(Extents{3}), "(3,)");
  EXPECT_EQ(text(Extents{3, -4, 0}), "(3, -4, 0)");
}

TEST(Extents, InsertAndEraseKeepTheOthersInOrder) {
  Extents extents{1, 2, 3};
  extents.insert(1, 9);
  EXPECT_EQ(extents, (Extents{1, 9, 2, 3}));
  extents.insert(4, 8);
  EXPECT_EQ(extents, (Extents{1, 9, 2, 3, 8}));
  extents.erase(0);
  EXPECT_EQ(extents, (Extents{9, 2, 3, 8}));
}

TEST(CheckedElementCount, IsTheProductOfTheSizes) {
  EXPECT_EQ(checked_element_count({}, DType::int32), 1);
  EXPECT_EQ(checked_element_count({2, 3, 4}, DType::int32), 24);
  EXPECT_EQ(checked_element_count({2, 0, 4}, DType::int32), 0);
  EXPECT_EQ(checked_element_count({largest_nbytes}, DType::int8), largest_nbytes);
}

TEST(CheckedElementCount, RefusesSizesBelowZeroAndTooManyBytes) {
  expect_failure(Status::invalid_argument, AllOf(HasSubstr("(2, -1)"), HasSubstr("below 0")), [] {
    checked_element_count({2, -1}, DType::int32);
  });
  expect_failure(Status::invalid_argument, HasSubstr("2^56"),
                 [] { checked_element_count({largest_nbytes}, DType::int16); });
  expect_failure(Status::invalid_argument, HasSubstr("2^56"), [] {
    checked_element_count({int64_t{1} << 62, 0}, DType::int8);
  });
  expect_failure(Status::invalid_argument, HasSubstr("2^56"), [] {
    checked_element_count({int64_t{1} << 32, int64_t{1} << 32}, DType::int8);
  });
}

TEST_F(TensorShape, ContiguousMeansThatElementsFollowEachOtherInOrder) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(text("seed ", seed));
    reference::Random random(seed);
    const Tensor tensor =
        reference::random_tensor(random, DType::int16, reference::random_shape(random, 4, 3), seed % 2 == 0);
    bool in_order = true;
    const std::byte *expected = tensor.data;
    reference::for_each_index(tensor.shape, [&](const Extents &index) {
      in_order = in_order && reference::element_at(tensor, index) == expected;
      expected += dtype_size(tensor.dtype);
    });
    EXPECT_EQ(tensor.is_contiguous(), in_order) << reference::describe(tensor);
  }
}

TEST(ByteSpan, CoversEveryElement) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(text("seed ", seed));
    reference::Random random(seed);
    const Tensor tensor =
        reference::random_tensor(random, DType::int32, reference::random_shape(random, 4, 4), seed % 2 == 0);
    const ByteSpan span = byte_span(tensor.shape, tensor.strides, tensor.dtype);
    int64_t lowest = 0, highest = 0;
    reference::for_each_index(tensor.shape, [&](const Extents &index) {
      const int64_t offset = reference::element_at(tensor, index) - tensor.data;
      lowest = std::min(lowest, offset);
      highest = std::max(highest, offset + 4);
    });
    EXPECT_EQ(span.lowest, lowest) << reference::describe(tensor);
    EXPECT_EQ(span.highest, highest) << reference::describe(tensor);
  }
}

TEST(ByteSpan, RefusesStridesThatLeaveTheAddressSpace) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max(), least = std::numeric_limits<int64_t>::min();
  for (const int64_t stride : {most, least, most / 8, largest_nbytes})
    expect_failure(Status::invalid_argument, AllOf(HasSubstr("address space"), HasSubstr(text(stride))),
                   [&] { byte_span({3}, {stride}, DType::int64); });
  EXPECT_EQ(byte_span({1}, {most}, DType::int64).size(), 8);
  EXPECT_EQ(byte_span({0}, {most}, DType::int64).size(), 0);
}

TEST(ElementsMayCoincide, IsFalseOnlyWhereNoTwoIndicesMeet) {
  int32_t certain = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    reference::Random random(seed);
    const Extents shape = reference::random_shape(random, 3, 4);
    Extents strides = shape;
    for (int32_t axis = 0; axis < shape.size(); ++axis) strides[axis] = reference::random_between(random, -9, 9);
    std::set<int64_t> offsets;
    size_t count = 0;
    reference::for_each_index(shape, [&](const Extents &index) {
      int64_t offset = 0;
      for (int32_t axis = 0; axis < shape.size(); ++axis) offset += index[axis] * strides[axis];
      offsets.insert(offset);
      ++count;
    });
    if (elements_may_coincide(shape, strides)) continue;
    ++certain;
    EXPECT_EQ(offsets.size(), count) << text("seed ", seed, " shape ", shape, " strides ", strides);
  }
  EXPECT_GT(certain, 200);  // it does not say "may" of everything
}

TEST(ElementsMayCoincide, IsFalseForStridesThatNest) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    reference::Random random(seed);
    const Tensor tensor = reference::random_tensor(random, DType::int8, reference::random_shape(random, 5, 5), false);
    EXPECT_FALSE(elements_may_coincide(tensor.shape, tensor.strides)) << reference::describe(tensor);
  }
}

TEST(ResolveAxis, CountsFromEitherEnd) {
  EXPECT_EQ(resolve_axis(0, 3), 0);
  EXPECT_EQ(resolve_axis(2, 3), 2);
  EXPECT_EQ(resolve_axis(-1, 3), 2);
  EXPECT_EQ(resolve_axis(-3, 3), 0);
}

TEST(ResolveAxis, RefusesAnAxisOutsideAndNamesTheLimits) {
  for (const int32_t axis : {3, -4, std::numeric_limits<int32_t>::min(), std::numeric_limits<int32_t>::max()})
    expect_failure(Status::out_of_range, AllOf(HasSubstr(text("axis ", axis)), HasSubstr("-3 to 2")),
                   [&] { resolve_axis(axis, 3); });
  expect_failure(Status::out_of_range, HasSubstr("rank 0"), [] { resolve_axis(0, 0); });
}

TEST_F(TensorShape, MemoryIsCountedWhileItIsHeld) {
  const MemoryUsage before = memory_usage({});
  {
    const Tensor tensor = empty(DType::int8, {1000}, {}), second_hold = tensor;
    const MemoryUsage held = memory_usage({});
    EXPECT_EQ(held.live_bytes, before.live_bytes + 1000);
    EXPECT_EQ(held.live_storages, before.live_storages + 1);
    EXPECT_GE(held.peak_bytes, held.live_bytes);
  }
  EXPECT_EQ(memory_usage({}).live_bytes, before.live_bytes);
}

}  // namespace
}  // namespace penstock::core
