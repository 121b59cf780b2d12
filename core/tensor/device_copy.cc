#include "core/tensor/device_copy.h"

#include <cstring>

#include "core/tensor/cuda_device.h"
#include "core/tensor/storage.h"

namespace penstock::core {
void move_on_device(const Extents &shape, const StridedMemory<std::byte> &to, DType to_dtype,
                    const StridedMemory<const std::byte> &from, DType from_dtype, Device device) {
  if (element_count(shape) == 0) return;
  const ElementMove move{joined_walk(shape, to, from), to_dtype, from_dtype};
  call_cuda(&DeviceFunctions::move_elements, &move, device.id, current_stream(device));
}

void fill_on_device(const Extents &shape, const StridedMemory<std::byte> &to,
                    const StridedMemory<const std::byte> &element, DType dtype, Device device) {
  if (element_count(shape) == 0) return;
  const ElementMove move{joined_walk(shape, to, element), dtype, dtype};
  call_cuda(&DeviceFunctions::fill, &move, device.id, current_stream(device));
}

void copy_dense(void *to, Device to_device, const void *from, Device from_device, int64_t nbytes) {
  if (nbytes == 0) return;
  const bool to_gpu = to_device.type == DeviceType::cuda, from_gpu = from_device.type == DeviceType::cuda;
  if (!to_gpu && !from_gpu) {
    std::memcpy(to, from, static_cast<size_t>(nbytes));
    return;
  }
  const Device working = to_gpu ? to_device : from_device;
  const bool between_gpus = to_gpu && from_gpu && to_device != from_device;
  if (between_gpus) wait_for_device(to_device, from_device);
  call_cuda(&DeviceFunctions::copy_bytes, to, from, nbytes, working.id, current_stream(working));
  // The source's memory is freed, and written anew, in the order of its own stream.
  if (between_gpus) wait_for_device(from_device, to_device);
  if (!to_gpu || !from_gpu) synchronize(working);
}

bool equal_on_device(const Tensor &first, const Tensor &second, bool by_value) {
  const Device device = first.device();
  first.storage->note_use(current_stream(device));
  second.storage->note_use(current_stream(device));
  const ElementPairs pairs{joined_walk(first.shape, memory_of(first), elements_of(second)), first.dtype, by_value};
  bool equal = false;
  call_cuda(&DeviceFunctions::equal, &equal, &pairs, device.id, current_stream(device));
  return equal;
}

}  // namespace penstock::core
