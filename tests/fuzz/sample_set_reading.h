// Opens a fuzzer's input as the only file of a set of samples, and reads all there is.
#pragma once

#include "core/loader/samples/open_sample_set.h"
#include "tests/fuzz/memory_file.h"

namespace penstock::core {

inline void read_all_samples(SampleFormat format, const void *data, size_t size) {
  const MemoryFile file(data, size);
  SampleSource source;
  source.sources = {file.path()};
  source.format = format;
  constexpr uint64_t most_read = 64;  // samples; those of one file are alike
  read_arrays_or_refuse([&] {
    const auto set = open_sample_set(source);
    SampleRoom room;
    Sample sample;
    for (uint64_t number = 0; number < set->count() && number < most_read; ++number) {
      require(!set->address(number).empty());
      read_arrays_or_refuse([&] {
        set->read(number, room, sample);
        for (const SampleField &field : sample.fields) look_at_all(field.bytes);
      });
    }
  });
}

}  // namespace penstock::core
