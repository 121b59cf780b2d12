/* penstock/kpu.h: the KPU, a simulated matrix accelerator: real values and real timing from one run, and estimates by
 * formulas.
 *
 * A device has external memory (banks behind channels), a DMA engine, a scratchpad of banks, a systolic array of rows x
 * columns, an accumulator, and a vector unit.  A configuration says of what size and speed, and what each operation costs.
 * A matrix product is cut into folds, one pass over the array each; a convolution becomes a product by im2col.
 *
 * What holds for every function here:
 * - PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional), and for a struct that is not as
 *   base.h says; PS_OUT_OF_MEMORY: nothing stays allocated;
 * - a path is what the operating system takes: PS_NOT_FOUND for no such file or folder, PS_IO_ERROR for what else the
 *   system refuses;
 * - what fails has changed neither memories nor counters.
 *
 * Since: every name in this header is part of version 1.0 unless its comment says otherwise. */
#ifndef PENSTOCK_KPU_H
#define PENSTOCK_KPU_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Configurations                                                                                                   */

/* What a device is made of: values by name.
 *
 * Threads: any number may read one at once; ps_kpu_config_set() needs it alone. */
typedef struct ps_kpu_config ps_kpu_config;

/* Makes a configuration.
 *
 * out     receives one hold, the caller's to release; untouched on failure
 * preset  "default", "edge" (8 x 8, LPDDR5), "32x32" (DDR4-3200), "128x128" or "256x256" (HBM2e); optional: "default"
 *
 * PS_NOT_FOUND  no preset of that name: the message has all. */
PS_API ps_status ps_kpu_config_create(ps_kpu_config **out, const char *preset);

/* Reads a configuration from text: TOML, or JSON where it begins with a brace.
 *
 * text   lines of name = value, and [table]s: trcd in [dram] is dram_trcd; "preset" is applied first
 * place  names the text in messages
 *
 * PS_DATA_ERROR        what does not parse, an unknown name, a value outside its limits: the message has place and line.
 * PS_INVALID_ARGUMENT  also: values that contradict each other. */
PS_API ps_status ps_kpu_config_parse(ps_kpu_config **out, const char *text, const char *place);

/* Reads a configuration from a file, as ps_kpu_config_parse() does.
 *
 * PS_DATA_ERROR  also: a file of more than 16 MiB.  PS_INVALID_ARGUMENT  also: values that contradict each other. */
PS_API ps_status ps_kpu_config_load(ps_kpu_config **out, const char *path);

/* Adds a hold; returns its argument.  NULL for NULL, which is an error. */
PS_API ps_kpu_config *ps_kpu_config_retain(ps_kpu_config *config);

/* Gives a hold back.  config: NULL is accepted and does nothing. */
PS_API void ps_kpu_config_release(ps_kpu_config *config);

/* Sets one value.
 *
 * name   as ps_kpu_config_name() lists them, "rows" for example; "dram" sets all timings of a memory at once
 * value  as it stands in a file, without quotes: "128", "0x80", "true", "ws", "13.75"
 *
 * PS_NOT_FOUND         no value of that name, or no memory of that name.
 * PS_INVALID_ARGUMENT  value is none, or outside the limits, which the message has.  Contradictions between values are
 *                      found when a device or an estimate is made of them. */
PS_API ps_status ps_kpu_config_set(ps_kpu_config *config, const char *name, const char *value);

/* Writes one value as text, or all as JSON that ps_kpu_config_parse() reads.
 *
 * length    receives the bytes of the whole text without its final zero byte, also when it does not fit
 * text      room for capacity bytes: receives as much of the text as fits, always ended by a zero byte; optional when
 *           capacity is 0
 * name      one value; also "energy_mac_source" and the like: where a figure of energy comes from; optional: all
 *
 * PS_NOT_FOUND  no value of that name. */
PS_API ps_status ps_kpu_config_get(uint64_t *length, char *text, uint64_t capacity, const ps_kpu_config *config,
                                   const char *name);

/* The name of a value, counted from 0.  Static memory.  NULL, without an error, behind the last one and below 0. */
PS_API const char *ps_kpu_config_name(int64_t index);

/* What the memory of a configuration does, found by running the model.  struct_size is the caller's to set. */
typedef struct ps_kpu_memory_timing {
  uint32_t struct_size;
  uint32_t reserved;           /* 0 */
  double closed_nanoseconds;   /* from a request to the end of its burst, in a closed bank */
  double hit_nanoseconds;      /* likewise, in an open row */
  double conflict_nanoseconds; /* likewise, in a bank with another row open */
  double streaming_bandwidth;  /* bytes a second of a long transfer; infinity for an ideal memory */
  double random_bandwidth;     /* bytes a second, one burst after the other at random addresses */
  double peak_bandwidth;       /* bytes a second of the bus */
} ps_kpu_memory_timing;

