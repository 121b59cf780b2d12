/* penstock/tensor.h: tensors: made, wrapped, viewed, copied, converted, compared and printed.
 *
 * A tensor is a view of one storage: a dtype, a shape, strides, and a place in the storage.  Views share their storage
 * and keep it alive, so no order of release leaves memory dangling.  A ps_tensor never changes after it was made; the
 * elements it shows may.
 *
 * Threads: any number of threads may use one ps_tensor at once, and retain and release it.  The elements are plain
 * memory: two threads that touch the same one, of which one writes, must take turns.
 *
 * What holds for every function here:
 * - axis is 0 to ndim - 1, or -ndim to -1 counted from the end;
 * - shape and strides are arrays of ndim numbers, in elements; ndim is 0 to PS_MAX_NDIM, and the array may be NULL when
 *   ndim is 0; a size may be 0;
 * - a function that makes a tensor gives the caller one hold on it, to be given back with ps_tensor_release();
 * - PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional), an enum value not in its enum, an
 *   options struct that is not as base.h says, an ndim outside its limits, a size below 0, or a shape whose bytes,
 *   sizes of 0 counted as 1, exceed 2^56; the sentence in ps_last_error() has the value;
 * - PS_OUT_OF_MEMORY wherever memory is allocated: nothing stays allocated.
 * The comments below name these two only where there is more to say.
 *
 * Since: every name in this header is part of version 1.0 unless its comment says otherwise. */
#ifndef PENSTOCK_TENSOR_H
#define PENSTOCK_TENSOR_H

#include <penstock/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ps_tensor ps_tensor;

/* The most axes a tensor can have. */
#define PS_MAX_NDIM 16

/* ---------------------------------------------------------------------------------------------------------------- */
/* Dtypes                                                                                                           */

/* The type of an element, in the machine's byte order.  The values are pinned forever. */
typedef enum ps_dtype PS_ENUM_BASE {
  PS_BOOL = 1, /* one byte: 0 is false, 1 is true; any other value reads as true */
  PS_INT8 = 2,
  PS_INT16 = 3,
  PS_INT32 = 4,
  PS_INT64 = 5,
  PS_UINT8 = 6,
  PS_UINT16 = 7,
  PS_UINT32 = 8,
  PS_UINT64 = 9,
  PS_FLOAT16 = 10, /* IEEE binary16 */
  PS_BFLOAT16 = 11,
  PS_FLOAT32 = 12,
  PS_FLOAT64 = 13,
  PS_COMPLEX64 = 14,     /* two float32: real, imaginary */
  PS_COMPLEX128 = 15,    /* two float64 */
  PS_FLOAT8_E4M3FN = 16, /* storage only: made, copied, viewed, compared by bits, printed; not converted */
  PS_FLOAT8_E5M2 = 17    /* storage only */
} ps_dtype;

/* The bytes of one element; 0 for a value not in the enum. */
PS_API uint64_t ps_dtype_size(ps_dtype dtype);

/* The array API's name of a dtype, as "float32".  Static memory; NULL for a value not in the enum. */
PS_API const char *ps_dtype_name(ps_dtype dtype);

/* The dtype of that name, as ps_dtype_name() gives it; short codes as "f4" are refused.
 *
 * PS_NOT_FOUND  no dtype has that name. */
PS_API ps_status ps_dtype_from_name(ps_dtype *out, const char *name);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Making tensors                                                                                                   */

/* Where and how a new tensor's memory is allocated. */
typedef struct ps_tensor_options {
  uint32_t struct_size;
  ps_device_type device_type; /* PS_DEVICE_DEFAULT: this thread's default device; device_id is then ignored */
  int32_t device_id;
  int32_t pinned;     /* 1: page-locked main memory, for fast copies to a GPU; the device must be the CPU, and
                         the plug-in of a GPU must be there */
  uint64_t alignment; /* of the first element, in bytes: a power of two up to 2 MiB; 0 means 64 */
} ps_tensor_options;

