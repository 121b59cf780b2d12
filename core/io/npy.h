// Tensors in NumPy's .npy files.  What each function throws stands with ps_npy_load() and ps_npy_save() in
// penstock/tensor_file.h; a place names, in messages, where the bytes come from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/base/progress.h"
#include "core/io/file.h"
#include "core/tensor/device.h"
#include "core/tensor/storage.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

struct LoadOptions {
  Device device = {};
  Progress progress = {};  // in bytes of the file, or of the archive's member
};

struct SaveOptions {
  int32_t compression = 0;  // of archives only: 0 stores, 1 (fast) to 12 (small) deflates
  Progress progress = {};   // in bytes of the tensors
};

Tensor load_npy(const std::string &path, const LoadOptions &options);
void save_npy(const std::string &path, const Tensor &tensor, const SaveOptions &options);

// From memory that holds a whole .npy file; the elements are copied.
Tensor parse_npy(std::span<const std::byte> bytes, std::string_view place, const Device &device);

// From memory that holds a whole .npy file and nothing else, which becomes the tensor's own: nothing is copied where
// the elements are aligned.
Tensor adopt_npy(Reference<Storage> storage, std::string_view place);

// From a part of a file that holds a whole .npy file.
struct FilePart {
  const File &file;
  uint64_t offset, size;
};
// crc32 receives the CRC-32 of the part's bytes; null: it is not computed.
Tensor read_npy(const FilePart &part, std::string_view place, const LoadOptions &options, uint32_t *crc32);

}  // namespace penstock::core
