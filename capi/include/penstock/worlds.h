/* penstock/worlds.h: many worlds of one game, stepped together; actions go in and observations come out as tensors in
 * place.
 *
 * One step writes the same memory each time: lend its tensors once (ps_worlds_tensor), write actions into "action",
 * call ps_worlds_step(), read "observation", "reward", "terminated" and "truncated".  A copy is the caller's to make.
 *
 * The games: CartPole-v1, MountainCar-v0, MountainCarContinuous-v0, Pendulum-v1 and Acrobot-v1, as Gymnasium defines
 * them; EscapeRoom, in which two agents must work together to get through three rooms; and GridWorld, whose levels are
 * compiled from text: walls, goals, doors, keys and agents, a character each (docs/guides/grid-world.md).
 *
 * The same seeds, options and actions give the same bytes in every tensor, whatever the threads, the number of worlds,
 * the kernel, the compiler and the machine; PS_RANDOM_GYMNASIUM with PS_PRECISION_F64, which follows libm, is left out
 * of that for other machines.
 *
 * What holds for every function here:
 * - PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional), an options struct that is not as
 *   base.h says, and for worlds whose ps_worlds_step_async() was not waited for (plain values, ps_worlds_bounds() and
 *   ps_worlds_get_parameter() may be asked for even then);
 * - PS_OUT_OF_MEMORY: nothing stays allocated, and the worlds are as they were;
 * - PS_IO_ERROR while the worlds are recorded: the call has done its work, but its record could not be written;
 *   ps_worlds_record_start() says what then holds.
 *
 * Since: every name in this header is part of version 1.0 unless its comment says otherwise. */
#ifndef PENSTOCK_WORLDS_H
#define PENSTOCK_WORLDS_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The worlds of one manager.  Threads: one at a time; any number may retain and release.  Different managers do not
 * meet. */
typedef struct ps_worlds ps_worlds;

/* What becomes of a world whose episode has ended (it was terminated or truncated). */
typedef enum ps_autoreset PS_ENUM_BASE {
  PS_AUTORESET_NEXT_STEP = 0, /* the next step resets it: its action is not looked at, its reward is 0 */
  PS_AUTORESET_SAME_STEP = 1, /* the step that ended it resets it; its last observation is in "final_observation" */
  PS_AUTORESET_DISABLED = 2   /* it stands still, its flags kept and its reward 0, until ps_worlds_reset() */
} ps_autoreset;

/* What becomes of an action out of its bounds. */
typedef enum ps_action_rule PS_ENUM_BASE {
  PS_ACTIONS_REFUSE = 0, /* the step is refused, naming world and value; nothing has changed */
  PS_ACTIONS_CLAMP = 1,  /* it is set to the nearest bound, in the tensor itself; NaN to the lower one */
  PS_ACTIONS_GAME = 2    /* as the original game does: those that clip take every finite number; the others refuse */
} ps_action_rule;

/* What the state of the games that compute in floating point is made of. */
typedef enum ps_precision PS_ENUM_BASE { PS_PRECISION_F32 = 0, PS_PRECISION_F64 = 1 } ps_precision;

/* What the start of an episode is drawn from: by the counter, from (the world's seed, the number of the episode) alone;
 * by Gymnasium's way, as NumPy's PCG64 of that seed gives it, which goes on from episode to episode.  With
 * PS_PRECISION_F64 Gymnasium's arithmetic is followed too. */
typedef enum ps_world_random PS_ENUM_BASE { PS_RANDOM_COUNTER = 0, PS_RANDOM_GYMNASIUM = 1 } ps_world_random;

/* How many worlds a kernel works on side by side.  All give the same bytes. */
typedef enum ps_worlds_kernel PS_ENUM_BASE {
  PS_KERNEL_AUTOMATIC = 0, /* the widest that this processor has */
  PS_KERNEL_SCALAR = 1,
  PS_KERNEL_16_BYTES = 2,
  PS_KERNEL_32_BYTES = 3, /* x86-64 with AVX2 */
  PS_KERNEL_64_BYTES = 4  /* x86-64 with AVX-512 F, BW, DQ and VL */
} ps_worlds_kernel;

