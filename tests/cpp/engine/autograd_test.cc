// The graph of gradients: which operations have a rule, and how gradients are fitted to operands.
#include <gmock/gmock.h>

#include <array>

#include "core/autograd/backward.h"
#include "core/autograd/elementwise_rules.h"
#include "core/autograd/join_rules.h"
#include "core/autograd/leaf.h"
#include "core/autograd/reduction_rules.h"
#include "core/autograd/view_rules.h"
#include "core/ops/elementwise.h"
#include "core/tensor/compare.h"
#include "core/tensor/create.h"
#include "core/tensor/view.h"
#include "memory_fixture.h"

namespace penstock::core::autograd {
namespace {

using Autograd = MemoryTest;

Tensor filled(DType dtype, const Extents &shape, double value) {
  return full(dtype, shape, &value, DType::float64, {});
}

TEST_F(Autograd, EveryOperationThatTheTableCallsDifferentiableHasARuleAndNoOther) {
  for (int32_t number = 1; number < 400; ++number) {
    const OperationInfo *info = find_operation(static_cast<Operation>(number));
    if (info == nullptr) continue;
    EXPECT_EQ(has_elementwise_rule(info->operation) || has_reduction_rule(info->operation), info->is_differentiable)
        << info->name;
  }
}

TEST_F(Autograd, FitsAGradientToTheOperandItIsOf) {
  const Tensor gradient = filled(DType::float64, {4, 2, 3}, 0.5);
  const Device cpu;
  EXPECT_TRUE(
      equal(fitted(gradient, {{2, 1}, DType::float32, cpu}), filled(DType::float32, {2, 1}, 6), Equality::value));
  EXPECT_TRUE(equal(fitted(gradient, {{}, DType::float64, cpu}), filled(DType::float64, {}, 12), Equality::value));
  EXPECT_EQ(fitted(gradient, outline_of(gradient)).storage.get(), gradient.storage.get());
  const Tensor of_complex = filled(DType::complex64, {3}, 2);
  EXPECT_TRUE(equal(fitted(of_complex, {{3}, DType::float32, cpu}), filled(DType::float32, {3}, 2), Equality::value));
}

// The gradient of a leaf, of a result that node leads to it from.
Tensor walked(const Variable &leaf, const Reference<Node> &node, const Tensor &result, const Tensor &gradient) {
  const Source source{node, 0};
  const Seed seed{{result, source}, &gradient};
  return gradients_of(std::array{seed}, std::array{leaf}, false)[0];
}

Tensor counted(const Extents &shape) {
  return reshape(arange(0.0, static_cast<double>(element_count(shape)), 1.0, DType::float64, {}), shape);
}

TEST_F(Autograd, CutsTheGradientOfWhatWasJoined) {
  const Tensor first = filled(DType::float64, {2, 1}, 1), second = filled(DType::float64, {2, 2}, 1);
  const Source one{Reference<Node>::adopt(new Leaf(first))}, other{Reference<Node>::adopt(new Leaf(second))};
  const Tensor gradient = counted({2, 3});
  const Reference<Node> joined = record_concat({{first, one}, {second, other}}, -1, gradient);
  EXPECT_TRUE(equal(walked({first, one}, joined, gradient, gradient), narrow(gradient, 1, 0, 1), Equality::value));
  EXPECT_TRUE(equal(walked({second, other}, joined, gradient, gradient), narrow(gradient, 1, 1, 2), Equality::value));
  const Tensor stacked = counted({2, 2, 2});
  const Reference<Node> side_by_side = record_stack({{second, other}, {second, other}}, 1, stacked);
  EXPECT_TRUE(equal(walked({second, other}, side_by_side, stacked, stacked),
                    binary(Operation::add, select(stacked, 1, 0), select(stacked, 1, 1)), Equality::value));
}

TEST_F(Autograd, AddsTheGradientsOfAnElementThatWasMovedToSeveralPlaces) {
  const Tensor tensor = filled(DType::float64, {3}, 1);
  const Source leaf{Reference<Node>::adopt(new Leaf(tensor))};
  const auto twice_backwards = [](const Tensor &t) {
    return expand(slice(t, 0, slice_open, slice_open, -1), Extents{2, 3});
  };
  const Tensor gradient = counted({2, 3});
  const Tensor found =
      walked({tensor, leaf}, record_moved("moved", {tensor, leaf}, gradient, twice_backwards), gradient, gradient);
  const std::array<double, 3> expected = {7, 5, 3};
  EXPECT_TRUE(equal(found, from_data(DType::float64, {3}, expected.data(), sizeof(expected), {}), Equality::value));
}

TEST_F(Autograd, GoesBackThroughDifferencesOfDifferences) {
  const Tensor tensor = filled(DType::float64, {4}, 1), result = filled(DType::float64, {2}, 0);
  const Source leaf{Reference<Node>::adopt(new Leaf(tensor))};
  const std::array<double, 2> coming = {1, 10};
  const std::array<double, 4> expected = {1, 8, -19, 10};  // x[i] - 2 x[i + 1] + x[i + 2], times 1 and 10
  const Tensor gradient = from_data(DType::float64, {2}, coming.data(), sizeof(coming), {});
  const Tensor found = walked({tensor, leaf}, record_difference({tensor, leaf}, 0, 2, result), result, gradient);
  EXPECT_TRUE(equal(found, from_data(DType::float64, {4}, expected.data(), sizeof(expected), {}), Equality::value));
}

TEST_F(Autograd, ReleasesALongChainWithoutRecursion) {
  const Tensor tensor = filled(DType::float32, {2}, 1);
  Source source{Reference<Node>::adopt(new Leaf(tensor)), 0};
  for (int32_t step = 0; step < 1000000; ++step) source = {record_same("same", {tensor, source}, tensor), 0};
  source = {};
}

TEST_F(Autograd, GathersInTheMemoryThatWasThere) {
  const Reference<Leaf> leaf = Reference<Leaf>::adopt(new Leaf(filled(DType::float32, {2}, 1)));
  leaf->gather(filled(DType::float32, {2}, 1));
  const Tensor first = leaf->gradient();
  leaf->gather(filled(DType::float32, {2}, 2));
  EXPECT_TRUE(equal(first, filled(DType::float32, {2}, 3), Equality::value));
}

TEST_F(Autograd, KeepsAnotherHoldersMemoryOutOfALeaf) {
  const Tensor shared = filled(DType::float32, {2}, 1);
  const Tensor other_hold = shared;
  EXPECT_NE(dense_gradient(shared).storage.get(), shared.storage.get());
}

}  // namespace
}  // namespace penstock::core::autograd
