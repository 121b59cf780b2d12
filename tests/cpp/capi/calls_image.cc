// Valid calls of what penstock/image.h declares.
#include <cmath>

#include "calls.h"

namespace penstock::test {
namespace {

// 3 x 2 pixels of RGB, written by Pillow.  No JPEG: where an allocation fails libjpeg tries a smaller one, and goes on.
const std::vector<uint8_t> small_png = {137, 80,  78,  71,  13,  10, 26,  10,  0,   0,   0,   13, 73,  72,  68, 82,
                                        0,   0,   0,   3,   0,   0,  0,   2,   8,   2,   0,   0,  0,   18,  22, 241,
                                        77,  0,   0,   0,   23,  73, 68,  65,  84,  120, 218, 99, 100, 224, 18, 145,
                                        147, 147, 147, 147, 147, 99, 137, 138, 138, 130, 176, 0,  22,  188, 2,  154,
                                        63,  145, 202, 203, 0,   0,  0,   0,   73,  69,  78,  68, 174, 66,  96, 130};

void *png(Stage &stage) { return stage.inputs(small_png); }

void *damaged_png(Stage &stage) {
  std::vector<uint8_t> bytes = small_png;
  bytes[45] ^= 1;
  return stage.inputs(bytes);
}

ps_image_step step_of(ps_image_step_kind kind) {
  ps_image_step step = PS_IMAGE_STEP_INIT;
  step.kind = kind;
  return step;
}

ps_image_transforms *transforms_of(const std::vector<ps_image_step> &steps) {
  ps_image_transforms *made = nullptr;
  require_ok(ps_image_transforms_make(&made, steps.data(), static_cast<int32_t>(steps.size())));
  return made;
}

ps_image_transforms *transforms_to_release() {
  ps_image_step resize = step_of(PS_IMAGE_RESIZE), crop = step_of(PS_IMAGE_RANDOM_CROP);
  resize.height = resize.width = 8;
  crop.height = crop.width = 6;
  return transforms_of(
      {resize, crop, step_of(PS_IMAGE_HORIZONTAL_FLIP), step_of(PS_IMAGE_TO_DTYPE), step_of(PS_IMAGE_NORMALIZE)});
}

ps_image_transforms *transforms(Stage &stage) {
  ps_image_transforms *made = transforms_to_release();
  stage.at_end([made] { ps_image_transforms_release(made); });
  return made;
}

ps_image_transforms *crop_beyond_all(Stage &stage) {
  ps_image_step crop = step_of(PS_IMAGE_CENTER_CROP);
  crop.height = crop.width = 999;
  ps_image_transforms *made = transforms_of({crop});
  stage.at_end([made] { ps_image_transforms_release(made); });
  return made;
}

ps_tensor *image(Stage &stage) {
  return stage.tensor(make_tensor<uint8_t>(PS_UINT8, {2, 3, 3}, std::vector<uint8_t>(18, 7)));
}
ps_tensor *images(Stage &stage) {
  return stage.tensor(make_tensor<uint8_t>(PS_UINT8, {2, 2, 3, 3}, std::vector<uint8_t>(36, 7)));
}
ps_tensor *labels(Stage &stage) { return stage.tensor(make_tensor<int32_t>(PS_INT32, {3}, {0, 2, 1})); }

std::vector<Call> decoding_calls() {
  return {
      Call(NAMED(ps_image_read_info),
           [](Stage &stage) {
             return std::make_tuple(stage.input(ps_image_info PS_IMAGE_INFO_INIT), png(stage), small_png.size());
           })
          .wrong("bytes", "no image's", PS_DATA_ERROR, "neither a JPEG nor a PNG",
                 [](Stage &stage) { return stage.memory_with(std::vector<uint8_t>(80).data(), 80); })
          .wrong("size", 0, PS_DATA_ERROR, "0 bytes")
          .wrong("size", 20, PS_DATA_ERROR, "20 bytes"),
      Call(NAMED(ps_image_decode),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), png(stage), small_png.size(),
                                    stage.input(ps_image_decode_options PS_IMAGE_DECODE_OPTIONS_INIT));
           })
          .wrong("bytes", "damaged ones", PS_DATA_ERROR, "CRC-32", damaged_png)
          .wrong("size", 70, PS_DATA_ERROR, "70 bytes")
          .optional("options", "options optional"),
  };
}

