#include "core/tensor/format_column.h"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <string_view>

#include "core/base/text.h"
#include "core/tensor/convert.h"
#include "core/tensor/format_number.h"
#include "core/tensor/half.h"

namespace penstock::core {
namespace {

using Elements = std::span<const std::byte *const>;

std::string padded_left(std::string_view text, size_t width) {
  return std::string(width - std::min(width, text.size()), ' ').append(text);
}

// Which numbers carry a sign: the imaginary part of 1.+2.j does so always.
enum class Sign { negative_only, always };

// How the numbers of one column are written, settled by all of them.
class FloatingColumn {
 public:
  FloatingColumn(const std::vector<double> &values, DType dtype, int32_t precision, Sign sign);
  std::string text(double value) const;

 private:
  NumberText number_text(double value) const;
  std::string special_text(double value) const;
  void measure_number(double value);
  void measure_special(double value);
  // What stands behind the point: digits, and in scientific form 'e' and the exponent.
  size_t tail_width() const { return fraction_width_ + (scientific_ ? 1 + exponent_width_ : 0); }

  DType dtype_;
  Sign sign_;
  bool scientific_;
  int32_t fewest_digits_ = 0;  // after the point
  int32_t most_digits_;
  size_t whole_width_ = 0, fraction_width_ = 0, exponent_width_ = 0;
};

// The magnitude from which on numbers are written in scientific form, as a power of ten: NumPy's 8 is no more than the
// digits its dtype surely holds.  For dtypes NumPy lacks, float16's.
int32_t first_scientific_exponent(DType dtype) {
  switch (dtype) {
    case DType::float64: return 8;
    case DType::float32: return 6;
    default: return 3;
  }
}

// Divided in the dtype itself, since NumPy does: what rounds to 1000 is not more than that.
double quotient(double dividend, double divisor, DType dtype) {
  if (dtype == DType::float64) return dividend / divisor;
  const float narrow = static_cast<float>(dividend) / static_cast<float>(divisor);
  return dtype == DType::float16 ? to_float(round_to<Float16>(narrow)) : narrow;
}

bool needs_scientific_form(const std::vector<double> &values, DType dtype) {
  double smallest = 0, largest = 0;
  for (const double value : values) {
    const double magnitude = std::abs(value);
    if (magnitude == 0 || !std::isfinite(magnitude)) continue;
    smallest = smallest == 0 ? magnitude : std::min(smallest, magnitude);
    largest = std::max(largest, magnitude);
  }
  if (largest == 0) return false;
  return decimal_exponent(largest, dtype) >= first_scientific_exponent(dtype) ||
         decimal_exponent(smallest, dtype) < -4 || quotient(largest, smallest, dtype) > 1000;
}

FloatingColumn::FloatingColumn(const std::vector<double> &values, DType dtype, int32_t precision, Sign sign)
    : dtype_(dtype), sign_(sign), scientific_(needs_scientific_form(values, dtype)), most_digits_(precision) {
  for (const double value : values)
    if (std::isfinite(value)) measure_number(value);
  for (const double value : values)
    if (!std::isfinite(value)) measure_special(value);
  // In scientific form every number is written with as many digits as the longest needs.
  if (scientific_) fewest_digits_ = most_digits_ = static_cast<int32_t>(fraction_width_);
}

NumberText FloatingColumn::number_text(double value) const {
  NumberText number = scientific_ ? scientific_text(value, dtype_, fewest_digits_, most_digits_)
                                  : fixed_text(value, dtype_, most_digits_);
  if (sign_ == Sign::always && !std::signbit(value)) number.whole.insert(0, 1, '+');
  return number;
}

std::string FloatingColumn::special_text(double value) const {
  if (std::isnan(value)) return sign_ == Sign::always ? "+nan" : "nan";
  if (value < 0) return "-inf";
  return sign_ == Sign::always ? "+inf" : "inf";
}

void FloatingColumn::measure_number(double value) {
  const NumberText number = number_text(value);
  whole_width_ = std::max(whole_width_, number.whole.size());
  fraction_width_ = std::max(fraction_width_, number.fraction.size());
  exponent_width_ = std::max(exponent_width_, number.exponent.size());
}

void FloatingColumn::measure_special(double value) {
  const size_t other_width = tail_width() + 1, width = special_text(value).size();
  if (width > other_width) whole_width_ = std::max(whole_width_, width - other_width);
}

std::string FloatingColumn::text(double value) const {
  const size_t width = whole_width_ + 1 + tail_width();
  if (!std::isfinite(value)) return padded_left(special_text(value), width);
  const NumberText number = number_text(value);
  std::string text = padded_left(number.whole, whole_width_);
  text += '.';
  text += number.fraction;
  if (scientific_) {
    text += 'e';
    text += number.exponent[0];
    text.append(exponent_width_ - number.exponent.size(), '0').append(number.exponent, 1);
  }
  text.resize(std::max(text.size(), width), ' ');
  return text;
}

std::vector<std::string> bool_texts(Elements elements) {
  std::vector<std::string> texts;
  texts.reserve(elements.size());
  for (const std::byte *element : elements) texts.emplace_back(*element == std::byte{0} ? "False" : " True");
  return texts;
}

template <std::integral Integer>  // the widest of the dtype's sign
std::vector<std::string> integer_texts(Elements elements, DType dtype) {
  std::vector<std::string> texts;
  texts.reserve(elements.size());
  const ConvertRun widen = find_conversion(std::signed_integral<Integer> ? DType::int64 : DType::uint64, dtype);
  size_t width = 0;
  for (const std::byte *element : elements) {
    Integer value;
    widen(reinterpret_cast<std::byte *>(&value), 0, element, 0, 1);
    width = std::max(width, texts.emplace_back(text(value)).size());
  }
  for (std::string &text : texts) text = padded_left(text, width);
  return texts;
}

double read_floating(const std::byte *element, DType dtype) {
  const auto bits = static_cast<uint8_t>(*element);
  if (dtype == DType::float8_e4m3fn) return to_float(Float8E4M3FN{bits});
  if (dtype == DType::float8_e5m2) return to_float(Float8E5M2{bits});
  double value;
  find_conversion(DType::float64, dtype)(reinterpret_cast<std::byte *>(&value), 0, element, 0, 1);
  return value;
}

std::vector<std::string> floating_texts(Elements elements, DType dtype, int32_t precision) {
  std::vector<double> values;
  values.reserve(elements.size());
  for (const std::byte *element : elements) values.push_back(read_floating(element, dtype));
  const FloatingColumn column(values, dtype, precision, Sign::negative_only);
  std::vector<std::string> texts;
  texts.reserve(values.size());
  for (const double value : values) texts.push_back(column.text(value));
  return texts;
}

std::string with_unit(std::string imaginary) {
  imaginary.insert(imaginary.find_last_not_of(' ') + 1, 1, 'j');
  return imaginary;
}

std::vector<std::string> complex_texts(Elements elements, DType dtype, int32_t precision) {
  const DType part = dtype == DType::complex64 ? DType::float32 : DType::float64;
  std::vector<double> real, imaginary;
  for (const std::byte *element : elements) {
    real.push_back(read_floating(element, part));
    imaginary.push_back(read_floating(element + dtype_size(part), part));
  }
  const FloatingColumn real_column(real, part, precision, Sign::negative_only);
  const FloatingColumn imaginary_column(imaginary, part, precision, Sign::always);
  std::vector<std::string> texts;
  texts.reserve(elements.size());
  for (size_t index = 0; index < elements.size(); ++index)
    texts.push_back(real_column.text(real[index]) + with_unit(imaginary_column.text(imaginary[index])));
  return texts;
}

}  // namespace

std::vector<std::string> element_texts(DType dtype, Elements elements, int32_t precision) {
  switch (dtype_kind(dtype)) {
    case DTypeKind::boolean: return bool_texts(elements);
    case DTypeKind::signed_integer: return integer_texts<int64_t>(elements, dtype);
    case DTypeKind::unsigned_integer: return integer_texts<uint64_t>(elements, dtype);
    case DTypeKind::complex: return complex_texts(elements, dtype, precision);
    case DTypeKind::floating:
    case DTypeKind::storage_only: break;
  }
  return floating_texts(elements, dtype, precision);
}

}  // namespace penstock::core
