#include <algorithm>
#include <array>
#include <cstring>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/ops/operands.h"
#include "core/ops/promotion.h"
#include "core/ops/search.h"
#include "core/ops/sort_keys.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"
#include "core/tensor/index.h"
#include "core/tensor/strided_loop.h"
#include "core/tensor/transfer.h"

namespace penstock::core {
namespace {

struct SortedLine {
  const std::byte *data;
  int64_t stride, count;  // the stride in bytes
};

template <typename KeyMap>
typename KeyMap::Key key_at(const std::byte *element) {
  typename KeyMap::Bits bits;
  std::memcpy(&bits, element, sizeof(bits));
  return KeyMap::key(bits);
}

// How many of the line come before what has the key; with is_right those that equal it too.  Without branches: what is
// searched for can seldom be foreseen.
template <typename KeyMap>
int64_t place_of(const SortedLine &line, typename KeyMap::Key key, bool is_right) {
  int64_t begin = 0, count = line.count;
  while (count > 0) {
    const int64_t half = count / 2;
    const auto middle = key_at<KeyMap>(line.data + (begin + half) * line.stride);
    const bool is_before = is_right ? middle <= key : middle < key;
    begin += is_before ? half + 1 : 0;
    count = is_before ? count - half - 1 : half;
  }
  return begin;
}

void require_searchable(const Tensor &sorted, const Tensor &values, const Tensor *sorter) {
  if (sorted.ndim() != 1)
    fail(Status::invalid_argument, "searchsorted: the sorted values have shape ", sorted.shape, ": expected one axis");
  for (const Tensor *each : {&sorted, &values}) with_key_map(each->dtype, "searchsorted", [](auto) {});
  if (sorter == nullptr) return;
  if (sorter->shape != sorted.shape)
    fail(Status::invalid_argument, "searchsorted: the sorter has shape ", sorter->shape, ", the sorted values ",
         sorted.shape);
  if (sorter->dtype != DType::int64)
    fail(Status::type_mismatch, "searchsorted: the sorter is of ", sorter->dtype, ": expected int64");
}

}  // namespace

Tensor search_sorted(const Tensor &sorted, const Tensor &values, Side side, const Tensor *sorter) {
  require_searchable(sorted, values, sorter);
  const DType common = promote(sorted.dtype, values.dtype);
  const Tensor line_tensor = in_main_memory(sorter == nullptr ? sorted : take(sorted, std::array{sorter}));
  const Tensor line_values = in_dtype(line_tensor, common);
  const Tensor wanted = contiguous(in_dtype(in_main_memory(values), common));
  const Tensor found = empty(DType::int64, values.shape, {});
  const SortedLine line{line_values.data, memory_of(line_values).strides[0], line_values.element_count()};
  constexpr int64_t shard_elements = 4096;
  with_key_map(common, "searchsorted", [&](auto map) {
    using KeyMap = decltype(map);
    parallel_for(found.element_count(), shard_elements, [&](Range range) {
      for (int64_t index = range.begin; index < range.end; ++index) {
        const auto key = key_at<KeyMap>(wanted.data + index * dtype_size(common));
        const int64_t place = place_of<KeyMap>(line, key, side == Side::right);
        std::memcpy(found.data + index * static_cast<int64_t>(sizeof(place)), &place, sizeof(place));
      }
    });
  });
  return on_device(found, values.device());
}

}  // namespace penstock::core
