// Who gives back what is lent through DLPack, and when.
#include <gmock/gmock.h>

#include <functional>
#include <thread>

#include <dlpack/dlpack.h>

#include "support.h"

namespace penstock::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Numbers of another library's, lent as a matrix of 2 x 3, and what the deleter saw.
struct Lent {
  std::vector<int32_t> numbers = {0, 1, 2, 3, 4, 5};
  std::vector<int64_t> shape = {2, 3}, strides = {3, 1};
  int32_t given_back = 0;
  std::thread::id thread;
  std::function<void()> when_given_back = [] {};
  DLManagedTensorVersioned managed{};

  Lent() {
    managed.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
    managed.manager_ctx = this;
    managed.deleter = give_back;
    managed.dl_tensor = {numbers.data(), {kDLCPU, 0}, 2, {kDLInt, 32, 1}, shape.data(), strides.data(), 0};
  }
  static void give_back(DLManagedTensorVersioned *managed) {
    auto *lent = static_cast<Lent *>(managed->manager_ctx);
    ++lent->given_back;
    lent->thread = std::this_thread::get_id();
    lent->when_given_back();
  }
};

TensorHold import(Lent &lent) {
  ps_tensor *tensor = nullptr;
  require_ok(ps_tensor_from_dlpack(&tensor, &lent.managed));
  return TensorHold(tensor);
}

TEST(DlpackExport, OutlivesItsTensorAndIsFreedByItsDeleter) {
  const LiveMemory before = live_memory();
  TensorHold matrix = make_tensor<int32_t>(PS_INT32, {2, 3}, {0, 1, 2, 3, 4, 5});
  DLManagedTensorVersioned *lent = nullptr;
  ASSERT_OK(ps_tensor_to_dlpack(&lent, matrix.get(), 0));
  EXPECT_EQ(lent->dl_tensor.data, ps_tensor_data(matrix.get()));
  matrix.reset();
  EXPECT_EQ(static_cast<const int32_t *>(lent->dl_tensor.data)[5], 5);
  EXPECT_EQ(live_memory().bytes, before.bytes + 24);
  lent->deleter(lent);
  EXPECT_EQ(live_memory(), before);
}

TEST(DlpackExport, AsACopyIsRowMajorWritableMemoryOfItsOwn) {
  const LiveMemory before = live_memory();
  const TensorHold row = make_tensor<int32_t>(PS_INT32, {1, 3}, {0, 1, 2});
  const int64_t shape[] = {2, 3};
  ps_tensor *repeated = nullptr;
  ASSERT_OK(ps_tensor_expand(&repeated, row.get(), 2, shape));
  const TensorHold hold(repeated);
  DLManagedTensorVersioned *lent = nullptr;
  ASSERT_OK(ps_tensor_to_dlpack(&lent, repeated, PS_DLPACK_COPY));
  EXPECT_EQ(lent->flags, DLPACK_FLAG_BITMASK_IS_COPIED);
  EXPECT_NE(lent->dl_tensor.data, ps_tensor_data(repeated));
  EXPECT_EQ(lent->dl_tensor.strides[0], 3);
  EXPECT_EQ(static_cast<const int32_t *>(lent->dl_tensor.data)[4], 1);
  lent->deleter(lent);
  EXPECT_EQ(live_memory().bytes, before.bytes + 12);
}

TEST(DlpackExport, OfAReadOnlyTensorAsALegacyCopyIsAllowed) {
  const TensorHold one = make_tensor<int32_t>(PS_INT32, {1}, {7});
  const int64_t shape[] = {3};
  ps_tensor *repeated = nullptr;
  ASSERT_OK(ps_tensor_expand(&repeated, one.get(), 1, shape));
  const TensorHold hold(repeated);
  DLManagedTensor *lent = nullptr;
  EXPECT_EQ(ps_tensor_to_dlpack_legacy(&lent, repeated, 0), PS_NOT_EXPORTABLE);
  EXPECT_EQ(lent, nullptr);
  ASSERT_OK(ps_tensor_to_dlpack_legacy(&lent, repeated, PS_DLPACK_COPY));
  EXPECT_EQ(static_cast<const int32_t *>(lent->dl_tensor.data)[2], 7);
  lent->deleter(lent);
}

TEST(DlpackImport, IsGivenBackOnceWithTheLastViewOnItsThread) {
  Lent lent;
  TensorHold matrix = import(lent);
  ps_tensor *row = nullptr;
  ASSERT_OK(ps_tensor_select(&row, matrix.get(), 0, 1));
  TensorHold last(row);
  matrix.reset();
  EXPECT_EQ(lent.given_back, 0);
  EXPECT_THAT(values_of<int32_t>(last.get()), ElementsAre(3, 4, 5));
  std::thread releasing([tensor = std::move(last)]() mutable { tensor.reset(); });
  const std::thread::id expected = releasing.get_id();
  releasing.join();
  EXPECT_EQ(lent.given_back, 1);
  EXPECT_EQ(lent.thread, expected);
}

TEST(DlpackImport, CountsAsWrappedMemory) {
  const LiveMemory before = live_memory();
  Lent lent;
  const TensorHold tensor = import(lent);
  EXPECT_EQ(live_memory(), (LiveMemory{before.bytes, before.storages + 1, before.wrapped_bytes + 24}));
}

TEST(DlpackImport, WithNowhereToPutTheTensorConsumesTheStructAllTheSame) {
  Lent lent;
  EXPECT_EQ(ps_tensor_from_dlpack(nullptr, &lent.managed), PS_INVALID_ARGUMENT);
  EXPECT_THAT(ps_last_error(), HasSubstr("out"));
  EXPECT_EQ(lent.given_back, 1);
}

// The struct's own library may call penstock while it takes the struct back, and fail at it.
TEST(DlpackImport, WhoseDeleterUsesPenstockReportsItsOwnFailure) {
  Lent lent;
  lent.shape[0] = -5;
  lent.when_given_back = [] {
    EXPECT_EQ(ps_tensor_ndim(nullptr), -1);
    ps_clear_error();
  };
  ps_tensor *tensor = nullptr;
  EXPECT_EQ(ps_tensor_from_dlpack(&tensor, &lent.managed), PS_INVALID_ARGUMENT);
  EXPECT_THAT(ps_last_error(), HasSubstr("-5"));
  EXPECT_EQ(lent.given_back, 1);
  EXPECT_EQ(tensor, nullptr);
}

}  // namespace
}  // namespace penstock::test
