// How channels are normalized over a batch, for one width of vectors: where a channel's elements of a sample lie side by
// side, one channel after the other; where it has only one in a sample, many channels at once.
#pragma once

#include "core/nn/kernels/normalization_kernels.h"
#include "core/nn/kernels/sums.h"
#include "core/ops/kernels/loops.h"

namespace penstock::core::nn {

// Calls body(offset, length) for each dense stretch of the positions of a channel.
template <typename Body>
PS_LANES_INLINE void for_each_stretch(const ChannelShape &shape, int64_t channel, Range positions, const Body &body) {
  for (int64_t position = positions.begin; position < positions.end;) {
    const int64_t sample = position / shape.size, within = position % shape.size;
    const int64_t rest = positions.end - position, most = shape.size - within, length = rest < most ? rest : most;
    body((sample * shape.channels + channel) * shape.size + within, length);
    position += length;
  }
}

// One sum or two for each of up to most channels that lie side by side.  Rows are added in stretches, and these in double.
template <typename Element, int kinds>
class ColumnSums {
 public:
  static constexpr int64_t most = 64;

  // add_row(sums, row) adds a row's terms to sums[kind][column].
  template <typename AddRow>
  PS_LANES_INLINE ColumnSums(Range rows, int64_t columns, const AddRow &add_row) {
    constexpr int64_t stretch = 32;
    for (int kind = 0; kind < kinds; ++kind)
      for (int64_t column = 0; column < columns; ++column) totals_[kind][column] = 0;
    for (int64_t first = rows.begin; first < rows.end; first += stretch) {
      Element sums[kinds][most] = {};
      const int64_t end = first + stretch < rows.end ? first + stretch : rows.end;
      for (int64_t row = first; row < end; ++row) add_row(sums, row);
      for (int kind = 0; kind < kinds; ++kind)
        for (int64_t column = 0; column < columns; ++column)
          totals_[kind][column] += static_cast<double>(sums[kind][column]);
    }
  }

  PS_LANES_INLINE double total(int kind, int64_t column) const { return totals_[kind][column]; }

