// A simulated accelerator: its memories, its array, and the time that has passed in it.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/function_reference.h"
#include "core/kpu/convolution.h"
#include "core/kpu/event_tier.h"
#include "core/kpu/memory.h"
#include "core/tensor/tensor.h"

namespace penstock::core::kpu {

enum class MemoryKind : int32_t { main, scratchpad };

// Not for several threads at once.  What throws has changed neither memories nor counters.
class Device {
 public:
  explicit Device(const Config &config);  // throws as validate() and Memory do

  const Config &config() const { return machine_.config; }
  const Memory &memory(MemoryKind kind) const { return kind == MemoryKind::main ? main_ : scratchpad_; }
  const Timeline &timeline() const { return machine_.timeline; }
  const BankActivity &activity(MemoryKind kind) const;
  const Counters &totals() const { return totals_; }
  const std::vector<Counters> &jobs() const { return jobs_; }  // one for each call that took time

  void write(MemoryKind kind, int64_t address, std::span<const std::byte> bytes);  // by the host: takes no time
  void read(MemoryKind kind, int64_t address, std::span<std::byte> bytes) const;

  // One DMA transfer.  Throws invalid_argument where source and destination overlap.
  void transfer(MemoryKind to, int64_t to_address, MemoryKind from, int64_t from_address, int64_t nbytes);

  // a (M x K) by b (K x N), both of one dtype: float32, or int32 where they are int8.  The operands are taken to lie in
  // external memory from address 0 on, one behind the other; what was written there stays.
  Tensor matmul(const Tensor &a, const Tensor &b);

  // Images and filters as in convolution.h; stride, padding and groups from sizes, all else from the tensors.
  Tensor conv2d(const Tensor &images, const Tensor &filters, Convolution sizes);

  // The time and traffic of a layer by the event tier, without values.
  void simulate(const Layer &layer, int64_t batch);

  void reset();  // time, counters and timeline begin anew; what the memories hold stays

  // Runs body(machine, job), which gives the counters of one job; after a throw the device is as before, but for the
  // record of its banks.
  void run_as_job(const std::string &name, FunctionReference<Counters(Machine &, int32_t)> body);

  // The values of the products of a plan, by the tier of the configuration; cycles of the PE tier, else 0.
  template <typename Number>
  int64_t multiply_by_tier(std::span<const Number> a, std::span<const Number> b, std::span<Number> c,
                           const Plan &plan) const;

 private:
  void run_plan(const std::string &name, const Plan &plan, const Config &own, int64_t pe_cycles);

  Machine machine_;
  Memory main_, scratchpad_;
  Counters totals_;
  std::vector<Counters> jobs_;
};

}  // namespace penstock::core::kpu
