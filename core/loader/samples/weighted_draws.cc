#include "core/loader/samples/weighted_draws.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace penstock::core {

AliasTable::AliasTable(std::span<const double> weights) : columns_(weights.size()) {
  // Divided by the largest first, so that a sum of huge weights is finite.
  const double largest = *std::max_element(weights.begin(), weights.end());
  double sum = 0;
  for (const double weight : weights) sum += weight / largest;
  std::vector<double> shares(weights.size());  // 1 is a whole column
  std::vector<uint64_t> small, large;
  for (uint64_t number = 0; number < shares.size(); ++number) {
    shares[number] = weights[number] / largest / sum * static_cast<double>(weights.size());
    (shares[number] < 1 ? small : large).push_back(number);
  }
  uint64_t last_large = large.empty() ? 0 : large.back();
  while (!small.empty() && !large.empty()) {
    const uint64_t filled = small.back(), giver = last_large = large.back();
    small.pop_back();
    columns_[filled] = {shares[filled], giver};
    shares[giver] -= 1 - shares[filled];
    if (shares[giver] < 1) {
      large.pop_back();
      small.push_back(giver);
    }
  }
  // What rounding leaves over is a whole column, but for a weight of 0, which must never be drawn.
  for (const uint64_t number : large) columns_[number] = {1, number};
  for (const uint64_t number : small)
    columns_[number] = weights[number] == 0 ? Column{0, last_large} : Column{1, number};
}

uint64_t AliasTable::operator()(RandomStream stream, uint64_t place) const {
  const uint64_t column = uniform_below(stream, 2 * place, columns_.size());
  return uniform_f64(stream, 2 * place + 1) < columns_[column].own ? column : columns_[column].alias;
}

namespace {

// The natural logarithm of a number above 0, of basic operations only: the C library's differs between machines, and the
// order would with it.
double portable_log(double number) {
  int exponent = 0;
  double mantissa = std::frexp(number, &exponent);  // from 0.5 to below 1
  if (mantissa < 0.70710678118654752) {
    mantissa *= 2;
    --exponent;
  }
  const double ratio = (mantissa - 1) / (mantissa + 1), square = ratio * ratio;
  double series = 0;
  for (int power = 23; power >= 1; power -= 2) series = series * square + 1.0 / power;
  return 2 * ratio * series + exponent * 0.69314718055994531;
}

}  // namespace

std::vector<uint64_t> draw_once_each(std::span<const double> weights, uint64_t count, RandomStream stream) {
  struct Arrival {
    double time;
    uint64_t number;
    bool operator<(const Arrival &other) const { return std::pair(time, number) < std::pair(other.time, other.number); }
  };
  std::vector<Arrival> arrivals;
  for (uint64_t number = 0; number < weights.size(); ++number)
    if (weights[number] > 0)
      arrivals.push_back({-portable_log(1 - uniform_f64(stream, number)) / weights[number], number});
  const auto end = arrivals.begin() + static_cast<std::ptrdiff_t>(count);
  std::partial_sort(arrivals.begin(), end, arrivals.end());
  std::vector<uint64_t> drawn;
  drawn.reserve(count);
  for (auto arrival = arrivals.begin(); arrival != end; ++arrival) drawn.push_back(arrival->number);
  return drawn;
}

}  // namespace penstock::core
