#include "core/kpu/timeline.h"

#include <algorithm>

#include "core/base/text.h"
#include "core/io/atomic_file.h"

namespace penstock::core::kpu {
namespace {

constexpr std::string_view names[] = {
    "load input", "load weights", "load partial sums", "store output", "store partial sums", "compute", "vector"};

// The rows of a trace: the DMA engine, the array, the vector unit.
constexpr std::string_view engines[] = {"DMA", "array", "vector unit"};
int32_t engine_of(SpanKind kind) { return kind == SpanKind::compute ? 1 : kind == SpanKind::vector ? 2 : 0; }

void append_json_string(std::string &out, std::string_view characters) {
  constexpr char digits[] = "0123456789abcdef";
  out += '"';
  for (const char character : characters) {
    const auto code = static_cast<unsigned char>(character);
    if (code < 0x20) {
      out += "\\u00";
      out += digits[code >> 4];
      out += digits[code & 15];
      continue;
    }
    if (character == '"' || character == '\\') out += '\\';
    out += character;
  }
  out += '"';
}

}  // namespace

std::string_view span_name(SpanKind kind) { return names[static_cast<size_t>(kind)]; }

void Timeline::add(const Span &span) {
  if (enabled && span.end > span.begin) spans.push_back(span);
}

BankActivity::BankActivity(int64_t banks) : banks_(banks), bytes_(static_cast<size_t>(banks * most_intervals)) {}

void BankActivity::clear() {
  interval_cycles_ = 64;
  std::fill(bytes_.begin(), bytes_.end(), 0);
}

int64_t BankActivity::interval_of(int64_t cycle) {
  while (cycle / interval_cycles_ >= most_intervals) {
    for (int64_t interval = 0; interval < most_intervals; ++interval)
      for (int64_t bank = 0; bank < banks_; ++bank) {
        const auto merged = static_cast<size_t>(interval * banks_ + bank);
        const auto first = static_cast<size_t>(2 * interval * banks_ + bank);
        const bool exists = 2 * interval < most_intervals;
        bytes_[merged] = exists ? bytes_[first] + bytes_[first + static_cast<size_t>(banks_)] : 0;
      }
    interval_cycles_ *= 2;
  }
  return cycle / interval_cycles_;
}

void BankActivity::add(int64_t bank, int64_t bytes, int64_t cycle) {
  bytes_[static_cast<size_t>(interval_of(cycle) * banks_ + bank)] += bytes;
}

void BankActivity::add_evenly(int64_t bytes, int64_t begin, int64_t end) {
  const int64_t last = interval_of(std::max(begin, end - 1)), first = begin / interval_cycles_;
  const int64_t cells = (last - first + 1) * banks_;
  auto cell = static_cast<size_t>(first * banks_);
  for (int64_t index = 0; index < cells; ++index, ++cell)
    bytes_[cell] += bytes / cells + (index < bytes % cells ? 1 : 0);
}

int64_t BankActivity::intervals() const {
  const auto last = std::find_if(bytes_.rbegin(), bytes_.rend(), [](int64_t bytes) { return bytes != 0; });
  return (bytes_.rend() - last + banks_ - 1) / banks_;
}

int64_t BankActivity::bytes(int64_t bank, int64_t interval) const {
  return interval < most_intervals ? bytes_[static_cast<size_t>(interval * banks_ + bank)] : 0;
}

void save_trace(const Timeline &timeline, int64_t clock_mhz, const std::string &path) {
  AtomicFile file(path);
  std::string pending = "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
  for (int32_t engine = 0; engine < 3; ++engine)
    pending += text(engine == 0 ? "" : ",\n", "{\"name\":\"thread_name\",\"ph\":\"M\",\"pid\":1,\"tid\":", engine + 1,
                    ",\"args\":{\"name\":\"", engines[engine], "\"}}");
  const auto clock = static_cast<double>(clock_mhz);
  for (const Span &span : timeline.spans) {
    pending +=
        text(",\n{\"name\":\"", span_name(span.kind), "\",\"ph\":\"X\",\"pid\":1,\"tid\":", engine_of(span.kind) + 1,
             ",\"ts\":", static_cast<double>(span.begin) / clock,
             ",\"dur\":", static_cast<double>(span.end - span.begin) / clock, ",\"args\":{\"bytes\":", span.bytes,
             ",\"job\":");
    append_json_string(pending, timeline.jobs[static_cast<size_t>(span.job)]);
    pending += "}}";
    if (pending.size() > 1 << 16) {
      file.append(std::as_bytes(std::span(pending)));
      pending.clear();
    }
  }
  pending += "\n]}\n";
  file.append(std::as_bytes(std::span(pending)));
  file.commit();
}

}  // namespace penstock::core::kpu
