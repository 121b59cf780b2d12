#include "core/base/thread_pool.h"

#include <algorithm>

#include "core/base/crew.h"
#include "core/base/job.h"

namespace penstock::core {
namespace {

void run_on_this_thread(int64_t shard_count, const FunctionReference<void(int64_t)> &body, const Progress &progress) {
  for (int64_t shard = 0; shard < shard_count; ++shard) {
    run_shard(body, shard);
    progress.report(static_cast<uint64_t>(shard) + 1, static_cast<uint64_t>(shard_count));
  }
}

}  // namespace

ThreadPool::ThreadPool() : crew_(std::make_unique<Crew>()) {}

ThreadPool::~ThreadPool() = default;

void ThreadPool::set_num_threads(int32_t num_threads) { crew_->set_num_threads(num_threads); }

int32_t ThreadPool::num_threads() const { return crew_->num_threads(); }

void ThreadPool::run(int64_t shard_count, FunctionReference<void(int64_t)> body, const Progress &progress) {
  const int32_t threads = shard_count > 1 ? num_threads() : 1;
  if (threads == 1) {
    run_on_this_thread(shard_count, body, progress);
    return;
  }
  Job job(body, shard_count, progress);
  crew_->run(job, std::min<int64_t>(threads - 1, shard_count - 1));
}

ThreadPool &process_pool() {
  static ThreadPool *const pool = new ThreadPool;
  return *pool;
}

namespace {

// At load, so that no thread can be half-way through making it while another one forks.
[[maybe_unused]] const ThreadPool &made_at_load = process_pool();

}  // namespace
}  // namespace penstock::core
