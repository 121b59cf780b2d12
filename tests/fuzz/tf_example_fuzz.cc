// Any bytes are either refused as a tf.train.Example or give features with as many values as they say.
#include <cstdint>
#include <vector>

#include "core/io/tf_example.h"
#include "tests/fuzz/memory_stream.h"

using namespace penstock::core;

namespace {

void read_values(const Feature &feature, std::span<const std::byte> record) {
  // A value takes a byte at least, so that nothing small asks for much memory.
  if (feature.count > record.size()) std::abort();
  std::vector<std::byte> room(feature_nbytes(feature));
  const auto is_inside = [&](std::span<const std::byte> bytes) {
    return bytes.empty() ||
           (bytes.data() >= record.data() && bytes.data() + bytes.size() <= record.data() + record.size());
  };
  if (feature.kind == FeatureKind::bytes && !is_inside(only_bytes(feature))) std::abort();
  if (feature.kind == FeatureKind::floats && unpack_floats(feature, room).size() != room.size()) std::abort();
  if (feature.kind == FeatureKind::integers && unpack_integers(feature, room).size() != room.size()) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const auto record = std::as_bytes(std::span(data, size));
  read_or_refuse([&] { for_each_feature(record, [&](const Feature &feature) { read_values(feature, record); }); });
  return 0;
}
