/* penstock/samples.h: samples of any kind, from files to batches of tensors, in the same order for the same seed.
 *
 * A set of samples lies in files of one format: shards of tar files, folders of images, TFRecords, arrays, records.  A loader
 * draws them in an order, decodes and transforms them on threads of its own, and hands out batches.  Which sample stands at
 * which place is a function of the options' order fields, the epoch and the place alone: no thread, no queue, no mode of
 * loading and no tuning changes a byte of any batch.
 *
 * A batch has fields, each with a name: those of the set's first sample, or those the options name.  What a field becomes
 * follows from its kind, B being the samples of the batch:
 *
 *   elements (arrays, records, features, and members given a dtype)  [B, ...] of their dtype
 *   npy                                                              the array in it: [B, ...] of its dtype
 *   cls                                                              the whole number written in it: [B] of int64
 *   jpg, jpeg, png    decoded and transformed: [B, channels, height, width], in memory as memory_format says
 *   anything else     its bytes: one uint8 tensor of all samples' bytes, one behind the other, and int64 offsets [B + 1];
 *                     sample i's bytes are offsets[i] to offsets[i + 1]
 *
 * A field whose name ends in one of these behind a dot ("mask.png") is of that kind too, and "image" or "image/encoded" are
 * images where the first sample's bytes are.  All samples of a batch must agree in the dtype and shape of a field that is not
 * bytes.  "__key__" can be named as a field: the sample's name, as bytes.
 *
 * What holds for every function here: PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional) or
 * an options struct that is not as base.h says; PS_OUT_OF_MEMORY: nothing stays allocated, also where the system
 * refuses a thread.
 * Threads: any number may use one loader or batch at once; each batch goes to one of those that ask.
 * After fork() the loader works in both processes: in the child it opens its sources anew, stands behind the last batch that
 * was handed out before, and starts threads of its own with the next one that is asked for.
 *
 * Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_SAMPLES_H
#define PENSTOCK_SAMPLES_H

#include <penstock/base.h>
#include <penstock/image.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Options                                                                                                          */

/* What the files are. */
typedef enum ps_sample_format PS_ENUM_BASE {
  PS_SAMPLES_AUTOMATIC = 0,  /* by the sources' names, and where those say nothing by their first bytes */
  PS_SAMPLES_WEBDATASET = 1, /* tar shards, also .tar.gz, .tgz and .tar.zst; a sample is the members of one base name */
  PS_SAMPLES_IMAGES = 2,     /* folders of images, one a class: fields of the image's ending, and "cls" */
  PS_SAMPLES_TFRECORD = 3,   /* TFRecord files of tf.train.Example */
  PS_SAMPLES_NPZ = 4,        /* archives of arrays of one length: a sample is a row of each */
  PS_SAMPLES_NPY = 5,        /* arrays one after the other: a sample is a row */
  PS_SAMPLES_RECORDS = 6,    /* records of a fixed size, which fields describe */
  PS_SAMPLES_FILES = 7       /* each file a sample */
} ps_sample_format;

/* How a sample's bytes are read. */
typedef enum ps_reader_mode PS_ENUM_BASE {
  PS_READER_WHOLE = 0, /* in one read after the other */
  PS_READER_RANGE = 1  /* more than part_size bytes in several reads at once */
} ps_reader_mode;

/* What the system's page cache is told. */
typedef enum ps_page_cache PS_ENUM_BASE {
  PS_PAGE_CACHE_AUTO = 0,       /* as normal; what is read in parts is asked for as a whole first */
  PS_PAGE_CACHE_NORMAL = 1,     /* the system reads ahead as it sees fit */
  PS_PAGE_CACHE_SEQUENTIAL = 2, /* it reads ahead further */
  PS_PAGE_CACHE_RANDOM = 3,     /* it does not read ahead */
  PS_PAGE_CACHE_DONT_NEED = 4,  /* what was read is dropped */
  PS_PAGE_CACHE_DIRECT = 5      /* past the page cache where the file system can */
} ps_page_cache;

/* Which samples an epoch has, and in which order. */
typedef enum ps_sampler PS_ENUM_BASE {
  PS_SAMPLER_SEQUENTIAL = 0,   /* all, in the set's order */
  PS_SAMPLER_SHUFFLE = 1,      /* all, in an order drawn for each epoch; num_samples of them where that is set */
  PS_SAMPLER_REPLACEMENT = 2,  /* num_samples draws, each from all with equal probability */
  PS_SAMPLER_WEIGHTED = 3,     /* num_samples draws, each from all with probabilities as the weights */
  PS_SAMPLER_WEIGHTED_ONCE = 4 /* the same, but no sample twice in an epoch */
} ps_sampler;

