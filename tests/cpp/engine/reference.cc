#include "tests/cpp/engine/reference.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "core/base/text.h"
#include "core/tensor/create.h"

namespace penstock::core::reference {
namespace {

template <typename Number>
Bytes store(Number number) {
  Bytes bytes{};
  std::memcpy(bytes.data(), &number, sizeof(Number));
  return bytes;
}

template <typename Number>
Value number_value(const std::byte *element) {
  const auto number = load<Number>(element);
  Value value{static_cast<long double>(number), 0, 0};
  if constexpr (std::numeric_limits<Number>::is_integer) value.low_bits = static_cast<uint64_t>(number);
  return value;
}

template <typename Part>
Value complex_value(const std::byte *element) {
  return {static_cast<long double>(load<Part>(element)), static_cast<long double>(load<Part>(element + sizeof(Part))),
          0};
}

template <typename Part>
Bytes store_complex(const Value &value) {
  return store(std::array<Part, 2>{static_cast<Part>(value.real), static_cast<Part>(value.imaginary)});
}

// The finite numbers from 0 up, in the order of their bits, and the one that would follow them.
std::vector<long double> magnitudes(const SmallFormat &format) {
  const uint32_t beyond = static_cast<uint32_t>(((1 << format.exponent_bits) - 1) << format.mantissa_bits) +
                          (format.has_infinity ? 0 : (1U << format.mantissa_bits) - 1);
  std::vector<long double> numbers;
  for (uint32_t bits = 0; bits < beyond; ++bits) numbers.push_back(decode_small(format, bits));
  numbers.push_back(2 * numbers.back() - numbers[numbers.size() - 2]);
  return numbers;
}

const std::vector<long double> &known_magnitudes(const SmallFormat &format) {
  static const std::vector<long double> of_float16 = magnitudes(float16_format);
  static const std::vector<long double> of_bfloat16 = magnitudes(bfloat16_format);
  static const std::vector<long double> of_e4m3fn = magnitudes(float8_e4m3fn_format);
  static const std::vector<long double> of_e5m2 = magnitudes(float8_e5m2_format);
  if (format.mantissa_bits == 10) return of_float16;
  if (format.mantissa_bits == 7) return of_bfloat16;
  return format.mantissa_bits == 3 ? of_e4m3fn : of_e5m2;
}

bool is_small_nan(const SmallFormat &format, uint32_t magnitude) {
  const uint32_t all = (1U << (format.exponent_bits + format.mantissa_bits)) - 1;
  return format.has_infinity ? magnitude > all - ((1U << format.mantissa_bits) - 1) : magnitude == all;
}

struct Limits {
  long double lowest, highest;
};
Limits integer_limits(DType dtype) {
  const auto bits = static_cast<int32_t>(8 * dtype_size(dtype));
  if (dtype_kind(dtype) == DTypeKind::unsigned_integer) return {0, std::ldexp(1.0L, bits) - 1};
  return {-std::ldexp(1.0L, bits - 1), std::ldexp(1.0L, bits - 1) - 1};
}

bool is_integer(DType dtype) {
  return dtype_kind(dtype) == DTypeKind::signed_integer || dtype_kind(dtype) == DTypeKind::unsigned_integer;
}

DType part_dtype(DType dtype) {
  if (dtype == DType::complex64) return DType::float32;
  return dtype == DType::complex128 ? DType::float64 : dtype;
}

uint64_t low_bits(long double integer) {
  return integer < 0 ? static_cast<uint64_t>(static_cast<int64_t>(integer)) : static_cast<uint64_t>(integer);
}

// A NaN's sign and quietness, seen in the bytes of one real number.
template <typename Bits>
bool is_same_number(const std::byte *first, const std::byte *second, int32_t mantissa_bits) {
  const auto one = load<Bits>(first), other = load<Bits>(second);
  const Bits sign = static_cast<Bits>(Bits{1} << (8 * sizeof(Bits) - 1));
  const Bits quiet_nan = static_cast<Bits>((sign - 1) & ~((Bits{1} << (mantissa_bits - 1)) - 1));
  const bool both_quiet = (one & quiet_nan) == quiet_nan && (other & quiet_nan) == quiet_nan;
  return one == other || (both_quiet && (one & sign) == (other & sign));
}

}  // namespace

long double decode_small(const SmallFormat &format, uint32_t bits) {
  const int32_t bias = (1 << (format.exponent_bits - 1)) - 1;
  const uint32_t mantissa = bits & ((1U << format.mantissa_bits) - 1);
  const uint32_t exponent = bits >> format.mantissa_bits & ((1U << format.exponent_bits) - 1);
  const bool negative = (bits >> (format.exponent_bits + format.mantissa_bits)) != 0;
  const uint32_t magnitude = exponent << format.mantissa_bits | mantissa;
  long double number;
  if (is_small_nan(format, magnitude))
    number = std::numeric_limits<long double>::quiet_NaN();
  else if (format.has_infinity && exponent == (1U << format.exponent_bits) - 1)
    number = std::numeric_limits<long double>::infinity();
  else if (exponent == 0)
    number = std::ldexp(static_cast<long double>(mantissa), 1 - bias - format.mantissa_bits);
  else
    number = std::ldexp(static_cast<long double>(mantissa | 1U << format.mantissa_bits),
                        static_cast<int32_t>(exponent) - bias - format.mantissa_bits);
  return std::copysign(number, negative ? -1.0L : 1.0L);
}

uint32_t encode_small(const SmallFormat &format, long double value) {
  const uint32_t sign = std::signbit(value) ? 1U << (format.exponent_bits + format.mantissa_bits) : 0;
  const uint32_t all = (1U << (format.exponent_bits + format.mantissa_bits)) - 1;
  if (std::isnan(value)) return sign | all;
  const std::vector<long double> &numbers = known_magnitudes(format);
  const long double magnitude = std::fabs(value);
  const auto upper = std::lower_bound(numbers.begin(), numbers.end(), magnitude);
  if (upper == numbers.end()) return sign | static_cast<uint32_t>(numbers.size() - 1);
  auto nearest = static_cast<uint32_t>(upper - numbers.begin());
  if (nearest == 0) return sign;
  const long double above = *upper - magnitude, below = magnitude - *(upper - 1);
  if (below < above || (below == above && nearest % 2 == 1)) --nearest;
  return sign | nearest;
}

Value decode(DType dtype, const std::byte *element) {
  switch (dtype) {
    case DType::bool8: return {load<uint8_t>(element) != 0 ? 1.0L : 0.0L, 0, load<uint8_t>(element) != 0};
    case DType::int8: return number_value<int8_t>(element);
    case DType::int16: return number_value<int16_t>(element);
    case DType::int32: return number_value<int32_t>(element);
    case DType::int64: return number_value<int64_t>(element);
    case DType::uint8: return number_value<uint8_t>(element);
    case DType::uint16: return number_value<uint16_t>(element);
    case DType::uint32: return number_value<uint32_t>(element);
    case DType::uint64: return number_value<uint64_t>(element);
    case DType::float16: return {decode_small(float16_format, load<uint16_t>(element)), 0, 0};
    case DType::bfloat16: return {decode_small(bfloat16_format, load<uint16_t>(element)), 0, 0};
    case DType::float32: return number_value<float>(element);
    case DType::float64: return number_value<double>(element);
    case DType::complex64: return complex_value<float>(element);
    case DType::complex128: return complex_value<double>(element);
    case DType::float8_e4m3fn: return {decode_small(float8_e4m3fn_format, load<uint8_t>(element)), 0, 0};
    case DType::float8_e5m2: return {decode_small(float8_e5m2_format, load<uint8_t>(element)), 0, 0};
  }
  return {};
}

Bytes encode(DType dtype, const Value &value) {
  switch (dtype) {
    case DType::bool8:
    case DType::int8:
    case DType::uint8: return store(static_cast<uint8_t>(value.low_bits));
    case DType::int16:
    case DType::uint16: return store(static_cast<uint16_t>(value.low_bits));
    case DType::int32:
    case DType::uint32: return store(static_cast<uint32_t>(value.low_bits));
    case DType::int64:
    case DType::uint64: return store(value.low_bits);
    case DType::float16: return store(static_cast<uint16_t>(encode_small(float16_format, value.real)));
    case DType::bfloat16: return store(static_cast<uint16_t>(encode_small(bfloat16_format, value.real)));
    case DType::float32: return store(static_cast<float>(value.real));
    case DType::float64: return store(static_cast<double>(value.real));
    case DType::complex64: return store_complex<float>(value);
    case DType::complex128: return store_complex<double>(value);
    case DType::float8_e4m3fn: return store(static_cast<uint8_t>(encode_small(float8_e4m3fn_format, value.real)));
    case DType::float8_e5m2: return store(static_cast<uint8_t>(encode_small(float8_e5m2_format, value.real)));
  }
  return {};
}

Bytes convert(DType to, DType from, const std::byte *element) {
  if (part_dtype(to) == part_dtype(from)) {  // between real and complex: the bits of the real part
    Bytes bytes{};
    std::memcpy(bytes.data(), element, static_cast<size_t>(std::min(dtype_size(to), dtype_size(from))));
    return bytes;
  }
  Value value = decode(from, element);
  const bool from_whole = is_integer(from) || from == DType::bool8;
  if (to == DType::bool8) {
    value.low_bits = value.real != 0 || value.imaginary != 0;
  } else if (is_integer(to) && !from_whole) {
    const Limits limits = integer_limits(to);
    const long double whole = std::isnan(value.real) ? 0 : std::trunc(value.real);
    value.low_bits = low_bits(std::clamp(whole, limits.lowest, limits.highest));
  }
  return encode(to, value);
}

bool is_same_element(DType dtype, const std::byte *first, const std::byte *second) {
  switch (dtype) {
    case DType::float16: return is_same_number<uint16_t>(first, second, 10);
    case DType::bfloat16: return is_same_number<uint16_t>(first, second, 7);
    case DType::float32: return is_same_number<uint32_t>(first, second, 23);
    case DType::float64: return is_same_number<uint64_t>(first, second, 52);
    case DType::complex64:
      return is_same_number<uint32_t>(first, second, 23) && is_same_number<uint32_t>(first + 4, second + 4, 23);
    case DType::complex128:
      return is_same_number<uint64_t>(first, second, 52) && is_same_number<uint64_t>(first + 8, second + 8, 52);
    default: return std::memcmp(first, second, static_cast<size_t>(dtype_size(dtype))) == 0;
  }
}

void for_each_index(const Extents &shape, const std::function<void(const Extents &)> &visit) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return;
  Extents index = Extents::filled(shape.size(), 0);
  while (true) {
    visit(index);
    int32_t axis = shape.size() - 1;
    while (axis >= 0 && ++index[axis] == shape[axis]) index[axis--] = 0;
    if (axis < 0) return;
  }
}

