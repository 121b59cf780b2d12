// A plug-in as small as one can be.  The definitions SAMPLE_* each make one thing about it wrong; see CMakeLists.txt.
#include "tests/plugins/sample_plugin.h"

#include <atomic>

#include "core/base/plugin.h"

#ifndef SAMPLE_ENGINE_VERSION
#define SAMPLE_ENGINE_VERSION PENSTOCK_VERSION
#endif
#ifndef SAMPLE_MAGIC
#define SAMPLE_MAGIC penstock::core::plugin_magic
#endif
#ifndef SAMPLE_INTERFACE
#define SAMPLE_INTERFACE penstock::core::plugin_interface_version
#endif
#ifndef SAMPLE_STRUCT_SIZE
#define SAMPLE_STRUCT_SIZE sizeof(penstock::core::PluginDescription)
#endif

#ifdef SAMPLE_CALLS_MISSING_FUNCTION
int32_t function_that_no_library_has(int32_t number);
#endif

namespace {

std::atomic<int32_t> times_described{0};

int32_t twice(int32_t number) {
#ifdef SAMPLE_CALLS_MISSING_FUNCTION
  return function_that_no_library_has(number);
#else
  return 2 * number;
#endif
}

[[maybe_unused]] constexpr SampleFunctions functions{twice, [] { return times_described.load(); }};

[[maybe_unused]] constexpr penstock::core::PluginDescription description{
    SAMPLE_MAGIC, SAMPLE_STRUCT_SIZE, SAMPLE_INTERFACE, SAMPLE_ENGINE_VERSION, SAMPLE_NAME, &functions};

}  // namespace

#ifndef SAMPLE_WITHOUT_ENTRY
const penstock::core::PluginDescription *ps_plugin_describe() {
  ++times_described;
#ifdef SAMPLE_DESCRIBES_NOTHING
  return nullptr;
#else
  return &description;
#endif
}
#endif
