// What sets of samples share whose files hold many: which file a number lies in, and what could not be read of one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/base/function_reference.h"
#include "core/base/progress.h"
#include "core/io/file_list.h"
#include "core/loader/samples/sample_file.h"
#include "core/loader/samples/sample_set.h"

namespace penstock::core {

// The samples of one file after those of another.  Where a file is damaged, those before the damage are there, and behind them
// one more number stands for what is lost: to read it throws what is wrong, so that nothing is dropped in silence.
class ShardedSet : public SampleSet {
 public:
  uint64_t count() const final { return first_samples_.back(); }
  void read(uint64_t number, SampleRoom &room, Sample &out) const final;
  bool locate(uint64_t number, std::vector<StoredField> &out) const final;
  std::string address(uint64_t number) const final;
  uint64_t fingerprint() const final;

 protected:
  // A shard's sample, by its number in the shard.
  struct Place {
    size_t shard;
    uint64_t index;
  };
  struct Indexed {
    uint64_t sample_count = 0;
    uint64_t digest = 0;  // of where the samples lie and what they are called
    std::vector<Error> failures = {};
  };

  ShardedSet(std::vector<SourceFile> shards, const ReadOptions &options);

  // Calls index(shard) once for each, on many threads; what data_error or io_error it throws is a failure of that shard.
  // Throws data_error where no shard has a sample or a failure, and what progress does to cancel.
  void index_all(FunctionReference<Indexed(size_t shard)> index, const Progress &progress);

  size_t shard_count() const { return shards_.size(); }
  const SourceFile &shard(size_t shard) const { return shards_[shard]; }
  uint64_t sample_count(size_t shard) const { return indexed_[shard].sample_count; }
  const ReadPolicy &policy() const { return policy_; }

  // Reads from this file in place of the shard.  Before index_all() returns, each shard by one thread.
  void set_inflated(size_t shard, File file);
  void read_shard(size_t shard, std::span<Stretch> stretches, InflationRoom &room) const;

  // A stretch of the shard alone.
  std::span<std::byte> read_shard(size_t shard, uint64_t offset, uint64_t size, InflationRoom &room) const;

  // The file that read_shard() reads; null where it is opened for each read, or read in whole blocks past the page cache.
  const SampleFile *open_file(size_t shard) const;

  virtual void read_sample(Place place, SampleRoom &room, Sample &out) const = 0;

  // As locate(), which has emptied out.
  virtual bool locate_sample(Place place, std::vector<StoredField> &out) const;
  virtual std::string sample_address(Place place) const = 0;

 private:
  struct FoundPlace {
    Place place;
    const Error *failure;
  };
  FoundPlace find(uint64_t number) const;
  void index_one(size_t shard, FunctionReference<Indexed(size_t shard)> index);
  void keep_open(size_t shard);

  const ReadPolicy policy_;
  const std::vector<SourceFile> shards_;
  std::vector<std::unique_ptr<const SampleFile>> files_;  // null: opened whenever it is read
  std::vector<Indexed> indexed_;
  std::vector<uint64_t> first_samples_;  // of each shard, counted over all; one more for the count
};

// "FILE: SENTENCE" and the like for what a reader of bytes without an address throws.
template <typename Read, typename AddressOf>
void with_address(const AddressOf &address, const Read &read) {
  try {
    read();
  } catch (const Error &error) {
    throw Error(error.status(), text(address(), ": ", error.sentence()));
  }
}

}  // namespace penstock::core