std::vector<Call> transforms_calls() {
  return {
      Call(NAMED(ps_image_transforms_make),
           [](Stage &stage) {
             return std::make_tuple(stage.image_transforms_result(), stage.input(ps_image_step PS_IMAGE_STEP_INIT), 1);
           })
          .wrong("step_count", -1, PS_INVALID_ARGUMENT)
          .wrong("step_count", 1001, PS_INVALID_ARGUMENT)
          .wrong("step_count", INT32_MIN, PS_INVALID_ARGUMENT),
      Call(NAMED(ps_image_transforms_retain), [](Stage &stage) { return std::make_tuple(transforms(stage)); }),
      Call(NAMED(ps_image_transforms_release), [](Stage &) { return std::make_tuple(transforms_to_release()); })
          .any("transforms", "NULL is accepted and does nothing")
          .once_a_stage(),
      Call(NAMED(ps_image_transforms_release), [](Stage &) { return std::make_tuple(nullptr); })
          .named("NULL")
          .any("transforms", "NULL is accepted and does nothing"),
      Call(NAMED(ps_image_transforms_dtype), [](Stage &stage) { return std::make_tuple(transforms(stage)); }),
      Call(NAMED(ps_image_transforms_shape),
           [](Stage &stage) {
             return std::make_tuple(static_cast<int64_t *>(stage.memory(24)), transforms(stage), INT64_C(20),
                                    INT64_C(30), INT64_C(3));
           })
          .wrong("transforms", "a crop beyond all", PS_INVALID_ARGUMENT, "999", crop_beyond_all)
          .wrong("height", INT64_C(0), PS_INVALID_ARGUMENT)
          .wrong("height", INT64_MAX, PS_INVALID_ARGUMENT)
          .wrong("width", INT64_C(-1), PS_INVALID_ARGUMENT)
          .wrong("channels", INT64_C(5), PS_INVALID_ARGUMENT),
  };
}

std::vector<Call> applying_calls() {
  return {
      Call(NAMED(ps_image_transforms_apply),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), transforms(stage), images(stage),
                                    stage.input(ps_image_apply_options PS_IMAGE_APPLY_OPTIONS_INIT));
           })
          .wrong("transforms", "a crop beyond all", PS_INVALID_ARGUMENT, "999", crop_beyond_all)
          .wrong("images", "one of float32", PS_TYPE_MISMATCH, "float32", [](Stage &stage) { return stage.matrix(); })
          .wrong("images", "one of two axes", PS_INVALID_ARGUMENT, "(1, 2)",
                 [](Stage &stage) {
                   return stage.tensor(make_tensor<uint8_t>(PS_UINT8, {1, 2}, {1, 2}));
                 })
          .optional("options", "options optional"),
      Call(NAMED(ps_image_transforms_apply),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), transforms(stage), image(stage),
                                    stage.input(ps_image_apply_options PS_IMAGE_APPLY_OPTIONS_INIT));
           })
          .named("to one image")
          .optional("options", "options optional"),
      Call(NAMED(ps_image_transforms_decode),
           [](Stage &stage) {
             return std::make_tuple(stage.tensor_result(), transforms(stage), png(stage), small_png.size(),
                                    stage.input(ps_image_decode_options PS_IMAGE_DECODE_OPTIONS_INIT),
                                    stage.input(ps_image_apply_options PS_IMAGE_APPLY_OPTIONS_INIT));
           })
          .wrong("transforms", "a crop beyond all", PS_INVALID_ARGUMENT, "999", crop_beyond_all)
          .wrong("bytes", "damaged ones", PS_DATA_ERROR, "CRC-32", damaged_png)
          .wrong("size", 70, PS_DATA_ERROR, "70 bytes")
          .optional("decode", "decode, options optional")
          .optional("options", "decode, options optional"),
      Call(NAMED(ps_one_hot),
           [](Stage &stage) { return std::make_tuple(stage.tensor_result(), labels(stage), INT64_C(3), PS_FLOAT32); })
          .wrong("labels", "one of float32", PS_TYPE_MISMATCH, "float32", [](Stage &stage) { return stage.matrix(); })
          .wrong("class_count", INT64_C(0), PS_INVALID_ARGUMENT)
          .wrong("class_count", INT64_C(2), PS_OUT_OF_RANGE, "label 1 is 2")
          .wrong("class_count", INT64_MAX, PS_INVALID_ARGUMENT)
          .wrong("dtype", static_cast<int32_t>(PS_FLOAT8_E4M3FN), PS_TYPE_MISMATCH, "float8_e4m3fn"),
  };
}

std::vector<Call> struct_calls() {
  return {
      Call(NAMED(ps_image_info_init),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_image_info>(), static_cast<uint32_t>(sizeof(ps_image_info)));
           }),
      Call(NAMED(ps_image_decode_options_init),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_image_decode_options>(),
                                    static_cast<uint32_t>(sizeof(ps_image_decode_options)));
           }),
      Call(NAMED(ps_image_step_init),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_image_step>(), static_cast<uint32_t>(sizeof(ps_image_step)));
           }),
      Call(NAMED(ps_image_apply_options_init),
           [](Stage &stage) {
             return std::make_tuple(stage.result<ps_image_apply_options>(),
                                    static_cast<uint32_t>(sizeof(ps_image_apply_options)));
           }),
  };
}

}  // namespace

std::vector<Call> image_calls() {
  std::vector<Call> calls;
  for (const auto &part : {struct_calls(), decoding_calls(), transforms_calls(), applying_calls()})
    calls.insert(calls.end(), part.begin(), part.end());
  return calls;
}

}  // namespace penstock::test
