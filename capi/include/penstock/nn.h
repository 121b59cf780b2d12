/* penstock/nn.h: networks that are built, trained, saved and run.
 *
 * A layer is named by a kind ("dense", "conv_2d", ...) and settings, an object in JSON; docs/networks.md lists them all.  A
 * model is a list of layers with a loss and an optimizer.  For each shape of batch it makes a static plan once: the
 * operations in order, and one piece of memory for all they write; a step of training then allocates nothing.
 *
 * What is described by text is described in JSON, strictly: an unknown key, a value of another kind or beyond its limits is
 * PS_INVALID_ARGUMENT, and the sentence names the layer, the key, the value and what is expected.
 *
 * Results are reproducible: a model's numbers depend on its description, its seed, the data and the kind of processor, never
 * on the number of threads.
 *
 * What holds for every function here: PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional) or
 * an options struct that is not as base.h says; PS_OUT_OF_MEMORY: nothing stays allocated.
 * Threads: layers and models may be used from any thread, but each by one at a time.
 *
 * Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_NN_H
#define PENSTOCK_NN_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Layers                                                                                                           */

/* A layer with its parameters. */
typedef struct ps_layer ps_layer;

/* Makes a layer and draws its parameters.
 *
 * out       receives one hold, the caller's to release; untouched on failure
 * kind      one of the kinds that ps_layer_kind_name() lists
 * settings  an object in JSON; what it lacks has the default.  Optional: NULL is "{}"
 * dtype     PS_FLOAT32 or PS_FLOAT64, of its parameters, inputs and results
 * seed      any number: the same one gives the same parameters
 *
 * PS_INVALID_ARGUMENT  there is no such kind, or a setting is not as that kind's are
 * PS_DATA_ERROR        settings is no JSON
 * PS_TYPE_MISMATCH     dtype is another one */
PS_API ps_status ps_layer_create(ps_layer **out, const char *kind, const char *settings, ps_dtype dtype, uint64_t seed);

/* One more hold on a layer; returns it.  A layer lives until all holds are given back, a model's too. */
PS_API ps_layer *ps_layer_retain(ps_layer *layer);

/* Gives back one hold.  NULL is accepted and does nothing. */
PS_API void ps_layer_release(ps_layer *layer);

/* How many kinds of layers there are. */
PS_API int32_t ps_layer_kind_count(void);

/* The name of a kind, 0 to count - 1, which lives for ever; NULL for an index outside. */
PS_API const char *ps_layer_kind_name(int32_t index);

/* A layer's description: {"kind": ..., "settings": {...}} with every setting.
 *
 * size      receives the bytes of the whole text, the zero byte at its end among them
 * text      receives as much of it as fits into capacity bytes, ended by a zero byte; optional when capacity is 0 */
PS_API ps_status ps_layer_description(uint64_t *size, char *text, uint64_t capacity, const ps_layer *layer);

/* How many parameters a layer has, those of the layers inside it among them; -1 for NULL. */
PS_API int32_t ps_layer_parameter_count(const ps_layer *layer);

/* The name of one parameter, 0 to count - 1, as "weight", inside others as "0.weight"; it lives as long as the layer.
 * NULL for an index outside. */
PS_API const char *ps_layer_parameter_name(const ps_layer *layer, int32_t index);

/* Lends a parameter: a tensor over the layer's own memory.  Those that are trained require gradients.  A layer that has
 * been added to a model moves its parameters once, when the model is first compiled or used: lend them again then.
 *
 * out  receives one hold, the caller's to release; untouched on failure
 *
 * PS_OUT_OF_RANGE  index is outside */
PS_API ps_status ps_layer_parameter(ps_tensor **out, ps_layer *layer, int32_t index);

/* Calls a layer.  Where recording is on (autograd.h) and an input or a parameter requires gradients, the result remembers how
 * it was made, in training or not: the layer then keeps what ps_backward() needs.  A caller that wants none turns recording
 * off for the call.
 *
 * out          receives one hold, the caller's to release; untouched on failure
 * inputs       input_count of them, first axis the batch; of the layer's dtype, but for indices of int64
 * is_training  1: as in training (dropout drops, batch_norm looks at the batch and moves its statistics); 0: not (dropout
 *              gives what it was given, batch_norm takes its running statistics for constants, and so do their gradients)
 * seed         of what dropout draws; any number
 *
 * PS_INVALID_ARGUMENT  a shape the layer does not take: the sentence has both
 * PS_TYPE_MISMATCH     an input's dtype is another one
 * PS_OUT_OF_RANGE      an index that an embedding does not have */
