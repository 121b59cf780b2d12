// The loops of activations for vectors of 32 bytes.
#include "core/nn/kernels/activation_kernels.h"

namespace penstock::core::nn {

ActivationKernels activation_kernels_32(ActivationKind kind) { return make_activation_kernels<32>(kind); }

}  // namespace penstock::core::nn