const std::byte *element_at(const Tensor &tensor, const Extents &index) {
  int64_t offset = 0;
  for (int32_t axis = 0; axis < tensor.ndim(); ++axis) offset += index[axis] * tensor.strides[axis];
  return tensor.data + offset * dtype_size(tensor.dtype);
}

std::vector<Bytes> elements_of(const Tensor &tensor) {
  std::vector<Bytes> elements;
  for_each_index(tensor.shape, [&](const Extents &index) {
    Bytes bytes{};
    std::memcpy(bytes.data(), element_at(tensor, index), static_cast<size_t>(dtype_size(tensor.dtype)));
    elements.push_back(bytes);
  });
  return elements;
}

int64_t random_between(Random &random, int64_t lowest, int64_t highest) {
  return lowest + static_cast<int64_t>(random() % static_cast<uint64_t>(highest - lowest + 1));
}

Extents random_shape(Random &random, int32_t largest_ndim, int64_t largest_size) {
  Extents shape = Extents::filled(static_cast<int32_t>(random_between(random, 0, largest_ndim)), 0);
  for (int32_t axis = 0; axis < shape.size(); ++axis) shape[axis] = random_between(random, 0, largest_size);
  return shape;
}

namespace {

// Random bits find the odd patterns; numbers around powers of two find the limits, and small ones the rest.
Bytes random_element(Random &random, DType dtype) {
  Bytes bits{};
  const uint64_t words[2] = {random(), random()};
  std::memcpy(bits.data(), words, static_cast<size_t>(dtype_size(dtype)));
  const int64_t choice = random_between(random, 0, 3);
  if (choice == 0) return bits;
  const auto number = [&]() -> long double {
    if (choice == 1) return static_cast<long double>(random_between(random, -8, 8)) / 4;
    const auto exponent = static_cast<int32_t>(random_between(random, -30, 66));
    const auto beside = static_cast<long double>(random_between(random, -1, 1));
    const long double magnitude =
        std::ldexp(1.0L, exponent) + (choice == 2 ? beside : std::ldexp(beside, exponent - 9));
    return random() % 2 == 0 ? magnitude : -magnitude;
  };
  const auto wide = store_complex<double>({number(), number(), 0});
  return convert(dtype, DType::complex128, wide.data());
}

}  // namespace

