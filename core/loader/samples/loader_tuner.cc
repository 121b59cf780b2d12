#include "core/loader/samples/loader_tuner.h"

#include <algorithm>

namespace penstock::core {
namespace {

constexpr uint64_t least_batches = 8;  // of a trial
constexpr double least_seconds = 0.1;  // of a trial
constexpr double as_good = 0.97;       // of the best rate: fewer workers or batches ahead that reach it are chosen
constexpr double much_worse = 0.6;     // of the rate when it settled: all is tried again
constexpr uint64_t watched_batches = 64;

}  // namespace

LoaderTuner::LoaderTuner(int32_t most_workers, int32_t most_prefetch)
    : most_{most_workers, most_prefetch}, setting_{1, most_prefetch} {
  trials_.reserve(64);  // more than there are: note() need not allocate
  begin_trial();
}

// What the setting before has left in the queue is not this one's merit.
void LoaderTuner::begin_trial() {
  passed_over_ = most_.prefetch + 1;
  batches_ = samples_ = 0;
}

bool LoaderTuner::note(double time, uint64_t samples) {
  if (passed_over_ > 0) {
    --passed_over_;
    began_ = time;
    return false;
  }
  ++batches_;
  samples_ += samples;
  const double passed = time - began_;
  if (batches_ < (is_settled_ ? watched_batches : least_batches) || passed < least_seconds) return false;
  const double rate = static_cast<double>(samples_) / passed;
  const Setting before = setting_;
  if (is_settled_) {
    if (rate < much_worse * settled_rate_) restart();
    batches_ = samples_ = 0;
    began_ = time;
  } else {
    trials_.push_back({setting_, rate});
    next_trial();
  }
  return !(setting_ == before);
}

void LoaderTuner::restart() {
  is_settled_ = false;
  trials_.clear();
  first_trial_ = 0;
  search_ = Search::workers;
  setting_ = {1, most_.prefetch};
  begin_trial();
}

// Doubles what is searched for until there is no more; then takes the least that is as good as the best.
void LoaderTuner::next_trial() {
  int32_t &tried = search_ == Search::workers ? setting_.workers : setting_.prefetch;
  const int32_t most = search_ == Search::workers ? most_.workers : most_.prefetch;
  if (tried < most) {
    tried = std::min(tried > most / 2 ? most : 2 * tried, most);
  } else if (!choose()) {
    return;
  }
  begin_trial();
}

// False when nothing is left to be tried.
bool LoaderTuner::choose() {
  const auto first = trials_.begin() + static_cast<std::ptrdiff_t>(first_trial_);
  const auto best =
      std::max_element(first, trials_.end(), [](const Trial &one, const Trial &two) { return one.rate < two.rate; });
  const auto chosen =
      std::find_if(first, trials_.end(), [&](const Trial &trial) { return trial.rate >= as_good * best->rate; });
  setting_ = chosen->setting;
  settled_rate_ = chosen->rate;
  if (search_ == Search::workers && most_.prefetch > 1) {
    search_ = Search::prefetch;
    first_trial_ = trials_.size();
    setting_.prefetch = 1;
    return true;
  }
  is_settled_ = true;
  begin_trial();
  return false;
}

}  // namespace penstock::core
