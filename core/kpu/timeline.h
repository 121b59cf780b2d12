// What a KPU did when: spans of its engines, and the bytes that its memories' banks moved over time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/kpu/dram.h"

namespace penstock::core::kpu {

enum class SpanKind : int32_t {
  load_input,
  load_weight,
  load_partial,
  store_output,
  store_partial,
  compute,
  vector,
};
std::string_view span_name(SpanKind kind);

// Begin and end are cycles.
struct Span {
  SpanKind kind;
  int32_t job;  // the number of the product, layer or instruction it belongs to
  int64_t begin, end;
  int64_t bytes;  // moved; 0 of the array
};

struct Timeline {
  bool enabled = true;
  std::vector<Span> spans;
  std::vector<std::string> jobs;  // their names, by number

  void add(const Span &span);
};

// Bytes by bank and interval of time.  The number of intervals is bounded: when time outgrows them, each becomes twice as
// long.
class BankActivity {
 public:
  static constexpr int64_t most_intervals = 256;

  explicit BankActivity(int64_t banks);
  void add(int64_t bank, int64_t bytes, int64_t cycle);
  void add_evenly(int64_t bytes, int64_t begin, int64_t end);  // over all banks, as interleaved addresses go
  void clear();

  int64_t banks() const { return banks_; }
  int64_t intervals() const;                                    // up to the last one with a byte
  int64_t interval_cycles() const { return interval_cycles_; }  // the length of each
  int64_t bytes(int64_t bank, int64_t interval) const;          // 0 beyond intervals()

 private:
  int64_t interval_of(int64_t cycle);

  int64_t banks_;
  int64_t interval_cycles_ = 64;
  std::vector<int64_t> bytes_;  // a row of banks for each interval
};

// Writes a timeline as a Chrome trace (Perfetto opens it), a row for each engine; microseconds by the clock.  Whole or not
// at all; throws as AtomicFile does.
void save_trace(const Timeline &timeline, int64_t clock_mhz, const std::string &path);

}  // namespace penstock::core::kpu
