// The two devices of cuda_runtime.h: memory with limits, and streams that put off what is queued.
#include <array>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "tests/cuda_emulated/cuda_runtime.h"
#include "tests/cuda_emulated/emulator.h"

struct EmulatedPool {
  int device;
};

namespace {

constexpr int device_count = 2;
constexpr size_t memory_nbytes = size_t{256} << 20;

struct Queue {
  std::deque<std::function<void()>> waiting;
  uint64_t queued = 0, done = 0;
};

struct Block {
  size_t nbytes;
  int device;  // -1: pinned
};

struct Machine {
  std::recursive_mutex mutex;
  std::map<std::pair<int, uintptr_t>, Queue> queues;
  std::map<const char *, Block> blocks;
  std::vector<std::unique_ptr<char[]>> memory;  // never given back: what reads freed memory finds 0xdd
  std::array<size_t, device_count> used{};
  EmulatedCounts counts;
};

Machine &machine() {
  static Machine *const only = new Machine;
  return *only;
}

thread_local int current_device = 0;

using Lock = std::lock_guard<std::recursive_mutex>;

Queue &queue_of(int device, cudaStream_t stream) {
  const auto handle = reinterpret_cast<uintptr_t>(stream);
  return machine().queues[{device, handle == 0 ? 1 : handle}];
}

void run_until(Queue &queue, uint64_t done) {
  while (queue.done < done) {
    const std::function<void()> work = std::move(queue.waiting.front());
    queue.waiting.pop_front();
    ++queue.done;
    work();
  }
}

// The block that an address lies in; null for main memory that is not pinned.
const Block *find_block(const void *address) {
  const char *wanted = static_cast<const char *>(address);
  auto next = machine().blocks.upper_bound(wanted);
  if (next == machine().blocks.begin()) return nullptr;
  --next;
  return wanted < next->first + next->second.nbytes ? &next->second : nullptr;
}

cudaError_t add_block(void **memory, size_t nbytes, int device) {
  const size_t room = nbytes + 256;
  auto made = std::unique_ptr<char[]>(new char[room]);
  std::memset(made.get(), 0xcd, room);
  char *aligned = made.get() + (256 - reinterpret_cast<uintptr_t>(made.get()) % 256);
  machine().blocks[aligned] = {nbytes, device};
  machine().memory.push_back(std::move(made));
  *memory = aligned;
  return cudaSuccess;
}

}  // namespace

struct EmulatedEvent {
  Queue *queue = nullptr;
  uint64_t position = 0;
};

void emulated_counts(EmulatedCounts *counts) {
  const Lock lock(machine().mutex);
  *counts = machine().counts;
}

cudaError_t emulated_enqueue(cudaStream_t stream, std::function<void()> work) {
  const Lock lock(machine().mutex);
  Queue &queue = queue_of(current_device, stream);
  queue.waiting.push_back(std::move(work));
  ++queue.queued;
  return cudaSuccess;
}

cudaError_t cudaGetLastError() { return cudaSuccess; }
const char *cudaGetErrorName(cudaError_t) { return "emulated"; }
const char *cudaGetErrorString(cudaError_t) { return "an emulated failure"; }
cudaError_t cudaDriverGetVersion(int *version) { return *version = CUDART_VERSION, cudaSuccess; }
cudaError_t cudaGetDeviceCount(int *count) { return *count = device_count, cudaSuccess; }

cudaError_t cudaGetDeviceProperties(cudaDeviceProp *properties, int device) {
  if (device < 0 || device >= device_count) return cudaErrorInvalidDevice;
  *properties = {"emulated", memory_nbytes, 8, 0};
  return cudaSuccess;
}

cudaError_t cudaGetDevice(int *device) { return *device = current_device, cudaSuccess; }
cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= device_count) return cudaErrorInvalidDevice;
  current_device = device;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(size_t *free_nbytes, size_t *total_nbytes) {
  const Lock lock(machine().mutex);
  *free_nbytes = memory_nbytes - machine().used[static_cast<size_t>(current_device)];
  *total_nbytes = memory_nbytes;
  return cudaSuccess;
}

cudaError_t cudaMemPoolCreate(cudaMemPool_t *pool, const cudaMemPoolProps *properties) {
  *pool = new EmulatedPool{properties->location.id};
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void *) { return cudaSuccess; }
cudaError_t cudaMemPoolDestroy(cudaMemPool_t pool) { return delete pool, cudaSuccess; }

cudaError_t cudaMallocFromPoolAsync(void **memory, size_t nbytes, cudaMemPool_t pool, cudaStream_t) {
  const Lock lock(machine().mutex);
  size_t &used = machine().used[static_cast<size_t>(pool->device)];
  if (nbytes > memory_nbytes - used) return cudaErrorMemoryAllocation;
  used += nbytes;
  return add_block(memory, nbytes, pool->device);
}

cudaError_t cudaFreeAsync(void *memory, cudaStream_t stream) {
  const Lock lock(machine().mutex);
  const Block *block = find_block(memory);
  if (block == nullptr || block->device < 0) return cudaErrorInvalidValue;
  machine().used[static_cast<size_t>(block->device)] -= block->nbytes;
  return emulated_enqueue(stream, [memory, nbytes = block->nbytes] { std::memset(memory, 0xdd, nbytes); });
}

cudaError_t cudaHostAlloc(void **memory, size_t nbytes, unsigned) {
  const Lock lock(machine().mutex);
  return nbytes > memory_nbytes ? cudaErrorMemoryAllocation : add_block(memory, nbytes, -1);
}
cudaError_t cudaFreeHost(void *memory) {
  const Lock lock(machine().mutex);
  const Block *block = find_block(memory);
  if (block == nullptr) return cudaErrorInvalidValue;
  for (auto &[key, queue] : machine().queues) run_until(queue, queue.queued);
  std::memset(memory, 0xdd, block->nbytes);
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void *to, const void *from, size_t nbytes, cudaMemcpyKind, cudaStream_t stream) {
  const Lock lock(machine().mutex);
  ++machine().counts.copies;
  if (find_block(from) != nullptr) return emulated_enqueue(stream, [=] { std::memmove(to, from, nbytes); });
  // As CUDA does, memory that is not pinned is read before this returns.
  const auto *first = static_cast<const char *>(from);
  return emulated_enqueue(stream, [to, staged = std::vector<char>(first, first + nbytes)] {
    std::memcpy(to, staged.data(), staged.size());
  });
}

cudaError_t cudaMemsetAsync(void *to, int value, size_t nbytes, cudaStream_t stream) {
  return emulated_enqueue(stream, [=] { std::memset(to, value, nbytes); });
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Lock lock(machine().mutex);
  ++machine().counts.host_waits;
  Queue &queue = queue_of(current_device, stream);
  run_until(queue, queue.queued);
  return cudaSuccess;
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t *event, unsigned) { return *event = new EmulatedEvent, cudaSuccess; }
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  const Lock lock(machine().mutex);
  event->queue = &queue_of(current_device, stream);
  event->position = event->queue->queued;
  return cudaSuccess;
}
cudaError_t cudaStreamWaitEvent(cudaStream_t stream, cudaEvent_t event, unsigned) {
  const EmulatedEvent recorded = *event;
  return emulated_enqueue(stream, [recorded] { run_until(*recorded.queue, recorded.position); });
}
cudaError_t cudaEventDestroy(cudaEvent_t event) { return delete event, cudaSuccess; }
