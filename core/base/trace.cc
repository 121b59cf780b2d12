#include "core/base/trace.h"

#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/fork.h"
#include "core/base/trace_file.h"

namespace penstock::core {
namespace {

using trace_details::current_trace;

// A thread that has recorded a span.  Its own thread adds spans and trace_stop() takes them, both under its mutex, which
// nobody else wants meanwhile.
struct TracedThread {
  std::mutex mutex;
  TraceRow row;
  uint64_t dropped = 0;
  // Guarded by Tracer::threads_mutex:
  bool ended = false;  // the thread is gone, its spans may still be wanted
  bool lost_to_fork =
      false;  // it is another process's; it may have held its mutex, so nothing here is touched or freed
};

struct Tracer {
  // Held by trace_start() and trace_stop() from beginning to end.
  std::mutex control_mutex;
  TraceFile file;
  uint64_t last_trace = 0;
  int64_t begin = 0;

  // Held for moments, and after control_mutex where both are.
  std::mutex threads_mutex;
  std::vector<std::unique_ptr<TracedThread>> threads;
  int64_t last_row = 0;

  std::atomic<uint64_t> dropped_without_row{0};  // by threads there was no memory to make a row for
};

// Never destroyed: threads may record while the process exits.
Tracer &tracer() {
  static Tracer *const made = new Tracer;
  return *made;
}

int64_t steady_nanoseconds() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// ------------------------------------------------------------------------------------------------------------------ //
// Threads

// What a thread finds itself by, and what makes its end known.  The second is a key of the threads library and not an
// object with a destructor: glibc ends the process when it has no memory to register one.
thread_local TracedThread *this_thread = nullptr;
pthread_key_t thread_end_key;
bool has_thread_end_key = false;

// Leaves the thread's spans to trace_stop(), and nothing else.
void end_thread(void *ending) {
  auto *const thread = static_cast<TracedThread *>(ending);
  this_thread = nullptr;
  Tracer &all = tracer();
  const std::lock_guard lock(all.threads_mutex);
  thread->ended = true;
  if (thread->row.spans.size() == 0 && thread->dropped == 0)
    std::erase_if(all.threads, [thread](const auto &other) { return other.get() == thread; });
}

// The thread's name as a debugger shows it.  It may be cut inside a character of several bytes, and JSON must be UTF-8.
std::string thread_name() {
  char name[16] = "";
  pthread_getname_np(pthread_self(), name, sizeof(name));
  std::string ascii = name;
  std::replace_if(
      ascii.begin(), ascii.end(), [](char byte) { return static_cast<unsigned char>(byte) >= 0x80; }, '?');
  return ascii;
}

// Null, and a span counted as dropped, where there is no memory for it.
TracedThread *add_this_thread() noexcept {
  Tracer &all = tracer();
  try {
    auto thread = std::make_unique<TracedThread>();
    thread->row.name = thread_name();
    const std::lock_guard lock(all.threads_mutex);
    thread->row.number = all.last_row + 1;
    all.threads.push_back(std::move(thread));
    TracedThread *const added = all.threads.back().get();
    if (has_thread_end_key && pthread_setspecific(thread_end_key, added) == 0) {
      ++all.last_row;
      return this_thread = added;
    }
    all.threads.pop_back();
  } catch (...) {
  }
  all.dropped_without_row.fetch_add(1, std::memory_order_relaxed);
  return nullptr;
}

bool add_span(SpanList &spans, const char *name) noexcept {
  if (spans.size() == most_spans_of_a_thread) return false;
  try {
    spans.add({name, steady_nanoseconds(), RecordedSpan::open});
    return true;
  } catch (...) {
    return false;
  }
}

// ------------------------------------------------------------------------------------------------------------------ //
// Traces

struct Recorded {
  std::vector<TraceRow> rows;
  uint64_t dropped = 0;
};

// All that was recorded, which is then no longer kept.
Recorded take_recorded(Tracer &all) {
  Recorded recorded;
  const std::lock_guard lock(all.threads_mutex);
  recorded.rows.reserve(all.threads.size());
  for (const auto &thread : all.threads) {
    if (thread->lost_to_fork) continue;
    const std::lock_guard thread_lock(thread->mutex);
    recorded.dropped += std::exchange(thread->dropped, 0);
    if (thread->row.spans.size() != 0)
      recorded.rows.push_back({thread->row.number, thread->row.name, thread->row.spans.take()});
  }
  recorded.dropped += all.dropped_without_row.exchange(0);
  std::erase_if(all.threads, [](const auto &thread) { return thread->ended; });
  return recorded;
}

void before_fork() {
  tracer().control_mutex.lock();
  tracer().threads_mutex.lock();
}

void after_fork_in_parent() {
  tracer().threads_mutex.unlock();
  tracer().control_mutex.unlock();
}

// The parent goes on recording; the child's copy is lost.
void after_fork_in_child() {
  Tracer &all = tracer();
  for (const auto &thread : all.threads) thread->lost_to_fork = true;
  this_thread = nullptr;
  if (has_thread_end_key) pthread_setspecific(thread_end_key, nullptr);
  current_trace.store(0);
  all.file.abandon();
  after_fork_in_parent();
}

// At load, so that no thread can be half-way through making the tracer while another one forks.
const bool ready = [] {
  tracer();
  has_thread_end_key = pthread_key_create(&thread_end_key, end_thread) == 0;
  set_fork_handlers(ForkTurn::trace, {before_fork, after_fork_in_parent, after_fork_in_child});
  return true;
}();

}  // namespace

void trace_start(const std::string &path) {
  Tracer &all = tracer();
  const std::lock_guard lock(all.control_mutex);
  if (current_trace.load() != 0)
    fail(Status::invalid_argument, "a trace is already being recorded: stop it before another one starts");
  TraceFile file(path);
  take_recorded(all);  // what a stop without memory could not take
  all.file = std::move(file);
  all.begin = steady_nanoseconds();
  current_trace.store(++all.last_trace);
}

void trace_stop() {
  Tracer &all = tracer();
  const std::lock_guard lock(all.control_mutex);
  if (current_trace.load() == 0) fail(Status::invalid_argument, "no trace is being recorded");
  current_trace.store(0);
  TraceFile file = std::move(all.file);
  const int64_t end = steady_nanoseconds();
  // A thread records under its mutex and looks there whether the trace is still on: so nothing is added once its spans
  // are taken.
  const Recorded recorded = take_recorded(all);
  file.write(recorded.rows, recorded.dropped, all.begin, end);
}

void TraceSpan::begin(const char *name) noexcept {
  TracedThread *const thread = this_thread != nullptr ? this_thread : add_this_thread();
  if (thread == nullptr) return;
  const std::lock_guard lock(thread->mutex);
  const uint64_t trace = current_trace.load();
  if (trace == 0) return;
  if (!add_span(thread->row.spans, name)) {
    ++thread->dropped;
    return;
  }
  trace_ = trace;
  index_ = thread->row.spans.size() - 1;
}

void TraceSpan::end() noexcept {
  TracedThread *const thread = this_thread;
  if (thread == nullptr) return;  // the process has forked, or the thread is ending
  const std::lock_guard lock(thread->mutex);
  if (current_trace.load() == trace_) thread->row.spans[index_].end = steady_nanoseconds();
}

}  // namespace penstock::core
