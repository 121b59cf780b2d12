// The three computations of convolutions and of their transposes, between a wide side (samples, channels, rows, columns) and
// a narrow one, with weights (narrow channels, wide channels of a group, kernel rows, kernel columns).
//
// A convolution makes the narrow side from the wide one, and its gradient is the other way; of a transposed one it is the
// reverse.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/range.h"
#include "core/nn/activation.h"
#include "core/nn/kernels/scratch_slots.h"
#include "core/nn/kernels/window_pass.h"
#include "core/nn/kernels/window_tiles.h"

namespace penstock::core::nn {

struct WindowShape {
  int64_t samples = 0, wide_channels = 1, narrow_channels = 1, groups = 1;
  WindowGeometry rows, columns;

  int64_t wide_plane() const { return rows.wide * columns.wide; }
  int64_t narrow_plane() const { return rows.narrow * columns.narrow; }
  int64_t wide_group() const { return wide_channels / groups; }
  int64_t narrow_group() const { return narrow_channels / groups; }
  int64_t steps() const { return wide_group() * rows.kernel * columns.kernel; }  // weights of a narrow channel
  int64_t weight_elements() const { return narrow_channels * steps(); }
};

// Which of the computations will be asked for.
struct WindowUses {
  bool narrow_from_wide = false, wide_from_narrow = false, weight_gradient = false;
};

// Where sums go: sums = bias + products, out = activation(sums).
template <typename Element>
struct WindowResult {
  Element *sums = nullptr;
  Element *out = nullptr;         // may be sums
  const Element *bias = nullptr;  // of each channel; null for none
  Activation activation;
};

// Allocates nothing after it was made.  The bits of results depend on shapes and elements alone.
//
// Threads: one call at a time, which uses the pool's.
template <typename Element>
class WindowProducts {
 public:
  WindowProducts(const WindowShape &shape, const WindowUses &uses);

  int64_t scratch_nbytes() const { return scratch_nbytes_; }  // of every call's scratch, aligned to 64 bytes

  void narrow_from_wide(const WindowResult<Element> &narrow, const Element *wide, const Element *weight,
                        std::byte *scratch);
  void wide_from_narrow(const WindowResult<Element> &wide, const Element *narrow, const Element *weight,
                        std::byte *scratch);
  // gradient: as the weights; either side or both are gradients themselves.
  void weight_gradient(Element *gradient, const Element *narrow, const Element *wide, std::byte *scratch);

 private:
  // One pass from one side to the other.
  struct Task {
    const WindowPass &pass;
    const Element *source;
    const Element *weights;  // of all groups, channels of the target and steps
    bool packed;             // in tiles: step after step, the tile's channels side by side
    int64_t source_channels, target_channels;
    WindowResult<Element> result;
  };

  void prepare_gradient();
  int64_t slot_elements(const WindowPass &pass) const;
  void correlate(const Task &task, std::byte *scratch);
  void correlate_block(const Task &task, int64_t unit, Range tiles, Element *scratch) const;
  void store(const Task &task, const WindowBlock &block, int64_t channel, const Element *sums) const;
  void pack(const WindowPass &pass, const Element *weight, Element *to) const;
  void fill(const WindowResult<Element> &wide) const;
  void add_gradients(const WindowBlock &block, int64_t group, Range channels, const Element *narrow,
                     const Element *wide, Element *gradient, Element *scratch) const;
  void fill_factors(const WindowBlock &block, const Element *narrow, Element *to) const;

  WindowShape shape_;
  const WindowKernels<Element> &kernels_;
  std::vector<WindowPass> narrow_pass_, wide_passes_;  // of the first there is one, or none where nobody asks for it
  bool reaches_all_ = true;
  int64_t sample_groups_ = 1, channel_blocks_ = 1, gradient_grain_ = 1;  // that the weights' gradient is cut into
  int64_t slot_nbytes_ = 0, slots_nbytes_ = 0, scratch_nbytes_ = 0;
  ScratchSlots slots_;
};

}  // namespace penstock::core::nn
