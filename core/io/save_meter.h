// How far the tensors of one call have been written, told to the progress callback.
#pragma once

#include <cstdint>

#include "core/base/progress.h"

namespace penstock::core {

class SaveMeter {
 public:
  SaveMeter(const Progress &progress, uint64_t total) : progress_(progress), total_(total) {}

  void advance(uint64_t nbytes) {
    done_ += nbytes;
    progress_.report(done_, total_);
  }
  void finish() const {
    if (total_ == 0) progress_.report(0, 0);  // otherwise the last advance() has told the end
  }

 private:
  Progress progress_;
  uint64_t done_ = 0, total_;
};

}  // namespace penstock::core
