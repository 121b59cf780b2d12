#include "core/base/log.h"

#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <new>
#include <string_view>

#include "core/base/error.h"
#include "core/base/fork.h"

namespace penstock::core {
namespace {

struct Destination {
  LogSink sink;
  void *user;
  LogLevel level;
};

// The mutex is held only for moments and never while a sink runs: a sink may wait for the host's own lock (Python's),
// whose holder may be forking, and a fork waits for this mutex.  A sink in progress is the flag `busy` instead.
struct Log {
  std::mutex mutex;
  std::condition_variable turn_ended;
  bool busy = false;
  Destination destination{};
};

thread_local bool inside_sink = false;
thread_local bool holds_turn = false;

constexpr std::string_view level_names[] = {"", "error", "warning", "info", "debug"};

// One line in one write, so that lines of several processes do not mix.  A message may quote names from a file that
// nobody vouches for: control characters must neither start a line nor steer a terminal.  A standard error that takes
// nothing is nothing to fail for.
void write_line(void *, LogLevel level, const char *message) {
  std::string line = text("penstock: ", level_names[static_cast<size_t>(level)], ": ", message);
  std::replace_if(
      line.begin(), line.end(), [](char byte) { return static_cast<unsigned char>(byte) < ' ' || byte == 0x7f; }, '?');
  line += '\n';
  while (write(STDERR_FILENO, line.data(), line.size()) < 0 && errno == EINTR) {
  }
}

constexpr Destination standard_error{write_line, nullptr, LogLevel::warning};

// Never destroyed: threads may log while the process exits.
Log &the_log() {
  static Log *const log = [] {
    auto *const made = new Log;
    made->destination = standard_error;
    return made;
  }();
  return *log;
}

// This thread's turn to call the sink or to change it; nobody else has one meanwhile.
class Turn {
 public:
  explicit Turn(Log &log) : log_(log) {
    std::unique_lock lock(log_.mutex);
    while (log_.busy) log_.turn_ended.wait(lock);
    log_.busy = holds_turn = true;
  }
  ~Turn() {
    const std::lock_guard lock(log_.mutex);
    log_.busy = holds_turn = false;
    log_.turn_ended.notify_one();
  }
  Turn(const Turn &) = delete;
  Turn &operator=(const Turn &) = delete;

 private:
  Log &log_;
};

void before_fork() { the_log().mutex.lock(); }

void after_fork_in_parent() { the_log().mutex.unlock(); }

void after_fork_in_child() {
  Log &log = the_log();
  new (&log.turn_ended) std::condition_variable;  // the old one counts waiting threads that are not here
  log.busy = holds_turn;                          // the thread in the sink is either this one or not here
  log.mutex.unlock();
}

// At load, so that no thread can be half-way through making the log while another one forks.
const bool ready = [] {
  the_log();
  set_fork_handlers(ForkTurn::log, {before_fork, after_fork_in_parent, after_fork_in_child});
  return true;
}();

}  // namespace

void set_log_sink(LogSink sink, void *user, LogLevel level) {
  if (level < LogLevel::off || level > LogLevel::debug)
    fail(Status::invalid_argument, "log level ", static_cast<int32_t>(level),
         " is unknown: expected 0 (off) to 4 (debug)");
  if (inside_sink) fail(Status::invalid_argument, "the log sink cannot be set from inside a log sink");
  Log &log = the_log();
  const Turn turn(log);
  log.destination = sink == nullptr ? standard_error : Destination{sink, user, level};
  log_details::least_severe.store(static_cast<int32_t>(log.destination.level), std::memory_order_relaxed);
}

bool inside_log_sink() noexcept { return inside_sink; }

LogSinkScope::LogSinkScope(bool inside) noexcept : was_inside_(inside_sink) { inside_sink = was_inside_ || inside; }

LogSinkScope::~LogSinkScope() { inside_sink = was_inside_; }

void log_details::send(LogLevel level, const char *message) noexcept {
  assert(level != LogLevel::off);
  if (inside_sink) return;
  Log &log = the_log();
  const Turn turn(log);
  const Destination destination = log.destination;
  if (level > destination.level) return;  // it was turned off since this message was begun
  const LogSinkScope scope(true);
  try {
    destination.sink(destination.user, level, message);
  } catch (...) {  // a sink written in C++ broke its contract; what was being logged must not fail for it
  }
}

}  // namespace penstock::core
