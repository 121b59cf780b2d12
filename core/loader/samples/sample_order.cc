#include "core/loader/samples/sample_order.h"

#include <algorithm>
#include <span>

#include "core/base/error.h"

namespace penstock::core {
namespace {

__extension__ using uint128 = unsigned __int128;

// Where the part of that rank begins, of a whole that is cut into equal parts, or as nearly so as can be.
uint64_t part_begin(uint64_t whole, uint64_t rank, uint64_t parts) {
  return static_cast<uint64_t>(uint128{whole} * rank / parts);
}

std::span<const double> weights_of(const SampleLoaderOptions &options, uint64_t first, uint64_t count) {
  return std::span(options.weights).subspan(first, count);
}

uint64_t count_of(const Share &share) { return static_cast<uint64_t>(share.count); }
uint64_t rank_of(const Share &share) { return static_cast<uint64_t>(share.rank); }

}  // namespace

SampleOrder::SampleOrder(const SampleLoaderOptions &options, uint64_t set_count) : options_(options) {
  const uint64_t shard = rank_of(options.shard), shards = count_of(options.shard);
  first_ = part_begin(set_count, shard, shards);
  count_ = part_begin(set_count, shard + 1, shards) - first_;
  const auto wanted = static_cast<uint64_t>(options.num_samples);
  draws_ = wanted == 0 ? count_ : part_begin(wanted, shard + 1, shards) - part_begin(wanted, shard, shards);
  require_drawable(set_count);
  share_count_ = count_of(options.distributed) * count_of(options.worker);
  share_ = rank_of(options.distributed) + rank_of(options.worker) * count_of(options.distributed);
  size_ = draws_ <= share_ ? 0 : (draws_ - share_ - 1) / share_count_ + 1;
  if (options.sampler == Sampler::weighted && draws_ > 0) aliases_.emplace(weights_of(options, first_, count_));
}

void SampleOrder::require_drawable(uint64_t set_count) {
  if (set_count == 0) fail(Status::data_error, "the sources have no samples");
  const std::vector<double> &weights = options_.weights;
  if (!weights.empty() && weights.size() != set_count)
    fail(Status::invalid_argument, "weight_count is ", weights.size(), ", but the set has ", set_count, " samples");
  uint64_t drawable = count_;
  if (!weights.empty()) {
    const auto own = weights_of(options_, first_, count_);
    drawable = static_cast<uint64_t>(std::count_if(own.begin(), own.end(), [](double weight) { return weight > 0; }));
  }
  if (drawable == 0 && draws_ > 0)
    fail(Status::invalid_argument, "no sample can be drawn from the samples ", first_, " to ", first_ + count_,
         weights.empty() ? ": the shard has none" : ": all their weights are 0");
  const bool draws_once = options_.sampler == Sampler::shuffle || options_.sampler == Sampler::weighted_once;
  if (options_.sampler == Sampler::weighted_once && options_.num_samples == 0) draws_ = drawable;
  if (draws_once && draws_ > drawable)
    fail(Status::invalid_argument, "num_samples is ", options_.num_samples, " without replacement, but of ", set_count,
         " samples only ", drawable, options_.shard.count > 1 ? " of this shard" : "", " can be drawn");
}

std::shared_ptr<const SampleOrder::Epoch> SampleOrder::epoch(uint64_t number) const {
  const std::lock_guard lock(mutex_);
  if (last_ == nullptr || last_number_ != number) {
    last_.reset(new Epoch(*this, number));
    last_number_ = number;
  }
  return last_;
}

// A stream of its own for each use and each epoch.
SampleOrder::Epoch::Epoch(const SampleOrder &order, uint64_t epoch)
    : order_(order),
      stream_{random_u64({order.options_.seed, static_cast<uint64_t>(order.options_.sampler)}, epoch),
              static_cast<uint64_t>(order.options_.sampler)} {
  const SampleLoaderOptions &options = order.options_;
  if (options.sampler == Sampler::shuffle) permutation_.emplace(stream_, order.count_);
  if (options.sampler == Sampler::weighted_once)
    drawn_ = draw_once_each(weights_of(options, order.first_, order.count_), order.draws_, stream_);
}

uint64_t SampleOrder::Epoch::operator()(uint64_t place) const {
  const uint64_t in_all = order_.place_in_all(place);
  switch (order_.options_.sampler) {
    case Sampler::sequential: break;
    case Sampler::shuffle: return order_.first_ + (*permutation_)(in_all);
    case Sampler::replacement: return order_.first_ + uniform_below(stream_, in_all, order_.count_);
    case Sampler::weighted: return order_.first_ + (*order_.aliases_)(stream_, in_all);
    case Sampler::weighted_once: return order_.first_ + drawn_[in_all];
  }
  return order_.first_ + in_all;
}

}  // namespace penstock::core