#define PS_TENSOR_OPTIONS_INIT \
  { sizeof(ps_tensor_options), PS_DEVICE_DEFAULT, 0, 0, 0 }

/* What PS_TENSOR_OPTIONS_INIT does; struct_size is sizeof(ps_tensor_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_tensor_options_init(ps_tensor_options *options, uint32_t struct_size);

/* Makes a row-major tensor whose elements have no defined value yet.
 *
 * options  optional
 *
 * PS_OUT_OF_RANGE  no device with that id.  PS_UNAVAILABLE  the device or pinned memory cannot be used here: the
 * message says what is missing. */
PS_API ps_status ps_tensor_empty(ps_tensor **out, ps_dtype dtype, int32_t ndim, const int64_t *shape,
                                 const ps_tensor_options *options);

/* Makes a row-major tensor with every byte zero.  Otherwise as ps_tensor_empty(). */
PS_API ps_status ps_tensor_zeros(ps_tensor **out, ps_dtype dtype, int32_t ndim, const int64_t *shape,
                                 const ps_tensor_options *options);

/* Makes a row-major tensor with every element set to one value.  Otherwise as ps_tensor_empty().
 *
 * value, value_dtype  one element, and its dtype, converted as ps_tensor_fill() says
 *
 * PS_TYPE_MISMATCH, PS_OUT_OF_RANGE  as ps_tensor_fill(). */
PS_API ps_status ps_tensor_full(ps_tensor **out, ps_dtype dtype, int32_t ndim, const int64_t *shape, const void *value,
                                ps_dtype value_dtype, const ps_tensor_options *options);

/* Makes a row-major tensor from row-major host memory, which is copied.  Otherwise as ps_tensor_empty().
 *
 * data, data_nbytes  the elements; data may be NULL when data_nbytes is 0
 *
 * PS_INVALID_ARGUMENT  also: data_nbytes is not what dtype and shape need. */
PS_API ps_status ps_tensor_from_data(ps_tensor **out, ps_dtype dtype, int32_t ndim, const int64_t *shape,
                                     const void *data, uint64_t data_nbytes, const ps_tensor_options *options);

/* Makes a tensor of one axis: start, start + step, ... up to but without stop; empty when stop lies the wrong way.
 *
 * dtype    any but bool and the storage-only ones
 * options  optional
 *
 * PS_INVALID_ARGUMENT  also: step is 0.  PS_TYPE_MISMATCH  dtype is bool or storage-only.
 * PS_OUT_OF_RANGE      a value does not fit an integer dtype; no device with that id.  PS_UNAVAILABLE  as above. */
PS_API ps_status ps_tensor_arange_int64(ps_tensor **out, int64_t start, int64_t stop, int64_t step, ps_dtype dtype,
                                        const ps_tensor_options *options);

/* Makes a tensor of one axis with ceil((stop - start) / step) elements, element i being start + i * ((start + step) -
 * start), as NumPy has it, computed in float64 and then rounded to dtype.  Otherwise as ps_tensor_arange_int64().
 *
 * PS_INVALID_ARGUMENT  also: a number is not finite.  PS_TYPE_MISMATCH  dtype is not floating-point or complex, or is
 * storage-only. */
PS_API ps_status ps_tensor_arange_float64(ps_tensor **out, double start, double stop, double step, ps_dtype dtype,
                                          const ps_tensor_options *options);

/* Called once, when the last tensor over wrapped memory has been released, on the thread that released it, with no lock
 * of penstock held.  It must not throw and may call any function of penstock. */
typedef void (*ps_deleter)(void *user);

/* How memory of the caller's is wrapped. */
typedef struct ps_wrap_options {
  uint32_t struct_size;
  ps_device_type device_type; /* where data lies; PS_DEVICE_DEFAULT: this thread's default device */
  int32_t device_id;
  int32_t read_only; /* 1: no tensor over this memory may be written through */
} ps_wrap_options;

