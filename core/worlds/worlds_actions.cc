// What is done about actions out of their bounds, before anything is stepped.
#include <limits>

#include "core/base/error.h"
#include "core/base/lanes.h"
#include "core/worlds/worlds.h"

namespace penstock::core {
namespace {

template <typename Number>
bool are_within(const Number *values, int64_t count, Number low, Number high) {
  using FourLanes = Lanes<Number, 4>;
  LaneMask<Number, 4> within = FourLanes(0) == FourLanes(0);
  int64_t index = 0;
  for (; index + 4 <= count; index += 4) {
    const FourLanes four = FourLanes::load(values + index);
    within = within & (four >= FourLanes(low)) & (four <= FourLanes(high));
  }
  bool is_within = within.all();
  for (; index < count; ++index) is_within &= values[index] >= low && values[index] <= high;
  return is_within;
}

// As above, where each element of a world's action has bounds of its own: whole worlds, their elements four at a time.
template <typename Number>
bool are_within_each(const Number *values, int64_t worlds, int64_t elements, const Number *low, const Number *high) {
  using FourLanes = Lanes<Number, 4>;
  LaneMask<Number, 4> within = FourLanes(0) == FourLanes(0);
  for (int64_t world = 0; world < worlds; ++world, values += elements)
    for (int64_t element = 0; element < elements; element += 4) {
      const FourLanes four = FourLanes::load(values + element);
      within = within & (four >= FourLanes::load(low + element)) & (four <= FourLanes::load(high + element));
    }
  return within.all();
}

// What an action's elements must lie between: numbers for all of them, or for each its own.
template <typename Number>
class Bounds {
 public:
  Bounds(const Field &field, bool is_free) : field_(field), is_free_(is_free) {}
  bool are_shared() const { return field_.low.size() == 1 && field_.high.size() == 1; }
  Number low(int64_t element) const { return is_free_ ? -largest : bound(field_.low, element); }
  Number high(int64_t element) const { return is_free_ ? largest : bound(field_.high, element); }

 private:
  static constexpr Number largest = std::numeric_limits<Number>::max();
  static Number bound(const std::vector<double> &bounds, int64_t element) {
    return static_cast<Number>(bounds.size() == 1 ? bounds[0] : bounds[static_cast<size_t>(element)]);
  }

  const Field &field_;
  const bool is_free_;
};

// Whether a quick look at all worlds finds every action within its bounds.  Where their form allows none, the answer is no.
template <typename Number>
bool look_within(const Number *values, int64_t worlds, int64_t elements, const Bounds<Number> &bounds) {
  if (bounds.are_shared()) return are_within(values, elements * worlds, bounds.low(0), bounds.high(0));
  constexpr int64_t most_at_once = 64;
  if (elements % 4 != 0 || elements > most_at_once) return false;
  Number low[most_at_once], high[most_at_once];
  for (int64_t element = 0; element < elements; ++element) {
    low[element] = bounds.low(element);
    high[element] = bounds.high(element);
  }
  return are_within_each(values, worlds, elements, low, high);
}

}  // namespace

// Actions of one element or of several with bounds of their own; an action of NaN is within none.
template <typename Number>
void Worlds::check_actions_of(ActionRule rule, const bool *active) {
  const FieldMemory &memory = memory_[action_];
  auto *values = reinterpret_cast<Number *>(memory.data(0));
  const int64_t elements = memory.element_count();
  const Bounds<Number> bounds(memory.field(), rule == ActionRule::game && game_->clips_actions());
  if (look_within(values, num_worlds(), elements, bounds)) return;
  for (int64_t world = 0; world < num_worlds(); ++world) {
    if (active != nullptr && !active[world]) continue;
    for (int64_t element = 0; element < elements; ++element) {
      const Number low = bounds.low(element), high = bounds.high(element);
      Number &value = values[world * elements + element];
      if (value >= low && value <= high) continue;
      if (rule != ActionRule::clamp)
        fail(Status::out_of_range, "the action of world ", world, " is ", value,
             elements == 1 ? std::string() : text(" at element ", element), ": expected ", low, " to ", high);
      value = value > high ? high : low;
    }
  }
}

void Worlds::check_actions(const bool *active) {
  if (memory_[action_].field().dtype == DType::float32)
    check_actions_of<float>(options_.actions, active);
  else
    check_actions_of<int32_t>(options_.actions, active);
}

}  // namespace penstock::core
