#include "core/autograd/elementwise_rules.h"

#include <algorithm>
#include <array>
#include <numbers>

#include "core/autograd/formula.h"
#include "core/autograd/operation_node.h"
#include "core/base/error.h"

namespace penstock::core::autograd {
namespace {

// What a formula is made of; what it does not read may be empty.  x and y are the operands, z is the result.
struct Terms {
  const Tensor &gradient, &x, &y, &z;
};

enum Reads : uint32_t { nothing = 0, reads_x = 1, reads_y = 2, reads_z = 4 };

// The gradient of one operand.
struct Formula {
  uint32_t reads;
  Tensor (*gradient)(const Terms &t);
};

struct UnaryRule {
  Operation operation;
  Formula of_x;
};

struct BinaryRule {
  Operation operation;
  Formula of_x, of_y;
};

// i times a real tensor; the result is complex of the same width.
Tensor times_i(const Tensor &real) {
  const std::array<float, 2> i = {0, 1};
  const DType dtype = real.dtype == DType::float64 ? DType::complex128 : DType::complex64;
  return real * full(dtype, {}, i.data(), DType::complex64, {.device = real.device()});
}

// sqrt(1 + x^2): of real numbers without overflow.
Tensor root_of_one_and_square(const Tensor &x) {
  if (kind_of(x.dtype) == complexes) return sqrt(1 + square(x));
  return hypot(x, number_beside(x, 1));
}

constexpr double ln2 = std::numbers::ln2, ln10 = std::numbers::ln10;

constexpr auto unary_rules = std::to_array<UnaryRule>({
    // 0 at 0, where there is a kink.
    {Operation::abs, {reads_x, [](const Terms &t) { return t.gradient * sign(t.x); }}},
    {Operation::acos, {reads_x, [](const Terms &t) { return -t.gradient / conj(sqrt(1 - t.x) * sqrt(1 + t.x)); }}},
    {Operation::acosh, {reads_x, [](const Terms &t) { return t.gradient / conj(sqrt(t.x - 1) * sqrt(t.x + 1)); }}},
    {Operation::asin, {reads_x, [](const Terms &t) { return t.gradient / conj(sqrt(1 - t.x) * sqrt(1 + t.x)); }}},
    {Operation::asinh, {reads_x, [](const Terms &t) { return t.gradient / conj(root_of_one_and_square(t.x)); }}},
    {Operation::atan, {reads_x, [](const Terms &t) { return t.gradient / conj(1 + square(t.x)); }}},
    {Operation::atanh, {reads_x, [](const Terms &t) { return t.gradient / conj((1 - t.x) * (1 + t.x)); }}},
    {Operation::conj, {nothing, [](const Terms &t) { return conj(t.gradient); }}},
    {Operation::cos, {reads_x, [](const Terms &t) { return -t.gradient * conj(sin(t.x)); }}},
    {Operation::cosh, {reads_x, [](const Terms &t) { return t.gradient * conj(sinh(t.x)); }}},
    {Operation::exp, {reads_z, [](const Terms &t) { return t.gradient * conj(t.z); }}},
    {Operation::expm1, {reads_z, [](const Terms &t) { return t.gradient * conj(t.z + 1); }}},
    {Operation::imag, {nothing, [](const Terms &t) { return times_i(t.gradient); }}},
    {Operation::log, {reads_x, [](const Terms &t) { return t.gradient / conj(t.x); }}},
    {Operation::log10, {reads_x, [](const Terms &t) { return t.gradient / conj(t.x * ln10); }}},
    {Operation::log1p, {reads_x, [](const Terms &t) { return t.gradient / conj(t.x + 1); }}},
    {Operation::log2, {reads_x, [](const Terms &t) { return t.gradient / conj(t.x * ln2); }}},
    {Operation::negative, {nothing, [](const Terms &t) { return -t.gradient; }}},
    {Operation::positive, {nothing, [](const Terms &t) { return t.gradient; }}},
    {Operation::real, {nothing, [](const Terms &t) { return t.gradient; }}},
    {Operation::reciprocal, {reads_z, [](const Terms &t) { return -t.gradient * conj(square(t.z)); }}},
    {Operation::sin, {reads_x, [](const Terms &t) { return t.gradient * conj(cos(t.x)); }}},
    {Operation::sinh, {reads_x, [](const Terms &t) { return t.gradient * conj(cosh(t.x)); }}},
    // Infinite at 0, as the slope is; NaN there where the gradient is 0.
    {Operation::sqrt, {reads_z, [](const Terms &t) { return t.gradient / conj(2 * t.z); }}},
    {Operation::square, {reads_x, [](const Terms &t) { return t.gradient * conj(2 * t.x); }}},
    {Operation::tan, {reads_z, [](const Terms &t) { return t.gradient * conj(1 + square(t.z)); }}},
    {Operation::tanh, {reads_z, [](const Terms &t) { return t.gradient * conj(1 - square(t.z)); }}},
});

// What maximum and minimum give to the operand that is a: all of it where a is beyond b, half of it where they are equal.
// A NaN, which the result then is too, hands all of it to both.
Tensor share_of_beyond(const Tensor &gradient, const Tensor &a, const Tensor &is_behind, const Tensor &b) {
  return where(is_equal(a, b), gradient * 0.5, where_or_zero(unary(Operation::logical_not, is_behind), gradient));
}

// 0 for an exponent of 0, also of a base of 0, where the formula would have 0 * inf.
Tensor pow_gradient_of_base(const Terms &t) {
  return where_or_zero(unary(Operation::logical_not, is_equal(t.y, 0)), t.gradient * conj(t.y * pow(t.x, t.y - 1)));
}

// 0 for a base of 0 and an exponent of 0 or more; NaN for a negative real base, which has no real logarithm.
Tensor pow_gradient_of_exponent(const Terms &t) {
  const Tensor is_zero = is_equal(t.x, 0);
  const Tensor real_exponent = kind_of(t.y.dtype) == complexes ? unary(Operation::real, t.y) : t.y;
  const Tensor is_flat =
      both(is_zero, unary(Operation::logical_not, is_less(real_exponent, number_beside(real_exponent, 0))));
  const Tensor logarithm = log(t.x.dtype == t.z.dtype ? t.x : t.x + number_beside(t.z, 0));
  return where_or_zero(unary(Operation::logical_not, is_flat), t.gradient * conj(t.z * logarithm));
}

constexpr auto binary_rules = std::to_array<BinaryRule>({
    {Operation::add,
     {nothing, [](const Terms &t) { return t.gradient; }},
     {nothing, [](const Terms &t) { return t.gradient; }}},
    // NaN at (0, 0), where there is no direction.
    {Operation::atan2,
     {reads_x | reads_y,
      [](const Terms &t) {
        const Tensor radius = hypot(t.x, t.y);
        return t.gradient * (t.y / radius) / radius;
      }},
     {reads_x | reads_y,
      [](const Terms &t) {
        const Tensor radius = hypot(t.x, t.y);
        return -t.gradient * (t.x / radius) / radius;
      }}},
    // 0 at x = 0, where there is a kink; the sign of y moves nothing.
    {Operation::copysign,
     {reads_x | reads_y,
      [](const Terms &t) {
        return t.gradient * (sign(t.x) * binary(Operation::copysign, number_beside(t.x, 1), t.y));
      }},
     {nothing,
      [](const Terms &t) { return zeros(t.gradient.dtype, t.gradient.shape, {.device = t.gradient.device()}); }}},
    {Operation::divide,
     {reads_y, [](const Terms &t) { return t.gradient / conj(t.y); }},
     {reads_y | reads_z, [](const Terms &t) { return -t.gradient * conj(t.z / t.y); }}},
    // NaN at (0, 0).
    {Operation::hypot,
     {reads_x | reads_z, [](const Terms &t) { return t.gradient * (t.x / t.z); }},
     {reads_y | reads_z, [](const Terms &t) { return t.gradient * (t.y / t.z); }}},
    {Operation::logaddexp,
     {reads_x | reads_y, [](const Terms &t) { return t.gradient / (1 + exp(t.y - t.x)); }},
     {reads_x | reads_y, [](const Terms &t) { return t.gradient / (1 + exp(t.x - t.y)); }}},
    {Operation::maximum,
     {reads_x | reads_y, [](const Terms &t) { return share_of_beyond(t.gradient, t.x, is_less(t.x, t.y), t.y); }},
     {reads_x | reads_y, [](const Terms &t) { return share_of_beyond(t.gradient, t.y, is_less(t.y, t.x), t.x); }}},
    {Operation::minimum,
     {reads_x | reads_y, [](const Terms &t) { return share_of_beyond(t.gradient, t.x, is_less(t.y, t.x), t.y); }},
     {reads_x | reads_y, [](const Terms &t) { return share_of_beyond(t.gradient, t.y, is_less(t.x, t.y), t.x); }}},
    {Operation::multiply,
     {reads_y, [](const Terms &t) { return t.gradient * conj(t.y); }},
     {reads_x, [](const Terms &t) { return t.gradient * conj(t.x); }}},
    {Operation::pow,
     {reads_x | reads_y, pow_gradient_of_base},
     {reads_x | reads_y | reads_z, pow_gradient_of_exponent}},
    {Operation::remainder,
     {nothing, [](const Terms &t) { return t.gradient; }},
     {reads_x | reads_y, [](const Terms &t) { return -t.gradient * binary(Operation::floor_divide, t.x, t.y); }}},
    {Operation::subtract,
     {nothing, [](const Terms &t) { return t.gradient; }},
     {nothing, [](const Terms &t) { return -t.gradient; }}},
});

template <typename Rules>
const typename Rules::value_type *find_rule(const Rules &rules, Operation operation) {
  const auto found =
      std::find_if(rules.begin(), rules.end(), [&](const auto &rule) { return rule.operation == operation; });
  return found == rules.end() ? nullptr : &*found;
}

template <typename Rules>
const typename Rules::value_type &rule_of(const Rules &rules, Operation operation) {
  const auto *rule = find_rule(rules, operation);
  if (rule == nullptr) fail(Status::internal, operation, " has no rule for its gradient");
  return *rule;
}

Tensor if_read(uint32_t reads, Reads which, const Tensor &tensor) { return (reads & which) != 0 ? tensor : Tensor(); }

}  // namespace

bool has_elementwise_rule(Operation operation) {
  return find_rule(unary_rules, operation) != nullptr || find_rule(binary_rules, operation) != nullptr;
}

Reference<Node> record_unary(Operation operation, const Variable &operand, const Tensor &result) {
  const Formula formula = rule_of(unary_rules, operation).of_x;
  return record(std::string(operation_info(operation).name), {operand}, result,
                {if_read(formula.reads, reads_x, operand.tensor), if_read(formula.reads, reads_z, result)},
                [formula](const Pass &pass) -> Gradients {
                  return {formula.gradient({pass.gradient(), pass.kept(0), pass.kept(0), pass.kept(1)})};
                });
}

Reference<Node> record_binary(Operation operation, const Variable &first, const Variable &second,
                              const Tensor &result) {
  const BinaryRule &rule = rule_of(binary_rules, operation);
  const uint32_t reads = (first.source.node ? rule.of_x.reads : 0) | (second.source.node ? rule.of_y.reads : 0);
  return record(
      std::string(operation_info(operation).name), {first, second}, result,
      {if_read(reads, reads_x, first.tensor), if_read(reads, reads_y, second.tensor), if_read(reads, reads_z, result)},
      [&rule](const Pass &pass) {
        const Terms terms = {pass.gradient(), pass.kept(0), pass.kept(1), pass.kept(2)};
        Gradients gradients(2);
        if (pass.wants(0)) gradients[0] = rule.of_x.gradient(terms);
        if (pass.wants(1)) gradients[1] = rule.of_y.gradient(terms);
        return gradients;
      });
}

// A gradient of 0 reaches the operand that was not picked; where that operand's own slope is infinite or NaN, 0 times it is
// NaN: pick the operands of what must not be computed before it is.
Reference<Node> record_where(const Tensor &condition, const Variable &first, const Variable &second,
                             const Tensor &result) {
  return record("where", {first, second}, result, {condition}, [](const Pass &pass) {
    const Tensor &gradient = pass.gradient();
    Gradients gradients(2);
    if (pass.wants(0)) gradients[0] = where_or_zero(pass.kept(0), gradient);
    if (pass.wants(1)) gradients[1] = where(pass.kept(0), number_beside(gradient, 0), gradient);
    return gradients;
  });
}

// An operand on a limit keeps its gradient; one beyond it hands it to the limit.  Where high lies below low, high decides.
Reference<Node> record_clip(const Variable &operand, const Variable *low, const Variable *high, const Tensor &result) {
  std::vector<Variable> operands = {operand};
  std::vector<Tensor> kept = {operand.tensor};
  for (const Variable *limit : {low, high}) {
    if (limit == nullptr) continue;
    operands.push_back(*limit);
    kept.push_back(limit->tensor);
  }
  const bool has_low = low != nullptr, has_high = high != nullptr;
  return record("clip", operands, result, std::move(kept), [has_low, has_high](const Pass &pass) {
    const Tensor &gradient = pass.gradient(), &value = pass.kept(0);
    const size_t high_place = has_low ? 2 : 1;
    const Tensor never = is_less(value, value);
    const Tensor is_above = has_high ? is_less(pass.kept(high_place), value) : never;
    const Tensor is_crossed = has_low && has_high ? is_less(pass.kept(2), pass.kept(1)) : never;
    const Tensor is_below = has_low ? is_less(value, pass.kept(1)) : never;
    const Tensor takes_high = either(is_above, is_crossed);
    Gradients gradients(1 + (has_low ? 1 : 0) + (has_high ? 1 : 0));
    if (pass.wants(0)) gradients[0] = where(either(is_below, takes_high), number_beside(gradient, 0), gradient);
    if (has_low && pass.wants(1))
      gradients[1] = where(takes_high, number_beside(gradient, 0), where_or_zero(is_below, gradient));
    if (has_high && pass.wants(high_place)) gradients[high_place] = where_or_zero(takes_high, gradient);
    return gradients;
  });
}

}  // namespace penstock::core::autograd