/* How the workers go about it. */
typedef enum ps_loading_mode PS_ENUM_BASE {
  PS_LOADING_PREFETCH = 0,   /* all workers share the samples of a few batches, the oldest first, and run ahead */
  PS_LOADING_SEQUENTIAL = 1, /* no running ahead: a batch is begun when it is asked for, and all workers share it */
  PS_LOADING_STREAMING = 2,  /* as prefetch, but one worker reads at a time: storage sees the order of the epoch, from
                                front to back; decoding is shared */
  PS_LOADING_ASYNC_POOL = 3  /* each worker makes a whole batch by itself, several batches at once */
} ps_loading_mode;

/* How the elements of image batches, which have the shape [B, channels, height, width], lie in memory. */
typedef enum ps_memory_format PS_ENUM_BASE {
  PS_MEMORY_FORMAT_AUTO = 0,           /* as the decoder leaves them, which is as with channels last */
  PS_MEMORY_FORMAT_CHANNELS_FIRST = 1, /* row-major: whole planes, one channel behind the other */
  PS_MEMORY_FORMAT_CHANNELS_LAST = 2   /* the channels of a pixel side by side */
} ps_memory_format;

/* Whether to do what may not be possible here. */
typedef enum ps_choice PS_ENUM_BASE {
  PS_CHOICE_OFF = 0,
  PS_CHOICE_ON = 1,  /* where it is not possible it is an error */
  PS_CHOICE_AUTO = 2 /* where it is not possible it is not done; ps_sample_loader_metrics() tells */
} ps_choice;

/* One field of the samples.  This struct never grows. */
typedef struct ps_sample_field {
  const char *name;
  const int64_t *shape; /* of a sample's elements; ndim numbers; optional when ndim is 0 */
  int32_t ndim;
  int32_t dtype;    /* a ps_dtype: the bytes are elements of it, little-endian, and of shape; 0: as the source says */
  int32_t optional; /* 1: a sample may lack it, and has no bytes there then; only for fields that become bytes; 0 */
  int32_t reserved; /* 0 */
} ps_sample_field;

/* What a loader is to do. */
typedef struct ps_sample_loader_options {
  uint32_t struct_size;
  ps_sample_format format;
  const ps_sample_field *fields; /* field_count of them; what stands there is copied; optional when field_count is 0 */
  int32_t field_count;           /* 0: all fields of the first sample; records need theirs to be given */
  int32_t recursive;             /* 1: folders are read with all below them; 0: only the files in them */
  int32_t save_index;            /* 1: where each shard's samples lie is kept in a file beside it; 0: not */
  ps_reader_mode reader_mode;
  uint64_t part_size;         /* bytes, 4096 and up */
  int32_t max_inflight_parts; /* 1 to 1024, of one sample */
  ps_page_cache page_cache;

  ps_sampler sampler;
  int32_t drop_last;        /* 1: an epoch's last batch is dropped where it is not full; 0: it is smaller */
  uint64_t seed;            /* of the order; any number */
  uint64_t generator_seed;  /* of random transforms; any number */
  int64_t num_samples;      /* of an epoch, before it is shared out; 0: as many as the set has */
  const double *weights;    /* weight_count of them, finite and not below 0; copied; optional when weight_count is 0 */
  int64_t weight_count;     /* 0, or with a weighted sampler as many as the set has samples */
  int32_t rank;             /* 0 to world_size - 1: of the epoch's order this loader takes every world_size-th place */
  int32_t world_size;       /* 1 and up */
  int32_t worker_id;        /* the same once more, of what is left: for processes below a rank */
  int32_t worker_count;     /* 1 and up */
  int32_t shard_rank;       /* 0 to shard_world_size - 1: the set is cut into so many stretches, and the order drawn */
  int32_t shard_world_size; /* in this one alone; 1 and up */

  int64_t batch_size; /* 1 and up */
  int64_t epochs;     /* how many there are; 0: without end */
  int64_t bad_limit;  /* so many bad samples are passed over, the next one is an error; 0: any number */
  const ps_image_transforms *transforms; /* of all images, one hold is taken; optional: levels stay as they are */
  ps_image_colour colour;                /* what images are decoded as */
  int32_t decode;                        /* 1: images become pixels; 0: they stay bytes */
  int32_t apply_orientation;             /* 1: images are turned as EXIF's orientation says; 0: as they are stored */
  int32_t scaled_decode;                 /* 1: as in ps_image_apply_options; 0: not */
  ps_memory_format memory_format;
  int32_t skip_bad; /* 1: a sample that cannot be read is counted, and its batch has one less; 0: it is an error */

  int32_t num_workers;         /* 0 to 1024 threads; 0: all work is done by who asks for a batch, when it asks */
  int32_t prefetch;            /* 1 to 65536 batches ahead of those handed out, finished or not */
  int32_t collate_buffer_size; /* 1 to 65536 batches assembled at once; 0: chosen, see ps_sample_loader_metrics() */
  int32_t persistent_workers;  /* 1: threads, caches and open files live on between epochs; 0: they go at its end */
  ps_loading_mode loading_mode;
  int32_t auto_tune;     /* 1: of the workers and batches ahead as many are used as are measured to help; 0: all */
  uint64_t memory_limit; /* bytes of batches ahead, one batch at least; 0: a quarter of the machine's memory */
  int64_t timeout_ms;    /* what ps_sample_loader_next() waits at most; 0: for ever */

  ps_choice pin_memory;       /* batches in page-locked memory; needs CUDA */
  ps_choice non_blocking;     /* the copy to device_type is made by the workers, on streams of their own; needs CUDA */
  ps_device_type device_type; /* where batches are handed out; PS_DEVICE_DEFAULT here means the CPU */
  int32_t device_id;

  ps_progress_function progress; /* optional; counts the shards that are indexed, while the loader is opened */
  void *user;                    /* handed to progress */
} ps_sample_loader_options;

