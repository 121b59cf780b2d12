// Programs for a KPU: instructions as text, one a line, each a name and its values.
//
//   load to=0 from=0x1000 bytes=4096 operand=weight     external memory to scratchpad; operand: input (default) or weight
//   store to=0x2000 from=8192 bytes=4096                scratchpad to external memory
//   matmul a=0 b=4096 c=8192 m=32 k=32 n=32 dtype=float32        row-major, all three in the scratchpad
//   conv input=0 weight=4096 output=8192 channels=3 height=8 width=8 filters=4 filter_height=3 filter_width=3
//        batch=1 stride=1 padding=0 groups=1 dtype=int8          laid out as convolution.h says; on one line
//   activation at=8192 count=1024 function=relu dtype=float32    in place; relu or relu6; float32 or int32
//   barrier                                                       waits until all before it has ended
//
// # begins a comment.  Values of dtype, batch, stride, padding, groups and operand may be left out: float32, 1, 1, 0, 1,
// input.  Instructions take effect in their order.  Three engines (DMA, array, vector unit) work at once: an instruction
// starts when its engine is free and no earlier one that has not ended touches a range that one of the two writes.
#pragma once

#include <string_view>
#include <vector>

#include "core/kpu/device.h"

namespace penstock::core::kpu {

// Runs a whole program as one job named "program", or nothing of it.  Throws data_error with the line for what does not
// parse or is unknown; what the same error would be elsewhere, with its line, for addresses outside a memory, results that
// overlap their operands, and sizes that are wrong.
void run_program(Device &device, std::string_view content);

}  // namespace penstock::core::kpu
