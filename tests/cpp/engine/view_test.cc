#include "core/tensor/view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "core/base/text.h"
#include "core/tensor/create.h"
#include "tests/cpp/engine/expect_failure.h"
#include "tests/cpp/engine/memory_fixture.h"
#include "tests/cpp/engine/reference.h"

namespace penstock::core {
namespace {

using reference::Random;
using reference::random_between;
using ::testing::AllOf;
using ::testing::HasSubstr;

class View : public MemoryTest {};
class Reshape : public MemoryTest {};
class Reinterpret : public MemoryTest {};

Tensor zeros_of(const Extents &shape) { return zeros(DType::int32, shape, {}); }

// Each element of a view must be, by its address, that of the tensor whose index the map gives.
void expect_view(const Tensor &view, const Extents &shape, const Tensor &tensor,
                 const std::function<Extents(const Extents &)> &map) {
  SCOPED_TRACE(text("view of ", reference::describe(tensor), " is ", reference::describe(view)));
  ASSERT_EQ(view.shape, shape);
  EXPECT_EQ(view.storage.get(), tensor.storage.get());
  EXPECT_EQ(view.dtype, tensor.dtype);
  EXPECT_EQ(view.data == nullptr, view.element_count() == 0);
  reference::for_each_index(shape, [&](const Extents &index) {
    EXPECT_EQ(reference::element_at(view, index), reference::element_at(tensor, map(index))) << text("index ", index);
  });
}

// Calls check with many tensors of random shapes and strides, of at least some axes.
void for_random_tensors(int32_t fewest_axes, const std::function<void(Random &, const Tensor &)> &check) {
  for (uint64_t seed = 0; seed < 300; ++seed) {
    SCOPED_TRACE(text("seed ", seed));
    Random random(seed);
    Extents shape = reference::random_shape(random, 5, 5);
    while (shape.size() < fewest_axes) shape.push_back(random_between(random, 0, 5));
    check(random, reference::random_tensor(random, DType::int16, shape, seed % 4 == 0));
    if (::testing::Test::HasFailure()) return;
  }
}

// One of the two numbers that name an axis.
int32_t random_axis(Random &random, int32_t ndim) {
  return static_cast<int32_t>(random_between(random, -ndim, ndim - 1));
}
int32_t from_front(int32_t axis, int32_t ndim) { return axis < 0 ? axis + ndim : axis; }

Extents with(Extents index, int32_t axis, int64_t number) {
  index[axis] = number;
  return index;
}

// Python's start:stop:step by walking: the ends cut to the axis, then one step after the other.
std::vector<int64_t> sliced_indices(int64_t start, int64_t stop, int64_t step, int64_t size) {
  const auto cut = [&](int64_t end) {
    if (end < 0) end += size;
    if (end < 0) return step > 0 ? int64_t{0} : int64_t{-1};
    return end >= size ? (step > 0 ? size : size - 1) : end;
  };
  const int64_t first = start == slice_open ? (step > 0 ? 0 : size - 1) : cut(start);
  const int64_t last = stop == slice_open ? (step > 0 ? size : -1) : cut(stop);
  std::vector<int64_t> indices;
  for (int64_t index = first; step > 0 ? index < last : index > last; index += step) indices.push_back(index);
  return indices;
}

TEST_F(View, SliceTakesTheIndicesThatPythonWould) {
  for_random_tensors(1, [](Random &random, const Tensor &tensor) {
    const int32_t axis = random_axis(random, tensor.ndim()), front = from_front(axis, tensor.ndim());
    const auto end = [&] { return random() % 4 == 0 ? slice_open : random_between(random, -8, 8); };
    const int64_t start = end(), stop = end(), size = tensor.shape[front];
    int64_t step = random_between(random, -4, 3);
    if (step >= 0) ++step;
    const std::vector<int64_t> indices = sliced_indices(start, stop, step, size);
    expect_view(slice(tensor, axis, start, stop, step), with(tensor.shape, front, static_cast<int64_t>(indices.size())),
                tensor, [&](Extents index) { return with(index, front, indices[static_cast<size_t>(index[front])]); });
  });
}

TEST_F(View, SliceTakesTheLargestNumbers) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max(), least = std::numeric_limits<int64_t>::min();
  const Tensor tensor = zeros_of({5});
  EXPECT_EQ(slice(tensor, 0, 0, most, 1).shape, (Extents{5}));
  EXPECT_EQ(slice(tensor, 0, -most, most, most).shape, (Extents{1}));
  EXPECT_EQ(slice(tensor, 0, most, -most, least).shape, (Extents{1}));
  EXPECT_EQ(slice(tensor, 0, most, most, 1).shape, (Extents{0}));
}

TEST_F(View, SliceRefusesAStepOfZero) {
  expect_failure(Status::invalid_argument, HasSubstr("step of 0"), [] { slice(zeros_of({5}), 0, 0, 5, 0); });
}

TEST_F(View, SelectTakesOneIndexAndRemovesTheAxis) {
  for_random_tensors(1, [](Random &random, const Tensor &tensor) {
    const int32_t axis = random_axis(random, tensor.ndim()), front = from_front(axis, tensor.ndim());
    const int64_t size = tensor.shape[front];
    if (size == 0) return;
    const int64_t chosen = random_between(random, -size, size - 1);
    Extents shape = tensor.shape;
    shape.erase(front);
    expect_view(select(tensor, axis, chosen), shape, tensor, [&](Extents index) {
      index.insert(front, chosen < 0 ? chosen + size : chosen);
      return index;
    });
  });
}

TEST_F(View, SelectRefusesAnIndexOutsideAndNamesTheLimits) {
  for (const int64_t index : {int64_t{3}, int64_t{-4}, slice_open})
    expect_failure(Status::out_of_range, AllOf(HasSubstr(text(index)), HasSubstr("size 3"), HasSubstr("(2, 3)")), [&] {
      select(zeros_of({2, 3}), 1, index);
    });
  expect_failure(Status::out_of_range, HasSubstr("size 0"), [] { select(zeros_of({0}), 0, 0); });
}

TEST_F(View, NarrowTakesIndicesInARow) {
  for_random_tensors(1, [](Random &random, const Tensor &tensor) {
    const int32_t axis = random_axis(random, tensor.ndim()), front = from_front(axis, tensor.ndim());
    const int64_t start = random_between(random, 0, tensor.shape[front]);
    const int64_t length = random_between(random, 0, tensor.shape[front] - start);
    expect_view(narrow(tensor, axis, start, length), with(tensor.shape, front, length), tensor,
                [&](const Extents &index) { return with(index, front, index[front] + start); });
  });
}

TEST_F(View, NarrowCutsNothingToFit) {
  constexpr int64_t most = std::numeric_limits<int64_t>::max();
  const Tensor tensor = zeros_of({5});
  const std::vector<std::pair<int64_t, int64_t>> outside = {{-1, 2}, {6, 0},    {0, 6},   {3, 3},
                                                            {2, -1}, {1, most}, {most, 1}};
  for (const std::pair<int64_t, int64_t> &start_and_length : outside)
    expect_failure(Status::out_of_range, HasSubstr("size 5"),
                   [&] { narrow(tensor, 0, start_and_length.first, start_and_length.second); });
}

TEST_F(View, PermuteOrdersTheAxesAsNamed) {
  for_random_tensors(0, [](Random &random, const Tensor &tensor) {
    std::vector<int32_t> axes(static_cast<size_t>(tensor.ndim()));
    std::iota(axes.begin(), axes.end(), 0);
    for (size_t place = axes.size(); place > 1; --place) std::swap(axes[place - 1], axes[random() % place]);
    Extents shape = tensor.shape;
    for (int32_t axis = 0; axis < tensor.ndim(); ++axis) shape[axis] = tensor.shape[axes[static_cast<size_t>(axis)]];
    std::vector<int32_t> named = axes;
    for (int32_t &axis : named)
      if (random() % 2 == 0) axis -= tensor.ndim();
    expect_view(permute(tensor, named), shape, tensor, [&](const Extents &index) {
      Extents original = index;
      for (int32_t axis = 0; axis < index.size(); ++axis) original[axes[static_cast<size_t>(axis)]] = index[axis];
      return original;
    });
  });
}

TEST_F(View, PermuteRefusesAxesThatAreNoOrder) {
  const Tensor tensor = zeros_of({2, 3});
  const auto permuted = [&](const std::vector<int32_t> &axes) { return [&] { permute(tensor, axes); }; };
  expect_failure(Status::invalid_argument, HasSubstr("named twice"), permuted({0, -2}));
  expect_failure(Status::invalid_argument, HasSubstr("rank 2"), permuted({0}));
  expect_failure(Status::out_of_range, HasSubstr("axis 2"), permuted({0, 2}));
}

TEST_F(View, TransposeExchangesTwoAxes) {
  for_random_tensors(1, [](Random &random, const Tensor &tensor) {
    const int32_t first = random_axis(random, tensor.ndim()), second = random_axis(random, tensor.ndim());
    const auto exchanged = [&](Extents extents) {
      std::swap(extents[from_front(first, tensor.ndim())], extents[from_front(second, tensor.ndim())]);
      return extents;
    };
    expect_view(transpose(tensor, first, second), exchanged(tensor.shape), tensor, exchanged);
  });
}

TEST_F(View, SqueezeRemovesEveryAxisOfSizeOneWhereNoneIsNamed) {
  for_random_tensors(0, [](Random &, const Tensor &tensor) {
    Extents shape;
    for (const int64_t size : tensor.shape)
      if (size != 1) shape.push_back(size);
    expect_view(squeeze(tensor, {}), shape, tensor, [&](const Extents &index) {
      Extents original = Extents::filled(tensor.ndim(), 0);
      for (int32_t axis = 0, kept = 0; axis < tensor.ndim(); ++axis)
        if (tensor.shape[axis] != 1) original[axis] = index[kept++];
      return original;
    });
  });
}

TEST_F(View, SqueezeRemovesOnlyTheAxesNamed) {
  const Tensor tensor = zeros_of({1, 2, 1, 1});
  EXPECT_EQ(squeeze(tensor, std::array{-1, 0}).shape, (Extents{2, 1}));
}

TEST_F(View, SqueezeRefusesAnAxisThatIsNotOfSizeOne) {
  const Tensor tensor = zeros_of({1, 2});
  expect_failure(Status::invalid_argument, AllOf(HasSubstr("size 2"), HasSubstr("(1, 2)")),
                 [&] { squeeze(tensor, std::array{1}); });
  expect_failure(Status::invalid_argument, HasSubstr("named twice"), [&] { squeeze(tensor, std::array{0, -2}); });
  expect_failure(Status::out_of_range, HasSubstr("axis 2"), [&] { squeeze(tensor, std::array{2}); });
}

TEST_F(View, UnsqueezeAddsAnAxisOfSizeOne) {
  for_random_tensors(0, [](Random &random, const Tensor &tensor) {
    const int32_t axis = random_axis(random, tensor.ndim() + 1), front = from_front(axis, tensor.ndim() + 1);
    Extents shape = tensor.shape;
    shape.insert(front, 1);
    expect_view(unsqueeze(tensor, axis), shape, tensor, [&](Extents index) {
      index.erase(front);
      return index;
    });
  });
}

TEST_F(View, UnsqueezeRefusesMoreAxesThanATensorCanHave) {
  const Tensor tensor = zeros_of(Extents::filled(max_ndim, 1));
  expect_failure(Status::invalid_argument, HasSubstr("16"), [&] { unsqueeze(tensor, 0); });
  expect_failure(Status::out_of_range, HasSubstr("-2 to 1"), [] { unsqueeze(zeros_of({2}), 2); });
}

TEST_F(View, ExpandRepeatsAlongAxesOfSizeOneAndNewOnes) {
  for_random_tensors(0, [](Random &random, const Tensor &tensor) {
    const auto new_axes = static_cast<int32_t>(random_between(random, 0, 2));
    Extents asked = tensor.shape, shape = tensor.shape;
    for (int32_t axis = 0; axis < tensor.ndim(); ++axis) {
      if (tensor.shape[axis] == 1) asked[axis] = shape[axis] = random_between(random, 0, 4);
      if (random() % 4 == 0) asked[axis] = -1, shape[axis] = tensor.shape[axis];
    }
    for (int32_t axis = 0; axis < new_axes; ++axis) {
      const int64_t size = random_between(random, 0, 3);
      asked.insert(0, size);
      shape.insert(0, size);
    }
    const Tensor view = expand(tensor, asked);
    expect_view(view, shape, tensor, [&](const Extents &index) {
      Extents original = Extents::filled(tensor.ndim(), 0);
      for (int32_t axis = 0; axis < tensor.ndim(); ++axis)
        if (tensor.shape[axis] != 1) original[axis] = index[axis + new_axes];
      return original;
    });
    EXPECT_EQ(view.read_only, view.element_count() > tensor.element_count());
  });
}

TEST_F(View, ExpandRefusesShapesThatDoNotBroadcast) {
  const Tensor tensor = zeros_of({2, 1});
  const Extents no_shape_of_it[] = {{3, 1}, {1, 1}, {2}, {-1, 2, 1}, {2, -2}, {0, 1}};
  for (const Extents &shape : no_shape_of_it)
    expect_failure(Status::invalid_argument, AllOf(HasSubstr("(2, 1)"), HasSubstr(text(shape))),
                   [&] { expand(tensor, shape); });
}

TEST_F(View, ExpandRefusesMoreThanTheMostBytes) {
  expect_failure(Status::invalid_argument, HasSubstr("2^56"), [] { expand(zeros_of({1}), {int64_t{1} << 62}); });
  expect_failure(Status::invalid_argument, HasSubstr("2^56"), [] {
    expand(zeros_of({1, 1}), {int64_t{1} << 32, int64_t{1} << 32});
  });
}

TEST_F(View, IsReadOnlyWhereItsTensorIs) {
  Tensor tensor = zeros_of({1, 4});
  tensor.read_only = true;
  for (const Tensor &view :
       {slice(tensor, 1, 0, 2, 1), select(tensor, 1, 0), narrow(tensor, 1, 0, 2), transpose(tensor, 0, 1),
        reshape(tensor, {2, 2}), squeeze(tensor, {}), unsqueeze(tensor, 0), expand(tensor, {1, 4}), flatten(tensor),
        reinterpret(tensor, DType::int8), permute(tensor, std::array{1, 0})})
    EXPECT_TRUE(view.read_only);
}

TEST_F(View, KeepsTheMemoryAlive) {
  Tensor view;
  {
    const Tensor tensor = zeros_of({100});
    view = slice(tensor, 0, 50, 60, 1);
  }
  EXPECT_EQ(reference::elements_of(view).size(), 10U);  // a sanitizer sees it when the memory is gone
}

TEST_F(View, RefusesAnAxisOutsideAndNamesTheLimits) {
  const Tensor tensor = zeros_of({2, 3}), scalar = zeros_of({});
  for (const int32_t axis : {2, -3}) {
    const auto names_it = AllOf(HasSubstr(text("axis ", axis)), HasSubstr("-2 to 1"));
    expect_failure(Status::out_of_range, names_it, [&] { slice(tensor, axis, 0, 1, 1); });
    expect_failure(Status::out_of_range, names_it, [&] { select(tensor, axis, 0); });
    expect_failure(Status::out_of_range, names_it, [&] { narrow(tensor, axis, 0, 1); });
    expect_failure(Status::out_of_range, names_it, [&] { transpose(tensor, 0, axis); });
  }
  expect_failure(Status::out_of_range, HasSubstr("rank 0"), [&] { select(scalar, 0, 0); });
}

// The strides that show addresses in row-major order under a shape, where there are any: each is the step to the first
// neighbour, and all other elements must lie where these steps lead.
bool some_view_exists(const Tensor &tensor, const Extents &shape) {
  std::vector<const std::byte *> addresses;
  reference::for_each_index(tensor.shape,
                            [&](const Extents &index) { addresses.push_back(reference::element_at(tensor, index)); });
  const Extents row_major = row_major_strides(shape);
  bool exists = true;
  size_t place = 0;
  reference::for_each_index(shape, [&](const Extents &index) {
    int64_t offset = 0;
    for (int32_t axis = 0; axis < shape.size(); ++axis)
      if (index[axis] > 0) offset += index[axis] * (addresses[static_cast<size_t>(row_major[axis])] - addresses[0]);
    exists = exists && addresses[place++] - addresses[0] == offset;
  });
  return exists;
}

// Every shape of count elements with up to ndim axes.
void for_each_shape(int64_t count, int32_t ndim, const std::function<void(const Extents &)> &visit,
                    Extents begun = {}) {
  if (count == 1) visit(begun);
  if (begun.size() == ndim) return;
  for (int64_t size = 1; size <= count; ++size) {
    if (count % size != 0) continue;
    Extents longer = begun;
    longer.push_back(size);
    for_each_shape(count / size, ndim, visit, longer);
  }
}

void expect_reshaped_where_a_view_exists(const Tensor &tensor, const Extents &shape) {
  SCOPED_TRACE(text(reference::describe(tensor), " as ", shape));
  if (!some_view_exists(tensor, shape)) {
    expect_failure(Status::invalid_argument, HasSubstr("contiguous"), [&] { reshape(tensor, shape); });
    return;
  }
  const Tensor view = reshape(tensor, shape);
  std::vector<Extents> indices;
  reference::for_each_index(tensor.shape, [&](const Extents &index) { indices.push_back(index); });
  const Extents row_major = row_major_strides(shape);
  expect_view(view, shape, tensor, [&](const Extents &index) {
    int64_t place = 0;
    for (int32_t axis = 0; axis < index.size(); ++axis) place += index[axis] * row_major[axis];
    return indices[static_cast<size_t>(place)];
  });
}

TEST_F(Reshape, IsAViewExactlyWhereOneExists) {
  for (uint64_t seed = 0; seed < 400; ++seed) {
    SCOPED_TRACE(text("seed ", seed));
    Random random(seed);
    Extents shape = Extents::filled(static_cast<int32_t>(random_between(random, 0, 4)), 1);
    for (int32_t axis = 0; axis < shape.size(); ++axis) shape[axis] = random_between(random, 1, 4);
    const Tensor tensor = reference::random_tensor(random, DType::int16, shape, seed % 2 == 0);
    for_each_shape(tensor.element_count(), 4,
                   [&](const Extents &to) { expect_reshaped_where_a_view_exists(tensor, to); });
    if (HasFailure()) return;
  }
}

TEST_F(Reshape, JoinsAndCutsAxesThatLieDenselyApart) {
  const Tensor columns = slice(zeros_of({4, 6}), 1, 0, 4, 1);  // rows of 4 every 6 elements
  EXPECT_EQ(reshape(columns, {2, 2, 2, 2}).strides, (Extents{12, 6, 2, 1}));
  expect_failure(Status::invalid_argument, HasSubstr("contiguous"), [&] { reshape(columns, {16}); });
}

TEST_F(Reshape, OneOpenSizeBecomesWhatTheOthersLeave) {
  EXPECT_EQ(reshape(zeros_of({2, 6}), {3, -1}).shape, (Extents{3, 4}));
  EXPECT_EQ(reshape(zeros_of({2, 0}), {-1, 5}).shape, (Extents{0, 5}));
  EXPECT_EQ(reshape(zeros_of({}), {-1}).shape, (Extents{1}));
}

TEST_F(Reshape, RefusesShapesOfOtherElementCounts) {
  const Tensor tensor = zeros_of({2, 3}), no_elements = zeros_of({0, 3});
  const auto names_both = AllOf(HasSubstr("(2, 3)"), HasSubstr("6 elements"));
  expect_failure(Status::invalid_argument, names_both, [&] { reshape(tensor, {5}); });
  expect_failure(Status::invalid_argument, names_both, [&] { reshape(tensor, {4, -1}); });
  expect_failure(Status::invalid_argument, HasSubstr("more than one"), [&] { reshape(tensor, {-1, -1}); });
  expect_failure(Status::invalid_argument, HasSubstr("below 0"), [&] { reshape(tensor, {-2, -3}); });
  expect_failure(Status::invalid_argument, HasSubstr("(0, -1)"), [&] { reshape(no_elements, {0, -1}); });
}

TEST_F(Reshape, FlattenIsOneAxisOfEverything) {
  EXPECT_EQ(flatten(zeros_of({2, 3})).shape, (Extents{6}));
  EXPECT_EQ(flatten(zeros_of({})).shape, (Extents{1}));
  EXPECT_EQ(flatten(zeros_of({3, 0})).shape, (Extents{0}));
  expect_failure(Status::invalid_argument, HasSubstr("contiguous"), [] { flatten(transpose(zeros_of({2, 3}), 0, 1)); });
}

TEST_F(Reinterpret, SameSizeKeepsShapeAndStrides) {
  const Tensor tensor = transpose(zeros_of({2, 3}), 0, 1), view = reinterpret(tensor, DType::float32);
  EXPECT_EQ(view.dtype, DType::float32);
  EXPECT_EQ(view.shape, tensor.shape);
  EXPECT_EQ(view.strides, tensor.strides);
  EXPECT_EQ(view.data, tensor.data);
}

TEST_F(Reinterpret, LastAxisGrowsAndShrinksWithTheSize) {
  const Tensor tensor = slice(zeros_of({3, 4}), 0, slice_open, slice_open, 2);
  const Tensor bytes = reinterpret(tensor, DType::uint8), wide = reinterpret(tensor, DType::int64);
  EXPECT_EQ(bytes.shape, (Extents{2, 16}));
  EXPECT_EQ(bytes.strides, (Extents{32, 1}));
  EXPECT_EQ(wide.shape, (Extents{2, 2}));
  EXPECT_EQ(wide.strides, (Extents{4, 1}));
}

TEST_F(Reinterpret, ATensorWithoutElementsHasNoStepsToRefuse) {
  EXPECT_EQ(reinterpret(zeros_of({2, 0}), DType::int64).shape, (Extents{2, 0}));
  EXPECT_EQ(reinterpret(zeros_of({0, 4}), DType::int64).shape, (Extents{0, 2}));
}

TEST_F(Reinterpret, RefusesARankOrLastAxisThatCannotGrow) {
  expect_failure(Status::invalid_argument, HasSubstr("rank 0"), [] { reinterpret(zeros_of({}), DType::int8); });
  expect_failure(Status::invalid_argument, HasSubstr("dense"), [] {
    reinterpret(transpose(zeros_of({2, 3}), 0, 1), DType::int8);
  });
  expect_failure(Status::invalid_argument, HasSubstr("multiple of 8"),
                 [] { reinterpret(zeros_of({3}), DType::int64); });
}

TEST_F(Reinterpret, RefusesElementsThatWouldNotBeAligned) {
  const Tensor bytes = zeros(DType::uint8, {4, 10}, {});
  expect_failure(Status::invalid_argument, HasSubstr("aligned to 4"),
                 [&] { reinterpret(narrow(select(bytes, 0, 0), 0, 1, 8), DType::int32); });
  expect_failure(Status::invalid_argument, HasSubstr("steps over 10 bytes"),
                 [&] { reinterpret(narrow(bytes, 1, 0, 8), DType::int32); });
  expect_failure(Status::invalid_argument, HasSubstr("aligned to 8"),
                 [] { reinterpret(narrow(zeros_of({6}), 0, 1, 4), DType::complex128); });
}

}  // namespace
}  // namespace penstock::core
