// A GPU's memory from a pool of our own, in the order of streams, and page-locked main memory.
#include <array>
#include <mutex>

#include "core/plugins/cuda/cuda_call.h"
#include "core/tensor/cuda_device.h"

namespace penstock::cuda {
namespace {

// What a pool keeps when it is no longer used, so that the next allocation is quick; the rest goes back to the driver when a
// stream is next waited for.
constexpr uint64_t kept_nbytes = uint64_t{256} << 20;

// The pool of the current device, made at its first use and kept for good.
bool find_pool(cudaMemPool_t *out, int32_t device, DeviceFailure *failure) {
  static std::mutex mutex;
  static std::array<cudaMemPool_t, core::max_cuda_devices> pools{};
  const std::lock_guard<std::mutex> lock(mutex);
  cudaMemPool_t &pool = pools[static_cast<size_t>(device)];
  if (pool == nullptr) {
    cudaMemPoolProps properties{};
    properties.allocType = cudaMemAllocationTypePinned;
    properties.location.type = cudaMemLocationTypeDevice;
    properties.location.id = device;
    cudaMemPool_t made = nullptr;
    if (!succeeded(cudaMemPoolCreate(&made, &properties), "making a pool of memory", device, failure)) return false;
    uint64_t threshold = kept_nbytes;
    if (!succeeded(cudaMemPoolSetAttribute(made, cudaMemPoolAttrReleaseThreshold, &threshold), "setting up the pool",
                   device, failure)) {
      (void)cudaMemPoolDestroy(made);
      return false;
    }
    pool = made;
  }
  *out = pool;
  return true;
}

}  // namespace

bool allocate(void **out, int64_t nbytes, int32_t device, void *stream, DeviceFailure *failure) {
  const CurrentDevice current(device, failure);
  cudaMemPool_t pool = nullptr;
  if (!current.is_set() || !find_pool(&pool, device, failure)) return false;
  void *memory = nullptr;
  const cudaError_t error = cudaMallocFromPoolAsync(&memory, static_cast<size_t>(nbytes), pool, as_stream(stream));
  if (error == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    size_t free_nbytes = 0, total_nbytes = 0;
    (void)cudaMemGetInfo(&free_nbytes, &total_nbytes);
    return report(failure, Status::out_of_memory,
                  "no memory for a tensor of %lld bytes on cuda:%d: %zu of its %zu bytes are free",
                  static_cast<long long>(nbytes), device, free_nbytes, total_nbytes);
  }
  if (error != cudaSuccess) return report_error(failure, error, "allocating memory", device);
  *out = memory;
  return true;
}

// Errors have no one to go to: after a sticky one, or while the process ends, the driver takes all memory back itself.
void free_memory(void *memory, int32_t device, void *stream) {
  DeviceFailure ignored;
  const CurrentDevice current(device, &ignored);
  if (cudaFreeAsync(memory, as_stream(stream)) != cudaSuccess) (void)cudaGetLastError();
}

bool allocate_pinned(void **out, int64_t nbytes, DeviceFailure *failure) {
  void *memory = nullptr;
  const cudaError_t error = cudaHostAlloc(&memory, static_cast<size_t>(nbytes), cudaHostAllocPortable);
  if (error == cudaErrorMemoryAllocation) {
    (void)cudaGetLastError();
    return report(failure, Status::out_of_memory, "no pinned memory for a tensor of %lld bytes",
                  static_cast<long long>(nbytes));
  }
  if (error != cudaSuccess) return report_error(failure, error, "allocating pinned memory", 0);
  *out = memory;
  return true;
}

void free_pinned(void *memory) {
  if (cudaFreeHost(memory) != cudaSuccess) (void)cudaGetLastError();
}

}  // namespace penstock::cuda