#define PS_WRAP_OPTIONS_INIT \
  { sizeof(ps_wrap_options), PS_DEVICE_DEFAULT, 0, 0 }

/* What PS_WRAP_OPTIONS_INIT does; struct_size is sizeof(ps_wrap_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_wrap_options_init(ps_wrap_options *options, uint32_t struct_size);

/* Makes a tensor over memory of the caller's.  Never copies.
 *
 * data     the element at index (0, 0, ...), aligned for dtype; optional when a size is 0
 * strides  optional: NULL means row-major; may be negative or 0
 * deleter  optional: called exactly once when nothing holds the memory any more; after a failure of this function it
 *          has not been and will not be called, and the memory stays the caller's
 * user     handed to deleter
 * options  optional
 *
 * Where two indices may lead to one element (a stride of 0, say) the tensor is read-only, as if read_only were set.
 *
 * PS_INVALID_ARGUMENT  also: data is not aligned, or the extent of the elements leaves the address space.
 * PS_OUT_OF_RANGE      no device with that id.  PS_UNAVAILABLE  the device cannot be used here. */
PS_API ps_status ps_tensor_wrap(ps_tensor **out, void *data, ps_dtype dtype, int32_t ndim, const int64_t *shape,
                                const int64_t *strides, ps_deleter deleter, void *user, const ps_wrap_options *options);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Holds                                                                                                            */

/* Takes one more hold on a tensor and returns it.  NULL gives NULL and sets ps_last_error(). */
PS_API ps_tensor *ps_tensor_retain(ps_tensor *tensor);

/* Gives one hold back.  With the last one the tensor is freed, and its storage too if no other tensor views it.  NULL is
 * accepted and does nothing. */
PS_API void ps_tensor_release(ps_tensor *tensor);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Reading what a tensor is                                                                                         */

/* The number of axes; -1 for NULL. */
PS_API int32_t ps_tensor_ndim(const ps_tensor *tensor);

/* ndim sizes, valid as long as a hold on this tensor; never NULL but for NULL. */
PS_API const int64_t *ps_tensor_shape(const ps_tensor *tensor);

/* ndim strides in elements, valid as long as a hold on this tensor; never NULL but for NULL. */
PS_API const int64_t *ps_tensor_strides(const ps_tensor *tensor);

/* The number of elements: the product of the shape, 1 for rank 0; -1 for NULL. */
PS_API int64_t ps_tensor_element_count(const ps_tensor *tensor);

/* The bytes of the elements, each counted once an index: element count times ps_dtype_size(); -1 for NULL. */
PS_API int64_t ps_tensor_nbytes(const ps_tensor *tensor);

/* The dtype; 0, which is no dtype, for NULL. */
PS_API ps_dtype ps_tensor_dtype(const ps_tensor *tensor);

/* The device; PS_DEVICE_DEFAULT (0), which is never a tensor's, for NULL. */
PS_API ps_device_type ps_tensor_device_type(const ps_tensor *tensor);

/* The device's id, 0 on the CPU; -1 for NULL. */
PS_API int32_t ps_tensor_device_id(const ps_tensor *tensor);

/* Where the element at index (0, 0, ...) lies, to be read; on a GPU an address for that GPU alone.  NULL when there are no elements, and for NULL. */
PS_API const void *ps_tensor_data(const ps_tensor *tensor);

/* The same place, to be written.  NULL when there are no elements; NULL with ps_last_error() set for a read-only tensor
 * and for NULL. */
PS_API void *ps_tensor_mutable_data(const ps_tensor *tensor);

/* 1 when the elements lie densely in row-major order (axes of size 1 do not matter), otherwise 0; -1 for NULL. */
PS_API int32_t ps_tensor_is_contiguous(const ps_tensor *tensor);

