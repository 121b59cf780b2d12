// Turns the chunks of an epoch, in their order, into batches of positions, and says for each batch how to go on after it.
#pragma once

#include <deque>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/loader/checkpoint.h"
#include "core/loader/lc0_chunk.h"
#include "core/loader/options.h"
#include "core/loader/reservoir.h"

namespace penstock::core {

// A chunk's kept positions, or why there are none.
struct UnpackedChunk {
  uint64_t epoch = 0;
  uint64_t place = 0;    // in the epoch's order
  bool is_last = false;  // of its epoch
  std::vector<Lc0Position> positions;
  std::optional<Error> error;
};

struct Batch {
  std::vector<Lc0Position> positions;
  uint64_t epoch = 0, index = 0;  // index counts the epoch's batches
  bool is_last = false;           // of its epoch
  Checkpoint after;               // where to go on behind it
  std::optional<Error> error;     // in place of positions
};

// One thread.
class Batcher {
 public:
  // emit receives each batch, in order; start says where the first one begins.  An epoch that gives no batch at all emits
  // one without positions, its last.
  Batcher(const LoaderOptions &options, const Checkpoint &start, std::function<void(Batch)> emit);

  // Takes the next chunk of the order.  After an error was emitted, nothing more is.
  void take(UnpackedChunk chunk);

  bool has_failed() const { return has_failed_; }
  uint64_t bad_chunks() const { return bad_chunks_; }

 private:
  struct RoundStart {  // of the reservoir
    uint64_t position, chunk, skipped;
  };

  void begin_epoch(uint64_t epoch);
  void take_position(Lc0Position position);
  void deliver(uint64_t place, Lc0Position position);
  void finish_batch();
  void end_epoch();
  void emit_held(bool is_last);
  void report(const Error &error);
  Checkpoint checkpoint() const;

  const LoaderOptions &options_;
  const std::function<void(Batch)> emit_;
  const Checkpoint start_;
  Reservoir<Lc0Position> reservoir_;
  std::deque<RoundStart> rounds_;  // the last few
  uint64_t epoch_ = 0;
  uint64_t chunk_ = 0, in_chunk_ = 0;  // the chunk being read, and how many of its positions are in
  uint64_t skip_ = 0;                  // positions of the first chunk that come before the start
  uint64_t delivered_ = 0, batches_ = 0;
  uint64_t chunks_seen_ = 0, bad_chunks_ = 0;
  std::vector<Lc0Position> filling_;
  std::optional<Batch> held_;  // kept until it is known whether it is the epoch's last
  bool has_failed_ = false;
};

}  // namespace penstock::core
