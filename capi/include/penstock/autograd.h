/* penstock/autograd.h: gradients: what a number changes by when the tensors that it was made of do.
 *
 * A tensor that requires gradients is a leaf.  What functions of ops.h, ops_join.h, ops_order.h, linalg.h, tensor.h and
 * tensor_index.h make of one, on a thread whose recording is on, remembers how it was made; ps_backward() and
 * ps_gradients() walk back from there.  Results that have no derivative (comparisons, integers, rounded numbers, indices)
 * remember nothing.  What depends on its operands and has no rule (PS_OP_NEXTAFTER, ps_kpu_matmul(), ps_kpu_conv2d(), and
 * ps_tensor_reinterpret() as another dtype) is refused there with PS_INVALID_ARGUMENT, since gradients would get lost.
 *
 * What holds for gradients:
 * - only floating and complex tensors have them; a gradient has its tensor's dtype, shape and device;
 * - a complex gradient of a real number is d/dx + i d/dy of x + iy, as torch's is;
 * - where an operation has a kink or a tie, one value is chosen: docs/gradients.md has the list;
 * - they have no gradients themselves: second derivatives are not computed;
 * - what was made on the way stays in memory until the last tensor that leads to it is released, or a walk gave it back.
 *
 * Writing to elements (ps_tensor_copy, ps_tensor_fill, ps_tensor_put, ps_random_shuffle, the functions that end in _into),
 * with recording on:
 * - a leaf refuses to be written to: ps_set_grad_recording(0) first;
 * - where destination or an operand has gradients, destination must be the only tensor over its memory, since views of it
 *   would not know of the change; it then leads to what was written.  ps_tensor_put() and
 *   ps_random_shuffle() refuse that altogether;
 * - a walk that needs elements that were written to since they were used fails.  Writes through a pointer, or by who
 *   borrowed the memory, cannot be seen.
 *
 * PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional); PS_OUT_OF_MEMORY: nothing stays allocated.
 *
 * Threads: any number may record operations on one tensor, and walk graphs that lead to one leaf; two walks over the same
 * recorded operations must keep the graph, or take turns.  ps_tensor_set_requires_grad() needs its tensor alone.
 *
 * Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_AUTOGRAD_H
#define PENSTOCK_AUTOGRAD_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* What requires gradients                                                                                          */

/* Makes a tensor a leaf, whose gradient ps_backward() gathers, or makes it none, which drops that gradient.
 *
 * tensor         this handle alone: others over the same memory stay as they are
 * requires_grad  1 or 0
 *
 * PS_INVALID_ARGUMENT  also: requires_grad is neither, or it is 0 and tensor was made of one that requires gradients: take
 * ps_tensor_detach().  PS_TYPE_MISMATCH  a dtype that is neither floating nor complex. */
PS_API ps_status ps_tensor_set_requires_grad(ps_tensor *tensor, int32_t requires_grad);

/* 1 for a leaf and for what was made of one; otherwise 0; -1 for NULL. */
PS_API int32_t ps_tensor_requires_grad(const ps_tensor *tensor);

/* 0 for a tensor that remembers how it was made of one that requires gradients; otherwise 1; -1 for NULL. */
PS_API int32_t ps_tensor_is_leaf(const ps_tensor *tensor);

/* The same memory as a tensor that requires no gradients and remembers nothing. */
PS_API ps_status ps_tensor_detach(ps_tensor **out, const ps_tensor *tensor);

/* The gradient that a leaf has gathered.
 *
 * out  receives one hold, or NULL where there is no gradient; later walks add to the same memory */
PS_API ps_status ps_tensor_grad(ps_tensor **out, const ps_tensor *tensor);

/* Replaces the gradient that a leaf has gathered.
 *
 * gradient  optional: NULL drops what there is.  It is copied
 *
 * PS_INVALID_ARGUMENT  also: tensor is no leaf that requires gradients, or gradient has another shape.  PS_TYPE_MISMATCH
 * gradient has another dtype. */
PS_API ps_status ps_tensor_set_grad(ps_tensor *tensor, const ps_tensor *gradient);

