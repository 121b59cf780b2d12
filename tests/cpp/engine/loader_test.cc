// The loader under disturbed timing: whatever takes how long, the bytes are the same.
#include "core/loader/loader.h"

#include <gmock/gmock.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "tests/cpp/engine/child_process.h"
#include "tests/cpp/engine/io_testing.h"
#include "tests/cpp/engine/shared_loader_testing.h"

namespace penstock::core {
namespace {

LoaderOptions small_options() {
  LoaderOptions options;
  options.sources = {TEST_DATA_DIR "/lc0"};
  options.position_rate = 0.2;
  options.reservoir_size = 50;
  options.batch_size = 16;
  options.epochs = 2;
  return options;
}

constexpr std::chrono::milliseconds for_ever(-1);

std::string bytes_of(const TensorBatch &batch) {
  std::string bytes;
  for (const Tensor &tensor : *batch.tensors) bytes += element_bytes(tensor).substr(0, 100'000);
  return bytes;
}

std::string all_bytes(Loader &loader) {
  std::string bytes;
  while (const auto batch = loader.next(for_ever)) bytes += bytes_of(*batch);
  return bytes;
}

std::string all_bytes(const LoaderOptions &options) {
  Loader loader(options);
  return all_bytes(loader);
}

// Each piece of work waits up to a millisecond, by chance.
LoaderOptions disturbed(LoaderOptions options, uint64_t seed) {
  auto draws = std::make_shared<std::atomic<uint64_t>>(0);
  options.before_work = [=](uint64_t number) {
    const uint64_t wait = uniform_below({seed, number}, (*draws)++, 1000);
    std::this_thread::sleep_for(std::chrono::microseconds(wait));
  };
  return options;
}

TEST(Loader, GivesTheSameBytesWhateverTheThreadsQueuesAndDelays) {
  const std::string expected = all_bytes(small_options());
  ASSERT_FALSE(expected.empty());
  uint64_t seed = 0;
  for (const int32_t threads : {1, 2, 7})
    for (const int64_t capacity : {1, 2, 9}) {
      LoaderOptions options = disturbed(small_options(), ++seed);
      options.source_threads = options.indexing_threads = options.loading_threads = threads;
      options.unpacking_threads = options.tensor_threads = threads;
      options.path_queue = options.source_queue = options.pool_queue = capacity;
      options.unpacking_queue = options.sampling_queue = options.batch_queue = capacity;
      EXPECT_TRUE(all_bytes(options) == expected) << threads << " threads, queues of " << capacity;
    }
}

TEST(Loader, GoesOnFromAStateUnderOtherDelays) {
  Loader whole(disturbed(small_options(), 1));
  for (int batch = 0; batch < 9; ++batch) whole.next(for_ever);
  const std::vector<std::byte> state = whole.state();
  Loader rest(disturbed(small_options(), 2));
  rest.restore(state);
  EXPECT_TRUE(all_bytes(rest) == all_bytes(whole));
}

#if PENSTOCK_TEST_CHILD_MAY_ALLOCATE  // a loader's threads are at work when it happens
TEST(Loader, GoesOnInTheChildAndInTheParentAfterAFork) {
  const std::string whole = all_bytes(small_options());
  for (uint64_t taken = 0; taken < 9; ++taken) {
    Loader loader(disturbed(small_options(), taken));
    std::string before;
    for (uint64_t batch = 0; batch < taken; ++batch) before += bytes_of(*loader.next(for_ever));
    const std::string rest = whole.substr(before.size());
    ASSERT_EQ(before, whole.substr(0, before.size()));
    EXPECT_EQ(child_result([&] { return all_bytes(loader) == rest ? 0 : 1; }), 0) << "after " << taken << " batches";
    EXPECT_TRUE(all_bytes(loader) == rest) << "after " << taken << " batches";
  }
}

TEST(Loader, CanBeForkedWhileOtherThreadsUseIt) {
  LoaderOptions options = small_options();
  options.epochs = 0;
  Loader loader(options);
  fork_while_others_use(
      loader, [&] { return Lc0Tensors(*loader.next(for_ever)->tensors); },
      [](const Lc0Tensors &tensors) { return !element_bytes(tensors.front()).empty(); });
}
#endif

TEST(Loader, SaysWhichStageIsBehindWhenABatchIsNotReadyInTime) {
  LoaderOptions options = small_options();
  options.before_work = [](uint64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(20)); };
  Loader loader(options);
  expect_failure(Status::timed_out, {"within 1 ms", "stage"}, [&] { loader.next(std::chrono::milliseconds(1)); });
  EXPECT_TRUE(loader.next(for_ever));
}

TEST(Loader, ManyThreadsShareTheBatches) {
  LoaderOptions options = small_options();
  options.position_rate = 1;
  Loader loader(options);
  const auto size = [](const TensorBatch &batch) { return batch.tensors->front().shape[0]; };
  const int64_t positions = counted_by_four_consumers([&] { return loader.next(for_ever); }, size);
  Loader alone(options);
  int64_t expected = 0;
  while (const auto batch = alone.next(for_ever)) expected += size(*batch);
  EXPECT_EQ(positions, expected);
}

TEST(Loader, KeepsBatchesAliveThatAreHeldWhenItGoes) {
  std::optional<Loader> loader(small_options());
  const auto batch = loader->next(for_ever);
  const std::string before = element_bytes(batch->tensors->front());
  loader.reset();
  EXPECT_TRUE(element_bytes(batch->tensors->front()) == before);
}

TEST(Loader, UsesTheMemoryOfBatchesAgain) {
  LoaderOptions options = small_options();
  options.epochs = 0;
  Loader loader(options);
  for (int batch = 0; batch < 50; ++batch) loader.next(for_ever);
  const uint64_t live = memory_usage(Device{}).live_bytes;
  for (int batch = 0; batch < 500; ++batch) loader.next(for_ever);
  const uint64_t batch_bytes = 16 * 36'000;
  EXPECT_LE(memory_usage(Device{}).live_bytes, live + 4 * batch_bytes);
}

}  // namespace
}  // namespace penstock::core
