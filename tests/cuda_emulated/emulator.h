// What a test may ask of the emulated devices: exported by the emulated libcore_cuda.so beside ps_plugin_describe().
#pragma once

#include <cstdint>

struct EmulatedCounts {
  int64_t host_waits = 0;  // how often the host waited for a stream
  int64_t copies = 0;      // of dense bytes
};

extern "C" __attribute__((visibility("default"))) void emulated_counts(EmulatedCounts *counts);
