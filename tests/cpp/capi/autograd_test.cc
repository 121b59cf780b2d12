// Gradients as a C program meets them.  The Python tests compare numbers with differences and with torch's.
#include <gmock/gmock.h>

#include "stage.h"

namespace penstock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TensorHold leaf_of(const std::vector<float> &numbers) {
  TensorHold leaf = make_tensor<float>(PS_FLOAT32, {static_cast<int64_t>(numbers.size())}, numbers);
  require_ok(ps_tensor_set_requires_grad(leaf.get(), 1));
  return leaf;
}

TensorHold made(ps_operation operation, const ps_tensor *first, const ps_tensor *second) {
  ps_tensor *out = nullptr;
  require_ok(ps_ops_binary(&out, operation, first, second));
  return TensorHold(out);
}

TensorHold sum_of(const ps_tensor *tensor) {
  ps_tensor *out = nullptr;
  require_ok(ps_ops_reduce(&out, PS_OP_SUM, tensor, 0, nullptr, nullptr));
  return TensorHold(out);
}

ps_status backward(const TensorHold &output) {
  ps_tensor *outputs[] = {output.get()};
  return ps_backward(1, outputs, nullptr, 0);
}

std::vector<float> gradient_of(const TensorHold &leaf) {
  ps_tensor *gradient = nullptr;
  require_ok(ps_tensor_grad(&gradient, leaf.get()));
  const TensorHold hold(gradient);
  return gradient == nullptr ? std::vector<float>() : values_of<float>(gradient);
}

TEST(Autograd, WalksBackFromASumToItsLeaves) {
  const TensorHold x = leaf_of({1, 2, 3}), y = leaf_of({4, 5, 6});
  const TensorHold sum = sum_of(made(PS_OP_MULTIPLY, x.get(), y.get()).get());
  EXPECT_EQ(backward(sum), PS_OK) << ps_last_error();
  EXPECT_THAT(gradient_of(x), ElementsAre(4, 5, 6));
  EXPECT_THAT(gradient_of(y), ElementsAre(1, 2, 3));
}

TEST(Autograd, GivesNoGradientThatWasNotGathered) {
  const TensorHold x = leaf_of({1, 2});
  EXPECT_THAT(gradient_of(x), ElementsAre());
  EXPECT_THAT(gradient_of(made(PS_OP_ADD, x.get(), x.get())), ElementsAre());
}

TEST(Autograd, RecordsNothingOnAThreadThatWasToldNotTo) {
  const TensorHold x = leaf_of({1, 2});
  require_ok(ps_set_grad_recording(0));
  const TensorHold sum = made(PS_OP_ADD, x.get(), x.get());
  require_ok(ps_set_grad_recording(1));
  EXPECT_EQ(ps_tensor_requires_grad(sum.get()), 0);
}

TEST(Autograd, CountsWrites) {
  const TensorHold matrix = make_matrix();
  const uint64_t before = ps_tensor_version(matrix.get());
  ps_tensor *row = nullptr;
  require_ok(ps_tensor_select(&row, matrix.get(), 0, 1));
  const TensorHold hold(row);
  EXPECT_EQ(ps_tensor_version(matrix.get()), before);
  const float one = 1;
  require_ok(ps_tensor_fill(row, &one, PS_FLOAT32));
  EXPECT_EQ(ps_tensor_version(matrix.get()), before + 1);
}

TEST(Autograd, DoesNotLendWhatRequiresGradients) {
  const TensorHold x = leaf_of({1, 2});
  DLManagedTensorVersioned *lent = nullptr;
  DLManagedTensor *lent_legacy = nullptr;
  EXPECT_EQ(ps_tensor_to_dlpack(&lent, x.get(), 0), PS_NOT_EXPORTABLE);
  EXPECT_EQ(ps_tensor_to_dlpack_legacy(&lent_legacy, x.get(), 0), PS_NOT_EXPORTABLE);
  EXPECT_THAT(ps_last_error(), HasSubstr("detach"));
  EXPECT_EQ(lent, nullptr);
}

// What a custom operation of these tests was asked, and how it answers.
struct Asked {
  int32_t walks = 0, deletions = 0;
  ps_status answer = PS_OK;

  static ps_status walk(ps_tensor **input_gradients, ps_tensor *const *output_gradients, void *user) {
    auto *asked = static_cast<Asked *>(user);
    ++asked->walks;
    EXPECT_EQ(ps_grad_recording(), 0);
    const ps_status status = ps_ops_binary(input_gradients, PS_OP_ADD, output_gradients[0], output_gradients[0]);
    return status == PS_OK ? asked->answer : status;
  }
  static void release(void *user) { ++static_cast<Asked *>(user)->deletions; }

  TensorHold record(const TensorHold &output, const TensorHold &input) {
    ps_tensor *out = nullptr, *outputs[] = {output.get()}, *inputs[] = {input.get()};
    require_ok(ps_record_custom(&out, "doubled", 1, outputs, 1, inputs, walk, this, release));
    return TensorHold(out);
  }
};

TEST(CustomOperation, IsAskedForGradientsAndDeletedWithTheLastTensorThatLeadsToIt) {
  Asked asked;
  const TensorHold x = leaf_of({1, 2});
  {
    const TensorHold sum = sum_of(asked.record(make_tensor<float>(PS_FLOAT32, {2}, {2, 4}), x).get());
    EXPECT_EQ(backward(sum), PS_OK) << ps_last_error();
    EXPECT_EQ(asked.deletions, 0);
  }
  EXPECT_THAT(gradient_of(x), ElementsAre(2, 2));
  EXPECT_EQ(asked.walks, 1);
  EXPECT_EQ(asked.deletions, 1);
}

TEST(CustomOperation, IsDeletedAtOnceWhereNothingIsRecorded) {
  Asked asked;
  const TensorHold plain = make_tensor<float>(PS_FLOAT32, {1}, {1});
  const TensorHold out = asked.record(plain, plain);
  EXPECT_EQ(asked.deletions, 1);
  EXPECT_EQ(ps_tensor_requires_grad(out.get()), 0);
}

TEST(CustomOperation, FailsAWalkWithItsOwnStatusAndLeavesTheLeavesAsTheyWere) {
  Asked asked;
  asked.answer = PS_DATA_ERROR;
  const TensorHold x = leaf_of({1, 2});
  const TensorHold doubled = asked.record(make_tensor<float>(PS_FLOAT32, {2}, {2, 4}), x);
  EXPECT_EQ(backward(sum_of(made(PS_OP_ADD, doubled.get(), x.get()).get())), PS_DATA_ERROR);
  EXPECT_THAT(ps_last_error(), HasSubstr("the backward of doubled failed"));
  EXPECT_THAT(gradient_of(x), ElementsAre());
}

}  // namespace
}  // namespace penstock::test