#define PS_KPU_MEMORY_TIMING_INIT \
  { sizeof(ps_kpu_memory_timing), 0, 0, 0, 0, 0, 0, 0 }

/* What PS_KPU_MEMORY_TIMING_INIT does; struct_size is sizeof(ps_kpu_memory_timing).
 *
 * PS_INVALID_ARGUMENT  timing is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_kpu_memory_timing_init(ps_kpu_memory_timing *timing, uint32_t struct_size);

/* Measures the memory of a configuration.
 *
 * timing  its struct_size set; filled up to there, bytes this library does not know set to zero
 *
 * PS_INVALID_ARGUMENT  also: values that contradict each other. */
PS_API ps_status ps_kpu_config_measure_memory(ps_kpu_memory_timing *timing, const ps_kpu_config *config);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Topologies                                                                                                       */

/* A network's layers, as SCALE-Sim's files list them.
 *
 * Threads: any number on one topology. */
typedef struct ps_kpu_topology ps_kpu_topology;

/* Reads a topology from text: a header, then a layer a line, its cells separated by commas: name, image height, image
 * width, filter height, filter width, channels, filters, stride; or name, M, N, K where the header's second cell is M.
 * Blank lines and what follows these cells are passed over.  A layer whose name contains DP is depthwise: a group for
 * each channel.
 *
 * out         receives one hold, the caller's to release; untouched on failure
 * place       names the text in messages
 * compatible  1: each group becomes a layer of its own, as SCALE-Sim has it; 0: it does not
 *
 * PS_DATA_ERROR        a cell that is missing or no positive integer, a filter larger than its image, no layer at all:
 *                      the message has place, line and column.
 * PS_INVALID_ARGUMENT  also: compatible is neither 0 nor 1; too many groups to make layers of. */
PS_API ps_status ps_kpu_topology_parse(ps_kpu_topology **out, const char *text, const char *place, int32_t compatible);

/* Reads a topology from a file, as ps_kpu_topology_parse() does.
 *
 * PS_DATA_ERROR  also: a file of more than 16 MiB.  PS_INVALID_ARGUMENT  also: compatible is neither 0 nor 1. */
PS_API ps_status ps_kpu_topology_load(ps_kpu_topology **out, const char *path, int32_t compatible);

/* Adds a hold; returns its argument.  NULL for NULL, which is an error. */
PS_API ps_kpu_topology *ps_kpu_topology_retain(ps_kpu_topology *topology);

/* Gives a hold back.  topology: NULL is accepted and does nothing. */
PS_API void ps_kpu_topology_release(ps_kpu_topology *topology);

/* How many layers there are.  -1 for NULL. */
PS_API int64_t ps_kpu_topology_count(const ps_kpu_topology *topology);

/* The name of a layer, 0 to count - 1.  The topology's memory.  NULL for NULL and for an index outside. */
PS_API const char *ps_kpu_topology_name(const ps_kpu_topology *topology, int64_t index);

/* A layer.  struct_size is the caller's to set. */
typedef struct ps_kpu_layer {
  uint32_t struct_size;
  uint32_t reserved;     /* 0 */
  int64_t height;        /* of the image, padding included */
  int64_t width;         /* of the image, padding included */
  int64_t filter_height; /* rows of a filter */
  int64_t filter_width;  /* columns of a filter */
  int64_t channels;      /* of one group of the image */
  int64_t filters;       /* of one group */
  int64_t stride;        /* in both directions */
  int64_t groups;        /* each with its own channels and filters */
} ps_kpu_layer;

#define PS_KPU_LAYER_INIT \
  { sizeof(ps_kpu_layer), 0, 0, 0, 0, 0, 0, 0, 0, 0 }

/* What PS_KPU_LAYER_INIT does; struct_size is sizeof(ps_kpu_layer).
 *
 * PS_INVALID_ARGUMENT  layer is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_kpu_layer_init(ps_kpu_layer *layer, uint32_t struct_size);

/* Reads a layer.
 *
 * layer  its struct_size set; filled up to there, bytes this library does not know set to zero
 * index  0 to count - 1
 *
 * PS_OUT_OF_RANGE  index is outside. */
PS_API ps_status ps_kpu_topology_layer(ps_kpu_layer *layer, const ps_kpu_topology *topology, int64_t index);

