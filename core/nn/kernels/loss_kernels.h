// The loops of the losses, for each width of vectors; the bits are the same at each.
#pragma once

#include <cstdint>

namespace penstock::core::nn {

enum class PairLoss { binary_cross_entropy, hinge, huber, kl_divergence, mae, mse };

// The sum of count losses, each of one output and one target, in an order that depends on count alone.  Gradients, of the
// sum times scale, are written unless that is null.  setting: huber's delta, binary cross entropy's pos_weight.
template <typename Element>
using PairLossKernel = double (*)(const Element *outputs, const Element *targets, int64_t count, Element setting,
                                  Element *gradients, Element scale);

// A stretch of a network's outputs where classes are compared at some positions: in memory either the classes of one
// position lie side by side (class_stride 1), or the positions of one class (position_stride 1).
template <typename Element>
struct ClassBlock {
  const Element *outputs;
  Element *exponentials;  // laid out as the outputs; null where only sums are wanted
  int64_t classes, class_stride;
  int64_t positions, position_stride;  // no more positions than most_positions
};

inline constexpr int64_t most_positions = 64;

// For each position the highest output, and the sum over the classes of e^(output - highest).
template <typename Element>
using SoftmaxKernel = void (*)(const ClassBlock<Element> &block, Element *highest, Element *sums);

template <typename Element>
struct LossKernels {
  PairLossKernel<Element> pair_losses[6];  // by PairLoss
  SoftmaxKernel<Element> softmax;
};

template <typename Element>
const LossKernels<Element> &loss_kernels_16();
template <typename Element>
const LossKernels<Element> &loss_kernels_32();
template <typename Element>
const LossKernels<Element> &loss_kernels_64();

// Those for this processor; Element: float or double.
template <typename Element>
const LossKernels<Element> &loss_kernels();

}  // namespace penstock::core::nn
