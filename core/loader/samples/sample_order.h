// Which sample stands at which place of an epoch: a function of the options, the epoch and the place.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "core/loader/permutation.h"
#include "core/loader/samples/sample_options.h"
#include "core/loader/samples/weighted_draws.h"

namespace penstock::core {

// Any number of threads.
class SampleOrder {
 public:
  // set_count: the samples of the set.  Throws invalid_argument where the options do not go with it: another number of
  // weights, more samples without replacement than there are.  The options outlive this.
  SampleOrder(const SampleLoaderOptions &options, uint64_t set_count);

  uint64_t size() const { return size_; }  // places of this loader's share of an epoch

  // The place in the whole order of the epoch, over all who share it.
  uint64_t place_in_all(uint64_t place) const { return share_ + place * share_count_; }

  // An epoch's order.
  class Epoch {
   public:
    uint64_t operator()(uint64_t place) const;  // below size()

   private:
    friend class SampleOrder;
    Epoch(const SampleOrder &order, uint64_t epoch);

    const SampleOrder &order_;
    const RandomStream stream_;
    std::optional<Permutation> permutation_;
    std::vector<uint64_t> drawn_;
  };

  // The order of an epoch; it is kept while somebody holds it, and the last one asked for as well.
  std::shared_ptr<const Epoch> epoch(uint64_t number) const;

  // Keeps all other threads out of epoch(), until it is released: around a fork, whose child goes on with this order.
  void hold() const { mutex_.lock(); }
  void release() const { mutex_.unlock(); }

 private:
  void require_drawable(uint64_t set_count);

  const SampleLoaderOptions &options_;
  uint64_t first_ = 0, count_ = 0;  // the stretch of the set
  uint64_t draws_ = 0;              // places of an epoch, over all who share it
  uint64_t share_ = 0, share_count_ = 1;
  uint64_t size_ = 0;
  std::optional<AliasTable> aliases_;
  mutable std::mutex mutex_;  // guards the next two; held while an order is made
  mutable uint64_t last_number_ = 0;
  mutable std::shared_ptr<const Epoch> last_;
};

}  // namespace penstock::core
