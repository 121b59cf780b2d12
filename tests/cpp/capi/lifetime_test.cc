// Who keeps what alive: views, parents, wrapped memory and open archives, released in any order.
#include <gmock/gmock.h>

#include <algorithm>
#include <array>
#include <functional>
#include <numeric>
#include <thread>

#include "support.h"

namespace penstock::test {
namespace {

using ::testing::ElementsAre;

struct Member {
  TensorHold tensor;
  std::vector<int32_t> values;
};

// A matrix of 2 x 3, a row of it, the end of that row, the matrix transposed, and the row's end repeated.
std::vector<Member> make_family(TensorHold matrix) {
  ps_tensor *row = nullptr, *end = nullptr, *transposed = nullptr, *repeated = nullptr;
  const int64_t repeated_shape[] = {2, 2};
  require_ok(ps_tensor_select(&row, matrix.get(), 0, 1));
  require_ok(ps_tensor_slice(&end, row, 0, 1, 3, 1));
  require_ok(ps_tensor_transpose(&transposed, matrix.get(), 0, 1));
  require_ok(ps_tensor_expand(&repeated, end, 2, repeated_shape));
  std::vector<Member> family;
  family.push_back({std::move(matrix), {0, 1, 2, 3, 4, 5}});
  family.push_back({TensorHold(row), {3, 4, 5}});
  family.push_back({TensorHold(end), {4, 5}});
  family.push_back({TensorHold(transposed), {0, 3, 1, 4, 2, 5}});
  family.push_back({TensorHold(repeated), {4, 5, 4, 5}});
  return family;
}

constexpr size_t family_size = 5;

// Runs check(order) for every order in which a family can be released.
void for_each_order(const std::function<void(const std::array<size_t, family_size> &)> &check) {
  std::array<size_t, family_size> order;
  std::iota(order.begin(), order.end(), size_t{0});
  do check(order);
  while (std::next_permutation(order.begin(), order.end()));
}

TensorHold make_integer_matrix() { return make_tensor<int32_t>(PS_INT32, {2, 3}, {0, 1, 2, 3, 4, 5}); }

TEST(TensorLifetime, ViewsShowTheirElementsWhateverIsReleasedBeforeThem) {
  const LiveMemory before = live_memory();
  for_each_order([&](const auto &order) {
    std::vector<Member> family = make_family(make_integer_matrix());
    for (const size_t released : order) {
      family[released].tensor.reset();
      for (const Member &left : family) {
        if (!left.tensor) continue;
        EXPECT_EQ(values_of<int32_t>(left.tensor.get()), left.values);
      }
    }
    EXPECT_EQ(live_memory(), before);
  });
}

TEST(TensorLifetime, TheMemoryStaysUntilTheLastViewIsReleased) {
  const LiveMemory before = live_memory();
  for_each_order([&](const auto &order) {
    std::vector<Member> family = make_family(make_integer_matrix());
    for (size_t position = 0; position < family_size; ++position) {
      EXPECT_EQ(live_memory().bytes, before.bytes + 24);
      EXPECT_EQ(live_memory().storages, before.storages + 1);
      family[order[position]].tensor.reset();
    }
    EXPECT_EQ(live_memory(), before);
  });
}

TEST(TensorLifetime, ARetainedTensorNeedsOneReleaseMore) {
  const LiveMemory before = live_memory();
  TensorHold first = make_integer_matrix();
  const TensorHold second(ps_tensor_retain(first.get()));
  EXPECT_EQ(second.get(), first.get());
  first.reset();
  EXPECT_THAT(values_of<int32_t>(second.get()), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_EQ(live_memory().storages, before.storages + 1);
}

TEST(TensorLifetime, ATensorThatNeedsNoCopyOutlivesTheOneItShares) {
  TensorHold matrix = make_integer_matrix();
  ps_tensor *contiguous = nullptr, *on_device = nullptr;
  ASSERT_OK(ps_tensor_contiguous(&contiguous, matrix.get()));
  ASSERT_OK(ps_tensor_to_device(&on_device, matrix.get(), nullptr));
  const TensorHold first(contiguous), second(on_device);
  EXPECT_EQ(ps_tensor_data(contiguous), ps_tensor_data(matrix.get()));
  EXPECT_EQ(ps_tensor_data(on_device), ps_tensor_data(matrix.get()));
  matrix.reset();
  EXPECT_THAT(values_of<int32_t>(contiguous), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(values_of<int32_t>(on_device), ElementsAre(0, 1, 2, 3, 4, 5));
}

// Memory of the caller's, and what its deleter saw.
struct Lent {
  std::vector<int32_t> numbers = {0, 1, 2, 3, 4, 5};
  int32_t deleted = 0;
  std::thread::id thread;
  std::function<void()> when_deleted = [] {};
};

void give_back(void *user) {
  auto *lent = static_cast<Lent *>(user);
  ++lent->deleted;
  lent->thread = std::this_thread::get_id();
  lent->when_deleted();
}

TensorHold wrap(Lent &lent) {
  const int64_t shape[] = {2, 3};
  ps_tensor *tensor = nullptr;
  require_ok(ps_tensor_wrap(&tensor, lent.numbers.data(), PS_INT32, 2, shape, nullptr, give_back, &lent, nullptr));
  return TensorHold(tensor);
}

TEST(WrappedMemory, IsGivenBackOnceWithTheLastViewInEveryOrderOfRelease) {
  for_each_order([](const auto &order) {
    Lent lent;
    std::vector<Member> family = make_family(wrap(lent));
    for (const size_t released : order) {
      EXPECT_EQ(lent.deleted, 0);
      family[released].tensor.reset();
    }
    EXPECT_EQ(lent.deleted, 1);
  });
}

TEST(WrappedMemory, IsGivenBackOnTheThreadThatReleasesLast) {
  Lent lent;
  std::thread releasing([tensor = wrap(lent)]() mutable { tensor.reset(); });
  const std::thread::id expected = releasing.get_id();
  releasing.join();
  EXPECT_EQ(lent.thread, expected);
}

TEST(WrappedMemory, IsNotCountedAsPenstocksOwn) {
  const LiveMemory before = live_memory();
  Lent lent;
  const TensorHold tensor = wrap(lent);
  EXPECT_EQ(live_memory(), (LiveMemory{before.bytes, before.storages + 1, before.wrapped_bytes + 24}));
}

// A lock of penstock's held around the deleter would make one of these calls wait for ever.
TEST(WrappedMemory, ItsDeleterMayUsePenstock) {
  const LiveMemory before = live_memory();
  LiveMemory seen{};
  std::string text;
  Lent lent, inner;
  TensorHold other = wrap(inner);
  lent.when_deleted = [&] {
    seen = live_memory();
    text = printed(make_matrix().get());
    require_ok(ps_set_num_threads(0));
    other.reset();  // a deleter within a deleter
    ps_clear_error();
    EXPECT_EQ(ps_tensor_ndim(nullptr), -1);
  };
  wrap(lent).reset();
  EXPECT_EQ(seen, (LiveMemory{before.bytes, before.storages + 1, before.wrapped_bytes + 24}));
  EXPECT_THAT(text, ::testing::StartsWith("tensor("));
  EXPECT_EQ(inner.deleted, 1);
  EXPECT_EQ(live_memory(), before);
}

TEST(WrappedMemory, StaysTheCallersWhenWrappingFails) {
  Lent lent;
  const int64_t shape[] = {2, -3};
  ps_tensor *tensor = nullptr;
  EXPECT_EQ(ps_tensor_wrap(&tensor, lent.numbers.data(), PS_INT32, 2, shape, nullptr, give_back, &lent, nullptr),
            PS_INVALID_ARGUMENT);
  EXPECT_EQ(tensor, nullptr);
  EXPECT_EQ(lent.deleted, 0);
}

TEST(WrappedMemory, ThatIsReadOnlyMakesEveryViewReadOnly) {
  std::vector<int32_t> numbers = {0, 1, 2, 3, 4, 5};
  const int64_t shape[] = {2, 3};
  ps_wrap_options options = PS_WRAP_OPTIONS_INIT;
  options.read_only = 1;
  ps_tensor *tensor = nullptr;
  ASSERT_OK(ps_tensor_wrap(&tensor, numbers.data(), PS_INT32, 2, shape, nullptr, nullptr, nullptr, &options));
  for (const Member &member : make_family(TensorHold(tensor))) {
    EXPECT_EQ(ps_tensor_is_readonly(member.tensor.get()), 1);
    EXPECT_EQ(ps_tensor_mutable_data(member.tensor.get()), nullptr);
  }
}

}  // namespace
}  // namespace penstock::test