typedef struct ps_worlds_options {
  uint32_t struct_size;
  ps_autoreset autoreset;
  int64_t num_worlds;         /* 1 to 2147483648 */
  uint64_t seed;              /* world i has the seed seed + i, modulo 2^64, where seeds is NULL */
  const uint64_t *seeds;      /* optional; num_worlds of them, read during the call */
  const char *parameters;     /* optional; the game's numbers as "g=9.81,x_init=0.5"; see ps_worlds_set_parameter() */
  int64_t episode_length;     /* steps after which an episode is truncated, up to 2147483647; 0: the game's own */
  ps_device_type device_type; /* PS_DEVICE_CPU, or PS_DEVICE_DEFAULT where that is this thread's default */
  int32_t device_id;
  int32_t threads; /* 0: the process's threads, shared by all; 1 to 1024: threads of these worlds' own */
  int32_t buffers; /* 1; or 2: a step writes the memory that the step before it did not */
  ps_action_rule actions;
  ps_precision precision;
  ps_world_random random;
  ps_worlds_kernel kernel;
  const char *level;              /* optional; the levels of GridWorld as text in UTF-8, read during the call */
  const char *const *level_files; /* optional; paths of files that have more of them, read during the call */
  int64_t level_file_count;       /* of these, 0 to 65536 */
} ps_worlds_options;

#define PS_WORLDS_OPTIONS_INIT                                                                          \
  {                                                                                                     \
    sizeof(ps_worlds_options), PS_AUTORESET_SAME_STEP, 1, 0, NULL, NULL, 0, PS_DEVICE_DEFAULT, 0, 0, 1, \
        PS_ACTIONS_REFUSE, PS_PRECISION_F32, PS_RANDOM_COUNTER, PS_KERNEL_AUTOMATIC, NULL, NULL, 0      \
  }

/* What PS_WORLDS_OPTIONS_INIT does; struct_size is sizeof(ps_worlds_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_worlds_options_init(ps_worlds_options *options, uint32_t struct_size);

/* How many games there are. */
PS_API int64_t ps_game_count(void);

/* The name of one, in static memory; NULL for an index outside 0 to ps_game_count() - 1. */
PS_API const char *ps_game_name(int64_t index);

/* Makes worlds, each at the start of its episode 0.
 *
 * out      receives one hold, the caller's to give back with ps_worlds_release()
 * game     the name of one
 * options  optional
 *
 * PS_NOT_FOUND     no game, or no parameter of it, of that name: the message has the names there are.
 * PS_OUT_OF_RANGE  a number of the options is outside what it may be.  PS_INVALID_ARGUMENT  parameters does not parse;
 *                  levels for a game that has none.
 * PS_DATA_ERROR    a level that cannot be: the message has the file, the line and the column, and what was expected.
 * PS_IO_ERROR      a file of levels cannot be read, PS_NOT_FOUND  is not there: the message has its path.
 * PS_UNAVAILABLE   a device that games do not run on, a kernel that this processor lacks. */
PS_API ps_status ps_worlds_create(ps_worlds **out, const char *game, const ps_worlds_options *options);

/* Takes one more hold and returns it.  NULL gives NULL and sets ps_last_error(). */
PS_API ps_worlds *ps_worlds_retain(ps_worlds *worlds);

/* Gives one hold back; with the last one the worlds go, once a step that runs has ended.  Their tensors live on as long
 * as someone holds them.  NULL is accepted and does nothing. */
PS_API void ps_worlds_release(ps_worlds *worlds);

/* The name of their game, in static memory.  NULL for NULL. */
PS_API const char *ps_worlds_game(const ps_worlds *worlds);

/* How many worlds there are.  -1 for NULL. */
PS_API int64_t ps_worlds_num_worlds(const ps_worlds *worlds);

