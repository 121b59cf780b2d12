#include "core/tensor/format_number.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
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

double read_decimal(const Decimal &decimal) {
  std::string text = decimal.digits + "e";
  CharBuffer buffer;
  text += to_text(buffer, decimal.exponent - static_cast<int32_t>(decimal.digits.size()) + 1);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// std::to_chars knows float and double only.
template <typename Small>
Decimal shortest_small_decimal(double magnitude) {
  const Small small = round_to<Small>(magnitude);
  for (int32_t digit_count = 1;; ++digit_count) {
    CharBuffer buffer;
    const Decimal nearest =
        parse_scientific(to_text(buffer, magnitude, std::chars_format::scientific, digit_count - 1));
    if (round_to<Small>(read_decimal(nearest)) == small) return nearest;
    // Above a power of two numbers lie further apart than below: the nearest decimal may miss it below, the next not.
    const Decimal above = next_above(nearest, digit_count);
    if (round_to<Small>(read_decimal(above)) == small) return above;
  }
}

Decimal shortest_decimal(double value, DType dtype) {
  const double magnitude = std::abs(value);
  if (magnitude == 0) return {"0", 0};
  CharBuffer buffer;
  switch (dtype) {
    case DType::float16: return shortest_small_decimal<Float16>(magnitude);
    case DType::bfloat16: return shortest_small_decimal<BFloat16>(magnitude);
    case DType::float8_e4m3fn: return shortest_small_decimal<Float8E4M3FN>(magnitude);
    case DType::float8_e5m2: return shortest_small_decimal<Float8E5M2>(magnitude);
    case DType::float32:
      return parse_scientific(to_text(buffer, static_cast<float>(magnitude), std::chars_format::scientific));
    default: return parse_scientific(to_text(buffer, magnitude, std::chars_format::scientific));
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
  if (fraction_count != wanted_count) {
    CharBuffer buffer;
    decimal = parse_scientific(to_text(buffer, std::abs(value), std::chars_format::scientific, wanted_count));
  }
  NumberText text;
  text.whole = decimal.digits.substr(0, 1);
  if (std::signbit(value)) text.whole.insert(0, 1, '-');
  text.fraction = decimal.digits.substr(1);
  text.fraction.resize(std::max(text.fraction.size(), static_cast<size_t>(fewest)), '0');
  text.exponent = exponent_text(decimal.exponent);
  return text;
}

}  // namespace penstock::core
