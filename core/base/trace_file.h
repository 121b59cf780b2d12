// The file a trace is written to, in Chrome's JSON trace format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::core {

// Times are nanoseconds of the steady clock.
struct RecordedSpan {
  static constexpr int64_t open = -1;  // the end of a span that has not ended

  const char *name;
  int64_t begin;
  int64_t end;
};

// A growing list that never moves what it holds, so that adding costs the same at a million spans as at one.
class SpanList {
 public:
  size_t size() const { return size_; }
  RecordedSpan &operator[](size_t index) { return blocks_[index / block_size][index % block_size]; }
  const RecordedSpan &operator[](size_t index) const { return blocks_[index / block_size][index % block_size]; }
  void add(const RecordedSpan &span);  // std::bad_alloc leaves the list as it was
  SpanList take();                     // all spans; the list is then empty and holds no memory

 private:
  static constexpr size_t block_size = 1024;
  std::vector<std::unique_ptr<RecordedSpan[]>> blocks_;
  size_t size_ = 0;
};

// What one thread recorded.
struct TraceRow {
  int64_t number;    // the row's, unique in the process: the system gives a dead thread's id to a new one
  std::string name;  // the thread's
  SpanList spans;
};

// A file being written.  What goes wrong is thrown as io_error with the path.
class TraceFile {
 public:
  TraceFile() = default;                        // no file
  explicit TraceFile(const std::string &path);  // made or emptied
  ~TraceFile() { abandon(); }
  TraceFile(const TraceFile &) = delete;
  TraceFile &operator=(const TraceFile &) = delete;
  TraceFile(TraceFile &&other) noexcept;
  TraceFile &operator=(TraceFile &&other) noexcept;

  // Writes all of a trace that was recorded from begin to end, and closes the file.  What reaches beyond the two is cut
  // there; open spans end at end.
  void write(const std::vector<TraceRow> &rows, uint64_t dropped_spans, int64_t begin, int64_t end);

  void abandon() noexcept;  // closes it as it is

 private:
  void begin_event(char kind, int64_t row);
  void write_row(const TraceRow &row, int64_t begin, int64_t end);
  void flush();
  void close();

  std::string path_;
  int descriptor_ = -1;
  int32_t process_ = 0;
  std::string pending_;  // not yet handed to the system
};

}  // namespace penstock::core
