#include "core/loader/samples/webdataset.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <map>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/io/utf8.h"
#include "core/loader/chunk_index.h"
#include "core/loader/samples/field_plan.h"
#include "core/loader/samples/sharded_set.h"
#include "core/loader/samples/source_list.h"

namespace penstock::core {
namespace {

// By what it begins with, as tarfile does: names lie.
FileKind kind_of_archive(const std::string &path) {
  const File file = File::open(path);
  std::array<std::byte, 4> start{};
  file.read(0, std::span(start).first(static_cast<size_t>(std::min<uint64_t>(file.size(), start.size()))));
  if (start[0] == std::byte{0x1F} && start[1] == std::byte{0x8B}) return FileKind::tar_gzip;
  constexpr std::array zstd_magic{std::byte{0x28}, std::byte{0xB5}, std::byte{0x2F}, std::byte{0xFD}};
  return start == zstd_magic ? FileKind::tar_zstd : FileKind::tar;
}

// The webdataset library lowers the letters of fields, not those of keys.
std::string lowered(std::string_view field) {
  std::string lower(field);
  for (char &letter : lower)
    if (letter >= 'A' && letter <= 'Z') letter = static_cast<char>(letter - 'A' + 'a');
  return lower;
}

class Webdataset : public ShardedSet {
 public:
  Webdataset(const SampleSource &source, const Progress &progress)
      : ShardedSet(list_shards(source, is_webdataset_shard), source.read),
        plans_(plan_fields(source.fields)),
        shards_(shard_count()) {
    index_all([&](size_t shard) { return index(shard, source.save_index); }, progress);
    name_fields();
  }

 protected:
  void read_sample(Place place, SampleRoom &room, Sample &out) const override;
  bool locate_sample(Place place, std::vector<StoredField> &out) const override;
  std::string sample_address(Place place) const override;

 private:
  static constexpr uint32_t not_wanted = UINT32_MAX;

  struct Shard {
    std::unique_ptr<IndexedFile> file;
    std::vector<uint32_t> members;       // of the archive, those that belong to samples
    std::vector<uint32_t> fields;        // of each of them, the number of its plan, or not_wanted
    std::vector<uint32_t> first_member;  // of each sample, in members; one more for the end
  };

  struct FoundMember {
    const IndexedChunk *chunk = nullptr;
    size_t stretch = 0;
  };

  // Of a sample: for each plan its member, if there is one, and the number of the stretch that it lies in.
  struct Gathered {
    std::vector<FoundMember> members;
    std::vector<Stretch> stretches;
    size_t found = 0;
  };

  Indexed index(size_t shard, bool save);
  static void group(Shard &shard);
  void name_fields();
  void plan_as_first_sample();
  WebdatasetName name_of(const Shard &shard, size_t member) const {
    return *split_webdataset_name(shard.file->member_name(chunk(shard, member)));
  }
  static const IndexedChunk &chunk(const Shard &shard, size_t member) {
    return shard.file->chunks()[shard.members[member]];
  }
  void require_no_twin(const Shard &shard, size_t first, size_t member) const;
  void gather(const Shard &shard, uint64_t sample, Gathered &out) const;
  void require_all(Place place, const Gathered &gathered) const;

