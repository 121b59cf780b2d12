#include "core/io/zstd.h"

#include <zstd.h>

#include <utility>
#include <vector>

#include "core/base/error.h"

// libzstd.a calls these where someone defines them: without our own, which do nothing, those of any other library in the
// process would be told of what we read.
extern "C" {
unsigned long long ZSTD_trace_decompress_begin(const void *) { return 0; }
void ZSTD_trace_decompress_end(unsigned long long, const void *) {}
}

namespace penstock::core {
namespace {

struct FreeContext {
  void operator()(ZSTD_DCtx *context) const { ZSTD_freeDCtx(context); }
};

class ZstdStream : public ByteStream {
 public:
  ZstdStream(std::unique_ptr<ByteStream> packed, const InflationLimit &limit, std::string place)
      : packed_(std::move(packed)), limit_(limit), place_(std::move(place)), context_(ZSTD_createDCtx()) {
    if (context_ == nullptr) fail(Status::out_of_memory, "no memory to inflate ", place_);
    buffer_.resize(ZSTD_DStreamInSize());
  }

  size_t read(std::span<std::byte> out) override {
    ZSTD_outBuffer filled{out.data(), out.size(), 0};
    while (filled.pos < filled.size) {
      // What the decoder still holds comes out without more input.
      if (input_.pos == input_.size && !has_more_ && !refill()) break;
      const size_t before = filled.pos;
      const size_t result = ZSTD_decompressStream(context_.get(), &filled, &input_);
      if (ZSTD_isError(result) != 0)
        fail(Status::data_error, place_, " is damaged: ", ZSTD_getErrorName(result), " before byte ", packed_at());
      in_frame_ = result != 0;
      has_more_ = in_frame_ && filled.pos == filled.size;
      inflated_ += filled.pos - before;
      limit_.require(inflated_, packed_at(), place_);
    }
    return filled.pos;
  }

 private:
  uint64_t packed_at() const { return packed_read_ - (input_.size - input_.pos); }

  bool refill() {
    const size_t count = packed_->read(buffer_);
    packed_read_ += count;
    input_ = {buffer_.data(), count, 0};
    if (count == 0 && (in_frame_ || packed_read_ == 0))
      fail(Status::data_error, place_, " is cut short: it ends after ", packed_read_, " bytes in the midst of a frame");
    return count > 0;
  }

  const std::unique_ptr<ByteStream> packed_;
  const InflationLimit limit_;
  const std::string place_;
  const std::unique_ptr<ZSTD_DCtx, FreeContext> context_;
  std::vector<std::byte> buffer_;
  ZSTD_inBuffer input_{nullptr, 0, 0};
  uint64_t packed_read_ = 0, inflated_ = 0;
  bool in_frame_ = false, has_more_ = false;
};

}  // namespace

std::unique_ptr<ByteStream> open_zstd(std::unique_ptr<ByteStream> packed, const InflationLimit &limit,
                                      std::string place) {
  return std::make_unique<ZstdStream>(std::move(packed), limit, std::move(place));
}

}  // namespace penstock::core
