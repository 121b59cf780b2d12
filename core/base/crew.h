// A pool's workers, and the jobs they may join: what thread_pool.h promises is kept here.
#pragma once

#include <pthread.h>

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "core/base/thread_pool.h"

namespace penstock::core {

class Job;

// Any number of threads may call its functions at once.
class Crew {
 public:
  Crew();
  ~Crew();
  Crew(const Crew &) = delete;
  Crew &operator=(const Crew &) = delete;

  // As ThreadPool's.
  void set_num_threads(int32_t num_threads);
  int32_t num_threads() const;

  // Finishes the job on this thread and on so many workers, or as many as there are.
  void run(Job &job, int64_t most_workers);

 private:
  void post(Job &job);
  void withdraw(Job &job);
  void wait_for_workers(Job &job);
  void list(Job &job);
  void unlist(Job &job);

  int32_t start_workers(int32_t wanted);
  bool start_worker();
  static void *enter(void *crew);
  void work();
  Job *join_job();
  void help(Job &job);
  void leave(Job &job);
  void wait_for_work(std::unique_lock<std::mutex> &lock);

  static void before_fork();
  static void after_fork_in_parent();
  static void after_fork_in_child();
  void start_afresh();

  std::atomic<int32_t> chosen_threads_{0};             // 0: as many as this process may use
  mutable std::atomic<int32_t> automatic_threads_{0};  // how many that is; 0 when not asked for yet

  std::mutex mutex_;  // guards what follows; no function of others is called under it
  std::condition_variable work_available_;
  Job *first_job_ = nullptr;  // the jobs with free places, the oldest first
  Job *last_job_ = nullptr;
  std::atomic<uint64_t> posted_jobs_{0};  // so far; workers that spin look without the mutex
  std::array<pthread_t, ThreadPool::most_threads - 1> workers_{};
  int32_t worker_count_ = 0;  // started, of which:
  int32_t busy_workers_ = 0;
  int32_t sleeping_workers_ = 0;
  int32_t named_workers_ = 0;
  uint64_t forks_ = 0;  // how often this crew has started afresh
  bool ending_ = false;

  // All crews of the process, for fork().
  static constinit std::mutex all_mutex;
  static constinit Crew *first_crew;
  static const bool has_fork_handlers;
  Crew *next_crew_ = nullptr;
};

}  // namespace penstock::core