/* 1 when nothing may be written through this tensor, otherwise 0; -1 for NULL. */
PS_API int32_t ps_tensor_is_readonly(const ps_tensor *tensor);

/* 1 when the storage is page-locked main memory, otherwise 0; -1 for NULL. */
PS_API int32_t ps_tensor_is_pinned(const ps_tensor *tensor);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Views: they share the tensor's memory, keep it alive, never copy, and are read-only where the tensor is          */

/* An end of ps_tensor_slice() left open. */
#define PS_SLICE_OPEN INT64_MIN

/* Every step-th index of one axis from start up to but without stop, by Python's rules for start:stop:step.
 *
 * start, stop  negative ones count from the end; what lies outside is cut to the axis; PS_SLICE_OPEN leaves an end out
 * step         negative steps go backwards
 *
 * PS_INVALID_ARGUMENT  also: step is 0.  PS_OUT_OF_RANGE  axis. */
PS_API ps_status ps_tensor_slice(ps_tensor **out, ps_tensor *tensor, int32_t axis, int64_t start, int64_t stop,
                                 int64_t step);

/* One index of one axis: a view with that axis removed.
 *
 * index  within the axis, or negative and counted from its end
 *
 * PS_OUT_OF_RANGE  axis or index: the message has the value, the limits and the shape. */
PS_API ps_status ps_tensor_select(ps_tensor **out, ps_tensor *tensor, int32_t axis, int64_t index);

/* length indices of one axis from start on.  Unlike a slice, nothing is cut to fit.
 *
 * PS_OUT_OF_RANGE  axis; start or start + length outside 0 to the axis's size; length below 0. */
PS_API ps_status ps_tensor_narrow(ps_tensor **out, ps_tensor *tensor, int32_t axis, int64_t start, int64_t length);

/* All axes in a new order: axis i of the view is axis axes[i] of the tensor.
 *
 * axes  axis_count numbers that name each axis once; axis_count must be the tensor's ndim
 *
 * PS_INVALID_ARGUMENT  also: an axis is named twice, or axis_count is not ndim.  PS_OUT_OF_RANGE  an axis. */
PS_API ps_status ps_tensor_permute(ps_tensor **out, ps_tensor *tensor, int32_t axis_count, const int32_t *axes);

/* Two axes exchanged.
 *
 * PS_OUT_OF_RANGE  an axis. */
PS_API ps_status ps_tensor_transpose(ps_tensor **out, ps_tensor *tensor, int32_t first_axis, int32_t second_axis);

/* The same elements in row-major order under another shape, where strides can express that.
 *
 * shape  one size may be -1: it becomes what the others leave
 *
 * PS_INVALID_ARGUMENT  also: the element counts differ, more than one size is -1, or no view exists: the message says
 *                      to copy with ps_tensor_contiguous() first. */
PS_API ps_status ps_tensor_reshape(ps_tensor **out, ps_tensor *tensor, int32_t ndim, const int64_t *shape);

/* Without axes of size 1.
 *
 * axes  axis_count axes to remove; axis_count 0 (axes is then optional) removes every axis of size 1
 *
 * PS_INVALID_ARGUMENT  also: a named axis is not of size 1, is named twice, or axis_count is below 0 or above ndim.
 * PS_OUT_OF_RANGE      an axis. */
PS_API ps_status ps_tensor_squeeze(ps_tensor **out, ps_tensor *tensor, int32_t axis_count, const int32_t *axes);

/* With a new axis of size 1.
 *
 * axis  where the new axis stands in the result: 0 to ndim, or -ndim - 1 to -1
 *
 * PS_OUT_OF_RANGE      axis.  PS_INVALID_ARGUMENT  also: the tensor already has PS_MAX_NDIM axes. */
PS_API ps_status ps_tensor_unsqueeze(ps_tensor **out, ps_tensor *tensor, int32_t axis);

