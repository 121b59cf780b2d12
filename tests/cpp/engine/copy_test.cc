#include "core/tensor/copy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <vector>

#include "core/base/text.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/memory_fixture.h"
#include "tests/cpp/engine/reference.h"
#include "tests/cpp/engine/tensor_testing.h"

namespace penstock::core {
namespace {

using reference::Bytes;
using reference::Random;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Copy : public MemoryTest {};
class Clone : public MemoryTest {};
class Contiguous : public MemoryTest {};
class AsType : public MemoryTest {};
class ToData : public MemoryTest {};

std::vector<std::byte> memory_of(const Tensor &tensor) {
  return {tensor.storage->data(), tensor.storage->data() + tensor.storage->nbytes()};
}

// The index of source that broadcasting reads for one of destination's.
Extents source_index(const Tensor &source, const Extents &index) {
  Extents result = Extents::filled(source.ndim(), 0);
  const int32_t new_axes = index.size() - source.ndim();
  for (int32_t axis = 0; axis < source.ndim(); ++axis)
    if (source.shape[axis] != 1) result[axis] = index[axis + new_axes];
  return result;
}

// Copies, and sees each element where it must be and every other byte of the memory as it was.
void expect_copied(const Tensor &destination, const Tensor &source) {
  SCOPED_TRACE(text("from ", reference::describe(source), " to ", reference::describe(destination)));
  std::vector<Bytes> expected;
  reference::for_each_index(destination.shape, [&](const Extents &index) {
    expected.push_back(reference::convert(destination.dtype, source.dtype,
                                          reference::element_at(source, source_index(source, index))));
  });
  std::vector<std::byte> before = memory_of(destination);
  copy(destination, source, Casting::unsafe);
  size_t place = 0;
  const auto size = static_cast<size_t>(dtype_size(destination.dtype));
  reference::for_each_index(destination.shape, [&](const Extents &index) {
    const std::byte *element = reference::element_at(destination, index);
    EXPECT_TRUE(reference::is_same_element(destination.dtype, element, expected[place++].data()))
        << text("at index ", index);
    std::memcpy(before.data() + (element - destination.storage->data()), element, size);
  });
  EXPECT_EQ(memory_of(destination), before) << "memory beside the destination was written";
}

// A shape that broadcasts to another.
Extents random_narrower_shape(Random &random, const Extents &shape) {
  const auto dropped = static_cast<int32_t>(reference::random_between(random, 0, shape.size()));
  Extents narrower(shape.data() + dropped, shape.size() - dropped);
  for (int32_t axis = 0; axis < narrower.size(); ++axis)
    if (random() % 3 == 0) narrower[axis] = 1;
  return narrower;
}

TEST_F(Copy, AnyStridesAndDtypesAreAsTheReferenceHasThem) {
  for (int32_t to = 1; to <= dtype_count; ++to)
    for (int32_t from = 1; from <= dtype_count; ++from) {
      const auto to_dtype = static_cast<DType>(to), from_dtype = static_cast<DType>(from);
      if (!can_cast(from_dtype, to_dtype, Casting::unsafe)) continue;
      for (uint64_t round = 0; round < 12; ++round) {
        const uint64_t seed = static_cast<uint64_t>(to * 100 + from) * 100 + round;
        SCOPED_TRACE(text("seed ", seed));
        Random random(seed);
        const Extents shape = reference::random_shape(random, 5, 5);
        expect_copied(reference::random_tensor(random, to_dtype, shape, false),
                      reference::random_tensor(random, from_dtype, random_narrower_shape(random, shape), true));
        if (HasFailure()) return;
      }
    }
}

// Long enough for tiles that are full and tiles that are cut, in each of the orders the walk may choose.
TEST_F(Copy, LongAxesInAnyOrderAreAsTheReferenceHasThem) {
  for (uint64_t seed = 0; seed < 150; ++seed) {
    SCOPED_TRACE(text("seed ", seed));
    Random random(seed);
    Extents shape{reference::random_between(random, 1, 300), reference::random_between(random, 1, 70)};
    if (seed % 3 == 0) shape = {shape[1], 3, reference::random_between(random, 1, 40)};
    const DType to = seed % 2 == 0 ? DType::float32 : DType::int64;
    expect_copied(reference::random_tensor(random, to, shape, false),
                  reference::random_tensor(random, DType::float32, shape, seed % 5 == 0));
    if (HasFailure()) return;
  }
}

// So large that threads may share the work, along whichever axis, in stretches that do not come out even.
TEST_F(Copy, LargeCopiesReachEveryElement) {
  for (const Extents &shape : {Extents{1500, 1501}, Extents{3, 1000003}, Extents{1000003, 3}, Extents{1234567}}) {
    const Tensor source = counting(shape);
    const Tensor same = zeros(DType::int32, shape, {}), wider = zeros(DType::float64, shape, {});
    copy(same, source, Casting::same_kind);
    copy(wider, source, Casting::same_kind);
    int64_t wrong = 0;
    for (int64_t index = 0; index < source.element_count(); ++index) {
      const std::byte *same_element = same.data + index * 4, *wider_element = wider.data + index * 8;
      wrong += reference::load<int32_t>(same_element) != index;
      wrong += reference::load<double>(wider_element) != static_cast<double>(index);
    }
    EXPECT_EQ(wrong, 0) << text("shape ", shape);
  }
}

TEST_F(Copy, LargeTransposedCopiesReachEveryElement) {
  for (const Extents &shape : {Extents{1500, 1501}, Extents{7, 300001}, Extents{300001, 7}}) {
    const Tensor source = counting(shape), transposed = clone(transpose(source, 0, 1));
    const int64_t rows = shape[0], columns = shape[1];
    int64_t wrong = 0;
    for (int64_t column = 0; column < columns; ++column)
      for (int64_t row = 0; row < rows; ++row)
        wrong += reference::load<int32_t>(transposed.data + (column * rows + row) * 4) != row * columns + column;
    EXPECT_EQ(wrong, 0) << text("shape ", shape);
  }
}

TEST_F(Copy, SameDtypeKeepsEveryBit) {
  for (int32_t number = 1; number <= dtype_count; ++number) {
    Random random(static_cast<uint64_t>(number));
    const Tensor source = reference::random_tensor(random, static_cast<DType>(number), {9, 11}, false);
    const Tensor destination = reference::random_tensor(random, static_cast<DType>(number), {9, 11}, false);
    copy(destination, source, Casting::same_kind);
    EXPECT_EQ(reference::elements_of(destination), reference::elements_of(source)) << dtype_name(source.dtype);
  }
}

TEST_F(Copy, OverlappingViewsOfOneTensorReadAsIfCopiedAway) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(text("seed ", seed));
    Random random(seed);
    const Tensor whole = counting({6, 6});
    const auto cut = [&](int32_t axis, Tensor view) {
      const int64_t step = random() % 2 == 0 ? 1 : -1, start = reference::random_between(random, 0, 2);
      return step == 1 ? slice(view, axis, start, start + 4, 1)
                       : slice(view, axis, start + 3, start == 0 ? slice_open : start - 1, -1);
    };
    Tensor destination = cut(1, cut(0, whole)), source = cut(1, cut(0, whole));
    if (random() % 3 == 0) source = transpose(source, 0, 1);
    expect_copied(destination, source);
  }
}

