#include "core/tensor/storage.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "core/base/error.h"
#include "core/base/huge_pages.h"
#include "core/tensor/cuda_device.h"

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
std::array<Counters, max_cuda_devices> cuda_counters;

Counters &counters_of(Device device) {
  return device.type == DeviceType::cpu ? cpu_counters : cuda_counters[static_cast<size_t>(device.id)];
}

// The most bytes of elements that lie behind their storage.  A sanitizer sees a step beyond an allocation's end: there
// each has its own.
#ifdef PENSTOCK_ADDRESS_SANITIZER
constexpr int64_t most_behind_storage = 0;
#else
constexpr int64_t most_behind_storage = 4096;
#endif

// What the plug-in's memory is always aligned to; beyond it more is allocated and a part used.
constexpr int64_t plugin_alignment = 256;

}  // namespace

// The streams a GPU's memory was used on.  A handful at most: a list is searched.
struct StreamUse {
  std::mutex mutex;
  void *home = nullptr;
  std::vector<void *> others;
};

Reference<Storage> Storage::allocate(int64_t nbytes, int64_t alignment, Device device, bool pinned) {
  const bool is_small = device.type == DeviceType::cpu && !pinned && nbytes > 0 && nbytes <= most_behind_storage &&
                        alignment <= default_alignment;
  auto storage = Reference<Storage>::adopt(new (is_small ? nbytes + default_alignment : 0) Storage);
  storage->device_ = device;
  storage->pinned_ = pinned;
  storage->has_elements_behind_ = is_small;
  counters_of(device).live_storages.fetch_add(1,
                                              std::memory_order_relaxed);  // from here on the destructor takes it back
  if (device.type == DeviceType::cuda) storage->stream_use_ = std::make_unique<StreamUse>();
  if (nbytes == 0) return storage;
  if (device.type == DeviceType::cuda || pinned) {
    storage->take_device_memory(nbytes, alignment);
  } else {
    storage->take_main_memory(nbytes, alignment);
  }
  storage->nbytes_ = nbytes;
  counters_of(device).add_allocated(static_cast<uint64_t>(nbytes));
  return storage;
}

void Storage::take_main_memory(int64_t nbytes, int64_t alignment) {
  if (has_elements_behind_) {
    auto *behind = reinterpret_cast<std::byte *>(this + 1);
    const auto address = reinterpret_cast<uintptr_t>(behind), step = static_cast<uintptr_t>(default_alignment);
    data_ = behind + ((step - address % step) % step);
    return;
  }
  void *memory = nullptr;
  const auto usable_alignment = static_cast<size_t>(std::max<int64_t>(alignment, alignof(std::max_align_t)));
  if (posix_memalign(&memory, usable_alignment, static_cast<size_t>(nbytes)) != 0)
    fail(Status::out_of_memory, "no memory for a tensor of ", nbytes, " bytes on ", device_);
  data_ = static_cast<std::byte *>(memory);
  prefer_huge_pages(data_, static_cast<uint64_t>(nbytes));
}

void Storage::take_device_memory(int64_t nbytes, int64_t alignment) {
  const int64_t room = nbytes + std::max<int64_t>(0, alignment - plugin_alignment);
  if (pinned_) {
    call_cuda(&DeviceFunctions::allocate_pinned, &base_, room);
  } else {
    stream_use_->home = current_stream(device_);
    call_cuda(&DeviceFunctions::allocate, &base_, room, device_.id, stream_use_->home);
  }
  const auto address = reinterpret_cast<uintptr_t>(base_), step = static_cast<uintptr_t>(alignment);
  data_ = static_cast<std::byte *>(base_) + ((step - address % step) % step);
}

Reference<Storage> Storage::wrap(std::byte *first, int64_t nbytes, Device device, bool read_only, Deleter deleter,
                                 void *user, bool pinned) {
  auto storage = Reference<Storage>::adopt(new (int64_t{0}) Storage);
  storage->device_ = device;
  counters_of(device).live_storages.fetch_add(1,
                                              std::memory_order_relaxed);  // from here on the destructor takes it back
  if (device.type == DeviceType::cuda) {
    storage->stream_use_ = std::make_unique<StreamUse>();
    storage->stream_use_->home = known_stream(nullptr);  // where most libraries work
  }
  storage->data_ = first;
  storage->nbytes_ = nbytes;
  storage->read_only_ = read_only;
  storage->wrapped_ = true;
  storage->pinned_ = pinned;
  storage->deleter_ = deleter;
  storage->user_ = user;
  counters_of(device).wrapped_bytes.fetch_add(static_cast<uint64_t>(nbytes), std::memory_order_relaxed);
  return storage;
}

void Storage::set_home_stream(void *stream) {
  if (stream_use_ == nullptr) return;
  const std::lock_guard lock(stream_use_->mutex);
  stream_use_->home = stream;
}

void Storage::note_use(void *stream) {
  if (stream_use_ == nullptr) return;
  const std::lock_guard lock(stream_use_->mutex);
  std::vector<void *> &others = stream_use_->others;
  if (stream != stream_use_->home && std::find(others.begin(), others.end(), stream) == others.end())
    others.push_back(stream);
}

// Nothing can be done about a failure here: a GPU that refuses to wait has failed, and says so to the next call.
void Storage::give_back() {
  if (stream_use_ != nullptr) {
    DeviceFailure ignored;
    for (void *stream : stream_use_->others)
      if (stream != stream_use_->home)
        cuda_functions().wait(stream_use_->home, device_.id, stream, device_.id, &ignored);
  }
  if (wrapped_) {
    if (deleter_ != nullptr) deleter_(user_);
  } else if (base_ == nullptr) {
    if (!has_elements_behind_) std::free(data_);
  } else if (pinned_) {
    cuda_functions().free_pinned(base_);
  } else {
    cuda_functions().free(base_, device_.id, stream_use_->home);
  }
}

Storage::~Storage() {
  // Counted before the deleter runs, so that a deleter that asks sees this storage gone.
  Counters &counters = counters_of(device_);
  counters.live_storages.fetch_sub(1, std::memory_order_relaxed);
  (wrapped_ ? counters.wrapped_bytes : counters.live_bytes)
      .fetch_sub(static_cast<uint64_t>(nbytes_), std::memory_order_relaxed);
  give_back();
}

MemoryUsage memory_usage(Device device) {
  const Counters &counters = counters_of(device);
  return {counters.live_bytes.load(), counters.peak_bytes.load(), counters.live_storages.load(),
          counters.wrapped_bytes.load()};
}

}  // namespace penstock::core
