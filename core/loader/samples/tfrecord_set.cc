#include "core/loader/samples/tfrecord_set.h"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/base/log.h"
#include "core/io/gzip.h"
#include "core/io/spool.h"
#include "core/io/tf_example.h"
#include "core/io/tfrecord.h"
#include "core/io/utf8.h"
#include "core/loader/samples/field_plan.h"
#include "core/loader/samples/sharded_set.h"
#include "core/loader/samples/source_list.h"
#include "core/loader/saved_index.h"

namespace penstock::core {
namespace {

using Record = TfrecordReader::Record;

// What a compressed file inflates to; nothing where it is not compressed.  By its first bytes, since names lie: those of a file
// that is not are a length and its CRC.
std::optional<File> inflate_records(const std::string &path) {
  File file = File::open(path);
  std::array<std::byte, tfrecord_header_size> start{};
  const auto count = static_cast<size_t>(std::min<uint64_t>(file.size(), start.size()));
  file.read(0, std::span(start).first(count));
  if (count < 2 || begins_like_tfrecord(std::span(start).first(count))) return std::nullopt;
  const auto first = std::to_integer<uint32_t>(start[0]), second = std::to_integer<uint32_t>(start[1]);
  const bool is_gzip = first == 0x1F && second == 0x8B;
  const bool is_zlib = (first & 0x0F) == 8 && (first >> 4) <= 7 && (first * 256 + second) % 31 == 0;
  if (!is_gzip && !is_zlib) return std::nullopt;
  auto packed = std::make_unique<FileStream>(std::move(file));
  const auto inflating = is_gzip ? open_gzip(std::move(packed), limit_of_an_archive, in_quotes(path))
                                 : open_zlib(std::move(packed), limit_of_an_archive, in_quotes(path));
  return spool(*inflating, path);
}

class Tfrecords : public ShardedSet {
 public:
  Tfrecords(const SampleSource &source, const Progress &progress)
      : ShardedSet(list_shards(source, is_tfrecord_file), source.read),
        records_(shard_count()),
        plans_(plan_fields(source.fields)) {
    index_all([&](size_t shard) { return index(shard, source.save_index); }, progress);
    if (plans_.empty()) plan_as_first_record();
  }

 protected:
  void read_sample(Place place, SampleRoom &room, Sample &out) const override;

  std::string sample_address(Place place) const override {
    return text(in_quotes(shard(place.shard).path), ", record ", place.index, " at byte ",
                records_[place.shard][place.index].offset - tfrecord_header_size);
  }

 private:
  Indexed index(size_t shard, bool save);
  void find_records(size_t shard, const std::optional<File> &inflated, std::vector<Error> &failures);
  bool take_saved(size_t shard);
  void save(size_t shard) const;
  void plan_as_first_record();
  void plan_as(std::span<const std::byte> data);
  std::span<const std::byte> read_record(Place place, InflationRoom &room) const;
  void find_features(std::span<const std::byte> data, std::vector<Feature> &features) const;
  void fill(std::span<const Feature> features, SampleRoom &room, Sample &out) const;

