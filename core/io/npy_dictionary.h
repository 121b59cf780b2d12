// The Python dictionary in the header of a .npy file: its words, not yet what they mean.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/tensor/extents.h"

namespace penstock::core {

struct NpyDictionary {
  std::string_view descr;       // the text of a string, or of a list or tuple as it stands in the file
  bool descr_is_string = true;  // otherwise records or sub-arrays
  bool column_major = false;
  Extents shape;  // no size below 0
};

// Reads {'descr': ..., 'fortran_order': ..., 'shape': ...}: Python's syntax as far as NumPy and others write it.
// Throws data_error, with the offset in the file, for anything else: a key missing, unknown or repeated, a list for a
// shape, more than max_ndim sizes, anything but white space behind it.
//
// text    the header, which outlives the result
// offset  where in the file it begins
// place   names the file
NpyDictionary parse_npy_dictionary(std::string_view text, uint64_t offset, std::string_view place);

}  // namespace penstock::core