#define PS_SAMPLE_LOADER_OPTIONS_INIT                                                                                  \
  {                                                                                                                    \
    sizeof(ps_sample_loader_options), PS_SAMPLES_AUTOMATIC, NULL, 0, 1, 0, PS_READER_WHOLE, 8 << 20, 4,                \
        PS_PAGE_CACHE_AUTO, PS_SAMPLER_SEQUENTIAL, 0, 0, 0, 0, NULL, 0, 0, 1, 0, 1, 0, 1, 1, 0, 0, NULL, PS_IMAGE_RGB, \
        1, 0, 0, PS_MEMORY_FORMAT_AUTO, 0, 1, 2, 0, 1, PS_LOADING_PREFETCH, 0, 0, 0, PS_CHOICE_OFF, PS_CHOICE_OFF,     \
        PS_DEVICE_DEFAULT, 0, NULL, NULL                                                                               \
  }

/* What PS_SAMPLE_LOADER_OPTIONS_INIT does; struct_size is sizeof(ps_sample_loader_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_sample_loader_options_init(ps_sample_loader_options *options, uint32_t struct_size);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Loaders                                                                                                          */

typedef struct ps_sample_loader ps_sample_loader;

/* Opens a set of samples: its files are listed and indexed, its first sample is read.  No thread stays.
 *
 * out           receives one hold, the caller's to give back with ps_sample_loader_release()
 * source_count  1 and up
 * sources       so many files, folders and patterns of the shell for either (*, ?, [...], {a,b}, {000..127})
 * options       optional
 *
 * PS_INVALID_ARGUMENT  also: source_count is below 1, a source is NULL or empty, a field of options is no value of its enum,
 *                      no 0 or 1, or does not go with another, or the format cannot be told.
 * PS_OUT_OF_RANGE      a field is outside its limits.  PS_NOT_FOUND  a source, or a field in the first sample.
 * PS_DATA_ERROR, PS_IO_ERROR  a file is damaged or cannot be read: the message has the file, the member and the offset.
 * PS_UNAVAILABLE       a source has a scheme, as s3://: only files are read; or pinned memory, a device or a decoder that is
 *                      asked for is not here: the message says what is missing.  PS_CANCELLED  by progress. */
PS_API ps_status ps_sample_loader_open(ps_sample_loader **out, int64_t source_count, const char *const *sources,
                                       const ps_sample_loader_options *options);

/* Takes one more hold and returns it.  NULL gives NULL and sets ps_last_error(). */
PS_API ps_sample_loader *ps_sample_loader_retain(ps_sample_loader *loader);

/* Gives one hold back; with the last one the loader stops.  Batches that were handed out stay.  NULL is accepted and does
 * nothing. */
