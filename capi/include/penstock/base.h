/* penstock/base.h: what every other header builds on: statuses, errors, options, devices, threads, logging, traces.
 *
 * The rules that hold for every function of penstock, said once:
 *
 * - A function that can fail returns ps_status.  Results come through out-parameters, first in the list; after a
 *   failure they are untouched, no partial change is left behind, and ps_last_error() has one sentence on it.
 * - A getter returns its value.  Given NULL or a value out of its range it returns what its comment says (0, NULL or
 *   -1) and sets ps_last_error() too.
 * - Handles (ps_tensor, ps_npz) are counted: who receives one owns one hold and gives it back with the release
 *   function, which accepts NULL.  A parent may be released before its children.
 * - An options struct begins with struct_size.  Fill it with its PS_..._INIT macro or its _init function, then set the
 *   fields you want; a NULL pointer means the defaults.  A struct of an older, smaller header works with a newer
 *   library.  A larger one works too while the bytes this library does not know are zero; else it is refused.
 * - Strings are UTF-8 and end with a zero byte.  Those given to you stay the library's.
 * - Every function may be called from any thread.  What may happen to one object at once stands with each handle.
 *
 * Since: every name in this header is part of version 1.0 unless its comment says otherwise. */
#ifndef PENSTOCK_BASE_H
#define PENSTOCK_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PS_API __attribute__((visibility("default")))
#else
#define PS_API
#endif

/* An enum of 32 bits in both languages, so that a value the library does not know is an error and never undefined. */
#ifdef __cplusplus
#define PS_ENUM_BASE : int32_t
#else
#define PS_ENUM_BASE
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Version                                                                                                          */

/* The binary interface this header describes.  A library of the same major and the same or a newer minor serves it. */
#define PS_ABI_VERSION_MAJOR 1
#define PS_ABI_VERSION_MINOR 0

/* The library's release as "major.minor.patch", for people to read.  Static memory; never NULL. */
PS_API const char *ps_version(void);

/* The binary interface of the loaded library: (major << 16) | minor.
 *
 * A program that opened the library at run time may compare it with PS_ABI_VERSION_MAJOR and PS_ABI_VERSION_MINOR. */
PS_API uint32_t ps_abi_version(void);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Statuses and errors                                                                                              */

/* What a function that can fail returns.  The values are pinned forever; later versions may add some. */
typedef enum ps_status PS_ENUM_BASE {
  PS_OK = 0,
  PS_INVALID_ARGUMENT = 1, /* an argument breaks its contract: NULL, an unknown enum value, a shape that cannot be */
  PS_OUT_OF_RANGE = 2,     /* an index, an axis or a value lies outside its limits */
  PS_TYPE_MISMATCH = 3,    /* a dtype does not fit: a conversion that was not asked for, a storage-only dtype */
  PS_NOT_FOUND = 4,        /* no file, member or name like that */
  PS_IO_ERROR = 5,         /* the operating system refused to open, read or write */
  PS_OUT_OF_MEMORY = 6,    /* an allocation failed; nothing stays allocated */
  PS_READ_ONLY = 7,        /* a write through a read-only tensor */
  PS_DATA_ERROR = 8,       /* what was read is damaged, truncated, or not of the kind it should be */
  PS_UNAVAILABLE = 9,      /* this build or machine lacks what was asked for; the message says what is missing */
  PS_CANCELLED = 10,       /* a progress callback asked to stop */
  PS_TIMED_OUT = 11,       /* a wait ended before what it waited for */
  PS_NOT_EXPORTABLE = 12,  /* another library could not take this memory as it is */
  PS_INTERNAL = 13         /* a defect in penstock: please report the message */
} ps_status;

/* One sentence about this thread's last failure: what was wrong, the value seen, what was expected, and where.
 *
 * Never NULL; "" before the first failure and after ps_clear_error().  A success leaves it as it is.  The memory is
 * this thread's and changes with its next failure.  At most 2047 bytes; a longer sentence is cut and ends in "...". */
PS_API const char *ps_last_error(void);

/* Empties this thread's ps_last_error(), so that a getter's 0, NULL or -1 can be told from a failure. */
PS_API void ps_clear_error(void);

/* The name of a status as it is written in C, as "PS_OUT_OF_RANGE".  Static memory.  NULL for a value not in the enum. */
PS_API const char *ps_status_name(ps_status status);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Devices and memory                                                                                               */

/* Where memory lives.  Values above 0 are DLPack's. */
typedef enum ps_device_type PS_ENUM_BASE {
  PS_DEVICE_DEFAULT = 0, /* as an argument: this thread's default device, see ps_set_device(); never a result */
  PS_DEVICE_CPU = 1,     /* main memory; the only id is 0 */
  PS_DEVICE_CUDA = 2     /* an NVIDIA GPU's memory; PS_UNAVAILABLE where no plug-in or no GPU serves it */
} ps_device_type;

/* Sets this thread's default device: where tensors are made when nothing else is said.  Each thread starts on the CPU.
 *
 * device_type  PS_DEVICE_DEFAULT goes back to the CPU
 * device_id    0 for the CPU; 0 and up for GPUs
 *
 * PS_INVALID_ARGUMENT  device_type is not in the enum.  PS_OUT_OF_RANGE  no device with that id.
 * PS_UNAVAILABLE       the device cannot be used here: the message says what is missing. */
