// libcore_jpeg.so: the engine's table of functions for JPEG images, by libjpeg-turbo.
//
// libjpeg leaves a call that fails by longjmp: it jumps over its own frames, and over those of the functions here that it
// calls, none of which has anything to destroy.
#include <csetjmp>
#include <cstdint>
#include <cstdio>
#include <cstdlib>

// jpeglib.h needs the one before it.
#include <jpeglib.h>
// Behind jpeglib.h.
#include <jerror.h>

#include "core/base/plugin.h"
#include "core/image/codec.h"

// Debian's libjpeg.a is made for programs: it may be linked into a shared object but for its use of stderr, in a function that
// print_nothing() stands in for.  cmake/PenstockJpeg.cmake has the linker take this for it.
extern "C" {
std::FILE *penstock_jpeg_standard_error = nullptr;
}

namespace penstock::core {
namespace {

// More scans than any encoder makes: each goes over the whole picture, and costs as little as a dozen bytes of a file.
constexpr int most_scans = 500;

struct Decoder {
  jpeg_decompress_struct jpeg;
  jpeg_error_mgr errors;
  jpeg_source_mgr source;
  jpeg_progress_mgr progress;
  jmp_buf on_failure;
  const CodecRequest *request;
  CodecFailure *failure;
};

Decoder &decoder_of(j_common_ptr jpeg) { return *static_cast<Decoder *>(jpeg->client_data); }

[[noreturn]] void give_up(j_common_ptr jpeg, Status status) {
  decoder_of(jpeg).failure->status = status;
  std::longjmp(decoder_of(jpeg).on_failure, 1);  // NOLINT(cert-err52-cpp): the only way out of libjpeg
}

// libjpeg's own sentence on its last message, and how far it had read.
[[noreturn]] void fail_with_message(j_common_ptr jpeg, Status status) {
  Decoder &decoder = decoder_of(jpeg);
  char message[JMSG_LENGTH_MAX];
  jpeg->err->format_message(jpeg, message);
  const uint64_t position = decoder.request->size - decoder.source.bytes_in_buffer;
  std::snprintf(decoder.failure->sentence, sizeof(decoder.failure->sentence), "JPEG: %s (near byte %llu of %llu)",
                message, static_cast<unsigned long long>(position),
                static_cast<unsigned long long>(decoder.request->size));
  give_up(jpeg, status);
}

void on_error(j_common_ptr jpeg) {
  fail_with_message(jpeg, jpeg->err->msg_code == JERR_OUT_OF_MEMORY ? Status::out_of_memory : Status::data_error);
}

// What libjpeg warns of it goes on from, with a picture that is wrong; but for these two, which say nothing of the picture.
void on_message(j_common_ptr jpeg, int level) {
  const int code = jpeg->err->msg_code;
  if (level < 0 && code != JWRN_ADOBE_XFORM && code != JWRN_JFIF_MAJOR) fail_with_message(jpeg, Status::data_error);
}

void print_nothing(j_common_ptr) {}

void begin_source(j_decompress_ptr) {}
void end_source(j_decompress_ptr) {}

[[noreturn]] void fail_cut_short(j_common_ptr jpeg) {
  const Decoder &decoder = decoder_of(jpeg);
  std::snprintf(decoder.failure->sentence, sizeof(decoder.failure->sentence),
                "JPEG: cut short: its %llu bytes end before the image does",
                static_cast<unsigned long long>(decoder.request->size));
  give_up(jpeg, Status::data_error);
}

boolean fill_source(j_decompress_ptr jpeg) { fail_cut_short(reinterpret_cast<j_common_ptr>(jpeg)); }

void skip_source(j_decompress_ptr jpeg, long count) {
  if (count <= 0) return;
  jpeg_source_mgr *source = jpeg->src;
  if (static_cast<uint64_t>(count) > source->bytes_in_buffer) fail_cut_short(reinterpret_cast<j_common_ptr>(jpeg));
  source->next_input_byte += count;
  source->bytes_in_buffer -= static_cast<size_t>(count);
}

void watch_scans(j_common_ptr jpeg) {
  if (!jpeg->is_decompressor) return;
  const int scan = reinterpret_cast<j_decompress_ptr>(jpeg)->input_scan_number;
  if (scan <= most_scans) return;
  const Decoder &decoder = decoder_of(jpeg);
  std::snprintf(decoder.failure->sentence, sizeof(decoder.failure->sentence), "JPEG: more than %d scans", most_scans);
  give_up(jpeg, Status::data_error);
}

void require_as_announced(Decoder &decoder) {
  const CodecRequest &request = *decoder.request;
  const jpeg_decompress_struct &jpeg = decoder.jpeg;
  const bool as_announced = static_cast<int64_t>(jpeg.image_width) == request.width &&
                            static_cast<int64_t>(jpeg.image_height) == request.height &&
                            jpeg.num_components == request.channels;
  if (as_announced) return;
  std::snprintf(decoder.failure->sentence, sizeof(decoder.failure->sentence),
                "JPEG: of %u x %u pixels and %d channels where it began, but its header says %d x %d and %d",
                jpeg.image_width, jpeg.image_height, jpeg.num_components, request.width, request.height,
                request.channels);
  give_up(reinterpret_cast<j_common_ptr>(&decoder.jpeg), Status::data_error);
}

void decode_or_jump(Decoder &decoder) {
  jpeg_decompress_struct &jpeg = decoder.jpeg;
  const CodecRequest &request = *decoder.request;
  jpeg_read_header(&jpeg, TRUE);
  require_as_announced(decoder);
  jpeg.out_color_space = request.channels == 1 ? JCS_GRAYSCALE : JCS_RGB;
  jpeg.scale_num = 1;
  jpeg.scale_denom = static_cast<unsigned>(request.shrink);
  jpeg_start_decompress(&jpeg);
  constexpr JDIMENSION batch = 16;
  JSAMPROW rows[batch];
  while (jpeg.output_scanline < jpeg.output_height) {
    const JDIMENSION first = jpeg.output_scanline;
    const JDIMENSION count = jpeg.output_height - first < batch ? jpeg.output_height - first : batch;
    for (JDIMENSION row = 0; row < count; ++row)
      rows[row] = request.rows + static_cast<int64_t>(first + row) * request.row_stride;
    jpeg_read_scanlines(&jpeg, rows, count);
  }
  jpeg_finish_decompress(&jpeg);  // reads on to the end of the image, which may be missing
}

bool create(Decoder &decoder) {
  const CodecRequest nothing = {};
  CodecFailure failure;
  decoder.request = &nothing;
  decoder.failure = &failure;
  // NOLINTNEXTLINE(cert-err52-cpp)
  if (setjmp(decoder.on_failure) != 0) {
    jpeg_destroy_decompress(&decoder.jpeg);
    return false;
  }
  jpeg_create_decompress(&decoder.jpeg);
  return true;
}

void *open_decoder() {
  auto *decoder = static_cast<Decoder *>(std::calloc(1, sizeof(Decoder)));
  if (decoder == nullptr) return nullptr;
  decoder->jpeg.err = jpeg_std_error(&decoder->errors);
  decoder->errors.error_exit = on_error;
  decoder->errors.emit_message = on_message;
  decoder->errors.output_message = print_nothing;
  decoder->jpeg.client_data = decoder;
  if (!create(*decoder)) {
    std::free(decoder);
    return nullptr;
  }
  decoder->source.init_source = begin_source;
  decoder->source.fill_input_buffer = fill_source;
  decoder->source.skip_input_data = skip_source;
  decoder->source.resync_to_restart = jpeg_resync_to_restart;
  decoder->source.term_source = end_source;
  decoder->jpeg.src = &decoder->source;
  decoder->progress.progress_monitor = watch_scans;
  decoder->jpeg.progress = &decoder->progress;
  return decoder;
}

void close_decoder(void *opened) {
  auto *decoder = static_cast<Decoder *>(opened);
  jpeg_destroy_decompress(&decoder->jpeg);
  std::free(decoder);
}

bool decode(void *opened, const CodecRequest *request, CodecFailure *failure) {
  Decoder &decoder = *static_cast<Decoder *>(opened);
  decoder.request = request;
  decoder.failure = failure;
  decoder.source.next_input_byte = request->bytes;
  decoder.source.bytes_in_buffer = static_cast<size_t>(request->size);
  // NOLINTNEXTLINE(cert-err52-cpp)
  if (setjmp(decoder.on_failure) != 0) {
    jpeg_abort_decompress(&decoder.jpeg);
    return false;
  }
  decode_or_jump(decoder);
  return true;
}

constexpr CodecFunctions functions = {open_decoder, close_decoder, decode};
const PluginDescription description = {.engine_version = PENSTOCK_VERSION, .name = "jpeg", .functions = &functions};

}  // namespace
}  // namespace penstock::core

const penstock::core::PluginDescription *ps_plugin_describe() { return &penstock::core::description; }
