#include "core/image/jpeg.h"

#include "core/base/plugin.h"

namespace penstock::core {
namespace {

const CodecFunctions &jpeg_functions() {
  try {
    return *static_cast<const CodecFunctions *>(open_plugin("jpeg").functions);
  } catch (const Error &error) {
    fail(error.status(), "JPEG images cannot be decoded here: ", error.sentence(),
         "; a build that finds libjpeg-turbo has it (Debian and Ubuntu: apt-get install libjpeg62-turbo-dev)");
  }
}

// A picture of 64 pixels takes a bit in the first scan at least, and at most four such blocks share one.
constexpr int64_t most_pixels_a_byte = 8 * 64 * 4;

}  // namespace

void require_decodable(const JpegHeader &header, size_t size) {
  if (header.components == 4)
    fail(Status::data_error, "JPEG: of 4 channels, CMYK or YCCK: expected grey or colour (YCbCr or RGB)");
  if (header.components != 1 && header.components != 3)
    fail(Status::data_error, "JPEG: of ", header.components, " channels: expected 1 or 3");
  const int64_t pixels = int64_t{header.width} * header.height;
  if (!header.arithmetic && static_cast<uint64_t>(pixels / most_pixels_a_byte) > size)
    fail(Status::data_error, "JPEG: cut short: ", header.width, " x ", header.height, " pixels take more than its ",
         size, " bytes");
}

JpegDecoder::JpegDecoder() : functions_(jpeg_functions()), decoder_(functions_.open()) {
  if (decoder_ == nullptr) fail(Status::out_of_memory, "no memory for a decoder of JPEG images");
}

JpegDecoder::~JpegDecoder() { functions_.close(decoder_); }

void JpegDecoder::decode(std::span<const std::byte> bytes, const JpegHeader &header, int32_t shrink, uint8_t *rows,
                         int64_t row_stride) {
  const CodecRequest request = {reinterpret_cast<const uint8_t *>(bytes.data()),
                                bytes.size(),
                                header.width,
                                header.height,
                                header.components,
                                shrink,
                                rows,
                                row_stride};
  CodecFailure failure;
  if (!functions_.decode(decoder_, &request, &failure)) throw Error(failure.status, failure.sentence);
}

}  // namespace penstock::core