PS_API ps_status ps_layer_call(ps_tensor **out, ps_layer *layer, int32_t input_count, ps_tensor *const *inputs,
                               int32_t is_training, uint64_t seed);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Layers of one's own                                                                                              */

/* The shape of what a layer makes of an input.  Called when a plan is made for a new shape of batch.
 *
 * output_shape  room for 16 numbers, the first of which must be input_shape's first: the samples
 * output_ndim   receives how many it has, 1 to 16
 * input_dtype   the layer's dtype, or PS_INT64 for whole numbers that a model's first layer is given
 *
 * Returns PS_OK, or the status with which the call is to fail. */
typedef ps_status (*ps_layer_shape_function)(int64_t *output_shape, int32_t *output_ndim, const int64_t *input_shape,
                                             int32_t input_ndim, ps_dtype input_dtype, void *user);

/* Computes a layer's result.  Called by the thread that runs the model or calls the layer; it may call any function of
 * penstock, but none on that model.  All tensors are dense and lent for the call: a hold on them, or a view, that outlives
 * it fails the step.
 *
 * output       is written
 * parameters   the layer's own in their order, then those of the layers inside; those that are not trained may be written
 *              in training
 * is_training  1 or 0
 * seed         of what it draws: another one in each step, the same in each run
 *
 * Returns PS_OK, or the status with which the call is to fail; then the model is as before it. */
typedef ps_status (*ps_layer_forward_function)(ps_tensor *output, const ps_tensor *input, ps_tensor *const *parameters,
                                               int32_t is_training, uint64_t seed, void *user);

/* Computes gradients, behind a forward in training, whose tensors and seed it gets again; as that otherwise.
 *
 * input_gradient       is written, zeros at first; NULL where nobody asks for it
 * parameter_gradients  likewise one for each parameter; NULL for those that are not trained
 * output_gradient      the loss's derivative by the output */
typedef ps_status (*ps_layer_backward_function)(ps_tensor *input_gradient, ps_tensor *const *parameter_gradients,
                                                const ps_tensor *output_gradient, const ps_tensor *input,
                                                const ps_tensor *output, ps_tensor *const *parameters, uint64_t seed,
                                                void *user);

/* What a layer of one's own has besides its functions. */
typedef struct ps_custom_layer_options {
  uint32_t struct_size;
  int32_t parameter_count;              /* 0 and up */
  const char *const *parameter_names;   /* parameter_count texts without a dot; optional when there are none */
  ps_tensor *const *parameters;         /* of the layer's dtype; those that require gradients are trained; likewise */
  const char *const *layer_names;       /* layer_count texts; optional when there are none */
  ps_layer *const *layers;              /* layers inside, of the same dtype, in no model; likewise */
  int32_t layer_count;                  /* 0 and up */
  int32_t reserved;                     /* 0 */
  ps_layer_shape_function output_shape; /* optional: NULL is the input's shape */
} ps_custom_layer_options;

#define PS_CUSTOM_LAYER_OPTIONS_INIT \
  { (uint32_t)sizeof(ps_custom_layer_options), 0, NULL, NULL, NULL, NULL, 0, 0, NULL }

/* Fills struct_size bytes, sizeof(ps_custom_layer_options), with the defaults: PS_CUSTOM_LAYER_OPTIONS_INIT for other
 * languages. */
PS_API ps_status ps_custom_layer_options_init(ps_custom_layer_options *options, uint32_t struct_size);