/* Steps after which an episode is truncated.  -1 for NULL. */
PS_API int64_t ps_worlds_episode_length(const ps_worlds *worlds);

/* How many numbers ps_worlds_get_state() reads.  -1 for NULL. */
PS_API int64_t ps_worlds_state_count(const ps_worlds *worlds);

/* How many tensors these worlds have.  -1 for NULL. */
PS_API int64_t ps_worlds_tensor_count(const ps_worlds *worlds);

/* The name of one of their tensors, valid as long as a hold; NULL for NULL, and for an index outside 0 to
 * ps_worlds_tensor_count() - 1. */
PS_API const char *ps_worlds_tensor_name(const ps_worlds *worlds, int64_t index);

/* Lends one of their tensors, of shape [num_worlds, ...]: no copy.
 *
 * out   receives one hold, the caller's to release; it keeps the memory alive, whatever becomes of the worlds
 * name  "action" (to be written), "observation", "reward", "terminated", "truncated", "state" (in the precision asked
 *       for), "steps" (int32, of the episode so far), "final_observation" (of an episode that has just ended), or what
 *       else the game has
 *
 * Each step writes into it.  With buffers = 2 it is the memory that the last step wrote, and the step after the next
 * writes it again; "action", "state" and "steps" have one memory all the same.  Only "action" is for the caller to
 * write.
 *
 * PS_NOT_FOUND  no such tensor: the message has the names there are. */
PS_API ps_status ps_worlds_tensor(ps_tensor **out, const ps_worlds *worlds, const char *name);

/* The bounds of each element of one world of a tensor, as float64 tensors of its shape without the first axis.
 *
 * low, high  receive one hold each, the caller's to release
 *
 * PS_NOT_FOUND  as ps_worlds_tensor(). */
PS_API ps_status ps_worlds_bounds(ps_tensor **low, ps_tensor **high, const ps_worlds *worlds, const char *name);

/* Starts the next episode of some worlds, or with seeds their episode 0.
 *
 * mask        optional; bool, of shape [num_worlds], contiguous, on the CPU: which; NULL: all of them
 * seed_count  0 (the worlds keep their seeds), 1 (world i gets seeds[0] + i, modulo 2^64), or num_worlds
 * seeds       optional when seed_count is 0
 *
 * PS_INVALID_ARGUMENT  also: a mask of another shape or dtype, a seed_count that is none of the three. */
PS_API ps_status ps_worlds_reset(ps_worlds *worlds, const ps_tensor *mask, int64_t seed_count, const uint64_t *seeds);

/* Steps every world once with the actions in "action".
 *
 * A world whose state is no longer finite is taken out: its episode ends, terminated, with reward 0 and an observation
 * of zeros; it is counted (ps_worlds_fault_count) and the other worlds do not notice.
 *
 * PS_OUT_OF_RANGE  an action is out of its bounds: the message has the world and the value; nothing has changed. */
PS_API ps_status ps_worlds_step(ps_worlds *worlds);

/* Starts a step and returns at once; what it writes may be read after ps_worlds_wait().
 *
 * PS_UNAVAILABLE  no thread could be started. */
PS_API ps_status ps_worlds_step_async(ps_worlds *worlds);

/* Waits for the step that ps_worlds_step_async() started and returns what ps_worlds_step() would have; PS_OK where none
 * was.
 *
 * PS_UNAVAILABLE  the step was started before fork(), by the parent. */
PS_API ps_status ps_worlds_wait(ps_worlds *worlds);

/* Steps so far.  -1 for NULL. */
PS_API int64_t ps_worlds_step_count(const ps_worlds *worlds);

/* How many worlds were taken out so far because their state was no longer finite.  -1 for NULL. */
PS_API int64_t ps_worlds_fault_count(const ps_worlds *worlds);

/* The newest of the worlds that were taken out, up to 1024, by step and then by world: int64, of shape [count, 2], each
 * row (world, step from 0).
 *
 * out  receives one hold, the caller's to release */
