// What the sample plug-ins offer.
#pragma once

#include <cstdint>

struct SampleFunctions {
  int32_t (*twice)(int32_t number);
  int32_t (*times_described)();  // how often ps_plugin_describe() was called in this process
};
