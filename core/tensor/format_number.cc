#include "core/tensor/format_number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

#include "core/tensor/half.h"

namespace penstock::core {
namespace {

// The magnitude d.ddd * 10^exponent; no zeros at the end but for a number that is 0.
struct Decimal {
  std::string digits;
  int32_t exponent = 0;
};

// The most characters std::to_chars needs here: a double in fixed form with 17 digits after the point.
using CharBuffer = std::array<char, 352>;

template <typename Float, typename... Form>
std::string_view to_text(CharBuffer &buffer, Float value, Form... form) {
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, form...);
  return {buffer.data(), static_cast<size_t>(end.ptr - buffer.data())};
}

Decimal parse_scientific(std::string_view text) {
  const size_t exponent_mark = text.find('e');
  Decimal decimal;
  for (const char character : text.substr(0, exponent_mark))
    if (character != '.') decimal.digits += character;
  decimal.digits.resize(std::max<size_t>(decimal.digits.find_last_not_of('0') + 1, 1));
  text.remove_prefix(exponent_mark + (text[exponent_mark + 1] == '+' ? 2 : 1));  // std::from_chars takes no '+'
  std::from_chars(text.data(), text.data() + text.size(), decimal.exponent);
  return decimal;
}

// The smallest decimal of as many digits that is above this one.
Decimal next_above(Decimal decimal, int32_t digit_count) {
  decimal.digits.resize(static_cast<size_t>(digit_count), '0');
  const size_t not_nine = decimal.digits.find_last_not_of('9');
  if (not_nine == std::string::npos) return {"1", decimal.exponent + 1};
  ++decimal.digits[not_nine];
  decimal.digits.resize(not_nine + 1);
  return decimal;
}

template <typename Float>
Float read_decimal(const Decimal &decimal) {
  std::string text = decimal.digits + "e";
  CharBuffer buffer;
  text += to_text(buffer, decimal.exponent - static_cast<int32_t>(decimal.digits.size()) + 1);
  Float number = std::numeric_limits<Float>::infinity();  // stays where the decimal is out of range
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

template <AnySmallFloat Small>
bool reads_back_as_small(const Decimal &decimal, double magnitude) {
  return round_to<Small>(read_decimal<double>(decimal)) == round_to<Small>(magnitude);
}

bool reads_back(const Decimal &decimal, double magnitude, DType dtype) {
  switch (dtype) {
    case DType::float16: return reads_back_as_small<Float16>(decimal, magnitude);
    case DType::bfloat16: return reads_back_as_small<BFloat16>(decimal, magnitude);
    case DType::float8_e4m3fn: return reads_back_as_small<Float8E4M3FN>(decimal, magnitude);
    case DType::float8_e5m2: return reads_back_as_small<Float8E5M2>(decimal, magnitude);
    case DType::float32: return read_decimal<float>(decimal) == static_cast<float>(magnitude);
    default: return read_decimal<double>(decimal) == magnitude;
  }
}

// The nearest decimal of at most so many digits; where another one reads back as the number and the nearest does not,
// the other: above a power of two numbers lie further apart than below, and the nearest may lie just too far below.
Decimal decimal_of(double magnitude, DType dtype, int32_t digit_count) {
  CharBuffer buffer;
  Decimal nearest = parse_scientific(to_text(buffer, magnitude, std::chars_format::scientific, digit_count - 1));
  if (reads_back(nearest, magnitude, dtype)) return nearest;
  Decimal above = next_above(nearest, digit_count);
  return reads_back(above, magnitude, dtype) ? above : nearest;
}

Decimal shortest_decimal(double value, DType dtype) {
  const double magnitude = std::abs(value);
  CharBuffer buffer;
  if (dtype == DType::float64) return parse_scientific(to_text(buffer, magnitude, std::chars_format::scientific));
  if (dtype == DType::float32)
    return parse_scientific(to_text(buffer, static_cast<float>(magnitude), std::chars_format::scientific));
  for (int32_t digit_count = 1;; ++digit_count) {  // std::to_chars knows no narrower dtypes
    Decimal decimal = decimal_of(magnitude, dtype, digit_count);
    if (reads_back(decimal, magnitude, dtype)) return decimal;
  }
}

std::string exponent_text(int32_t exponent) {
  CharBuffer buffer;
  const std::string_view digits = to_text(buffer, std::abs(exponent));
  return (exponent < 0 ? "-" : "+") + std::string(digits.size() < 2 ? "0" : "").append(digits);
}

}  // namespace

int32_t decimal_exponent(double value, DType dtype) { return shortest_decimal(value, dtype).exponent; }

NumberText fixed_text(double value, DType dtype, int32_t precision) {
  const Decimal shortest = shortest_decimal(value, dtype);
  const int32_t fraction_count = static_cast<int32_t>(shortest.digits.size()) - 1 - shortest.exponent;
  NumberText text;
  if (fraction_count > 0 && fraction_count <= precision) {
    const size_t whole_count = static_cast<size_t>(std::max(shortest.exponent + 1, 0));
    text.whole = whole_count == 0 ? "0" : shortest.digits.substr(0, whole_count);
    text.fraction.assign(static_cast<size_t>(std::max(-1 - shortest.exponent, 0)), '0');
    text.fraction += shortest.digits.substr(whole_count);
  } else {  // a whole number too: where dtype holds not all of them, zeros must not stand for its last digits
    CharBuffer buffer;
    const std::string_view rounded = to_text(buffer, std::abs(value), std::chars_format::fixed, precision);
    const size_t point = std::min(rounded.find('.'), rounded.size());
    text.whole = rounded.substr(0, point);
    text.fraction = rounded.substr(std::min(point + 1, rounded.size()));
    text.fraction.resize(text.fraction.find_last_not_of('0') + 1);  // npos, that is -1, when all are zeros
  }
  if (std::signbit(value)) text.whole.insert(0, 1, '-');
  return text;
}

NumberText scientific_text(double value, DType dtype, int32_t fewest, int32_t most) {
  Decimal decimal = shortest_decimal(value, dtype);
  const int32_t fraction_count = static_cast<int32_t>(decimal.digits.size()) - 1;
  const int32_t wanted_count = std::clamp(fraction_count, fewest, most);
  if (fraction_count != wanted_count) decimal = decimal_of(std::abs(value), dtype, wanted_count + 1);
  NumberText text;
  text.whole = decimal.digits.substr(0, 1);
  if (std::signbit(value)) text.whole.insert(0, 1, '-');
  text.fraction = decimal.digits.substr(1);
  text.fraction.resize(std::max(text.fraction.size(), static_cast<size_t>(fewest)), '0');
  text.exponent = exponent_text(decimal.exponent);
  return text;
}

}  // namespace penstock::core
