#include "core/tensor/storage.h"

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "core/base/error.h"

namespace penstock::core {
namespace {

struct Counters {
  std::atomic<uint64_t> live_bytes{0}, peak_bytes{0}, live_storages{0}, wrapped_bytes{0};

  void add_allocated(uint64_t nbytes) {
    const uint64_t live = live_bytes.fetch_add(nbytes, std::memory_order_relaxed) + nbytes;
    uint64_t peak = peak_bytes.load(std::memory_order_relaxed);
    while (peak < live && !peak_bytes.compare_exchange_weak(peak, live, std::memory_order_relaxed)) {
    }
  }
};

Counters cpu_counters;

}  // namespace

Reference<Storage> Storage::allocate(int64_t nbytes, int64_t alignment, Device device) {
  if (device.type != DeviceType::cpu) fail(Status::unavailable, "memory on ", device, " is not available");
  auto storage = Reference<Storage>::adopt(new Storage);
  storage->device_ = device;
  cpu_counters.live_storages.fetch_add(1, std::memory_order_relaxed);  // from here on the destructor takes it back
  if (nbytes == 0) return storage;
  void *memory = nullptr;
  const auto usable_alignment = static_cast<size_t>(std::max<int64_t>(alignment, alignof(std::max_align_t)));
  if (posix_memalign(&memory, usable_alignment, static_cast<size_t>(nbytes)) != 0)
    fail(Status::out_of_memory, "no memory for a tensor of ", nbytes, " bytes on ", device);
  storage->data_ = static_cast<std::byte *>(memory);
  storage->nbytes_ = nbytes;
  cpu_counters.add_allocated(static_cast<uint64_t>(nbytes));
  return storage;
}

Reference<Storage> Storage::wrap(std::byte *first, int64_t nbytes, Device device, bool read_only, Deleter deleter,
                                 void *user) {
  auto storage = Reference<Storage>::adopt(new Storage);
  storage->data_ = first;
  storage->nbytes_ = nbytes;
  storage->device_ = device;
  storage->read_only_ = read_only;
  storage->wrapped_ = true;
  storage->deleter_ = deleter;
  storage->user_ = user;
  cpu_counters.live_storages.fetch_add(1, std::memory_order_relaxed);
  cpu_counters.wrapped_bytes.fetch_add(static_cast<uint64_t>(nbytes), std::memory_order_relaxed);
  return storage;
}

Storage::~Storage() {
  // Counted before the deleter runs, so that a deleter that asks sees this storage gone.
  cpu_counters.live_storages.fetch_sub(1, std::memory_order_relaxed);
  if (wrapped_) {
    cpu_counters.wrapped_bytes.fetch_sub(static_cast<uint64_t>(nbytes_), std::memory_order_relaxed);
    if (deleter_ != nullptr) deleter_(user_);
    return;
  }
  cpu_counters.live_bytes.fetch_sub(static_cast<uint64_t>(nbytes_), std::memory_order_relaxed);
  std::free(data_);
}

MemoryUsage memory_usage(Device device) {
  if (device.type != DeviceType::cpu) return {};
  return {cpu_counters.live_bytes.load(), cpu_counters.peak_bytes.load(), cpu_counters.live_storages.load(),
          cpu_counters.wrapped_bytes.load()};
}

}  // namespace penstock::core
