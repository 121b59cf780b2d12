// Whether two tensors on one GPU hold the same elements: by their bits, or by value as core/tensor/element.h says.
#include "core/plugins/cuda/kernel.h"
#include "core/tensor/element.h"

namespace penstock::cuda {
namespace {

using namespace core;

// A complex number's bits: aligned as its parts are.
template <typename Bits>
struct Two {
  Bits parts[2];
  PS_HD friend bool operator==(const Two &first, const Two &second) {
    return first.parts[0] == second.parts[0] && first.parts[1] == second.parts[1];
  }
};

template <typename Element>
__global__ void find_different_bits(KernelWalk walk, int32_t *found) {
  for (Elements element(walk.count); element.is_inside(); element.advance()) {
    const Place place = place_of(walk, element.index);
    if (!(*reinterpret_cast<const Element *>(place.to) == *reinterpret_cast<const Element *>(place.from)))
      *found = 1;  // whoever writes writes this
  }
}

template <typename Element>
__global__ void find_different_values(KernelWalk walk, int32_t *found) {
  for (Elements element(walk.count); element.is_inside(); element.advance()) {
    const Place place = place_of(walk, element.index);
    if (!is_same_value(*reinterpret_cast<const Element *>(place.to), *reinterpret_cast<const Element *>(place.from)))
      *found = 1;
  }
}

using CompareKernel = void (*)(KernelWalk, int32_t *);

CompareKernel bits_kernel(DType dtype) {
  switch (dtype) {
    case DType::int16:
    case DType::uint16:
    case DType::float16:
    case DType::bfloat16: return find_different_bits<uint16_t>;
    case DType::int32:
    case DType::uint32:
    case DType::float32: return find_different_bits<uint32_t>;
    case DType::int64:
    case DType::uint64:
    case DType::float64: return find_different_bits<uint64_t>;
    case DType::complex64: return find_different_bits<Two<uint32_t>>;
    case DType::complex128: return find_different_bits<Two<uint64_t>>;
    default: return find_different_bits<uint8_t>;
  }
}

CompareKernel values_kernel(DType dtype) {
  switch (dtype) {
    case DType::bool8: return find_different_values<Bool8>;
    case DType::float16: return find_different_values<Float16>;
    case DType::bfloat16: return find_different_values<BFloat16>;
    case DType::float32: return find_different_values<float>;
    case DType::float64: return find_different_values<double>;
    case DType::complex64: return find_different_values<Complex<float>>;
    case DType::complex128: return find_different_values<Complex<double>>;
    case DType::float8_e4m3fn: return find_different_values<Float8E4M3FN>;
    case DType::float8_e5m2: return find_different_values<Float8E5M2>;
    default: return bits_kernel(dtype);  // integers: one value, one pattern
  }
}

// Runs the kernel with a number on the device that it sets to 1, and reads that.
bool find_difference(CompareKernel kernel, const KernelWalk &walk, int32_t *found, int32_t *on_device, int32_t device,
                     void *stream, DeviceFailure *failure) {
  return succeeded(cudaMemsetAsync(on_device, 0, sizeof(*on_device), as_stream(stream)), "clearing", device, failure) &&
         launch(kernel, walk, device, stream, failure, on_device) &&
         succeeded(cudaMemcpyAsync(found, on_device, sizeof(*found), cudaMemcpyDeviceToHost, as_stream(stream)),
                   "reading a result", device, failure) &&
         succeeded(cudaStreamSynchronize(as_stream(stream)), "comparing", device, failure);
}

}  // namespace

bool equal(bool *out, const ElementPairs *pairs, int32_t device, void *stream, DeviceFailure *failure) {
  const CurrentDevice current(device, failure);
  void *on_device = nullptr;
  if (!current.is_set() || !allocate(&on_device, sizeof(int32_t), device, stream, failure)) return false;
  int32_t found = 0;
  const CompareKernel kernel = pairs->by_value ? values_kernel(pairs->dtype) : bits_kernel(pairs->dtype);
  const bool has_run = find_difference(kernel, kernel_walk(pairs->walk), &found, static_cast<int32_t *>(on_device),
                                       device, stream, failure);
  free_memory(on_device, device, stream);
  if (has_run) *out = found == 0;
  return has_run;
}

}  // namespace penstock::cuda
