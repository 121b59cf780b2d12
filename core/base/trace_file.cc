#include "core/base/trace_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

#include "core/base/error.h"
#include "core/base/version.h"

namespace penstock::core {
namespace {

constexpr size_t flush_size = 1 << 16;

std::string error_text(int error) { return std::generic_category().message(error); }

void append_json_string(std::string &out, std::string_view characters) {
  constexpr char hexadecimal[] = "0123456789abcdef";
  out += '"';
  for (const char character : characters) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte < ' ') {
      out += "\\u00";
      out += hexadecimal[byte >> 4];
      out += hexadecimal[byte & 15];
      continue;
    }
    if (character == '"' || character == '\\') out += '\\';
    out += character;
  }
  out += '"';
}

// The format counts microseconds; all digits are kept.
void append_microseconds(std::string &out, int64_t nanoseconds) {
  const int64_t rest = nanoseconds % 1000;
  append_part(out, nanoseconds / 1000);
  out += rest < 10 ? ".00" : rest < 100 ? ".0" : ".";
  append_part(out, rest);
}

}  // namespace

void SpanList::add(const RecordedSpan &span) {
  if (size_ == blocks_.size() * block_size) blocks_.push_back(std::make_unique<RecordedSpan[]>(block_size));
  (*this)[size_] = span;
  ++size_;
}

SpanList SpanList::take() {
  SpanList taken;
  std::swap(taken, *this);
  return taken;
}

TraceFile::TraceFile(const std::string &path)
    : path_(path), descriptor_(open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666)) {
  if (descriptor_ < 0) fail(Status::io_error, "cannot make the trace file ", path, ": ", error_text(errno));
}

TraceFile::TraceFile(TraceFile &&other) noexcept { *this = std::move(other); }

TraceFile &TraceFile::operator=(TraceFile &&other) noexcept {
  std::swap(path_, other.path_);
  std::swap(descriptor_, other.descriptor_);
  std::swap(pending_, other.pending_);
  return *this;
}

void TraceFile::abandon() noexcept {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void TraceFile::write(const std::vector<TraceRow> &rows, uint64_t dropped_spans, int64_t begin, int64_t end) {
  process_ = getpid();
  pending_ = text("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"producer\":\"penstock ", version(),
                  "\",\"dropped_spans\":", dropped_spans, "},\n\"traceEvents\":[");
  pending_ += text("{\"ph\":\"M\",\"pid\":", process_, ",\"name\":\"process_name\",\"args\":{\"name\":\"penstock\"}}");
  for (const TraceRow &row : rows) write_row(row, begin, end);
  pending_ += "\n]}\n";
  flush();
  close();
}

// Every event is one line, and every one but the first begins with the comma behind the line before.
void TraceFile::begin_event(char kind, int64_t row) {
  pending_ += ",\n{\"ph\":\"";
  pending_ += kind;
  pending_ += "\",\"pid\":";
  append_part(pending_, process_);
  pending_ += ",\"tid\":";
  append_part(pending_, row);
  pending_ += ",\"name\":";
}

void TraceFile::write_row(const TraceRow &row, int64_t begin, int64_t end) {
  begin_event('M', row.number);
  pending_ += "\"thread_name\",\"args\":{\"name\":";
  append_json_string(pending_, row.name);
  pending_ += "}}";
  for (size_t index = 0; index < row.spans.size(); ++index) {
    const RecordedSpan &span = row.spans[index];
    const int64_t span_begin = std::clamp(span.begin, begin, end);
    const int64_t span_end = span.end == RecordedSpan::open ? end : std::clamp(span.end, begin, end);
    begin_event('X', row.number);
    append_json_string(pending_, span.name);
    pending_ += ",\"ts\":";
    append_microseconds(pending_, span_begin - begin);
    pending_ += ",\"dur\":";
    append_microseconds(pending_, span_end - span_begin);
    pending_ += '}';
    if (pending_.size() >= flush_size) flush();
  }
}

void TraceFile::flush() {
  for (std::string_view rest = pending_; !rest.empty();) {
    const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
    if (written >= 0)
      rest.remove_prefix(static_cast<size_t>(written));
    else if (errno != EINTR)
      fail(Status::io_error, "cannot write the trace file ", path_, ": ", error_text(errno));
  }
  pending_.clear();
}

void TraceFile::close() {
  // Some file systems tell only here that the disk is full.
  if (::close(std::exchange(descriptor_, -1)) != 0 && errno != EINTR)
    fail(Status::io_error, "cannot write the trace file ", path_, ": ", error_text(errno));
}

}  // namespace penstock::core
