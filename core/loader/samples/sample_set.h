// Where samples come from: a set of them in storage, of which any can be read by its number.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/gzip.h"
#include "core/tensor/dtype.h"
#include "core/tensor/extents.h"

namespace penstock::core {

// One field of a sample, as it lies in storage.
struct SampleField {
  std::string_view name;             // a member's ending ("jpg", "cls"), a feature's or an array's name
  std::span<const std::byte> bytes;  // an encoded file, or elements
  bool is_elements = false;          // bytes are elements of dtype in row-major order of shape, little endian
  DType dtype = DType::uint8;
  Extents shape;
};

// What one thread reads samples into, again and again: fields point into its memory until the next read.
struct SampleRoom {
  InflationRoom bytes;
  InflationRoom packed;
  std::string text;
};

struct Sample {
  std::string_view key;  // a group's or a file's name, in the room
  std::vector<SampleField> fields;
};

struct FieldPlan;
class SampleFile;

// A field that lies in a file byte by byte as it is handed out.  The set owns what it points to.
struct StoredField {
  const FieldPlan *plan;
  const SampleFile *file;
  uint64_t offset, size;
};

// Any number of threads.  What a set says never changes while it is open.
class SampleSet {
 public:
  SampleSet() = default;
  SampleSet(const SampleSet &) = delete;
  SampleSet &operator=(const SampleSet &) = delete;
  virtual ~SampleSet() = default;

  virtual uint64_t count() const = 0;

  // The fields of the sample of a number below count().  Throws data_error, io_error or not_found with its address and
  // what is wrong: bytes cut short, a wrong checksum, a file that has changed since the set was opened.
  virtual void read(uint64_t number, SampleRoom &room, Sample &out) const = 0;

  // Says where all fields of a sample lie, so that they can be read straight to where they are wanted.  False, and out in any
  // state, where they have to be read() first: to be decoded, or because something is wrong, which read() then says.
  virtual bool locate(uint64_t number, std::vector<StoredField> &out) const;

  // Where a sample lies, for messages: file, member, offset.
  virtual std::string address(uint64_t number) const = 0;

  // Equal for equal samples in equal order, whatever the folder they lie in: names, sizes, times, offsets.
  virtual uint64_t fingerprint() const = 0;

  // Of directory-per-class images, the names in the order of their numbers; otherwise empty.
  virtual std::span<const std::string> class_names() const { return {}; }
};

inline bool SampleSet::locate(uint64_t, std::vector<StoredField> &) const { return false; }

}  // namespace penstock::core
