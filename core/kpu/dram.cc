#include "core/kpu/dram.h"

#include <algorithm>
#include <limits>

#include "core/base/error.h"

namespace penstock::core::kpu {
namespace {

constexpr std::string_view names[] = {"ddr4-3200", "hbm2e", "lpddr5", "ideal"};

// JEDEC JESD79-4, DDR4-3200AA (22-22-22), x8 chips of 8 Gb: 64 bits a channel, bursts of 8.
DramTiming ddr4_3200() { return {}; }

// JEDEC JESD235C at 3.2 Gb/s: 16 channels of 128 bits, each as two pseudo channels of 64 bits, bursts of 4.
DramTiming hbm2e() {
  DramTiming timing;
  timing.name = "hbm2e";
  timing.channels = 32;
  timing.banks = 16;
  timing.row_bytes = 1024;
  timing.burst_bytes = 32;
  timing.interleave_bytes = 256;
  timing.burst = 1250;
  timing.trcd = timing.trp = timing.tcl = 14000;
  timing.tras = 33000;
  timing.tfaw = 16000;
  timing.trefi = 3900000;
  timing.trfc = 260000;
  return timing;
}

// JEDEC JESD209-5 at 6400 Mb/s: two channels of 16 bits, bursts of 16.
DramTiming lpddr5() {
  DramTiming timing;
  timing.name = "lpddr5";
  timing.channels = 2;
  timing.banks = 16;
  timing.row_bytes = 2048;
  timing.burst_bytes = 32;
  timing.interleave_bytes = 256;
  timing.burst = 2500;
  timing.trcd = timing.trp = timing.tcl = 18000;
  timing.tras = 42000;
  timing.tfaw = 20000;
  timing.trefi = 3906000;
  timing.trfc = 210000;
  return timing;
}

DramTiming ideal() {
  DramTiming timing;
  timing.name = "ideal";
  timing.ideal = true;
  return timing;
}

}  // namespace

double DramTiming::peak_bandwidth() const {
  if (ideal) return std::numeric_limits<double>::infinity();
  return static_cast<double>(channels * burst_bytes) / (static_cast<double>(burst) * 1e-12);
}

std::span<const std::string_view> dram_names() { return names; }

DramTiming dram_timing(std::string_view name) {
  if (name == names[0]) return ddr4_3200();
  if (name == names[1]) return hbm2e();
  if (name == names[2]) return lpddr5();
  if (name == names[3]) return ideal();
  fail(Status::not_found, "there is no memory \"", name, "\": expected ddr4-3200, hbm2e, lpddr5 or ideal");
}

Dram::Dram(const DramTiming &timing) : timing_(timing), channels_(static_cast<size_t>(timing.channels)) {
  for (Channel &channel : channels_) {
    channel.banks.resize(static_cast<size_t>(timing.banks));
    channel.next_refresh = timing.trefi;
  }
}

DramService Dram::serve(const AccessPattern &pattern, int64_t start, const BankObserver *observer) {
  DramService service{std::numeric_limits<int64_t>::max(), start};
  const bool dense = pattern.stride == pattern.row_bytes;
  const int64_t rows = dense ? 1 : pattern.rows;
  const int64_t row_bytes = dense ? pattern.bytes() : pattern.row_bytes;
  for (int64_t row = 0; row < rows && row_bytes > 0; ++row)
    serve_row(pattern.address + row * pattern.stride, row_bytes, start, service, observer);
  if (service.first > service.end) service.first = start;
  return service;
}

void Dram::serve_row(int64_t address, int64_t bytes, int64_t start, DramService &service,
                     const BankObserver *observer) {
  const int64_t end = address + bytes;
  while (address < end) {
    const int64_t block = address / timing_.interleave_bytes;
    const int64_t local = block / timing_.channels * timing_.interleave_bytes + address % timing_.interleave_bytes;
    const int64_t here = std::min(end, (block + 1) * timing_.interleave_bytes);
    const int64_t first_burst = address / timing_.burst_bytes, last_burst = (here - 1) / timing_.burst_bytes;
    const int64_t wide_row = local / timing_.row_bytes;
    const Piece piece{block % timing_.channels, wide_row % timing_.banks, wide_row / timing_.banks,
                      last_burst - first_burst + 1};
    if (timing_.ideal)
      service.first = start;
    else
      serve_piece(piece, start, service);
    if (observer != nullptr) (*observer)(piece.channel * timing_.banks + piece.bank, here - address, service.end);
    address = here;
  }
}

void Dram::serve_piece(const Piece &piece, int64_t start, DramService &service) {
  Channel &channel = channels_[static_cast<size_t>(piece.channel)];
  Bank &bank = channel.banks[static_cast<size_t>(piece.bank)];
  refresh(channel, std::max(start, channel.bus_free));
  int64_t first = std::max(channel.bus_free, column_ready(channel, bank, piece.row, start) + timing_.tcl);
  if (timing_.trfc > 0 && first + piece.bursts * timing_.burst > channel.next_refresh) {
    // The data would run into a refresh: they wait for it, and find their row closed.
    refresh(channel, channel.next_refresh);
    first = std::max(channel.bus_free, column_ready(channel, bank, piece.row, channel.bus_free) + timing_.tcl);
  }
  const int64_t end = first + piece.bursts * timing_.burst;
  channel.bus_free = bank.last_data = end;
  service.first = std::min(service.first, first);
  service.end = std::max(service.end, end);
}

// When a column command may go to a row of a bank, which is opened if need be.
int64_t Dram::column_ready(Channel &channel, Bank &bank, int64_t row, int64_t start) {
  if (bank.open_row == row) {
    ++counts_.hits;
    return std::max(start, bank.activated + timing_.trcd);
  }
  int64_t activate = std::max(start, channel.refreshed);
  if (bank.open_row >= 0) {
    ++counts_.conflicts;
    activate = std::max({activate, bank.activated + timing_.tras, bank.last_data - timing_.tcl}) + timing_.trp;
  } else {
    ++counts_.closed;
  }
  int64_t &fourth_last = channel.activations[channel.oldest_activation];
  activate = std::max(activate, fourth_last + timing_.tfaw);
  fourth_last = activate;
  channel.oldest_activation = (channel.oldest_activation + 1) % 4;
  bank.open_row = row;
  bank.activated = activate;
  return activate + timing_.trcd;
}

// Does the refreshes that are due at a time.
void Dram::refresh(Channel &channel, int64_t time) {
  if (timing_.trfc == 0 || time < channel.next_refresh) return;
  const int64_t due = 1 + (time - channel.next_refresh) / timing_.trefi;
  counts_.refreshes += due;
  const int64_t last = channel.next_refresh + (due - 1) * timing_.trefi;
  channel.next_refresh += due * timing_.trefi;
  channel.refreshed = last + timing_.trfc;
  channel.bus_free = std::max(channel.bus_free, channel.refreshed);
  for (Bank &bank : channel.banks) bank = Bank{};
}

DramProbe probe(const DramTiming &timing) {
  const auto latency = [&](int64_t before, int64_t address) {
    Dram dram(timing);
    int64_t start = 0;
    // Long enough after the first access that nothing but the open row is left of it.
    if (before >= 0)
      start = dram.serve({before, timing.burst_bytes, 1, 0}, 0).end + timing.tras + timing.tfaw + timing.trcd;
    return static_cast<double>(dram.serve({address, timing.burst_bytes, 1, 0}, start).end - start) * 1e-3;
  };
  const auto bandwidth = [&](int64_t bytes, int64_t picoseconds) {
    if (picoseconds == 0) return std::numeric_limits<double>::infinity();
    return static_cast<double>(bytes) / (static_cast<double>(picoseconds) * 1e-12);
  };
  const int64_t next_row = timing.row_bytes * timing.banks * timing.channels;  // of the same bank
  const int64_t streamed = (int64_t{8} << 20) * timing.channels;
  Dram streaming(timing), random(timing);
  const int64_t stream_time = streaming.serve({0, streamed, 1, 0}, 0).end;
  int64_t time = 0;
  constexpr int64_t accesses = 20000;
  uint64_t state = 1;  // a generator of full period: its order of rows is random enough, and always the same
  for (int64_t access = 0; access < accesses; ++access) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto burst = static_cast<int64_t>(state >> 33) % ((int64_t{1} << 28) / timing.burst_bytes);
    time = random.serve({burst * timing.burst_bytes, timing.burst_bytes, 1, 0}, time).end;
  }
  return {latency(-1, 0), latency(0, timing.burst_bytes), latency(0, next_row), bandwidth(streamed, stream_time),
          bandwidth(accesses * timing.burst_bytes, time)};
}

}  // namespace penstock::core::kpu
