#include "core/tensor/index.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <limits>
#include <optional>
#include <vector>

#include "core/base/text.h"
#include "core/tensor/copy.h"
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
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;

class Take : public MemoryTest {};
class Put : public MemoryTest {};
class Nonzero : public MemoryTest {};

// Index tensors, some of them null.
class Indices {
 public:
  explicit Indices(std::vector<std::optional<Tensor>> tensors) : tensors_(std::move(tensors)) {
    for (const auto &tensor : tensors_) pointers_.push_back(tensor ? &*tensor : nullptr);
  }
  Indices(const Indices &) = delete;
  Indices &operator=(const Indices &) = delete;
  operator std::span<const Tensor *const>() const { return pointers_; }
  size_t size() const { return tensors_.size(); }
  const std::optional<Tensor> &operator[](size_t axis) const { return tensors_[axis]; }

 private:
  std::vector<std::optional<Tensor>> tensors_;
  std::vector<const Tensor *> pointers_;
};

Tensor integers(const Extents &shape, const std::vector<int64_t> &values) {
  return from_data(DType::int64, shape, values.data(), values.size() * sizeof(int64_t), {});
}
Tensor integers(const std::vector<int64_t> &values) { return integers({static_cast<int64_t>(values.size())}, values); }

// One element of an index tensor at an index of the shape that all of them broadcast to.
int64_t index_at(const Tensor &index, const Extents &picked) {
  Extents own = Extents::filled(index.ndim(), 0);
  for (int32_t axis = 0; axis < index.ndim(); ++axis)
    if (index.shape[axis] != 1) own[axis] = picked[axis + picked.size() - index.ndim()];
  return reference::load<int64_t>(reference::element_at(index, own));
}

// NumPy's rules, said plainly: what shape is picked, and which index of the tensor each index of it means.
struct Picking {
  Extents picked, result;
  std::vector<Extents> origins;  // one for each index of result, in row-major order
};

// Where the indices' axes stand in the result.
int32_t place_of_picked(const Indices &indices) {
  int32_t first = -1, last = -1, count = 0;
  for (size_t axis = 0; axis < indices.size(); ++axis) {
    if (!indices[axis]) continue;
    if (first < 0) first = static_cast<int32_t>(axis);
    last = static_cast<int32_t>(axis);
    ++count;
  }
  return count > 0 && last - first + 1 == count ? first : 0;
}

bool is_picked(const Indices &indices, int32_t axis) {
  return static_cast<size_t>(axis) < indices.size() && indices[static_cast<size_t>(axis)].has_value();
}

Extents origin_of(const Tensor &tensor, const Indices &indices, const Extents &picked, const Extents &result_index) {
  const int32_t place = place_of_picked(indices);
  const Extents picked_index(result_index.data() + place, picked.size());
  Extents origin;
  int32_t rest = 0;
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis) {
    if (is_picked(indices, axis)) {
      const int64_t index = index_at(*indices[static_cast<size_t>(axis)], picked_index);
      origin.push_back(index < 0 ? index + tensor.shape[axis] : index);
    } else {
      origin.push_back(result_index[rest < place ? rest : rest + picked.size()]);
      ++rest;
    }
  }
  return origin;
}

Picking pick(const Tensor &tensor, const Indices &indices, const Extents &picked) {
  Picking picking{picked, {}, {}};
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis)
    if (!is_picked(indices, axis)) picking.result.push_back(tensor.shape[axis]);
  for (int32_t axis = 0; axis < picked.size(); ++axis)
    picking.result.insert(place_of_picked(indices) + axis, picked[axis]);
  reference::for_each_index(picking.result, [&](const Extents &index) {
    picking.origins.push_back(origin_of(tensor, indices, picked, index));
  });
  return picking;
}

// A tensor, indices into it, and the shape these broadcast to.
struct Case {
  Tensor tensor;
  Extents picked;
  std::vector<std::optional<Tensor>> indices;
};