PS_API ps_status ps_worlds_faults(ps_tensor **out, const ps_worlds *worlds);

/* A hash of each world, uint64 [num_worlds]: of all that its future and its tensors depend on, but for the action and
 * the place it has among the worlds.  Equal hashes at each step mean equal runs.
 *
 * out  receives one hold, the caller's to release */
PS_API ps_status ps_worlds_hash(ps_tensor **out, const ps_worlds *worlds);

/* All of the worlds as bytes: uint8 [size].  They may be kept in a file and restored by another process, on another
 * machine.
 *
 * out  receives one hold, the caller's to release */
PS_API ps_status ps_worlds_snapshot(ps_tensor **out, const ps_worlds *worlds);

/* Puts worlds of a snapshot into these: they go on as those would have, with their seeds and episodes.  Options are not
 * carried: a world that was finished and not reset goes on as these worlds' autoreset has it, which with
 * PS_AUTORESET_SAME_STEP is that the next step resets it.
 *
 * snapshot  uint8, contiguous, on the CPU; it may come from anywhere: what does not fit is refused, and nothing has
 *           changed
 * count     how many; 0: all, each into its own place, and there must be as many
 * from, to  optional when count is 0; world from[k] of the snapshot goes into world to[k] of these
 *
 * PS_DATA_ERROR        not a snapshot, damaged, cut short, of another game, precision or random, a value that none can
 *                      have.
 * PS_INVALID_ARGUMENT  also: another number of worlds, a world named twice in to, parameters that differ, a count below
 *                      0.
 * PS_OUT_OF_RANGE      no such world. */
PS_API ps_status ps_worlds_restore(ps_worlds *worlds, const ps_tensor *snapshot, int64_t count, const int64_t *from,
                                   const int64_t *to);

/* Reads the plain state of a world.
 *
 * count  ps_worlds_state_count()
 * state  receives so many numbers
 *
 * PS_OUT_OF_RANGE  no such world.  PS_INVALID_ARGUMENT  also: another count. */
PS_API ps_status ps_worlds_get_state(const ps_worlds *worlds, int64_t world, int64_t count, double *state);

/* Sets the plain state of a world, and its observation with it.  Its flags and its reward are cleared; the episode and
 * its count of steps go on.  A world whose state is then not finite is taken out by the next step.
 *
 * Otherwise as ps_worlds_get_state(). */
PS_API ps_status ps_worlds_set_state(ps_worlds *worlds, int64_t world, int64_t count, const double *state);

/* Draws one world, as the game is usually shown: uint8 [height, width, 3], red, green and blue, rows from the top down.
 *
 * out            receives one hold, the caller's to release
 * width, height  16 to 4096 pixels each; 0 for both: the game's own size
 *
 * The same state gives the same bytes everywhere.
 *
 * PS_OUT_OF_RANGE  no such world, or no picture of such a size. */
PS_API ps_status ps_worlds_render(ps_tensor **out, const ps_worlds *worlds, int64_t world, int32_t width,
                                  int32_t height);

/* How many numbers of the game may be set.  -1 for NULL. */
PS_API int64_t ps_worlds_parameter_count(const ps_worlds *worlds);

/* The name of one of them, valid as long as a hold; NULL for NULL, and for an index outside 0 to
 * ps_worlds_parameter_count() - 1. */
PS_API const char *ps_worlds_parameter_name(const ps_worlds *worlds, int64_t index);

/* Reads one of them.
 *
 * PS_NOT_FOUND  no such parameter: the message has the names there are. */
PS_API ps_status ps_worlds_get_parameter(double *value, const ps_worlds *worlds, const char *name);

/* Sets one of them; it acts from the next step or reset on.
 *
 * PS_NOT_FOUND     no such parameter: the message has the names there are.
 * PS_OUT_OF_RANGE  not a value it may have: the message has the limits. */
PS_API ps_status ps_worlds_set_parameter(ps_worlds *worlds, const char *name, double value);

#ifdef __cplusplus
}
#endif

#endif
