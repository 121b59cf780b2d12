/* penstock/loader.h: training data from disk to batches of tensors, always in the same order for the same seed.
 *
 * A loader reads training chunks of Leela Chess Zero (versions 3 to 7): a chunk is a game, a record one of its positions.
 * Its stages run on threads of their own, one behind the other: files are found, opened and indexed; chunks are drawn in
 * a random order, loaded and inflated; positions are sampled from them, shuffled in a reservoir, and written into tensors.
 * How many threads a stage has changes no byte of any batch, nor does how long any of them takes.
 *
 * Files: those whose names end in .tar, .tar.gz, .tgz or .tar.zst are archives of chunks, those in .gz one chunk each, all
 * others one chunk that is not packed; likewise in archives.  Hidden files and those ending in .tmp or .part are
 * passed over, as are links and folders in archives.  A compressed archive is inflated into a temporary file without a name,
 * in the folder that TMPDIR names.  Nothing is ever written under a name that stands in an archive.
 *
 * Tensors of a batch of B positions, in this order: planes [B, 112, 8, 8], policy [B, 1858] (a move that is not legal is
 * -1) and values [B, 6, 4] (rows: result, best, played, orig, root, short-term; columns: q, d, m or plies left, plies until
 * progress).  Their memory is used again for a later batch once nobody holds it.
 *
 * What holds for every function here: PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional) or
 * an options struct that is not as base.h says; PS_OUT_OF_MEMORY: nothing stays allocated, also where the system
 * refuses a thread.
 * Threads: any number may use one loader at once.
 * After fork() the loader works in both processes: in the child it stands behind the last batch that was handed out before,
 * and starts threads of its own with the next one that is asked for.
 *
 * Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_LOADER_H
#define PENSTOCK_LOADER_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of a batch that finds the last queue full. */
typedef enum ps_overflow PS_ENUM_BASE {
  PS_OVERFLOW_BLOCK = 0,      /* it waits until there is room */
  PS_OVERFLOW_DROP_NEW = 1,   /* it is dropped, and counted */
  PS_OVERFLOW_KEEP_NEWEST = 2 /* the oldest batch in the queue is dropped, and counted */
} ps_overflow;

/* What a loader is to do, stage by stage. */
typedef struct ps_loader_options {
  uint32_t struct_size;
  int32_t watch;      /* 1: sources are folders, watched for files that are closed or renamed into place; 0: not */
  uint64_t seed;      /* any number; it decides the order and what is sampled */
  int64_t epochs;     /* how many times all chunks are read; 0: without end */
  const char *anchor; /* the name of a file: those before it are not used; optional */
  int64_t path_queue_capacity; /* every queue_capacity is 1 to 1,000,000; this one counts files */
  int64_t source_queue_capacity;
  int64_t chunk_pool_size; /* 1 and up: so many chunks at a time are shuffled; where folders are watched, the newest */
  int64_t pool_queue_capacity;
  int32_t source_threads; /* every threads is 1 to 1024 */
  int32_t indexing_threads;
  int32_t loading_threads;
  int32_t unpacking_threads;
  double hanse_threshold; /* a chunk of c positions is used with probability min(1, c / threshold) ^ gamma; 0: always */
  double hanse_gamma;
  int64_t unpacking_queue_capacity;
  double position_rate;   /* above 0, up to 1: the probability with which each position of a chunk is kept */
  int64_t position_count; /* so many positions of each chunk are kept, or all where it has fewer; 0: as position_rate */
  int32_t diff_focus;     /* 1: positions are kept with the probability below; 0: not */
  int32_t drop_last;      /* 1: an epoch's last batch is dropped where it is not full; 0: it is smaller */
  double diff_focus_min;  /* 0 to 1: min(1, min + slope * (q_weight * |best_q - orig_q| + policy_kld) /  */
  double diff_focus_slope; /* (q_weight + policy_scale)); a position whose orig_q is NaN is always kept */
  double diff_focus_q_weight;
  double diff_focus_policy_scale;
  int64_t reservoir_size;          /* positions among which the next one is drawn, up to 2^32; 0: they stay in order */
  int64_t sampling_queue_capacity; /* counts batches, as batch_queue_capacity does */
  int64_t batch_size;
  int64_t batch_queue_capacity; /* batches ahead */
  int32_t tensor_threads;
  ps_dtype dtype; /* PS_FLOAT32, PS_FLOAT16 or PS_BFLOAT16 */
  ps_overflow overflow;
  int32_t skip_bad;   /* 1: a chunk that cannot be read is counted and passed over; 0: it is an error */
  int64_t bad_limit;  /* so many are passed over, the next one is an error; 0: any number */
  double share_begin; /* from 0 to 1: of each chunk the seed draws a number from 0 to 1; those from share_begin on, */
  double share_end;   /* below share_end, are used */
  int32_t recursive;  /* 1: folders are read with all below them; 0: only the files in them */
  int32_t
      save_index; /* 1: an archive's index is kept beside it, as .NAME.index, and used as long as the archive has the same
                         size and modification time; where the folder cannot be written to that is logged.  0: not */
} ps_loader_options;

#define PS_LOADER_OPTIONS_INIT                                                                                      \
  {                                                                                                                 \
    sizeof(ps_loader_options), 0, 0, 0, NULL, 16, 16, 100000, 16, 1, 1, 4, 1, 0.0, 1.0, 16, 1.0, 0, 0, 0, 1.0, 0.0, \
        0.0, 1.0, 1000000, 4, 1024, 4, 1, PS_FLOAT32, PS_OVERFLOW_BLOCK, 0, 0, 0.0, 1.0, 1, 0                       \
  }

