// The bytes of a recording of worlds, for programs in any language, and what its writer and its reader share.
//
// Integers are little-endian and unsigned unless said otherwise, numbers with a point IEEE 754; nothing is aligned or
// padded.  Checksums are XXH3-64.
//
//   offset  size  field
//        0     8  magic: 89 50 53 52 45 43 0D 0A ("\x89PSREC\r\n")
//        8     8  size of the header
//       16     8  checksum, seed 0, of the 16 bytes before
//       24     -  the header: a snapshot (core/base/snapshot.h) of kind "recording", version 1, layout hash 0, whose
//                 sections are, in this order:
//                   library     the release that wrote it, as text; of no consequence
//                   game        the game's name, as text
//                   options     4 x 4 bytes: autoreset, actions, precision, random, numbered as in penstock/worlds.h;
//                               8 the number of worlds; 8 the episode's length
//                   parameters  for each: 4 the length of its name, the name, 8 the value (float64)
//                   fields      for each tensor that is shown: 4 the length of its name, the name, 4 the length of its
//                               dtype's name, that name, 4 the number of axes of one world, 8 the extent of each
//                   packing     for each element of one world's action: 4 its bits when packed, 8 its lowest value
//                               (int64); nothing where actions are floating-point numbers
//                   levels      for each text that the game was compiled from: 4 its length, the text; the section is left
//                               out where there is none
//                   worlds      8 the size of a snapshot of the worlds (ps_worlds_snapshot), the snapshot as a raw
//                               deflate stream: where the recording begins
//        -     -  events, in the order in which they came about; each
//             4     kind: 1 to 6
//             4     flags
//             8     how many steps of this recording were before it
//             8     size of its own bytes
//             8     checksum, seed 0, of the 24 bytes before
//             -     its own bytes, by kind
//             8     checksum of these; its seed is the checksum before
//
//   1 step           the actions; for each world 8 its mark; for each tensor that is shown 8 its hash.
//                    flags 0: actions as they lie in memory, world by world; 1: packed, each element as its difference
//                    from its lowest value in as many bits as "packing" says, worlds and elements one after the other,
//                    the lowest bits of a byte first, zeros at the end
//   2 reset          flags: 1 a mask follows, 2 one seed, 4 a seed a world.  The mask: a bit a world, lowest first,
//                    zeros at the end; then the seeds, 8 each.  Without seeds the next episode begins
//   3 set_state      8 the world; its state as numbers (float64)
//   4 restore        8 how many worlds; 8 for each, which one; 8 the size of a snapshot of these alone, the snapshot as
//                    a raw deflate stream: what they were restored to
//   5 set_parameter  4 the length of its name, the name, 8 the value (float64)
//   6 end            for each world 8 its hash; for each tensor that is shown 8 its hash, but 0 for "action" and "reset".  Nothing
//                    follows
//
// The hash of a world is ps_worlds_hash()'s.  Its mark is XXH3-64 of its action's bytes, seeded with that hash: a
// changed action is seen in its world even where it has no effect.  The hash of a tensor is XXH3-64, seed 0, of its
// bytes, world by world, zeros standing for the last observation of a world that has not just finished an episode.
//
// Hashes do not compress, and actions are as small as their bounds allow, so that steps are not deflated: a byte that
// was changed belongs to one event, mostly to one world.  Threads, kernels and buffers are not written: they change no
// byte.
//
// docs/reference/recording-format.md tells the same to users.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/worlds/worlds.h"

namespace penstock::core {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

inline constexpr std::string_view recording_magic = "\x89PSREC\r\n";
inline constexpr uint64_t recording_prefix_size = 24, event_head_size = 32, checksum_size = 8;

enum class EventKind : uint32_t { step = 1, reset = 2, set_state = 3, restore = 4, set_parameter = 5, end = 6 };
inline constexpr uint32_t step_is_packed = 1;
inline constexpr uint32_t reset_has_mask = 1, reset_has_one_seed = 2, reset_has_seeds = 4;

// What the header says.
struct RecordingHeader {
  std::string library, game;
  WorldsOptions options;          // but for seeds, threads, buffers and kernel
  std::string fields, packing;    // the sections' bytes: equal to those of the worlds that can replay it
  std::vector<std::byte> worlds;  // a snapshot
  uint64_t snapshot_of_one = 0, snapshot_growth = 0;  // the size of one world's, and what each further world adds
};

// The file's bytes up to the first event, for worlds as they are now.
std::string encode_recording_header(const Worlds &worlds);
// Throws data_error, place naming the file.  Memory is bounded by what worlds of that game and number need, and that
// number by the size of what was given.
RecordingHeader decode_recording_header(std::span<const std::byte> header, std::string_view place);

std::string fields_section(const Worlds &worlds);
std::string packing_section(const Worlds &worlds);

// The size of a snapshot of so many worlds, 1 at least and at most Worlds::most_worlds.
uint64_t snapshot_size(const RecordingHeader &header, uint64_t num_worlds);

// A snapshot with its size before it, deflated; and back: what is left of a record, which must be of expected_size
// bytes.
void append_deflated(std::string &out, std::span<const std::byte> bytes);
std::vector<std::byte> read_inflated(std::span<const std::byte> rest, uint64_t expected_size, std::string_view place);

// An event's head and what follows it.
std::string encode_event(EventKind kind, uint32_t flags, uint64_t steps, std::string_view payload);

uint64_t world_mark(uint64_t world_hash, std::span<const std::byte> action);

// Writes every checksum of a recording anew, as far as its sizes can be followed: the last step of writing one by hand,
// and a means for tests and fuzzers to reach what lies behind the checksums.
void seal_recording(std::span<std::byte> bytes);

}  // namespace penstock::core
