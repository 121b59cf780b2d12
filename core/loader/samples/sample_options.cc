#include "core/loader/samples/sample_options.h"

#include <xxhash.h>

#include <cmath>
#include <utility>

#include "core/base/error.h"
#include "core/base/thread_pool.h"

namespace penstock::core {
namespace {

constexpr int64_t largest_batch = int64_t{1} << 32;
constexpr int64_t most_batches_ahead = 65536;

void require_between(const char *name, int64_t value, int64_t least, int64_t most) {
  if (value < least || value > most)
    fail(Status::out_of_range, name, " is ", value, ": expected ", least, " to ", most);
}

void require_share(const char *rank_name, const char *count_name, const Share &share) {
  require_between(count_name, share.count, 1, INT32_MAX);
  require_between(rank_name, share.rank, 0, share.count - 1);
}

bool is_weighted(const SampleLoaderOptions &options) {
  return options.sampler == Sampler::weighted || options.sampler == Sampler::weighted_once;
}

void require_weights(const SampleLoaderOptions &options) {
  if (!is_weighted(options)) {
    if (!options.weights.empty())
      fail(Status::invalid_argument, "weight_count is ", options.weights.size(),
           ", but the sampler is not a weighted one: it would not look at them");
    return;
  }
  if (options.weights.empty()) fail(Status::invalid_argument, "weight_count is 0: a weighted sampler needs weights");
  for (size_t index = 0; index < options.weights.size(); ++index)
    if (!std::isfinite(options.weights[index]) || options.weights[index] < 0)
      fail(Status::invalid_argument, "weights[", index, "] is ", options.weights[index],
           ": expected a finite number, not below 0");
}

void require_fields(const SampleLoaderOptions &options) {
  for (size_t index = 0; index < options.fields.size(); ++index) {
    if (options.fields[index].name.empty()) fail(Status::invalid_argument, "fields[", index, "] has no name");
    for (size_t before = 0; before < index; ++before)
      if (options.fields[before].name == options.fields[index].name)
        fail(Status::invalid_argument, "fields[", before, "] and fields[", index, "] are both named \"",
             options.fields[index].name, "\"");
  }
}

}  // namespace

void require_valid(const SampleLoaderOptions &options) {
  require_fields(options);
  require_weights(options);
  require_between("num_samples", options.num_samples, 0, INT64_MAX);
  if (options.num_samples != 0 && options.sampler == Sampler::sequential)
    fail(Status::invalid_argument, "num_samples is ", options.num_samples,
         ", but the sequential sampler always takes all samples");
  require_share("rank", "world_size", options.distributed);
  require_share("worker_id", "worker_count", options.worker);
  require_share("shard_rank", "shard_world_size", options.shard);
  require_between("batch_size", options.batch_size, 1, largest_batch);
  require_between("epochs", options.epochs, 0, INT64_MAX);
  require_between("num_workers", options.num_workers, 0, ThreadPool::most_threads);
  require_between("prefetch", options.prefetch, 1, most_batches_ahead);
  require_between("collate_buffer_size", options.collate_buffer_size, 0, most_batches_ahead);
  require_between("timeout_ms", options.timeout_ms, 0, INT64_MAX);
  require_between("bad_limit", options.bad_limit, 0, INT64_MAX);
  if (options.auto_tune && options.num_workers == 0)
    fail(Status::invalid_argument, "auto_tune is 1, but num_workers is 0: there are no workers to tune");
  if (options.auto_tune && options.loading_mode == LoadingMode::sequential)
    fail(Status::invalid_argument, "auto_tune is 1, but loading_mode is sequential: nothing runs ahead to be tuned");
  if (!options.decode && options.transforms != nullptr && !options.transforms->steps().empty())
    fail(Status::invalid_argument, "decode is 0, but there are transforms: they need pixels");
}

namespace {

std::string in_words(const ImageStep &step) {
  std::string words = text('|', static_cast<int32_t>(step.kind), ' ', step.height, ' ', step.width, ' ',
                           static_cast<int32_t>(step.filter), ' ', int{step.antialias}, ' ', step.probability, ' ',
                           step.dtype, ' ', int{step.scale_levels}, ' ', step.channels);
  const auto append_all = [&](const auto &numbers) {
    for (const auto number : numbers) words += text(' ', number);
  };
  append_all(step.padding);
  append_all(step.fill);
  append_all(step.scale);
  append_all(step.ratio);
  append_all(step.mean);
  append_all(step.standard_deviation);
  return words;
}

}  // namespace

uint64_t order_fingerprint(const SampleLoaderOptions &options) {
  const auto number = [](auto value) { return static_cast<int64_t>(value); };
  std::string words =
      text("samples 1|", number(options.sampler), '|', int{options.drop_last}, '|', options.seed, '|',
           options.generator_seed, '|', options.num_samples, '|', options.distributed.rank, '/',
           options.distributed.count, '|', options.worker.rank, '/', options.worker.count, '|', options.shard.rank, '/',
           options.shard.count, '|', options.batch_size, '|', number(options.colour), '|', int{options.decode}, '|',
           int{options.apply_orientation}, '|', int{options.scaled_decode}, '|', number(options.memory_format), '|',
           int{options.skip_bad}, '|', XXH3_64bits(options.weights.data(), options.weights.size() * sizeof(double)));
  for (const WantedField &field : options.fields) words += text('|', field.name, '/', int{field.optional});
  if (options.transforms != nullptr)
    for (const ImageStep &step : options.transforms->steps()) words += in_words(step);
  return XXH3_64bits(words.data(), words.size());
}

}  // namespace penstock::core
