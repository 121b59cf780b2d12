#include "core/io/dense_blocks.h"

#include <algorithm>
#include <vector>

#include "core/tensor/copy.h"
#include "core/tensor/view.h"

namespace penstock::core {
namespace {

using Consumer = std::function<void(std::span<const std::byte>)>;

void cut_dense(const Tensor &tensor, const Consumer &consume) {
  const int64_t nbytes = tensor.nbytes();
  for (int64_t offset = 0; offset < nbytes; offset += largest_block_nbytes) {
    const int64_t block_nbytes = std::min(largest_block_nbytes, nbytes - offset);
    consume({tensor.data + offset, static_cast<size_t>(block_nbytes)});
  }
}

// Cuts along the first axis into blocks of whole rows; rows too large for one are cut themselves.
void gather(const Tensor &tensor, std::vector<std::byte> &room, const Consumer &consume) {
  const int64_t nbytes = tensor.nbytes();
  if (tensor.is_contiguous() && tensor.device().type == DeviceType::cpu) return cut_dense(tensor, consume);
  if (nbytes <= largest_block_nbytes) {
    room.resize(static_cast<size_t>(nbytes));
    to_data(room.data(), room.size(), tensor);
    return consume(room);
  }
  const int64_t rows = tensor.shape[0], rows_a_block = std::max<int64_t>(largest_block_nbytes / (nbytes / rows), 1);
  for (int64_t row = 0; row < rows; row += rows_a_block) {
    if (rows_a_block == 1)
      gather(select(tensor, 0, row), room, consume);
    else
      gather(narrow(tensor, 0, row, std::min(rows_a_block, rows - row)), room, consume);
  }
}

}  // namespace

void for_each_dense_block(const Tensor &tensor, const Consumer &consume) {
  std::vector<std::byte> room;
  gather(tensor, room, consume);
}

}  // namespace penstock::core
