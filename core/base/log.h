// Log messages: to a function of the host's, or as lines on standard error.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <utility>

#include "core/base/text.h"

namespace penstock::core {

// The same numbers as ps_log_level.
enum class LogLevel : int32_t { off = 0, error = 1, warning = 2, info = 3, debug = 4 };

// Receives one message on the thread it arose on.  Calls never overlap; no lock of ours is held meanwhile.  The text is
// valid during the call.  What the sink throws is dropped.
using LogSink = void (*)(void *user, LogLevel level, const char *message);

// Sends messages of this level and the more severe ones to sink, for the whole process; LogLevel::off sends none.  When
// this returns, the sink before it is no longer called.  A null sink goes back to the start, whatever level says:
// warnings and errors as lines on standard error.
// Throws invalid_argument when level is none, and from inside a sink, where waiting for its end would never end.
void set_log_sink(LogSink sink, void *user, LogLevel level);

// Whether a message of this level would be sent: one relaxed load.
inline bool log_enabled(LogLevel level) noexcept;

// log_message(LogLevel::warning, "member ", name, " was skipped");  The parts are those text() takes.  Never throws:
// without memory for the sentence it says that one was lost.  What a sink itself logs is dropped.
template <typename... Parts>
void log_message(LogLevel level, const Parts &...parts) noexcept;

// Whether this thread works for a sink that has not returned yet.
bool inside_log_sink() noexcept;

// Makes this thread count as inside a sink, for as long as this lives, where inside is true.  A job that a sink started
// needs it on other threads: a message from there would otherwise wait for the sink, which waits for the job.
class LogSinkScope {
 public:
  explicit LogSinkScope(bool inside) noexcept;
  ~LogSinkScope();
  LogSinkScope(const LogSinkScope &) = delete;
  LogSinkScope &operator=(const LogSinkScope &) = delete;

 private:
  bool was_inside_;
};

// ------------------------------------------------------------------------------------------------------------------ //

namespace log_details {

inline constinit std::atomic<int32_t> least_severe{static_cast<int32_t>(LogLevel::warning)};

// Hands a message to the sink, when its turn has come and the level is still on.
void send(LogLevel level, const char *message) noexcept;

}  // namespace log_details

inline bool log_enabled(LogLevel level) noexcept {
  return static_cast<int32_t>(level) <= log_details::least_severe.load(std::memory_order_relaxed);
}

template <typename... Parts>
void log_message(LogLevel level, const Parts &...parts) noexcept {
  if (!log_enabled(level)) return;
  try {
    log_details::send(level, text(parts...).c_str());
  } catch (...) {
    log_details::send(level, "a log message was lost: no memory for its text");
  }
}

}  // namespace penstock::core
