#include "core/base/job.h"

#include <utility>

#include "core/base/trace.h"

namespace penstock::core {

void run_shard(const FunctionReference<void(int64_t)> &body, int64_t shard) {
  const TraceSpan span("shard");
  body(shard);
}

bool Job::run_next_shard(End end) noexcept {
  if (begun_shards_.fetch_add(1, std::memory_order_relaxed) >= shard_count_) return false;
  const int64_t shard =
      end == End::first ? begun_first_++ : shard_count_ - 1 - begun_last_.fetch_add(1, std::memory_order_relaxed);
  std::exception_ptr thrown;
  try {
    run_shard(body_, shard);
  } catch (...) {
    thrown = std::current_exception();
  }
  // Only here, where this thread's own hold on the exception is gone: whoever drops it last then does so under a mutex.
  if (thrown != nullptr) keep_failure(shard, std::move(thrown));
  if (reports_progress) finished_shards_.fetch_add(1, std::memory_order_relaxed);
  return true;
}

// Of several, that of the lowest shard.
void Job::keep_failure(int64_t shard, std::exception_ptr thrown) noexcept {
  skip_the_rest();
  const std::lock_guard lock(failure_mutex_);
  if (failure_ != nullptr && failed_shard_ < shard) return;
  failure_.swap(thrown);
  failed_shard_ = shard;
}

void Job::report_progress() noexcept {
  if (!reports_progress || progress_failure_ != nullptr) return;
  const int64_t done = finished_shards_.load(std::memory_order_relaxed);
  reported_all_ = done == shard_count_;
  try {
    progress_.report(static_cast<uint64_t>(done), static_cast<uint64_t>(shard_count_));
  } catch (...) {
    progress_failure_ = std::current_exception();
    skip_the_rest();
  }
}

void Job::finish() {
  if (failure_ == nullptr && !reported_all_) report_progress();
  if (progress_failure_ != nullptr) std::rethrow_exception(std::move(progress_failure_));
  if (failure_ != nullptr) std::rethrow_exception(std::move(failure_));
}

}  // namespace penstock::core
