/* penstock/linalg.h: products of matrices and vectors.
 *
 * Names and meanings are those of the Python array API standard, 2024.12.
 *
 * What holds for every function here:
 * - operands may have any strides, and are of any dtype but the storage-only ones; two that differ are converted to one, as
 *   ps_result_type() says;
 * - float16 and bfloat16 are summed in float32 and rounded once; integers wrap around; a sum of bool is true where a product
 *   is; where there is nothing to sum, the result is 0;
 * - a new tensor is row-major, on the first operand's device, and the caller gets one hold on it;
 * - the same operands give the same bytes whatever the number of threads, their strides, and the memory they lie in;
 *   on processors of another kind, floating-point sums may be rounded otherwise;
 * - PS_INVALID_ARGUMENT for a pointer that is NULL, or shapes that do not fit: the message has both; PS_TYPE_MISMATCH for a
 *   storage-only dtype, or dtypes without a common one: the message has both; PS_OUT_OF_MEMORY: nothing stays allocated.
 *
 * Threads: any number on one tensor, as with plain memory.  Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_LINALG_H
#define PENSTOCK_LINALG_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A new tensor of the product of matrices: the operands' last two axes; the axes before those broadcast.
 *
 * first   of shape (..., rows, inner), or (inner): a row, and the result lacks its axis
 * second  of shape (..., inner, columns), or (inner): a column, likewise
 *
 * PS_INVALID_ARGUMENT  also: an operand has no axes. */
PS_API ps_status ps_ops_matmul(ps_tensor **out, const ps_tensor *first, const ps_tensor *second);

/* The product of matrices, as ps_ops_matmul() makes it, written to destination: converted to its dtype and broadcast to its
 * shape.
 *
 * destination  may be an operand, or overlap one: the result is as if it had been copied away first
 *
 * PS_READ_ONLY  destination.  PS_TYPE_MISMATCH  also: the result does not convert to destination's dtype by
 * PS_CAST_SAME_KIND.  PS_INVALID_ARGUMENT  also: the result does not broadcast to destination's shape.  After a failure
 * destination's elements are untouched. */
PS_API ps_status ps_ops_matmul_into(ps_tensor *destination, const ps_tensor *first, const ps_tensor *second);

#ifdef __cplusplus
}
#endif

#endif
