// What the tests of the loader of samples share: sets of samples made up in memory, and all bytes of batches.
#pragma once

#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/loader/samples/sample_loader.h"
#include "tests/cpp/engine/io_testing.h"

namespace penstock::core {

inline constexpr std::chrono::milliseconds until_it_comes(-1);

// Sample n has "x", three float32 numbers that tell n, "cls", n in digits, and "txt", n % 5 letters.
class MadeUpSamples : public SampleSet {
 public:
  // Fields of a sample, by name, as bytes; elements where the name is "x".
  using Fields = std::vector<std::pair<std::string, std::string>>;

  explicit MadeUpSamples(uint64_t count) : count_(count) {}

  uint64_t count() const override { return count_; }
  void read(uint64_t number, SampleRoom &room, Sample &out) const override {
    if (before_read) before_read(number);
    const Fields fields = change ? change(number, usual_fields(number)) : usual_fields(number);
    room.text = "key" + std::to_string(number);
    size_t total = 0;
    for (const auto &[name, content] : fields) total += name.size() + content.size();
    room.bytes.grow(total, 0);
    std::span<std::byte> rest = room.bytes.span();
    out.key = room.text;
    out.fields.clear();
    for (const auto &[name, content] : fields) out.fields.push_back(stored(rest, name, content));
  }
  std::string address(uint64_t number) const override { return "made-up sample " + std::to_string(number); }
  uint64_t fingerprint() const override { return fingerprint_; }

  static Fields usual_fields(uint64_t number) {
    const float values[3] = {static_cast<float>(number), static_cast<float>(number) + 0.5F, -1};
    return {{"x", {reinterpret_cast<const char *>(values), sizeof(values)}},
            {"cls", std::to_string(number)},
            {"txt", std::string(number % 5, static_cast<char>('a' + number % 26))}};
  }

  std::function<void(uint64_t number)> before_read;
  std::function<Fields(uint64_t number, Fields usual)> change;
  Extents shape{3};  // of "x"

 private:
  // Copies a text to the front of rest, which then begins behind it.
  static std::span<const std::byte> kept(std::span<std::byte> &rest, const std::string &text) {
    const std::span<std::byte> place = rest.first(text.size());
    std::copy_n(std::as_bytes(std::span(text)).data(), text.size(), place.data());
    rest = rest.subspan(text.size());
    return place;
  }
  SampleField stored(std::span<std::byte> &rest, const std::string &name, const std::string &content) const {
    SampleField field;
    const auto name_bytes = kept(rest, name);
    field.name = {reinterpret_cast<const char *>(name_bytes.data()), name_bytes.size()};
    field.bytes = kept(rest, content);
    field.is_elements = name == "x";
    field.dtype = DType::float32;
    field.shape = {static_cast<int64_t>(content.size() / sizeof(float))};
    return field;
  }

  const uint64_t count_;
  const uint64_t fingerprint_ = 77 + count_;
};

// Opens a set of count samples; prepare may change it.
inline SampleLoader::OpenSet made_up(uint64_t count, std::function<void(MadeUpSamples &)> prepare = {}) {
  return [=](const Progress &) {
    auto set = std::make_unique<MadeUpSamples>(count);
    if (prepare) prepare(*set);
    return set;
  };
}

inline const BatchField &field_named(const SampleBatch &batch, const std::string &name) {
  for (const BatchField &field : batch.fields)
    if (field.name == name) return field;
  throw std::runtime_error("the batch has no field " + name);
}

inline std::vector<int64_t> numbers_in(const Tensor &tensor) {
  const auto *first = reinterpret_cast<const int64_t *>(tensor.data);
  return {first, first + tensor.element_count()};
}

// The samples of a batch, by their numbers.
inline std::vector<int64_t> samples_in(const SampleBatch &batch) { return numbers_in(batch.samples); }

inline std::string bytes_of_batch(const SampleBatch &batch) {
  std::string bytes = text("epoch ", batch.epoch, " batch ", batch.index, int{batch.is_last}, ";");
  for (const BatchField &field : batch.fields) {
    bytes += field.name + row_major_bytes(field.values);
    if (field.offsets) bytes += row_major_bytes(*field.offsets);
  }
  return bytes + row_major_bytes(batch.samples);
}

inline std::string rest_of(SampleLoader &loader) {
  std::string bytes;
  while (const auto batch = loader.next(until_it_comes)) bytes += bytes_of_batch(*batch);
  return bytes;
}

// The samples of an epoch, from where the loader stands to the epoch's end.
inline std::vector<int64_t> epoch_of(SampleLoader &loader) {
  std::vector<int64_t> samples;
  while (const auto batch = loader.next(until_it_comes)) {
    if (batch->size > 0)
      for (const int64_t sample : samples_in(*batch)) samples.push_back(sample);
    if (batch->is_last) break;
  }
  return samples;
}

}  // namespace penstock::core
