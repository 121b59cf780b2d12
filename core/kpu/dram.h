// External memory: channels of banks, each with one open row, served in order by the timings of a data sheet.
//
// An access to an open row gives its first data after tCL; to a closed bank after tRCD + tCL; to a bank with another row
// open after tRP + tRCD + tCL.  A row stays open for at least tRAS, and four activations of a channel take at least tFAW.
// The commands of one transfer go out as early as the banks allow, its data come in order.  Every tREFI a channel stops
// for tRFC, which closes its rows.
//
// Addresses go from channel to channel every interleave bytes; within a channel a row of one bank is followed by a row
// of the next bank.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "core/base/function_reference.h"

namespace penstock::core::kpu {

// Times are picoseconds.
struct DramTiming {
  std::string_view name = "ddr4-3200";  // one of dram_names()
  bool ideal = false;                   // no latency, any bandwidth
  int64_t channels = 1;
  int64_t banks = 16;              // of a channel
  int64_t row_bytes = 8192;        // that one activation opens
  int64_t burst_bytes = 64;        // that one access moves
  int64_t interleave_bytes = 256;  // that lie in a channel before the next one's
  int64_t burst = 2500;            // a burst on the bus
  int64_t trcd = 13750, trp = 13750, tcl = 13750, tras = 32000, tfaw = 21000;
  int64_t trefi = 7800000, trfc = 350000;  // trfc 0: no refresh

  int64_t closed_latency() const { return ideal ? 0 : trcd + tcl; }  // to the first data
  int64_t conflict_latency() const { return ideal ? 0 : trp + trcd + tcl; }
  double peak_bandwidth() const;  // bytes a second; infinity when ideal
};

std::span<const std::string_view> dram_names();  // "ddr4-3200", "hbm2e", "lpddr5", "ideal"
DramTiming dram_timing(std::string_view name);   // throws not_found

// Rows of bytes, each stride bytes after the one before: what a DMA descriptor describes.
struct AccessPattern {
  int64_t address = 0, row_bytes = 0, rows = 1, stride = 0;
  int64_t bytes() const { return row_bytes * rows; }
};

// When a transfer's data came, in picoseconds.
struct DramService {
  int64_t first = 0;  // its first data are on the bus
  int64_t end = 0;    // its last data are there
};

// How accesses met the banks.
struct DramCounts {
  int64_t hits = 0, closed = 0, conflicts = 0, refreshes = 0;
};

// Called with the bank (counted over all channels), the bytes and the time of each piece of a transfer.
using BankObserver = FunctionReference<void(int64_t bank, int64_t bytes, int64_t picoseconds)>;

class Dram {
 public:
  explicit Dram(const DramTiming &timing);

  // Serves one transfer that is asked for at a time no earlier than the end of the one before.  Part of a burst costs a
  // whole one.
  DramService serve(const AccessPattern &pattern, int64_t start, const BankObserver *observer = nullptr);

  const DramCounts &counts() const { return counts_; }
  const DramTiming &timing() const { return timing_; }

 private:
  struct Bank {
    int64_t open_row = -1;
    int64_t activated = -1'000'000'000;  // when its row was opened: long ago
    int64_t last_data = -1'000'000'000;  // when its latest burst ended
  };
  struct Channel {
    int64_t bus_free = 0;
    int64_t refreshed = 0;  // when its last refresh was over
    int64_t next_refresh = 0;
    int64_t activations[4] = {-1'000'000'000, -1'000'000'000, -1'000'000'000, -1'000'000'000};  // a ring
    int64_t oldest_activation = 0;
    std::vector<Bank> banks;
  };
  struct Piece {
    int64_t channel, bank, row, bursts;
  };

  void serve_row(int64_t address, int64_t bytes, int64_t start, DramService &service, const BankObserver *observer);
  void serve_piece(const Piece &piece, int64_t start, DramService &service);
  int64_t column_ready(Channel &channel, Bank &bank, int64_t row, int64_t start);
  void refresh(Channel &channel, int64_t time);

  DramTiming timing_;
  std::vector<Channel> channels_;
  DramCounts counts_;
};

// What the model itself does, seen from outside: one access to a fresh device, and long transfers.
struct DramProbe {
  double closed_nanoseconds, hit_nanoseconds, conflict_nanoseconds;  // from a request to the end of its burst
  double streaming_bandwidth, random_bandwidth;                      // bytes a second; random: one burst at a time
};
DramProbe probe(const DramTiming &timing);

}  // namespace penstock::core::kpu
