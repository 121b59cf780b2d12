// One operation of a network at fixed shapes: what a plan is a list of.
//
// An operation is made once, for shapes and a dtype that it has checked, and then runs step after step on memory that its
// plan hands it: forward() and backward() check nothing and allocate nothing.  All memory is dense and row-major; what the
// network itself is given is aligned to its elements, all else to 64 bytes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/random.h"
#include "core/tensor/dtype.h"
#include "core/tensor/extents.h"

namespace penstock::core::nn {

// The shape, first axis the batch, and dtype of what flows between operations.
struct ValueOutline {
  Extents shape;
  DType dtype = DType::float32;

  int64_t element_count() const;
  int64_t nbytes() const;
  friend bool operator==(const ValueOutline &, const ValueOutline &) = default;
};

// What an operation asks its plan for.
struct OperationNeeds {
  int64_t kept_nbytes = 0;     // that forward() writes where backward() follows, and that one reads
  int64_t scratch_nbytes = 0;  // that one call writes and reads
  bool backward_reads_inputs = false;
  bool backward_reads_output = false;
  // The output may be written where the only input lies; likewise its gradient where the output's does.  Only for one that
  // does not set backward_reads_inputs.
  bool may_run_in_place = false;
  double forward_flops = 0, backward_flops = 0;  // additions and multiplications, for people to read
};

struct ForwardCall {
  std::span<const std::byte *const> inputs;
  std::byte *output;
  // In the order that the layer gave them.  Those that are not trained (running statistics) may be written in training.
  std::span<std::byte *const> parameters;
  std::byte *kept;  // null where no backward() follows
  std::byte *scratch;
  bool is_training;     // how to compute; backward() may follow either way
  RandomStream random;  // for this operation in this step alone
};

struct BackwardCall {
  std::span<const std::byte *const> inputs;  // null pointers unless backward_reads_inputs
  const std::byte *output;                   // null unless backward_reads_output
  std::byte *output_gradient;                // may be overwritten: nobody reads it afterwards
  // Written, not added to; null where nobody asks for it.
  std::span<std::byte *const> input_gradients;
  std::span<const std::byte *const> parameters;
  std::span<std::byte *const> parameter_gradients;  // likewise; null for parameters that are not trained
  const std::byte *kept;
  std::byte *scratch;
};

// The bits of results depend on shapes and elements, never on the number of threads: work is cut by shapes alone
// (core/base/thread_pool.h), and sums run in an order that depends on nothing else.
//
// Threads: one call of one operation at a time.
class Operation {
 public:
  virtual ~Operation() = default;
  Operation(const Operation &) = delete;
  Operation &operator=(const Operation &) = delete;

  virtual std::string_view name() const = 0;  // as "conv_2d"
  virtual ValueOutline output() const = 0;
  virtual OperationNeeds needs() const = 0;
  virtual void forward(const ForwardCall &call) = 0;
  virtual void backward(const BackwardCall &call) = 0;

 protected:
  Operation() = default;
};

template <typename Element>
const Element *elements(const std::byte *memory) {
  return reinterpret_cast<const Element *>(memory);
}
template <typename Element>
Element *elements(std::byte *memory) {
  return reinterpret_cast<Element *>(memory);
}

}  // namespace penstock::core::nn
