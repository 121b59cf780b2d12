// A batch of samples: a tensor, or two, for each field.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/error.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

struct BatchField {
  std::string name;
  Tensor values;                  // the rows; of a field of bytes all of them, one sample's behind the other's
  std::optional<Tensor> offsets;  // of a field of bytes: where each sample's begin, and the end
};

struct SampleBatch {
  uint64_t epoch = 0;
  uint64_t index = 0;  // in its epoch
  bool is_last = false;
  int64_t size = 0;  // samples; 0: there is nothing to hand out
  std::vector<BatchField> fields;
  Tensor samples;              // their numbers in the set
  std::vector<Error> bad;      // what was wrong with the samples that were passed over, in their order
  std::optional<Error> error;  // in place of fields
  uint64_t nbytes = 0;         // of all fields
};

}  // namespace penstock::core
