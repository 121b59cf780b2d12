// What a loader has done, for people and programs to read.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/loader/catalog.h"
#include "core/loader/stage_figures.h"

namespace penstock::core {

struct LoaderFigures {
  bool is_running = false;
  double seconds = 0;  // since it was started
  uint64_t epoch = 0, batches_of_epoch = 0, chunks_of_epoch = 0;
  uint64_t batches = 0, samples = 0, bytes = 0;  // handed out
  double waited_seconds = 0;                     // in all calls for a batch
  uint64_t bad_chunks = 0;
  std::vector<std::string> bad_samples;
  Catalog::Counts counts{};
  std::vector<StageFigures> stages;
};

// One JSON object in one line; ps_loader_metrics() says what is in it.
std::string as_json(const LoaderFigures &figures);

}  // namespace penstock::core
