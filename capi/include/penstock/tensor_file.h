/* penstock/tensor_file.h: tensors in NumPy's files, .npy (one tensor) and .npz (many, each with a name).
 *
 * Files are read as untrusted: every size in them is checked against the file before memory is allocated for it.
 * Nothing is ever unpickled: an array of Python objects is refused.  Files are written under a temporary name beside the
 * target and renamed when whole, so that a failure or a cancel leaves what was there before.
 *
 * Dtypes: bool, the integers, float16, float32, float64, complex64 and complex128, in either byte order when read.  NumPy's
 * format has no name for bfloat16 and float8: writing one is PS_TYPE_MISMATCH; reinterpret it as uint16 or uint8 first.
 *
 * What holds for every function here:
 * - paths are what the operating system takes;
 * - PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional) or an options struct that is not as
 *   base.h says; PS_OUT_OF_MEMORY: nothing stays allocated;
 * - PS_NOT_FOUND for no such file or folder, PS_IO_ERROR for whatever else the operating system refuses: the message has
 *   the path and its reason.
 *
 * Since: every name in this header is part of version 1.0 unless its comment says otherwise. */
#ifndef PENSTOCK_TENSOR_FILE_H
#define PENSTOCK_TENSOR_FILE_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* How a file is read. */
typedef struct ps_load_options {
  uint32_t struct_size;
  ps_device_type device_type; /* where the tensor is made; PS_DEVICE_DEFAULT: this thread's default device */
  int32_t device_id;
  int32_t reserved;              /* 0 */
  ps_progress_function progress; /* optional; in bytes of the file, or of the member as it is packed */
  void *user;                    /* handed to progress */
} ps_load_options;

#define PS_LOAD_OPTIONS_INIT \
  { sizeof(ps_load_options), PS_DEVICE_DEFAULT, 0, 0, NULL, NULL }

/* What PS_LOAD_OPTIONS_INIT does; struct_size is sizeof(ps_load_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_load_options_init(ps_load_options *options, uint32_t struct_size);

/* How a file is written. */
typedef struct ps_save_options {
  uint32_t struct_size;
  int32_t compression; /* .npz: 0 stores members as they are, 1 (fast) to 12 (small) deflates them; .npy: ignored */
  ps_progress_function progress; /* optional; in bytes of the tensors */
  void *user;                    /* handed to progress */
} ps_save_options;

#define PS_SAVE_OPTIONS_INIT \
  { sizeof(ps_save_options), 0, NULL, NULL }

/* What PS_SAVE_OPTIONS_INIT does; struct_size is sizeof(ps_save_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_save_options_init(ps_save_options *options, uint32_t struct_size);

/* Reads a .npy file, of format 1.0, 2.0 or 3.0, into a new tensor.  An array in column-major order keeps it: its strides
 * show it.
 *
 * options  optional
 *
 * PS_DATA_ERROR     not a .npy file, cut short, bytes left over, a header that does not parse or fit, or of more
 *                   than PS_MAX_NDIM axes: it says where.
 * PS_TYPE_MISMATCH  a dtype penstock lacks: objects, text, records.  PS_CANCELLED  progress returned non-zero.
 * PS_UNAVAILABLE, PS_OUT_OF_RANGE  the device, as ps_tensor_empty(). */
PS_API ps_status ps_npy_load(ps_tensor **out, const char *path, const ps_load_options *options);

/* Writes a tensor as a .npy file in row-major order, replacing what was there.
 *
 * options  optional
 *
 * PS_TYPE_MISMATCH  NumPy's format has no such dtype.  PS_CANCELLED  progress returned non-zero. */
PS_API ps_status ps_npy_save(const char *path, const ps_tensor *tensor, const ps_save_options *options);

/* An open .npz file.  Threads: any number may read from one at once, and retain and release it. */
typedef struct ps_npz ps_npz;

/* Opens a .npz file and reads its directory: a zip archive, zip64 included, with members stored or deflated.
 *
 * out  receives one hold, the caller's to give back with ps_npz_release()
 *
 * PS_DATA_ERROR  not a zip archive, cut short, bytes before it, a directory that does not fit the file, two members of
 *                one name, a name that is not UTF-8, an encrypted member or one of another compression: with the member
 *                and the offset. */
PS_API ps_status ps_npz_open(ps_npz **out, const char *path);

/* Takes one more hold and returns it.  NULL gives NULL and sets ps_last_error(). */
PS_API ps_npz *ps_npz_retain(ps_npz *npz);

/* Gives one hold back; with the last one the file is closed.  NULL is accepted and does nothing. */
PS_API void ps_npz_release(ps_npz *npz);

/* The number of arrays: the members whose name ends in .npy; -1 for NULL. */
PS_API int64_t ps_npz_count(const ps_npz *npz);

/* The name of an array without .npy, in the order of the archive's directory, valid as long as a hold on npz.  NULL for
 * NULL and for an index outside 0 to ps_npz_count() - 1. */
PS_API const char *ps_npz_name(const ps_npz *npz, int64_t index);

/* Reads one array into a new tensor; its CRC-32 is checked.
 *
 * name     as ps_npz_name() gives it
 * options  optional
 *
 * PS_NOT_FOUND   also: no array of that name.  PS_DATA_ERROR  as ps_npy_load(), or the member's CRC-32 or sizes do not
 * fit its data.  Others as ps_npy_load(). */
PS_API ps_status ps_npz_read(ps_tensor **out, const ps_npz *npz, const char *name, const ps_load_options *options);

/* Writes tensors as a .npz file, replacing what was there.
 *
 * count, names, tensors  as many of each; the arrays are optional when count is 0.  A name may not be empty, stand
 *                        twice, exceed 65,000 bytes, or be other than UTF-8
 * options                optional
 *
 * PS_INVALID_ARGUMENT  also: count is below 0, a name or tensor is NULL, a name breaks the rules, compression is outside
 *                      0 to 12.  PS_TYPE_MISMATCH, PS_CANCELLED  as ps_npy_save(). */
PS_API ps_status ps_npz_save(const char *path, int64_t count, const char *const *names, ps_tensor *const *tensors,
                             const ps_save_options *options);

#ifdef __cplusplus
}
#endif

#endif
