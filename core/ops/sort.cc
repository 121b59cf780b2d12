#include "core/ops/sort.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <numeric>
#include <span>
#include <vector>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/ops/operands.h"
#include "core/ops/radix_sort.h"
#include "core/ops/sort_keys.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/transfer.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

// Axes in the order that puts one last, and the order that undoes it.
Tensor with_axis_last(const Tensor &tensor, int32_t axis) {
  std::array<int32_t, max_ndim> order;
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin() + axis, order.begin() + axis + 1, order.begin() + tensor.ndim());
  return permute(tensor, {order.data(), static_cast<size_t>(tensor.ndim())});
}

Tensor with_last_axis_at(const Tensor &tensor, int32_t axis) {
  std::array<int32_t, max_ndim> order;
  std::iota(order.begin(), order.end(), 0);
  std::rotate(order.begin() + axis, order.begin() + tensor.ndim() - 1, order.begin() + tensor.ndim());
  return permute(tensor, {order.data(), static_cast<size_t>(tensor.ndim())});
}

// Calls body(line) for the index of each line of length elements, with memory to sort in; lines are dense.
template <typename Body>
void for_each_line(const Tensor &dense, Body body) {
  const int64_t length = dense.shape[dense.ndim() - 1];
  const int64_t lines = dense.element_count() / length;
  constexpr int64_t shard_elements = 16384;
  parallel_for(lines, std::max<int64_t>(1, shard_elements / length), [&](Range range) {
    SortScratch scratch;
    for (int64_t line = range.begin; line < range.end; ++line) body(line, scratch);
  });
}

template <typename Bits>
Bits load_bits(const std::byte *element) {
  Bits bits;
  std::memcpy(&bits, element, sizeof(bits));
  return bits;
}

// The keys of a line, turned round for a descending order: a stable sort of them keeps equal elements as they stand.
template <typename KeyMap>
std::span<typename KeyMap::Key> keys_of_line(const std::byte *line, int64_t length, typename KeyMap::Key turn,
                                             SortScratch &scratch) {
  using Bits = typename KeyMap::Bits;
  using Key = typename KeyMap::Key;
  const auto count = static_cast<size_t>(length);
  Key *keys = scratch.numbers<Key>(1, count);
  for (size_t index = 0; index < count; ++index)
    keys[index] = KeyMap::key(load_bits<Bits>(line + index * sizeof(Bits))) ^ turn;
  return {keys, count};
}

// The elements of a line that others of different bits may be equal to, in the order in which they stand.
template <typename KeyMap>
std::vector<typename KeyMap::Bits> equals_of_line(const std::byte *line, size_t count) {
  using Bits = typename KeyMap::Bits;
  bool has_some = false;
  for (size_t index = 0; index < count; ++index)
    has_some |= KeyMap::is_one_of_equals(load_bits<Bits>(line + index * sizeof(Bits)));
  std::vector<Bits> equals;
  for (size_t index = 0; has_some && index < count; ++index) {
    const Bits bits = load_bits<Bits>(line + index * sizeof(Bits));
    if (KeyMap::is_one_of_equals(bits)) equals.push_back(bits);
  }
  return equals;
}

// Sorts a line by its keys and writes back what these stand for; elements whose bits their key does not tell follow in
// the order in which they stood.
template <typename KeyMap>
void sort_line(std::byte *line, int64_t length, typename KeyMap::Key turn, SortScratch &scratch) {
  using Bits = typename KeyMap::Bits;
  using Key = typename KeyMap::Key;
  const std::span<Key> keys = keys_of_line<KeyMap>(line, length, turn, scratch);
  std::vector<Bits> equals;
  if constexpr (KeyMap::has_equals) equals = equals_of_line<KeyMap>(line, keys.size());
  sort_keys(keys, scratch);
  const auto write = [&](size_t index, Bits bits) { std::memcpy(line + index * sizeof(Bits), &bits, sizeof(bits)); };
  for (size_t index = 0; index < keys.size(); ++index) write(index, KeyMap::bits(keys[index] ^ turn));
  if constexpr (KeyMap::has_equals) {
    for (const bool is_zero : {true, false}) {
      const Key key = (is_zero ? KeyMap::key(0) : KeyMap::key(KeyMap::all)) ^ turn;
      auto place = static_cast<size_t>(std::lower_bound(keys.begin(), keys.end(), key) - keys.begin());
      for (const Bits bits : equals)
        if (((bits & KeyMap::magnitude_mask) == 0) == is_zero) write(place++, bits);
    }
  }
}

template <typename KeyMap>
constexpr typename KeyMap::Key turn_of(bool is_descending) {
  return is_descending ? static_cast<typename KeyMap::Key>(~typename KeyMap::Key{0}) : 0;
}

}  // namespace

Tensor sort(const Tensor &tensor, int32_t axis, bool is_descending) {
  with_key_map(tensor.dtype, "sort", [](auto) {});
  axis = resolve_axis_of("sort", axis, tensor);
  if (!on_cpu(tensor)) return on_device(sort(in_main_memory(tensor), axis, is_descending), tensor.device());
  const Tensor sorted = clone(with_axis_last(tensor, axis));
  if (sorted.element_count() > 0) {
    const int64_t length = tensor.shape[axis];
    with_key_map(tensor.dtype, "sort", [&](auto map) {
      using KeyMap = decltype(map);
      for_each_line(sorted, [&](int64_t line, SortScratch &scratch) {
        sort_line<KeyMap>(sorted.data + line * length * static_cast<int64_t>(sizeof(typename KeyMap::Bits)), length,
                          turn_of<KeyMap>(is_descending), scratch);
      });
    });
  }
  return contiguous(with_last_axis_at(sorted, axis));
}

Tensor argsort(const Tensor &tensor, int32_t axis, bool is_descending) {
  with_key_map(tensor.dtype, "argsort", [](auto) {});
  axis = resolve_axis_of("argsort", axis, tensor);
  if (!on_cpu(tensor)) return on_device(argsort(in_main_memory(tensor), axis, is_descending), tensor.device());
  const Tensor dense = contiguous(with_axis_last(tensor, axis));
  const Tensor order = empty(DType::int64, dense.shape, {});
  if (order.element_count() > 0) {
    const int64_t length = tensor.shape[axis];
    with_key_map(tensor.dtype, "argsort", [&](auto map) {
      using KeyMap = decltype(map);
      for_each_line(dense, [&](int64_t line, SortScratch &scratch) {
        const std::byte *elements = dense.data + line * length * static_cast<int64_t>(sizeof(typename KeyMap::Bits));
        const std::span<typename KeyMap::Key> keys =
            keys_of_line<KeyMap>(elements, length, turn_of<KeyMap>(is_descending), scratch);
        order_keys({reinterpret_cast<int64_t *>(order.data) + line * length, keys.size()},
                   std::span<const typename KeyMap::Key>(keys), scratch);
      });
    });
  }
  return contiguous(with_last_axis_at(order, axis));
}

}  // namespace penstock::core