  std::vector<FieldPlan> plans_;  // what is wanted
  std::vector<Shard> shards_;
};

// ---------------------------------------------------------------------------------------------------------------------
// Finding the samples.

ShardedSet::Indexed Webdataset::index(size_t number, bool save) {
  Shard &shard = shards_[number];
  const SourceFile &source = this->shard(number);
  shard.file = std::make_unique<IndexedFile>(source, kind_of_archive(source.path), IndexPurpose::samples);
  shard.file->open();
  shard.file->index(save);
  if (auto inflated = shard.file->take_inflated()) set_inflated(number, std::move(*inflated));
  group(shard);
  Indexed indexed;
  indexed.sample_count = shard.first_member.size() - 1;
  indexed.failures = shard.file->failures();
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  for (const uint32_t member : shard.members) {
    const IndexedChunk &chunk = shard.file->chunks()[member];
    const std::string_view name = shard.file->member_name(chunk);
    const std::array numbers{chunk.offset, chunk.size, uint64_t{chunk.name_size}};
    XXH3_64bits_update(&state, numbers.data(), sizeof(numbers));
    XXH3_64bits_update(&state, name.data(), name.size());
  }
  indexed.digest = XXH3_64bits_digest(&state);
  return indexed;
}

// Only members that follow each other are of one sample, as in the webdataset library: where two samples' members are
// interleaved, each run is a sample of its own.
void Webdataset::group(Shard &shard) {
  const std::vector<IndexedChunk> &chunks = shard.file->chunks();
  if (chunks.size() > UINT32_MAX) fail(Status::data_error, "more than ", UINT32_MAX, " members in one archive");
  std::string_view key;
  for (size_t member = 0; member < chunks.size(); ++member) {
    const auto name = split_webdataset_name(shard.file->member_name(chunks[member]));
    if (!name) continue;
    if (shard.members.empty() || name->key != key) {
      shard.first_member.push_back(static_cast<uint32_t>(shard.members.size()));
      key = name->key;
    }
    shard.members.push_back(static_cast<uint32_t>(member));
  }
  shard.first_member.push_back(static_cast<uint32_t>(shard.members.size()));
}

// Without fields of the user's those of the first sample are wanted, from all.
void Webdataset::plan_as_first_sample() {
  const auto first =
      std::find_if(shards_.begin(), shards_.end(), [](const Shard &shard) { return !shard.members.empty(); });
  if (first == shards_.end()) return;
  for (size_t member = 0; member < first->first_member[1]; ++member) {
    std::string name = lowered(name_of(*first, member).field);
    const auto is_known = [&](const FieldPlan &plan) { return plan.name == name; };
    if (std::any_of(plans_.begin(), plans_.end(), is_known)) continue;
    FieldPlan plan;
    plan.name = std::move(name);
    plans_.push_back(std::move(plan));
  }
}

void Webdataset::name_fields() {
  if (plans_.empty()) plan_as_first_sample();
  std::map<std::string, uint32_t, std::less<>> number_of_name;
  for (size_t plan = 0; plan < plans_.size(); ++plan) number_of_name[plans_[plan].name] = static_cast<uint32_t>(plan);
  for (Shard &shard : shards_) {
    shard.fields.reserve(shard.members.size());
    for (size_t member = 0; member < shard.members.size(); ++member) {
      const std::string_view field = name_of(shard, member).field;
      auto found = number_of_name.find(field);
      if (found == number_of_name.end()) found = number_of_name.find(lowered(field));
      shard.fields.push_back(found == number_of_name.end() ? not_wanted : found->second);
    }
  }
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading them.

std::string Webdataset::sample_address(Place place) const {
  const Shard &shard = shards_[place.shard];
  const size_t first = shard.first_member[place.index];
  return text(in_quotes(this->shard(place.shard).path), ", sample ", in_quotes(name_of(shard, first).key), " at byte ",
              chunk(shard, first).offset);
}

// Two members of one name in a sample: one of them would be lost.
void Webdataset::require_no_twin(const Shard &shard, size_t first, size_t member) const {
  const std::string field = lowered(name_of(shard, member).field);
  for (size_t other = first; other < member; ++other)
    if (lowered(name_of(shard, other).field) == field)
      fail(Status::data_error, shard.file->place(chunk(shard, member)), " has field ", in_quotes(field),
           " of a sample that has it from ", shard.file->place(chunk(shard, other)), " already");
}

// The member of each plan's field, and where they lie: one stretch where they are close together, as they mostly are, since
// only a header and padding stand between two.
void Webdataset::gather(const Shard &shard, uint64_t sample, Gathered &out) const {
  constexpr uint64_t largest_gap = uint64_t{16} << 10;
  const size_t first = shard.first_member[sample], end = shard.first_member[sample + 1];
  out.members.assign(plans_.size(), {});
  out.stretches.clear();
  out.found = 0;
  for (size_t member = first; member < end; ++member) {
    const uint32_t plan = shard.fields[member];
    if (plan == not_wanted) continue;
    if (out.members[plan].chunk != nullptr) require_no_twin(shard, first, member);
    const IndexedChunk &found = chunk(shard, member);
    const bool is_near = !out.stretches.empty() && found.offset >= out.stretches.back().offset &&
                         found.offset - (out.stretches.back().offset + out.stretches.back().size) <= largest_gap;
    if (is_near)
      out.stretches.back().size = found.offset + found.size - out.stretches.back().offset;
    else
      out.stretches.push_back({found.offset, found.size, {}});
    out.members[plan] = {&found, out.stretches.size() - 1};
    ++out.found;
  }
}

void Webdataset::require_all(Place place, const Gathered &gathered) const {
  if (gathered.found == plans_.size()) return;
  const Shard &shard = shards_[place.shard];
  const size_t first = shard.first_member[place.index], end = shard.first_member[place.index + 1];
  for (size_t plan = 0; plan < plans_.size(); ++plan)
    if (gathered.members[plan].chunk == nullptr && !plans_[plan].optional)
      fail(Status::data_error, sample_address(place), " has no member for field ", in_quotes(plans_[plan].name),
           ": it has ", listed(std::span(shard.members).subspan(first, end - first), [&](uint32_t member) {
             return in_quotes(shard.file->member_name(shard.file->chunks()[member]));
           }));
}

void Webdataset::read_sample(Place place, SampleRoom &room, Sample &out) const {
  const Shard &shard = shards_[place.shard];
  thread_local Gathered gathered;
  gather(shard, place.index, gathered);
  require_all(place, gathered);
  read_shard(place.shard, gathered.stretches, room.bytes);
  out.key = name_of(shard, shard.first_member[place.index]).key;
  out.fields.resize(gathered.found);
  size_t filled = 0;
  for (size_t plan = 0; plan < plans_.size(); ++plan) {
    const FoundMember &found = gathered.members[plan];
    if (found.chunk == nullptr) continue;
    const Stretch &stretch = gathered.stretches[found.stretch];
    const auto bytes = stretch.bytes.subspan(static_cast<size_t>(found.chunk->offset - stretch.offset),
                                             static_cast<size_t>(found.chunk->size));
    with_address([&] { return shard.file->place(*found.chunk); },
                 [&] { fill_field(out.fields[filled++], plans_[plan], bytes); });
  }
}

bool Webdataset::locate_sample(Place place, std::vector<StoredField> &out) const {
  const Shard &shard = shards_[place.shard];
  thread_local Gathered gathered;
  gather(shard, place.index, gathered);
  if (gathered.found != plans_.size()) return false;
  for (size_t plan = 0; plan < plans_.size(); ++plan) {
    const IndexedChunk &found = *gathered.members[plan].chunk;
    if (!add_stored(out, plans_[plan], open_file(place.shard), found.offset, found.size)) return false;
  }
  return true;
}

}  // namespace

std::optional<WebdatasetName> split_webdataset_name(std::string_view name) {
  const std::string_view first_part = name.substr(0, name.find('/'));
  if (first_part.size() >= 4 && first_part.starts_with("__") && first_part.ends_with("__")) return std::nullopt;
  const size_t base = name.rfind('/') + 1;  // 0 where there is no folder
  const size_t dot = name.find('.', base);
  if (dot == std::string_view::npos) return std::nullopt;
  if (dot > base) return WebdatasetName{name.substr(0, dot), name.substr(dot + 1)};
  // A name that begins with a dot has its folder for a key, if that has none: so the library's pattern comes out.
  if (base == 0) return std::nullopt;
  const std::string_view folders = name.substr(0, base - 1);
  const std::string_view folder = folders.substr(folders.rfind('/') + 1);
  if (folder.find('.') != std::string_view::npos) return std::nullopt;
  return WebdatasetName{name.substr(0, base), name.substr(base + 1)};
}

bool is_webdataset_shard(std::string_view name) { return kind_of_file(name) >= FileKind::tar; }

std::unique_ptr<SampleSet> open_webdataset(const SampleSource &source, const Progress &progress) {
  return std::make_unique<Webdataset>(source, progress);
}

}  // namespace penstock::core