TEST_F(Copy, ShiftsByOneInEitherDirection) {
  const Tensor upwards = counting({6}), downwards = counting({6});
  copy(slice(upwards, 0, 1, slice_open, 1), slice(upwards, 0, 0, -1, 1), Casting::same_kind);
  copy(slice(downwards, 0, 0, -1, 1), slice(downwards, 0, 1, slice_open, 1), Casting::same_kind);
  EXPECT_THAT(values_of<int32_t>(upwards), ElementsAre(0, 0, 1, 2, 3, 4));
  EXPECT_THAT(values_of<int32_t>(downwards), ElementsAre(1, 2, 3, 4, 5, 5));
}

TEST_F(Copy, ReversesInPlace) {
  const Tensor tensor = counting({5});
  copy(tensor, slice(tensor, 0, slice_open, slice_open, -1), Casting::same_kind);
  EXPECT_THAT(values_of<int32_t>(tensor), ElementsAre(4, 3, 2, 1, 0));
}

TEST_F(Copy, TransposesInPlace) {
  const Tensor tensor = counting({3, 3});
  copy(tensor, transpose(tensor, 0, 1), Casting::same_kind);
  EXPECT_THAT(values_of<int32_t>(tensor), ElementsAre(0, 3, 6, 1, 4, 7, 2, 5, 8));
}

TEST_F(Copy, ConvertsInPlaceThroughAnotherDtypeOfTheSameMemory) {
  const Tensor tensor = counting({5}, DType::int32);
  copy(reinterpret(tensor, DType::float32), tensor, Casting::same_kind);
  EXPECT_THAT(values_of<float>(tensor), ElementsAre(0, 1, 2, 3, 4));
}

TEST_F(Copy, OntoItselfChangesNothing) {
  const std::array<uint8_t, 3> bytes = {0, 1, 7};
  const Tensor tensor = from_data(DType::bool8, {3}, bytes.data(), bytes.size(), {});
  copy(tensor, tensor, Casting::same_kind);
  EXPECT_THAT(values_of<uint8_t>(tensor), ElementsAre(0, 1, 7));
}

// The range of the source lies within the destination's, though no element is shared.
TEST_F(Copy, InterleavedViewsDoNotDisturbEachOther) {
  const Tensor tensor = counting({6});
  copy(slice(tensor, 0, 0, slice_open, 2), slice(tensor, 0, 1, slice_open, 2), Casting::same_kind);
  EXPECT_THAT(values_of<int32_t>(tensor), ElementsAre(1, 1, 3, 3, 5, 5));
}

TEST_F(Copy, ScalarIsRepeatedEverywhere) {
  const Tensor tensor = counting({2, 3});
  copy(tensor, select(counting({8}), 0, 7), Casting::same_kind);
  EXPECT_THAT(values_of<int32_t>(tensor), ElementsAre(7, 7, 7, 7, 7, 7));
}

