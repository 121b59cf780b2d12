#include "core/tensor/convert.h"

#include <array>
#include <concepts>
#include <cstring>
#include <tuple>
#include <type_traits>
#include <utility>

#include "core/tensor/element.h"

namespace penstock::core {
namespace {

// The dtypes that convert, in the order of their numbers.
using Elements = std::tuple<Bool8, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t, Float16,
                            BFloat16, float, double, Complex<float>, Complex<double>>;
constexpr size_t element_count = std::tuple_size_v<Elements>;

template <typename To, typename From>
void convert_at(std::byte *to, const std::byte *from) {
  From value;
  std::memcpy(&value, from, sizeof(From));
  const To converted = convert<To>(value);
  std::memcpy(to, &converted, sizeof(To));
}

template <typename To, typename From>
void convert_run(std::byte *__restrict to, int64_t to_stride, const std::byte *__restrict from, int64_t from_stride,
                 int64_t count) {
  constexpr int64_t to_size = sizeof(To), from_size = sizeof(From);
  if (to_stride == to_size && from_stride == from_size)
    for (int64_t index = 0; index < count; ++index)
      convert_at<To, From>(to + index * to_size, from + index * from_size);
  else
    for (int64_t index = 0; index < count; ++index)
      convert_at<To, From>(to + index * to_stride, from + index * from_stride);
}

// One dtype to itself: only the size of an element matters.
template <typename Element>
void copy_run(std::byte *__restrict to, int64_t to_stride, const std::byte *__restrict from, int64_t from_stride,
              int64_t count) {
  constexpr int64_t size = sizeof(Element);
  if (to_stride == size && from_stride == size) {
    std::memcpy(to, from, static_cast<size_t>(count * size));
  } else if (to_stride == size && from_stride == 0) {
    Element value;
    std::memcpy(&value, from, sizeof(Element));
    for (int64_t index = 0; index < count; ++index) std::memcpy(to + index * size, &value, sizeof(Element));
  } else {
    for (int64_t index = 0; index < count; ++index)
      std::memcpy(to + index * to_stride, from + index * from_stride, sizeof(Element));
  }
}

constexpr ConvertRun copy_of_size(int64_t size) {
  switch (size) {
    case 1: return copy_run<uint8_t>;
    case 2: return copy_run<uint16_t>;
    case 4: return copy_run<uint32_t>;
    case 8: return copy_run<uint64_t>;
    default: return copy_run<Complex<double>>;
  }
}

template <typename Element>
struct Unsigned {
  using Type = Element;
};
template <std::signed_integral Integer>
struct Unsigned<Integer> {
  using Type = std::make_unsigned_t<Integer>;
};

// Many pairs of dtypes share a loop, which keeps the code small: integers differ in their sign only where they widen, and
// a complex number's real part is a real number with a longer stride.
template <typename To, typename From>
constexpr ConvertRun conversion() {
  using AnySign = typename Unsigned<From>::Type;
  if constexpr (std::is_same_v<To, From>)
    return copy_of_size(sizeof(To));
  else if constexpr (AnyComplex<From> && !AnyComplex<To> && !std::is_same_v<To, Bool8>)
    return conversion<To, typename From::Part>();
  else if constexpr (std::is_same_v<To, Bool8>)
    return convert_run<To, AnySign>;
  else if constexpr (std::integral<To> && std::integral<From>)
    return convert_run<typename Unsigned<To>::Type, std::conditional_t<sizeof(To) <= sizeof(From), AnySign, From>>;
  else
    return convert_run<To, From>;
}

using Row = std::array<ConvertRun, element_count>;

template <typename To, size_t... from>
constexpr Row conversions_to(std::index_sequence<from...>) {
  return {conversion<To, std::tuple_element_t<from, Elements>>()...};
}

template <size_t... to>
constexpr std::array<Row, element_count> all_conversions(std::index_sequence<to...> indices) {
  return {conversions_to<std::tuple_element_t<to, Elements>>(indices)...};
}

constexpr std::array<Row, element_count> conversions = all_conversions(std::make_index_sequence<element_count>());

}  // namespace

ConvertRun find_conversion(DType to, DType from) {
  if (to == from) return copy_of_size(dtype_size(to));  // the storage-only dtypes too
  return conversions[static_cast<size_t>(to) - 1][static_cast<size_t>(from) - 1];
}

}  // namespace penstock::core
