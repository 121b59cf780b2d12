#include "core/ops/operation.h"

#include <algorithm>
#include <array>

#include "core/base/error.h"

namespace penstock::core {
namespace {

constexpr int32_t numbers_end = 400;  // above each operation's number

constexpr auto infos = std::to_array<OperationInfo>({
    {Operation::abs, "abs", OperationFamily::unary, numbers, ResultRule::magnitude, true},
    {Operation::acos, "acos", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::acosh, "acosh", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::asin, "asin", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::asinh, "asinh", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::atan, "atan", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::atanh, "atanh", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::bitwise_invert, "bitwise_invert", OperationFamily::unary, bits, ResultRule::same, false},
    {Operation::ceil, "ceil", OperationFamily::unary, real_numbers, ResultRule::same, false},
    {Operation::conj, "conj", OperationFamily::unary, numbers, ResultRule::same, true},
    {Operation::cos, "cos", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::cosh, "cosh", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::exp, "exp", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::expm1, "expm1", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::floor, "floor", OperationFamily::unary, real_numbers, ResultRule::same, false},
    {Operation::imag, "imag", OperationFamily::unary, numbers, ResultRule::magnitude, true},
    {Operation::isfinite, "isfinite", OperationFamily::unary, numbers, ResultRule::truth, false},
    {Operation::isinf, "isinf", OperationFamily::unary, numbers, ResultRule::truth, false},
    {Operation::isnan, "isnan", OperationFamily::unary, numbers, ResultRule::truth, false},
    {Operation::log, "log", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::log10, "log10", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::log1p, "log1p", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::log2, "log2", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::logical_not, "logical_not", OperationFamily::unary, anything, ResultRule::of_truths, false},
    {Operation::negative, "negative", OperationFamily::unary, numbers, ResultRule::same, true},
    {Operation::positive, "positive", OperationFamily::unary, numbers, ResultRule::same, true},
    {Operation::real, "real", OperationFamily::unary, numbers, ResultRule::magnitude, true},
    {Operation::reciprocal, "reciprocal", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::round, "round", OperationFamily::unary, numbers, ResultRule::same, false},
    {Operation::sign, "sign", OperationFamily::unary, numbers, ResultRule::same, false},
    {Operation::signbit, "signbit", OperationFamily::unary, floats, ResultRule::truth, false},
    {Operation::sin, "sin", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::sinh, "sinh", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::sqrt, "sqrt", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::square, "square", OperationFamily::unary, numbers, ResultRule::same, true},
    {Operation::tan, "tan", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::tanh, "tanh", OperationFamily::unary, numbers, ResultRule::inexact, true},
    {Operation::trunc, "trunc", OperationFamily::unary, real_numbers, ResultRule::same, false},
    {Operation::add, "add", OperationFamily::binary, numbers, ResultRule::same, true},
    {Operation::atan2, "atan2", OperationFamily::binary, real_numbers, ResultRule::inexact, true},
    {Operation::bitwise_and, "bitwise_and", OperationFamily::binary, bits, ResultRule::same, false},
    {Operation::bitwise_left_shift, "bitwise_left_shift", OperationFamily::binary, integers, ResultRule::same, false},
    {Operation::bitwise_or, "bitwise_or", OperationFamily::binary, bits, ResultRule::same, false},
    {Operation::bitwise_right_shift, "bitwise_right_shift", OperationFamily::binary, integers, ResultRule::same, false},
    {Operation::bitwise_xor, "bitwise_xor", OperationFamily::binary, bits, ResultRule::same, false},
    {Operation::copysign, "copysign", OperationFamily::binary, real_numbers, ResultRule::inexact, true},
    {Operation::divide, "divide", OperationFamily::binary, numbers, ResultRule::inexact, true},
    {Operation::equal, "equal", OperationFamily::binary, anything, ResultRule::truth, false},
    {Operation::floor_divide, "floor_divide", OperationFamily::binary, real_numbers, ResultRule::same, false},
    {Operation::greater, "greater", OperationFamily::binary, booleans | real_numbers, ResultRule::truth, false},
    {Operation::greater_equal, "greater_equal", OperationFamily::binary, booleans | real_numbers, ResultRule::truth,
     false},
    {Operation::hypot, "hypot", OperationFamily::binary, real_numbers, ResultRule::inexact, true},
    {Operation::less, "less", OperationFamily::binary, booleans | real_numbers, ResultRule::truth, false},
    {Operation::less_equal, "less_equal", OperationFamily::binary, booleans | real_numbers, ResultRule::truth, false},
    {Operation::logaddexp, "logaddexp", OperationFamily::binary, real_numbers, ResultRule::inexact, true},
    {Operation::logical_and, "logical_and", OperationFamily::binary, anything, ResultRule::of_truths, false},
    {Operation::logical_or, "logical_or", OperationFamily::binary, anything, ResultRule::of_truths, false},
    {Operation::logical_xor, "logical_xor", OperationFamily::binary, anything, ResultRule::of_truths, false},
    {Operation::maximum, "maximum", OperationFamily::binary, real_numbers, ResultRule::same, true},
    {Operation::minimum, "minimum", OperationFamily::binary, real_numbers, ResultRule::same, true},
    {Operation::multiply, "multiply", OperationFamily::binary, numbers, ResultRule::same, true},
    {Operation::nextafter, "nextafter", OperationFamily::binary, real_numbers, ResultRule::inexact, false},
    {Operation::not_equal, "not_equal", OperationFamily::binary, anything, ResultRule::truth, false},
    {Operation::pow, "pow", OperationFamily::binary, numbers, ResultRule::same, true},
    {Operation::remainder, "remainder", OperationFamily::binary, real_numbers, ResultRule::same, true},
    {Operation::subtract, "subtract", OperationFamily::binary, numbers, ResultRule::same, true},
    {Operation::sum, "sum", OperationFamily::reduction, anything, ResultRule::totals, true},
    {Operation::prod, "prod", OperationFamily::reduction, anything, ResultRule::totals, true},
    {Operation::mean, "mean", OperationFamily::reduction, anything, ResultRule::inexact, true},
    {Operation::var, "var", OperationFamily::reduction, booleans | real_numbers, ResultRule::inexact, true},
    {Operation::std, "std", OperationFamily::reduction, booleans | real_numbers, ResultRule::inexact, true},
    {Operation::max, "max", OperationFamily::reduction, real_numbers, ResultRule::same, true},
    {Operation::min, "min", OperationFamily::reduction, real_numbers, ResultRule::same, true},
    {Operation::any, "any", OperationFamily::reduction, anything, ResultRule::of_truths, false},
    {Operation::all, "all", OperationFamily::reduction, anything, ResultRule::of_truths, false},
    {Operation::argmax, "argmax", OperationFamily::reduction, booleans | real_numbers, ResultRule::index, false},
    {Operation::argmin, "argmin", OperationFamily::reduction, booleans | real_numbers, ResultRule::index, false},
    {Operation::count_nonzero, "count_nonzero", OperationFamily::reduction, anything, ResultRule::index, false},
    {Operation::cumulative_sum, "cumulative_sum", OperationFamily::accumulation, numbers, ResultRule::totals, true},
    {Operation::cumulative_prod, "cumulative_prod", OperationFamily::accumulation, numbers, ResultRule::totals, true},
});

std::string kinds_in_words(uint32_t kinds) {
  struct Word {
    uint32_t kind;
    std::string_view name;
  };
  constexpr Word words[] = {{booleans, "bool"}, {integers, "integers"}, {floats, "floating"}, {complexes, "complex"}};
  std::string out;
  for (const Word &word : words) {
    if ((kinds & word.kind) == 0) continue;
    if (!out.empty()) out += ", ";
    out += word.name;
  }
  return out;
}

DType totals_of(DType dtype) {
  switch (dtype_kind(dtype)) {
    case DTypeKind::boolean:
    case DTypeKind::signed_integer: return DType::int64;
    case DTypeKind::unsigned_integer: return DType::uint64;
    default: return dtype;
  }
}

}  // namespace

const OperationInfo *find_operation(Operation operation) {
  // By number, since each operation asks several times.
  static constexpr auto by_number = [] {
    std::array<const OperationInfo *, numbers_end> table{};
    for (const OperationInfo &info : infos) table[static_cast<size_t>(info.operation)] = &info;
    return table;
  }();
  const auto number = static_cast<int64_t>(operation);
  return number < 0 || number >= numbers_end ? nullptr : by_number[static_cast<size_t>(number)];
}

std::optional<Operation> find_operation(std::string_view name) {
  for (const OperationInfo &info : infos)
    if (info.name == name) return info.operation;
  return std::nullopt;
}

const OperationInfo &operation_info(Operation operation) { return *find_operation(operation); }

uint32_t kind_of(DType dtype) {
  switch (dtype_kind(dtype)) {
    case DTypeKind::boolean: return booleans;
    case DTypeKind::unsigned_integer:
    case DTypeKind::signed_integer: return integers;
    case DTypeKind::floating: return floats;
    case DTypeKind::complex: return complexes;
    default: return 0;
  }
}

DType computing_dtype(const OperationInfo &info, DType dtype) {
  if ((info.takes & kind_of(dtype)) == 0)
    fail(Status::type_mismatch, info.name, " does not take ", dtype, ": expected ", kinds_in_words(info.takes));
  switch (info.rule) {
    case ResultRule::inexact: return (kind_of(dtype) & inexact) != 0 ? dtype : DType::float32;
    case ResultRule::of_truths: return DType::bool8;
    case ResultRule::totals: return totals_of(dtype);
    default: return dtype;
  }
}

DType result_dtype(const OperationInfo &info, DType dtype) {
  const DType computing = computing_dtype(info, dtype);
  switch (info.rule) {
    case ResultRule::truth: return DType::bool8;
    case ResultRule::index: return DType::int64;
    case ResultRule::magnitude:
      if (computing == DType::complex64) return DType::float32;
      return computing == DType::complex128 ? DType::float64 : computing;
    default: return computing;
  }
}

}  // namespace penstock::core
