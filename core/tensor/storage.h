// A block of memory that tensors view, and the count of all such blocks.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/base/reference.h"
#include "core/tensor/device.h"

namespace penstock::core {

// Called once with user when wrapped memory is no longer held, with no lock of ours held.
using Deleter = void (*)(void *user);

struct StreamUse;

class Storage : public Counted<Storage> {
 public:
  static constexpr int64_t default_alignment = 64;
  static constexpr int64_t largest_alignment = int64_t{1} << 21;

  // Memory of our own, not initialised; data() is null when nbytes is 0.  alignment is a power of two.
  // On a GPU it is ready in the order of its current stream.  pinned: page-locked main memory, of the CPU alone.
  // Throws out_of_memory, and unavailable for a device that is not served.
  static Reference<Storage> allocate(int64_t nbytes, int64_t alignment, Device device, bool pinned = false);

  // Memory of the caller's, from first on; pinned: which is page-locked.  When this throws, deleter has not been called.
  static Reference<Storage> wrap(std::byte *first, int64_t nbytes, Device device, bool read_only, Deleter deleter,
                                 void *user, bool pinned = false);

  std::byte *data() const { return data_; }
  int64_t nbytes() const { return nbytes_; }
  Device device() const { return device_; }
  bool read_only() const { return read_only_; }
  bool pinned() const { return pinned_; }

  // How often the library has written to memory that was already somebody's: who keeps elements for later compares.
  // Writes past the library (through a pointer, or by who borrowed the memory) are not counted.
  uint64_t version() const { return version_.load(std::memory_order_relaxed); }
  void note_write() { version_.fetch_add(1, std::memory_order_relaxed); }

  // A GPU's memory is freed, or given back to its owner, in the order of its home stream: the one it was allocated on, or
  // of its producer, after all that was queued until then on the other streams it was used on.  Those streams must live as
  // long as the storage.  Any number of threads; both do nothing on the CPU.
  void set_home_stream(void *stream);
  void note_use(void *stream);

  // Few elements lie behind their storage, in one allocation: room is for them.
  static void *operator new(size_t size, int64_t room) { return ::operator new(size + static_cast<size_t>(room)); }
  static void operator delete(void *storage, int64_t) { ::operator delete(storage); }
  // NOLINTNEXTLINE(misc-new-delete-overloads): the one without room for a delete expression; there is no such new
  static void operator delete(void *storage) { ::operator delete(storage); }

 private:
  friend class Counted<Storage>;
  Storage() = default;
  ~Storage();
  void take_main_memory(int64_t nbytes, int64_t alignment);
  void take_device_memory(int64_t nbytes, int64_t alignment);
  void give_back();

  std::byte *data_ = nullptr;
  int64_t nbytes_ = 0;
  Device device_;
  bool read_only_ = false;
  bool wrapped_ = false;
  Deleter deleter_ = nullptr;
  void *user_ = nullptr;
  bool pinned_ = false;
  bool has_elements_behind_ = false;  // data_ is part of this object's own allocation
  std::atomic<uint64_t> version_ = 0;
  void *base_ = nullptr;                   // what the plug-in allocated; data_ is the aligned address within
  std::unique_ptr<StreamUse> stream_use_;  // of a GPU's memory only
};

struct MemoryUsage {
  uint64_t live_bytes = 0;
  uint64_t peak_bytes = 0;
  uint64_t live_storages = 0;
  uint64_t wrapped_bytes = 0;
};

// What is held on a device, over all threads.  Each number is exact; together they are a snapshot only when nothing runs.
MemoryUsage memory_usage(Device device);

}  // namespace penstock::core
