// Traces: what each thread did and for how long, recorded as spans and written as a file that Perfetto opens.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <string>

namespace penstock::core {

// A thread keeps this many spans of one trace; later ones are counted, and the file says how many they were.
inline constexpr size_t most_spans_of_a_thread = 1'000'000;

// Makes the file (or empties one that exists) and starts to record the spans that begin from now on, on every thread.
// Throws invalid_argument while a trace is being recorded, io_error with the path when it cannot be written.
void trace_start(const std::string &path);

// Stops recording and writes the file; spans that are still open end here.  Whatever it throws, the trace has ended.
// Throws invalid_argument when none is being recorded, io_error with the path when it could not be written in full.
void trace_stop();

namespace trace_details {

// The number of the trace being recorded, 0 when there is none.  Numbers are never used again.
inline constinit std::atomic<uint64_t> current_trace{0};

}  // namespace trace_details

// TraceSpan span("decode");  A span from here to the end of the scope, on this thread.  Spans of a thread nest as their
// scopes do.  Costs one relaxed load when no trace is recorded; never throws: a span there is no memory for is counted
// as dropped.  One that began before the trace did is not part of it.
class TraceSpan {
 public:
  template <size_t length>
  explicit TraceSpan(const char (&name)[length]) noexcept {  // a literal: the name is read when the trace is written
    if (trace_details::current_trace.load(std::memory_order_relaxed) != 0) [[unlikely]]
      begin(name);
  }
  ~TraceSpan() {
    if (trace_ != 0) [[unlikely]]
      end();
  }
  TraceSpan(const TraceSpan &) = delete;
  TraceSpan &operator=(const TraceSpan &) = delete;

 private:
  void begin(const char *name) noexcept;
  void end() noexcept;

  uint64_t trace_ = 0;  // the trace it is recorded in
  size_t index_;        // its place among the thread's spans; set with trace_
};

}  // namespace penstock::core
