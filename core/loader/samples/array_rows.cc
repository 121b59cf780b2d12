#include "core/loader/samples/array_rows.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/io/dense_blocks.h"
#include "core/io/npy.h"
#include "core/io/npy_header.h"
#include "core/io/npz.h"
#include "core/io/spool.h"
#include "core/io/utf8.h"
#include "core/loader/samples/field_plan.h"
#include "core/loader/samples/sharded_set.h"
#include "core/loader/samples/source_list.h"

namespace penstock::core {
namespace {

bool is_npz(std::string_view name) { return name.ends_with(".npz"); }
bool is_npy(std::string_view name) { return name.ends_with(".npy"); }

// An array of a file, and where its rows lie.
struct FoundArray {
  FieldPlan row;
  uint64_t length = 0;
  uint64_t offset = 0;
  bool is_spooled = false;
};

// Arrays of one file, as they are found in it.
class ArrayFinder {
 public:
  explicit ArrayFinder(const std::string &path) : path_(path) {}

  // part holds a .npy file as it is; load gives the same array where its rows do not lie there as they are handed out.
  template <typename Load>
  void add(std::string name, const FilePart &part, std::string_view place, const Load &load) {
    std::vector<std::byte> start(static_cast<size_t>(std::min<uint64_t>(part.size, longest_npy_header)));
    part.file.read(part.offset, start);
    const NpyHeader header = parse_npy_header(start, part.size, place);
    const bool is_column_major = header.column_major && header.shape.size() > 1;
    if (is_column_major || header.big_endian)
      add_loaded(std::move(name), load(), place);
    else
      add_array(std::move(name), header.dtype, header.shape, place, part.offset + header.data_offset, false);
  }

  void add_loaded(std::string name, const Tensor &tensor, std::string_view place) {
    if (!spool_) spool_.emplace(path_);
    add_array(std::move(name), tensor.dtype, tensor.shape, place, spool_->size(), true);
    for_each_dense_block(tensor, [&](std::span<const std::byte> block) { spool_->append(block); });
  }

  std::vector<FoundArray> arrays;
  std::optional<File> take_spool() {
    if (!spool_) return std::nullopt;
    return std::move(*spool_).finish();
  }

 private:
  void add_array(std::string name, DType dtype, const Extents &shape, std::string_view place, uint64_t offset,
                 bool is_spooled) {
    if (shape.empty()) fail(Status::data_error, place, " has rank 0: a sample is a row, and it has none");
    FoundArray found;
    found.row = elements_plan(std::move(name), dtype, Extents(shape.data() + 1, shape.size() - 1));
    found.length = static_cast<uint64_t>(shape[0]);
    found.offset = offset;
    found.is_spooled = is_spooled;
    if (!arrays.empty() && arrays.front().length != found.length)
      fail(Status::data_error, place, " has ", found.length, " rows, but array ", in_quotes(arrays.front().row.name),
           " of that file has ", arrays.front().length, ": each sample has one of each");
    arrays.push_back(std::move(found));
  }

  const std::string &path_;
  std::optional<Spool> spool_;
};

class ArrayRows : public ShardedSet {
 public:
  using Find = void (*)(const std::string &path, std::span<const FieldPlan> wanted, ArrayFinder &finder);

  ArrayRows(const SampleSource &source, std::vector<SourceFile> files, Find find, const Progress &progress)
      : ShardedSet(std::move(files), source.read),
        wanted_(plan_fields(source.fields)),
        arrays_(shard_count()),
        spools_(shard_count()) {
    for (const FieldPlan &plan : wanted_)
      if (plan.optional)
        fail(Status::invalid_argument, "field ", in_quotes(plan.name), " is optional: arrays cannot be");
    index_all([&](size_t shard) { return index(shard, find); }, progress);
    require_equal_arrays();
  }

 protected:
  void read_sample(Place place, SampleRoom &room, Sample &out) const override;
  bool locate_sample(Place place, std::vector<StoredField> &out) const override;
  std::string sample_address(Place place) const override {
    return text(in_quotes(shard(place.shard).path), ", row ", place.index);
  }

 private:
  Indexed index(size_t number, Find find);
  void require_equal_arrays() const;
  void require_as_wanted(size_t shard) const;