/* Repeated along axes of size 1 and along new leading axes (stride 0), by NumPy's rules for broadcasting.  The view is
 * read-only where an element is repeated.
 *
 * shape  ndim sizes; -1 keeps the tensor's own
 *
 * PS_INVALID_ARGUMENT  also: a size differs from the tensor's, which is not 1; ndim is below the tensor's; -1 for a new
 *                      axis. */
PS_API ps_status ps_tensor_expand(ps_tensor **out, ps_tensor *tensor, int32_t ndim, const int64_t *shape);

/* One axis with all elements in row-major order.
 *
 * PS_INVALID_ARGUMENT  also: no view exists: the message says to copy with ps_tensor_contiguous() first. */
PS_API ps_status ps_tensor_flatten(ps_tensor **out, ps_tensor *tensor);

/* The same bytes read as another dtype.  Where the sizes of the dtypes differ, the last axis grows or shrinks with them.
 *
 * PS_INVALID_ARGUMENT  also: the sizes differ and there is no last axis, its stride is not 1, or its bytes are no
 *                      multiple of the new size; or an element would not be aligned for the new dtype. */
PS_API ps_status ps_tensor_reinterpret(ps_tensor **out, ps_tensor *tensor, ps_dtype dtype);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Moving elements                                                                                                  */

/* Which conversions between dtypes a call may make; each allows all that the one before it does. */
typedef enum ps_casting PS_ENUM_BASE {
  PS_CAST_SAME_KIND = 0, /* NumPy's same_kind: to wider or narrower of one kind, and up in the order bool, unsigned,
                            signed, floating, complex */
  PS_CAST_UNSAFE = 1     /* any, the storage-only dtypes excepted: complex to real drops the imaginary part, floating to
                            integer drops the fraction; what does not fit is cut to the dtype's limits, NaN gives 0;
                            integers keep their low bits; anything but 0 is true */
} ps_casting;

/* Copies source's elements into destination, converting the dtype and broadcasting the shape where they differ.
 *
 * destination  any strides; not read-only; on the same device or another
 * source       any strides; its shape is, or broadcasts to, destination's; it may overlap destination: the result is as
 *              if it had been copied away first
 *
 * Floating-point conversions round to nearest, ties to even; what is too large becomes infinite.
 *
 * PS_INVALID_ARGUMENT  also: the shapes do not fit.  PS_READ_ONLY  destination.  PS_TYPE_MISMATCH  casting does not
 * allow the conversion.  After a failure destination's elements are untouched. */
PS_API ps_status ps_tensor_copy(ps_tensor *destination, const ps_tensor *source, ps_casting casting);

/* Sets every element of destination to one value.
 *
 * value, value_dtype  one element, and its dtype.  A bool fits any dtype; an integer any but bool; a floating-point
 *                     number any floating or complex dtype; a complex number any complex one.  For a storage-only
 *                     dtype value_dtype must be the same.
 *
 * PS_READ_ONLY  destination.  PS_TYPE_MISMATCH  value_dtype does not fit.  PS_OUT_OF_RANGE  an integer does not fit
 * destination's integer dtype.  After a failure destination's elements are untouched. */
PS_API ps_status ps_tensor_fill(ps_tensor *destination, const void *value, ps_dtype value_dtype);

/* A new row-major tensor with the same elements, always a copy, on the same device. */
PS_API ps_status ps_tensor_clone(ps_tensor **out, const ps_tensor *tensor);

/* The tensor itself (one more view of its memory) when it is contiguous, otherwise what ps_tensor_clone() gives. */
PS_API ps_status ps_tensor_contiguous(ps_tensor **out, ps_tensor *tensor);

/* A new row-major tensor with the elements converted to another dtype, always a copy, on the same device.
 *
 * PS_TYPE_MISMATCH  casting does not allow the conversion. */
PS_API ps_status ps_tensor_astype(ps_tensor **out, const ps_tensor *tensor, ps_dtype dtype, ps_casting casting);

