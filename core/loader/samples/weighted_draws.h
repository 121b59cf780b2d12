// Draws with given weights, each a function of its place alone.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/base/random.h"

namespace penstock::core {

// Draws in constant time, whatever the weights (M. Vose, "A linear algorithm for generating random numbers with a given
// distribution", 1991): a column is drawn, and then either its own number or its alias.
class AliasTable {
 public:
  // At least one weight is above 0; one of 0 is never drawn.
  explicit AliasTable(std::span<const double> weights);

  uint64_t operator()(RandomStream stream, uint64_t place) const;

 private:
  struct Column {
    double own;  // the probability with which the column's own number is taken
    uint64_t alias;
  };
  std::vector<Column> columns_;
};

// count different numbers, each next one drawn from those left with probabilities as their weights (P. Efraimidis and
// P. Spirakis, "Weighted random sampling with a reservoir", 2006): each number draws an exponential time with its weight as
// rate, and the first count come in the order of their times.  At least count weights are above 0.
std::vector<uint64_t> draw_once_each(std::span<const double> weights, uint64_t count, RandomStream stream);

}  // namespace penstock::core
