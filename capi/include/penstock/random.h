/* penstock/random.h: tensors of random numbers, and the keys that they are drawn by.
 *
 * There is no hidden state: each element depends on the key and its place in row-major order alone, the same on every machine
 * and with any number of threads.  Draw by one key once; ps_random_fold_in() makes as many further keys as there are numbers,
 * for workers, layers or steps, and a ps_random_generator gives one after the other.
 *
 * Keys and generators are plain memory: copy them to save them.  What a key gives is part of the contract: it never changes.
 *
 * Every function here:
 * - PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional) and for a number that is not as said: the
 *   message has it; PS_TYPE_MISMATCH for a dtype that is not as said; PS_OUT_OF_MEMORY: nothing stays allocated;
 * - a new tensor is row-major, and the caller gets one hold on it; options are those of ps_tensor_empty(), NULL for the
 *   defaults, with its errors.
 *
 * Threads: any number, each with memory of its own for what is written.  Since: every name in this header is part of version
 * 1.0. */
#ifndef PENSTOCK_RANDOM_H
#define PENSTOCK_RANDOM_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Keys                                                                                                             */

/* What numbers are drawn by.  {seed, 0} is the key of a seed; every seed is as good as any other. */
typedef struct ps_random_key {
  uint64_t seed;
  uint64_t stream;
} ps_random_key;

/* One key after the other: {{seed, 0}, 0} begins the sequence of a seed. */
typedef struct ps_random_generator {
  ps_random_key key;
  uint64_t given; /* how many keys it has given */
} ps_random_generator;

/* A key made of another and a number.  Each number gives another key, and its numbers have nothing to do with those of the
 * given one.
 *
 * out  may be key itself */
PS_API ps_status ps_random_fold_in(ps_random_key *out, const ps_random_key *key, uint64_t number);

/* The generator's next key: its own key folded with the number given, which is then one more.
 *
 * PS_OUT_OF_RANGE  the generator has given 2^64 - 1 keys. */
PS_API ps_status ps_random_next(ps_random_key *out, ps_random_generator *generator);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Numbers                                                                                                          */

/* A new tensor of numbers from low to below high, evenly distributed.
 *
 * dtype      floating
 * low, high  low < high as the dtype holds them, finite, and a finite distance apart
 *
 * They are low and a multiple of 2^-53 of the distance for PS_FLOAT64, of 2^-24 for the others, which are rounded once. */
PS_API ps_status ps_random_uniform(ps_tensor **out, const ps_random_key *key, ps_dtype dtype, int32_t ndim,
                                   const int64_t *shape, double low, double high, const ps_tensor_options *options);

/* A new tensor of normally distributed numbers.
 *
 * dtype      floating
 * mean       finite
 * deviation  the standard deviation: finite, 0 or more
 *
 * They are at most 8.7 deviations from the mean for PS_FLOAT64, 6.8 for the others. */
PS_API ps_status ps_random_normal(ps_tensor **out, const ps_random_key *key, ps_dtype dtype, int32_t ndim,
                                  const int64_t *shape, double mean, double deviation,
                                  const ps_tensor_options *options);

/* A new tensor of whole numbers from low to below high, each exactly as likely as the others.
 *
 * dtype      of integers
 * low, high  low < high
 *
 * PS_OUT_OF_RANGE  low or high - 1 does not fit dtype: the message has both. */
PS_API ps_status ps_random_integers(ps_tensor **out, const ps_random_key *key, ps_dtype dtype, int32_t ndim,
                                    const int64_t *shape, int64_t low, int64_t high, const ps_tensor_options *options);

/* A new tensor of PS_BOOL that are true with a probability, 0 to 1. */
PS_API ps_status ps_random_bernoulli(ps_tensor **out, const ps_random_key *key, int32_t ndim, const int64_t *shape,
                                     double probability, const ps_tensor_options *options);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Orders and choices                                                                                               */

/* A new tensor of PS_INT64 on the CPU: the numbers from 0 to count - 1, 0 or more, in a random order. */
PS_API ps_status ps_random_permutation(ps_tensor **out, const ps_random_key *key, int64_t count);

/* A new tensor of PS_INT64 on the CPU: numbers chosen from 0 to population - 1.
 *
 * population     1 or more
 * replace        1: a number may come again; 0: each comes once at most, in a random order
 * probabilities  optional: of population real numbers on one axis, finite, 0 or more, not all 0; their sum stands for 1.
 *                NULL for equal ones
 *
 * PS_INVALID_ARGUMENT  also: with replace 0, more elements than there are numbers with a probability above 0. */
PS_API ps_status ps_random_choice(ps_tensor **out, const ps_random_key *key, int64_t population, int32_t ndim,
                                  const int64_t *shape, int32_t replace, const ps_tensor *probabilities);

/* Moves what lies along one axis of a tensor into a random order, the one that ps_random_permutation() gives for its size.
 *
 * axis  0 to ndim - 1, or -ndim to -1 counted from the end
 *
 * PS_OUT_OF_RANGE  axis.  PS_READ_ONLY  tensor.  After a failure its elements are untouched. */
PS_API ps_status ps_random_shuffle(ps_tensor *tensor, const ps_random_key *key, int32_t axis);

#ifdef __cplusplus
}
#endif

#endif
