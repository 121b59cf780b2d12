// One call of ThreadPool::run(): its shards, who works on them, and how it ends.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>

#include "core/base/function_reference.h"
#include "core/base/log.h"
#include "core/base/progress.h"

namespace penstock::core {

// Calls body(shard), as a span of its own in a trace.
void run_shard(const FunctionReference<void(int64_t)> &body, int64_t shard);

// Lives on the caller's stack.  A worker touches it only between joining and leaving, both under the crew's mutex, and
// the caller goes on only after all have left.
class Job {
 public:
  Job(FunctionReference<void(int64_t)> body, int64_t shard_count, const Progress &progress)
      : reports_progress(progress.function != nullptr), body_(body), shard_count_(shard_count), progress_(progress) {}
  Job(const Job &) = delete;
  Job &operator=(const Job &) = delete;

  const bool reports_progress;
  const bool called_from_log_sink = inside_log_sink();

  int64_t shard_count() const { return shard_count_; }
  bool has_shards() const { return begun_shards_.load(std::memory_order_relaxed) < shard_count_; }

  // Runs a shard that nobody has begun; false when there is none.  What it throws is kept, and ends the job.
  //
  // The caller takes the first of them, workers the last: where a job is done again and again, as a step of worlds, two
  // threads mostly meet again what their own caches hold, in place of what the other one has just written.
  enum class End { first, last };
  bool run_next_shard(End end) noexcept;

  // For the caller alone.  What the progress function throws, its wish to cancel included, is kept and ends the job.
  void report_progress() noexcept;

  // For the caller alone, when all have left: the last report, and what was kept is thrown.
  void finish();

  // The crew's share, written under its mutex.
  struct {
    int32_t free_places = 0;          // for workers that may still join
    std::atomic<int32_t> workers{0};  // that have joined and not left; the caller also looks without the mutex
    std::condition_variable changed;  // wakes the caller: workers are gone, or there is progress
    uint64_t forks = 0;               // the crew's, when the job was posted
    bool listed = false;
    Job *previous = nullptr;
    Job *next = nullptr;
  } crew;

 private:
  void skip_the_rest() { begun_shards_.store(shard_count_, std::memory_order_relaxed); }
  void keep_failure(int64_t shard, std::exception_ptr thrown) noexcept;

  const FunctionReference<void(int64_t)> body_;
  const int64_t shard_count_;
  const Progress &progress_;

  std::atomic<int64_t> begun_shards_{0};  // at shard_count_ or above: nothing is left to begin
  int64_t begun_first_ = 0;               // of those: by the caller, and by workers
  std::atomic<int64_t> begun_last_{0};
  std::atomic<int64_t> finished_shards_{0};  // counted where progress is reported

  std::exception_ptr progress_failure_;
  bool reported_all_ = false;

  std::mutex failure_mutex_;
  std::exception_ptr failure_;
  int64_t failed_shard_ = 0;
};

}  // namespace penstock::core
