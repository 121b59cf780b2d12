/* penstock/stream.h: which devices there are, and the order in which a GPU does its work.
 *
 * A GPU works through streams: what is queued on one runs in that order, and nothing is ordered between two until one
 * waits for the other.  Each thread has a current stream for each GPU; every function of penstock that touches a GPU's
 * memory queues its work there and returns at once, but for those that hand elements to main memory or take them from it,
 * which return when that is done.  A stream is the caller's own cudaStream_t as a pointer, never destroyed by penstock; it
 * must live until the tensors that it was used with are released.  As in DLPack, 1 is the legacy default stream, 2 the
 * per-thread default stream; NULL is read as 1.
 *
 * The CPU has no streams: given PS_DEVICE_CPU each function here succeeds, and what it would do to a stream is nothing.
 *
 * What holds for every function here: PS_INVALID_ARGUMENT for a pointer that is NULL (but streams) and a device_type that
 * is not in its enum; PS_OUT_OF_RANGE: no device with that id; PS_UNAVAILABLE: the device cannot be used here, and the
 * message says what is missing; PS_INTERNAL: the GPU reports a failure, perhaps of earlier work, and the message has its
 * words.  PS_DEVICE_DEFAULT means this thread's default device, and device_id is then ignored.
 * Threads: any number.
 *
 * Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_STREAM_H
#define PENSTOCK_STREAM_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Devices                                                                                                          */

/* How many devices of a type this process can use: 1 for the CPU.
 *
 * PS_UNAVAILABLE  also: there is none. */
PS_API ps_status ps_device_count(int32_t *count, ps_device_type device_type);

/* What a device is.  struct_size is the caller's to set; a newer library fills no more than that. */
typedef struct ps_device_info {
  uint32_t struct_size;
  int32_t compute_major; /* of an NVIDIA GPU's compute capability; 0 for the CPU */
  int32_t compute_minor;
  uint32_t reserved;     /* 0 */
  uint64_t memory_bytes; /* all of its memory */
  const char *name;      /* what its maker calls it, as "NVIDIA H200"; "CPU" for the CPU.  Static memory */
} ps_device_info;

#define PS_DEVICE_INFO_INIT \
  { sizeof(ps_device_info), 0, 0, 0, 0, NULL }

/* What PS_DEVICE_INFO_INIT does, for languages without macros; struct_size is sizeof(ps_device_info).
 *
 * PS_INVALID_ARGUMENT  info is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_device_info_init(ps_device_info *info, uint32_t struct_size);

/* Says what a device is.
 *
 * info  its struct_size set; filled up to there, bytes this library does not know set to zero
 *
 * PS_INVALID_ARGUMENT  also: its struct_size is wrong. */
PS_API ps_status ps_device_describe(ps_device_info *info, ps_device_type device_type, int32_t device_id);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Streams                                                                                                          */

/* Makes a stream of the caller's this thread's current one for a GPU.  Nothing waits: what was queued on the stream before
 * may still run.
 *
 * stream  any stream of that GPU; NULL goes back to the legacy default stream */
PS_API ps_status ps_set_stream(ps_device_type device_type, int32_t device_id, void *stream);

/* Reads this thread's current stream for a GPU: what ps_set_stream() set, else 1, the legacy default stream.  NULL for
 * the CPU. */
PS_API ps_status ps_get_stream(void **stream, ps_device_type device_type, int32_t device_id);

/* Makes what is queued on one stream from now on run after what is queued on another until now.  Nobody waits on the CPU.
 *
 * waiting, awaited  two streams of that GPU; where they are the same nothing happens */
PS_API ps_status ps_stream_wait(ps_device_type device_type, int32_t device_id, void *waiting, void *awaited);

/* Returns when all that is queued on this thread's current stream for a GPU has run. */
PS_API ps_status ps_synchronize(ps_device_type device_type, int32_t device_id);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Tensors and the streams of other libraries                                                                       */

/* Lets another library use a tensor's memory on a stream of its own: that stream waits for what is queued on this thread's
 * current one, and the memory is not freed before what is queued on it by then has run.
 *
 * stream  a stream of the tensor's device, whatever it is for a tensor on the CPU */
PS_API ps_status ps_tensor_lend_to_stream(ps_tensor *tensor, void *stream);

/* Lets penstock use memory that another library filled on a stream of its own: this thread's current stream waits for that
 * one, and when the memory is given back that one waits for what penstock has queued.
 *
 * stream  as for ps_tensor_lend_to_stream() */
PS_API ps_status ps_tensor_take_from_stream(ps_tensor *tensor, void *stream);

#ifdef __cplusplus
}
#endif

#endif
