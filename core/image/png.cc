#include "core/image/png.h"

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "core/base/error.h"
#include "core/image/png_filter.h"
#include "core/image/png_row.h"
#include "core/io/big_endian.h"
#include "core/io/deflate.h"

namespace penstock::core {
namespace {

constexpr uint32_t largest_chunk = 0x7FFFFFFF, largest_side = 0x7FFFFFFF;
constexpr size_t chunk_overhead = 12;  // length, type and CRC

constexpr uint32_t chunk_type(const char (&name)[5]) {
  uint32_t type = 0;
  for (int index = 0; index < 4; ++index) type = type << 8 | static_cast<uint8_t>(name[index]);
  return type;
}

struct Chunk {
  uint32_t type = 0;
  size_t offset = 0;                // of its length
  std::span<const std::byte> data;  // as much of it as is there
  bool whole = false;               // its CRC is there too

  std::string name() const {
    std::string letters;
    for (int shift = 24; shift >= 0; shift -= 8) {
      const auto letter = static_cast<char>(type >> shift & 0xFF);
      letters += letter >= ' ' && letter <= '~' ? letter : '?';
    }
    return letters;
  }
  bool is_critical() const { return (type >> 24 & 0x20) == 0; }
};

// The chunks one after the other; the last one may be cut short.
class Chunks {
 public:
  explicit Chunks(std::span<const std::byte> bytes) : bytes_(bytes) {}

  bool next(Chunk &chunk) {
    if (bytes_.size() - offset_ < 8) return false;
    const auto length = load_big_endian<uint32_t>(bytes_.data() + offset_);
    if (length > largest_chunk)
      fail(Status::data_error, "PNG: a chunk of ", length, " bytes at byte ", offset_, ": expected at most ",
           largest_chunk);
    chunk.type = load_big_endian<uint32_t>(bytes_.data() + offset_ + 4);
    chunk.offset = offset_;
    const size_t there = bytes_.size() - offset_ - 8;
    chunk.data = bytes_.subspan(offset_ + 8, std::min<size_t>(length, there));
    chunk.whole = there >= size_t{length} + 4;
    offset_ = chunk.whole ? offset_ + length + chunk_overhead : bytes_.size();
    return true;
  }

