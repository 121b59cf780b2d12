/* penstock/tensor_index.h: elements picked by arrays of indices, by NumPy's rules.
 *
 * What holds for every function here:
 * - indices are index_count tensors, one for each of the first axes: int64, of any shape, all broadcast together; NULL
 *   stands for the whole axis.  Negative indices count from the end of the axis;
 * - what is picked has the broadcast shape of the indices in place of the axes they pick from: where the first of these
 *   stood if they stand side by side, in front otherwise;
 * - PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional), index_count outside 0 to the tensor's
 *   ndim, indices that do not broadcast together, or a result of more than PS_MAX_NDIM axes; PS_TYPE_MISMATCH for
 *   indices that are not int64; PS_OUT_OF_RANGE for an index outside its axis: the message has the value and the limits;
 *   PS_OUT_OF_MEMORY: nothing stays allocated.
 *
 * Threads: any number on one tensor, as with plain memory.  Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_TENSOR_INDEX_H
#define PENSTOCK_TENSOR_INDEX_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A new row-major tensor with the elements picked; always a copy.
 *
 * indices  optional when index_count is 0 */
PS_API ps_status ps_tensor_take(ps_tensor **out, const ps_tensor *tensor, int32_t index_count,
                                ps_tensor *const *indices);

/* Copies source into the elements picked, converting and broadcasting as ps_tensor_copy() does.  Where an element is
 * picked twice, the last one in row-major order stays.
 *
 * indices  optional when index_count is 0
 * source   may overlap destination: the result is as if it had been copied away first
 *
 * PS_READ_ONLY  destination.  PS_TYPE_MISMATCH  also: casting does not allow the conversion.  PS_INVALID_ARGUMENT  also:
 * source does not broadcast to what is picked.  After a failure destination's elements are untouched. */
PS_API ps_status ps_tensor_put(ps_tensor *destination, int32_t index_count, ps_tensor *const *indices,
                               const ps_tensor *source, ps_casting casting);

/* Where a tensor is not 0 (or false): an int64 tensor of shape (count, ndim), in row-major order.
 *
 * PS_TYPE_MISMATCH  the dtype is storage-only. */
PS_API ps_status ps_tensor_nonzero(ps_tensor **out, const ps_tensor *tensor);

#ifdef __cplusplus
}
#endif

#endif
