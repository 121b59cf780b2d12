// The chunks there are: found by listing and watching sources, in the order in which they arrived.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/io/folder_watch.h"
#include "core/loader/chunk_index.h"
#include "core/loader/options.h"
#include "core/loader/ordered_queue.h"
#include "core/loader/stage_meter.h"

namespace penstock::core {

// A chunk, or a failure that stands where one would be.
struct ChunkAddress {
  std::shared_ptr<const IndexedFile> file;
  size_t chunk = 0;  // of the file; beyond its chunks come its failures
};

// Any number of threads.
class Catalog {
 public:
  // known: files that arrived before, in this order; they must be there as they were.  fingerprint: that of all files, as
  // they must be; 0 where any will do.
  Catalog(const LoaderOptions &options, std::vector<SourceFile> known, uint64_t fingerprint);
  ~Catalog();
  Catalog(const Catalog &) = delete;
  Catalog &operator=(const Catalog &) = delete;

  // Waits until all that was there at first is indexed, and at least one chunk is; how many there are then, or nothing
  // when the catalog was closed meanwhile.  Throws what went wrong with the sources.
  std::optional<uint64_t> wait_until_indexed();
  ChunkAddress chunk(uint64_t number) const;

  // What has arrived so far, and a number that differs where the files of a catalog that does not watch do.
  std::vector<SourceFile> arrivals(uint64_t chunk_count) const;
  uint64_t fingerprint() const;  // 0 before all is indexed

  void close();  // wakes all that wait, and ends the threads' work

  StageMeter provider_meter, loader_meter;
  QueueFigures path_queue_figures() const { return paths_.figures(); }
  QueueFigures opened_queue_figures() const { return opened_.figures(); }
  struct Counts {
    uint64_t files, indexed, chunks;
  };
  Counts counts() const;

 private:
  void provide();
  void watch_folders();
  void provide_file(SourceFile file);
  void require_known(const std::vector<SourceFile> &listed) const;
  void pass_anchor(std::vector<SourceFile> &listed) const;
  void open();
  void index();
  void collect();
  void append(std::shared_ptr<const IndexedFile> file);
  uint64_t files_provided() const;
  uint64_t compute_fingerprint() const;
  void run(void (Catalog::*work)());
  void fail_with(const Error &error);

  const LoaderOptions &options_;
  const std::vector<SourceFile> known_;
  const uint64_t expected_fingerprint_;
  OrderedQueue<SourceFile> paths_;
  OrderedQueue<std::shared_ptr<IndexedFile>> opened_, indexed_;
  std::optional<FolderWatch> watch_;

  std::map<std::string, uint64_t> provided_;  // by path; the provider's own
  mutable std::mutex mutex_;                  // guards what follows
  std::condition_variable changed_;
  std::vector<std::shared_ptr<const IndexedFile>> files_;
  std::vector<uint64_t> first_chunks_;  // of each file, counted over all
  uint64_t chunk_count_ = 0;
  uint64_t files_found_ = 0;
  uint64_t fingerprint_ = 0;                // of all files, once they are indexed
  std::optional<uint64_t> files_at_first_;  // how many the first listing had
  std::optional<Error> error_;
  bool closed_ = false;

  std::vector<std::thread> threads_;  // the last member: they use the others
};

}  // namespace penstock::core