 private:
  double totals_[kinds][most];
};

// Calls body(Range) for every so many channels as ColumnSums takes.
template <typename Body>
PS_LANES_INLINE void for_each_block(Range channels, const Body &body) {
  constexpr int64_t most = ColumnSums<float, 1>::most;
  for (int64_t first = channels.begin; first < channels.end; first += most)
    body(Range{first, first + most < channels.end ? first + most : channels.end});
}

template <typename Element>
PS_LANES_INLINE void moments_of_columns(const ChannelShape &shape, Range rows, Range block, const Element *from,
                                        double *moments, int64_t stride) {
  const int64_t columns = block.end - block.begin;
  const auto count = static_cast<double>(rows.end - rows.begin);
  from += block.begin;
  const ColumnSums<Element, 1> sums(rows, columns, [&](auto &sum, int64_t row) PS_LANES_INLINE_LAMBDA {
    const Element *x = from + row * shape.channels;
    for (int64_t column = 0; column < columns; ++column) sum[0][column] += x[column];
  });
  Element means[ColumnSums<Element, 1>::most];
  for (int64_t column = 0; column < columns; ++column)
    means[column] = static_cast<Element>(sums.total(0, column) / count);
  // The second sum takes away what the mean has lost by being rounded.
  const ColumnSums<Element, 2> apart(rows, columns, [&](auto &sum, int64_t row) PS_LANES_INLINE_LAMBDA {
    const Element *x = from + row * shape.channels;
    for (int64_t column = 0; column < columns; ++column) {
      const Element difference = x[column] - means[column];
      sum[0][column] += difference * difference;
      sum[1][column] += difference;
    }
  });
  for (int64_t column = 0; column < columns; ++column) {
    const double rest = apart.total(1, column) / count;
    moments[column * stride] = static_cast<double>(means[column]) + rest;
    moments[column * stride + 1] = apart.total(0, column) - rest * rest * count;
  }
}

template <int bytes, typename Element>
PS_LANES_INLINE void moments_of_channel(const ChannelShape &shape, Range positions, int64_t channel,
                                        const Element *from, double *moments) {
  const auto count = static_cast<double>(positions.end - positions.begin);
  Sums<bytes, Element, 1> sums;
  for_each_stretch(shape, channel, positions, [&](int64_t offset, int64_t length) PS_LANES_INLINE_LAMBDA {
    sums.add(length, [&](int64_t index, auto width) PS_LANES_INLINE_LAMBDA {
      constexpr int lanes = decltype(width)::value;
      return Terms<Element, lanes, 1>{{Lanes<Element, lanes>::load(from + offset + index)}};
    });
  });
  const auto mean = static_cast<Element>(sums.total(0) / count);
  Sums<bytes, Element, 2> apart;
  for_each_stretch(shape, channel, positions, [&](int64_t offset, int64_t length) PS_LANES_INLINE_LAMBDA {
    apart.add(length, [&](int64_t index, auto width) PS_LANES_INLINE_LAMBDA {
      constexpr int lanes = decltype(width)::value;
      const auto difference = Lanes<Element, lanes>::load(from + offset + index) - mean;
      return Terms<Element, lanes, 2>{{difference * difference, difference}};
    });
  });
  const double rest = apart.total(1) / count;
  moments[0] = static_cast<double>(mean) + rest;
  moments[1] = apart.total(0) - rest * rest * count;
}

template <int bytes, typename Element>
void channel_moments(const ChannelShape &shape, const ChannelPart &part, const Element *from, double *moments,
                     int64_t stride) {
  if (shape.size == 1)
    return for_each_block(part.channels, [&](Range block) PS_LANES_INLINE_LAMBDA {
      moments_of_columns<Element>(shape, part.positions, block, from,
                                  moments + (block.begin - part.channels.begin) * stride, stride);
    });
  for (int64_t channel = part.channels.begin; channel < part.channels.end; ++channel)
    moments_of_channel<bytes, Element>(shape, part.positions, channel, from,
                                       moments + (channel - part.channels.begin) * stride);
}

template <int bytes, typename Element>
void channel_gradient_sums(const ChannelShape &shape, const ChannelPart &part, const Element *from,
                           const Element *gradient, const Element *means, double *sums, int64_t stride) {
  if (shape.size == 1)
    return for_each_block(part.channels, [&](Range block) PS_LANES_INLINE_LAMBDA {
      const int64_t columns = block.end - block.begin;
      const ColumnSums<Element, 2> found(part.positions, columns, [&](auto &sum, int64_t row) PS_LANES_INLINE_LAMBDA {
        const Element *x = from + row * shape.channels + block.begin;
        const Element *slope = gradient + row * shape.channels + block.begin, *mean = means + block.begin;
        for (int64_t column = 0; column < columns; ++column) {
          sum[0][column] += slope[column];
          sum[1][column] += slope[column] * (x[column] - mean[column]);
        }
      });
      for (int64_t column = 0; column < columns; ++column)
        for (int kind = 0; kind < 2; ++kind)
          sums[(block.begin - part.channels.begin + column) * stride + kind] = found.total(kind, column);
    });
  for (int64_t channel = part.channels.begin; channel < part.channels.end; ++channel) {
    const Element mean = means[channel];
    Sums<bytes, Element, 2> found;
    for_each_stretch(shape, channel, part.positions, [&](int64_t offset, int64_t length) PS_LANES_INLINE_LAMBDA {
      found.add(length, [&](int64_t index, auto width) PS_LANES_INLINE_LAMBDA {
        using L = Lanes<Element, decltype(width)::value>;
        const L slope = L::load(gradient + offset + index);
        return Terms<Element, decltype(width)::value, 2>{{slope, slope * (L::load(from + offset + index) - mean)}};
      });
    });
    for (int kind = 0; kind < 2; ++kind) sums[(channel - part.channels.begin) * stride + kind] = found.total(kind);
  }
}

template <int bytes, typename Element>
void move_channels(const ChannelShape &shape, const ChannelPart &part, Element *to, const Element *from,
                   const ChannelLines<Element> &lines) {
  if (shape.size == 1) {
    const Element *means = lines.means, *factors = lines.factors, *shifts = lines.shifts;
    for (int64_t row = part.positions.begin; row < part.positions.end; ++row) {
      const int64_t first = row * shape.channels;
      if (shifts == nullptr) {
        PS_INDEPENDENT
        for (int64_t channel = part.channels.begin; channel < part.channels.end; ++channel)
          to[first + channel] = (from[first + channel] - means[channel]) * factors[channel];
      } else {
        PS_INDEPENDENT
        for (int64_t channel = part.channels.begin; channel < part.channels.end; ++channel)
          to[first + channel] = (from[first + channel] - means[channel]) * factors[channel] + shifts[channel];
      }
    }
    return;
  }
  for (int64_t channel = part.channels.begin; channel < part.channels.end; ++channel) {
    const Element mean = lines.means[channel], factor = lines.factors[channel];
    const Element shift = lines.shifts == nullptr ? Element{0} : lines.shifts[channel];
    for_each_stretch(shape, channel, part.positions, [&](int64_t offset, int64_t length) PS_LANES_INLINE_LAMBDA {
      Element *y = to + offset;
      const Element *x = from + offset;
      PS_INDEPENDENT
      for (int64_t index = 0; index < length; ++index) y[index] = (x[index] - mean) * factor + shift;
    });
  }
}

template <int bytes, typename Element>
void channel_gradients(const ChannelShape &shape, const ChannelPart &part, Element *to, const Element *from,
                       const Element *gradient, const ChannelGradientLines<Element> &lines) {
  if (shape.size == 1) {
    const Element *means = lines.means, *factors = lines.factors, *slopes = lines.slopes, *shifts = lines.shifts;
    for (int64_t row = part.positions.begin; row < part.positions.end; ++row) {
      const int64_t first = row * shape.channels;
      PS_INDEPENDENT
      for (int64_t channel = part.channels.begin; channel < part.channels.end; ++channel)
        to[first + channel] = gradient[first + channel] * factors[channel] -
                              (from[first + channel] - means[channel]) * slopes[channel] - shifts[channel];
    }
    return;
  }
  for (int64_t channel = part.channels.begin; channel < part.channels.end; ++channel) {
    const Element mean = lines.means[channel], factor = lines.factors[channel];
    const Element slope = lines.slopes[channel], shift = lines.shifts[channel];
    for_each_stretch(shape, channel, part.positions, [&](int64_t offset, int64_t length) PS_LANES_INLINE_LAMBDA {
      Element *dx = to + offset;
      const Element *x = from + offset, *dy = gradient + offset;
      PS_INDEPENDENT
      for (int64_t index = 0; index < length; ++index)
        dx[index] = dy[index] * factor - (x[index] - mean) * slope - shift;
    });
  }
}

}  // namespace penstock::core::nn