PS_API void ps_sample_loader_release(ps_sample_loader *loader);

/* Starts the threads, from where the loader stands; does nothing where they run. */
PS_API ps_status ps_sample_loader_start(ps_sample_loader *loader);

/* Stops the threads.  A ps_sample_loader_next() that waits returns PS_CANCELLED at once, and so does every later one until
 * ps_sample_loader_start(), ps_sample_loader_seek() or ps_sample_loader_restore().  One that works by itself, without
 * workers, returns after the sample it is at. */
PS_API ps_status ps_sample_loader_stop(ps_sample_loader *loader);

/* How much there is.
 *
 * samples      of this loader's share of an epoch; without those that drop_last drops
 * batches      of an epoch
 * set_samples  of the whole set, as it lies in the files */
PS_API ps_status ps_sample_loader_count(int64_t *samples, int64_t *batches, int64_t *set_samples,
                                        const ps_sample_loader *loader);

/* How many names of classes the set has: those of folders of images; 0 otherwise.  -1 when loader is NULL. */
PS_API int64_t ps_sample_loader_class_count(const ps_sample_loader *loader);

/* The name of a class, by its number in the field "cls".  The memory is the loader's.  NULL for a class that is none, and
 * when loader is NULL. */
PS_API const char *ps_sample_loader_class_name(const ps_sample_loader *loader, int64_t index);

/* Writes where a sample of the set lies: its file, member and offset, as messages name them.
 *
 * length    receives the bytes of the whole text without its final zero byte, also when it does not fit
 * text      room for capacity bytes: receives as much of the text as fits, always ended by a zero byte; optional when
 *           capacity is 0
 * sample    0 to set_samples - 1
 *
 * PS_OUT_OF_RANGE  sample is outside. */
PS_API ps_status ps_sample_loader_address(uint64_t *length, char *text, uint64_t capacity,
                                          const ps_sample_loader *loader, int64_t sample);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Batches                                                                                                          */

typedef struct ps_sample_batch ps_sample_batch;

/* What ps_sample_loader_next() says of a batch.  struct_size is the caller's to set; a newer library fills no more than
 * that. */
typedef struct ps_sample_batch_info {
  uint32_t struct_size;
  int32_t field_count;   /* 0 where there is no batch */
  int64_t epoch;         /* from 0 */
  int64_t index;         /* of the batch in its epoch, from 0 */
  int64_t size;          /* samples in it */
  int64_t bad;           /* samples that were passed over for it */
  int32_t last_of_epoch; /* 1 in an epoch's last batch; without a batch: the epoch ended and gave none */
  int32_t end_of_data;   /* 1: there is no batch, and none will come: the last epoch is over */
} ps_sample_batch_info;

#define PS_SAMPLE_BATCH_INFO_INIT \
  { sizeof(ps_sample_batch_info), 0, 0, 0, 0, 0, 0, 0 }

/* What PS_SAMPLE_BATCH_INFO_INIT does, for languages without macros; struct_size is sizeof(ps_sample_batch_info).
 *
 * PS_INVALID_ARGUMENT  info is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_sample_batch_info_init(ps_sample_batch_info *info, uint32_t struct_size);

/* Hands out the next batch, going on into the next epoch; starts the loader where it was never started.  A batch all of whose
 * samples were passed over as bad is passed over too.
 *
 * out         receives one hold on the batch, the caller's to give back with ps_sample_batch_release(); untouched where
 *             there is no batch
 * info        its struct_size set; filled up to there, bytes this library does not know set to zero
 * timeout_ms  how long to wait at most; any number below 0 waits as the options say
 *
 * PS_TIMED_OUT    no batch was ready in time: the message names the stage that is behind and the sample.  Nothing is lost:
 *                 the next call goes on waiting for the same batch.  Without workers time is looked at between samples.
 * PS_CANCELLED    the loader was stopped, before or meanwhile.
 * PS_DATA_ERROR, PS_IO_ERROR, PS_NOT_FOUND, PS_UNAVAILABLE  a sample cannot be read, decoded or does not go with the
 *                 others: the message has its address and what is wrong.  It comes after the batches before it, and every
 *                 later call says so again until ps_sample_loader_seek() or ps_sample_loader_restore().
 * PS_INVALID_ARGUMENT  also: samples of a batch do not agree in the shape or dtype of a field: the message has both. */