/* ---------------------------------------------------------------------------------------------------------------- */
/* What a run is measured by                                                                                        */

/* Cycles are the array's, traffic is bytes, energy is pJ.  struct_size is the caller's to set. */
typedef struct ps_kpu_counters {
  uint32_t struct_size;
  uint32_t reserved;                 /* 0 */
  int64_t cycles;                    /* from the first request to the last byte stored */
  int64_t compute_cycles;            /* of the folds themselves */
  int64_t stall_cycles;              /* the array waited for the memory, the last stores included */
  int64_t bank_conflict_cycles;      /* a step asked one bank of the scratchpad for more than a word */
  int64_t vector_cycles;             /* of the vector unit */
  int64_t macs;                      /* multiplications, each with its addition */
  int64_t folds;                     /* passes over the array */
  int64_t least_cycles;              /* the larger of compute_cycles and transfer_cycles: cycles is never less */
  int64_t most_cycles;               /* compute, conflict, vector and transfer cycles, and the critical transfers at the
                                         worst latency: cycles is never more */
  int64_t dram_read_input;           /* bytes of left operands from external memory to the scratchpad */
  int64_t dram_read_weight;          /* likewise of right operands */
  int64_t dram_read_partial;         /* likewise of sums that had left for want of room */
  int64_t dram_written_output;       /* bytes of results to external memory */
  int64_t dram_written_partial;      /* likewise of sums that leave for want of room */
  int64_t scratchpad_written_input;  /* bytes of left operands that the DMA engine put there */
  int64_t scratchpad_written_weight; /* likewise of right operands */
  int64_t scratchpad_read_input;     /* bytes of left operands that left it for the array */
  int64_t scratchpad_read_weight;    /* likewise of right operands */
  int64_t array_read_input;          /* bytes of left operands that entered the array */
  int64_t array_read_weight;         /* likewise of right operands */
  int64_t array_written_output;      /* bytes of sums that left the array */
  int64_t accumulator_written;       /* bytes of sums that entered the accumulator */
  int64_t accumulator_read;          /* bytes of sums that were read there, to be added to or stored */
  int64_t vector_operations;         /* elements that the vector unit worked on */
  int64_t transfers;                 /* of the DMA engine */
  int64_t critical_transfers;        /* of these, the ones that the array waited for */
  int64_t transfer_cycles;           /* of all transfers, beyond their latencies */
  int64_t worst_latency;             /* cycles from a request to its first byte in an idle memory, at most */
  int64_t dram_hits;                 /* accesses to an open row */
  int64_t dram_closed;               /* to a closed bank */
  int64_t dram_conflicts;            /* to a bank with another row open */
  int64_t dram_refreshes;            /* of a channel */
  double energy_mac;                 /* pJ: macs times the configuration's figure; the five make the run's energy */
  double energy_accumulator;         /* likewise of bytes written to and read from the accumulator */
  double energy_scratchpad;          /* likewise of bytes written to and read from the scratchpad */
  double energy_dram;                /* likewise of bytes of external memory */
  double energy_vector;              /* likewise of vector operations */
} ps_kpu_counters;

#define PS_KPU_COUNTERS_INIT                                                                                           \
  {                                                                                                                    \
    sizeof(ps_kpu_counters), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
        0, 0, 0, 0, 0, 0, 0, 0                                                                                         \
  }

/* What PS_KPU_COUNTERS_INIT does; struct_size is sizeof(ps_kpu_counters).
 *
 * PS_INVALID_ARGUMENT  counters is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_kpu_counters_init(ps_kpu_counters *counters, uint32_t struct_size);

/* The cycles, traffic and energy of a layer by formulas.  cycles is the larger of compute_cycles and traffic at the
 * memory's peak: no run takes fewer.
 *
 * counters  its struct_size set; filled up to there, bytes this library does not know set to zero
 * index     of the layer, 0 to count - 1
 * batch     images at once, 1 to 2^40
 *
 * PS_OUT_OF_RANGE      index is outside.
 * PS_INVALID_ARGUMENT  also: batch is below 1; values of config contradict each other; the layer does not fit the
 *                      scratchpad, or its counts exceed 2^62: the message says what would do. */
PS_API ps_status ps_kpu_estimate(ps_kpu_counters *counters, const ps_kpu_config *config,
                                 const ps_kpu_topology *topology, int64_t index, int64_t batch);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Devices                                                                                                          */

/* A simulated accelerator.
 *
 * Threads: one at a time on one device; retain and release any number. */
typedef struct ps_kpu ps_kpu;

