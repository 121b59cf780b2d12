// A file without a name that holds what a stream yields, so that it can be read at any place.
#pragma once

#include "core/io/byte_stream.h"
#include "core/io/file.h"

namespace penstock::core {

// Writes all of a stream into a new file in the folder TMPDIR names, or /tmp; nobody else can open it, and it is gone with
// the File.  name stands for it in messages.  Throws io_error where there is no room, and what the stream throws.
File spool(ByteStream &stream, const std::string &name);

}  // namespace penstock::core
