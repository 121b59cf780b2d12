// What the kernels share: a walk as a kernel takes it, where an index lies, and how a kernel is launched.
#pragma once

#include <algorithm>
#include <cstdint>

#include "core/base/host_device.h"
#include "core/plugins/cuda/cuda_call.h"

namespace penstock::cuda {

// A Walk without anything that only the host has.  Strides are in bytes, axes outermost first.
struct KernelWalk {
  char *to;
  const char *from;
  int64_t count;  // of all elements
  int32_t ndim;
  core::WalkAxis axes[core::max_ndim];
};

inline KernelWalk kernel_walk(const core::Walk &walk) {
  KernelWalk made{};
  made.to = reinterpret_cast<char *>(walk.to);
  made.from = reinterpret_cast<const char *>(walk.from);
  made.count = 1;
  made.ndim = walk.ndim;
  for (int32_t axis = 0; axis < walk.ndim; ++axis) {
    made.axes[axis] = walk.axes[static_cast<size_t>(axis)];
    made.count *= made.axes[axis].size;
  }
  return made;
}

struct Place {
  char *to;
  const char *from;
};

// Index counts the unsigned integers that the divisions are made in: 32 bits where they suffice, which is far quicker.
template <typename Index>
PS_HD Place place_by(const KernelWalk &walk, Index element) {
  Place place{walk.to, walk.from};
  for (int32_t axis = walk.ndim - 1; axis > 0; --axis) {
    const auto size = static_cast<Index>(walk.axes[axis].size);
    const Index rest = element / size;
    const auto index = static_cast<int64_t>(element - rest * size);
    place.to += index * walk.axes[axis].to_stride;
    place.from += index * walk.axes[axis].from_stride;
    element = rest;
  }
  if (walk.ndim > 0) {
    place.to += static_cast<int64_t>(element) * walk.axes[0].to_stride;
    place.from += static_cast<int64_t>(element) * walk.axes[0].from_stride;
  }
  return place;
}

PS_HD inline Place place_of(const KernelWalk &walk, int64_t element) {
  return walk.count <= int64_t{UINT32_MAX} ? place_by(walk, static_cast<uint32_t>(element))
                                           : place_by(walk, static_cast<uint64_t>(element));
}

// Every kernel goes over the elements in strides of the whole grid: for (Elements i(count); i.is_inside(); i.advance()).
struct Elements {
#ifdef __CUDACC__
  __device__
#endif
      explicit Elements(int64_t all)
      : index(static_cast<int64_t>(blockIdx.x) * blockDim.x + threadIdx.x),
        stride(static_cast<int64_t>(gridDim.x) * blockDim.x),
        count(all) {
  }
  PS_HD bool is_inside() const { return index < count; }
  PS_HD void advance() { index += stride; }
  int64_t index, stride, count;
};

inline constexpr int64_t threads_per_block = 256, most_blocks = int64_t{1} << 16;

template <typename... Parameters, typename... Arguments>
bool launch(void (*kernel)(KernelWalk, Parameters...), const KernelWalk &walk, int32_t device, void *stream,
            DeviceFailure *failure, Arguments... arguments) {
  const int64_t blocks = std::min((walk.count + threads_per_block - 1) / threads_per_block, most_blocks);
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(blocks));
  config.blockDim = dim3(static_cast<unsigned>(threads_per_block));
  config.stream = as_stream(stream);
  return succeeded(cudaLaunchKernelEx(&config, kernel, walk, arguments...), "starting a kernel", device, failure);
}

}  // namespace penstock::cuda
