#include "core/loader/options.h"

#include <xxhash.h>

#include <utility>

#include "core/base/error.h"
#include "core/base/thread_pool.h"

namespace penstock::core {
namespace {

constexpr int64_t longest_queue = 1'000'000;
constexpr int64_t largest_reservoir = int64_t{1} << 32;

void require_between(const char *name, int64_t value, int64_t least, int64_t most) {
  if (value < least || value > most)
    fail(Status::out_of_range, name, " is ", value, ": expected ", least, " to ", most);
}

void require_finite(const char *name, double value, double least, double most) {
  if (!(value >= least && value <= most))
    fail(Status::out_of_range, name, " is ", value, ": expected ", least, " to ", most);
}

void require_sources(const LoaderOptions &options) {
  if (options.sources.empty()) fail(Status::invalid_argument, "sources is empty: expected a folder or files to read");
  for (const std::string &source : options.sources) {
    if (source.empty()) fail(Status::invalid_argument, "one of the sources is empty");
    if (source.find("://") != std::string::npos)
      fail(Status::unavailable, "the source ", source, " is no file: this build reads local files only");
  }
}

void require_sampling(const LoaderOptions &options) {
  constexpr double largest = 1e12;
  require_finite("hanse_sampling_threshold", options.hanse_threshold, 0, largest);
  require_finite("hanse_sampling_gamma", options.hanse_gamma, 0, largest);
  if (!(options.position_rate > 0 && options.position_rate <= 1))
    fail(Status::out_of_range, "position_sampling_rate is ", options.position_rate, ": expected above 0, at most 1");
  require_between("position_count", options.position_count, 0, INT64_MAX);
  if (options.position_count > 0 && options.position_rate != 1)
    fail(Status::invalid_argument, "position_count is ", options.position_count, " and position_sampling_rate ",
         options.position_rate, ": only one of them can choose positions");
  const DiffFocus &focus = options.diff_focus;
  require_finite("diff_focus_min", focus.minimum, 0, 1);
  require_finite("diff_focus_slope", focus.slope, 0, largest);
  require_finite("diff_focus_q_weight", focus.q_weight, 0, largest);
  require_finite("diff_focus_policy_scale", focus.policy_scale, 0, largest);
  if (focus.on && focus.q_weight + focus.policy_scale == 0)
    fail(Status::invalid_argument, "diff_focus_q_weight and diff_focus_policy_scale are both 0: their sum divides");
}

}  // namespace

void require_valid(const LoaderOptions &options) {
  require_sources(options);
  const std::pair<const char *, int32_t> threads[] = {{"chunk_source_loader threads", options.source_threads},
                                                      {"indexing_threads", options.indexing_threads},
                                                      {"chunk_loading_threads", options.loading_threads},
                                                      {"chunk_unpacker threads", options.unpacking_threads},
                                                      {"tensor_generator threads", options.tensor_threads}};
  for (const auto &[name, value] : threads) require_between(name, value, 1, ThreadPool::most_threads);
  const std::pair<const char *, int64_t> queues[] = {{"file_path_provider queue_capacity", options.path_queue},
                                                     {"chunk_source_loader queue_capacity", options.source_queue},
                                                     {"shuffling_chunk_pool queue_capacity", options.pool_queue},
                                                     {"chunk_unpacker queue_capacity", options.unpacking_queue},
                                                     {"shuffling_frame_sampler queue_capacity", options.sampling_queue},
                                                     {"tensor_generator queue_capacity", options.batch_queue}};
  for (const auto &[name, value] : queues) require_between(name, value, 1, longest_queue);
  require_between("chunk_pool_size", options.pool_size, 1, INT64_MAX);
  require_between("reservoir_size", options.reservoir_size, 0, largest_reservoir);
  require_between("batch_size", options.batch_size, 1, int64_t{1} << 32);
  require_between("epochs", options.epochs, 0, INT64_MAX);
  require_between("bad_sample_limit", options.bad_limit, 0, INT64_MAX);
  require_sampling(options);
  if (options.dtype != DType::float32 && options.dtype != DType::float16 && options.dtype != DType::bfloat16)
    fail(Status::invalid_argument, "dtype is ", options.dtype, ": expected float32, float16 or bfloat16");
  require_finite("share_begin", options.share_begin, 0, 1);
  require_finite("share_end", options.share_end, 0, 1);
  if (options.share_begin >= options.share_end)
    fail(Status::invalid_argument, "share_begin is ", options.share_begin, ", share_end ", options.share_end,
         ": expected the first below the second");
}

uint64_t order_fingerprint(const LoaderOptions &options) {
  const std::string words =
      text("lc0 1|", options.seed, '|', options.pool_size, '|', options.hanse_threshold, '|', options.hanse_gamma, '|',
           options.position_rate, '|', options.position_count, '|', int{options.diff_focus.on}, '|',
           options.diff_focus.minimum, '|', options.diff_focus.slope, '|', options.diff_focus.q_weight, '|',
           options.diff_focus.policy_scale, '|', options.reservoir_size, '|', options.batch_size, '|', options.dtype,
           '|', int{options.drop_last}, '|', int{options.watch}, '|', int{options.skip_bad}, '|', options.share_begin,
           '|', options.share_end, '|', options.anchor);
  return XXH3_64bits(words.data(), words.size());
}

}  // namespace penstock::core
