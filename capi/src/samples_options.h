// ps_sample_loader_options and its sources, read into what the engine is asked.
#pragma once

#include <penstock/samples.h>

#include "core/base/progress.h"
#include "core/loader/samples/sample_options.h"
#include "core/loader/samples/sample_source.h"

namespace penstock {

struct SampleLoaderRequest {
  core::SampleSource source;
  core::SampleLoaderOptions options;
  core::Progress progress;
};

// Checks what only a C caller can get wrong; the engine judges the rest.
SampleLoaderRequest read_sample_loader_request(int64_t source_count, const char *const *sources,
                                               const ps_sample_loader_options *given);

}  // namespace penstock
