/* penstock/dlpack.h: tensors lent to and borrowed from other libraries through DLPack 1.3, without a copy.
 *
 * Only DLPack's two struct names appear here: include DLPack's own header (dlpack/dlpack.h) where you look into them.
 *
 * A GPU's memory is lent and borrowed as it is: its elements may still be being written by what is queued on a stream.
 * ps_tensor_lend_to_stream() and ps_tensor_take_from_stream() (penstock/stream.h) put the two sides' work in order.
 *
 * What holds for every function here: PS_INVALID_ARGUMENT for a pointer that is NULL; PS_OUT_OF_MEMORY: nothing stays
 * allocated.  Threads: any number on one tensor.
 *
 * Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_DLPACK_H
#define PENSTOCK_DLPACK_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

struct DLManagedTensor;
struct DLManagedTensorVersioned;

/* A flag of the export functions: lend a new row-major copy, marked as one (IS_COPIED), in place of the memory itself. */
#define PS_DLPACK_COPY 1u

/* Lends a tensor's memory as DLPack's current struct.
 *
 * out    receives a struct whose deleter the consumer calls once, on any thread; it holds the memory until then.  Its
 *        data pointer is moved (byte_offset is 0), its strides are there when ndim is not 0, and READ_ONLY is set for a
 *        read-only tensor
 * flags  0 or PS_DLPACK_COPY
 *
 * PS_INVALID_ARGUMENT  also: flags has an unknown bit.
 * PS_NOT_EXPORTABLE    a stride is negative, which consumers mishandle: the message says to copy. */
PS_API ps_status ps_tensor_to_dlpack(struct DLManagedTensorVersioned **out, ps_tensor *tensor, uint32_t flags);

/* Lends a tensor's memory as the struct from before DLPack 1.0.  Otherwise as ps_tensor_to_dlpack().
 *
 * PS_NOT_EXPORTABLE  also: the tensor is read-only, which this struct cannot say. */
PS_API ps_status ps_tensor_to_dlpack_legacy(struct DLManagedTensor **out, ps_tensor *tensor, uint32_t flags);

/* Borrows memory that another library lends.  Strides are kept (NULL means row-major), READ_ONLY is honoured.
 *
 * managed  always consumed: its deleter is called once, when the last tensor over the memory is released, and before
 *          this returns where it fails.  NULL is the one thing it cannot consume
 *
 * PS_NOT_EXPORTABLE    another major version (nothing but version and deleter was read), lanes other than 1, a dtype or
 *                      a kind of device that penstock lacks.
 * PS_INVALID_ARGUMENT  also: a rank outside 0 to PS_MAX_NDIM, a size below 0, no data where there are elements, data
 *                      not aligned for its dtype, an extent that leaves the address space.
 * PS_OUT_OF_RANGE, PS_UNAVAILABLE  the device, as ps_tensor_wrap(); an id of the CPU's is not looked at. */
PS_API ps_status ps_tensor_from_dlpack(ps_tensor **out, struct DLManagedTensorVersioned *managed);

/* Borrows memory lent as the struct from before DLPack 1.0.  Otherwise as ps_tensor_from_dlpack(). */
PS_API ps_status ps_tensor_from_dlpack_legacy(ps_tensor **out, struct DLManagedTensor *managed);

#ifdef __cplusplus
}
#endif

#endif
