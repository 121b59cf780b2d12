// What a plug-in for a kind of device does for the engine: a table of plain functions.  Engine and plug-in are built
// together; the plug-in's version check covers this table.
//
// Every function returns true, or false with failure filled.  None throws, none waits for the device unless it says so, and
// each leaves the thread's current device as it was.  A stream is the plug-in's own handle, as a caller gave it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "core/base/error.h"
#include "core/tensor/dtype.h"
#include "core/tensor/strided_loop.h"

namespace penstock::core {

struct DeviceFailure {
  Status status = Status::internal;
  char sentence[768] = "";
};

struct DeviceDescription {
  char name[256] = "";
  uint64_t memory_nbytes = 0;
  int32_t compute_major = 0, compute_minor = 0;
};

// Elements to be moved within one device, each converted as find_conversion() says; the two memories do not overlap.  The
// dtypes are such that can_cast(from, to, Casting::unsafe), and there is at least one element.
struct ElementMove {
  Walk walk;
  DType to_dtype, from_dtype;
};

// Elements to be compared within one device: walk.to and walk.from are only read.
struct ElementPairs {
  Walk walk;
  DType dtype;
  bool by_value;  // as Equality::value; otherwise by their bits
};

struct DeviceFunctions {
  bool (*count)(int32_t *out, DeviceFailure *failure);
  bool (*describe)(DeviceDescription *out, int32_t device, DeviceFailure *failure);

  // Memory in the order of a stream: usable by what is queued there afterwards, free once what was queued before has run.
  // At least 256 bytes aligned.  out_of_memory where there is too little.
  bool (*allocate)(void **out, int64_t nbytes, int32_t device, void *stream, DeviceFailure *failure);
  void (*free)(void *memory, int32_t device, void *stream);

  // Page-locked main memory, at least 256 bytes aligned.  Freeing waits for copies from and to it.
  bool (*allocate_pinned)(void **out, int64_t nbytes, DeviceFailure *failure);
  void (*free_pinned)(void *memory);

  // Queued on a stream of the device.
  bool (*move_elements)(const ElementMove *move, int32_t device, void *stream, DeviceFailure *failure);
  bool (*fill)(const ElementMove *move, int32_t device, void *stream,
               DeviceFailure *failure);  // walk.from: host memory
  bool (*set_zero)(void *to, int64_t nbytes, int32_t device, void *stream, DeviceFailure *failure);

  // Dense bytes between any two memories: a device's, another's, main memory.
  bool (*copy_bytes)(void *to, const void *from, int64_t nbytes, int32_t device, void *stream, DeviceFailure *failure);

  // Waits for the stream.
  bool (*equal)(bool *out, const ElementPairs *pairs, int32_t device, void *stream, DeviceFailure *failure);
  bool (*synchronize)(int32_t device, void *stream, DeviceFailure *failure);

  // What is queued on the waiting stream from now on runs after what is queued on the awaited one, each a stream of the
  // device behind it.
  bool (*wait)(void *waiting, int32_t waiting_device, void *awaited, int32_t awaited_device, DeviceFailure *failure);
};

}  // namespace penstock::core