Tensor random_tensor(Random &random, DType dtype, const Extents &shape, bool repeats) {
  const int32_t ndim = shape.size();
  std::vector<int32_t> inner_to_outer(static_cast<size_t>(ndim));
  std::iota(inner_to_outer.begin(), inner_to_outer.end(), 0);
  for (size_t place = inner_to_outer.size(); place > 1; --place)
    std::swap(inner_to_outer[place - 1], inner_to_outer[random() % place]);
  const bool row_major = random() % 4 == 0;
  Extents strides = Extents::filled(ndim, 0);
  int64_t stride = 1, offset = 0;
  for (int32_t place = 0; place < ndim; ++place) {
    const int32_t axis = row_major ? ndim - 1 - place : inner_to_outer[static_cast<size_t>(place)];
    if (repeats && random() % 4 == 0) continue;
    const int64_t step = row_major ? 1 : random_between(random, 1, 3);
    const bool backwards = !row_major && random() % 3 == 0;
    strides[axis] = backwards ? -stride * step : stride * step;
    const int64_t reach = std::max<int64_t>(shape[axis] - 1, 0) * stride * step;
    if (backwards) offset += reach;
    stride += reach;
  }
  Tensor tensor = empty(dtype, {stride}, {});
  for (int64_t index = 0; index < stride; ++index) {
    const Bytes element = random_element(random, dtype);
    const auto size = static_cast<size_t>(dtype_size(dtype));
    std::memcpy(tensor.data + index * dtype_size(dtype), element.data(), size);
  }
  tensor.data += offset * dtype_size(dtype);
  tensor.shape = shape;
  tensor.strides = strides;
  if (tensor.element_count() == 0) tensor.data = nullptr;
  return tensor;
}

std::string describe(const Tensor &tensor) {
  return text(tensor.dtype, " shape ", tensor.shape, " strides ", tensor.strides);
}

}  // namespace penstock::core::reference