/* How often the library has written to the memory of a tensor after it was made, by whatever tensor over it; 0 for NULL.
 * Two equal numbers mean that no function of the library has changed an element in between. */
PS_API uint64_t ps_tensor_version(const ps_tensor *tensor);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Recording                                                                                                        */

/* 1 where this thread records operations, as each does at first; otherwise 0. */
PS_API int32_t ps_grad_recording(void);

/* Switches recording on this thread.
 *
 * recording  1 or 0
 *
 * PS_INVALID_ARGUMENT  it is neither. */
PS_API ps_status ps_set_grad_recording(int32_t recording);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Walking back                                                                                                     */

/* Adds to the gradient of each leaf that some tensors were made of.
 *
 * outputs     output_count tensors, 1 at least, that require gradients
 * gradients   optional: NULL, or output_count tensors of outputs' shapes, by which each output is multiplied and then summed
 *             before it is differentiated; a NULL among them stands for 1, for an output of one real element
 * keep_graph  1: another walk may follow; 0: what was kept for this one is given back on the way
 *
 * PS_INVALID_ARGUMENT  also: an output does not require gradients, output_count is below 1, a gradient has another shape or
 * is NULL where one is needed, keep_graph is not 0 or 1, a walk has given back what this one needs, or elements that it
 * needs were written to since.  PS_TYPE_MISMATCH  a gradient is neither floating nor complex.  After a failure the leaves'
 * gradients are as they were; with keep_graph 0 the graph may be given up.  Also what ps_record_custom()'s backward
 * returns. */
PS_API ps_status ps_backward(int32_t output_count, ps_tensor *const *outputs, ps_tensor *const *gradients,
                             int32_t keep_graph);

/* The gradients of some tensors, given to the caller: the leaves gather nothing.
 *
 * out     receives input_count new tensors, or NULL for an input that no output depends on; untouched on failure
 * inputs  input_count tensors, 1 at least, that require gradients: leaves, or made of leaves
 *
 * Otherwise as ps_backward().
 *
 * PS_INVALID_ARGUMENT  also: an input does not require gradients, input_count is below 1. */
PS_API ps_status ps_gradients(ps_tensor **out, int32_t output_count, ps_tensor *const *outputs,
                              ps_tensor *const *gradients, int32_t input_count, ps_tensor *const *inputs,
                              int32_t keep_graph);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Operations of one's own                                                                                          */

/* Computes the gradients of an operation's inputs, of those of its outputs.  Called by the thread that walks back, with
 * recording off; it may call any function of penstock.
 *
 * input_gradients   as many NULLs as there are inputs: it puts a hold in the place of each input that has a gradient, of the
 *                   input's shape; what it leaves NULL counts as 0
 * output_gradients  a tensor for each output, lent for the call; zeros where none has come
 *
 * Returns PS_OK, or the status with which the walk is to fail; its holds are given back in either case. */
typedef ps_status (*ps_backward_function)(ps_tensor **input_gradients, ps_tensor *const *output_gradients, void *user);

/* Says that some tensors were made of others by an operation of the caller's.
 *
 * out       receives output_count new tensors over the outputs' memory, that lead back to the inputs; untouched on failure
 * name      what messages call the operation
 * outputs   output_count tensors, 1 at least, computed from inputs' elements
 * inputs    input_count tensors, 1 at least
 * backward  called on each walk that passes
 * user      any value: handed to backward and deleter
 * deleter   optional: called once, when the last tensor that leads to the operation has been released, or before this
 *           returns where there is nothing to record: recording is off, or no input requires gradients.  After a failure it
 *           has not been called
 *
 * An output that is neither floating nor complex leads nowhere.
 *
 * PS_INVALID_ARGUMENT  also: output_count or input_count is below 1. */
PS_API ps_status ps_record_custom(ps_tensor **out, const char *name, int32_t output_count, ps_tensor *const *outputs,
                                  int32_t input_count, ps_tensor *const *inputs, ps_backward_function backward,
                                  void *user, ps_deleter deleter);

#ifdef __cplusplus
}
#endif

#endif
