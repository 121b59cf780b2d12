/* penstock/ops_order.h: sorting, searching, and what different elements there are.
 *
 * What holds for every function here:
 * - names and meanings are those of the Python array API standard, 2024.12;
 * - operands are of bool, integers or floating dtypes where nothing else is said, and may have any strides;
 * - elements are in ascending order of their numbers, false before true; -0 equals 0, and a NaN, of either sign, is above
 *   all else;
 * - an axis counts from 0, or from -1 at the end backwards;
 * - a new tensor is row-major, on the first operand's device, and the caller gets one hold on it; indices are int64;
 * - the same operands give the same bytes whatever the number of threads;
 * - PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional); PS_TYPE_MISMATCH for a dtype that the
 *   function does not take: the message has it; PS_OUT_OF_RANGE for an axis that the operand lacks: the message has its
 *   shape; PS_OUT_OF_MEMORY: nothing stays allocated.
 *
 * Threads: any number on one tensor, as with plain memory.  Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_OPS_ORDER_H
#define PENSTOCK_OPS_ORDER_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A new tensor with the elements sorted along axis.  Equal ones stay in the order in which they stand, in a descending
 * order too, bit for bit.
 *
 * descending  1: the largest first, NaN before all else; 0: the smallest first, NaN last */
PS_API ps_status ps_ops_sort(ps_tensor **out, const ps_tensor *operand, int32_t axis, int32_t descending);

/* A new tensor of the indices along axis in whose order the elements are sorted, as ps_ops_sort() sorts them. */
PS_API ps_status ps_ops_argsort(ps_tensor **out, const ps_tensor *operand, int32_t axis, int32_t descending);

/* Which of several equal places is meant. */
typedef enum ps_side PS_ENUM_BASE {
  PS_SIDE_LEFT = 0, /* the first */
  PS_SIDE_RIGHT = 1 /* the one behind the last */
} ps_side;

/* A new tensor of values' shape: at which index each value would have to be put in, for sorted to stay in its order.
 *
 * sorted  of one axis, in ascending order: in any other the indices mean nothing
 * values  any shape; where its dtype is another one, both are converted as ps_result_type() says
 * sorter  optional: the int64 indices that put sorted in ascending order, as many as it has elements
 *
 * PS_INVALID_ARGUMENT  also: sorted has not one axis, sorter has another shape, or side is neither.  PS_TYPE_MISMATCH
 * also: sorter is not of int64, or the dtypes have none in common.  PS_OUT_OF_RANGE  a number in sorter is no index. */
PS_API ps_status ps_ops_searchsorted(ps_tensor **out, const ps_tensor *sorted, const ps_tensor *values, ps_side side,
                                     const ps_tensor *sorter);

/* The different elements in ascending order, along one axis; complex ones by their real, then their imaginary parts.
 * Every NaN is different from every other, and so is a complex number with one in a part.  Of equal ones the first in
 * row-major order stands for all.
 *
 * values   receives a tensor of them
 * indices  optional: receives where each stands first, counted in row-major order
 * inverse  optional: receives, in operand's shape, which of values each element is
 * counts   optional: receives how often each stands
 * operand  any dtype but storage-only ones
 *
 * Out-parameters are all untouched on failure. */
PS_API ps_status ps_ops_unique(ps_tensor **values, ps_tensor **indices, ps_tensor **inverse, ps_tensor **counts,
                               const ps_tensor *operand);

/* A new tensor of the elements at indices along axis.
 *
 * operand  any dtype
 * indices  int64, with as many axes as operand, which broadcast with operand's but for axis; -1 is the last
 *
 * PS_INVALID_ARGUMENT  also: the shapes do not fit together: the message has both.  PS_TYPE_MISMATCH  indices are not of
 * int64.  PS_OUT_OF_RANGE  also: an index is outside axis: the message has it and the shape. */
PS_API ps_status ps_ops_take_along_axis(ps_tensor **out, const ps_tensor *operand, const ps_tensor *indices,
                                        int32_t axis);

#ifdef __cplusplus
}
#endif

#endif