/* What PS_LOADER_OPTIONS_INIT does; struct_size is sizeof(ps_loader_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_loader_options_init(ps_loader_options *options, uint32_t struct_size);

typedef struct ps_loader ps_loader;

/* Makes a loader.  Nothing is read and no thread started before the first batch is asked for.
 *
 * out           receives one hold, the caller's to give back with ps_loader_release()
 * source_count  1 and up
 * sources       so many files, folders (with all below them, where recursive is set) and patterns of the shell for either (*, ?, [...])
 * options       optional
 *
 * PS_INVALID_ARGUMENT  also: source_count is below 1, a source is NULL or empty, or a field of options is no value of its
 *                      enum, no 0 or 1, or does not go with another.  PS_OUT_OF_RANGE  a field is outside its limits.
 * PS_UNAVAILABLE       a source has a scheme, as s3://: only files are read. */
PS_API ps_status ps_loader_open(ps_loader **out, int64_t source_count, const char *const *sources,
                                const ps_loader_options *options);

/* Takes one more hold and returns it.  NULL gives NULL and sets ps_last_error(). */
PS_API ps_loader *ps_loader_retain(ps_loader *loader);

/* Gives one hold back; with the last one the loader stops.  Batches that were handed out stay.  NULL is accepted and does
 * nothing. */
PS_API void ps_loader_release(ps_loader *loader);

/* Starts the threads, from where the loader stands; does nothing where they run. */
PS_API ps_status ps_loader_start(ps_loader *loader);

/* Stops the threads.  A ps_loader_next() that waits returns PS_CANCELLED at once, and so does every later one until
 * ps_loader_start() or ps_loader_restore(). */
PS_API ps_status ps_loader_stop(ps_loader *loader);

/* The tensors of a batch. */
#define PS_LOADER_TENSOR_COUNT 3

/* What ps_loader_next() says of a batch.  struct_size is the caller's to set; a newer library fills no more than that. */
typedef struct ps_batch_info {
  uint32_t struct_size;
  int32_t tensor_count; /* PS_LOADER_TENSOR_COUNT; 0 where there is no batch, and tensors is untouched */
  int64_t epoch;        /* from 0 */
  int64_t index;        /* of the batch in its epoch, from 0 */
  int64_t size;         /* positions in it */
  int32_t
      last_of_epoch; /* 1 in an epoch's last batch; without a batch: the epoch has ended and gave none, or it was dropped */
  int32_t end_of_data; /* 1: there is no batch, and none will come: the last epoch is over */
} ps_batch_info;

#define PS_BATCH_INFO_INIT \
  { sizeof(ps_batch_info), 0, 0, 0, 0, 0, 0 }

/* What PS_BATCH_INFO_INIT does, for languages without macros; struct_size is sizeof(ps_batch_info).
 *
 * PS_INVALID_ARGUMENT  info is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_batch_info_init(ps_batch_info *info, uint32_t struct_size);

/* Hands out the next batch; starts the loader where it was never started.
 *
 * tensors     room for PS_LOADER_TENSOR_COUNT: receives one hold on each, the caller's to give back
 * info        its struct_size set; filled up to there, bytes this library does not know set to zero
 * timeout_ms  how long to wait at most; any number below 0 waits for ever
 *
 * PS_TIMED_OUT    no batch was ready in time: the message names the stage that is behind.  Nothing is lost.
 * PS_CANCELLED    the loader was stopped, before or meanwhile.
 * PS_DATA_ERROR, PS_IO_ERROR, PS_NOT_FOUND  a chunk or a source cannot be read: the message has the file, the member and
 *                 what is wrong.  It comes after the batches before it, and every later call says so again. */
PS_API ps_status ps_loader_next(ps_tensor **tensors, ps_batch_info *info, ps_loader *loader, int64_t timeout_ms);

/* Saves where the loader stands: behind the last batch that was handed out.  Takes far below a millisecond, and no batch's
 * time; it has no samples in it.
 *
 * size      receives the bytes of the whole state, also when it does not fit
 * bytes     room for capacity bytes: receives the state where it fits, and is untouched otherwise; optional when capacity
 *           is 0 */
PS_API ps_status ps_loader_state(uint64_t *size, void *bytes, uint64_t capacity, const ps_loader *loader);

/* Makes the loader go on behind the batch that a state was taken after: the very next batch is the one that would have
 * come.  What lies in the reservoir then is read again.  A loader that runs is stopped first, and starts with the next batch
 * that is asked for.
 *
 * bytes, size  what ps_loader_state() gave, of a loader with the same sources and the same options but for threads, queues,
 *              epochs and bad_limit; optional when size is 0
 *
 * PS_DATA_ERROR  no such state, damaged, or of another loader; then nothing has changed.  That files have changed shows
 *                with the next batch. */
PS_API ps_status ps_loader_restore(ps_loader *loader, const void *bytes, uint64_t size);

/* Writes what the loader has done as one JSON object in one line:
 *
 * running, seconds (since it was started), epoch, epoch_batches (handed out in this epoch), epoch_chunks (read for
 * those), batches, samples, bytes (all that were handed out), wait_seconds (spent waiting for them), files,
 * files_indexed, chunks, drops, retries, bad_samples, bad_sample_examples (the first few sentences), and stages: for each
 * its name, unit, threads, items, bytes, rate (items a second), load (the share of the time its threads work), wait (the
 * rest), and its queue: capacity, fill_now, fill_mean, drops.
 *
 * length    receives the bytes of the whole text without its final zero byte, also when it does not fit
 * text      room for capacity bytes: receives as much of the text as fits, always ended by a zero byte; optional when
 *           capacity is 0 */
PS_API ps_status ps_loader_metrics(uint64_t *length, char *text, uint64_t capacity, const ps_loader *loader);

#ifdef __cplusplus
}
#endif

#endif
