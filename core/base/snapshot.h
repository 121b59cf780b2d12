// The one container for everything that has a state and can be saved: loader, worlds, model, optimizer, generator.
//
// The bytes, for programs in any language.  Integers are little-endian and unsigned, at any alignment; no padding.
//
//   offset  size  field
//        0     8  magic: 89 50 53 53 4E 41 50 0A ("\x89PSSNAP\n")
//        8     4  container version: 1
//       12     4  version of the kind's own format, from 1
//       16     8  layout hash: the kind's own fingerprint of what its sections mean
//       24     8  size of the whole snapshot, the checksum included
//       32     4  number of sections
//       36     4  length of the kind, 1 to 255
//       40     -  kind
//        -     -  the table, for each section in turn:
//             8     offset of its first byte, counted from the magic
//             8     size in bytes; may be 0
//             4     length of its name, 1 to 255
//             -     name
//        -     -  the sections' bytes: the first begins where the table ends, each other where the one before it ends
//   size-8     8  checksum: XXH3-64, seed 0, of all bytes before it
//
// Kind and names are of the characters 21 to 7E (ASCII without the space); no two sections share a name.  The same
// content so has one form only.  Every later container version keeps the first 32 bytes and the place of the checksum,
// so that an older library can tell a newer snapshot from a damaged one.
//
// A snapshot is data from outside.  The checksum finds accidents, but is no proof against someone who forges one, so
// every field is checked as well.  What a section's bytes mean is for its kind to check.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace penstock::core {

// Puts a snapshot together.  One thread at a time.
class SnapshotWriter {
 public:
  // kind is what the reader will expect, as "worlds"; version counts from 1.  Throws invalid_argument for a kind or a
  // version that the format cannot hold.
  SnapshotWriter(std::string_view kind, uint32_t version, uint64_t layout_hash);

  // Adds a section with a copy of these bytes.  Throws invalid_argument for a name that the format cannot hold or that
  // was added before; then nothing was added.
  void add(std::string_view name, std::span<const std::byte> bytes);

  // The snapshot of what was added so far.
  std::vector<std::byte> finish() const;

 private:
  struct Entry {
    std::string name;
    std::vector<std::byte> bytes;
  };

  std::string kind_;
  uint32_t version_;
  uint64_t layout_hash_;
  std::vector<Entry> entries_;
};

// A snapshot that was found to be whole and of the right kind.  It refers to the bytes it was opened on, which must
// outlive it and what it hands out.  Any number of threads at once.
class SnapshotReader {
 public:
  struct Section {
    std::string_view name;
    std::span<const std::byte> bytes;
  };

  // Checks all that the format says before anything is handed out.  The sections' bytes are not copied; the memory it
  // takes is a table of them, whatever the fields claim less than three times the size of the bytes given.
  //
  // kind            what the snapshot must be of
  // newest_version  the newest version of the kind's format that the caller reads; older ones are let through, and
  //                 version() tells which it is
  // layout_hash     must be the snapshot's
  //
  // Throws data_error, the sentence saying which: not a snapshot, cut short, bytes left over, damaged, of another kind,
  // written by a newer version, of another layout, or a field that breaks the format.
  static SnapshotReader open(std::span<const std::byte> bytes, std::string_view kind, uint32_t newest_version,
                             uint64_t layout_hash);

  uint32_t version() const { return version_; }
  std::span<const Section> sections() const { return sections_; }  // in the order in which they were added

  // The bytes of one section.  Throws not_found naming kind and section.
  std::span<const std::byte> section(std::string_view name) const;

 private:
  SnapshotReader() = default;

  std::string_view kind_;
  uint32_t version_ = 0;
  std::vector<Section> sections_;
};

// Writes the checksum that belongs to all other bytes into the last eight: the last step of finish(), and a means for
// tests and fuzzers to reach what lies behind the checksum.  Fewer than eight bytes are left as they are.
void seal_snapshot(std::span<std::byte> bytes);

}  // namespace penstock::core
