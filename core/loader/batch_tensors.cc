#include "core/loader/batch_tensors.h"

#include "core/loader/lc0_tensors.h"

namespace penstock::core {

Lc0Tensors make_lc0_tensors(const Batch &batch, const LoaderOptions &options, StoragePool &pool) {
  const auto count = static_cast<int64_t>(batch.positions.size());
  const auto rows = [&](const Extents &shape) { return make_rows(pool, options.dtype, shape, options.batch_size); };
  const Tensor planes = rows({count, lc0_planes, 8, 8}), policy = rows({count, lc0_policy_size}),
               values = rows({count, lc0_value_rows, lc0_value_columns});
  expand_lc0_positions({planes.data, policy.data, values.data}, batch.positions, options.dtype);
  return {planes, policy, values};
}

}  // namespace penstock::core
