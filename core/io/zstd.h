// The bytes that Zstandard frames hold, one frame after the other; skippable frames are passed over.
#pragma once

#include <memory>
#include <string>

#include "core/io/byte_stream.h"

namespace penstock::core {

// read() throws data_error with the place where the bytes are no such frames, damaged (a frame's checksum is checked where
// it has one), cut short, or beyond the limit; and where a frame asks for a window above 128 MiB, as zstd itself does.
std::unique_ptr<ByteStream> open_zstd(std::unique_ptr<ByteStream> packed, const InflationLimit &limit,
                                      std::string place);

}  // namespace penstock::core
