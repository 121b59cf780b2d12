#include "core/io/npy.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <vector>

#include "core/base/error.h"
#include "core/base/trace.h"
#include "core/io/atomic_file.h"
#include "core/io/byte_order.h"
#include "core/io/deflate.h"
#include "core/io/dense_blocks.h"
#include "core/io/npy_header.h"
#include "core/io/save_meter.h"
#include "core/io/utf8.h"
#include "core/tensor/create.h"
#include "core/tensor/transfer.h"

namespace penstock::core {
namespace {

static_assert(std::endian::native == std::endian::little,
              "elements are written as they lie in memory, and as '<' says");

Extents column_major_strides(const Extents &shape) {
  Extents strides = Extents::filled(shape.size(), 1);
  for (int32_t axis = 1; axis < shape.size(); ++axis)
    strides[axis] = strides[axis - 1] * std::max<int64_t>(shape[axis - 1], 1);
  return strides;
}

Extents strides_of(const NpyHeader &header) {
  return header.column_major ? column_major_strides(header.shape) : row_major_strides(header.shape);
}

// Main memory for the elements, to be filled in the order of the file.
Tensor make_tensor(const NpyHeader &header) {
  Tensor tensor = empty(header.dtype, header.shape, {});
  tensor.strides = strides_of(header);
  return tensor;
}

// From the file's byte order into the machine's.  The parts of a complex number are turned each for itself.
void settle_byte_order(const Tensor &tensor, const NpyHeader &header) {
  if (!header.big_endian) return;
  const int64_t width = dtype_info(header.dtype).alignment;
  swap_byte_order(tensor.data, header.nbytes / width, width);
}

std::vector<std::byte> read_start(const FilePart &part) {
  std::vector<std::byte> start(static_cast<size_t>(std::min<uint64_t>(part.size, longest_npy_header)));
  part.file.read(part.offset, start);
  return start;
}

}  // namespace

Tensor read_npy(const FilePart &part, std::string_view place, const LoadOptions &options, uint32_t *crc) {
  const std::vector<std::byte> start = read_start(part);
  const NpyHeader header = parse_npy_header(start, part.size, place);
  if (crc != nullptr) *crc = crc32(0, std::span(start).first(header.data_offset));
  Tensor tensor = make_tensor(header);
  int64_t done = 0;
  do {
    const int64_t block_nbytes = std::min(largest_block_nbytes, header.nbytes - done);
    const std::span<std::byte> block(tensor.data + done, static_cast<size_t>(block_nbytes));
    const uint64_t position = header.data_offset + static_cast<uint64_t>(done);
    part.file.read(part.offset + position, block);
    if (crc != nullptr) *crc = crc32(*crc, block);
    done += block_nbytes;
    options.progress.report(position + block.size(), part.size);
  } while (done < header.nbytes);
  settle_byte_order(tensor, header);
  return on_device(tensor, options.device);
}

Tensor load_npy(const std::string &path, const LoadOptions &options) {
  const TraceSpan span("load npy");
  const File file = File::open(path);
  return read_npy({file, 0, file.size()}, in_quotes(path), options, nullptr);
}

Tensor parse_npy(std::span<const std::byte> bytes, std::string_view place, const Device &device) {
  const NpyHeader header = parse_npy_header(bytes, bytes.size(), place);
  Tensor tensor = make_tensor(header);
  if (header.nbytes > 0)
    std::memcpy(tensor.data, bytes.data() + header.data_offset, static_cast<size_t>(header.nbytes));
  settle_byte_order(tensor, header);
  return on_device(tensor, device);
}

Tensor adopt_npy(Reference<Storage> storage, std::string_view place) {
  const auto size = static_cast<uint64_t>(storage->nbytes());
  const NpyHeader header = parse_npy_header({storage->data(), static_cast<size_t>(size)}, size, place);
  Tensor tensor;
  tensor.dtype = header.dtype;
  tensor.shape = header.shape;
  tensor.strides = strides_of(header);
  if (header.nbytes > 0) {
    tensor.data = storage->data() + header.data_offset;
    // A header that NumPy wrote keeps the elements as well aligned as the memory is; with another one they move up.
    if (header.data_offset % static_cast<uint64_t>(Storage::default_alignment) != 0) {
      std::memmove(storage->data(), tensor.data, static_cast<size_t>(header.nbytes));
      tensor.data = storage->data();
    }
  }
  tensor.storage = std::move(storage);
  settle_byte_order(tensor, header);
  return tensor;
}

void save_npy(const std::string &path, const Tensor &tensor, const SaveOptions &options) {
  const TraceSpan span("save npy");
  const std::string header = format_npy_header(tensor.dtype, tensor.shape, in_quotes(path));
  AtomicFile file(path);
  file.append(std::as_bytes(std::span(header)));
  SaveMeter meter(options.progress, static_cast<uint64_t>(tensor.nbytes()));
  for_each_dense_block(tensor, [&](std::span<const std::byte> block) {
    file.append(block);
    meter.advance(block.size());
  });
  meter.finish();
  file.commit();
}

}  // namespace penstock::core
