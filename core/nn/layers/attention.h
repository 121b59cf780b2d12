// Attention of many heads.
#pragma once

#include <memory>

#include "core/nn/layer.h"
#include "core/nn/settings.h"

namespace penstock::core::nn {

// {"features", "heads", "use_bias" true, "dropout" 0, "causal" false}: torch's MultiheadAttention, batch first.  One input of
// shape (N, L, features) attends to itself; of three these are query (N, L, features), key and value (N, S, features).  With
// causal, query number i sees the keys 0 to i alone.  In training each probability is 0 with probability dropout, and the
// others grow by 1 / (1 - dropout).
//
// Parameters: in_proj_weight (3 features, features), in_proj_bias, out_proj_weight, out_proj_bias.
std::shared_ptr<Layer> make_multi_head_attention(Settings &settings, DType dtype);

}  // namespace penstock::core::nn
