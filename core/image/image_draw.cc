#include "core/image/image_draw.h"

#include <algorithm>
#include <cmath>

#include "core/image/transform.h"

namespace penstock::core {
namespace {

constexpr uint64_t image_stream = 0x6567616D69;  // "image" in memory
constexpr uint64_t draws_a_step = 64;

constexpr double log_two = 0.693147180559945309417;

// The C libraries' differ in their last bits from one to the next; these take operations that IEEE 754 rounds alone.  Within a
// few ulp for what ratios can be: 1e-6 to 1e6.
double exponential(double x) {
  const double halvings = std::floor(x / log_two + 0.5), rest = x - halvings * log_two;
  double sum = 1, term = 1;
  for (int power = 1; power <= 18; ++power) {
    term *= rest / power;
    sum += term;
  }
  return std::ldexp(sum, static_cast<int>(halvings));
}

// log(x) is twice the area tangent of (x - 1) / (x + 1), near 1 a series that ends soon.
double logarithm(double x) {
  int exponent = 0;
  double mantissa = std::frexp(x, &exponent);
  if (mantissa < 0.70710678118654752) mantissa *= 2, --exponent;
  const double ratio = (mantissa - 1) / (mantissa + 1), square = ratio * ratio;
  double sum = 0, power = ratio;
  for (int odd = 1; odd <= 31; odd += 2) {
    sum += power / odd;
    power *= square;
  }
  return 2 * sum + exponent * log_two;
}

int32_t rounded(double side) { return static_cast<int32_t>(std::min(std::nearbyint(side), 2147483647.0)); }

ImageCrop central_crop(int32_t height, int32_t width, const std::array<double, 2> &ratio) {
  const double own = static_cast<double>(width) / height;
  ImageCrop crop{0, 0, height, width};
  if (own < ratio[0]) crop.height = std::clamp(rounded(width / ratio[0]), 1, height);
  if (own > ratio[1]) crop.width = std::clamp(rounded(height * ratio[1]), 1, width);
  crop.top = (height - crop.height) / 2;
  crop.left = (width - crop.width) / 2;
  return crop;
}

}  // namespace

ImageDraw::ImageDraw(const ImageRandomness &randomness, int64_t step)
    : stream_{random_u64({randomness.seed, image_stream}, randomness.epoch), randomness.sample},
      index_(static_cast<uint64_t>(step) * draws_a_step) {}

bool ImageDraw::happens(double probability) { return uniform_f64(stream_, index_++) < probability; }

int32_t ImageDraw::below(int64_t count) {
  return static_cast<int32_t>(uniform_below(stream_, index_++, static_cast<uint64_t>(count)));
}

double ImageDraw::between(double lowest, double highest) {
  return lowest + (highest - lowest) * uniform_f64(stream_, index_++);
}

ImageCrop draw_resized_crop(ImageDraw &draw, int32_t height, int32_t width, const std::array<double, 2> &scale,
                            const std::array<double, 2> &ratio) {
  const double area = static_cast<double>(height) * width;
  const double lowest = logarithm(ratio[0]), highest = logarithm(ratio[1]);
  for (int attempt = 0; attempt < 10; ++attempt) {
    const double target = area * draw.between(scale[0], scale[1]);
    const double aspect = exponential(draw.between(lowest, highest));
    ImageCrop crop;
    crop.width = rounded(std::sqrt(target * aspect));
    crop.height = rounded(std::sqrt(target / aspect));
    if (crop.width < 1 || crop.width > width || crop.height < 1 || crop.height > height) continue;
    crop.top = draw.below(int64_t{height} - crop.height + 1);
    crop.left = draw.below(int64_t{width} - crop.width + 1);
    return crop;
  }
  return central_crop(height, width, ratio);
}

}  // namespace penstock::core
