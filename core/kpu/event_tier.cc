#include "core/kpu/event_tier.h"

#include <algorithm>
#include <deque>
#include <limits>

#include "core/base/error.h"

namespace penstock::core::kpu {
namespace {

__extension__ using int128 = __int128;

constexpr int64_t never = std::numeric_limits<int64_t>::max();
constexpr int64_t most_chunks = 100'000'000;
constexpr int64_t most_waiting_stores = 2;

bool is_store(SpanKind kind) { return kind == SpanKind::store_output || kind == SpanKind::store_partial; }

void count_bytes(const Transfer &transfer, Counters &counters) {
  const int64_t bytes = transfer.pattern.bytes();
  switch (transfer.kind) {
    case SpanKind::load_input: counters.dram_read_input += bytes, counters.scratchpad_written_input += bytes; break;
    case SpanKind::load_weight: counters.dram_read_weight += bytes, counters.scratchpad_written_weight += bytes; break;
    case SpanKind::load_partial: counters.dram_read_partial += bytes, counters.accumulator_written += bytes; break;
    case SpanKind::store_output: counters.dram_written_output += bytes, counters.accumulator_read += bytes; break;
    case SpanKind::store_partial: counters.dram_written_partial += bytes, counters.accumulator_read += bytes; break;
    case SpanKind::compute:
    case SpanKind::vector: break;
  }
}

class EventRun {
 public:
  EventRun(const Plan &plan, Machine &machine, int32_t job)
      : plan_(plan), machine_(machine), job_(job), walk_(plan), transfers_(plan, 0), conflicts_(machine.config, plan) {}

  Counters run() {
    now_ = array_free_ = last_idle_end_ = machine_.now;
    ask_for_chunks();
    while (transfer_end_ != never || compute_end_ != never) {
      now_ = std::min(transfer_end_, compute_end_);
      if (transfer_end_ == now_)
        end_transfer();
      else
        end_compute();
      start_transfer();
      start_compute();
    }
    counters_.stall_cycles += now_ - array_free_;
    counters_.cycles = now_ - machine_.now;
    counters_.worst_latency = machine_.worst_latency();
    machine_.now = now_;
    return counters_;
  }

 private:
  struct Asked {
    Chunk chunk;
    int32_t missing;  // loads that have not ended
  };
  struct Queued {
    Transfer transfer;
    int64_t chunk;  // the number of the chunk that waits for it; of a load
  };

  void ask_for_chunks() {
    const size_t buffers = machine_.config.double_buffered ? 2 : 1;
    while (asked_.size() < buffers && !walk_.at_end()) {
      const Chunk chunk = walk_.next();
      const TransferList loads = transfers_.loads(chunk);
      for (int32_t index = 0; index < loads.count; ++index)
        queue_.push_back({loads.items[index], first_asked_ + static_cast<int64_t>(asked_.size())});
      asked_.push_back({chunk, loads.count});
    }
    start_transfer();
    start_compute();
  }

  void start_transfer() {
    if (transfer_end_ != never || queue_.empty()) return;
    transfer_begin_ = now_;
    transfer_end_ = machine_.run_transfer(queue_.front().transfer, now_, job_, counters_);
  }

  void end_transfer() {
    // Critical: the array stood still for some of its time, then or now.
    const bool array_waits = compute_end_ == never && transfer_end_ > std::max(transfer_begin_, array_free_);
    if (array_waits || last_idle_end_ > transfer_begin_) ++counters_.critical_transfers;
    const Queued ended = queue_.front();
    queue_.pop_front();
    transfer_end_ = never;
    if (is_store(ended.transfer.kind))
      --waiting_stores_;
    else
      --asked_[static_cast<size_t>(ended.chunk - first_asked_)].missing;
  }

  void start_compute() {
    if (compute_end_ != never || asked_.empty() || asked_.front().missing > 0) return;
    const Chunk &chunk = asked_.front().chunk;
    if (transfers_.stores(chunk).count > 0 && waiting_stores_ >= most_waiting_stores) return;
    if (now_ > array_free_) last_idle_end_ = now_;
    counters_.stall_cycles += now_ - array_free_;
    const int64_t cycles = compute_cycles(chunk), conflicts = conflicts_.cycles(chunk);
    counters_.compute_cycles += cycles;
    counters_.bank_conflict_cycles += conflicts;
    compute_begin_ = now_;
    compute_end_ = now_ + cycles + conflicts;
  }

