// The loops of activations for vectors of 16 bytes.
#include "core/nn/kernels/activation_kernels.h"

namespace penstock::core::nn {

ActivationKernels activation_kernels_16(ActivationKind kind) { return make_activation_kernels<16>(kind); }

}  // namespace penstock::core::nn
