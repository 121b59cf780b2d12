#include "core/loader/samples/plain_files.h"

#include <string>
#include <utility>
#include <vector>

#include "core/base/checked.h"
#include "core/base/error.h"
#include "core/io/utf8.h"
#include "core/loader/samples/field_plan.h"
#include "core/loader/samples/sharded_set.h"
#include "core/loader/samples/source_list.h"

namespace penstock::core {
namespace {

bool is_any(std::string_view) { return true; }

class PlainFiles : public ShardedSet {
 public:
  PlainFiles(const SampleSource &source, const Progress &progress)
      : ShardedSet(list_shards(source, is_any), source.read), plan_(plan_of(source.fields)) {
    index_all([](size_t) { return Indexed{1, 0, {}}; }, progress);
  }

 protected:
  void read_sample(Place place, SampleRoom &room, Sample &out) const override {
    const SourceFile &file = shard(place.shard);
    const std::span<const std::byte> bytes = read_shard(place.shard, 0, file.size, room.bytes);
    out.key = file.name;
    out.fields.resize(1);
    with_address([&] { return in_quotes(file.path); }, [&] { fill_field(out.fields[0], plan_, bytes); });
  }

  bool locate_sample(Place place, std::vector<StoredField> &out) const override {
    return add_stored(out, plan_, open_file(place.shard), 0, shard(place.shard).size);
  }

  std::string sample_address(Place place) const override { return in_quotes(shard(place.shard).path); }

 private:
  static FieldPlan plan_of(std::span<const FieldLayout> fields) {
    if (fields.size() > 1)
      fail(Status::invalid_argument, fields.size(), " fields are given: of plain files each is a sample of one");
    std::vector<FieldPlan> plans = plan_fields(fields);
    if (!plans.empty()) return std::move(plans[0]);
    FieldPlan plan;
    plan.name = "bytes";
    return plan;
  }

  const FieldPlan plan_;
};

class Records : public ShardedSet {
 public:
  Records(const SampleSource &source, const Progress &progress)
      : ShardedSet(list_shards(source, is_any), source.read), plans_(plans_of(source.fields)) {
    for (const FieldPlan &plan : plans_) {
      const auto sum = checked_add(record_size_, plan.nbytes);
      if (!sum) fail(Status::invalid_argument, "a record of such fields is larger than every memory");
      record_size_ = *sum;
    }
    if (record_size_ == 0) fail(Status::invalid_argument, "a record of such fields has no bytes");
    index_all([&](size_t number) { return index(shard(number)); }, progress);
  }

 protected:
  void read_sample(Place place, SampleRoom &room, Sample &out) const override {
    std::span<const std::byte> rest = read_shard(place.shard, place.index * record_size_, record_size_, room.bytes);
    room.text.assign(shard(place.shard).name).append(":").append(text(place.index));
    out.key = room.text;
    out.fields.resize(plans_.size());
    for (size_t field = 0; field < plans_.size(); ++field) {
      const auto nbytes = static_cast<size_t>(plans_[field].nbytes);
      fill_field(out.fields[field], plans_[field], rest.first(nbytes));
      rest = rest.subspan(nbytes);
    }
  }

  bool locate_sample(Place place, std::vector<StoredField> &out) const override {
    uint64_t offset = place.index * record_size_;
    for (const FieldPlan &plan : plans_) {
      if (!add_stored(out, plan, open_file(place.shard), offset, plan.nbytes)) return false;
      offset += plan.nbytes;
    }
    return true;
  }

  std::string sample_address(Place place) const override {
    return text(in_quotes(shard(place.shard).path), ", record ", place.index, " at byte ", place.index * record_size_);
  }

 private:
  static std::vector<FieldPlan> plans_of(std::span<const FieldLayout> fields) {
    if (fields.empty())
      fail(Status::invalid_argument, "records need fields: what each is made of, in order, with dtype and shape");
    std::vector<FieldPlan> plans = plan_fields(fields);
    for (const FieldPlan &plan : plans) {
      if (!plan.is_elements)
        fail(Status::invalid_argument, "field ", in_quotes(plan.name), " has no dtype: those of records need one");
      if (plan.optional)
        fail(Status::invalid_argument, "field ", in_quotes(plan.name), " is optional: those of records cannot be");
    }
    return plans;
  }

  Indexed index(const SourceFile &file) const {
    if (file.size % record_size_ != 0)
      fail(Status::data_error, in_quotes(file.path), " has ", file.size, " bytes, no multiple of the ", record_size_,
           " of a record: ", file.size % record_size_, " are left over");
    return {file.size / record_size_, record_size_, {}};
  }

  const std::vector<FieldPlan> plans_;
  uint64_t record_size_ = 0;
};

}  // namespace

std::unique_ptr<SampleSet> open_plain_files(const SampleSource &source, const Progress &progress) {
  return std::make_unique<PlainFiles>(source, progress);
}

std::unique_ptr<SampleSet> open_records(const SampleSource &source, const Progress &progress) {
  return std::make_unique<Records>(source, progress);
}

}  // namespace penstock::core