Tensor random_index(Random &random, Extents shape, const Extents &picked, int64_t size) {
  for (int32_t axis = 0; axis < shape.size(); ++axis)
    shape[axis] = random() % 3 == 0 ? 1 : picked[axis + picked.size() - shape.size()];
  const Tensor index = reference::random_tensor(random, DType::int64, shape, true);
  reference::for_each_index(index.shape, [&](const Extents &at) {
    const int64_t value = reference::random_between(random, -size, size - 1);
    std::memcpy(const_cast<std::byte *>(reference::element_at(index, at)), &value, sizeof(value));
  });
  return index;
}

// An axis that an index picks from is not of size 0.  One index has the whole picked shape, the others may be narrower.
Case random_case(Random &random, DType dtype, bool repeats) {
  Extents shape = reference::random_shape(random, 4, 4);
  std::vector<std::optional<Tensor>> indices(static_cast<size_t>(reference::random_between(random, 0, shape.size())));
  std::vector<bool> chosen;
  bool any = false;
  for (size_t axis = 0; axis < indices.size(); ++axis) {
    chosen.push_back(random() % 3 != 0);
    any = any || chosen.back();
    if (chosen.back()) shape[static_cast<int32_t>(axis)] += 1;
  }
  const Extents picked = any ? reference::random_shape(random, 3, 3) : Extents{};
  bool first = true;
  for (size_t axis = 0; axis < indices.size(); ++axis) {
    if (!chosen[axis]) continue;
    const int32_t ndim =
        first ? picked.size() : static_cast<int32_t>(reference::random_between(random, 0, picked.size()));
    Tensor index = random_index(random, Extents::filled(ndim, 1), picked, shape[static_cast<int32_t>(axis)]);
    if (first) index = expand(index, picked);
    indices[axis] = std::move(index);
    first = false;
  }
  return {reference::random_tensor(random, dtype, shape, repeats), picked, std::move(indices)};
}

DType random_dtype(Random &random) { return static_cast<DType>(reference::random_between(random, 1, dtype_count)); }

TEST_F(Take, AnyIndicesPickAsTheReferenceDoes) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    const Case given = random_case(random, random_dtype(random), true);
    const Indices indices(given.indices);
    SCOPED_TRACE(text("seed ", seed, ": ", reference::describe(given.tensor), " picked ", given.picked));
    const Picking expected = pick(given.tensor, indices, given.picked);
    const Tensor taken = take(given.tensor, indices);
    ASSERT_EQ(taken.shape, expected.result);
    EXPECT_EQ(taken.dtype, given.tensor.dtype);
    const std::vector<Bytes> elements = reference::elements_of(taken);
    for (size_t place = 0; place < elements.size(); ++place)
      ASSERT_TRUE(reference::is_same_element(taken.dtype, elements[place].data(),
                                             reference::element_at(given.tensor, expected.origins[place])));
  }
}

TEST_F(Take, GivesRowMajorMemoryOfItsOwn) {
  for (uint64_t seed = 0; seed < 200; ++seed) {
    Random random(seed);
    const Case given = random_case(random, DType::float32, true);
    const Tensor taken = take(given.tensor, Indices(given.indices));
    EXPECT_TRUE(taken.is_contiguous()) << seed;
    EXPECT_FALSE(taken.read_only) << seed;
    EXPECT_NE(taken.storage.get(), given.tensor.storage.get()) << seed;
  }
}

TEST_F(Take, IndicesSideBySideLeaveTheirAxesWhereTheyStood) {
  const Tensor taken = take(counting({2, 3, 4, 5}), Indices({std::nullopt, integers({1, 2}), integers({3, 3})}));
  EXPECT_EQ(taken.shape, (Extents{2, 2, 5}));
}

TEST_F(Take, IndicesApartBringTheirAxesToTheFront) {
  const Tensor taken =
      take(counting({2, 3, 4, 5}), Indices({std::nullopt, integers({1, 2, 0}), std::nullopt, integers({3, 4, 0})}));
  EXPECT_EQ(taken.shape, (Extents{3, 2, 4}));
}

