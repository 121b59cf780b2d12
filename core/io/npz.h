// Tensors in NumPy's .npz archives: a zip archive of .npy files.  What each function throws stands with the function of
// its name in penstock/tensor_file.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/io/npy.h"
#include "core/io/zip_reader.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

// An open archive.  Threads: any number may read from one at once.
class Npz {
 public:
  static Npz open(const std::string &path);

  int64_t count() const { return static_cast<int64_t>(names_.size()); }
  const std::string &name(int64_t index) const { return names_[static_cast<size_t>(index)]; }  // 0 to count() - 1

  const ZipReader &zip() const { return zip_; }
  const ZipMember *find(std::string_view name) const;  // the member of an array; null where there is none

  // A deflated member needs, besides the tensor, memory for its deflated bytes.
  Tensor read(std::string_view name, const LoadOptions &options) const;

 private:
  explicit Npz(ZipReader zip);

  ZipReader zip_;
  std::vector<std::string> names_;  // of the arrays, without .npy
};

struct NamedTensor {
  std::string_view name;
  const Tensor &tensor;
};

// A deflated member needs memory for the tensor's bytes twice; a stored one for some MB at most.
void save_npz(const std::string &path, std::span<const NamedTensor> tensors, const SaveOptions &options);

}  // namespace penstock::core
