/* penstock/worlds_record.h: what is done to worlds, recorded in a file, and done again to see that it comes out the same.
 *
 * A recording has the worlds as they were when it began, and from there on each step's actions with a hash of every
 * world and of every tensor, each reset, restored snapshot, state and parameter that was set.  It depends on nothing
 * that does not change a byte: not on threads, kernel or buffers, by which it may be replayed otherwise than it was
 * recorded.
 *
 * Since: every name in this header is part of version 1.0 unless its comment says otherwise. */
#ifndef PENSTOCK_WORLDS_RECORD_H
#define PENSTOCK_WORLDS_RECORD_H

#include <penstock/base.h>
#include <penstock/worlds.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Begins to record worlds into a file, which replaces what was there.  Until ps_worlds_record_stop(), each of the calls
 *
 *   ps_worlds_step (and _step_async), ps_worlds_reset, ps_worlds_restore, ps_worlds_set_state, ps_worlds_set_parameter
 *
 * writes what it did before it returns: a crash of the process loses nothing of it.  Where that fails, the call has
 * done its work all the same but returns PS_IO_ERROR (PS_OUT_OF_MEMORY where memory is short), with the path and the
 * system's reason; the recording ends before it, and calls after it record nothing.  ps_worlds_wait() returns what the
 * step's recording failed with.
 *
 * path  what the operating system takes; a file that is being recorded to already is refused
 *
 * In a child after fork() nothing is recorded: the recording is the parent's.
 *
 * PS_INVALID_ARGUMENT  a pointer is NULL, the worlds are being recorded already, or a step of theirs runs.
 * PS_NOT_FOUND         no such folder.
 * PS_IO_ERROR          the operating system refuses it: the message has the path and its reason.
 * PS_OUT_OF_MEMORY     there is no recording.
 *
 * Threads: as ps_worlds_step(). */
PS_API ps_status ps_worlds_record_start(ps_worlds *worlds, const char *path);

/* Ends the recording: the file is complete.  Does nothing where there is none.  Releasing the last hold on worlds ends
 * it too.
 *
 * After a failure there is no recording any more; the file can be replayed as far as it goes.
 *
 * PS_INVALID_ARGUMENT  worlds is NULL, or a step of theirs runs.
 * PS_IO_ERROR          the end, or something before it, could not be written: the message is the first failure's.
 * PS_OUT_OF_MEMORY     likewise.
 *
 * Threads: as ps_worlds_step(). */
PS_API ps_status ps_worlds_record_stop(ps_worlds *worlds);

/* How a recording is replayed.  Nothing of it changes what comes of it. */
typedef struct ps_replay_options {
  uint32_t struct_size;
  int32_t threads;               /* 0: the process's threads; 1 to 1024: threads of the replay's own */
  int32_t buffers;               /* 1 or 2, as in ps_worlds_options */
  ps_worlds_kernel kernel;       /* as in ps_worlds_options */
  ps_progress_function progress; /* optional; in bytes of the file */
  void *user;                    /* handed to progress */
} ps_replay_options;

#define PS_REPLAY_OPTIONS_INIT \
  { sizeof(ps_replay_options), 0, 1, PS_KERNEL_AUTOMATIC, NULL, NULL }

/* What PS_REPLAY_OPTIONS_INIT does; struct_size is sizeof(ps_replay_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_replay_options_init(ps_replay_options *options, uint32_t struct_size);

/* What came of a replay.  struct_size is the caller's to set; a newer library fills no more than that. */
typedef struct ps_replay_report {
  uint32_t struct_size;
  int32_t is_same;               /* 1: every hash is the recorded one, as far as the recording goes */
  int32_t is_complete;           /* 1: replayed to the recording's end; 0: it differs before, or is cut short */
  int32_t follows_libm;          /* 1: the recorded arithmetic is libm's, and may differ on another machine */
  int64_t num_worlds;            /* that were recorded */
  int64_t steps;                 /* replayed, one that differs included */
  int64_t differing_step;        /* the first, from 0; -1: none; as many as steps: only the recording's end differs */
  int64_t differing_world;       /* the first in that step, or -1 */
  int64_t differing_world_count; /* in that step */
  char differing_field[64];      /* the first tensor that differs in that step, in any world, cut where longer, or "" */
  char game[64];                 /* what was recorded, cut where longer */
} ps_replay_report;