  void end_compute() {
    const Chunk chunk = asked_.front().chunk;
    count_streams(chunk);
    machine_.timeline.add({SpanKind::compute, job_, compute_begin_, now_, 0});
    array_free_ = now_;
    compute_end_ = never;
    asked_.pop_front();
    ++first_asked_;
    const TransferList stores = transfers_.stores(chunk);
    for (int32_t index = 0; index < stores.count; ++index) queue_.push_back({stores.items[index], -1});
    waiting_stores_ += stores.count;
    ask_for_chunks();
  }

  int64_t compute_cycles(const Chunk &chunk) const {
    const int64_t overhead = plan_.fold_overhead(chunk.row_fold, chunk.column_fold);
    const bool preloads = plan_.dataflow != Dataflow::output_stationary;
    const int64_t used_rows = plan_.skip_partial ? chunk.rows : plan_.rows;
    const int64_t preload = preloads ? used_rows : 0;
    int64_t cycles = chunk.steps;
    if (chunk.begins_fold) cycles += preload;
    if (chunk.ends_fold) cycles += overhead - preload;
    if (chunk.is_last && machine_.config.scalesim_compatible) --cycles;
    return cycles;
  }

  void count_streams(const Chunk &chunk) {
    const bool is_os = plan_.dataflow == Dataflow::output_stationary;
    const bool inputs_stay = plan_.dataflow == Dataflow::input_stationary;
    const int64_t along_rows = chunk.rows * chunk.steps * plan_.element;
    const int64_t along_columns = is_os               ? chunk.columns * chunk.steps * plan_.element
                                  : chunk.begins_fold ? chunk.rows * chunk.columns * plan_.element
                                                      : 0;
    counters_.array_read_input += inputs_stay ? along_columns : along_rows;
    counters_.array_read_weight += inputs_stay ? along_rows : along_columns;
    counters_.scratchpad_read_input += inputs_stay ? along_columns : along_rows;
    counters_.scratchpad_read_weight += inputs_stay ? along_rows : along_columns;
    const int64_t out = (is_os ? (chunk.ends_fold ? chunk.rows : 0) : chunk.steps) * chunk.columns * accumulator_size;
    counters_.array_written_output += out;
    counters_.accumulator_written += out;
    if (!is_os && chunk.row_fold > 0) counters_.accumulator_read += out;
    counters_.macs += chunk.rows * chunk.columns * chunk.steps;
    if (chunk.ends_fold) ++counters_.folds;
    machine_.scratchpad_activity.add_evenly(along_rows + along_columns, compute_begin_, now_);
  }