/* A device's memories. */
typedef enum ps_kpu_memory PS_ENUM_BASE {
  PS_KPU_MAIN_MEMORY = 0, /* external memory, of main_memory_size bytes */
  PS_KPU_SCRATCHPAD = 1   /* of scratchpad_size bytes */
} ps_kpu_memory;

/* Makes a device.  Its memories hold zeros; pages of them are taken from the system when they are first written.
 *
 * out     receives one hold, the caller's to release; untouched on failure
 * config  is copied
 *
 * PS_INVALID_ARGUMENT  also: values that contradict each other: the message says what to change. */
PS_API ps_status ps_kpu_create(ps_kpu **out, const ps_kpu_config *config);

/* Adds a hold; returns its argument.  NULL for NULL, which is an error. */
PS_API ps_kpu *ps_kpu_retain(ps_kpu *kpu);

/* Gives a hold back.  kpu: NULL is accepted and does nothing. */
PS_API void ps_kpu_release(ps_kpu *kpu);

/* Writes bytes of the host's to a memory.  Takes no time of the device.
 *
 * address  of the first byte, from 0 on
 * data     nbytes bytes; optional when nbytes is 0
 *
 * PS_OUT_OF_RANGE  the range is not inside the memory: the message has address, count and size. */
PS_API ps_status ps_kpu_write(ps_kpu *kpu, ps_kpu_memory memory, int64_t address, const void *data, int64_t nbytes);

/* Reads bytes of a memory.  Takes no time of the device.
 *
 * data  room for nbytes bytes; optional when nbytes is 0
 *
 * PS_OUT_OF_RANGE  the range is not inside the memory: the message has address, count and size. */
PS_API ps_status ps_kpu_read(void *data, const ps_kpu *kpu, ps_kpu_memory memory, int64_t address, int64_t nbytes);

/* Moves bytes by the DMA engine.
 *
 * PS_OUT_OF_RANGE      a range is not inside its memory.
 * PS_INVALID_ARGUMENT  also: the two ranges overlap in one memory. */
PS_API ps_status ps_kpu_transfer(ps_kpu *kpu, ps_kpu_memory to, int64_t to_address, ps_kpu_memory from,
                                 int64_t from_address, int64_t nbytes);

/* Multiplies two matrices as the array does: operands of one dtype, float32 sums (int32 for int8), in its order.
 *
 * out  receives one hold on a new tensor on the CPU: float32, or int32 which wraps; untouched on failure
 * a    M x K on the CPU: float32, float16, bfloat16, float8_e4m3fn, float8_e5m2 or int8; any strides
 * b    K x N of the same dtype
 *
 * The operands are taken to lie in external memory one behind the other; what was written there stays.
 *
 * PS_TYPE_MISMATCH     a dtype that the array has not, or two.
 * PS_INVALID_ARGUMENT  also: shapes that do not fit each other, sizes of 0, operands larger than the external memory or,
 *                      where tiling is false, than the scratchpad. */
PS_API ps_status ps_kpu_matmul(ps_tensor **out, ps_kpu *kpu, const ps_tensor *a, const ps_tensor *b);

/* How a convolution is laid out. */
typedef struct ps_kpu_conv_options {
  uint32_t struct_size;
  uint32_t reserved; /* 0 */
  int64_t stride;    /* 1 to 2^40, in both directions */
  int64_t padding;   /* zeros around each image, on every side: 0 to 2^40 */
  int64_t groups;    /* 1 or more: a divisor of the channels and of the filters */
} ps_kpu_conv_options;

#define PS_KPU_CONV_OPTIONS_INIT \
  { sizeof(ps_kpu_conv_options), 0, 1, 0, 1 }

/* What PS_KPU_CONV_OPTIONS_INIT does; struct_size is sizeof(ps_kpu_conv_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_kpu_conv_options_init(ps_kpu_conv_options *options, uint32_t struct_size);

/* Convolves images by im2col; sums run over filter row, filter column, channel.
 *
 * out      receives one hold on a new tensor: batch x filters x height x width; untouched on failure
 * images   batch x channels x height x width, dtypes as for ps_kpu_matmul()
 * filters  filters x (channels / groups) x height x width, of the same dtype
 * options  optional
 *
 * PS_TYPE_MISMATCH     a dtype that the array has not, or two.
 * PS_INVALID_ARGUMENT  also: shapes that do not fit each other, and what ps_kpu_matmul() refuses. */
PS_API ps_status ps_kpu_conv2d(ps_tensor **out, ps_kpu *kpu, const ps_tensor *images, const ps_tensor *filters,
                               const ps_kpu_conv_options *options);

