#include "core/loader/samples/device_batches.h"

#include "core/tensor/cuda_device.h"
#include "core/tensor/transfer.h"

namespace penstock::core {
namespace {

// CUDA's number for a stream that each thread has for itself, and that waits for no other.
void *per_thread_stream() {
  return reinterpret_cast<void *>(uintptr_t{2});  // NOLINT(performance-no-int-to-ptr): a handle that is a number
}

template <typename Move>
void move_tensors(SampleBatch &batch, const Move &move) {
  for (BatchField &field : batch.fields) {
    field.values = move(field.values);
    if (field.offsets) field.offsets = move(*field.offsets);
  }
}

// Makes a stream the thread's current one while it lives.
class StreamScope {
 public:
  StreamScope(Device device, void *stream) : device_(device), before_(current_stream(device)) {
    set_current_stream(device, stream);
  }
  StreamScope(const StreamScope &) = delete;
  StreamScope &operator=(const StreamScope &) = delete;
  ~StreamScope() { set_current_stream(device_, before_); }

 private:
  const Device device_;
  void *const before_;
};

}  // namespace

void copy_on_side_stream(SampleBatch &batch, Device device) {
  const StreamScope scope(device, per_thread_stream());
  move_tensors(batch, [&](const Tensor &tensor) { return on_device(tensor, device); });
  synchronize(device);
  // What comes after has no part in this thread's stream, which ends with the thread.
  move_tensors(batch, [&](const Tensor &tensor) {
    tensor.storage->set_home_stream(known_stream(nullptr));
    return tensor;
  });
}

void copy_to_device(SampleBatch &batch, Device device) {
  move_tensors(batch, [&](const Tensor &tensor) { return on_device(tensor, device); });
}

}  // namespace penstock::core
