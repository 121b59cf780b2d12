#include "core/ops/random_choice.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/ops/kernels/logarithm.h"
#include "core/ops/kernels/random_kernels.h"
#include "core/ops/operation.h"
#include "core/ops/random_tensors.h"
#include "core/tensor/copy.h"
#include "core/tensor/index.h"
#include "core/tensor/transfer.h"

namespace penstock::core {
namespace {

// Numbers below some that change from index to index: random_below_32() with the words of many blocks made at a time, since
// the indices come in order.
class OrderedDraws {
 public:
  explicit OrderedDraws(RandomStream key) : key_(key) {}

  int64_t below(int64_t index, int64_t n) {
    if (n > int64_t{1} << 32)
      return static_cast<int64_t>(uniform_below(key_, static_cast<uint64_t>(index), static_cast<uint64_t>(n)));
    if (index / kept != block_) {
      block_ = index / kept;
      random_kernels().words(words_.data(), key_, static_cast<uint64_t>(block_ * kept / 4), kept / 4);
    }
    const auto limit = static_cast<uint64_t>(n);
    const uint64_t product = words_[static_cast<size_t>(index % kept)] * limit;
    if ((product & 0xFFFFFFFF) < limit) return random_below_32(key_, static_cast<uint64_t>(index), limit);
    return static_cast<int64_t>(product >> 32);
  }

 private:
  static constexpr int64_t kept = 1024;
  RandomStream key_;
  int64_t block_ = -1;
  std::array<uint32_t, kept> words_{};
};

std::span<int64_t> numbers_of(const Tensor &tensor) {
  return {reinterpret_cast<int64_t *>(tensor.data), static_cast<size_t>(tensor.element_count())};
}

// Puts the first places of numbers into a random order of them all.
void put_in_order(OrderedDraws &draws, std::span<int64_t> numbers, int64_t places) {
  const auto count = static_cast<int64_t>(numbers.size());
  for (int64_t place = 0; place < std::min(places, count - 1); ++place)
    std::swap(numbers[static_cast<size_t>(place)],
              numbers[static_cast<size_t>(place + draws.below(place, count - place))]);
}

// The first places of a random order of 0 to population - 1.
void begin_of_order(RandomStream key, int64_t population, std::span<int64_t> out) {
  OrderedDraws draws(key);
  const auto count = static_cast<int64_t>(out.size());
  // A few of many: only the numbers that have left their places are kept.
  constexpr int64_t few = 16;
  if (count * few < population) {
    std::unordered_map<int64_t, int64_t> moved;
    const auto at = [&](int64_t place) {
      const auto found = moved.find(place);
      return found == moved.end() ? place : found->second;
    };
    for (int64_t place = 0; place < count; ++place) {
      const int64_t other = place + draws.below(place, population - place);
      out[static_cast<size_t>(place)] = at(other);
      moved[other] = at(place);
    }
    return;
  }
  std::vector<int64_t> order(static_cast<size_t>(population));
  std::iota(order.begin(), order.end(), int64_t{0});
  put_in_order(draws, order, count);
  std::copy_n(order.begin(), count, out.begin());
}

std::vector<double> read_probabilities(const Tensor &given, int64_t population) {
  if ((kind_of(given.dtype) & (booleans | real_numbers)) == 0)
    fail(Status::type_mismatch, "probabilities are of ", given.dtype, ": expected real numbers");
  if (given.shape != Extents{population})
    fail(Status::invalid_argument, "probabilities have shape ", given.shape, ": expected ", Extents{population});
  const Tensor wide = contiguous(astype(in_main_memory(given), DType::float64, Casting::unsafe));
  const auto *first = reinterpret_cast<const double *>(wide.data);
  std::vector<double> probabilities(first, first + population);
  double sum = 0;
  for (const double probability : probabilities) {
    if (!(probability >= 0) || !std::isfinite(probability))
      fail(Status::invalid_argument, "a probability is ", probability, ": expected finite numbers, 0 or more");
    sum += probability;
  }
  if (!(sum > 0) || !std::isfinite(sum))
    fail(Status::invalid_argument, "the probabilities have the sum ", sum, ": expected a finite one above 0");
  return probabilities;
}

void choose_by_probability(RandomStream key, const std::vector<double> &probabilities, std::span<int64_t> out) {
  std::vector<double> sums(probabilities.size());
  double sum = 0;
  for (size_t number = 0; number < sums.size(); ++number) sums[number] = sum += probabilities[number];
  // What rounds to the whole sum belongs to the last number that can be chosen.
  const auto last = std::find(sums.begin(), sums.end(), sum);
  for (size_t place = 0; place < out.size(); ++place)
    out[place] = std::upper_bound(sums.begin(), last, uniform_f64(key, place) * sum) - sums.begin();
}

void choose_each_once(RandomStream key, const std::vector<double> &probabilities, std::span<int64_t> out) {
  std::vector<std::pair<double, int64_t>>
      waits;  // until each number's turn: exponential, at the rate of its probability
  for (size_t number = 0; number < probabilities.size(); ++number) {
    if (probabilities[number] == 0) continue;
    const double unit = uniform_f64(key, number) + 0x1p-54;
    waits.emplace_back(-vectorised::Logarithm::apply(unit) / probabilities[number], static_cast<int64_t>(number));
  }
  if (waits.size() < out.size())
    fail(Status::invalid_argument, out.size(), " numbers to choose without replacement, but only ", waits.size(),
         " have a probability above 0");
  const auto end = waits.begin() + static_cast<std::ptrdiff_t>(out.size());
  std::partial_sort(waits.begin(), end, waits.end());
  std::transform(waits.begin(), end, out.begin(), [](const auto &wait) { return wait.second; });
}

}  // namespace

Tensor random_permutation(RandomStream key, int64_t count) {
  if (count < 0) fail(Status::invalid_argument, "count is ", count, ": expected 0 or more");
  Tensor order = empty(DType::int64, {count}, {});
  const std::span<int64_t> numbers = numbers_of(order);
  OrderedDraws draws(key);
  std::iota(numbers.begin(), numbers.end(), int64_t{0});
  put_in_order(draws, numbers, count);
  return order;
}

Tensor random_choice(RandomStream key, int64_t population, const Extents &shape, bool with_replacement,
                     const Tensor *probabilities) {
  if (population < 1) fail(Status::invalid_argument, "population is ", population, ": expected 1 or more");
  if (with_replacement && probabilities == nullptr) return random_integers(key, DType::int64, shape, 0, population, {});
  Tensor out = empty(DType::int64, shape, {});
  const std::span<int64_t> numbers = numbers_of(out);
  if (probabilities != nullptr) {
    const std::vector<double> given = read_probabilities(*probabilities, population);
    (with_replacement ? choose_by_probability : choose_each_once)(key, given, numbers);
    return out;
  }
  if (out.element_count() > population)
    fail(Status::invalid_argument, out.element_count(), " numbers to choose without replacement from ", population);
  begin_of_order(key, population, numbers);
  return out;
}

void random_shuffle(RandomStream key, const Tensor &tensor, int32_t axis) {
  require_writable(tensor);
  axis = resolve_axis(axis, tensor.ndim());
  const Tensor order = on_device(random_permutation(key, tensor.shape[axis]), tensor.device());
  std::array<const Tensor *, max_ndim> indices{};
  indices[static_cast<size_t>(axis)] = &order;
  copy(tensor, take(tensor, std::span(indices).first(static_cast<size_t>(axis) + 1)), Casting::unsafe);
}

}  // namespace penstock::core
