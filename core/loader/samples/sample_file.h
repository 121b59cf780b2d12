// A file that samples are read from: whole or in parts at once, and through the page cache or past it.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "core/io/file.h"
#include "core/io/file_list.h"
#include "core/io/gzip.h"
#include "core/loader/samples/sample_source.h"

namespace penstock::core {

// What is wanted of a file, and where its bytes lie once it was read.
struct Stretch {
  uint64_t offset = 0, size = 0;
  std::span<std::byte> bytes;
};

// Bytes of a file, and where they are wanted.
struct Wanted {
  uint64_t offset = 0;
  std::span<std::byte> to;
};

// How the files of one set are read.
class ReadPolicy {
 public:
  // Throws out_of_range for a part_size of 0 or above 2^40, and for max_inflight_parts outside 1 to 1024.
  explicit ReadPolicy(const ReadOptions &options);

  const ReadOptions &options() const { return options_; }
  uint64_t part_size() const { return part_size_; }  // a multiple of what direct reads need

  // Logs, the first time, that a file is read through the page cache though it should not be.
  void log_not_direct(const std::string &path, const std::string &reason) const;

 private:
  ReadOptions options_;
  uint64_t part_size_;
  mutable std::atomic<bool> logged_{false};
};

// Any number of threads.  The policy must outlive it.
class SampleFile {
 public:
  // Opens what was listed.  Throws as File::open() does, and data_error where it has another size or time than it had then.
  SampleFile(const SourceFile &source, const ReadPolicy &policy);

  // Of our own making, as what an archive inflates to: it does not change, and always goes through the page cache.
  SampleFile(File file, const ReadPolicy &policy);

  SampleFile(const SampleFile &) = delete;
  SampleFile &operator=(const SampleFile &) = delete;

  // Reads all stretches into the room, which grows where it must; what it held before is gone.  Bytes of a stretch have no
  // alignment.  Throws data_error where the file has changed, or ends before a stretch does; otherwise io_error.
  void read(std::span<Stretch> stretches, InflationRoom &room) const;

  // Reads all that is wanted straight to its place, in few calls where it lies close together: best in the order of offsets.
  // Throws as the above does, with any of the places written.  Not for files that are read past the page cache.
  void read_to(std::span<const Wanted> wanted) const;

 private:
  struct Block;
  class Gathering;
  void require_unchanged() const;
  void require_inside(const Stretch &stretch) const;
  void begin_direct();
  void read_block(const Block &block) const;
  void read_parts(const Block &block) const;
  void read_once(const Block &block) const;
  void read_gathered(Gathering &gathering) const;
  uint64_t read_count(ssize_t returned, uint64_t at, uint64_t needed) const;
  void leave_direct(int error_number) const;
  void advise(uint64_t offset, uint64_t size, int advice) const;
  void drop(const Stretch &stretch) const;

  const File file_;
  const ReadPolicy &policy_;
  const bool may_change_;
  const int64_t modified_ns_ = 0;
  mutable std::atomic<bool> direct_{false};
};

}  // namespace penstock::core
