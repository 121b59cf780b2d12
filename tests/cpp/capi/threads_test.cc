// What threads share and what each has for itself.  ThreadSanitizer runs these too.
#include <gmock/gmock.h>

#include <atomic>
#include <functional>
#include <thread>

#include "support.h"

namespace penstock::test {
namespace {

using ::testing::HasSubstr;

constexpr int32_t thread_count = 8;
constexpr int64_t many = 1'000'000;  // enough elements for a conversion to be split over the pool

// Runs body(number) on eight threads at once.
void on_eight_threads(const std::function<void(int32_t)> &body) {
  std::atomic<int32_t> ready = 0;
  std::vector<std::thread> threads;
  for (int32_t number = 0; number < thread_count; ++number)
    threads.emplace_back([&, number] {
      ++ready;
      while (ready < thread_count) std::this_thread::yield();
      body(number);
    });
  for (std::thread &thread : threads) thread.join();
}

thread_local bool is_releasing = false;

struct Shared {
  std::vector<int32_t> numbers = {0, 1, 2, 3, 4, 5};
  std::atomic<int32_t> deleted = 0;
  std::atomic<bool> deleted_while_releasing = false;
};

void give_back(void *user) {
  auto *shared = static_cast<Shared *>(user);
  ++shared->deleted;
  shared->deleted_while_releasing = is_releasing;
}

// One more hold, a view of it, a look at an element, and all given back.
void use_once(ps_tensor *tensor, int32_t number) {
  const TensorHold hold(ps_tensor_retain(tensor));
  ps_tensor *row = nullptr;
  require_ok(ps_tensor_select(&row, hold.get(), 0, number % 2));
  const TensorHold row_hold(row);
  EXPECT_EQ(static_cast<const int32_t *>(ps_tensor_data(row))[number % 3], number % 2 * 3 + number % 3);
}

TEST(Threads, ShareAStorageWhoseDeleterRunsOnceOnTheThreadThatReleasesLast) {
  Shared shared;
  const int64_t shape[] = {2, 3};
  ps_tensor *tensor = nullptr;
  ASSERT_OK(ps_tensor_wrap(&tensor, shared.numbers.data(), PS_INT32, 2, shape, nullptr, give_back, &shared, nullptr));
  for (int32_t hold = 1; hold < thread_count; ++hold) ps_tensor_retain(tensor);  // one for each thread
  on_eight_threads([&](int32_t number) {
    for (int32_t round = 0; round < 1000; ++round) use_once(tensor, number);
    is_releasing = true;
    ps_tensor_release(tensor);
    is_releasing = false;
  });
  EXPECT_EQ(shared.deleted, 1);
  EXPECT_TRUE(shared.deleted_while_releasing);
}

TEST(Threads, EachKeepsItsOwnLastError) {
  const TensorHold matrix = make_matrix();
  ps_clear_error();
  on_eight_threads([&](int32_t number) {
    EXPECT_STREQ(ps_last_error(), "");
    ps_tensor *row = nullptr;
    for (int32_t round = 0; round < 1000; ++round) {
      const int64_t index = 1000 * (number + 1) + round;
      EXPECT_EQ(ps_tensor_select(&row, matrix.get(), 0, index), PS_OUT_OF_RANGE);
      EXPECT_THAT(ps_last_error(), HasSubstr(std::to_string(index)));
    }
  });
  EXPECT_STREQ(ps_last_error(), "");
}

TEST(Threads, EachStartsWithTheCpuAsItsDefaultDevice) {
  on_eight_threads([](int32_t) {
    ps_device_type type = PS_DEVICE_DEFAULT;
    int32_t id = -1;
    EXPECT_OK(ps_get_device(&type, &id));
    EXPECT_EQ(type, PS_DEVICE_CPU);
    EXPECT_EQ(id, 0);
    EXPECT_OK(ps_set_device(PS_DEVICE_CPU, 0));
  });
}

TEST(Threads, CountTheirMemoryTogether) {
  const LiveMemory before = live_memory();
  on_eight_threads([&](int32_t) {
    for (int32_t round = 0; round < 200; ++round) {
      const TensorHold tensor = make_range(100);
      EXPECT_GE(live_memory().bytes, before.bytes + 400);
    }
  });
  EXPECT_EQ(live_memory(), before);
}

TEST(Threads, MayCopyOutOfOneTensorAtOnce) {
  const TensorHold source = make_range(many);
  on_eight_threads([&](int32_t) {
    ps_tensor *converted = nullptr;
    ASSERT_OK(ps_tensor_astype(&converted, source.get(), PS_INT64, PS_CAST_SAME_KIND));
    const TensorHold hold(converted);
    EXPECT_EQ(static_cast<const int64_t *>(ps_tensor_data(converted))[many - 1], many - 1);
  });
}

TEST(Threads, MayReadFromOneArchiveAtOnce) {
  const Folder folder;
  const std::string path = folder.path("arrays.npz");
  const TensorHold numbers = make_range(1000);
  ps_tensor *const tensors[] = {numbers.get()};
  const char *const names[] = {"numbers"};
  ASSERT_OK(ps_npz_save(path.c_str(), 1, names, tensors, nullptr));
  ps_npz *npz = nullptr;
  ASSERT_OK(ps_npz_open(&npz, path.c_str()));
  for (int32_t hold = 1; hold < thread_count; ++hold) ps_npz_retain(npz);
  on_eight_threads([&](int32_t) {
    const NpzHold hold(npz);
    ps_tensor *read = nullptr;
    ASSERT_OK(ps_npz_read(&read, npz, ps_npz_name(npz, 0), nullptr));
    EXPECT_EQ(values_of<int32_t>(TensorHold(read).get()).back(), 999);
  });
}

TEST(NumThreads, IsWhatWasSetAndGoesBackWithZero) {
  ASSERT_OK(ps_set_num_threads(0));
  const int32_t usable = ps_get_num_threads();
  EXPECT_GE(usable, 1);
  for (const int32_t number : {1, 3, 1024}) {
    EXPECT_OK(ps_set_num_threads(number));
    EXPECT_EQ(ps_get_num_threads(), number);
  }
  EXPECT_OK(ps_set_num_threads(0));
  EXPECT_EQ(ps_get_num_threads(), usable);
}

TEST(NumThreads, DoesNotChangeAResult) {
  const TensorHold source = make_range(many);
  std::vector<std::vector<double>> results;
  for (const int32_t number : {1, 2, 3, 8}) {
    ASSERT_OK(ps_set_num_threads(number));
    ps_tensor *converted = nullptr;
    ASSERT_OK(ps_tensor_astype(&converted, source.get(), PS_FLOAT64, PS_CAST_UNSAFE));
    results.push_back(values_of<double>(TensorHold(converted).get()));
    EXPECT_EQ(results.back(), results.front()) << number;
  }
  EXPECT_OK(ps_set_num_threads(0));
}

}  // namespace
}  // namespace penstock::test
