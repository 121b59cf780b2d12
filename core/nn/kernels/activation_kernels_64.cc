// The loops of activations for vectors of 64 bytes.
#include "core/nn/kernels/activation_kernels.h"

namespace penstock::core::nn {

ActivationKernels activation_kernels_64(ActivationKind kind) { return make_activation_kernels<64>(kind); }

}  // namespace penstock::core::nn
