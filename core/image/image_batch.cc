#include "core/image/image_batch.h"

#include <limits>

#include "core/base/error.h"
#include "core/base/thread_pool.h"
#include "core/image/image.h"
#include "core/tensor/copy.h"
#include "core/tensor/create.h"

namespace penstock::core {
namespace {

// A thread's memory for images.  What a large one took is given back at once.
struct Workshop {
  ImageDecoder decoder;
  ImageRoom room;
};

constexpr int64_t most_kept_pixels = 16 << 20;

Workshop &workshop() {
  thread_local Workshop own;
  return own;
}

class UseOfWorkshop {
 public:
  explicit UseOfWorkshop(int64_t pixels) : keeps_(pixels <= most_kept_pixels) {}
  UseOfWorkshop(const UseOfWorkshop &) = delete;
  UseOfWorkshop &operator=(const UseOfWorkshop &) = delete;
  ~UseOfWorkshop() {
    if (!keeps_) workshop() = {};
  }

 private:
  const bool keeps_;
};

int64_t pixels_of(const ImageShape &shape) { return int64_t{shape.height} * shape.width; }

// The elements of one image, channels first or last, behind leading axes.
Tensor empty_images(DType dtype, const ImageShape &shape, bool channels_first, Extents leading) {
  if (channels_first) leading.push_back(shape.channels);
  leading.push_back(shape.height);
  leading.push_back(shape.width);
  if (!channels_first) leading.push_back(shape.channels);
  return empty(dtype, leading, {});
}

ImageTarget target_of(const Tensor &out, const ImageShape &shape, bool channels_first, int64_t index) {
  const int64_t width = shape.width, channels = shape.channels, pixels = pixels_of(shape);
  ImageTarget target;
  target.data = out.data + index * pixels * channels * dtype_size(out.dtype);
  if (channels_first)
    target.strides = {width, 1, pixels};
  else
    target.strides = {width * channels, channels, 1};
  return target;
}

int32_t side_of(int64_t size, const char *name) {
  if (size < 1 || size > std::numeric_limits<int32_t>::max())
    fail(Status::invalid_argument, "images have a ", name, " of ", size, ": expected 1 to ",
         std::numeric_limits<int32_t>::max());
  return static_cast<int32_t>(size);
}

ImageView view_of(const Tensor &images) {
  if (images.dtype != DType::uint8)
    fail(Status::type_mismatch, "images are of ", dtype_name(images.dtype), ": expected uint8");
  if (images.device().type != DeviceType::cpu) fail(Status::unavailable, "images are on a GPU: expected the CPU");
  if (images.ndim() != 3 && images.ndim() != 4)
    fail(Status::invalid_argument, "images have the shape ", images.shape,
         ": expected (height, width, channels), or (count, height, width, channels)");
  const int32_t first = images.ndim() - 3;
  ImageView view;
  view.height = side_of(images.shape[first], "height");
  view.width = side_of(images.shape[first + 1], "width");
  if (images.shape[first + 2] < 1 || images.shape[first + 2] > max_image_channels)
    fail(Status::invalid_argument, "images have the shape ", images.shape, ": expected 1 to ", max_image_channels,
         " channels, along the last axis");
  view.channels = static_cast<int32_t>(images.shape[first + 2]);
  return view;
}

// A picture's pixels side by side: rows may lie anywhere.
bool has_plain_rows(const Tensor &images) {
  const int32_t first = images.ndim() - 3;
  const int64_t channels = images.shape[first + 2];
  return (channels == 1 || images.strides[first + 2] == 1) &&
         (images.shape[first + 1] == 1 || images.strides[first + 1] == channels);
}

}  // namespace

Tensor decode_image(std::span<const std::byte> bytes, const ImageDecodeOptions &options) {
  require_usable(options);
  const ImageInfo info = read_image_info(bytes);
  require_decodable(info, options, bytes);
  const ImageView decoded = decoded_image(info, options);
  const ImageShape shape = {decoded.height, decoded.width, decoded.channels};
  Tensor out = empty_images(DType::uint8, shape, false, {});
  const UseOfWorkshop use(pixels_of(shape));
  workshop().decoder.decode_into(bytes, options, reinterpret_cast<uint8_t *>(out.data), decoded.row_stride);
  return out;
}

Tensor transform_images(const ImageTransforms &transforms, const Tensor &images, const ImageApplyOptions &options) {
  ImageView view = view_of(images);
  const Tensor source = has_plain_rows(images) ? images : clone(images);
  const int32_t leading = images.ndim() - 3;
  const int64_t count = leading == 1 ? images.shape[0] : 1, distance = leading == 1 ? source.strides[0] : 0;
  view.row_stride = source.strides[leading];
  const ImageShape shape = transforms.output_shape({view.height, view.width, view.channels});
  Tensor out = empty_images(transforms.dtype(), shape, options.channels_first,
                            leading == 1 ? Extents{images.shape[0]} : Extents{});
  process_pool().run(count, [&](int64_t index) {
    const UseOfWorkshop use(int64_t{view.height} * view.width);
    ImageView image = view;
    image.pixels = reinterpret_cast<const uint8_t *>(source.data) + index * distance;
    ImageRandomness randomness = options.randomness;
    randomness.sample += static_cast<uint64_t>(index);
    transforms.apply(target_of(out, shape, options.channels_first, index), image, randomness, workshop().room);
  });
  return out;
}

Tensor decode_and_transform(const ImageTransforms &transforms, std::span<const std::byte> bytes,
                            const ImageDecodeOptions &decode, const ImageApplyOptions &options) {
  require_usable(decode);
  const ImageInfo info = read_image_info(bytes);
  require_decodable(info, decode, bytes);
  const ImagePlan plan = plan_image(info, decode, transforms, options.scaled_decode);
  const UseOfWorkshop use(int64_t{info.width} * info.height);
  const ImageView image = workshop().decoder.decode(bytes, plan.decode);
  Tensor out = empty_images(transforms.dtype(), plan.shape, options.channels_first, {});
  transforms.apply(target_of(out, plan.shape, options.channels_first, 0), image, options.randomness, workshop().room,
                   plan.full_size);
  return out;
}

}  // namespace penstock::core