TEST_F(Take, NoIndicesPickAll) {
  const Tensor tensor = counting({2, 3});
  const Tensor taken = take(tensor, {});
  EXPECT_THAT(values_of<int32_t>(taken), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_NE(taken.data, tensor.data);
}

TEST_F(Take, AnIndexOfRank0TakesTheAxisAway) {
  const Tensor taken = take(counting({2, 3}), Indices({integers({}, {-1})}));
  EXPECT_EQ(taken.shape, (Extents{3}));
  EXPECT_THAT(values_of<int32_t>(taken), ElementsAre(3, 4, 5));
}

TEST_F(Take, EmptyIndicesPickNothingFromAnAxisOfSize0) {
  EXPECT_EQ(take(empty(DType::int8, {0, 3}, {}), Indices({integers({0, 2}, {})})).shape, (Extents{0, 2, 3}));
}

TEST_F(Take, FromAnAxisOfSize1WithAnyStride) {
  int32_t numbers[] = {7, 8};
  constexpr int64_t largest = std::numeric_limits<int64_t>::max();
  const Tensor tensor = wrap(numbers, DType::int32, {1, 2}, {largest, 1}, {}, false, nullptr, nullptr);
  EXPECT_THAT(values_of<int32_t>(take(tensor, Indices({integers({0, -1})}))), ElementsAre(7, 8, 7, 8));
}

TEST_F(Take, RefusesAnIndexOutsideItsAxis) {
  for (const int64_t index :
       {int64_t{3}, int64_t{-4}, std::numeric_limits<int64_t>::min(), std::numeric_limits<int64_t>::max()})
    expect_failure(Status::out_of_range, AllOf(HasSubstr(text("index ", index, " ")), HasSubstr("size 3")), [&] {
      take(counting({2, 3}), Indices({std::nullopt, integers({0, index})}));
    });
}

TEST_F(Take, RefusesAnyIndexIntoAnAxisOfSize0) {
  expect_failure(Status::out_of_range, HasSubstr("size 0"), [] {
    take(empty(DType::int8, {0, 3}, {}), Indices({integers({0})}));
  });
}

TEST_F(Take, RefusesAnIndexOutsideItsAxisWhereTheResultIsEmpty) {
  expect_failure(Status::out_of_range, HasSubstr("index 9"), [] {
    take(empty(DType::int8, {3, 0}, {}), Indices({integers({9})}));
  });
}

TEST_F(Take, RefusesIndicesThatDoNotBroadcastTogether) {
  expect_failure(Status::invalid_argument, AllOf(HasSubstr("(2,)"), HasSubstr("(3,)")), [] {
    take(counting({2, 3}), Indices({integers({0, 1}), integers({0, 1, 2})}));
  });
}

TEST_F(Take, RefusesMoreIndicesThanAxes) {
  expect_failure(Status::invalid_argument, AllOf(HasSubstr("2 indices"), HasSubstr("rank 1")), [] {
    take(counting({2}), Indices({integers({0}), integers({0})}));
  });
}

TEST_F(Take, RefusesIndicesOfAnotherDtype) {
  expect_failure(Status::type_mismatch, HasSubstr("int32"), [] { take(counting({2}), Indices({counting({2})})); });
}

TEST_F(Take, RefusesAResultOfMoreAxesThanATensorHas) {
  const Tensor index = zeros(DType::int64, Extents::filled(max_ndim, 1), {});
  EXPECT_EQ(take(counting({2}), Indices({index})).ndim(), max_ndim);
  expect_failure(Status::invalid_argument, HasSubstr("16 axes"), [&] { take(counting({2, 2}), Indices({index})); });
}

// A few bytes of index can ask for any number of elements.
TEST_F(Take, RefusesAResultTooLargeToCount) {
  const Tensor index = expand(integers({}, {0}), {int64_t{1} << 40});
  const Tensor other = expand(integers({}, {0}), {int64_t{1} << 40, 1});
  expect_failure(Status::invalid_argument, HasSubstr("2^56"), [&] { take(counting({2, 2}), Indices({index, other})); });
}

// The destination after a put, one element at a time.
std::vector<Bytes> expected_after_put(const Tensor &destination, const Picking &picking, const Tensor &source) {
  const Tensor expected = clone(destination);
  const Tensor broadcast = expand(source, picking.result);
  size_t place = 0;
  reference::for_each_index(picking.result, [&](const Extents &index) {
    const Bytes converted =
        reference::convert(destination.dtype, source.dtype, reference::element_at(broadcast, index));
    auto *element = const_cast<std::byte *>(reference::element_at(expected, picking.origins[place++]));
    std::memcpy(element, converted.data(), static_cast<size_t>(dtype_size(destination.dtype)));
  });
  return reference::elements_of(expected);
}

void expect_same_elements(DType dtype, const std::vector<Bytes> &actual, const std::vector<Bytes> &expected) {
  ASSERT_EQ(actual.size(), expected.size());
  for (size_t place = 0; place < actual.size(); ++place)
    ASSERT_TRUE(reference::is_same_element(dtype, actual[place].data(), expected[place].data())) << "at " << place;
}

// A shape that broadcasts to another.
Extents random_narrower_shape(Random &random, const Extents &shape) {
  const auto dropped = static_cast<int32_t>(reference::random_between(random, 0, shape.size()));
  Extents narrower(shape.data() + dropped, shape.size() - dropped);
  for (int32_t axis = 0; axis < narrower.size(); ++axis)
    if (random() % 3 == 0) narrower[axis] = 1;
  return narrower;
}

// Indices are drawn from few numbers: many elements are picked twice, and the last one stays.
TEST_F(Put, AnyIndicesAndSourcesWriteAsTheReferenceDoes) {
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    const DType dtype = random_dtype(random);
    const DType converted = random_dtype(random);
    const DType source_dtype = can_cast(converted, dtype, Casting::unsafe) ? converted : dtype;
    const Case given = random_case(random, dtype, false);
    const Indices indices(given.indices);
    const Picking picking = pick(given.tensor, indices, given.picked);
    const Tensor source =
        reference::random_tensor(random, source_dtype, random_narrower_shape(random, picking.result), true);
    SCOPED_TRACE(text("seed ", seed, ": ", reference::describe(source), " to ", reference::describe(given.tensor)));
    const std::vector<Bytes> expected = expected_after_put(given.tensor, picking, source);
    put(given.tensor, indices, source, Casting::unsafe);
    expect_same_elements(dtype, reference::elements_of(given.tensor), expected);
    if (HasFatalFailure()) return;
  }
}

