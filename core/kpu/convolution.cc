#include "core/kpu/convolution.h"

#include "core/base/error.h"

namespace penstock::core::kpu {

ConvolutionPlan plan_convolution(const Convolution &convolution, const Config &config) {
  const Convolution &sizes = convolution;
  if (sizes.padding < 0 || sizes.padding > largest_size)
    fail(Status::invalid_argument, "padding is ", sizes.padding, ": expected 0 to ", largest_size);
  if (sizes.groups < 1 || sizes.channels % sizes.groups != 0 || sizes.filters % sizes.groups != 0)
    fail(Status::invalid_argument, "groups is ", sizes.groups, ": expected a divisor of the ", sizes.channels,
         " channels and the ", sizes.filters, " filters");
  Layer layer;
  layer.name = text("convolution of ", sizes.channels, " x ", sizes.height, " x ", sizes.width, " by ", sizes.filters,
                    " x ", sizes.filter_height, " x ", sizes.filter_width);
  layer.height = sizes.height + 2 * sizes.padding;
  layer.width = sizes.width + 2 * sizes.padding;
  layer.filter_height = sizes.filter_height;
  layer.filter_width = sizes.filter_width;
  layer.channels = sizes.channels / sizes.groups;
  layer.filters = sizes.filters / sizes.groups;
  layer.stride = sizes.stride;
  layer.groups = sizes.groups;
  const Gemm gemm = gemm_of(layer, sizes.batch, config);
  const int64_t rounding = config.scalesim_compatible ? sizes.stride - 1 : 0;
  return {layer, gemm, 1 + (layer.height - layer.filter_height + rounding) / layer.stride,
          1 + (layer.width - layer.filter_width + rounding) / layer.stride};
}

}  // namespace penstock::core::kpu