#define PS_REPLAY_REPORT_INIT \
  { sizeof(ps_replay_report), 0, 0, 0, 0, 0, -1, -1, 0, "", "" }

/* What PS_REPLAY_REPORT_INIT does; struct_size is sizeof(ps_replay_report).
 *
 * PS_INVALID_ARGUMENT  report is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_replay_report_init(ps_replay_report *report, uint32_t struct_size);

/* Does again what a recording says, up to the first difference.
 *
 * report   its struct_size set; filled up to there, bytes this library does not know set to zero
 * path     the recording; it may come from anywhere: every size in it is checked
 * options  optional
 *
 * That something differs is no failure: the report says where.  A step with differing worlds but no differing field
 * differs in what the worlds remember and do not show.  Where only the end of the recording differs, it is by what was
 * done after its last step.  A file that was cut short, by a crash or because it is being written, is replayed up to
 * where it ends.
 *
 * PS_INVALID_ARGUMENT  report or path is NULL, a struct is not as base.h says, kernel is not in the enum.
 * PS_NOT_FOUND         no such file.
 * PS_IO_ERROR          the operating system refuses it: the message has the path and its reason.
 * PS_DATA_ERROR        not a recording, damaged, of a game that this library has not, or it says what cannot be done:
 *                      the message has the step and, where that can be told, the world.
 * PS_OUT_OF_RANGE      threads or buffers is not what it may be.  PS_UNAVAILABLE  a kernel that this processor lacks.
 * PS_CANCELLED         progress returned non-zero.  PS_OUT_OF_MEMORY  nothing stays allocated.
 *
 * Threads: any number at once. */
PS_API ps_status ps_replay(ps_replay_report *report, const char *path, const ps_replay_options *options);

/* What of a recording its page shows. */
typedef struct ps_replay_page_options {
  uint32_t struct_size;
  const int64_t *worlds; /* optional; world_count of them, each once, read during the call */
  int64_t world_count;   /* 0 to 64; 0: the first 8, or as many as there are */
  int64_t first_step;    /* from 0: the first frame is the worlds before it */
  int64_t step_count;    /* 1 to 100000, at most: each adds a frame */
} ps_replay_page_options;

#define PS_REPLAY_PAGE_OPTIONS_INIT \
  { sizeof(ps_replay_page_options), NULL, 0, 0, 1000 }

/* What PS_REPLAY_PAGE_OPTIONS_INIT does; struct_size is sizeof(ps_replay_page_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_replay_page_options_init(ps_replay_page_options *options, uint32_t struct_size);

/* Replays a recording and writes a page that plays it in a browser: one HTML file, which needs no network and no other
 * file.  It has the shapes that the game draws, not pixels, and each step's rewards.
 *
 * report          as ps_replay()'s; where a step differs, the page ends with it and says so
 * page_path       the file to write; what was there is replaced once the page is whole, and not touched after a failure
 * path, options   as ps_replay()'s
 * page_options    optional
 *
 * PS_OUT_OF_RANGE      also: a world that was not recorded, a number that page_options does not allow, a first_step beyond
 *                      the recording, more than 64 MiB to be shown.
 * PS_INVALID_ARGUMENT  also: a world named twice.  PS_NOT_FOUND, PS_IO_ERROR  also: of page_path.
 * Otherwise as ps_replay().
 *
 * Threads: any number at once. */
PS_API ps_status ps_replay_page(ps_replay_report *report, const char *page_path, const char *path,
                                const ps_replay_options *options, const ps_replay_page_options *page_options);

#ifdef __cplusplus
}
#endif

#endif
