/* penstock/ops_join.h: tensors joined, repeated, moved round, and made by rule.
 *
 * What holds for every function here:
 * - names and meanings are those of the Python array API standard, 2024.12;
 * - operands are of any dtype where nothing else is said, and may have any strides;
 * - an axis counts from 0, or from -1 at the end backwards;
 * - a new tensor is row-major, on the first operand's device where nothing else is said, and the caller gets one hold on
 *   it; it shares no memory with the operands;
 * - PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional), and for a result of more than 2^56
 *   bytes: the message has the shape; PS_TYPE_MISMATCH for a dtype that the function does not take; PS_OUT_OF_RANGE for an
 *   axis that the operand lacks: the message has its shape; PS_OUT_OF_MEMORY: nothing stays allocated.
 *
 * Threads: any number on one tensor, as with plain memory.  Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_OPS_JOIN_H
#define PENSTOCK_OPS_JOIN_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Joined and repeated                                                                                              */

/* A new tensor of count tensors, 1 at least, one behind the other along axis.  Dtypes are converted to one as
 * ps_result_type() says.
 *
 * PS_INVALID_ARGUMENT  also: count is below 1, or shapes differ in more than axis: the message has both.
 * PS_TYPE_MISMATCH  also: dtypes without a common one: the message has them. */
PS_API ps_status ps_ops_concat(ps_tensor **out, int32_t count, ps_tensor *const *tensors, int32_t axis);

/* A new tensor of count tensors, 1 at least, of one shape, along a new axis, which stands at axis in the result.  Dtypes
 * and errors are as with ps_ops_concat(). */
PS_API ps_status ps_ops_stack(ps_tensor **out, int32_t count, ps_tensor *const *tensors, int32_t axis);

/* A new tensor with the whole operand put side by side as often as repetitions say, for each axis; where there are fewer
 * of them than axes they are of the last ones, where there are more the operand has leading axes of size 1.
 *
 * repetitions  repetition_count of them, 0 to PS_MAX_NDIM; optional when there are none
 *
 * PS_INVALID_ARGUMENT  also: repetition_count is outside, or a repetition below 0. */
PS_API ps_status ps_ops_tile(ps_tensor **out, const ps_tensor *operand, int32_t repetition_count,
                             const int64_t *repetitions);

/* A new tensor with each index of axis as often as repetitions say.
 *
 * repetitions  int64: one number for all indices, or of one axis with one for each
 *
 * PS_INVALID_ARGUMENT  also: there are more or fewer repetitions, or one is below 0.  PS_TYPE_MISMATCH  repetitions are
 * not of int64. */
PS_API ps_status ps_ops_repeat(ps_tensor **out, const ps_tensor *operand, const ps_tensor *repetitions, int32_t axis);

/* A new tensor with the elements moved on along some axes, those that leave at one end put in at the other.
 *
 * shift_count  of shifts, 1 to PS_MAX_NDIM; a shift may be negative, or longer than its axis
 * axes         optional: shift_count of them, of which one may be named several times; NULL: all in row-major order by
 *              one shift
 *
 * PS_INVALID_ARGUMENT  also: shift_count is outside, or not 1 without axes. */
PS_API ps_status ps_ops_roll(ps_tensor **out, const ps_tensor *operand, int32_t shift_count, const int64_t *shifts,
                             const int32_t *axes);

/* A new tensor of the differences of neighbours along axis, taken order times: each makes axis shorter by 1.
 *
 * operand    integers, which wrap around, floating or complex
 * order      0 or more; 0 gives a copy
 * prepended  optional: joined to operand before, as with ps_ops_concat(); appended likewise behind
 *
 * PS_INVALID_ARGUMENT  also: order is below 0, or what is joined does not fit. */
PS_API ps_status ps_ops_diff(ps_tensor **out, const ps_tensor *operand, int32_t axis, int64_t order,
                             const ps_tensor *prepended, const ps_tensor *appended);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Made by rule                                                                                                     */

/* A copy of matrices, the last two axes, with 0 above a diagonal.
 *
 * diagonal  0: the main one; above it from 1 on, below it from -1 on; any number
 *
 * PS_INVALID_ARGUMENT  also: operand has less than two axes. */
PS_API ps_status ps_ops_tril(ps_tensor **out, const ps_tensor *operand, int64_t diagonal);

/* A copy of matrices with 0 below a diagonal; the rest is as with ps_ops_tril(). */
PS_API ps_status ps_ops_triu(ps_tensor **out, const ps_tensor *operand, int64_t diagonal);

/* A new matrix with 1 on a diagonal and 0 elsewhere.
 *
 * rows, columns  0 or more
 * diagonal       as with ps_ops_tril()
 * dtype          any but storage-only ones
 * options        optional: where the memory lies */
PS_API ps_status ps_ops_eye(ps_tensor **out, int64_t rows, int64_t columns, int64_t diagonal, ps_dtype dtype,
                            const ps_tensor_options *options);

/* A new tensor of count numbers at even distances from start on.
 *
 * start, stop  finite; stop may be below start
 * count        0 or more
 * with_stop    1: the last number is stop, exactly; 0: stop would be the next
 * dtype        integers (the numbers are rounded down), floating or complex
 * options      optional: where the memory lies
 *
 * The numbers are computed in float64, as start + index * step, and rounded once.  PS_INVALID_ARGUMENT  also: start or
 * stop is not finite, or count below 0. */
PS_API ps_status ps_ops_linspace(ps_tensor **out, double start, double stop, int64_t count, int32_t with_stop,
                                 ps_dtype dtype, const ps_tensor_options *options);

#ifdef __cplusplus
}
#endif

#endif
