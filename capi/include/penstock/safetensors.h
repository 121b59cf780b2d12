/* penstock/safetensors.h: tensors in safetensors files: many in one file, each with a name, and a few words about them.
 *
 * Files are read as untrusted: the header is checked against the file before memory is allocated for what it says, a tensor's
 * bytes must be as many as its shape and dtype need, and the tensors must fill the file without gap or overlap.  Nothing in
 * a file is ever run.  Files are written under a temporary name beside the target and renamed when whole, so that a failure
 * or a cancel leaves what was there before.
 *
 * Dtypes: all but complex128, for which the format has no name.
 *
 * What holds for every function here:
 * - paths are what the operating system takes;
 * - PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional) or an options struct that is not as
 *   base.h says; PS_OUT_OF_MEMORY: nothing stays allocated;
 * - PS_NOT_FOUND for no such file or folder, PS_IO_ERROR for whatever else the operating system refuses: the message has
 *   the path and its reason.
 *
 * Since: every name in this header is part of version 1.0 unless its comment says otherwise. */
#ifndef PENSTOCK_SAFETENSORS_H
#define PENSTOCK_SAFETENSORS_H

#include <penstock/base.h>
#include <penstock/tensor.h>
#include <penstock/tensor_file.h>

#ifdef __cplusplus
extern "C" {
#endif

/* An open file.  Threads: any number may read from one at once, and retain and release it. */
typedef struct ps_safetensors ps_safetensors;

/* Opens a file and reads its header.
 *
 * out  receives one hold, the caller's to give back with ps_safetensors_release()
 *
 * PS_DATA_ERROR  not a safetensors file, cut short, a header above 100,000,000 bytes or that does not parse, a name that stands
 *                twice, a dtype that the format does not have, sizes that do not fit shape and dtype, gaps, overlaps or
 *                bytes left over: with the tensor. */
PS_API ps_status ps_safetensors_open(ps_safetensors **out, const char *path);

/* Takes one more hold and returns it.  NULL gives NULL and sets ps_last_error(). */
PS_API ps_safetensors *ps_safetensors_retain(ps_safetensors *file);

/* Gives one hold back; with the last one the file is closed.  NULL is accepted and does nothing. */
PS_API void ps_safetensors_release(ps_safetensors *file);

/* The number of tensors; -1 for NULL. */
PS_API int64_t ps_safetensors_count(const ps_safetensors *file);

/* The name of a tensor, in the order in which their elements lie in the file, valid as long as a hold on file.  NULL for
 * NULL and for an index outside 0 to ps_safetensors_count() - 1. */
PS_API const char *ps_safetensors_name(const ps_safetensors *file, int64_t index);

/* The number of texts in the file's metadata; -1 for NULL. */
PS_API int64_t ps_safetensors_metadata_count(const ps_safetensors *file);

/* The key of one of them, in the order of the keys' bytes, valid as long as a hold on file.  NULL for NULL and for an index
 * outside 0 to ps_safetensors_metadata_count() - 1. */
PS_API const char *ps_safetensors_metadata_key(const ps_safetensors *file, int64_t index);

/* The text that stands with that key; otherwise the same. */
PS_API const char *ps_safetensors_metadata_value(const ps_safetensors *file, int64_t index);

/* Reads one tensor into memory of its own.
 *
 * name     as ps_safetensors_name() gives it
 * options  optional; progress is in bytes of the tensor
 *
 * PS_NOT_FOUND      also: no tensor of that name.  PS_TYPE_MISMATCH  a dtype of the format that penstock lacks.
 * PS_DATA_ERROR     the file has become shorter since it was opened.  PS_CANCELLED  progress returned non-zero.
 * PS_UNAVAILABLE, PS_OUT_OF_RANGE  the device, as ps_tensor_empty(). */
PS_API ps_status ps_safetensors_read(ps_tensor **out, const ps_safetensors *file, const char *name,
                                     const ps_load_options *options);

/* Writes tensors as a file, replacing what was there: those with the widest elements first, then by name, each aligned.
 *
 * count, names, tensors  as many of each; the arrays are optional when count is 0.  A name may not stand twice, be
 *                        "__metadata__", or be other than UTF-8
 * metadata_count, keys, values  texts to go with them, in UTF-8, each key once; the arrays are optional when
 *                        metadata_count is 0
 * options                optional; compression is ignored, progress is in bytes of the tensors
 *
 * PS_INVALID_ARGUMENT  also: a count is below 0, one of the names, tensors, keys or values is NULL, a name or key breaks the
 *                      rules, or the header would be too large.  PS_TYPE_MISMATCH  complex128.
 * PS_CANCELLED         progress returned non-zero. */
PS_API ps_status ps_safetensors_save(const char *path, int64_t count, const char *const *names,
                                     ps_tensor *const *tensors, int64_t metadata_count, const char *const *keys,
                                     const char *const *values, const ps_save_options *options);

#ifdef __cplusplus
}
#endif

#endif
