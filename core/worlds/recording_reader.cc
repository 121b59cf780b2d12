#include "core/worlds/recording_reader.h"

#include <array>
#include <cstring>
#include <utility>

#include <xxhash.h>

#include "core/base/error.h"
#include "core/io/little_endian.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

std::vector<std::byte> read_header(const File &file, std::string_view place) {
  std::array<std::byte, recording_prefix_size> prefix;
  const uint64_t size = file.size();
  const auto known = std::min<uint64_t>(size, recording_magic.size());
  file.read(0, std::span(prefix).first(known));
  if (known == 0 || std::memcmp(prefix.data(), recording_magic.data(), known) != 0)
    fail(Status::data_error, place, " is not a recording of worlds: it does not begin as one");
  if (size < prefix.size()) fail(Status::data_error, place, " is cut short in its header: nothing can be replayed");
  file.read(0, prefix);
  if (load_little_endian<uint64_t>(prefix.data() + 16) != XXH3_64bits(prefix.data(), 16))
    fail(Status::data_error, place, " is damaged in its header, before the first step: nothing can be replayed");
  const auto header_size = load_little_endian<uint64_t>(prefix.data() + 8);
  if (header_size > size - prefix.size())
    fail(Status::data_error, place, " is cut short in its header: that has ", header_size,
         " bytes, the rest of the file ", size - prefix.size());
  std::vector<std::byte> header(header_size);
  file.read(prefix.size(), header);
  return header;
}

}  // namespace

RecordingReader::RecordingReader(const std::string &path) : file_(File::open(path)), place_(in_quotes(path)) {
  const std::vector<std::byte> header = read_header(file_, place_);
  header_ = decode_recording_header(header, place_);
  offset_ = recording_prefix_size + header.size();
}

bool RecordingReader::next(RecordedEvent &event, uint64_t steps) {
  const uint64_t rest = file_.size() - offset_;
  if (has_ended_) {
    if (rest != 0) fail(Status::data_error, place_, " has ", rest, " bytes after the end of the recording");
    return false;
  }
  if (rest < event_head_size + checksum_size) return false;
  std::array<std::byte, event_head_size> head;
  file_.read(offset_, head);
  RecordReader record(head, place_);
  const uint32_t kind = record.u32(), flags = record.u32();
  const uint64_t steps_before = record.u64(), size = record.u64(), checksum = record.u64();
  if (checksum != XXH3_64bits(head.data(), event_head_size - checksum_size))
    fail(Status::data_error, place_, " is damaged after ", steps, " steps: what is at byte ", offset_,
         " fails its checksum");
  if (size > rest - event_head_size - checksum_size) return false;
  if (kind < 1 || kind > static_cast<uint32_t>(EventKind::end) || steps_before != steps)
    fail(Status::data_error, place_, " has at byte ", offset_, " an event of kind ", kind, " after ", steps_before,
         " steps: expected a kind of 1 to 6, after ", steps);
  payload_.resize(size + checksum_size);
  file_.read(offset_ + event_head_size, payload_);
  event = {static_cast<EventKind>(kind), flags, offset_, false, std::span(payload_).first(size)};
  event.is_damaged =
      load_little_endian<uint64_t>(payload_.data() + size) != XXH3_64bits_withSeed(payload_.data(), size, checksum);
  has_ended_ = event.kind == EventKind::end;
  offset_ += event_head_size + payload_.size();
  return true;
}

}  // namespace penstock::core
