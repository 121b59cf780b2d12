// Random orders and choices.  All depend on the key alone, never on threads, and are pinned forever as core/ops/random_tensors.h.
#pragma once

#include "core/base/random_key.h"
#include "core/tensor/create.h"

namespace penstock::core {

// The numbers from 0 to count - 1, 0 or more, in a random order, as int64: Fisher and Yates's method from the first place on,
// each with what the 32-bit value of its index (of 64 bits where more than 2^32 are left) draws below the number left.
Tensor random_permutation(RandomStream key, int64_t count);

// Of shape, int64: numbers from 0 to below population, 1 or more.
//
// With replacement each is drawn anew, as random_integers() does; with probabilities by the unit value of 53 bits, which is
// looked up in their running sum.  Without replacement no number comes twice, and the order is as random as the choice: the
// first places of random_permutation(population); with probabilities those with the smallest -log(u) / probability.
//
// probabilities: null, or as many numbers as population on one axis, of a real dtype, finite, 0 or more, and not all 0; their
// sum stands for 1.  Throws type_mismatch for another dtype, invalid_argument for anything else that is not as said, and for
// more numbers to choose without replacement than can be.
Tensor random_choice(RandomStream key, int64_t population, const Extents &shape, bool with_replacement,
                     const Tensor *probabilities);

// Moves what lies along an axis of a tensor into the order of random_permutation().  Throws read_only, out_of_range for axis.
void random_shuffle(RandomStream key, const Tensor &tensor, int32_t axis);

}  // namespace penstock::core
