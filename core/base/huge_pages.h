// Pages of 2 MiB for large memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace penstock::core {

// Asks for them where memory that was just allocated is large: writing it for the first time costs most of a large operation, and
// a page of 2 MiB at a time is several times faster.  Where the system refuses, nothing is lost.
void prefer_huge_pages(std::byte *memory, uint64_t nbytes);

}  // namespace penstock::core