PS_API ps_status ps_set_device(ps_device_type device_type, int32_t device_id);

/* Reads this thread's default device.
 *
 * PS_INVALID_ARGUMENT  a pointer is NULL. */
PS_API ps_status ps_get_device(ps_device_type *device_type, int32_t *device_id);

/* What penstock holds on one device.  struct_size is the caller's to set; a newer library fills no more than that. */
typedef struct ps_memory_usage {
  uint32_t struct_size;
  uint32_t reserved;      /* 0 */
  uint64_t live_bytes;    /* allocated by penstock and not yet freed */
  uint64_t peak_bytes;    /* the most live_bytes has been since the library was loaded */
  uint64_t live_storages; /* blocks of memory some tensor still holds, wrapped ones included */
  uint64_t wrapped_bytes; /* in those of the live storages that the caller's memory was wrapped into */
} ps_memory_usage;

#define PS_MEMORY_USAGE_INIT \
  { sizeof(ps_memory_usage), 0, 0, 0, 0, 0 }

/* What PS_MEMORY_USAGE_INIT does, for languages without macros; struct_size is sizeof(ps_memory_usage).
 *
 * PS_INVALID_ARGUMENT  usage is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_memory_usage_init(ps_memory_usage *usage, uint32_t struct_size);

/* Reads what penstock holds on one device, summed over all threads.
 *
 * usage        its struct_size set; filled up to there, bytes this library does not know set to zero
 * device_type  PS_DEVICE_DEFAULT reads this thread's default device; device_id is then ignored
 *
 * PS_INVALID_ARGUMENT  usage is NULL or its struct_size is wrong, or device_type is not in the enum.
 * PS_OUT_OF_RANGE      no device with that id.  PS_UNAVAILABLE  the device cannot be used here. */
PS_API ps_status ps_memory_stats(ps_memory_usage *usage, ps_device_type device_type, int32_t device_id);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Threads                                                                                                          */

/* Sets how many threads work on one job, the calling one included, for the whole process.
 *
 * num_threads  1 to 1024; 0 goes back to the number this process may use: the smaller of its CPU affinity and its
 *              cgroup's limit, at least 1
 *
 * No result of penstock depends on this number.  Jobs already running keep the threads they have.
 *
 * PS_OUT_OF_RANGE  num_threads is below 0 or above 1024. */
PS_API ps_status ps_set_num_threads(int32_t num_threads);

/* How many threads work on one job: what ps_set_num_threads() set, or what this process may use.  At least 1. */
PS_API int32_t ps_get_num_threads(void);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Callbacks                                                                                                        */

/* Called now and then during a long job, always on the thread that called the job.
 *
 * done, total  how much of the work is finished, in the unit the job names; done never decreases and ends at total
 *
 * Return 0 to go on.  Any other value cancels: the job leaves its outputs untouched and returns PS_CANCELLED. */
typedef int32_t (*ps_progress_function)(void *user, uint64_t done, uint64_t total);

typedef enum ps_log_level PS_ENUM_BASE {
  PS_LOG_OFF = 0,
  PS_LOG_ERROR = 1,
  PS_LOG_WARNING = 2,
  PS_LOG_INFO = 3,
  PS_LOG_DEBUG = 4
} ps_log_level;

/* Receives one log message, on whatever thread it arose; calls never overlap.  The text is the library's and is valid
 * during the call.  What the sink itself makes penstock log is dropped. */
typedef void (*ps_log_function)(void *user, ps_log_level level, const char *message);

/* Sends log messages to a function, for the whole process.  When this returns, the sink before it is no longer called.
 *
 * sink   NULL goes back to the start: warnings and errors on standard error, whatever level says
 * user   handed to every call of sink
 * level  the least severe level that is sent; PS_LOG_OFF sends nothing
 *
 * PS_INVALID_ARGUMENT  level is not in the enum, or the call came from inside a sink. */
PS_API ps_status ps_log_set_sink(ps_log_function sink, void *user, ps_log_level level);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Traces                                                                                                           */

/* Starts to record what penstock does, on every thread, until ps_trace_stop() writes it.
 *
 * path  the file to write, made now and replaced if it exists: Chrome's JSON trace format, one row a thread, times in
 *       microseconds; Perfetto (ui.perfetto.dev) and chrome://tracing open it
 *
 * A thread keeps its first 1,000,000 spans; how many later ones were dropped stands in the file.
 *
 * PS_INVALID_ARGUMENT  path is NULL, or a trace is already being recorded.  PS_IO_ERROR  path cannot be written.
 * PS_OUT_OF_MEMORY     nothing is recorded. */
PS_API ps_status ps_trace_start(const char *path);

/* Stops recording and writes the file.  Spans that are still open end here.
 *
 * PS_INVALID_ARGUMENT  no trace is being recorded.  PS_IO_ERROR  the file could not be written in full.
 * PS_OUT_OF_MEMORY     likewise.  After any of these the trace has ended all the same. */
PS_API ps_status ps_trace_stop(void);

#ifdef __cplusplus
}
#endif

#endif
