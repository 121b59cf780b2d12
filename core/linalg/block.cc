#include "core/linalg/block.h"

#include "core/base/processor.h"

namespace penstock::core {
namespace {

BlockKernelTable widest_table() {
  if (processor_has_64_byte_vectors()) return block_kernel_64;
  if (processor_has_32_byte_vectors() && processor_has_fused_multiply_add()) return block_kernel_32;
  return block_kernel_16;
}

}  // namespace

BlockKernel find_block_kernel(DType dtype) {
  static const BlockKernelTable widest = widest_table();
  static const bool multiplies_bfloat16 = processor_has_bfloat16_products();
  if (multiplies_bfloat16 && dtype == DType::bfloat16) return block_kernel_bfloat16(dtype);
  return widest(dtype);
}

}  // namespace penstock::core