/* Makes a layer that the caller computes: of the kind "custom", which stands in a model as any other does.
 *
 * out       receives one hold, the caller's to release; untouched on failure
 * type      how files, plans and messages call it, as "scale"
 * config    an object in JSON, any: what files keep of it, for a ps_layer_factory_function.  Optional: NULL is "{}"
 * dtype     PS_FLOAT32 or PS_FLOAT64, of its parameters and results
 * forward   called for each batch
 * backward  optional: NULL for a layer through which nothing can be trained
 * user      any value: handed to the functions
 * deleter   optional: called once with user, when the layer is gone.  After a failure it has not been called
 * options   optional: NULL is a layer without parameters, whose results have their input's shape
 *
 * The layer holds the parameters.  A model that it is added to moves them, as it does any layer's: these handles are then
 * tensors over the model's memory.  The layers inside are moved too; this one's forward may call them.
 *
 * PS_INVALID_ARGUMENT  also: a count below 0, a name that is empty or a parameter's with a dot, two parameters of one name, a
 *                      layer inside is in a model
 *                      or another layer
 * PS_DATA_ERROR        config is no JSON
 * PS_TYPE_MISMATCH     dtype is another one, or a parameter or a layer inside has another */
PS_API ps_status ps_layer_create_custom(ps_layer **out, const char *type, const char *config, ps_dtype dtype,
                                        ps_layer_forward_function forward, ps_layer_backward_function backward,
                                        void *user, ps_deleter deleter, const ps_custom_layer_options *options);

/* Makes a layer of one's own again, for a file that has one.
 *
 * out     receives one hold on a new layer of that dtype
 * type    as ps_layer_create_custom() was given it; config likewise
 *
 * Returns PS_OK, or the status with which the loading is to fail. */
typedef ps_status (*ps_layer_factory_function)(ps_layer **out, const char *type, const char *config, ps_dtype dtype,
                                               void *user);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Models                                                                                                           */

/* Layers in a row, and what trains them. */
typedef struct ps_model ps_model;

/* Makes a model.
 *
 * description  an object in JSON: {"dtype": "float32" or "float64", "seed": whole number, "layers": [{"kind", "settings",
 *              "name"}, ...]}; each may be left out (float32, 0, none).  Optional: NULL is "{}" */
PS_API ps_status ps_model_create(ps_model **out, const char *description);

/* One more hold on a model; returns it. */
PS_API ps_model *ps_model_retain(ps_model *model);

/* Gives back one hold.  NULL is accepted and does nothing. */
PS_API void ps_model_release(ps_model *model);

/* Adds a layer behind the others, its parameters drawn from the model's seed and the layer's place.
 *
 * settings  as with ps_layer_create(); optional: NULL is "{}"
 * name      how its parameters are called ("name.weight"), of no other layer, without a dot; optional: NULL is its place ("0") */
PS_API ps_status ps_model_add(ps_model *model, const char *kind, const char *settings, const char *name);

/* Adds a layer that there is already, with the parameters it has; the model holds it.
 *
 * name  as with ps_model_add(); optional: NULL is its place
 *
 * PS_INVALID_ARGUMENT  also for a layer that is in a model, and for another dtype than the model's */
PS_API ps_status ps_model_add_layer(ps_model *model, ps_layer *layer, const char *name);

/* How many layers a model has; -1 for NULL. */
PS_API int32_t ps_model_layer_count(const ps_model *model);

/* Lends one of its layers, 0 to count - 1: one hold, the caller's to release.  PS_OUT_OF_RANGE for an index outside. */
PS_API ps_status ps_model_layer(ps_layer **out, ps_model *model, int32_t index);

/* Says how a model is trained.  May be called again: the parameters stay, the optimizer begins anew.
 *
 * training  an object in JSON:
 *             "loss"       a name or {"name": ..., settings}; required
 *             "optimizer"  a name or {"name": ..., "learning_rate": ..., "schedule": ..., settings}; default "adam"
 *             "metrics"    a list of names or objects; default none.  Targets that the loss ignores (its "ignore_index") do
 *                          not count in "accuracy", "top_k_accuracy" and "perplexity", unless theirs is another one
 *             "on_nan"     "raise" (default), "stop" or "ignore": what a loss that is no finite number does
 *
 * A softmax at the model's end is folded into the loss "cross_entropy", which takes logits, and a sigmoid there into
 * "binary_cross_entropy"; predictions are still probabilities. */
PS_API ps_status ps_model_compile(ps_model *model, const char *training);

