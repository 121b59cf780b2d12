// What a loader of chess games is asked to do: the fields of its stages, as ps_loader_options says them.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/tensor/dtype.h"

namespace penstock::core {

// What becomes of a batch that finds the queue full.
enum class Overflow : int32_t { block = 0, drop_new = 1, keep_newest = 2 };

struct DiffFocus {
  bool on = false;
  double minimum = 1, slope = 0, q_weight = 0, policy_scale = 1;
};

// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding): in the order of the stages; there is one for each loader
struct LoaderOptions {
  // FilePathProvider
  std::vector<std::string> sources;
  bool watch = false;
  bool recursive = true;
  std::string anchor;  // a file's name; those before it are not used; empty: all are
  int64_t path_queue = 16;
  // ChunkSourceLoader
  int32_t source_threads = 1;
  int64_t source_queue = 16;
  bool save_index = false;
  // ShufflingChunkPool
  int64_t pool_size = 100'000;
  int32_t indexing_threads = 1;
  int32_t loading_threads = 4;
  int64_t pool_queue = 16;
  double hanse_threshold = 0;  // 0: off
  double hanse_gamma = 1;
  // ChunkUnpacker
  int32_t unpacking_threads = 1;
  int64_t unpacking_queue = 16;
  double position_rate = 1;
  int64_t position_count = 0;  // 0: off
  DiffFocus diff_focus;
  // ShufflingFrameSampler
  int64_t reservoir_size = 1'000'000;  // 0: positions come in the order of their games
  int64_t sampling_queue = 4;
  // TensorGenerator
  int64_t batch_size = 1024;
  int32_t tensor_threads = 1;
  DType dtype = DType::float32;
  bool drop_last = false;
  int64_t batch_queue = 4;
  Overflow overflow = Overflow::block;
  // the whole
  uint64_t seed = 0;
  int64_t epochs = 0;  // 0: endless
  bool skip_bad = false;
  int64_t bad_limit = 0;                  // how many bad chunks are skipped before one is an error; 0: any number
  double share_begin = 0, share_end = 1;  // which part of the chunks is used, dealt by the seed

  // Called before each piece of work, with its number, on the thread that does it: lets tests disturb the timing.
  std::function<void(uint64_t number)> before_work;
};

// Throws invalid_argument or out_of_range, naming the field, the value and what is expected.
void require_valid(const LoaderOptions &options);

// A number that differs where the options would give other batches from the same chunks; threads and queues do not count.
uint64_t order_fingerprint(const LoaderOptions &options);

}  // namespace penstock::core