/* The elements on another device: one more view of the memory when it already lies as options ask, otherwise a copy.
 *
 * options  optional: NULL means this thread's default device
 *
 * PS_OUT_OF_RANGE  no device with that id.  PS_UNAVAILABLE  the device or pinned memory cannot be used here. */
PS_API ps_status ps_tensor_to_device(ps_tensor **out, ps_tensor *tensor, const ps_tensor_options *options);

/* Copies the elements to host memory in row-major order.
 *
 * What lies on a GPU is waited for: this returns when the elements are there.
 *
 * data, data_nbytes  where to; data_nbytes must be ps_tensor_nbytes(); data is optional when that is 0, and must not
 *                    overlap the tensor
 *
 * PS_INVALID_ARGUMENT  also: data_nbytes is another number. */
PS_API ps_status ps_tensor_to_data(void *data, uint64_t data_nbytes, const ps_tensor *tensor);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Comparing and printing                                                                                           */

typedef enum ps_equality PS_ENUM_BASE {
  PS_EQUAL_BITWISE = 0, /* the same bits: -0 differs from 0, a NaN equals itself if its bits do */
  PS_EQUAL_VALUE = 1    /* the same values: -0 equals 0, and any NaN equals any other */
} ps_equality;

/* Writes 1 to equal when both tensors have the same dtype, shape and elements, otherwise 0. */
PS_API ps_status ps_tensor_equal(int32_t *equal, const ps_tensor *first, const ps_tensor *second, ps_equality equality);

/* Writes 1 to close when |actual - expected| <= absolute + relative * |expected| holds for every element, otherwise 0.
 *
 * actual, expected    of the same shape; dtypes may differ, and are compared as float64 or complex128
 * relative, absolute  tolerances, 0 or more and not NaN
 * nan_equal           1: a NaN is close to a NaN; 0: to nothing.  Equal infinities are close; others are not.
 *
 * PS_INVALID_ARGUMENT  also: the shapes differ, a tolerance is negative or NaN, nan_equal is not 0 or 1.
 * PS_TYPE_MISMATCH     a dtype is storage-only. */
PS_API ps_status ps_tensor_all_close(int32_t *close, const ps_tensor *actual, const ps_tensor *expected,
                                     double relative, double absolute, int32_t nan_equal);

/* How a tensor is printed. */
typedef struct ps_format_options {
  uint32_t struct_size;
  int32_t edge_items; /* 0 or more: how many items stand at each end of an axis that is shortened */
  int64_t threshold;  /* 0 or more: a tensor of more elements is shortened, to 1,000,000 at the most */
  int32_t precision;  /* 0 to 17: the most digits after the point; fewer where they say the number exactly */
  int32_t line_width; /* 1 or more: characters a line, where an element's own width allows */
} ps_format_options;

#define PS_FORMAT_OPTIONS_INIT \
  { sizeof(ps_format_options), 3, 1000, 8, 75 }

/* What PS_FORMAT_OPTIONS_INIT does; struct_size is sizeof(ps_format_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_format_options_init(ps_format_options *options, uint32_t struct_size);

/* Writes a tensor as text, laid out as NumPy's repr lays out an array:
 *
 *   tensor([[0., 1.],
 *           [2., 3.]], shape=(2, 2), dtype=float32, device=cpu)
 *
 * length    receives the bytes of the whole text without its final zero byte, also when it does not fit
 * text      room for capacity bytes: receives as much of the text as fits, always ended by a zero byte; optional when
 *           capacity is 0
 * options   optional
 *
 * PS_INVALID_ARGUMENT  also: a field of options is outside its limits. */
PS_API ps_status ps_tensor_format(uint64_t *length, char *text, uint64_t capacity, const ps_tensor *tensor,
                                  const ps_format_options *options);

#ifdef __cplusplus
}
#endif

#endif
