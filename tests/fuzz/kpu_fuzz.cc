// What people write for the KPU, hostile: each input is read as a configuration, as a topology and as a program.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/error.h"
#include "core/kpu/config_file.h"
#include "core/kpu/plan.h"
#include "core/kpu/program.h"
#include "core/kpu/topology.h"

namespace {

using namespace penstock::core;

template <typename Read>
void refuse_or_accept(Read read) {
  try {
    read();
  } catch (const Error &) {  // NOLINT(bugprone-empty-catch): a refusal is what is due
  }
}

kpu::Config small_device() {
  kpu::Config config;
  config.rows = config.columns = 4;
  config.main_memory_size = 1 << 16;
  config.scratchpad_size = 1 << 12;
  return config;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  const std::string_view content(reinterpret_cast<const char *>(data), size);
  refuse_or_accept([&] { kpu::parse_config(kpu::config_as_json(kpu::parse_config(content, "input")), "written"); });
  refuse_or_accept([&] {
    for (const kpu::Layer &layer : kpu::parse_topology(content, "input"))
      refuse_or_accept([&] {
        const kpu::Config config = small_device();
        kpu::closed_form(kpu::plan(kpu::gemm_of(layer, 1, config), config), config);
      });
  });
  refuse_or_accept([&] {
    kpu::Device device(small_device());
    kpu::run_program(device, content);
  });
  return 0;
}
