// Shuffles a stream of positions, so that neighbours come from different games, in memory for a given number of them.
//
// The stream is cut into rounds of as many positions as there are slots.  In each round every slot is visited once, in an
// order that depends on nothing but the seed, the epoch and the round; what lies in the slot comes out, and the next
// position takes its place.  A position so comes out within two rounds, anywhere in the second.  At the end of an epoch
// the slots are emptied in the same way.  What comes out in which place, counted from the epoch's first, is a function of
// the seed, the epoch, the number of slots and that of positions; what lies in the slots at any time follows from the last
// two rounds alone, which is how a loader goes on after a restart without keeping them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "core/loader/permutation.h"
#include "core/loader/sampling.h"

namespace penstock::core {

template <typename Item>
class Reservoir {
 public:
  // slots may be 0: then each item comes out at once.
  Reservoir(uint64_t seed, uint64_t slots) : seed_(seed), slots_(slots) {}

  // An item and its place in the epoch's order.
  struct Out {
    uint64_t place;
    Item item;
  };

  // Begins an epoch at its item of that number, which is a multiple of the slots; the items before it are not missed by
  // places from that number on.
  void begin(uint64_t epoch, uint64_t first_item) {
    epoch_ = epoch;
    next_ = first_item;
    items_.clear();
    items_.resize(slots_);
    if (slots_ > 0) enter_round();
  }

  uint64_t items_in() const { return next_; }  // the number of the next item

  // Takes the next item.  What comes out, if anything does.
  std::optional<Out> put(Item item) {
    if (slots_ == 0) return Out{next_++, std::move(item)};
    if (next_ > 0 && next_ % slots_ == 0 && next_ / slots_ != round_) enter_round();
    Slot &slot = items_[(*order_)(next_ % slots_)];
    std::swap(slot, scratch_);
    slot = std::move(item);
    std::optional<Out> out;
    if (scratch_) out = Out{next_ - slots_, std::move(*scratch_)};
    scratch_.reset();
    ++next_;
    return out;
  }

  // What is left when no more items come, in its order.
  std::vector<Out> drain() {
    std::vector<Out> left;
    if (slots_ == 0) return left;
    const uint64_t round = next_ / slots_, in_round = next_ % slots_;
    if (round > 0 && round != round_) enter_round();
    if (round > 0)
      for (uint64_t index = in_round; index < slots_; ++index)
        if (Slot &slot = items_[(*order_)(index)]; slot)
          left.push_back({(round - 1) * slots_ + index, std::move(*slot)});
    const Permutation after = order_of(round + 1);
    std::vector<std::pair<uint64_t, uint64_t>> rest;  // where the next round would visit a slot, and the slot
    for (uint64_t index = 0; index < in_round; ++index) {
      const uint64_t slot = (*order_)(index);
      rest.emplace_back(after.inverse(slot), slot);
    }
    std::sort(rest.begin(), rest.end());
    for (uint64_t index = 0; index < rest.size(); ++index)
      if (Slot &slot = items_[rest[index].second]; slot) left.push_back({round * slots_ + index, std::move(*slot)});
    items_.clear();
    return left;
  }

 private:
  using Slot = std::optional<Item>;

  Permutation order_of(uint64_t round) const {
    return Permutation(draw_stream(seed_, Draw::reservoir, epoch_, round), slots_);
  }
  void enter_round() {
    round_ = next_ / slots_;
    order_ = order_of(round_);
  }

  const uint64_t seed_, slots_;
  uint64_t epoch_ = 0, next_ = 0, round_ = 0;
  std::optional<Permutation> order_;
  std::vector<Slot> items_;
  Slot scratch_;
};

}  // namespace penstock::core
