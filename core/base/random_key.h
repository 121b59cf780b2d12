// Keys of random streams, and keys made of them: so that each worker, layer or step has numbers of its own.
#pragma once

#include "core/base/random.h"

namespace penstock::core {

// A key that depends on another and on a number, pinned forever: the first two words are its seed, the others its stream, of
//
//   block 2^62 + number mod 2^62 of the given key's stream (random.h keeps these for it), encrypted number / 2^62 times more
//
// Under one key each number gives another key, none of whose bits is shared with a value that is drawn from the given one.
constexpr RandomStream fold_in(RandomStream key, uint64_t number) {
  constexpr uint64_t first_block = uint64_t{1} << 62;
  Words<4> block = random_block(key, first_block + number % first_block);
  for (uint64_t times = number / first_block; times > 0; --times) block = philox4x32(block, random_key(key));
  return {uint64_t{block.word[1]} << 32 | block.word[0], uint64_t{block.word[3]} << 32 | block.word[2]};
}

}  // namespace penstock::core
