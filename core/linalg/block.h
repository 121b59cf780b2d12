// A block of a matrix product, the piece that one shard computes, and the kernels that compute it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/tensor/dtype.h"

namespace penstock::core {

// A matrix in memory; strides are in elements, and may be 0 or negative.
struct MatrixView {
  std::byte *data = nullptr;
  int64_t row_stride = 0;
  int64_t column_stride = 0;
};

// out = left x right.  left has rows x inner elements, right inner x columns; all are of one dtype, and out lies apart.
struct Block {
  MatrixView out;  // column_stride 1
  MatrixView left;
  MatrixView right;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t inner = 0;
  bool keeps_sums = false;  // out takes the sums as BlockKernel::sum_nbytes says, not yet rounded to the dtype
};

// Each element of out is summed over inner in stretches of a fixed length, and the stretches one after the other; within a
// stretch one product after the other, or, where dots are faster (kernels/dot.h, kernels/dot_tile.h), in sums side by side.
// The bits of floats depend on the dtype, on the sizes, on which axes lie densely and on whether the processor fuses a
// product with the sum that it goes into, and on nothing else.  Integers wrap around; bool is true where a product is.
struct BlockKernel {
  void (*multiply)(const Block &block, std::byte *workspace) = nullptr;
  int64_t (*workspace_nbytes)(const Block &block) = nullptr;  // of the workspace, aligned to 64 bytes
  int64_t sum_nbytes = 0;                                     // what one element is summed in
  // out = so many rows x columns sums that lie one after the other, added up in that order; sums is overwritten.
  void (*add_up)(const Block &block, std::byte *sums, int64_t count) = nullptr;
};

// Null kernels where a table has none for the dtype.
using BlockKernelTable = BlockKernel (*)(DType dtype);
BlockKernel block_kernel_16(DType dtype);        // for vectors of 16 bytes: any processor
BlockKernel block_kernel_32(DType dtype);        // needs AVX2 and FMA
BlockKernel block_kernel_64(DType dtype);        // needs AVX-512 F, BW, DQ, VL
BlockKernel block_kernel_bfloat16(DType dtype);  // needs AVX-512 BF16 as well; of bfloat16 alone

// The fastest for this processor; never null for a dtype other than the storage-only ones.
BlockKernel find_block_kernel(DType dtype);

}  // namespace penstock::core
