// What a loader of samples is asked to do, as ps_sample_loader_options says it; where the samples lie is a SampleSource.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/image/image.h"
#include "core/image/transform.h"
#include "core/tensor/device.h"

namespace penstock::core {

// The same numbers as in the C ABI.
enum class Sampler : int32_t { sequential = 0, shuffle = 1, replacement = 2, weighted = 3, weighted_once = 4 };
enum class LoadingMode : int32_t { prefetch = 0, sequential = 1, streaming = 2, async_pool = 3 };
enum class MemoryFormat : int32_t { automatic = 0, channels_first = 1, channels_last = 2 };
enum class Choice : int32_t { off = 0, on = 1, automatic = 2 };

// The place of one among several who share the work.
struct Share {
  int32_t rank = 0;
  int32_t count = 1;
};

// A field of the batches.
struct WantedField {
  std::string name;
  bool optional = false;  // a sample may lack it
};

// What a test may disturb: called on the thread that is about to do it.
struct SampleLoaderSeam {
  std::function<void(uint64_t place)> before_read;  // of the sample at a place of this loader's epoch
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of the header; there is one for each loader
struct SampleLoaderOptions {
  std::vector<WantedField> fields;  // none: those of the first sample
  // the order
  Sampler sampler = Sampler::sequential;
  bool drop_last = false;
  uint64_t seed = 0;
  uint64_t generator_seed = 0;
  int64_t num_samples = 0;  // 0: as many as the set has
  std::vector<double> weights;
  Share distributed;  // every count-th place of the order
  Share worker;       // the same, of what is left
  Share shard;        // a stretch of the set
  // batches
  int64_t batch_size = 1;
  int64_t epochs = 0;  // 0: endless
  std::shared_ptr<const ImageTransforms> transforms;
  ImageColour colour = ImageColour::rgb;
  bool decode = true;
  bool apply_orientation = false;
  bool scaled_decode = false;
  MemoryFormat memory_format = MemoryFormat::automatic;
  // the work
  int32_t num_workers = 1;  // 0: who asks for a batch
  int32_t prefetch = 2;
  int32_t collate_buffer_size = 0;  // 0: chosen
  bool persistent_workers = true;
  LoadingMode loading_mode = LoadingMode::prefetch;
  bool auto_tune = false;
  uint64_t memory_limit = 0;  // 0: chosen
  int64_t timeout_ms = 0;     // 0: for ever
  // where
  Choice pin_memory = Choice::off;
  Choice non_blocking = Choice::off;
  Device device = {};
  // faults
  bool skip_bad = false;
  int64_t bad_limit = 0;  // 0: any number

  SampleLoaderSeam seam;
};

// Throws invalid_argument or out_of_range, naming the field, the value and what is expected.
void require_valid(const SampleLoaderOptions &options);

// A number that differs where the options would give other batches from the same set; reading, workers and memory do not
// count.
uint64_t order_fingerprint(const SampleLoaderOptions &options);

}  // namespace penstock::core
