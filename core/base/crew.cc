#include "core/base/crew.h"

#include <pthread.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <new>
#include <utility>

#include "core/base/cpu_count.h"
#include "core/base/error.h"
#include "core/base/fork.h"
#include "core/base/job.h"
#include "core/base/log.h"

namespace penstock::core {
namespace {

// About what it costs to put a thread to sleep and to wake it again.
constexpr auto spin_time = std::chrono::microseconds(20);

// How long a caller that waits for workers leaves its progress function alone, which may be where the host looks whether
// to cancel.
constexpr auto progress_interval = std::chrono::milliseconds(100);

// Tells the CPU that this is a waiting loop, where there is a way to.
void pause_briefly() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Returns when the condition holds, or when waiting for it without sleep no longer pays.
template <typename Condition>
void spin_until(const Condition &condition) {
  constexpr int32_t looks_between_clock_readings = 32;
  const auto give_up = std::chrono::steady_clock::now() + spin_time;
  do {
    for (int32_t look = 0; look < looks_between_clock_readings; ++look) {
      if (condition()) return;
      pause_briefly();
    }
  } while (std::chrono::steady_clock::now() < give_up);
}

// Blocks signals while this lives; a thread inherits what its maker blocks.  What is sent to the process thus goes to
// threads of the host's.  A fault is a thread's own: were it blocked, it would end the process without the host's
// handler (Python's faulthandler) having been called.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t signals;
    sigfillset(&signals);
    for (const int fault : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&signals, fault);
    pthread_sigmask(SIG_SETMASK, &signals, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked &) = delete;
  SignalsBlocked &operator=(const SignalsBlocked &) = delete;

 private:
  sigset_t before_;
};

}  // namespace

constinit std::mutex Crew::all_mutex;
constinit Crew *Crew::first_crew = nullptr;

Crew::Crew() {
  const std::lock_guard lock(all_mutex);
  next_crew_ = std::exchange(first_crew, this);
}

Crew::~Crew() {
  {
    const std::lock_guard lock(all_mutex);
    Crew **link = &first_crew;
    while (*link != this) link = &(*link)->next_crew_;
    *link = next_crew_;
  }
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  work_available_.notify_all();
  for (int32_t worker = 0; worker < worker_count_; ++worker)
    pthread_join(workers_[static_cast<size_t>(worker)], nullptr);
}

void Crew::set_num_threads(int32_t num_threads) {
  if (num_threads < 0 || num_threads > ThreadPool::most_threads)
    fail(Status::out_of_range, "number of threads ", num_threads, " is outside 0 (automatic) to ",
         ThreadPool::most_threads);
  automatic_threads_.store(0, std::memory_order_relaxed);
  chosen_threads_.store(num_threads, std::memory_order_relaxed);
}

int32_t Crew::num_threads() const {
  const int32_t chosen = chosen_threads_.load(std::memory_order_relaxed);
  if (chosen != 0) return chosen;
  const int32_t known = automatic_threads_.load(std::memory_order_relaxed);
  if (known != 0) return known;
  const int32_t counted = std::min(cpu_count(), ThreadPool::most_threads);
  automatic_threads_.store(counted, std::memory_order_relaxed);
  return counted;
}

// ------------------------------------------------------------------------------------------------------------------ //
// The caller's side

void Crew::run(Job &job, int64_t most_workers) {
  job.crew.free_places = static_cast<int32_t>(most_workers);
  post(job);
  while (job.run_next_shard(Job::End::first)) job.report_progress();
  withdraw(job);
  wait_for_workers(job);
  job.finish();
}

void Crew::post(Job &job) {
  int32_t started = 0, in_all = 0, sleeping = 0;
  {
    const std::lock_guard lock(mutex_);
    job.crew.forks = forks_;
    list(job);
    posted_jobs_.fetch_add(1, std::memory_order_relaxed);
    sleeping = std::min(sleeping_workers_, job.crew.free_places);
    started = start_workers(job.crew.free_places);
    in_all = worker_count_;
  }
  for (int32_t worker = 0; worker < sleeping; ++worker) work_available_.notify_one();
  if (started != 0) log_message(LogLevel::debug, "thread pool: ", started, " workers started, ", in_all, " in all");
}

void Crew::withdraw(Job &job) {
  const std::lock_guard lock(mutex_);
  if (job.crew.listed && job.crew.forks == forks_) unlist(job);
}

void Crew::wait_for_workers(Job &job) {
  const auto all_left = [&] { return job.crew.workers.load(std::memory_order_relaxed) == 0; };
  spin_until(all_left);
  // Taken even when all have left: the last one may still hold it, and have the job in its hands.
  std::unique_lock lock(mutex_);
  while (!all_left()) {
    if (job.crew.forks != forks_)
      fail(Status::unavailable, "the process was forked during this job: the threads that worked on it are not here");
    if (!job.reports_progress) {
      job.crew.changed.wait(lock);
      continue;
    }
    job.crew.changed.wait_for(lock, progress_interval);
    lock.unlock();
    job.report_progress();
    lock.lock();
  }
}

