// Tensors of random numbers.  Each element depends on the key and its place in row-major order alone: neither threads nor the
// width of vectors change a bit, and the schemes below are pinned forever.
//
// A key is a stream of core/base/random.h; draw from one key once, and make further keys by fold_in().  All throw
// invalid_argument for limits that are not as said, type_mismatch for a dtype that is none of those named.
#pragma once

#include "core/base/random_key.h"
#include "core/tensor/create.h"

namespace penstock::core {

// From low to below high, both finite and as the dtype holds them, low < high: low + u (high - low), where u is the unit
// value of the element's index, of 53 bits for float64 and 24 for float32, float16 and bfloat16, which are computed in
// float32 and rounded once; what that rounds to high or above is the number before it.
Tensor random_uniform(RandomStream key, DType dtype, const Extents &shape, double low, double high,
                      const Allocation &allocation);

// Of the normal distribution, deviation 0 or more: elements 2 i and 2 i + 1 are made of the values at these indices by Box
// and Muller (kernels/random_kernels.h), of 64 bits for float64, otherwise of 32.
Tensor random_normal(RandomStream key, DType dtype, const Extents &shape, double mean, double deviation,
                     const Allocation &allocation);

// Whole numbers from low to below high, each as likely, of an integer dtype that holds them all: Lemire's method on 32 bits
// where high - low is at most 2^32, where a value that would make some likelier is encrypted once more with its block, and
// as uniform_below() beyond.
Tensor random_integers(RandomStream key, DType dtype, const Extents &shape, int64_t low, int64_t high,
                       const Allocation &allocation);

// Of bool: true where the unit value of 53 bits is below probability, 0 to 1.
Tensor random_bernoulli(RandomStream key, const Extents &shape, double probability, const Allocation &allocation);

// Below n, 1 to 2^32, from the 32-bit value at an index: what random_integers() draws.
uint32_t random_below_32(RandomStream key, uint64_t index, uint64_t n);

}  // namespace penstock::core
