// Tensors in safetensors files: a header of JSON, then the elements of all, little-endian and side by side.  What each
// function throws stands with the function of its name in penstock/safetensors.h.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/file.h"
#include "core/io/npy.h"
#include "core/io/npz.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

// One tensor as the header has it.
struct SafetensorsEntry {
  std::string name;
  std::string dtype_name;      // the format's
  std::optional<DType> dtype;  // none for one that the format knows and we lack
  Extents shape;
  uint64_t begin = 0, end = 0;  // behind the header
};

using Metadata = std::map<std::string, std::string>;

// An open file.  Threads: any number may read from one at once.
class Safetensors {
 public:
  static Safetensors open(const std::string &path);

  int64_t count() const { return static_cast<int64_t>(entries_.size()); }
  const std::string &name(int64_t index) const { return entries_[static_cast<size_t>(index)].name; }
  const Metadata &metadata() const { return metadata_; }
  bool has(std::string_view name) const { return place_of(name) >= 0; }
  uint64_t data_nbytes() const { return entries_.empty() ? 0 : entries_.back().end; }  // of all tensors

  Tensor read(std::string_view name, const LoadOptions &options) const;

 private:
  explicit Safetensors(File file) : file_(std::move(file)) {}
  void read_header();
  void require_no_gaps() const;
  void sort();
  int64_t place_of(std::string_view name) const;  // -1: nowhere
  const SafetensorsEntry &find(std::string_view name) const;

  File file_;
  uint64_t data_offset_ = 0;
  std::vector<SafetensorsEntry> entries_;  // as their elements lie in the file
  std::vector<int64_t> by_name_;           // their places, in the order of their names
  Metadata metadata_;
};

void save_safetensors(const std::string &path, std::span<const NamedTensor> tensors, const Metadata &metadata,
                      const SaveOptions &options);

}  // namespace penstock::core
