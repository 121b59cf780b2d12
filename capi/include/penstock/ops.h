/* penstock/ops.h: tensors that compute: element by element, over axes, and along one.
 *
 * One function serves a family of operations, which are named by numbers: what holds for one holds for all of its family.
 * Names and meanings are those of the Python array API standard, 2024.12.
 *
 * What holds for every function here:
 * - operands may have any strides; they broadcast together by NumPy's rules;
 * - operands of several dtypes are converted to one, as ps_result_type() says, before anything is computed;
 * - integers wrap around; float16 and bfloat16 are computed in float32 and rounded once; where an operation needs
 *   fractions (PS_OP_EXP, PS_OP_DIVIDE, PS_OP_MEAN, ...), integers and bool count as float32;
 * - a new tensor is row-major, on the first operand's device, and the caller gets one hold on it;
 * - the same operands give the same bytes whatever the number of threads;
 * - PS_INVALID_ARGUMENT for a pointer that is NULL (but those said to be optional), a number that is no operation or one
 *   of another family, or shapes that do not broadcast: the message has all shapes; PS_TYPE_MISMATCH for a dtype that the
 *   operation does not take, or dtypes without a common one: the message has all; PS_OUT_OF_MEMORY: nothing stays
 *   allocated.
 *
 * Threads: any number on one tensor, as with plain memory.  Since: every name in this header is part of version 1.0. */
#ifndef PENSTOCK_OPS_H
#define PENSTOCK_OPS_H

#include <penstock/base.h>
#include <penstock/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

/* ---------------------------------------------------------------------------------------------------------------- */
/* Operations                                                                                                       */

/* The operations: unary from 1 on, binary from 101, reductions from 201, accumulations from 301.  The values are pinned
 * forever. */
typedef enum ps_operation PS_ENUM_BASE {
  PS_OP_ABS = 1,
  PS_OP_ACOS = 2,
  PS_OP_ACOSH = 3,
  PS_OP_ASIN = 4,
  PS_OP_ASINH = 5,
  PS_OP_ATAN = 6,
  PS_OP_ATANH = 7,
  PS_OP_BITWISE_INVERT = 8,
  PS_OP_CEIL = 9,
  PS_OP_CONJ = 10,
  PS_OP_COS = 11,
  PS_OP_COSH = 12,
  PS_OP_EXP = 13,
  PS_OP_EXPM1 = 14,
  PS_OP_FLOOR = 15,
  PS_OP_IMAG = 16,
  PS_OP_ISFINITE = 17,
  PS_OP_ISINF = 18,
  PS_OP_ISNAN = 19,
  PS_OP_LOG = 20,
  PS_OP_LOG10 = 21,
  PS_OP_LOG1P = 22,
  PS_OP_LOG2 = 23,
  PS_OP_LOGICAL_NOT = 24,
  PS_OP_NEGATIVE = 25,
  PS_OP_POSITIVE = 26,
  PS_OP_REAL = 27,
  PS_OP_RECIPROCAL = 28,
  PS_OP_ROUND = 29,
  PS_OP_SIGN = 30,
  PS_OP_SIGNBIT = 31,
  PS_OP_SIN = 32,
  PS_OP_SINH = 33,
  PS_OP_SQRT = 34,
  PS_OP_SQUARE = 35,
  PS_OP_TAN = 36,
  PS_OP_TANH = 37,
  PS_OP_TRUNC = 38,
  PS_OP_ADD = 101,
  PS_OP_ATAN2 = 102,
  PS_OP_BITWISE_AND = 103,
  PS_OP_BITWISE_LEFT_SHIFT = 104,
  PS_OP_BITWISE_OR = 105,
  PS_OP_BITWISE_RIGHT_SHIFT = 106,
  PS_OP_BITWISE_XOR = 107,
  PS_OP_COPYSIGN = 108,
  PS_OP_DIVIDE = 109,
  PS_OP_EQUAL = 110,
  PS_OP_FLOOR_DIVIDE = 111,
  PS_OP_GREATER = 112,
  PS_OP_GREATER_EQUAL = 113,
  PS_OP_HYPOT = 114,
  PS_OP_LESS = 115,
  PS_OP_LESS_EQUAL = 116,
  PS_OP_LOGADDEXP = 117,
  PS_OP_LOGICAL_AND = 118,
  PS_OP_LOGICAL_OR = 119,
  PS_OP_LOGICAL_XOR = 120,
  PS_OP_MAXIMUM = 121,
  PS_OP_MINIMUM = 122,
  PS_OP_MULTIPLY = 123,
  PS_OP_NEXTAFTER = 124,
  PS_OP_NOT_EQUAL = 125,
  PS_OP_POW = 126,
  PS_OP_REMAINDER = 127,
  PS_OP_SUBTRACT = 128,
  PS_OP_SUM = 201,
  PS_OP_PROD = 202,
  PS_OP_MEAN = 203,
  PS_OP_VAR = 204,
  PS_OP_STD = 205,
  PS_OP_MAX = 206,
  PS_OP_MIN = 207,
  PS_OP_ANY = 208,
  PS_OP_ALL = 209,
  PS_OP_ARGMAX = 210,
  PS_OP_ARGMIN = 211,
  PS_OP_COUNT_NONZERO = 212,
  PS_OP_CUMULATIVE_SUM = 301,
  PS_OP_CUMULATIVE_PROD = 302
} ps_operation;

/* An operation's name in the array API, as "bitwise_and"; static.  NULL for a number that is none. */
PS_API const char *ps_operation_name(ps_operation operation);

/* The operation of a name.
 *
 * PS_NOT_FOUND  no operation has it: the message names it. */
