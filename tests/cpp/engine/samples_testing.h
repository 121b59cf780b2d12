// What the tests of sets of samples share: opening one in a line, and its samples as strings.
#pragma once

#include <bit>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/loader/samples/open_sample_set.h"
#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {

// A file that tests/data/samples/make_samples.py made.
inline std::string sample_file(const std::string &name) { return std::string(TEST_DATA_DIR "/samples/") + name; }

inline SampleSource source_of(std::vector<std::string> sources, SampleFormat format,
                              std::vector<FieldLayout> fields = {}) {
  SampleSource source;
  source.sources = std::move(sources);
  source.format = format;
  source.fields = std::move(fields);
  return source;
}

inline std::unique_ptr<SampleSet> open_samples(std::vector<std::string> sources, SampleFormat format,
                                               std::vector<FieldLayout> fields = {}) {
  return open_sample_set(source_of(std::move(sources), format, std::move(fields)));
}

struct KeptField {
  std::string name, bytes;
  bool is_elements;
  DType dtype;
  Extents shape;
  friend bool operator==(const KeptField &, const KeptField &) = default;
};
struct KeptSample {
  std::string key;
  std::vector<KeptField> fields;
  friend bool operator==(const KeptSample &, const KeptSample &) = default;
};

inline std::string to_string(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char *>(bytes.data()), bytes.size()};
}

inline KeptSample read_sample(const SampleSet &set, uint64_t number) {
  SampleRoom room;
  Sample sample;
  set.read(number, room, sample);
  KeptSample kept{std::string(sample.key), {}};
  for (const SampleField &field : sample.fields)
    kept.fields.push_back(
        {std::string(field.name), to_string(field.bytes), field.is_elements, field.dtype, field.shape});
  return kept;
}

inline std::vector<KeptSample> read_all(const SampleSet &set) {
  std::vector<KeptSample> samples;
  for (uint64_t number = 0; number < set.count(); ++number) samples.push_back(read_sample(set, number));
  return samples;
}

inline std::vector<std::string> keys_of(const SampleSet &set) {
  std::vector<std::string> keys;
  for (const KeptSample &sample : read_all(set)) keys.push_back(sample.key);
  return keys;
}

// The elements of a field.
template <typename Element>
std::vector<Element> values_of(const KeptField &field) {
  std::vector<Element> values(field.bytes.size() / sizeof(Element));
  std::memcpy(values.data(), field.bytes.data(), values.size() * sizeof(Element));
  return values;
}

}  // namespace penstock::core