/* What a batch is besides inputs and targets. */
typedef struct ps_batch_options {
  uint32_t struct_size;
  int32_t reserved;         /* 0 */
  const ps_tensor *rows;    /* int64, one axis: these rows of x, y and weights are the batch; optional: all are */
  const ps_tensor *weights; /* one axis, real: each sample's loss is multiplied by its own; optional */
} ps_batch_options;

#define PS_BATCH_OPTIONS_INIT \
  { (uint32_t)sizeof(ps_batch_options), 0, NULL, NULL }

/* Fills struct_size bytes, sizeof(ps_batch_options), with the defaults: PS_BATCH_OPTIONS_INIT for other languages. */
PS_API ps_status ps_batch_options_init(ps_batch_options *options, uint32_t struct_size);

/* What came of a batch, or of all since ps_model_reset_metrics(). */
typedef struct ps_batch_result {
  uint32_t struct_size;
  int32_t stopped;      /* 1: the loss was no finite number and on_nan is "stop": nothing was updated */
  int64_t samples;      /* of this batch */
  double loss;          /* of this batch: its mean */
  double mean_loss;     /* since the metrics were reset, each sample counting the same */
  double learning_rate; /* that the update used */
} ps_batch_result;

#define PS_BATCH_RESULT_INIT \
  { (uint32_t)sizeof(ps_batch_result), 0, 0, 0.0, 0.0, 0.0 }

/* Fills struct_size bytes, sizeof(ps_batch_result), with the defaults: PS_BATCH_RESULT_INIT for other languages. */
PS_API ps_status ps_batch_result_init(ps_batch_result *result, uint32_t struct_size);

/* One step of training: forward, loss, backward, update.
 *
 * result   struct_size says how long it is; filled up to there
 * x        first axis the batch; any real dtype, converted to the model's (for an embedding integers); any strides
 * y        as the loss takes targets: class numbers or numbers of the outputs' shape
 * options  optional: NULL is all rows, without weights
 *
 * PS_INVALID_ARGUMENT  the model is not compiled; shapes do not fit, naming both; the loss is no finite number and on_nan is
 *                      "raise"
 * PS_OUT_OF_RANGE      a row or a class number is outside: the sentence has it, its place and the limits
 * PS_TYPE_MISMATCH     a dtype that does not convert
 * After a failure no parameter and no optimizer state has changed. */
PS_API ps_status ps_model_train_on_batch(ps_batch_result *result, ps_model *model, const ps_tensor *x,
                                         const ps_tensor *y, const ps_batch_options *options);

/* The first half of a step: forward and backward.  It leaves the gradients (ps_model_flat_gradients()), which may then be
 * changed, as by averaging them with other processes'.  Arguments and failures are those of ps_model_train_on_batch();
 * options is optional: NULL is all rows, without weights. */
PS_API ps_status ps_model_compute_gradients(ps_batch_result *result, ps_model *model, const ps_tensor *x,
                                            const ps_tensor *y, const ps_batch_options *options);

/* The second half: updates the parameters by the gradients as they are now.  PS_INVALID_ARGUMENT for a model that is not
 * compiled. */
PS_API ps_status ps_model_apply_gradients(ps_model *model);

/* Loss and metrics of a batch, without training.  Arguments and failures are those of ps_model_train_on_batch(); options is
 * optional: NULL is all rows, without weights. */
PS_API ps_status ps_model_test_on_batch(ps_batch_result *result, ps_model *model, const ps_tensor *x,
                                        const ps_tensor *y, const ps_batch_options *options);

/* How many metrics a model was compiled with; -1 for NULL. */
PS_API int32_t ps_model_metric_count(const ps_model *model);

/* The name of one, 0 to count - 1, which lives until the next ps_model_compile(); NULL for an index outside. */
PS_API const char *ps_model_metric_name(const ps_model *model, int32_t index);

/* The value of one over all batches since ps_model_reset_metrics(), NaN where there was none.  PS_OUT_OF_RANGE for an index
 * outside. */
PS_API ps_status ps_model_metric(double *out, const ps_model *model, int32_t index);

/* Begins the metrics and the mean loss anew. */
PS_API ps_status ps_model_reset_metrics(ps_model *model);

