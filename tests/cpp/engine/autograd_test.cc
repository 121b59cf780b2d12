// The graph of gradients: which operations have a rule, and how gradients are fitted to operands.
#include <gmock/gmock.h>

#include "core/autograd/backward.h"
#include "core/autograd/elementwise_rules.h"
#include "core/autograd/leaf.h"
#include "core/autograd/reduction_rules.h"
#include "core/autograd/view_rules.h"
#include "core/tensor/compare.h"
#include "core/tensor/create.h"
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