  const std::vector<FieldPlan> wanted_;
  std::vector<std::vector<FoundArray>> arrays_;            // of each shard
  std::vector<std::unique_ptr<const SampleFile>> spools_;  // null where all rows are read from the shard
};

ShardedSet::Indexed ArrayRows::index(size_t number, Find find) {
  ArrayFinder finder(shard(number).path);
  find(shard(number).path, wanted_, finder);
  if (auto spool = finder.take_spool())
    spools_[number] = std::make_unique<const SampleFile>(std::move(*spool), policy());
  arrays_[number] = std::move(finder.arrays);
  Indexed indexed;
  if (arrays_[number].empty()) return indexed;
  indexed.sample_count = arrays_[number].front().length;
  for (const FoundArray &array : arrays_[number]) indexed.digest = indexed.digest * 31 + array.offset;
  return indexed;
}

void ArrayRows::require_as_wanted(size_t number) const {
  for (size_t index = 0; index < wanted_.size(); ++index) {
    const FieldPlan &wanted = wanted_[index], &found = arrays_[number][index].row;
    if (wanted.is_elements && (wanted.dtype != found.dtype || wanted.shape != found.shape))
      fail(Status::type_mismatch, in_quotes(shard(number).path), " has rows of shape ", found.shape, " of ",
           found.dtype, " in array ", in_quotes(found.name), ", wanted are ", wanted.shape, " of ", wanted.dtype);
  }
}

void ArrayRows::require_equal_arrays() const {
  const std::vector<FoundArray> *first = nullptr;
  for (size_t number = 0; number < shard_count(); ++number) {
    const std::vector<FoundArray> &arrays = arrays_[number];
    if (arrays.empty()) continue;
    require_as_wanted(number);
    if (first == nullptr) first = &arrays;
    const auto is_same = [](const FoundArray &one, const FoundArray &other) {
      return one.row.name == other.row.name && one.row.dtype == other.row.dtype && one.row.shape == other.row.shape;
    };
    if (std::equal(first->begin(), first->end(), arrays.begin(), arrays.end(), is_same)) continue;
    const auto described = [](const FoundArray &array) {
      return text(in_quotes(array.row.name), " ", array.row.shape, " of ", array.row.dtype);
    };
    fail(Status::data_error, in_quotes(shard(number).path), " has arrays with rows ", listed(arrays, described),
         ", the files before it ", listed(*first, described));
  }
}

void ArrayRows::read_sample(Place place, SampleRoom &room, Sample &out) const {
  const std::vector<FoundArray> &arrays = arrays_[place.shard];
  thread_local std::vector<Stretch> of_shard, of_spool;
  of_shard.clear();
  of_spool.clear();
  for (const FoundArray &array : arrays)
    (array.is_spooled ? of_spool : of_shard)
        .push_back({array.offset + place.index * array.row.nbytes, array.row.nbytes, {}});
  if (!of_shard.empty()) read_shard(place.shard, of_shard, room.bytes);
  if (!of_spool.empty()) spools_[place.shard]->read(of_spool, room.packed);
  room.text.assign(shard(place.shard).name).append(":").append(text(place.index));
  out.key = room.text;
  out.fields.resize(arrays.size());
  size_t in_shard = 0, in_spool = 0;
  for (size_t index = 0; index < arrays.size(); ++index)
    fill_field(out.fields[index], arrays[index].row,
               arrays[index].is_spooled ? of_spool[in_spool++].bytes : of_shard[in_shard++].bytes);
}

bool ArrayRows::locate_sample(Place place, std::vector<StoredField> &out) const {
  for (const FoundArray &array : arrays_[place.shard]) {
    const bool is_past_cache = policy().options().page_cache == PageCacheMode::direct;
    const SampleFile *spool = is_past_cache ? nullptr : spools_[place.shard].get();
    const SampleFile *file = array.is_spooled ? spool : open_file(place.shard);
    const uint64_t offset = array.offset + place.index * array.row.nbytes;
    if (!add_stored(out, array.row, file, offset, array.row.nbytes)) return false;
  }
  return true;
}

void find_in_npz(const std::string &path, std::span<const FieldPlan> wanted, ArrayFinder &finder) {
  const Npz npz = Npz::open(path);
  std::vector<std::string> names;
  for (const FieldPlan &plan : wanted) names.push_back(plan.name);
  for (int64_t index = 0; wanted.empty() && index < npz.count(); ++index) names.push_back(npz.name(index));
  if (names.empty()) fail(Status::data_error, in_quotes(path), " has no array in it");
  for (std::string &name : names) {
    const ZipMember *member = npz.find(name);
    if (member == nullptr) fail(Status::data_error, in_quotes(path), " has no array ", in_quotes(name));
    const std::string place = npz.zip().place_of(*member);
    const auto load = [&] { return npz.read(name, {}); };
    if (member->deflated)
      finder.add_loaded(name, load(), place);
    else
      finder.add(name, {npz.zip().file(), npz.zip().find_data(*member), member->size}, place, load);
  }
}

void find_in_npy(const std::string &path, std::span<const FieldPlan> wanted, ArrayFinder &finder) {
  const File file = File::open(path);
  finder.add(wanted.empty() ? "data" : wanted.front().name, {file, 0, file.size()}, in_quotes(path),
             [&] { return load_npy(path, {}); });
}

}  // namespace

std::unique_ptr<SampleSet> open_npz_rows(const SampleSource &source, const Progress &progress) {
  return std::make_unique<ArrayRows>(source, list_shards(source, is_npz), find_in_npz, progress);
}

std::unique_ptr<SampleSet> open_npy_rows(const SampleSource &source, const Progress &progress) {
  if (source.fields.size() > 1)
    fail(Status::invalid_argument, source.fields.size(), " fields are given: a .npy file has one array");
  return std::make_unique<ArrayRows>(source, list_shards(source, is_npy), find_in_npy, progress);
}

}  // namespace penstock::core
