// The loops of normalization: what they work on, and those for this processor.
//
// The bits do not depend on the width of vectors.  They allocate nothing and run on the thread that calls them.
#pragma once

#include <cstdint>

#include "core/base/range.h"

namespace penstock::core::nn {

// Rows normalized each by itself: y = (x - mean) * scale * weight + bias, scale = 1 / sqrt(variance + epsilon); or, where they
// are not centred, with a mean of 0 and the mean square for the variance.
template <typename Element>
struct RowNormalization {
  bool is_centred = true;
  double epsilon = 0;
  int64_t columns = 0;
  const Element *weight = nullptr, *bias = nullptr;  // of columns elements, or null: 1 and 0
};

// Of a row each.
template <typename Number>
struct RowStatistics {
  Number *means, *scales;  // both null where nobody asks; means too where rows are not centred
};

template <typename Element>
struct RowGradients {
  Element *input;          // null where nobody asks
  Element *weight, *bias;  // of columns elements, added to, or null
};

// A dense array of shape (samples, channels, size), seen as channels of samples x size positions, sample by sample.
struct ChannelShape {
  int64_t samples = 0, channels = 0, size = 1;

  int64_t positions() const { return samples * size; }
};

// Some positions of some channels.
struct ChannelPart {
  Range channels, positions;
};

// What becomes of each channel: y = (x - mean) * factor + shift.
template <typename Element>
struct ChannelLines {
  const Element *means, *factors, *shifts;  // shifts null: 0
};

// dx = dy * factor - (x - mean) * slope - shift
template <typename Element>
struct ChannelGradientLines {
  const Element *means, *factors, *slopes, *shifts;
};

template <typename Element>
struct NormalizationKernels {
  // to may be from.
  void (*normalize_rows)(const RowNormalization<Element> &how, Element *to, const Element *from,
                         const RowStatistics<Element> &statistics, Range rows);
  void (*row_gradients)(const RowNormalization<Element> &how, const RowGradients<Element> &to, const Element *from,
                        const Element *gradient, const RowStatistics<const Element> &statistics, Range rows);

  // Two numbers for each channel of the part, stride apart: of x the mean and the sum of squared differences from it.
  void (*channel_moments)(const ChannelShape &shape, const ChannelPart &part, const Element *from, double *moments,
                          int64_t stride);
  // Likewise the sums of dy and of dy * (x - mean).
  void (*channel_gradient_sums)(const ChannelShape &shape, const ChannelPart &part, const Element *from,
                                const Element *gradient, const Element *means, double *sums, int64_t stride);
  // to may be from.
  void (*move_channels)(const ChannelShape &shape, const ChannelPart &part, Element *to, const Element *from,
                        const ChannelLines<Element> &lines);
  void (*channel_gradients)(const ChannelShape &shape, const ChannelPart &part, Element *to, const Element *from,
                            const Element *gradient, const ChannelGradientLines<Element> &lines);
};

struct NormalizationTable {
  NormalizationKernels<float> single;
  NormalizationKernels<double> twofold;
};

const NormalizationTable &normalization_kernels_16();
const NormalizationTable &normalization_kernels_32();
const NormalizationTable &normalization_kernels_64();

// For this processor.
template <typename Element>
const NormalizationKernels<Element> &normalization_kernels();

}  // namespace penstock::core::nn