/* The results for every row of x, batch_size rows (1 and up) at a time: a new tensor of the model's dtype.
 *
 * PS_INVALID_ARGUMENT  a shape that the model does not take: the sentence has it
 * PS_OUT_OF_RANGE      batch_size is below 1 */
PS_API ps_status ps_model_predict(ps_tensor **out, ps_model *model, const ps_tensor *x, int64_t batch_size);

/* Called behind each epoch, result's loss being the epoch's mean; validation is NULL where there is none.  The model may be
 * read from it.  Anything but 0 ends the training, which is no failure. */
typedef int32_t (*ps_epoch_function)(int64_t epoch, const ps_batch_result *result, const ps_batch_result *validation,
                                     void *user);

/* How to train for some epochs. */
typedef struct ps_fit_options {
  uint32_t struct_size;
  int32_t shuffle;               /* 1: each epoch in an order of its own; 0: as the rows lie */
  int64_t epochs;                /* 0 and up: that are to be done in all, those that are done already among them */
  int64_t batch_size;            /* 1 and up */
  const ps_tensor *weights;      /* of the samples; optional */
  const ps_tensor *validation_x; /* looked at behind each epoch; optional, both or none */
  const ps_tensor *validation_y;
  ps_epoch_function on_epoch; /* optional */
  void *user;                 /* handed to on_epoch */
} ps_fit_options;

#define PS_FIT_OPTIONS_INIT \
  { (uint32_t)sizeof(ps_fit_options), 1, 1, 32, NULL, NULL, NULL, NULL, NULL }

/* Fills struct_size bytes, sizeof(ps_fit_options), with the defaults: PS_FIT_OPTIONS_INIT for other languages. */
PS_API ps_status ps_fit_options_init(ps_fit_options *options, uint32_t struct_size);

/* Trains on all rows of x and y, epoch after epoch, from where the model is (ps_model_epoch()): the last batch of an epoch may
 * be smaller.  When it fails, the steps before have been done.
 *
 * options  optional: NULL is one epoch, in an order of its own, 32 rows a batch
 *
 * PS_INVALID_ARGUMENT, PS_OUT_OF_RANGE, PS_TYPE_MISMATCH  as ps_model_train_on_batch(); also where there are no rows */
PS_API ps_status ps_model_fit(ps_model *model, const ps_tensor *x, const ps_tensor *y, const ps_fit_options *options);

/* The order of an epoch's rows, as ps_model_fit() shuffles them: int64, a function of the model's seed, epoch and count (0
 * and up, as epoch) alone. */
PS_API ps_status ps_model_epoch_order(ps_tensor **out, const ps_model *model, int64_t epoch, int64_t count);

/* How many epochs have been done; -1 for NULL. */
PS_API int64_t ps_model_epoch(const ps_model *model);

/* How many steps have been done; -1 for NULL. */
PS_API int64_t ps_model_step(const ps_model *model);

/* Says that an epoch is done: the schedule goes on.
 *
 * metric  any number: what "reduce_on_plateau" looks at; other schedules do not
 *
 * PS_INVALID_ARGUMENT  the model is not compiled */
PS_API ps_status ps_model_end_epoch(ps_model *model, double metric);

/* The learning rate of the next step, by schedule and optimizer.  PS_INVALID_ARGUMENT for a model that is not compiled. */
PS_API ps_status ps_model_learning_rate(double *out, const ps_model *model);

/* Another learning rate for the schedule to start from, 0 and up.  PS_INVALID_ARGUMENT for a model that is not compiled. */
PS_API ps_status ps_model_set_learning_rate(ps_model *model, double learning_rate);

/* How many parameters its layers have; -1 for NULL. */
PS_API int32_t ps_model_parameter_count(const ps_model *model);

/* The name of one, 0 to count - 1, as "layer.weight"; it lives until a layer is added.  NULL for an index outside. */
PS_API const char *ps_model_parameter_name(const ps_model *model, int32_t index);

/* Lends a parameter: a tensor over the model's own memory, which requires no gradients; one hold, the caller's to release.
 * PS_OUT_OF_RANGE for an index outside. */
PS_API ps_status ps_model_parameter(ps_tensor **out, ps_model *model, int32_t index);

