// The threads that share a job's work.
//
// A job is cut into shards by its own size and never by the number of threads, so that no result depends on who runs
// what.  Workers are started when a job first needs them, spin for some tens of microseconds when there is nothing to
// do, and then sleep.
#pragma once

#include <cassert>
#include <cstdint>
#include <memory>

#include "core/base/function_reference.h"
#include "core/base/progress.h"
#include "core/base/range.h"

namespace penstock::core {

class Crew;

// Any number of threads may use one pool at once, shards of its jobs included.
//
// After fork() the child's pools have no workers and start afresh; process_pool() and a pool of one's own both work
// there.  A job that the forking thread was in the midst of cannot be finished in the child: its run() throws
// unavailable there.  A child forked from inside a shard may only exec or _exit.
class ThreadPool {
 public:
  static constexpr int32_t most_threads = 1024;

  ThreadPool();   // starts no thread
  ~ThreadPool();  // waits for the workers to end; no job may be running
  ThreadPool(const ThreadPool &) = delete;
  ThreadPool &operator=(const ThreadPool &) = delete;

  // How many threads work on one job, the calling one included: 1 to most_threads; 0 for cpu_count(), asked for again at
  // the next job.  Jobs already running keep the threads they have.  Throws out_of_range.
  void set_num_threads(int32_t num_threads);
  int32_t num_threads() const;

  // Calls body(shard) once for each shard from 0 to shard_count - 1, on this thread (from the first on) and on at most
  // num_threads() - 1 workers (from the last down), and returns when all calls have.  One shard, or one thread, takes no lock.  A thread that the system refuses
  // to start is done without.
  //
  // When a call throws, shards not yet begun are skipped, and what it threw is thrown here once the others have ended:
  // where several threw, that of the lowest shard.
  //
  // progress counts shards.  It is called on this thread only, with no lock held; shards not yet begun are skipped once
  // it cancels, and Status::cancelled is thrown when the others have ended.
  void run(int64_t shard_count, FunctionReference<void(int64_t shard)> body, const Progress &progress = {});

 private:
  const std::unique_ptr<Crew> crew_;
};

// The pool that everything shares, unless it was given one of its own.  Never destroyed.
ThreadPool &process_pool();

// How many shards of grain items (the last one may have fewer) count items make.
inline int64_t shard_count(int64_t count, int64_t grain) {
  assert(count >= 0 && grain > 0);
  return count / grain + (count % grain != 0 ? 1 : 0);
}

inline Range shard_range(int64_t shard, int64_t count, int64_t grain) {
  const int64_t begin = shard * grain;
  return {begin, count - begin < grain ? count : begin + grain};
}

// Calls body(Range) for each stretch of grain items from 0 to count; the stretches depend on nothing else.  grain should
// be so large that handing a stretch to another thread (some microseconds) pays.  The rest is as with run(): progress
// counts stretches.
template <typename Body>
void parallel_for(ThreadPool &pool, int64_t count, int64_t grain, const Body &body, const Progress &progress = {}) {
  pool.run(
      shard_count(count, grain), [&](int64_t shard) { body(shard_range(shard, count, grain)); }, progress);
}

template <typename Body>
void parallel_for(int64_t count, int64_t grain, const Body &body, const Progress &progress = {}) {
  parallel_for(process_pool(), count, grain, body, progress);
}

}  // namespace penstock::core