PS_API ps_status ps_sample_loader_next(ps_sample_batch **out, ps_sample_batch_info *info, ps_sample_loader *loader,
                                       int64_t timeout_ms);

/* Takes one more hold and returns it.  NULL gives NULL and sets ps_last_error(). */
PS_API ps_sample_batch *ps_sample_batch_retain(ps_sample_batch *batch);

/* Gives one hold back.  Tensors that were taken from it stay.  NULL is accepted and does nothing. */
PS_API void ps_sample_batch_release(ps_sample_batch *batch);

/* How many fields a batch has.  -1 when batch is NULL. */
PS_API int32_t ps_sample_batch_field_count(const ps_sample_batch *batch);

/* The name of a field.  The memory is the batch's.  NULL for an index that is outside, and when batch is NULL. */
PS_API const char *ps_sample_batch_field_name(const ps_sample_batch *batch, int32_t index);

/* Lends a field of a batch, whose memory is used again for a later batch once nobody holds it.
 *
 * values   receives one hold, the caller's to release: the rows, or the bytes of a field of bytes
 * offsets  receives one hold where the field is of bytes, otherwise NULL
 * index    0 to the count of fields - 1
 *
 * PS_OUT_OF_RANGE  index is outside. */
PS_API ps_status ps_sample_batch_field(ps_tensor **values, ps_tensor **offsets, const ps_sample_batch *batch,
                                       int32_t index);

/* Lends the numbers of the batch's samples in the set, [B] of int64, on the CPU.
 *
 * out  receives one hold, the caller's to release */
PS_API ps_status ps_sample_batch_samples(ps_tensor **out, const ps_sample_batch *batch);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Going on                                                                                                         */

/* Makes the loader go on with a batch of an epoch, wherever it stands.  One that runs is stopped first, and starts with the
 * next batch that is asked for.
 *
 * epoch, batch  both from 0; batch up to the batches of an epoch
 *
 * PS_OUT_OF_RANGE  either is outside; then nothing has changed. */
PS_API ps_status ps_sample_loader_seek(ps_sample_loader *loader, int64_t epoch, int64_t batch);

/* Saves where the loader stands: behind the last batch that was handed out.  Takes far below a millisecond; a few hundred
 * bytes, with no samples in them.
 *
 * size      receives the bytes of the whole state, also when it does not fit
 * bytes     room for capacity bytes: receives the state where it fits, and is untouched otherwise; optional when capacity
 *           is 0 */
PS_API ps_status ps_sample_loader_state(uint64_t *size, void *bytes, uint64_t capacity, const ps_sample_loader *loader);

/* Makes the loader go on behind the batch that a state was taken after: the very next batch is the one that would have
 * come, bit for bit.  A loader that runs is stopped first, and starts with the next batch that is asked for.
 *
 * bytes, size  what ps_sample_loader_state() gave, of a loader of an equal set and with the same options but for those of
 *              reading, workers, memory, devices, epochs and bad_limit; optional when size is 0
 *
 * PS_DATA_ERROR  no such state, damaged, or of another loader or set; then nothing has changed. */
PS_API ps_status ps_sample_loader_restore(ps_sample_loader *loader, const void *bytes, uint64_t size);

/* Writes what the loader has done as one JSON object in one line:
 *
 * running, seconds (since it was started), epoch, epoch_batches (handed out in this epoch), batches, samples, bytes (all
 * that were handed out), wait_seconds (spent waiting for them), set_samples, drops, retries, bad_samples,
 * bad_sample_examples (the first few sentences), loading_mode, workers, active_workers, prefetch, active_prefetch,
 * collate_buffer_size (as it is now, or was before the loader last came to an end), memory_limit, batch_bytes (of the largest so far), pin_memory and non_blocking
 * ("off", "active" or "inactive"), auto_tune (null, or settled, and trials: for each its workers, prefetch and rate), and
 * stages: for each its name, unit, threads, items, bytes, rate (items a second), load (the share of the time its threads
 * work), wait (the rest), and its queue: capacity, fill_now, fill_mean, drops.
 *
 * length    receives the bytes of the whole text without its final zero byte, also when it does not fit
 * text      room for capacity bytes: receives as much of the text as fits, always ended by a zero byte; optional when
 *           capacity is 0 */
PS_API ps_status ps_sample_loader_metrics(uint64_t *length, char *text, uint64_t capacity,
                                          const ps_sample_loader *loader);

#ifdef __cplusplus
}
#endif

#endif
