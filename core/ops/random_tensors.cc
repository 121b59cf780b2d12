#include "core/ops/random_tensors.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <vector>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/ops/kernels/random_kernels.h"
#include "core/tensor/convert.h"
#include "core/tensor/copy.h"
#include "core/tensor/transfer.h"

namespace penstock::core {
namespace {

// Elements that are made at a time: what they are made of stays in the first-level cache.
constexpr int64_t block_elements = 1024, shard_elements = 16 * block_elements;
constexpr uint64_t first_wide_block = uint64_t{1} << 63;

using Words32 = std::array<uint32_t, block_elements>;
using Words64 = std::array<uint32_t, 2 * block_elements>;

// The 32-bit values from first on, a multiple of block_elements, as words; 64-bit ones as pairs of them.
void fill_words(Words32 &words, RandomStream key, int64_t first) {
  random_kernels().words(words.data(), key, static_cast<uint64_t>(first) / 4, block_elements / 4);
}
void fill_words(Words64 &words, RandomStream key, int64_t first) {
  random_kernels().words(words.data(), key, first_wide_block + static_cast<uint64_t>(first) / 2, block_elements / 2);
}

// A new row-major tensor whose elements make(first, count, out) computes, a block at a time, as Numbers that are converted.
template <typename Number, typename Make>
Tensor made_in_blocks(DType dtype, DType number_dtype, const Extents &shape, const Allocation &allocation, Make make) {
  require_usable(allocation);
  const Tensor out = empty(dtype, shape, {});
  const ConvertRun convert = find_conversion(dtype, number_dtype);
  const int64_t size = dtype_size(dtype);
  parallel_for(out.element_count(), shard_elements, [&](Range range) {
    alignas(64) std::array<Number, block_elements> numbers;
    for (int64_t first = range.begin; first < range.end; first += block_elements) {
      const int64_t count = std::min(block_elements, range.end - first);
      make(first, numbers);
      std::byte *to = out.data + first * size;
      if (dtype == number_dtype)
        std::memcpy(to, numbers.data(), static_cast<size_t>(count * size));
      else
        convert(to, size, reinterpret_cast<const std::byte *>(numbers.data()), sizeof(Number), count);
    }
  });
  return to_device(out, allocation);
}

void require_floating(DType dtype, std::string_view name) {
  if (dtype_kind(dtype) != DTypeKind::floating) fail(Status::type_mismatch, name, " numbers are floating, not ", dtype);
}

// A number as the dtype holds it.
double as_held(double number, DType dtype) {
  std::array<std::byte, sizeof(double)> held{};
  double back = 0;
  find_conversion(dtype, DType::float64)(held.data(), 0, reinterpret_cast<const std::byte *>(&number), 0, 1);
  find_conversion(DType::float64, dtype)(reinterpret_cast<std::byte *>(&back), 0, held.data(), 0, 1);
  return back;
}

// The largest number of a floating dtype below one that it holds.
double number_before(double number, DType dtype) {
  if (dtype == DType::float64) return std::nextafter(number, -INFINITY);
  // Half the distance to the number before the largest below: a step of float32 that both smaller dtypes can round.
  double step = std::ldexp(1.0, dtype == DType::bfloat16 || dtype == DType::float32 ? -149 : -24);
  while (as_held(number - step, dtype) >= number) step *= 2;
  return as_held(number - step, dtype);
}

}  // namespace

Tensor random_uniform(RandomStream key, DType dtype, const Extents &shape, double low, double high,
                      const Allocation &allocation) {
  require_floating(dtype, "uniform");
  const double first = as_held(low, dtype), end = as_held(high, dtype);
  if (!std::isfinite(first) || !std::isfinite(end) || !(first < end) || !std::isfinite(as_held(end - first, dtype)))
    fail(Status::invalid_argument, "low is ", low, " and high ", high,
         ": expected low < high, both finite and a finite distance apart in ", dtype);
  const double last = number_before(end, dtype);
  if (dtype == DType::float64)
    return made_in_blocks<double>(dtype, DType::float64, shape, allocation, [=](int64_t begin, auto &numbers) {
      Words64 words;
      fill_words(words, key, begin);
      random_kernels().uniform_f64(numbers.data(), words.data(), block_elements);
      for (double &number : numbers) {
        const double scaled = first + number * (end - first);
        number = scaled < last ? scaled : last;
      }
    });
  return made_in_blocks<float>(dtype, DType::float32, shape, allocation, [=](int64_t begin, auto &numbers) {
    Words32 words;
    fill_words(words, key, begin);
    random_kernels().uniform_f32(numbers.data(), words.data(), block_elements);
    const auto from = static_cast<float>(first), distance = static_cast<float>(end) - from;
    const auto most = static_cast<float>(last);
    for (float &number : numbers) {
      const float scaled = from + number * distance;
      number = scaled < most ? scaled : most;
    }
  });
}

Tensor random_normal(RandomStream key, DType dtype, const Extents &shape, double mean, double deviation,
                     const Allocation &allocation) {
  require_floating(dtype, "normal");
  if (!std::isfinite(mean)) fail(Status::invalid_argument, "mean is ", mean, ": expected a finite number");
  if (!(deviation >= 0) || !std::isfinite(deviation))
    fail(Status::invalid_argument, "deviation is ", deviation, ": expected a finite number, 0 or more");
  if (dtype == DType::float64)
    return made_in_blocks<double>(dtype, DType::float64, shape, allocation, [=](int64_t begin, auto &numbers) {
      Words64 words;
      fill_words(words, key, begin);
      random_kernels().normal_f64(numbers.data(), words.data(), block_elements);
      for (double &number : numbers) number = mean + number * deviation;
    });
  return made_in_blocks<float>(dtype, DType::float32, shape, allocation, [=](int64_t begin, auto &numbers) {
    Words32 words;
    fill_words(words, key, begin);
    random_kernels().normal_f32(numbers.data(), words.data(), block_elements);
    const auto middle = static_cast<float>(mean), scale = static_cast<float>(deviation);
    for (float &number : numbers) number = middle + number * scale;
  });
}

uint32_t random_below_32(RandomStream key, uint64_t index, uint64_t n) {
  Words<4> block = random_block_of_u32(key, index);
  uint64_t product = u32_in_block(block, index) * n;
  if ((product & 0xFFFFFFFF) < n) {
    const uint64_t too_many = (uint64_t{1} << 32) % n;
    while ((product & 0xFFFFFFFF) < too_many) {
      block = philox4x32(block, random_key(key));
      product = u32_in_block(block, index) * n;
    }
  }
  return static_cast<uint32_t>(product >> 32);
}

Tensor random_integers(RandomStream key, DType dtype, const Extents &shape, int64_t low, int64_t high,
                       const Allocation &allocation) {
  const DTypeKind kind = dtype_kind(dtype);
  if (kind != DTypeKind::signed_integer && kind != DTypeKind::unsigned_integer)
    fail(Status::type_mismatch, "random integers are of an integer dtype, not ", dtype);
  if (low >= high) fail(Status::invalid_argument, "low is ", low, " and high ", high, ": expected low < high");
  require_integer_fits(low, dtype);
  require_integer_fits(high - 1, dtype);
  const uint64_t n = static_cast<uint64_t>(high) - static_cast<uint64_t>(low);
  if (n > uint64_t{1} << 32)
    return made_in_blocks<uint64_t>(dtype, DType::int64, shape, allocation, [=](int64_t begin, auto &numbers) {
      fill_uniform_below(numbers, key, static_cast<uint64_t>(begin), n);
      for (uint64_t &number : numbers) number += static_cast<uint64_t>(low);
    });
  const uint64_t too_many = (uint64_t{1} << 32) % n;
  return made_in_blocks<uint64_t>(dtype, DType::int64, shape, allocation, [=](int64_t begin, auto &numbers) {
    Words32 words;
    fill_words(words, key, begin);
    bool has_rejected = false;
    for (size_t i = 0; i < numbers.size(); ++i) {
      const uint64_t product = words[i] * n;
      has_rejected |= (product & 0xFFFFFFFF) < too_many;
      numbers[i] = (product >> 32) + static_cast<uint64_t>(low);
    }
    for (size_t i = 0; has_rejected && i < numbers.size(); ++i)
      if ((words[i] * n & 0xFFFFFFFF) < too_many)
        numbers[i] = random_below_32(key, static_cast<uint64_t>(begin) + i, n) + static_cast<uint64_t>(low);
  });
}

Tensor random_bernoulli(RandomStream key, const Extents &shape, double probability, const Allocation &allocation) {
  if (!(probability >= 0 && probability <= 1))
    fail(Status::invalid_argument, "probability is ", probability, ": expected 0 to 1");
  return made_in_blocks<uint8_t>(DType::bool8, DType::bool8, shape, allocation, [=](int64_t begin, auto &truths) {
    Words64 words;
    std::array<double, block_elements> units;
    fill_words(words, key, begin);
    random_kernels().uniform_f64(units.data(), words.data(), block_elements);
    for (size_t i = 0; i < truths.size(); ++i) truths[i] = units[i] < probability ? 1 : 0;
  });
}

}  // namespace penstock::core