TEST_F(Put, OfAnElementPickedTwiceTheLastStays) {
  const Tensor tensor = counting({3});
  put(tensor, Indices({integers({1, 1, -2, 0})}), integers({7, 8, 9, 6}), Casting::unsafe);
  EXPECT_THAT(values_of<int32_t>(tensor), ElementsAre(6, 9, 2));
}

TEST_F(Put, FromATensorThatOverlapsReadsAsIfCopiedAway) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(text("seed ", seed));
    Random random(seed);
    const Tensor whole = counting({6, 6});
    const Tensor rows = narrow(whole, 0, reference::random_between(random, 0, 2), 4);
    Tensor source = narrow(whole, 0, reference::random_between(random, 0, 2), 4);
    if (random() % 2 == 0) source = slice(source, 1, slice_open, slice_open, -1);
    const Indices indices({expand(random_index(random, {1}, {4}, 4), {4})});
    const std::vector<Bytes> expected = expected_after_put(rows, pick(rows, indices, {4}), source);
    put(rows, indices, source, Casting::same_kind);
    EXPECT_EQ(reference::elements_of(rows), expected);
  }
}

TEST_F(Put, ThroughIndicesThatItOverwritesReadsThemFirst) {
  const Tensor tensor = integers({2, 0, 1});
  put(tensor, Indices({tensor}), integers({10, 11, 12}), Casting::same_kind);
  EXPECT_THAT(values_of<int64_t>(tensor), ElementsAre(11, 12, 10));
}

TEST_F(Put, LeavesTheRestOfTheMemoryAlone) {
  const Tensor whole = counting({4, 4});
  const Tensor inner = narrow(narrow(whole, 0, 1, 2), 1, 1, 2);
  put(inner, Indices({integers({0, 1})}), integers({}, {99}), Casting::unsafe);
  EXPECT_THAT(values_of<int32_t>(whole), ElementsAre(0, 1, 2, 3, 4, 99, 99, 7, 8, 99, 99, 11, 12, 13, 14, 15));
}

// What a refused put leaves: the destination as it was.
void expect_put_refused(Status status, const ::testing::Matcher<std::string> &sentence, const Tensor &destination,
                        const Indices &indices, const Tensor &source, Casting casting) {
  const std::vector<Bytes> before = reference::elements_of(destination);
  expect_failure(status, sentence, [&] { put(destination, indices, source, casting); });
  EXPECT_EQ(reference::elements_of(destination), before);
}

