// Finds, by trying, how many workers and how many batches ahead help: first workers, then batches ahead.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace penstock::core {

// One thread at a time.  It knows no clock: who calls it says what time it is.
class LoaderTuner {
 public:
  struct Setting {
    int32_t workers, prefetch;
    friend bool operator==(const Setting &, const Setting &) = default;
  };
  struct Trial {
    Setting setting;
    double rate;  // samples a second
  };

  // Most of either, as the options allow.
  LoaderTuner(int32_t most_workers, int32_t most_prefetch);

  Setting setting() const { return setting_; }
  bool is_settled() const { return is_settled_; }
  const std::vector<Trial> &trials() const { return trials_; }

  // A batch of so many samples was handed out, at a time in seconds.  True when setting() is another one now.
  bool note(double time, uint64_t samples);

 private:
  void next_trial();
  bool choose();
  void begin_trial();
  void restart();

  const Setting most_;
  Setting setting_;
  enum class Search { workers, prefetch } search_ = Search::workers;
  bool is_settled_ = false;
  std::vector<Trial> trials_;
  size_t first_trial_ = 0;  // of those of the present search
  double settled_rate_ = 0;
  // of the present trial
  int64_t passed_over_ = 0;  // batches that the setting before had begun
  uint64_t batches_ = 0, samples_ = 0;
  double began_ = 0;
};

}  // namespace penstock::core