  std::vector<std::vector<Record>> records_;  // of each shard
  std::vector<FieldPlan> plans_;
};

// ---------------------------------------------------------------------------------------------------------------------
// Finding the records.

ShardedSet::Indexed Tfrecords::index(size_t number, bool saves) {
  Indexed indexed;
  std::optional<File> inflated = inflate_records(shard(number).path);
  if (!saves || !take_saved(number)) {
    find_records(number, inflated, indexed.failures);
    if (saves && indexed.failures.empty()) save(number);
  }
  if (inflated) set_inflated(number, std::move(*inflated));
  const std::vector<Record> &records = records_[number];
  indexed.sample_count = records.size();
  indexed.digest = XXH3_64bits(records.data(), records.size() * sizeof(Record));
  return indexed;
}

void Tfrecords::find_records(size_t number, const std::optional<File> &inflated, std::vector<Error> &failures) {
  const std::string &path = shard(number).path;
  FileStream stream = inflated ? FileStream(FileStream::Borrowed{*inflated}) : FileStream(File::open(path));
  TfrecordReader reader(stream, in_quotes(path));
  try {
    while (const auto record = reader.next()) records_[number].push_back(*record);
  } catch (const Error &error) {
    failures.push_back(error);
  }
}

bool Tfrecords::take_saved(size_t number) {
  const auto saved = read_saved_index(shard(number), IndexPurpose::samples);
  if (!saved) return false;
  for (const IndexedChunk &chunk : saved->chunks) {
    if (chunk.offset < tfrecord_header_size) return false;
    records_[number].push_back({chunk.offset, chunk.size});
  }
  return true;
}

void Tfrecords::save(size_t number) const {
  ChunkTable table;
  for (const Record &record : records_[number]) table.chunks.push_back({record.offset, record.size, 0, 0, false});
  try_to_save_index(shard(number), IndexPurpose::samples, table);
}

// Of the first records one may be damaged, and be passed over later.
void Tfrecords::plan_as_first_record() {
  constexpr uint64_t most_tries = 16;
  InflationRoom room;
  std::optional<Error> first_failure;
  for (size_t shard = 0, tries = 0; shard < shard_count(); ++shard)
    for (uint64_t index = 0; index < sample_count(shard) && tries < most_tries; ++index, ++tries) try {
        const Place place{shard, index};
        with_address([&] { return sample_address(place); }, [&] { plan_as(read_record(place, room)); });
        return;
      } catch (const Error &error) {
        if (!first_failure) first_failure = error;
      }
  if (first_failure) throw Error(*first_failure);
}

void Tfrecords::plan_as(std::span<const std::byte> data) {
  std::vector<FieldPlan> plans;
  for_each_feature(data, [&](const Feature &feature) {
    std::string name(feature.name);
    const auto count = static_cast<int64_t>(feature.count);
    const Extents shape = count == 1 ? Extents{} : Extents{count};
    std::erase_if(plans, [&](const FieldPlan &plan) { return plan.name == name; });
    if (feature.kind == FeatureKind::floats) {
      plans.push_back(elements_plan(std::move(name), DType::float32, shape));
    } else if (feature.kind == FeatureKind::integers) {
      plans.push_back(elements_plan(std::move(name), DType::int64, shape));
    } else if (feature.kind == FeatureKind::bytes) {
      plans.emplace_back();
      plans.back().name = std::move(name);
    }
  });
  if (plans.empty()) fail(Status::data_error, "it has no features");
  // Encoders write a map in no order of their own.
  std::sort(plans.begin(), plans.end(),
            [](const FieldPlan &one, const FieldPlan &other) { return one.name < other.name; });
  plans_ = std::move(plans);
}

// ---------------------------------------------------------------------------------------------------------------------
// Reading them.

// The header is read and checked again: the file is what it was, but the disk may not be.
std::span<const std::byte> Tfrecords::read_record(Place place, InflationRoom &room) const {
  const Record &record = records_[place.shard][place.index];
  constexpr uint64_t around = tfrecord_header_size + tfrecord_trailer_size;
  if (record.size > UINT64_MAX - around) fail(Status::data_error, "it states ", record.size, " bytes");
  const std::span<const std::byte> bytes =
      read_shard(place.shard, record.offset - tfrecord_header_size, record.size + around, room);
  const uint64_t stated = parse_tfrecord_header(bytes.first<tfrecord_header_size>(), "it");
  if (stated != record.size)
    fail(Status::data_error, "it states ", stated, " bytes of data, when it was indexed it was ", record.size);
  const auto data = bytes.subspan(tfrecord_header_size, static_cast<size_t>(record.size));
  require_tfrecord_data(data, bytes.last<tfrecord_trailer_size>());
  return data;
}

void Tfrecords::find_features(std::span<const std::byte> data, std::vector<Feature> &features) const {
  features.assign(plans_.size(), {});
  for_each_feature(data, [&](const Feature &feature) {
    for (size_t plan = 0; plan < plans_.size(); ++plan)
      if (plans_[plan].name == feature.name) features[plan] = feature;
  });
}

// Throws data_error where a feature is not what was planned.
void require_feature(const Feature &feature, const FieldPlan &plan) {
  const auto fails = [&](const auto &...parts) {
    fail(Status::data_error, "feature ", in_quotes(plan.name), parts...);
  };
  if (feature.kind == FeatureKind::bytes) {
    if (feature.count != 1) fails(" has ", feature.count, " values, expected 1");
    return;
  }
  const DType dtype = feature.kind == FeatureKind::floats ? DType::float32 : DType::int64;
  if (!plan.is_elements) fails(" holds ", kind_name(feature.kind), ", expected bytes");
  if (plan.dtype != dtype) fails(" holds ", kind_name(feature.kind), ", expected ", plan.dtype);
  const uint64_t expected = plan.nbytes / static_cast<uint64_t>(dtype_size(dtype));
  if (feature.count != expected) fails(" has ", feature.count, " values, expected ", expected);
}

void Tfrecords::fill(std::span<const Feature> features, SampleRoom &room, Sample &out) const {
  size_t found = 0, unpacked_nbytes = 0;
  for (size_t plan = 0; plan < plans_.size(); ++plan) {
    const bool is_there = features[plan].kind != FeatureKind::none;
    if (!is_there && !plans_[plan].optional)
      fail(Status::data_error, "there is no feature ", in_quotes(plans_[plan].name));
    if (!is_there) continue;
    require_feature(features[plan], plans_[plan]);
    unpacked_nbytes += feature_nbytes(features[plan]);
    ++found;
  }
  room.packed.grow(unpacked_nbytes, 0);
  std::span<std::byte> rest = room.packed.span();
  out.fields.resize(found);
  size_t filled = 0;
  for (size_t plan = 0; plan < plans_.size(); ++plan) {
    const Feature &feature = features[plan];
    if (feature.kind == FeatureKind::none) continue;
    const std::span<const std::byte> bytes = feature.kind == FeatureKind::bytes    ? only_bytes(feature)
                                             : feature.kind == FeatureKind::floats ? unpack_floats(feature, rest)
                                                                                   : unpack_integers(feature, rest);
    rest = rest.subspan(static_cast<size_t>(feature_nbytes(feature)));
    fill_field(out.fields[filled++], plans_[plan], bytes);
  }
}

void Tfrecords::read_sample(Place place, SampleRoom &room, Sample &out) const {
  thread_local std::vector<Feature> features;
  with_address([&] { return sample_address(place); },
               [&] {
                 find_features(read_record(place, room.bytes), features);
                 fill(features, room, out);
               });
  room.text.assign(shard(place.shard).name).append(":").append(text(place.index));
  out.key = room.text;
}

}  // namespace

bool is_tfrecord_file(std::string_view name) {
  const std::string_view base = name.substr(name.rfind('/') + 1);
  return base.find(".tfrec") != std::string_view::npos;
}

bool begins_like_tfrecord(std::span<const std::byte> start) {
  if (start.size() < tfrecord_header_size) return false;
  try {
    parse_tfrecord_header(start.first<tfrecord_header_size>(), "");
    return true;
  } catch (const Error &) {
    return false;
  }
}

std::unique_ptr<SampleSet> open_tfrecords(const SampleSource &source, const Progress &progress) {
  return std::make_unique<Tfrecords>(source, progress);
}

}  // namespace penstock::core
