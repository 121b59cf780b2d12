// What a plug-in that decodes one format of images does for the engine: a table of plain functions.  Engine and plug-in are
// built together; the plug-in's version check covers this table.
#pragma once

#include <cstdint>

#include "core/base/error.h"

namespace penstock::core {

struct CodecFailure {
  Status status = Status::internal;
  char sentence[512] = "";
};

// One image, and where its pixels go.
struct CodecRequest {
  const uint8_t *bytes;
  uint64_t size;
  int32_t width, height, channels;  // as the engine read them in the header: whatever else is found is an error
  int32_t shrink;                   // rows are as many and as long as these sizes divided by it, rounded up
  uint8_t *rows;
  int64_t row_stride;  // bytes
};

struct CodecFunctions {
  // A decoder for one thread at a time, which keeps what it allocates; null when memory is short.
  void *(*open)();
  void (*close)(void *decoder);
  // True, or false with failure filled and rows in any state; the decoder can be used again.  Never throws.
  bool (*decode)(void *decoder, const CodecRequest *request, CodecFailure *failure);
};

}  // namespace penstock::core
