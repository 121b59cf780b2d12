// A product run as events: chunks are fetched, computed and stored, each as soon as its buffer, the DMA engine and the array
// allow.
//
// The DMA engine does one transfer after the other, in the order in which they were asked for.  A chunk is asked for when
// a buffer of the scratchpad is free; computed when all it needs is there and no more than one result before it waits to
// be stored.  So at every moment the array computes or a transfer is under way, from which most_cycles() follows.
#pragma once

#include <cstdint>

#include "core/kpu/chunk.h"
#include "core/kpu/config.h"
#include "core/kpu/counters.h"
#include "core/kpu/dram.h"
#include "core/kpu/plan.h"
#include "core/kpu/timeline.h"

namespace penstock::core::kpu {

// The parts of a device that time passes in.
struct Machine {
  explicit Machine(const Config &config);

  Config config;
  Dram dram;
  Timeline timeline;
  BankActivity dram_activity, scratchpad_activity;
  int64_t now = 0;  // cycles

  int64_t picoseconds(int64_t cycles) const;     // rounded down
  int64_t cycles_of(int64_t picoseconds) const;  // rounded up
  int64_t worst_latency() const;                 // of a transfer in an idle memory

  // Runs one transfer from a time on, and counts it, but for whether it was critical; its end.
  int64_t run_transfer(const Transfer &transfer, int64_t begin, int32_t job, Counters &counters);
};

// Runs a plan from machine.now on, which it moves to the end.  Throws invalid_argument where the operands exceed the
// external memory, or there are more chunks than a run should take; nothing has then happened.
Counters run_events(const Plan &plan, Machine &machine, int32_t job);

// What run_events() would throw.
void require_runnable(const Plan &plan, const Config &config);

// How many cycles some time steps take beyond one each, because the streams of a step ask one bank for more than a word.
class BankConflicts {
 public:
  BankConflicts(const Config &config, const Plan &plan) : config_(config), plan_(plan) {}
  int64_t cycles(const Chunk &chunk);

 private:
  void measure(int64_t rows, int64_t columns);

  const Config &config_;
  const Plan &plan_;
  int64_t rows_ = -1, columns_ = -1;   // what has been measured
  std::vector<int64_t> extra_before_;  // the cycles beyond one each of the first steps of a period
  int64_t preload_ = 0;                // of the fold's stationary operand
};

}  // namespace penstock::core::kpu
