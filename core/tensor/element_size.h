// Moving elements by their size alone, whatever they mean.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace penstock::core {

// Calls body with a size in bytes: those of single elements as constants, so that a copy becomes one load and one store.
template <typename Body>
void with_element_size(int64_t nbytes, Body body) {
  switch (nbytes) {
    case 1: return body(std::integral_constant<size_t, 1>{});
    case 2: return body(std::integral_constant<size_t, 2>{});
    case 4: return body(std::integral_constant<size_t, 4>{});
    case 8: return body(std::integral_constant<size_t, 8>{});
    case 16: return body(std::integral_constant<size_t, 16>{});
    default: return body(static_cast<size_t>(nbytes));
  }
}

}  // namespace penstock::core