/* Runs a layer as events, without values.
 *
 * index  of the layer, 0 to count - 1
 * batch  images at once, 1 to 2^40
 *
 * PS_OUT_OF_RANGE      index is outside.
 * PS_INVALID_ARGUMENT  also: what ps_kpu_estimate() refuses, and operands larger than the external memory. */
PS_API ps_status ps_kpu_simulate(ps_kpu *kpu, const ps_kpu_topology *topology, int64_t index, int64_t batch);

/* Runs a program: instructions as text, one a line.
 *
 *   load to=0 from=0x1000 bytes=4096 operand=weight   external memory to scratchpad; operand: input (default) or weight
 *   store to=0x2000 from=8192 bytes=4096              scratchpad to external memory
 *   matmul a=0 b=4096 c=8192 m=32 k=32 n=32 dtype=float32      row-major, all in the scratchpad
 *   conv input=0 weight=4096 output=8192 batch=1 channels=3 height=8 width=8 filters=4 filter_height=3 filter_width=3
 *        stride=1 padding=0 groups=1 dtype=float32             on one line; batch, stride, padding and groups have defaults
 *   activation at=8192 count=1024 function=relu dtype=float32  in place; relu or relu6 of float32 or int32
 *   barrier                                                    waits until all before it has ended
 *
 * Values are as if one instruction ended before the next began.  In time the DMA engine, the array and the vector unit
 * work at once: an instruction starts when its engine is free and no earlier one still works on bytes that either writes.
 *
 * PS_DATA_ERROR        what does not parse, or is unknown.  PS_OUT_OF_RANGE  an address outside a memory.
 * PS_INVALID_ARGUMENT  also: sizes below 1, a result that overlaps an operand.  PS_TYPE_MISMATCH  no dtype of operands.
 * PS_OUT_OF_MEMORY     what ran before stays in the memories; no time has passed.
 * The message has the line but for the last; then nothing of the program has run. */
PS_API ps_status ps_kpu_run(ps_kpu *kpu, const char *program);

/* Time, counters and timeline begin anew; what the memories hold stays. */
PS_API ps_status ps_kpu_reset(ps_kpu *kpu);

/* How many jobs have run: one for each product, convolution, layer, transfer and program.  -1 for NULL. */
PS_API int64_t ps_kpu_job_count(const ps_kpu *kpu);

/* The name of a job, 0 to count - 1.  The device's memory until ps_kpu_reset().  NULL for NULL and an index outside. */
PS_API const char *ps_kpu_job_name(const ps_kpu *kpu, int64_t index);

/* Reads what a job was measured by, or all jobs together.
 *
 * counters  its struct_size set; filled up to there, bytes this library does not know set to zero
 * index     0 to count - 1, or -1 for all
 *
 * PS_OUT_OF_RANGE  index is outside. */
PS_API ps_status ps_kpu_job_counters(ps_kpu_counters *counters, const ps_kpu *kpu, int64_t index);

/* What the columns of ps_kpu_timeline() say in the first place. */
typedef enum ps_kpu_span PS_ENUM_BASE {
  PS_KPU_LOAD_INPUT = 0,
  PS_KPU_LOAD_WEIGHT = 1,
  PS_KPU_LOAD_PARTIAL = 2,
  PS_KPU_STORE_OUTPUT = 3,
  PS_KPU_STORE_PARTIAL = 4,
  PS_KPU_COMPUTE = 5,
  PS_KPU_VECTOR = 6
} ps_kpu_span;

/* Gives what happened when, where the configuration's timeline is true.
 *
 * out  receives one hold on a new int64 tensor, a row for each span: ps_kpu_span, the job's index, the cycle it began and
 *      ended at, the bytes it moved; untouched on failure */
PS_API ps_status ps_kpu_timeline(ps_tensor **out, const ps_kpu *kpu);

/* Writes the timeline as a trace that Perfetto (ui.perfetto.dev) opens, whole or not at all. */
PS_API ps_status ps_kpu_save_timeline(const ps_kpu *kpu, const char *path);

/* Gives the bytes that each bank of a memory moved over time.
 *
 * out              receives one hold on a new int64 tensor: a row for each interval of time, a column for each bank; of no
 *                  rows while nothing has moved; untouched on failure
 * interval_cycles  receives the length of an interval */
PS_API ps_status ps_kpu_bank_activity(ps_tensor **out, int64_t *interval_cycles, const ps_kpu *kpu,
                                      ps_kpu_memory memory);

#ifdef __cplusplus
}
#endif

#endif
