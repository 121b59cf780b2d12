// The numbers of the zip format that its reader and its writer share.  Described in PKWARE's APPNOTE.TXT, whose
// sections are named where they matter.
#pragma once

#include <cstdint>

namespace penstock::core::zip {

// What each record begins with, and its size up to the parts of varying length.
inline constexpr uint32_t local_signature = 0x04034b50;
inline constexpr uint32_t central_signature = 0x02014b50;
inline constexpr uint32_t end_signature = 0x06054b50;
inline constexpr uint32_t wide_end_signature = 0x06064b50;      // zip64
inline constexpr uint32_t wide_locator_signature = 0x07064b50;  // zip64
inline constexpr uint64_t local_size = 30;
inline constexpr uint64_t central_size = 46;
inline constexpr uint64_t end_size = 22;
inline constexpr uint64_t wide_end_size = 56;
inline constexpr uint64_t wide_locator_size = 20;
inline constexpr uint64_t longest_comment = 0xFFFF;

// A field of this value stands for one that is in the zip64 record or extra field.
inline constexpr uint16_t wide_16 = 0xFFFF;
inline constexpr uint32_t wide_32 = 0xFFFFFFFF;
inline constexpr uint16_t wide_extra_id = 0x0001;

inline constexpr uint16_t method_stored = 0;
inline constexpr uint16_t method_deflated = 8;

// Bits of the general purpose flags (4.4.4).
inline constexpr uint16_t flag_sizes_follow = 1 << 3;  // CRC and sizes stand behind the data, not in the local header
inline constexpr uint16_t flag_utf8 = 1 << 11;
inline constexpr uint16_t flags_refused = 1 << 0 | 1 << 5 | 1 << 6 | 1 << 13;  // encrypted (three kinds), or a patch

}  // namespace penstock::core::zip
