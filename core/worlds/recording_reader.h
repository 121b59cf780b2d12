// Reads a recording event by event, and names the place of whatever is wrong with it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/io/file.h"
#include "core/worlds/recording_format.h"

namespace penstock::core {

struct RecordedEvent {
  EventKind kind = EventKind::step;
  uint32_t flags = 0;
  uint64_t offset = 0;                 // of its head in the file
  bool is_damaged = false;             // its own bytes fail their checksum: they are not what was written
  std::span<const std::byte> payload;  // valid until the next is read
};

// Memory beside the header's: that of one event, which lies in the file.
class RecordingReader {
 public:
  // Throws not_found and io_error as File, data_error for what is no recording or damaged in its header.
  explicit RecordingReader(const std::string &path);

  const RecordingHeader &header() const { return header_; }
  const std::string &place() const { return place_; }  // the path, as messages name it
  uint64_t offset() const { return offset_; }
  uint64_t size() const { return file_.size(); }

  // The next event, steps of them having been steps; false where the file ends, be it in the midst of an event.  Throws
  // data_error where its head is damaged, and where something follows the end of the recording.
  bool next(RecordedEvent &event, uint64_t steps);

 private:
  File file_;
  std::string place_;
  RecordingHeader header_;
  uint64_t offset_ = 0;
  bool has_ended_ = false;
  std::vector<std::byte> payload_;
};

}  // namespace penstock::core