  const Plan &plan_;
  Machine &machine_;
  int32_t job_;
  ChunkWalk walk_;
  ChunkTransfers transfers_;
  BankConflicts conflicts_;
  Counters counters_;
  std::deque<Asked> asked_;  // the one that is computed, or next to be, first
  int64_t first_asked_ = 0;  // its number
  std::deque<Queued> queue_;
  int64_t waiting_stores_ = 0;
  int64_t now_ = 0, transfer_begin_ = 0, transfer_end_ = never, compute_begin_ = 0, compute_end_ = never;
  int64_t array_free_ = 0;     // when the array last ended
  int64_t last_idle_end_ = 0;  // when it last went on after it had waited
};

}  // namespace

Machine::Machine(const Config &given)
    : config(given),
      dram(given.dram),
      dram_activity(given.dram.channels * given.dram.banks),
      scratchpad_activity(given.scratchpad_banks) {
  timeline.enabled = given.timeline;
}

int64_t Machine::picoseconds(int64_t cycles) const {
  return static_cast<int64_t>(int128{cycles} * 1'000'000 / config.clock_mhz);
}

int64_t Machine::cycles_of(int64_t picoseconds) const {
  return static_cast<int64_t>((int128{picoseconds} * config.clock_mhz + 999'999) / 1'000'000);
}

int64_t Machine::worst_latency() const {
  return config.dram.ideal ? 0 : config.dma_latency + cycles_of(config.dram.conflict_latency());
}

int64_t Machine::run_transfer(const Transfer &transfer, int64_t begin, int32_t job, Counters &counters) {
  // A conversion that a piece of a transfer can afford: the record is coarser than its rounding.
  const double cycles_per_picosecond = static_cast<double>(config.clock_mhz) * 1e-6;
  const auto record = [&](int64_t bank, int64_t bytes, int64_t picoseconds) {
    dram_activity.add(bank, bytes, static_cast<int64_t>(static_cast<double>(picoseconds) * cycles_per_picosecond));
  };
  const BankObserver observer(record);
  const DramCounts before = dram.counts();
  const int64_t asked = picoseconds(begin + (config.dram.ideal ? 0 : config.dma_latency));
  const DramService service = dram.serve(transfer.pattern, asked, &observer);
  const int64_t end = config.dram.ideal ? begin : cycles_of(service.end);
  const int64_t latency = std::min(worst_latency(), cycles_of(service.first) - begin);
  ++counters.transfers;
  if (!config.dram.ideal) counters.transfer_cycles += end - begin - latency;
  counters.dram_hits += dram.counts().hits - before.hits;
  counters.dram_closed += dram.counts().closed - before.closed;
  counters.dram_conflicts += dram.counts().conflicts - before.conflicts;
  counters.dram_refreshes += dram.counts().refreshes - before.refreshes;
  count_bytes(transfer, counters);
  timeline.add({transfer.kind, job, begin, end, transfer.pattern.bytes()});
  scratchpad_activity.add_evenly(transfer.pattern.bytes(), begin, end);
  return end;
}

void require_runnable(const Plan &plan, const Config &config) {
  const int128 bytes = int128{plan.count} * (int128{plan.input_elements} * plan.element +
                                             int128{plan.k} * plan.n * plan.element + int128{plan.m} * plan.n * 4);
  if (bytes > config.main_memory_size)
    fail(Status::invalid_argument, "the operands of ", plan.count, " products of ", plan.m, " x ", plan.k, " by ",
         plan.k, " x ", plan.n, " take ", static_cast<int64_t>(std::min<int128>(bytes, never)),
         " bytes: expected at most main_memory_size, ", config.main_memory_size);
  const int128 chunks = int128{plan.folds()} * plan.count * ((plan.time - 1) / plan.chunk_steps + 1);
  if (chunks > most_chunks)
    fail(Status::invalid_argument, "a run of ", plan.count, " products of ", plan.m, " x ", plan.k, " by ", plan.k,
         " x ", plan.n, " on an array of ", plan.rows, " x ", plan.columns, " has more than ", most_chunks,
         " steps: use an estimate, a larger array or a larger scratchpad");
}

Counters run_events(const Plan &plan, Machine &machine, int32_t job) {
  require_runnable(plan, machine.config);
  Counters counters = EventRun(plan, machine, job).run();
  counters.count_energy(machine.config);
  return counters;
}

int64_t BankConflicts::cycles(const Chunk &chunk) {
  if (config_.scratchpad_width == 0) return 0;
  if (chunk.rows != rows_ || chunk.columns != columns_) measure(chunk.rows, chunk.columns);
  const auto period = static_cast<int64_t>(extra_before_.size()) - 1;
  const auto extra_until = [&](int64_t step) {
    return step / period * extra_before_.back() + extra_before_[static_cast<size_t>(step % period)];
  };
  return extra_until(chunk.first_step + chunk.steps) - extra_until(chunk.first_step) +
         (chunk.begins_fold ? preload_ : 0);
}

// Each step's vector lies behind the one before in words that go round the banks; the second operand's first word is where
// its third of the scratchpad begins.
void BankConflicts::measure(int64_t rows, int64_t columns) {
  rows_ = rows, columns_ = columns;
  const int64_t banks = config_.scratchpad_banks;
  const auto words_of = [&](int64_t elements) { return (elements * plan_.element - 1) / config_.scratchpad_width + 1; };
  const bool is_os = plan_.dataflow == Dataflow::output_stationary;
  const int64_t first_words = words_of(rows), second_words = is_os ? words_of(columns) : 0;
  const int64_t second_base = config_.scratchpad_size / 3 / config_.scratchpad_width;
  std::vector<int64_t> load(static_cast<size_t>(banks));
  extra_before_.assign(1, 0);
  for (int64_t step = 0; step < banks; ++step) {
    for (int64_t bank = 0; bank < banks; ++bank) {
      const auto share = [&](int64_t first, int64_t words) {
        return words / banks + ((bank - first % banks + banks) % banks < words % banks ? 1 : 0);
      };
      load[static_cast<size_t>(bank)] =
          share(step * first_words, first_words) + share(second_base + step * second_words, second_words);
    }
    extra_before_.push_back(extra_before_.back() + *std::max_element(load.begin(), load.end()) - 1);
  }
  preload_ = is_os ? 0 : rows * ((words_of(columns) - 1) / banks);
}

}  // namespace penstock::core::kpu
