#include "core/io/gzip.h"

#include <libdeflate.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "core/base/error.h"
#include "core/base/huge_pages.h"
#include "core/io/little_endian.h"

namespace penstock::core {
namespace {

struct FreeDecompressor {
  void operator()(libdeflate_decompressor *codec) const { libdeflate_free_decompressor(codec); }
};

constexpr size_t smallest_member = 18;  // a header of 10 bytes and a trailer of 8
constexpr size_t smallest_room = size_t{64} << 10;

bool is_padding(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
}

// What the trailer says that the last member holds, as far as the member could hold it at all.
size_t stated_size(std::span<const std::byte> packed) {
  if (packed.size() < smallest_member) return 0;
  const auto stated = load_little_endian<uint32_t>(packed.data() + packed.size() - 4);
  return static_cast<size_t>(std::min<uint64_t>(stated, packed.size() * uint64_t{1032}));
}

// Inflates one member behind the used bytes of room, which grows as it must.
struct Member {
  size_t packed_size, size;
};
Member inflate_member(libdeflate_decompressor *codec, InflationRoom &room, size_t used,
                      std::span<const std::byte> packed, const InflationLimit &limit, std::string_view place) {
  while (true) {
    size_t packed_size = 0, size = 0;
    const std::span<std::byte> free = room.span().subspan(used);
    switch (libdeflate_gzip_decompress_ex(codec, packed.data(), packed.size(), free.data(), free.size(), &packed_size,
                                          &size)) {
      case LIBDEFLATE_SUCCESS: return {packed_size, size};
      case LIBDEFLATE_INSUFFICIENT_SPACE: break;
      default: fail(Status::data_error, place, " is damaged or cut short: it does not inflate, or to other bytes");
    }
    limit.require(room.span().size(), packed.size(), place);
    room.grow(2 * room.span().size(), used);
  }
}

}  // namespace

void InflationRoom::grow(size_t size, size_t kept) {
  if (size <= size_) return;
  auto bytes = std::make_unique_for_overwrite<std::byte[]>(size);
  prefer_huge_pages(bytes.get(), size);
  if (kept > 0) std::memcpy(bytes.get(), bytes_.get(), kept);
  bytes_ = std::move(bytes);
  size_ = size;
}

std::span<std::byte> gunzip(InflationRoom &room, std::span<const std::byte> packed, const InflationLimit &limit,
                            std::string_view place) {
  if (packed.size() < 2 || packed[0] != std::byte{0x1F} || packed[1] != std::byte{0x8B})
    fail(Status::data_error, place, " is not gzip: it does not begin with the bytes 1F 8B");
  thread_local const std::unique_ptr<libdeflate_decompressor, FreeDecompressor> codec(libdeflate_alloc_decompressor());
  if (codec == nullptr) fail(Status::out_of_memory, "no memory to inflate ", place);
  room.grow(std::max(smallest_room, stated_size(packed)), 0);
  const size_t packed_size = packed.size();
  size_t used = 0;
  while (!packed.empty() && !is_padding(packed)) {
    const Member member = inflate_member(codec.get(), room, used, packed, limit, place);
    used += member.size;
    packed = packed.subspan(member.packed_size);
    limit.require(used, packed_size, place);
  }
  return room.span().first(used);
}

namespace {

// What stands around the data, as zlib numbers it.
enum class Wrapper : int { zlib = MAX_WBITS, gzip = 16 + MAX_WBITS };

class InflatingStream : public ByteStream {
 public:
  InflatingStream(Wrapper wrapper, std::unique_ptr<ByteStream> packed, const InflationLimit &limit, std::string place)
      : wrapper_(wrapper), packed_(std::move(packed)), limit_(limit), place_(std::move(place)) {
    if (inflateInit2(&state_, static_cast<int>(wrapper)) != Z_OK)
      fail(Status::out_of_memory, "no memory to inflate ", place_);
  }
  InflatingStream(const InflatingStream &) = delete;
  InflatingStream &operator=(const InflatingStream &) = delete;
  ~InflatingStream() override { inflateEnd(&state_); }

  size_t read(std::span<std::byte> out) override {
    size_t filled = 0;
    while (filled < out.size() && !ended_) filled += inflate_some(out.subspan(filled));
    return filled;
  }

 private:
  // Reads more of the packed bytes where none are left; whether there are some.
  bool refill() {
    if (state_.avail_in > 0) return true;
    const size_t count = packed_->read(input_);
    packed_read_ += count;
    state_.next_in = reinterpret_cast<Bytef *>(input_.data());
    state_.avail_in = static_cast<uInt>(count);
    return count > 0;
  }

  // Between two members: whether another one follows.
  bool begin_member() {
    bool padding = false;
    while (refill() && members_ > 0 && *state_.next_in == 0) {
      padding = true;
      ++state_.next_in;
      --state_.avail_in;
    }
    if (state_.avail_in == 0 && members_ > 0) return false;
    if (members_ > 0 && wrapper_ == Wrapper::zlib) fail(Status::data_error, place_, " has bytes behind its zlib data");
    if (padding) fail(Status::data_error, place_, " has bytes behind the zeros that end it");
    inflateReset(&state_);
    ++members_;
    return true;
  }

  size_t inflate_some(std::span<std::byte> out) {
    if (!in_member_) {
      if (!begin_member()) {
        ended_ = true;
        return 0;
      }
      in_member_ = true;
    }
    if (!refill())
      fail(Status::data_error, place_, " is cut short: it ends after ", packed_read_, " bytes in the midst of its ",
           wrapper_ == Wrapper::gzip ? "gzip" : "zlib", " data");
    constexpr size_t largest_call = size_t{1} << 30;
    state_.next_out = reinterpret_cast<Bytef *>(out.data());
    state_.avail_out = static_cast<uInt>(std::min(out.size(), largest_call));
    const uInt room = state_.avail_out;
    const int result = ::inflate(&state_, Z_NO_FLUSH);
    const uint64_t packed_at = packed_read_ - state_.avail_in;
    if (result == Z_MEM_ERROR) fail(Status::out_of_memory, "no memory to inflate ", place_);
    if (result != Z_OK && result != Z_STREAM_END && result != Z_BUF_ERROR)
      fail(Status::data_error, place_, " is damaged: ", state_.msg == nullptr ? "no such data" : state_.msg,
           " before byte ", packed_at);
    if (result == Z_STREAM_END) in_member_ = false;
    const size_t made = room - state_.avail_out;
    inflated_ += made;
    limit_.require(inflated_, packed_at, place_);
    return made;
  }

  const Wrapper wrapper_;
  const std::unique_ptr<ByteStream> packed_;
  const InflationLimit limit_;
  const std::string place_;
  z_stream state_{};
  std::array<std::byte, 65536> input_;
  uint64_t packed_read_ = 0, inflated_ = 0, members_ = 0;
  bool in_member_ = false, ended_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> open_gzip(std::unique_ptr<ByteStream> packed, const InflationLimit &limit,
                                      std::string place) {
  return std::make_unique<InflatingStream>(Wrapper::gzip, std::move(packed), limit, std::move(place));
}

std::unique_ptr<ByteStream> open_zlib(std::unique_ptr<ByteStream> packed, const InflationLimit &limit,
                                      std::string place) {
  return std::make_unique<InflatingStream>(Wrapper::zlib, std::move(packed), limit, std::move(place));
}

}  // namespace penstock::core
