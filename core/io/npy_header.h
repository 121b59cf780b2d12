// What stands before the elements of a .npy file: a magic, a version, and a Python dictionary that says dtype, order
// and shape.  The format is described in NumPy's numpy/lib/format.py.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "core/tensor/dtype.h"
#include "core/tensor/extents.h"
#include "core/tensor/tensor.h"

namespace penstock::core {

struct NpyHeader {
  DType dtype = DType::float32;
  bool big_endian = false;
  bool column_major = false;
  Extents shape;
  uint64_t data_offset = 0;  // where the elements begin
  int64_t nbytes = 0;        // of the elements
};

// More than this from the start of a file is never needed to read its header: NumPy too reads none of over 10,000
// bytes.
inline constexpr size_t longest_npy_header_text = 10'000;
inline constexpr size_t longest_npy_header = 12 + longest_npy_header_text;

// Reads the header of a file of file_size bytes.
//
// start  its first bytes: all, or longest_npy_header of them at least
// place  names the file in messages
//
// The dictionary may be spaced, ordered and quoted as Python allows; each key stands in it once.  Throws type_mismatch
// for a dtype that penstock lacks: objects, text, records, times, raw bytes, long doubles.  Throws data_error for
// whatever else does not parse, for a rank above max_ndim, and where the file has not exactly the bytes that the shape
// needs.
NpyHeader parse_npy_header(std::span<const std::byte> start, uint64_t file_size, std::string_view place);

// The bytes that NumPy itself would write before a row-major array of this dtype and shape: format 1.0, little-endian.
// Throws type_mismatch for a dtype that NumPy's format has no name for; place names what is saved.
std::string format_npy_header(DType dtype, const Extents &shape, std::string_view place);

}  // namespace penstock::core
