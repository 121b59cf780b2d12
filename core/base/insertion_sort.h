// A stable sort for a handful of items, in place: std::stable_sort asks for memory, also for two.
#pragma once

#include <utility>

namespace penstock::core {

template <typename Iterator, typename Before>
void insertion_sort(Iterator begin, Iterator end, Before before) {
  for (Iterator next = begin; next != end; ++next)
    for (Iterator place = next; place != begin && before(*place, *(place - 1)); --place)
      std::swap(*place, *(place - 1));
}

}  // namespace penstock::core
