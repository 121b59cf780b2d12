// A stretch of indices: what one shard of a job works on.
#pragma once

#include <cstdint>

namespace penstock::core {

struct Range {
  int64_t begin = 0;
  int64_t end = 0;  // one behind the last

  int64_t size() const { return end - begin; }
  friend bool operator==(const Range &, const Range &) = default;
};

}  // namespace penstock::core