TEST_F(Put, RefusesAReadOnlyDestination) {
  expect_put_refused(Status::read_only, HasSubstr("read-only"), expand(counting({1}), {3}), Indices({integers({0})}),
                     counting({1}), Casting::same_kind);
}

TEST_F(Put, RefusesAConversionThatCastingForbids) {
  expect_put_refused(Status::type_mismatch, HasSubstr("same_kind"), counting({3}), Indices({integers({0})}),
                     zeros(DType::float32, {1}, {}), Casting::same_kind);
  expect_put_refused(Status::type_mismatch, HasSubstr("float8_e5m2"), counting({3}), Indices({integers({0})}),
                     zeros(DType::float8_e5m2, {1}, {}), Casting::unsafe);
}

TEST_F(Put, RefusesASourceThatDoesNotBroadcastToWhatIsPicked) {
  expect_put_refused(Status::invalid_argument, AllOf(HasSubstr("(3,)"), HasSubstr("(2,)")), counting({3}),
                     Indices({integers({0, 1})}), counting({3}), Casting::same_kind);
  expect_put_refused(Status::invalid_argument, HasSubstr("(0,)"), counting({3}), Indices({integers({})}), counting({3}),
                     Casting::same_kind);
}

TEST_F(Put, RefusesAnIndexOutsideItsAxisBeforeItWrites) {
  expect_put_refused(Status::out_of_range, HasSubstr("index 3"), counting({3}), Indices({integers({0, 3})}),
                     counting({2}), Casting::same_kind);
}

TEST_F(Nonzero, AnyTensorIsAsTheReferenceHasIt) {
  for (uint64_t seed = 0; seed < 800; ++seed) {
    Random random(seed);
    const auto dtype = static_cast<DType>(reference::random_between(random, 1, 15));
    const Tensor tensor = reference::random_tensor(random, dtype, reference::random_shape(random, 4, 4), true);
    SCOPED_TRACE(text("seed ", seed, ": ", reference::describe(tensor)));
    std::vector<int64_t> expected;
    int64_t count = 0;
    reference::for_each_index(tensor.shape, [&](const Extents &index) {
      const reference::Value value = reference::decode(dtype, reference::element_at(tensor, index));
      if (value.real == 0 && value.imaginary == 0) return;
      ++count;
      expected.insert(expected.end(), index.begin(), index.end());
    });
    const Tensor found = nonzero(tensor);
    EXPECT_EQ(found.shape, (Extents{count, tensor.ndim()}));
    EXPECT_EQ(found.dtype, DType::int64);
    EXPECT_THAT(values_of<int64_t>(found), ElementsAreArray(expected));
    if (HasFailure()) return;
  }
}

TEST_F(Nonzero, CountsNanAndEitherPartOfAComplexNumberButNotMinusZero) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const std::array<float, 8> parts = {0, 0, nan, 0, 0, 1, -0.0f, -0.0f};
  const Tensor tensor = from_data(DType::complex64, {4}, parts.data(), sizeof(parts), {});
  EXPECT_THAT(values_of<int64_t>(nonzero(tensor)), ElementsAre(1, 2));
}

TEST_F(Nonzero, OfRank0HasNoColumns) {
  EXPECT_EQ(nonzero(integers({}, {5})).shape, (Extents{1, 0}));
  EXPECT_EQ(nonzero(integers({}, {0})).shape, (Extents{0, 0}));
}

TEST_F(Nonzero, GivesWhatTakePicks) {
  const Tensor tensor = integers({2, 2}, {0, 7, 8, 0});
  const Tensor found = nonzero(tensor);
  EXPECT_THAT(values_of<int64_t>(take(tensor, Indices({select(found, 1, 0), select(found, 1, 1)}))), ElementsAre(7, 8));
}

TEST_F(Nonzero, RefusesDtypesThatAreForStorageOnly) {
  expect_failure(Status::type_mismatch, HasSubstr("float8_e4m3fn"),
                 [] { nonzero(zeros(DType::float8_e4m3fn, {2}, {})); });
}

}  // namespace
}  // namespace penstock::core
