// The table of operations: what there is, what each takes and gives.  Kernels are found by its entries, a GPU's as well.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/tensor/dtype.h"

namespace penstock::core {

// The same numbers as ps_operation; pinned.  A family's operations lie together.
enum class Operation : int32_t {
  // unary
  abs = 1,
  acos = 2,
  acosh = 3,
  asin = 4,
  asinh = 5,
  atan = 6,
  atanh = 7,
  bitwise_invert = 8,
  ceil = 9,
  conj = 10,
  cos = 11,
  cosh = 12,
  exp = 13,
  expm1 = 14,
  floor = 15,
  imag = 16,
  isfinite = 17,
  isinf = 18,
  isnan = 19,
  log = 20,
  log10 = 21,
  log1p = 22,
  log2 = 23,
  logical_not = 24,
  negative = 25,
  positive = 26,
  real = 27,
  reciprocal = 28,
  round = 29,
  sign = 30,
  signbit = 31,
  sin = 32,
  sinh = 33,
  sqrt = 34,
  square = 35,
  tan = 36,
  tanh = 37,
  trunc = 38,
  // binary
  add = 101,
  atan2 = 102,
  bitwise_and = 103,
  bitwise_left_shift = 104,
  bitwise_or = 105,
  bitwise_right_shift = 106,
  bitwise_xor = 107,
  copysign = 108,
  divide = 109,
  equal = 110,
  floor_divide = 111,
  greater = 112,
  greater_equal = 113,
  hypot = 114,
  less = 115,
  less_equal = 116,
  logaddexp = 117,
  logical_and = 118,
  logical_or = 119,
  logical_xor = 120,
  maximum = 121,
  minimum = 122,
  multiply = 123,
  nextafter = 124,
  not_equal = 125,
  pow = 126,
  remainder = 127,
  subtract = 128,
  // reduction
  sum = 201,
  prod = 202,
  mean = 203,
  var = 204,
  std = 205,
  max = 206,
  min = 207,
  any = 208,
  all = 209,
  argmax = 210,
  argmin = 211,
  count_nonzero = 212,
  // accumulation
  cumulative_sum = 301,
  cumulative_prod = 302,
};

enum class OperationFamily : int32_t { unary = 1, binary = 2, reduction = 3, accumulation = 4 };

// Which kinds of dtypes an operation takes: any of these together.
enum Kinds : uint32_t {
  booleans = 1,
  integers = 2,
  floats = 4,
  complexes = 8,
  real_numbers = integers | floats,
  numbers = real_numbers | complexes,
  inexact = floats | complexes,
  bits = booleans | integers,
  anything = booleans | numbers,
};

// In what an operation computes, and what it gives, of operands that share a dtype.
enum class ResultRule {
  same,       // the operands' dtype
  inexact,    // as well, with float32 in place of integers and bool
  magnitude,  // the operands' dtype, of complex numbers their parts'
  truth,      // bool
  of_truths,  // bool, of operands converted to bool
  totals,     // the operands' dtype, with int64 in place of signed integers and bool, uint64 of unsigned ones
  index,      // int64
};

struct OperationInfo {
  Operation operation;
  std::string_view name;  // the array API's
  OperationFamily family;
  uint32_t takes;  // Kinds
  ResultRule rule;
  bool is_differentiable;  // by its operands, where those are floating or complex
};

const OperationInfo *find_operation(Operation operation);  // null for a number that is none
std::optional<Operation> find_operation(std::string_view name);
const OperationInfo &operation_info(Operation operation);  // of one known to be one
inline void append_part(std::string &out, Operation operation) { out += operation_info(operation).name; }

uint32_t kind_of(DType dtype);  // one of Kinds; 0 for a storage-only dtype

// In what dtype the operation computes on operands of dtype, and what it gives.  Throws type_mismatch, naming both, where
// it does not take dtype.
DType computing_dtype(const OperationInfo &info, DType dtype);
DType result_dtype(const OperationInfo &info, DType dtype);

}  // namespace penstock::core
