// What a loader of samples has done, for people and programs to read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/loader/samples/assembly_line.h"

namespace penstock::core {

struct SampleLoaderFigures {
  bool is_running = false;
  double seconds = 0;                            // since it was started
  uint64_t epoch = 0, batches_of_epoch = 0;      // handed out in this epoch
  uint64_t batches = 0, samples = 0, bytes = 0;  // handed out
  double waited_seconds = 0;                     // in all calls for a batch
  uint64_t set_samples = 0, bad_samples = 0;
  std::vector<std::string> bad_examples;
  LoadingMode loading_mode = LoadingMode::prefetch;
  const char *pin_memory = "off", *non_blocking = "off";
  std::optional<AssemblyLine::Figures> line;  // of the present epoch, or of the last one that ended
};

// One JSON object in one line; ps_sample_loader_metrics() says what is in it.
std::string as_json(const SampleLoaderFigures &figures);

}  // namespace penstock::core
