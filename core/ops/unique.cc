#include <algorithm>
#include <cstring>
#include <numeric>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/error.h"
#include "core/ops/radix_sort.h"
#include "core/ops/search.h"
#include "core/ops/sort.h"
#include "core/ops/sort_keys.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/element_size.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

// A complex number's key: its parts', in this order; of what has a NaN in it, the highest.
template <typename PartMap>
struct ComplexKeyMap {
  using Part = typename PartMap::Bits;
  struct Bits {
    Part real, imaginary;
  };
  using Key = std::pair<typename PartMap::Key, typename PartMap::Key>;
  static constexpr bool has_nan = true;
  static Key highest() { return {PartMap::all, PartMap::all}; }
  static Key key(Bits bits) {
    const Key key{PartMap::key(bits.real), PartMap::key(bits.imaginary)};
    return key.first == PartMap::all || key.second == PartMap::all ? highest() : key;
  }
};

template <typename Body>
void with_any_key_map(DType dtype, Body body) {
  switch (dtype) {
    case DType::complex64: return body(ComplexKeyMap<FloatKeyMap<uint32_t, WideLayout<float>::infinity>>{});
    case DType::complex128: return body(ComplexKeyMap<FloatKeyMap<uint64_t, WideLayout<double>::infinity>>{});
    case DType::float8_e4m3fn:
    case DType::float8_e5m2: fail(Status::type_mismatch, "unique does not take ", dtype, ": it is for storage only");
    default: return with_key_map(dtype, "unique", body);
  }
}

// A NaN is unlike any other.
template <typename KeyMap>
bool is_nan_key(const typename KeyMap::Key &key) {
  if constexpr (!KeyMap::has_nan)
    return false;
  else if constexpr (std::is_class_v<typename KeyMap::Key>)
    return key == KeyMap::highest();
  else
    return key == KeyMap::key(KeyMap::all);
}

template <typename KeyMap>
typename KeyMap::Key key_at(const Tensor &dense, int64_t index) {
  typename KeyMap::Bits bits;
  std::memcpy(&bits, dense.data + index * static_cast<int64_t>(sizeof(bits)), sizeof(bits));
  return KeyMap::key(bits);
}

template <typename Key>
void order_elements(std::span<int64_t> order, const std::vector<Key> &keys) {
  if constexpr (std::is_class_v<Key>) {
    std::iota(order.begin(), order.end(), int64_t{0});
    std::stable_sort(order.begin(), order.end(), [&](int64_t first, int64_t second) {
      return keys[static_cast<size_t>(first)] < keys[static_cast<size_t>(second)];
    });
  } else {
    SortScratch scratch;
    order_keys(order, std::span<const Key>(keys), scratch);
  }
}

// Where each run of equal elements begins in their order, and at the end their count.
template <typename KeyMap, typename KeyInOrder>
std::vector<int64_t> runs_of(int64_t count, KeyInOrder key_in_order) {
  std::vector<int64_t> begins;
  typename KeyMap::Key before{};
  for (int64_t index = 0; index < count; ++index) {
    const typename KeyMap::Key key = key_in_order(index);
    if (index == 0 || key != before || is_nan_key<KeyMap>(key)) begins.push_back(index);
    before = key;
  }
  begins.push_back(count);
  return begins;
}

// The elements that stand for count runs; index_of(run) says where each lies in dense.
template <typename IndexOf>
Tensor elements_at(const Tensor &dense, int64_t count, IndexOf index_of) {
  Tensor picked = empty(dense.dtype, {count}, {});
  with_element_size(dtype_size(dense.dtype), [&](auto size) {
    for (int64_t run = 0; run < count; ++run)
      std::memcpy(picked.data + static_cast<size_t>(run) * size, dense.data + static_cast<size_t>(index_of(run)) * size,
                  size);
  });
  return picked;
}

int64_t *integers_of(const Tensor &tensor) { return reinterpret_cast<int64_t *>(tensor.data); }

// By the sorted elements alone: of equal ones the first in the tensor is the first there too.
template <typename KeyMap>
Tensor unique_values(const Tensor &dense) {
  const Tensor sorted = sort(dense, 0, false);
  const std::vector<int64_t> begins =
      runs_of<KeyMap>(dense.element_count(), [&](int64_t index) { return key_at<KeyMap>(sorted, index); });
  return elements_at(sorted, static_cast<int64_t>(begins.size()) - 1,
                     [&](int64_t run) { return begins[static_cast<size_t>(run)]; });
}

template <typename KeyMap>
Unique unique_with_indices(const Tensor &dense, const Extents &shape, UniqueParts wanted) {
  const int64_t count = dense.element_count();
  std::vector<typename KeyMap::Key> keys(static_cast<size_t>(count));
  for (int64_t index = 0; index < count; ++index) keys[static_cast<size_t>(index)] = key_at<KeyMap>(dense, index);
  std::vector<int64_t> order(static_cast<size_t>(count));
  order_elements(std::span<int64_t>(order), keys);
  const std::vector<int64_t> begins = runs_of<KeyMap>(
      count, [&](int64_t index) -> const auto & {
        return keys[static_cast<size_t>(order[static_cast<size_t>(index)])];
      });
  const auto runs = static_cast<int64_t>(begins.size()) - 1;
  const auto first_of = [&](int64_t run) { return order[static_cast<size_t>(begins[static_cast<size_t>(run)])]; };
  Unique found{.values = elements_at(dense, runs, first_of), .first_indices = {}, .inverse = {}, .counts = {}};
  if (wanted.first_indices) {
    found.first_indices = empty(DType::int64, {runs}, {});
    for (int64_t run = 0; run < runs; ++run) integers_of(found.first_indices)[run] = first_of(run);
  }
  if (wanted.counts) {
    found.counts = empty(DType::int64, {runs}, {});
    for (size_t run = 0; run + 1 < begins.size(); ++run) integers_of(found.counts)[run] = begins[run + 1] - begins[run];
  }
  if (wanted.inverse) {
    found.inverse = empty(DType::int64, shape, {});
    for (size_t run = 0; run + 1 < begins.size(); ++run)
      for (int64_t place = begins[run]; place < begins[run + 1]; ++place)
        integers_of(found.inverse)[order[static_cast<size_t>(place)]] = static_cast<int64_t>(run);
  }
  return found;
}

Unique moved_to(const Unique &found, Device device) {
  const auto moved = [&](const Tensor &part) { return part.storage ? on_device(part, device) : part; };
  return {moved(found.values), moved(found.first_indices), moved(found.inverse), moved(found.counts)};
}

}  // namespace

Unique unique(const Tensor &tensor, UniqueParts wanted) {
  with_any_key_map(tensor.dtype, [](auto) {});
  const Tensor dense = flatten(contiguous(in_main_memory(tensor)));
  Unique found;
  with_any_key_map(tensor.dtype, [&](auto map) {
    using KeyMap = decltype(map);
    if constexpr (!std::is_class_v<typename KeyMap::Key>) {
      if (!wanted.first_indices && !wanted.inverse && !wanted.counts) {
        found.values = unique_values<KeyMap>(dense);
        return;
      }
    }
    found = unique_with_indices<KeyMap>(dense, tensor.shape, wanted);
  });
  return moved_to(found, tensor.device());
}

}  // namespace penstock::core