TEST_F(Copy, NothingMovesWhereThereAreNoElements) {
  const Tensor empty_tensor = zeros(DType::int32, {3, 0}, {});
  copy(empty_tensor, zeros(DType::int32, {1, 0}, {}), Casting::same_kind);
  copy(empty_tensor, zeros(DType::int32, {1}, {}), Casting::same_kind);
}

TEST_F(Copy, RefusesAReadOnlyDestination) {
  Tensor tensor = counting({3});
  tensor.read_only = true;
  expect_failure(Status::read_only, HasSubstr("(3,)"), [&] { copy(tensor, counting({3}), Casting::same_kind); });
}

TEST_F(Copy, RefusesShapesThatDoNotBroadcastAndNamesBoth) {
  const Tensor destination = counting({2, 3});
  for (const Extents &shape :
       {Extents{2}, Extents{3, 2}, Extents{2, 1, 3}, Extents{1, 2, 3}, Extents{0}, Extents{2, 0}}) {
    expect_failure(Status::invalid_argument, AllOf(HasSubstr("(2, 3)"), HasSubstr(text(shape))),
                   [&] { copy(destination, zeros(DType::int32, shape, {}), Casting::same_kind); });
  }
  EXPECT_THAT(values_of<int32_t>(destination), ElementsAre(0, 1, 2, 3, 4, 5));
}

TEST_F(Copy, RefusesAConversionThatCastingDoesNotAllow) {
  const Tensor destination = counting({2});
  expect_failure(Status::type_mismatch, AllOf(HasSubstr("float32"), HasSubstr("int32")),
                 [&] { copy(destination, zeros(DType::float32, {2}, {}), Casting::same_kind); });
  EXPECT_THAT(values_of<int32_t>(destination), ElementsAre(0, 1));
}

TEST_F(Clone, IsRowMajorAndWritableWhateverTheTensorIs) {
  const Tensor wide = expand(transpose(counting({2, 3}), 0, 1), {2, 3, 2});
  const Tensor cloned = clone(wide);
  EXPECT_TRUE(cloned.is_contiguous());
  EXPECT_FALSE(cloned.read_only);
  EXPECT_EQ(values_of<int32_t>(cloned), values_of<int32_t>(wide));
}

TEST_F(Clone, SharesNoMemory) {
  const Tensor tensor = counting({2});
  const int32_t changed = 9;
  fill(clone(tensor), &changed, DType::int32);
  EXPECT_THAT(values_of<int32_t>(tensor), ElementsAre(0, 1));
}

TEST_F(Contiguous, IsTheTensorItselfWhereItIsDense) {
  const Tensor tensor = counting({2, 3});
  EXPECT_EQ(contiguous(tensor).data, tensor.data);
}

TEST_F(Contiguous, IsACloneWhereItIsNot) {
  const Tensor tensor = transpose(counting({2, 3}), 0, 1), dense = contiguous(tensor);
  EXPECT_NE(dense.data, tensor.data);
  EXPECT_TRUE(dense.is_contiguous());
  EXPECT_THAT(values_of<int32_t>(dense), ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST_F(AsType, ConvertsIntoANewRowMajorTensor) {
  const Tensor converted = astype(transpose(counting({2, 2}), 0, 1), DType::float64, Casting::same_kind);
  EXPECT_EQ(converted.dtype, DType::float64);
  EXPECT_TRUE(converted.is_contiguous());
  EXPECT_THAT(values_of<double>(converted), ElementsAre(0, 2, 1, 3));
}

TEST_F(AsType, CopiesToTheSameDtypeToo) {
  const Tensor tensor = counting({2});
  EXPECT_NE(astype(tensor, DType::int32, Casting::same_kind).data, tensor.data);
}

TEST_F(AsType, RefusesWhatCastingDoesNotAllow) {
  expect_failure(Status::type_mismatch, HasSubstr("int32"),
                 [] { astype(zeros(DType::float32, {2}, {}), DType::int32, Casting::same_kind); });
}

TEST_F(ToData, WritesTheElementsInRowMajorOrder) {
  std::array<int32_t, 6> data{};
  to_data(data.data(), sizeof(data), transpose(counting({2, 3}), 0, 1));
  EXPECT_THAT(data, ElementsAre(0, 3, 1, 4, 2, 5));
}

TEST_F(ToData, WritesToAnyAddress) {
  std::array<std::byte, 13> data{};
  to_data(data.data() + 1, 12, counting({3}));
  std::array<int32_t, 3> values;
  std::memcpy(values.data(), data.data() + 1, sizeof(values));
  EXPECT_THAT(values, ElementsAre(0, 1, 2));
}

TEST_F(ToData, RefusesAnotherNumberOfBytesAndNamesBoth) {
  std::array<int32_t, 3> data{};
  expect_failure(Status::invalid_argument, AllOf(HasSubstr("11 bytes"), HasSubstr("12")),
                 [&] { to_data(data.data(), 11, counting({3})); });
}

TEST_F(ToData, TakesNoDataForNoElements) { to_data(nullptr, 0, zeros(DType::int32, {0, 4}, {})); }

}  // namespace
}  // namespace penstock::core