 private:
  std::span<const std::byte> bytes_;
  size_t offset_ = sizeof(png_signature);
};

bool is_allowed(PngColour colour, int32_t bits) {
  switch (colour) {
    case PngColour::grey: return bits == 1 || bits == 2 || bits == 4 || bits == 8 || bits == 16;
    case PngColour::palette: return bits == 1 || bits == 2 || bits == 4 || bits == 8;
    case PngColour::rgb:
    case PngColour::grey_alpha:
    case PngColour::rgb_alpha: return bits == 8 || bits == 16;
  }
  return false;
}

PngHeader read_sizes(const Chunk &chunk) {
  if (chunk.type != chunk_type("IHDR") || chunk.data.size() != 13)
    fail(Status::data_error, "PNG: its first chunk is ", chunk.name(), " of ", chunk.data.size(),
         " bytes: expected IHDR of 13");
  const std::byte *data = chunk.data.data();
  const auto width = load_big_endian<uint32_t>(data), height = load_big_endian<uint32_t>(data + 4);
  if (width == 0 || height == 0 || width > largest_side || height > largest_side)
    fail(Status::data_error, "PNG: of ", width, " x ", height, " pixels: expected 1 to ", largest_side, " a side");
  PngHeader header;
  header.width = static_cast<int32_t>(width);
  header.height = static_cast<int32_t>(height);
  header.bits = static_cast<int32_t>(data[8]);
  header.colour = static_cast<PngColour>(data[9]);
  if (!is_allowed(header.colour, header.bits))
    fail(Status::data_error, "PNG: ", header.bits, " bits a sample do not go with colour type ",
         static_cast<int32_t>(data[9]));
  const auto compression = static_cast<int32_t>(data[10]), filter = static_cast<int32_t>(data[11]);
  const auto interlace = static_cast<int32_t>(data[12]);
  if (compression != 0 || filter != 0 || interlace > 1)
    fail(Status::data_error, "PNG: compression ", compression, ", filter method ", filter, ", interlace method ",
         interlace, ": expected 0, 0, and 0 or 1");
  header.interlaced = interlace == 1;
  return header;
}

void require_palette(const PngHeader &header, const Chunk &chunk) {
  const size_t size = chunk.data.size();
  const bool has_place = header.colour != PngColour::grey && header.colour != PngColour::grey_alpha;
  if (!has_place || size == 0 || size % 3 != 0 || size > 768 || !header.palette.empty())
    fail(Status::data_error, "PNG: a palette of ", size, " bytes at byte ", chunk.offset, ": expected ",
         has_place ? "one, of 3 to 768 bytes, 3 an entry" : "none in a grey image");
}

void require_transparency(const PngHeader &header, const Chunk &chunk) {
  const size_t size = chunk.data.size();
  const bool fits = (header.colour == PngColour::grey && size == 2) || (header.colour == PngColour::rgb && size == 6) ||
                    (header.colour == PngColour::palette && size >= 1 && size <= header.palette.size() / 3);
  if (!fits)
    fail(Status::data_error, "PNG: tRNS of ", size, " bytes at byte ", chunk.offset, " does not go with colour type ",
         static_cast<int32_t>(header.colour));
}

void require_intact(const Chunk &chunk, std::span<const std::byte> bytes) {
  if (!chunk.whole)
    fail(Status::data_error, "PNG: cut short: its ", bytes.size(), " bytes end in chunk ", chunk.name(), " at byte ",
         chunk.offset);
  const auto stated = load_big_endian<uint32_t>(chunk.data.data() + chunk.data.size());
  const uint32_t found = crc32(0, bytes.subspan(chunk.offset + 4, chunk.data.size() + 4));
  if (stated != found)
    fail(Status::data_error, "PNG: chunk ", chunk.name(), " at byte ", chunk.offset, " has the CRC-32 ", found,
         ", stated is ", stated);
}

// The seven pictures that an interlaced one is stored as: pixel (x, y) of one is (first_x + x * step_x, ...) of the whole.
struct Pass {
  int32_t first_x, first_y, step_x, step_y;
};
constexpr Pass passes[7] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                            {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
constexpr Pass whole_picture[1] = {{0, 0, 1, 1}};

std::span<const Pass> passes_of(const PngHeader &header) {
  return header.interlaced ? std::span<const Pass>(passes) : std::span<const Pass>(whole_picture);
}

int64_t steps(int32_t size, int32_t first, int32_t step) {
  return size <= first ? 0 : (int64_t{size} - first + step - 1) / step;
}

int64_t row_size(const PngHeader &header, int64_t width) { return (width * header.samples() * header.bits + 7) / 8; }

uint64_t raw_size(const PngHeader &header) {
  uint64_t size = 0;
  for (const Pass &pass : passes_of(header)) {
    const int64_t width = steps(header.width, pass.first_x, pass.step_x);
    if (width > 0)
      size += static_cast<uint64_t>(steps(header.height, pass.first_y, pass.step_y) * (row_size(header, width) + 1));
  }
  return size;
}

// One pass's rows, unfiltered and spread; returns where the next pass's rows begin.
uint8_t *decode_pass(const PngHeader &header, const Pass &pass, uint8_t *raw, uint8_t *rows, int64_t row_stride) {
  const int64_t width = steps(header.width, pass.first_x, pass.step_x);
  const int64_t height = width > 0 ? steps(header.height, pass.first_y, pass.step_y) : 0;
  const int64_t size = row_size(header, width), pixel_size = std::max(1, header.samples() * header.bits / 8);
  const int64_t channels = header.channels();
  for (int64_t y = 0; y < height; ++y, raw += size + 1) {
    if (*raw > 4)
      fail(Status::data_error, "PNG: row ", pass.first_y + y * pass.step_y, " has filter ", int32_t{*raw},
           ": expected 0 to 4");
    // Above the first row lie zeros: what differs from them is left, and a filter of two neighbours sees one.
    if (y > 0)
      undo_png_filter(*raw, raw + 1, raw - size, size, pixel_size);
    else
      undo_first_png_filter(*raw, raw + 1, size, pixel_size);
    uint8_t *row = rows + (pass.first_y + y * pass.step_y) * row_stride + pass.first_x * channels;
    spread_png_row(header, raw + 1, width, row, pass.step_x * channels);
  }
  return raw;
}

}  // namespace

int32_t PngHeader::samples() const {
  switch (colour) {
    case PngColour::rgb: return 3;
    case PngColour::rgb_alpha: return 4;
    case PngColour::grey_alpha: return 2;
    default: return 1;
  }
}

int32_t PngHeader::channels() const {
  const int32_t opaque = colour == PngColour::palette ? 3 : samples();
  return opaque + (transparency.empty() ? 0 : 1);
}

PngHeader read_png_header(std::span<const std::byte> bytes) {
  Chunks chunks(bytes);
  Chunk chunk;
  if (!chunks.next(chunk) || !chunk.whole)
    fail(Status::data_error, "PNG: cut short: its ", bytes.size(), " bytes end in its header");
  require_intact(chunk, bytes);
  PngHeader header = read_sizes(chunk);
  bool before_pixels = true;
  while (chunks.next(chunk) && chunk.whole) {
    if (chunk.type == chunk_type("IDAT")) {
      before_pixels = false;
    } else if (chunk.type == chunk_type("PLTE") && before_pixels) {
      require_palette(header, chunk);
      header.palette = chunk.data;
    } else if (chunk.type == chunk_type("tRNS") && before_pixels) {
      require_transparency(header, chunk);
      header.transparency = chunk.data;
    } else if (chunk.type == chunk_type("eXIf")) {
      header.exif = chunk.data;
    }
  }
  return header;
}

PngDecoder::PngDecoder() : decompressor_(libdeflate_alloc_decompressor()) {
  if (decompressor_ == nullptr) fail(Status::out_of_memory, "no memory to inflate images");
}

void PngDecoder::gather(std::span<const std::byte> bytes) {
  packed_.clear();
  Chunks chunks(bytes);
  Chunk chunk;
  bool begun = false, ended = false;
  while (chunks.next(chunk)) {
    require_intact(chunk, bytes);
    if (chunk.type == chunk_type("IEND")) return;
    if (chunk.type == chunk_type("IDAT")) {
      if (ended)
        fail(Status::data_error, "PNG: chunk IDAT at byte ", chunk.offset, " stands apart from those before it");
      begun = true;
      const auto *data = reinterpret_cast<const uint8_t *>(chunk.data.data());
      packed_.insert(packed_.end(), data, data + chunk.data.size());
      continue;
    }
    ended = begun;
    const bool is_known = chunk.type == chunk_type("IHDR") || chunk.type == chunk_type("PLTE");
    if (chunk.is_critical() && !is_known)
      fail(Status::data_error, "PNG: chunk ", chunk.name(), " at byte ", chunk.offset,
           " is marked as critical and is none that the format has");
  }
  fail(Status::data_error, "PNG: cut short: its ", bytes.size(), " bytes end without the chunk IEND");
}

void PngDecoder::inflate(uint64_t size) {
  if (size / largest_inflation > packed_.size())
    fail(Status::data_error, "PNG: ", packed_.size(), " bytes of pixels cannot be the ", size,
         " that its sizes make: deflate packs to no less than 1/", largest_inflation);
  if (raw_.size() < size) raw_.resize(size);
  size_t used = 0, found = 0;
  const libdeflate_result result = libdeflate_zlib_decompress_ex(decompressor_.get(), packed_.data(), packed_.size(),
                                                                 raw_.data(), size, &used, &found);
  if (result == LIBDEFLATE_INSUFFICIENT_SPACE)
    fail(Status::data_error, "PNG: its pixels are more than the ", size, " bytes that its sizes make");
  if (result != LIBDEFLATE_SUCCESS)
    fail(Status::data_error, "PNG: its pixels are no zlib stream: damaged or cut short");
  if (found != size) fail(Status::data_error, "PNG: its pixels are ", found, " bytes, its sizes make ", size);
}

void PngDecoder::decode(std::span<const std::byte> bytes, const PngHeader &header, uint8_t *rows, int64_t row_stride) {
  if (header.colour == PngColour::palette && header.palette.empty())
    fail(Status::data_error, "PNG: its pixels are of a palette, and it has none");
  gather(bytes);
  inflate(raw_size(header));
  uint8_t *raw = raw_.data();
  for (const Pass &pass : passes_of(header)) raw = decode_pass(header, pass, raw, rows, row_stride);
}

}  // namespace penstock::core