void Crew::list(Job &job) {
  job.crew.listed = true;
  job.crew.previous = last_job_;
  (last_job_ == nullptr ? first_job_ : last_job_->crew.next) = &job;
  last_job_ = &job;
}

void Crew::unlist(Job &job) {
  job.crew.listed = false;
  (job.crew.previous == nullptr ? first_job_ : job.crew.previous->crew.next) = job.crew.next;
  (job.crew.next == nullptr ? last_job_ : job.crew.next->crew.previous) = job.crew.previous;
}

// ------------------------------------------------------------------------------------------------------------------ //
// The workers' side

// Sees to it that so many workers are not busy, as far as the pool's size and the system let it.  Returns how many it
// started.
int32_t Crew::start_workers(int32_t wanted) {
  const int32_t most = num_threads() - 1;
  int32_t started = 0;
  while (worker_count_ < most && worker_count_ - busy_workers_ < wanted && start_worker()) ++started;
  return started;
}

bool Crew::start_worker() {
  const SignalsBlocked blocked;
  if (pthread_create(&workers_[static_cast<size_t>(worker_count_)], nullptr, enter, this) != 0) return false;
  ++worker_count_;
  return true;
}

void *Crew::enter(void *crew) {
  static_cast<Crew *>(crew)->work();
  return nullptr;
}

void Crew::work() {
  std::unique_lock lock(mutex_);
  pthread_setname_np(pthread_self(), text("penstock-", ++named_workers_).c_str());
  while (!ending_) {
    Job *const job = join_job();
    if (job == nullptr) {
      wait_for_work(lock);
      continue;
    }
    lock.unlock();
    help(*job);
    lock.lock();
    leave(*job);
  }
}

// A place in the oldest job that has something to do; null where there is none, or enough workers are busy.
Job *Crew::join_job() {
  if (busy_workers_ >= num_threads() - 1) return nullptr;
  Job *job = first_job_;
  while (job != nullptr && !job->has_shards()) job = job->crew.next;
  if (job == nullptr) return nullptr;
  ++busy_workers_;
  job->crew.workers.fetch_add(1, std::memory_order_relaxed);
  if (--job->crew.free_places == 0) unlist(*job);
  return job;
}

void Crew::help(Job &job) {
  const LogSinkScope scope(job.called_from_log_sink);
  while (job.run_next_shard(Job::End::last)) {
    if (!job.reports_progress) continue;
    const std::lock_guard lock(mutex_);
    job.crew.changed.notify_one();
  }
}

void Crew::leave(Job &job) {
  --busy_workers_;
  if (job.crew.workers.fetch_sub(1, std::memory_order_relaxed) == 1) job.crew.changed.notify_one();
}

void Crew::wait_for_work(std::unique_lock<std::mutex> &lock) {
  const uint64_t seen = posted_jobs_.load(std::memory_order_relaxed);
  const auto job_posted = [&] { return posted_jobs_.load(std::memory_order_relaxed) != seen; };
  lock.unlock();
  spin_until(job_posted);
  lock.lock();
  if (job_posted() || ending_) return;
  ++sleeping_workers_;
  work_available_.wait(lock);
  --sleeping_workers_;
}

// ------------------------------------------------------------------------------------------------------------------ //
// Fork

void Crew::before_fork() {
  all_mutex.lock();
  for (Crew *crew = first_crew; crew != nullptr; crew = crew->next_crew_) crew->mutex_.lock();
}

void Crew::after_fork_in_parent() {
  for (Crew *crew = first_crew; crew != nullptr; crew = crew->next_crew_) crew->mutex_.unlock();
  all_mutex.unlock();
}

void Crew::after_fork_in_child() {
  for (Crew *crew = first_crew; crew != nullptr; crew = crew->next_crew_) crew->start_afresh();
  after_fork_in_parent();
}

// The workers are not here, nor are the threads whose jobs are listed.  All is set as at the start but for the chosen
// number of threads.
void Crew::start_afresh() {
  first_job_ = last_job_ = nullptr;
  new (&work_available_) std::condition_variable;  // the old one counts waiting threads that are not here
  worker_count_ = named_workers_ = busy_workers_ = sleeping_workers_ = 0;
  automatic_threads_.store(0, std::memory_order_relaxed);
  ++forks_;
}

const bool Crew::has_fork_handlers = [] {
  set_fork_handlers(ForkTurn::thread_pool, {before_fork, after_fork_in_parent, after_fork_in_child});
  return true;
}();

}  // namespace penstock::core
