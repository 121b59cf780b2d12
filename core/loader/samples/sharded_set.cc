#include "core/loader/samples/sharded_set.h"

#include <xxhash.h>

#include <algorithm>
#include <utility>

#include "core/base/thread_pool.h"
#include "core/io/utf8.h"

namespace penstock::core {
namespace {

// A process may have 1024 files open; of a set with more shards the rest are opened whenever they are read.
constexpr size_t most_kept_open = 256;

}  // namespace

ShardedSet::ShardedSet(std::vector<SourceFile> shards, const ReadOptions &options)
    : policy_(options), shards_(std::move(shards)), files_(shards_.size()), indexed_(shards_.size()) {}

void ShardedSet::index_all(FunctionReference<Indexed(size_t shard)> index, const Progress &progress) {
  process_pool().run(
      static_cast<int64_t>(shards_.size()), [&](int64_t shard) { index_one(static_cast<size_t>(shard), index); },
      progress);
  first_samples_.assign(1, 0);
  for (const Indexed &shard : indexed_)
    first_samples_.push_back(first_samples_.back() + shard.sample_count + shard.failures.size());
  if (count() == 0)
    fail(Status::data_error, "there is no sample in ", in_quotes(shards_.front().path),
         shards_.size() > 1 ? text(" and the other ", shards_.size() - 1, " files of the sources") : std::string());
}

void ShardedSet::index_one(size_t shard, FunctionReference<Indexed(size_t shard)> index) {
  try {
    indexed_[shard] = index(shard);
    keep_open(shard);
  } catch (const Error &error) {
    const bool is_of_the_file = error.status() == Status::data_error || error.status() == Status::io_error ||
                                error.status() == Status::not_found;
    if (!is_of_the_file) throw;
    indexed_[shard] = {};
    indexed_[shard].failures.push_back(error);
  }
}

void ShardedSet::keep_open(size_t shard) {
  if (shard < most_kept_open && files_[shard] == nullptr && sample_count(shard) > 0)
    files_[shard] = std::make_unique<const SampleFile>(shards_[shard], policy_);
}

void ShardedSet::set_inflated(size_t shard, File file) {
  files_[shard] = std::make_unique<const SampleFile>(std::move(file), policy_);
}

void ShardedSet::read_shard(size_t shard, std::span<Stretch> stretches, InflationRoom &room) const {
  if (files_[shard] != nullptr)
    files_[shard]->read(stretches, room);
  else
    SampleFile(shards_[shard], policy_).read(stretches, room);
}

std::span<std::byte> ShardedSet::read_shard(size_t shard, uint64_t offset, uint64_t size, InflationRoom &room) const {
  Stretch stretch{offset, size, {}};
  read_shard(shard, {&stretch, 1}, room);
  return stretch.bytes;
}

ShardedSet::FoundPlace ShardedSet::find(uint64_t number) const {
  if (number >= count()) fail(Status::out_of_range, "sample ", number, " is outside 0 to ", count() - 1);
  const auto after = std::upper_bound(first_samples_.begin(), first_samples_.end(), number);
  const auto shard = static_cast<size_t>(after - first_samples_.begin()) - 1;
  const Place place{shard, number - first_samples_[shard]};
  const Indexed &indexed = indexed_[shard];
  if (place.index < indexed.sample_count) return {place, nullptr};
  return {place, &indexed.failures[static_cast<size_t>(place.index - indexed.sample_count)]};
}

void ShardedSet::read(uint64_t number, SampleRoom &room, Sample &out) const {
  const FoundPlace found = find(number);
  if (found.failure != nullptr) throw Error(*found.failure);
  read_sample(found.place, room, out);
}

bool ShardedSet::locate(uint64_t number, std::vector<StoredField> &out) const {
  const FoundPlace found = find(number);
  out.clear();
  return found.failure == nullptr && locate_sample(found.place, out);
}

bool ShardedSet::locate_sample(Place, std::vector<StoredField> &) const { return false; }

const SampleFile *ShardedSet::open_file(size_t shard) const {
  return policy_.options().page_cache == PageCacheMode::direct ? nullptr : files_[shard].get();
}

std::string ShardedSet::address(uint64_t number) const {
  const FoundPlace found = find(number);
  return found.failure != nullptr ? in_quotes(shards_[found.place.shard].path) : sample_address(found.place);
}

// Times are left out: a copy of the files on another machine has others.
uint64_t ShardedSet::fingerprint() const {
  std::string words;
  for (size_t shard = 0; shard < shards_.size(); ++shard)
    append_part(words, text(shards_[shard].name, '\0', shards_[shard].size, ' ', indexed_[shard].sample_count, ' ',
                            indexed_[shard].digest, '\n'));
  return std::max<uint64_t>(XXH3_64bits(words.data(), words.size()), 1);
}

}  // namespace penstock::core