PS_API ps_status ps_operation_find(ps_operation *out, const char *name);

/* 1 where the operation has a derivative by its floating and complex operands, 0 where it has none; -1 for a number that is
 * no operation. */
PS_API int32_t ps_operation_is_differentiable(ps_operation operation);

/* The dtype that operands of count dtypes, 1 at least, are converted to.
 *
 * Within a kind the array API's table decides: the wider one, and for signed and unsigned integers the signed one that
 * holds both.  Across kinds the highest does, in the order bool, integers, floating, complex, where a complex dtype is as
 * wide as a floating one beside it.  float16 and bfloat16 make float32.
 *
 * PS_TYPE_MISMATCH  uint64 beside a signed integer; a storage-only dtype beside another.  PS_INVALID_ARGUMENT  also: count
 * is below 1, or a number in dtypes is no dtype. */
PS_API ps_status ps_result_type(ps_dtype *out, int32_t count, const ps_dtype *dtypes);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Element by element                                                                                               */

/* A new tensor of operation applied to each element. */
PS_API ps_status ps_ops_unary(ps_tensor **out, ps_operation operation, const ps_tensor *operand);

/* A new tensor of operation applied to each pair of elements. */
PS_API ps_status ps_ops_binary(ps_tensor **out, ps_operation operation, const ps_tensor *first,
                               const ps_tensor *second);

/* operation applied to each element, written to destination: the result is converted to its dtype and broadcast to its shape.
 *
 * destination  may be an operand, or overlap one: the result is as if it had been copied away first
 *
 * PS_READ_ONLY  destination.  PS_TYPE_MISMATCH  also: the result does not convert to destination's dtype by
 * PS_CAST_SAME_KIND.  PS_INVALID_ARGUMENT  also: the result does not broadcast to destination's shape.  After a failure
 * destination's elements are untouched. */
PS_API ps_status ps_ops_unary_into(ps_tensor *destination, ps_operation operation, const ps_tensor *operand);

/* operation applied to each pair of elements, written to destination as ps_ops_unary_into() does it, with the same errors. */
PS_API ps_status ps_ops_binary_into(ps_tensor *destination, ps_operation operation, const ps_tensor *first,
                                    const ps_tensor *second);

/* A new tensor with first's element where condition is true, second's elsewhere.
 *
 * PS_TYPE_MISMATCH  also: condition is not of bool. */
PS_API ps_status ps_ops_where(ps_tensor **out, const ps_tensor *condition, const ps_tensor *first,
                              const ps_tensor *second);

/* A new tensor of the operand's dtype, real, with what is below low raised to it and what is above high lowered to that.
 *
 * low   optional: NULL for no limit; high likewise
 *
 * PS_TYPE_MISMATCH  also: a limit's dtype holds numbers that the operand's does not, floating ones excepted. */
PS_API ps_status ps_ops_clip(ps_tensor **out, const ps_tensor *operand, const ps_tensor *low, const ps_tensor *high);

/* ---------------------------------------------------------------------------------------------------------------- */
/* Over axes                                                                                                        */

/* How elements are reduced. */
typedef struct ps_reduce_options {
  uint32_t struct_size;
  int32_t keep_axes; /* 1: the reduced axes stay, with size 1; 0: they go */
  double correction; /* of PS_OP_VAR and PS_OP_STD: subtracted from the number of elements divided by; finite */
  int32_t dtype;     /* of sums and products: a ps_dtype, that the elements are converted to first and the result has;
                         0 for the operand's, but 64 bits of integers and bool */
  int32_t reserved;  /* 0 */
} ps_reduce_options;

#define PS_REDUCE_OPTIONS_INIT \
  { sizeof(ps_reduce_options), 0, 0.0, 0, 0 }

/* What PS_REDUCE_OPTIONS_INIT does; struct_size is sizeof(ps_reduce_options).
 *
 * PS_INVALID_ARGUMENT  options is NULL, or struct_size ends inside a field or is above 4096. */
PS_API ps_status ps_reduce_options_init(ps_reduce_options *options, uint32_t struct_size);

/* A new tensor without some axes: each element is made of all those along them.
 *
 * axes     axis_count axes; axis_count 0 (axes is then optional) means all.  PS_OP_ARGMAX and PS_OP_ARGMIN take one or none,
 *          which then count in row-major order
 * options  optional
 *
 * Sums are made pairwise in a fixed tree.  Over no elements a sum is 0, a product 1, any false, all true, a mean NaN.  What
 * is larger or smaller than all else is NaN where there is one, and of equal ones argmax and argmin name the first.
 *
 * PS_OUT_OF_RANGE  an axis.  PS_INVALID_ARGUMENT  also: an axis is named twice, axis_count is not as above, a field of
 * options is outside its limits, options.dtype with another operation than a sum or product, or the largest or smallest of
 * no elements. */
PS_API ps_status ps_ops_reduce(ps_tensor **out, ps_operation operation, const ps_tensor *operand, int32_t axis_count,
                               const int32_t *axes, const ps_reduce_options *options);

/* A new tensor of running totals: each element is made of itself and all before it along axis.
 *
 * dtype    a ps_dtype, or 0, as in ps_reduce_options
 * initial  1: the total of no elements stands in front, so that axis is one longer; 0: it does not
 *
 * PS_OUT_OF_RANGE  axis.  PS_INVALID_ARGUMENT  also: dtype or initial is none of these. */
PS_API ps_status ps_ops_accumulate(ps_tensor **out, ps_operation operation, const ps_tensor *operand, int32_t axis,
                                   int32_t dtype, int32_t initial);

#ifdef __cplusplus
}
#endif

#endif