/* The gradient of a parameter as the last batch left it: a tensor over the model's own memory.  PS_INVALID_ARGUMENT for one
 * that is not trained, PS_OUT_OF_RANGE for an index outside. */
PS_API ps_status ps_model_gradient(ps_tensor **out, ps_model *model, int32_t index);

/* All trained parameters as one tensor of one axis over the model's own memory; each begins at a multiple of 64 bytes, and
 * what lies between is 0. */
PS_API ps_status ps_model_flat_parameters(ps_tensor **out, ps_model *model);

/* Their gradients, laid out likewise. */
PS_API ps_status ps_model_flat_gradients(ps_tensor **out, ps_model *model);

/* What describes a model, in JSON: {"dtype", "seed", "layers", "training"}.
 *
 * size      receives the bytes of the whole text, the zero byte at its end among them
 * text      receives as much of it as fits into capacity bytes, ended by a zero byte; optional when capacity is 0 */
PS_API ps_status ps_model_description(uint64_t *size, char *text, uint64_t capacity, const ps_model *model);

/* The plan of a batch, in JSON: {"arena_nbytes", "parameters_nbytes", "steps": [{"name", "inputs": [shapes], "output": shape,
 * "parameters": numbers, "flops", "nbytes", "seconds"}...]}; seconds stand there after profiling.
 *
 * size         receives the bytes of the whole text, the zero byte at its end among them
 * text         receives as much of it as fits into capacity bytes, ended by a zero byte; optional when capacity is 0
 * is_training  1: of a training step; 0: of a prediction
 * shape        of a batch, batch axis first; ndim numbers
 *
 * PS_INVALID_ARGUMENT  a shape that the model does not take; ndim is below 0 or above 16; for a training step a model that is
 *                      not compiled */
PS_API ps_status ps_model_plan(uint64_t *size, char *text, uint64_t capacity, ps_model *model, int32_t is_training,
                               const int64_t *shape, int32_t ndim);

/* 1: steps from now on are timed, and the times begin at 0; 0: not. */
PS_API ps_status ps_model_set_profiling(ps_model *model, int32_t profiling);

/* Saves a model in a safetensors file, whose metadata has its description under "penstock.model".
 *
 * with_training  1: all that training needs to go on as if it had never stopped, too; 0: the network alone
 * position       any text of the caller's, given back by ps_model_position() after loading: where in the data it is.
 *                Optional
 *
 * The file appears whole or not at all.
 *
 * PS_INVALID_ARGUMENT     with_training of a model that is not compiled
 * PS_NOT_FOUND, PS_IO_ERROR  as with ps_safetensors_save() */
PS_API ps_status ps_model_save(const char *path, const ps_model *model, int32_t with_training, const char *position);

/* Loads what ps_model_save() wrote, with its training where that was saved.  PS_DATA_ERROR for a file that is cut, damaged
 * or of something else, naming the place; PS_UNAVAILABLE for one that has a layer of one's own, naming its type;
 * PS_NOT_FOUND, PS_IO_ERROR. */
PS_API ps_status ps_model_load(ps_model **out, const char *path);

/* The same of a file that may have layers of one's own.
 *
 * factory  called for each of them, in their order; the parameters' values then come from the file
 * user     any value: handed to factory
 *
 * Also what factory returns, though PS_INVALID_ARGUMENT, PS_TYPE_MISMATCH and PS_OUT_OF_RANGE as PS_DATA_ERROR. */
PS_API ps_status ps_model_load_with(ps_model **out, const char *path, ps_layer_factory_function factory, void *user);

/* The same into a model that there is: the parameters and, where saved and compiled alike, its training.  PS_INVALID_ARGUMENT
 * where the layers differ, naming the first that does; then nothing has changed. */
PS_API ps_status ps_model_restore(ps_model *model, const char *path);

/* The position that was saved with the file a model was last loaded or restored from; "" where none was.
 *
 * size      receives the bytes of the whole text, the zero byte at its end among them
 * text      receives as much of it as fits into capacity bytes, ended by a zero byte; optional when capacity is 0 */
PS_API ps_status ps_model_position(uint64_t *size, char *text, uint64_t capacity, const ps_model *model);

#ifdef __cplusplus
}
#endif

#endif
