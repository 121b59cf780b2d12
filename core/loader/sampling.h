// Which chunks and which positions of a game are used: decided by the seed, the epoch, the chunk and the position alone.
#pragma once

#include <cstdint>
#include <vector>

#include "core/base/random.h"
#include "core/loader/lc0_chunk.h"
#include "core/loader/options.h"

namespace penstock::core {

// Streams of random numbers of their own for each use, each epoch and each chunk.
enum class Draw : uint64_t { chunk_order = 1, share, hanse, position, focus, choice, reservoir };
RandomStream draw_stream(uint64_t seed, Draw use, uint64_t epoch, uint64_t number);

// The positions of a chunk that are kept, in ascending order.
std::vector<int64_t> sample_positions(const LoaderOptions &options, uint64_t epoch, uint64_t chunk_number,
                                      const Lc0Chunk &chunk);

// Whether a chunk belongs to the share of the options.
bool is_in_share(const LoaderOptions &options, uint64_t chunk_number);

}  // namespace penstock::core
