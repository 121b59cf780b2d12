// The loader of samples: whatever the threads, the queues and the delays, the bytes are the same; and what it does when
// something is wrong.
#include "core/loader/samples/sample_loader.h"

#include <gmock/gmock.h>

#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "tests/cpp/engine/child_process.h"
#include "tests/cpp/engine/sample_loader_testing.h"
#include "tests/cpp/engine/shared_loader_testing.h"

namespace penstock::core {
namespace {

using std::chrono::milliseconds;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

SampleLoaderOptions small_options() {
  SampleLoaderOptions options;
  options.sampler = Sampler::shuffle;
  options.seed = 5;
  options.batch_size = 8;
  options.epochs = 2;
  return options;
}

std::string all_bytes(const SampleLoaderOptions &options, uint64_t count = 100) {
  SampleLoader loader(made_up(count), options);
  return rest_of(loader);
}

// Each read waits up to half a millisecond, by chance.
SampleLoaderOptions disturbed(SampleLoaderOptions options, uint64_t seed) {
  auto draws = std::make_shared<std::atomic<uint64_t>>(0);
  options.seam.before_read = [=](uint64_t place) {
    std::this_thread::sleep_for(std::chrono::microseconds(uniform_below({seed, place}, (*draws)++, 500)));
  };
  return options;
}

TEST(SampleLoader, StacksElementsAndNumbersAndJoinsBytes) {
  SampleLoaderOptions options = small_options();
  options.sampler = Sampler::sequential;
  options.batch_size = 3;
  SampleLoader loader(made_up(7), options);
  const auto batch = loader.next(until_it_comes);
  ASSERT_TRUE(batch);
  EXPECT_THAT(samples_in(*batch), ElementsAre(0, 1, 2));
  EXPECT_THAT(numbers_in(field_named(*batch, "cls").values), ElementsAre(0, 1, 2));
  const BatchField &x = field_named(*batch, "x");
  EXPECT_EQ(x.values.shape, (Extents{3, 3}));
  EXPECT_EQ(row_major_bytes(x.values), MadeUpSamples::usual_fields(0)[0].second +
                                           MadeUpSamples::usual_fields(1)[0].second +
                                           MadeUpSamples::usual_fields(2)[0].second);
  const BatchField &txt = field_named(*batch, "txt");
  EXPECT_THAT(numbers_in(*txt.offsets), ElementsAre(0, 0, 1, 3));
  EXPECT_EQ(element_bytes(txt.values), "bcc");
}

TEST(SampleLoader, EndsAnEpochWithASmallerBatchOrDropsIt) {
  SampleLoaderOptions options = small_options();
  options.epochs = 1;
  SampleLoader whole(made_up(20), options);
  EXPECT_EQ(whole.batches_an_epoch(), 3U);
  EXPECT_EQ(whole.samples_an_epoch(), 20U);
  EXPECT_EQ(epoch_of(whole).size(), 20U);
  EXPECT_FALSE(whole.next(until_it_comes));
  options.drop_last = true;
  SampleLoader dropping(made_up(20), options);
  EXPECT_EQ(dropping.samples_an_epoch(), 16U);
  EXPECT_EQ(epoch_of(dropping).size(), 16U);
}

TEST(SampleLoader, GivesTheSameBytesWhateverTheWorkersModesQueuesAndDelays) {
  const std::string expected = all_bytes(small_options());
  ASSERT_FALSE(expected.empty());
  uint64_t seed = 0;
  for (const int32_t workers : {0, 1, 2, 7})
    for (const int32_t prefetch : {1, 2, 9})
      for (const auto mode :
           {LoadingMode::prefetch, LoadingMode::sequential, LoadingMode::streaming, LoadingMode::async_pool}) {
        SampleLoaderOptions options = disturbed(small_options(), ++seed);
        options.num_workers = workers;
        options.prefetch = prefetch;
        options.loading_mode = mode;
        options.collate_buffer_size = static_cast<int32_t>(seed % 4);
        options.persistent_workers = seed % 3 != 0;
        EXPECT_TRUE(all_bytes(options) == expected)
            << workers << " workers, " << prefetch << " batches ahead, mode " << static_cast<int>(mode);
      }
}

TEST(SampleLoader, TuningChangesNoByteAndSaysWhatItChose) {
  SampleLoaderOptions options = small_options();
  options.epochs = 200;
  const std::string expected = all_bytes(options, 50);
  options.num_workers = 4;
  options.prefetch = 4;
  options.auto_tune = true;
  options.seam.before_read = [](uint64_t) { std::this_thread::sleep_for(std::chrono::microseconds(50)); };
  SampleLoader loader(made_up(50), options);
  std::string bytes, metrics;
  while (const auto batch = loader.next(until_it_comes)) {
    bytes += bytes_of_batch(*batch);
    metrics = loader.metrics();
  }
  EXPECT_TRUE(bytes == expected);
  EXPECT_THAT(metrics, HasSubstr("\"trials\":[{\"workers\":1,\"prefetch\":4,\"rate\":"));
}

TEST(SampleLoader, GoesOnFromAStateUnderOtherDelays) {
  for (const int taken : {0, 1, 12, 13, 14, 25}) {
    SampleLoader whole(made_up(100), disturbed(small_options(), 1));
    for (int batch = 0; batch < taken; ++batch) whole.next(until_it_comes);
    const std::vector<std::byte> state = whole.state();
    EXPECT_LT(state.size(), 400U);
    SampleLoaderOptions options = disturbed(small_options(), 2);
    options.num_workers = 3;
    SampleLoader rest(made_up(100), options);
    rest.next(until_it_comes);
    rest.restore(state);
    EXPECT_TRUE(rest_of(rest) == rest_of(whole)) << "after " << taken << " batches";
  }
}

TEST(SampleLoader, RefusesAStateOfOthersAndIsUnchanged) {
  SampleLoader loader(made_up(100), small_options());
  const std::string rest = all_bytes(small_options());
  SampleLoaderOptions other = small_options();
  other.seed = 6;
  expect_failure(Status::data_error, {"other options"},
                 [&] { loader.restore(SampleLoader(made_up(100), other).state()); });
  expect_failure(Status::data_error, {"another set"},
                 [&] { loader.restore(SampleLoader(made_up(99), small_options()).state()); });
  auto damaged = loader.state();
  damaged[damaged.size() / 2] ^= std::byte{1};
  expect_failure(Status::data_error, {}, [&] { loader.restore(damaged); });
  EXPECT_TRUE(rest_of(loader) == rest);
}

TEST(SampleLoader, SeeksAnyBatchOfAnyEpoch) {
  SampleLoader straight(made_up(100), small_options()), seeking(made_up(100), small_options());
  for (int batch = 0; batch < 15; ++batch) straight.next(until_it_comes);
  seeking.seek(1, 2);
  EXPECT_TRUE(rest_of(seeking) == rest_of(straight));
  expect_failure(Status::out_of_range, {"batch is 14", "13"}, [&] { seeking.seek(0, 14); });
  expect_failure(Status::out_of_range, {"epoch is 3"}, [&] { seeking.seek(3, 0); });
}

TEST(SampleLoader, SharesOfRanksAndWorkersCoverTheSetOnce) {
  std::multiset<int64_t> all;
  for (int32_t rank = 0; rank < 2; ++rank)
    for (int32_t worker = 0; worker < 3; ++worker) {
      SampleLoaderOptions options = small_options();
      options.distributed = {rank, 2};
      options.worker = {worker, 3};
      SampleLoader loader(made_up(101), options);
      for (const int64_t sample : epoch_of(loader)) all.insert(sample);
    }
  EXPECT_EQ(all.size(), 101U);
  EXPECT_EQ(std::set<int64_t>(all.begin(), all.end()).size(), 101U);
}

TEST(SampleLoader, AnEmptyShareEndsItsEpochsWithoutABatch) {
  SampleLoaderOptions options = small_options();
  options.distributed = {4, 5};
  SampleLoader loader(made_up(3), options);
  for (int epoch = 0; epoch < 2; ++epoch) {
    const auto end = loader.next(until_it_comes);
    ASSERT_TRUE(end);
    EXPECT_TRUE(end->is_last);
    EXPECT_EQ(end->size, 0);
  }
  EXPECT_FALSE(loader.next(until_it_comes));
}

// ---------------------------------------------------------------------------------------------------------------------
// What each mode shows.

// The most batches, besides those handed out, of which a sample has been read.
int64_t batches_read_ahead(SampleLoaderOptions options) {
  std::atomic<int64_t> furthest{-1};
  options.sampler = Sampler::sequential;
  options.seam.before_read = [&](uint64_t place) {
    for (int64_t seen = furthest; static_cast<int64_t>(place / 8) > seen;)
      furthest.compare_exchange_weak(seen, static_cast<int64_t>(place / 8));
  };
  SampleLoader loader(made_up(800), options);
  loader.next(until_it_comes);
  std::this_thread::sleep_for(milliseconds(50));
  return furthest;
}

TEST(SampleLoaderModes, RunAsFarAheadAsPrefetchSays) {
  for (const int32_t prefetch : {1, 3, 6}) {
    SampleLoaderOptions options = small_options();
    options.prefetch = prefetch;
    EXPECT_EQ(batches_read_ahead(options), prefetch);
  }
}

TEST(SampleLoaderModes, SequentialAndNoWorkersReadNothingAhead) {
  SampleLoaderOptions options = small_options();
  options.prefetch = 4;
  options.loading_mode = LoadingMode::sequential;
  EXPECT_EQ(batches_read_ahead(options), 0);
  options.loading_mode = LoadingMode::prefetch;
  options.num_workers = 0;
  EXPECT_EQ(batches_read_ahead(options), 0);
}

TEST(SampleLoaderModes, AMemoryLimitHoldsThemBack) {
  SampleLoaderOptions options = small_options();
  options.prefetch = 6;
  options.memory_limit = 1;
  EXPECT_LE(batches_read_ahead(options), 2) << "one is made at a time once the size of the first is known";
}

// The thread that read each sample, in the order of reading.
struct Reading {
  uint64_t place;
  std::thread::id thread;
};
std::vector<Reading> readings_of(SampleLoaderOptions options) {
  std::mutex mutex;
  std::vector<Reading> readings;
  options.sampler = Sampler::sequential;
  options.epochs = 1;
  options.num_workers = 4;
  options.prefetch = 4;
  options.seam.before_read = [&](uint64_t place) {
    const std::lock_guard lock(mutex);
    readings.push_back({place, std::this_thread::get_id()});
  };
  const auto slow = made_up(200, [](MadeUpSamples &set) {
    set.before_read = [](uint64_t) { std::this_thread::sleep_for(std::chrono::microseconds(100)); };
  });
  SampleLoader loader(slow, options);
  rest_of(loader);
  return readings;
}

TEST(SampleLoaderModes, StreamingReadsInTheOrderOfTheEpoch) {
  SampleLoaderOptions options = small_options();
  options.loading_mode = LoadingMode::streaming;
  const auto readings = readings_of(options);
  ASSERT_EQ(readings.size(), 200U);
  std::set<std::thread::id> threads;
  for (size_t index = 0; index < readings.size(); ++index) {
    ASSERT_EQ(readings[index].place, index);
    threads.insert(readings[index].thread);
  }
  EXPECT_GT(threads.size(), 1U) << "the workers take turns";
}

TEST(SampleLoaderModes, InAPoolEachBatchIsOneWorkersOwn) {
  SampleLoaderOptions options = small_options();
  options.loading_mode = LoadingMode::async_pool;
  std::map<uint64_t, std::set<std::thread::id>> threads_of_batch;
  for (const Reading &reading : readings_of(options)) threads_of_batch[reading.place / 8].insert(reading.thread);
  for (const auto &[batch, threads] : threads_of_batch) EXPECT_EQ(threads.size(), 1U) << "batch " << batch;
}

TEST(SampleLoaderModes, OtherwiseWorkersShareABatch) {
  std::map<uint64_t, std::set<std::thread::id>> threads_of_batch;
  for (const Reading &reading : readings_of(small_options()))
    threads_of_batch[reading.place / 8].insert(reading.thread);
  size_t shared = 0;
  for (const auto &[batch, threads] : threads_of_batch) shared += threads.size() > 1 ? 1 : 0;
  EXPECT_GT(shared, threads_of_batch.size() / 2);
}

TEST(SampleLoaderModes, ACollateBufferOfOneBeginsABatchWhenTheOneBeforeIsDone) {
  SampleLoaderOptions options = small_options();
  options.collate_buffer_size = 1;
  uint64_t batch = 0;
  for (const Reading &reading : readings_of(options)) {
    ASSERT_GE(reading.place / 8, batch);
    batch = reading.place / 8;
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Threads.

int64_t threads_now() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

TEST(SampleLoaderThreads, LiveOnBetweenEpochsOrGoAtTheirEnd) {
  std::thread([] {}).join();  // ThreadSanitizer begins one of its own with the first
  const int64_t before = threads_now();
  for (const bool persistent : {true, false}) {
    std::atomic<int> opened{0};
    SampleLoaderOptions options = small_options();
    options.num_workers = 3;
    options.persistent_workers = persistent;
    options.epochs = 3;
    SampleLoader loader(made_up(100, [&](MadeUpSamples &) { ++opened; }), options);
    EXPECT_EQ(threads_now(), before) << "none before the first batch";
    for (int epoch = 0; epoch < 2; ++epoch) {
      loader.next(until_it_comes);
      EXPECT_EQ(threads_now(), before + 3);
      epoch_of(loader);
      EXPECT_EQ(threads_now(), persistent ? before + 3 : before);
    }
    EXPECT_EQ(opened, persistent ? 1 : 2) << "files are opened anew with the threads";
    epoch_of(loader);
    EXPECT_EQ(threads_now(), before) << "after the last epoch there is nothing to do";
  }
}

TEST(SampleLoaderThreads, UsesTheMemoryOfBatchesAgain) {
  SampleLoaderOptions options = small_options();
  options.epochs = 0;
  SampleLoader loader(made_up(96), options);
  for (int batch = 0; batch < 50; ++batch) loader.next(until_it_comes);
  const uint64_t live = memory_usage(Device{}).live_bytes;
  for (int batch = 0; batch < 500; ++batch) loader.next(until_it_comes);
  EXPECT_LE(memory_usage(Device{}).live_bytes, live + 4 * 8192);
}

int64_t samples_of_four_consumers(SampleLoader &loader) {
  return counted_by_four_consumers([&] { return loader.next(until_it_comes); },
                                   [](const SampleBatch &batch) { return batch.size; });
}

TEST(SampleLoaderThreads, ManyConsumersShareTheBatches) {
  SampleLoader loader(made_up(1000), small_options());
  EXPECT_EQ(samples_of_four_consumers(loader), 2000);
}

TEST(SampleLoaderThreads, ManyConsumersShareTheWorkWhereThereAreNoWorkers) {
  SampleLoaderOptions options = small_options();
  options.num_workers = 0;
  options.persistent_workers = false;
  SampleLoader loader(made_up(1000), options);
  EXPECT_EQ(samples_of_four_consumers(loader), 2000);
}

TEST(SampleLoaderThreads, StopWakesWhoWaitsAndStartGoesOn) {
  std::atomic<bool> blocked{true};
  SampleLoaderOptions options = small_options();
  options.seam.before_read = [&](uint64_t) {
    while (blocked) std::this_thread::sleep_for(milliseconds(1));
  };
  SampleLoader loader(made_up(100), options);
  Error seen(Status::ok, "");
  std::thread consumer([&] { seen = failure_of([&] { loader.next(until_it_comes); }); });
  while (threads_now() < 3) std::this_thread::sleep_for(milliseconds(1));
  std::thread releaser([&] {
    std::this_thread::sleep_for(milliseconds(50));
    blocked = false;
  });
  loader.stop();
  consumer.join();
  releaser.join();
  EXPECT_EQ(seen.status(), Status::cancelled) << seen.sentence();
  expect_failure(Status::cancelled, {"stopped"}, [&] { loader.next(until_it_comes); });
  loader.start();
  EXPECT_TRUE(rest_of(loader) == all_bytes(small_options()));
}

TEST(SampleLoaderThreads, ATimeoutNamesTheStageAndTheSampleAndLosesNothing) {
  std::atomic<bool> blocked{true};
  SampleLoaderOptions options = small_options();
  options.sampler = Sampler::sequential;
  options.timeout_ms = 30;
  const std::string expected = all_bytes(options);
  options.seam.before_read = [&](uint64_t place) {
    while (blocked && place == 3) std::this_thread::sleep_for(milliseconds(1));
  };
  SampleLoader loader(made_up(100), options);
  for (int attempt = 0; attempt < 2; ++attempt)
    expect_failure(Status::timed_out, {"within 30 ms", "\"read\"", "made-up sample 3"},
                   [&] { loader.next(until_it_comes); });
  blocked = false;
  std::this_thread::sleep_for(milliseconds(5));
  std::string bytes;
  while (const auto batch = loader.next(milliseconds(60'000))) bytes += bytes_of_batch(*batch);
  EXPECT_TRUE(bytes == expected);
}

TEST(SampleLoaderThreads, WithoutWorkersATimeoutComesBetweenSamples) {
  SampleLoaderOptions options = small_options();
  options.num_workers = 0;
  options.seam.before_read = [](uint64_t) { std::this_thread::sleep_for(milliseconds(5)); };
  SampleLoader loader(made_up(16), options);
  expect_failure(Status::timed_out, {"within 1 ms"}, [&] { loader.next(milliseconds(1)); });
  EXPECT_TRUE(rest_of(loader) == all_bytes(small_options(), 16));
}

// ---------------------------------------------------------------------------------------------------------------------
// Faults.

// Sample 20 is damaged.
SampleLoader::OpenSet with_a_bad_sample() {
  return made_up(100, [](MadeUpSamples &set) {
    set.before_read = [](uint64_t number) {
      if (number == 20) fail(Status::data_error, "made-up sample 20 is cut short");
    };
  });
}

TEST(SampleLoaderFaults, AnErrorComesAtItsBatchAndStays) {
  for (const int32_t workers : {0, 1, 4}) {
    SampleLoaderOptions options = small_options();
    options.sampler = Sampler::sequential;
    options.num_workers = workers;
    options.prefetch = 8;
    SampleLoader loader(with_a_bad_sample(), options);
    EXPECT_EQ(loader.next(until_it_comes)->index, 0U);
    EXPECT_EQ(loader.next(until_it_comes)->index, 1U);
    for (int attempt = 0; attempt < 2; ++attempt)
      expect_failure(Status::data_error, {"made-up sample 20 is cut short"}, [&] { loader.next(until_it_comes); });
    loader.seek(0, 3);
    EXPECT_EQ(loader.next(until_it_comes)->index, 3U);
  }
}

TEST(SampleLoaderFaults, OfSeveralErrorsOfABatchTheFirstRowsComes) {
  SampleLoaderOptions options = small_options();
  options.sampler = Sampler::sequential;
  options.num_workers = 4;
  const auto set = made_up(100, [](MadeUpSamples &made) {
    made.before_read = [](uint64_t number) {
      if (number >= 2) fail(Status::data_error, "bad ", number);
    };
  });
  for (int attempt = 0; attempt < 20; ++attempt) {
    SampleLoader loader(set, options);
    expect_failure(Status::data_error, {"bad 2"}, [&] { loader.next(until_it_comes); });
  }
}

TEST(SampleLoaderFaults, ABadSampleIsSkippedAndCountedWhereThatIsAsked) {
  SampleLoaderOptions options = small_options();
  options.sampler = Sampler::sequential;
  options.skip_bad = true;
  for (const int32_t workers : {1, 4}) {
    options.num_workers = workers;
    SampleLoader loader(with_a_bad_sample(), options);
    loader.next(until_it_comes);
    loader.next(until_it_comes);
    const auto short_batch = loader.next(until_it_comes);
    EXPECT_THAT(samples_in(*short_batch), ElementsAre(16, 17, 18, 19, 21, 22, 23));
    EXPECT_THAT(numbers_in(field_named(*short_batch, "cls").values), ElementsAre(16, 17, 18, 19, 21, 22, 23));
    EXPECT_EQ(short_batch->bad.size(), 1U);
    EXPECT_THAT(loader.metrics(), HasSubstr("\"bad_samples\":1,\"bad_sample_examples\":[\"made-up sample 20 is cut"));
  }
}

TEST(SampleLoaderFaults, BeyondTheLimitABadSampleIsAnErrorAgain) {
  SampleLoaderOptions options = small_options();
  options.skip_bad = true;
  options.bad_limit = 1;
  SampleLoader loader(with_a_bad_sample(), options);
  epoch_of(loader);
  expect_failure(Status::data_error, {"bad sample 2", "the limit is 1"}, [&] { epoch_of(loader); });
}

TEST(SampleLoaderFaults, ABatchOfBadSamplesAloneIsPassedOver) {
  SampleLoaderOptions options = small_options();
  options.sampler = Sampler::sequential;
  options.skip_bad = true;
  const auto set = made_up(32, [](MadeUpSamples &made) {
    made.before_read = [](uint64_t number) {
      if (number >= 8 && number < 16) fail(Status::data_error, "bad");
    };
  });
  SampleLoader loader(set, options);
  EXPECT_EQ(loader.next(until_it_comes)->index, 0U);
  EXPECT_EQ(loader.next(until_it_comes)->index, 2U);
}

// What loading fails with where sample 3 of a set has other fields.
Error failure_with(std::function<MadeUpSamples::Fields(MadeUpSamples::Fields)> change) {
  SampleLoaderOptions options = small_options();
  options.sampler = Sampler::sequential;
  SampleLoader loader(made_up(16,
                              [=](MadeUpSamples &set) {
                                set.change = [=](uint64_t number, MadeUpSamples::Fields usual) {
                                  return number == 3 ? change(usual) : usual;
                                };
                              }),
                      options);
  return failure_of([&] { rest_of(loader); });
}

TEST(SampleLoaderFaults, SamplesThatDoNotGoTogetherAreNamedWithTheirShapes) {
  const Error shapes = failure_with([](auto fields) {
    fields[0].second.resize(8);
    return fields;
  });
  EXPECT_EQ(shapes.status(), Status::invalid_argument);
  for (const char *part : {"\"x\"", "(2,)", "made-up sample 3", "(3,)", "made-up sample 0"})
    EXPECT_THAT(shapes.sentence(), HasSubstr(part));
  const Error missing = failure_with([](auto fields) {
    fields.erase(fields.begin() + 1);
    return fields;
  });
  EXPECT_EQ(missing.status(), Status::data_error);
  for (const char *part : {"made-up sample 3", "\"cls\"", "no such field"})
    EXPECT_THAT(missing.sentence(), HasSubstr(part));
  const Error digits = failure_with([](auto fields) {
    fields[1].second = "seven";
    return fields;
  });
  for (const char *part : {"made-up sample 3", "\"cls\"", "\"seven\" is no whole number"})
    EXPECT_THAT(digits.sentence(), HasSubstr(part));
}

TEST(SampleLoaderFaults, FieldsAreChosenAndWhatIsNotThereIsNamed) {
  SampleLoaderOptions options = small_options();
  options.sampler = Sampler::sequential;
  options.fields = {{"cls"}, {"__key__"}, {"note", true}};
  SampleLoader loader(made_up(16), options);
  const auto batch = loader.next(until_it_comes);
  EXPECT_EQ(batch->fields.size(), 3U);
  EXPECT_THAT(element_bytes(field_named(*batch, "__key__").values), HasSubstr("key0key1key2"));
  EXPECT_EQ(field_named(*batch, "note").values.element_count(), 0);
  options.fields = {{"cls"}, {"mask.png"}};
  expect_failure(Status::not_found, {"mask.png", "x, cls, txt"}, [&] { SampleLoader(made_up(16), options); });
  options.fields = {{"cls", true}};
  expect_failure(Status::invalid_argument, {"cls", "optional"}, [&] { SampleLoader(made_up(16), options); });
}

TEST(SampleLoaderFaults, AnOpenSetThatChangedBetweenEpochsIsRefused) {
  int opened = 0;
  SampleLoaderOptions options = small_options();
  options.persistent_workers = false;
  const auto changing = [&](const Progress &) { return std::make_unique<MadeUpSamples>(opened++ == 0 ? 100 : 101); };
  SampleLoader loader(changing, options);
  epoch_of(loader);
  expect_failure(Status::data_error, {"100 samples", "101"}, [&] { loader.next(until_it_comes); });
}

TEST(SampleLoaderFaults, WhatNeedsCudaIsRefusedOrReportedInactiveWithoutIt) {
  SampleLoaderOptions options = small_options();
  options.pin_memory = Choice::automatic;
  options.non_blocking = Choice::automatic;
  EXPECT_THAT(SampleLoader(made_up(16), options).metrics(), HasSubstr("\"non_blocking\":\"inactive\""));
}

// ---------------------------------------------------------------------------------------------------------------------
// Forks.

#if PENSTOCK_TEST_CHILD_MAY_ALLOCATE  // a loader's threads are at work when it happens
TEST(SampleLoaderForks, GoesOnInTheChildAndInTheParent) {
  const std::string whole = all_bytes(small_options());
  for (uint64_t taken = 0; taken < 20; taken += 3) {
    SampleLoader loader(made_up(100), disturbed(small_options(), taken));
    std::string before;
    for (uint64_t batch = 0; batch < taken; ++batch) before += bytes_of_batch(*loader.next(until_it_comes));
    const std::string rest = whole.substr(before.size());
    EXPECT_EQ(child_result([&] { return rest_of(loader) == rest ? 0 : 1; }), 0) << "after " << taken << " batches";
    EXPECT_TRUE(rest_of(loader) == rest) << "after " << taken << " batches";
  }
}

TEST(SampleLoaderForks, CanHappenWhileOtherThreadsUseIt) {
  SampleLoaderOptions options = small_options();
  options.epochs = 0;
  SampleLoader loader(made_up(100), options);
  fork_while_others_use(
      loader, [&] { return loader.next(until_it_comes)->samples; },
      [](const Tensor &samples) { return samples.element_count() > 0; });
}
#endif

}  // namespace
}  // namespace penstock::core
