#include "core/io/tf_example.h"

#include <cstring>

#include "core/base/error.h"
#include "core/io/little_endian.h"

namespace penstock::core {
namespace {

enum class WireType : uint32_t { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

// One field of a message.
struct Field {
  uint64_t number;
  WireType type;
  uint64_t value;                    // of a varint
  std::span<const std::byte> bytes;  // of the others
};

class MessageReader {
 public:
  MessageReader(std::span<const std::byte> message, std::string_view what) : rest_(message), what_(what) {}

  bool has_more() const { return !rest_.empty(); }

  uint64_t varint() {
    uint64_t value = 0;
    for (size_t at = 0; at < rest_.size() && at < most_bytes_of_varint; ++at) {
      const auto byte = std::to_integer<uint64_t>(rest_[at]);
      value |= (byte & 0x7F) << (7 * at);
      if ((byte & 0x80) != 0) continue;
      rest_ = rest_.subspan(at + 1);
      return value;
    }
    fail(Status::data_error, "no tf.train.Example: a number of ", what_, " does not end");
  }

  std::span<const std::byte> take(uint64_t count) {
    if (count > rest_.size())
      fail(Status::data_error, "no tf.train.Example: ", what_, " states ", count, " bytes more, has ", rest_.size());
    const auto taken = rest_.first(static_cast<size_t>(count));
    rest_ = rest_.subspan(static_cast<size_t>(count));
    return taken;
  }

  Field next() {
    const uint64_t tag = varint();
    Field field{tag >> 3, static_cast<WireType>(tag & 7), 0, {}};
    if (field.number == 0 || tag > UINT32_MAX)
      fail(Status::data_error, "no tf.train.Example: ", what_, " has a field of number ", field.number);
    switch (field.type) {
      case WireType::varint: field.value = varint(); break;
      case WireType::fixed64: field.bytes = take(8); break;
      case WireType::delimited: field.bytes = take(varint()); break;
      case WireType::fixed32: field.bytes = take(4); break;
      default:
        fail(Status::data_error, "no tf.train.Example: field ", field.number, " of ", what_, " is of wire type ",
             tag & 7, ", which no such message has");
    }
    return field;
  }

 private:
  static constexpr size_t most_bytes_of_varint = 10;
  std::span<const std::byte> rest_;
  std::string_view what_;
};

bool is_message(const Field &field, uint64_t number) {
  return field.number == number && field.type == WireType::delimited;
}

// Varints end at each byte without the highest bit.
uint64_t count_varints(std::span<const std::byte> packed) {
  MessageReader reader(packed, "a list of integers");
  uint64_t count = 0;
  for (; reader.has_more(); ++count) reader.varint();
  return count;
}

uint64_t count_floats(const Field &field) {
  if (field.type == WireType::fixed32) return 1;
  if (field.type != WireType::delimited) return 0;
  if (field.bytes.size() % sizeof(float) != 0)
    fail(Status::data_error, "no tf.train.Example: a list of floats has ", field.bytes.size(), " bytes");
  return field.bytes.size() / sizeof(float);
}

uint64_t count_values(std::span<const std::byte> list, FeatureKind kind) {
  MessageReader reader(list, "a feature's list");
  uint64_t count = 0;
  while (reader.has_more()) {
    const Field field = reader.next();
    if (field.number != 1) continue;
    if (kind == FeatureKind::bytes)
      count += field.type == WireType::delimited ? 1 : 0;
    else if (kind == FeatureKind::floats)
      count += count_floats(field);
    else if (field.type == WireType::varint)
      ++count;
    else if (field.type == WireType::delimited)
      count += count_varints(field.bytes);
  }
  return count;
}

// Of two lists in one feature the last would count, or both where they are of one kind: nobody writes that.
void read_feature(std::span<const std::byte> message, Feature &feature) {
  MessageReader reader(message, "a feature");
  feature.kind = FeatureKind::none;
  feature.list = {};
  feature.count = 0;
  while (reader.has_more()) {
    const Field field = reader.next();
    if (field.type != WireType::delimited || field.number > 3) continue;
    if (feature.kind != FeatureKind::none) fail(Status::data_error, "a feature has two lists of values");
    feature.kind = static_cast<FeatureKind>(field.number);
    feature.list = field.bytes;
    feature.count = count_values(field.bytes, feature.kind);
  }
}

Feature read_entry(std::span<const std::byte> entry) {
  MessageReader reader(entry, "an entry of features");
  Feature feature;
  while (reader.has_more()) {
    const Field field = reader.next();
    if (is_message(field, 1)) feature.name = {reinterpret_cast<const char *>(field.bytes.data()), field.bytes.size()};
    if (is_message(field, 2)) read_feature(field.bytes, feature);
  }
  return feature;
}

}  // namespace

std::string_view kind_name(FeatureKind kind) {
  switch (kind) {
    case FeatureKind::bytes: return "bytes";
    case FeatureKind::floats: return "floats";
    case FeatureKind::integers: return "int64s";
    case FeatureKind::none: break;
  }
  return "nothing";
}

void for_each_feature(std::span<const std::byte> record, FunctionReference<void(const Feature &)> see) {
  MessageReader example(record, "the record");
  while (example.has_more()) {
    const Field part = example.next();
    if (!is_message(part, 1)) continue;
    MessageReader features(part.bytes, "the list of features");
    while (features.has_more()) {
      const Field entry = features.next();
      if (is_message(entry, 1)) see(read_entry(entry.bytes));
    }
  }
}

std::span<const std::byte> only_bytes(const Feature &feature) {
  MessageReader reader(feature.list, "a feature's list");
  while (reader.has_more()) {
    const Field field = reader.next();
    if (is_message(field, 1)) return field.bytes;
  }
  return {};
}

uint64_t feature_nbytes(const Feature &feature) {
  if (feature.kind == FeatureKind::floats) return feature.count * sizeof(float);
  return feature.kind == FeatureKind::integers ? feature.count * sizeof(int64_t) : 0;
}

std::span<const std::byte> unpack_floats(const Feature &feature, std::span<std::byte> room) {
  MessageReader reader(feature.list, "a feature's list");
  const auto nbytes = static_cast<size_t>(feature_nbytes(feature));
  size_t filled = 0;
  while (reader.has_more()) {
    const Field field = reader.next();
    if (field.number != 1 || (field.type != WireType::delimited && field.type != WireType::fixed32)) continue;
    if (field.bytes.size() == nbytes) return field.bytes;
    std::memcpy(room.data() + filled, field.bytes.data(), field.bytes.size());
    filled += field.bytes.size();
  }
  return room.first(filled);
}

std::span<const std::byte> unpack_integers(const Feature &feature, std::span<std::byte> room) {
  MessageReader reader(feature.list, "a feature's list");
  size_t filled = 0;
  const auto keep = [&](uint64_t value) {
    std::memcpy(room.data() + filled, &value, sizeof(value));
    filled += sizeof(value);
  };
  while (reader.has_more()) {
    const Field field = reader.next();
    if (field.number != 1) continue;
    if (field.type == WireType::varint) keep(field.value);
    if (field.type != WireType::delimited) continue;
    MessageReader packed(field.bytes, "a list of integers");
    while (packed.has_more()) keep(packed.varint());
  }
  return room.first(filled);
}

}  // namespace penstock::core
