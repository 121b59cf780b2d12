// What a world is made of: named arrays with one entry a world, which the engine allocates and every game writes in
// place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "core/tensor/tensor.h"

namespace penstock::core {

enum class FieldRole {
  action,       // written by the caller before a step, read by the game
  observation,  // what the agents see; its last value of an episode is kept in a field named final_<name>
  outcome,      // reward, terminated, truncated
  state,        // what the game remembers, shown as a tensor
  hidden,       // what the game or the engine remembers, not shown
};

struct Field {
  std::string name;
  DType dtype = DType::float32;
  Extents shape;  // of one world
  FieldRole role = FieldRole::state;
  // An array over all worlds for each element, as vector kernels read it; else one row a world.
  bool in_columns = false;
  std::vector<double> low, high;  // bounds of each element, or one of all
};

// A field's memory.  What a step writes has two buffers where that was asked for.
class FieldMemory {
 public:
  // Zeros.  Throws out_of_memory.
  FieldMemory(Field field, int64_t num_worlds, int32_t buffers);

  const Field &field() const { return field_; }
  const Tensor &tensor(int32_t buffer) const { return tensors_[index_of(buffer)]; }
  std::byte *data(int32_t buffer) const { return tensors_[index_of(buffer)].data; }
  int64_t element_count() const { return element_count_; }  // of one world
  int64_t bytes_per_world() const { return element_count_ * dtype_size(field_.dtype); }

  // One world's elements one after another, however they lie.
  void read_world(std::byte *to, int64_t world, int32_t buffer) const;
  void write_world(const std::byte *from, int64_t world, int32_t buffer) const;
  void clear_world(int64_t world, int32_t buffer) const;
  // From a field of the same dtype, shape and layout, or another buffer of this one.
  void copy_world(int64_t world, int32_t buffer, const FieldMemory &from, int32_t from_buffer) const;

 private:
  size_t index_of(int32_t buffer) const { return tensors_.size() == 1 ? 0 : static_cast<size_t>(buffer); }
  template <typename Body>
  void over_world(int64_t world, Body body) const;

  Field field_;
  int64_t num_worlds_;
  int64_t element_count_;
  std::vector<Tensor> tensors_;
};

}  // namespace penstock::core
