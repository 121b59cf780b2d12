// What a model keeps for one shape of batch: for model.cc and model_plan.cc alone.
#pragma once

#include <algorithm>
#include <memory>

#include "core/nn/model.h"
#include "core/tensor/storage.h"

namespace penstock::core::nn {

struct Model::Prepared {
  Purpose purpose = Purpose::predicting;
  ValueOutline outline;  // of the batch
  std::unique_ptr<Plan> plan;
  std::unique_ptr<PlanRun> run;
  // Where rows are gathered that do not lie as the plan reads them.
  Reference<Storage> input, target_storage, weight_storage;
  ValueOutline targets;  // as the loss takes them
  const std::byte *target_elements = nullptr, *weight_elements = nullptr;

  // The outputs as predict() gives them, where the plan leaves the last operation to the loss.
  const std::byte *finished_outputs(const std::byte *outputs) {
    Operation *folded = plan->folded();
    if (folded == nullptr) return outputs;
    if (!finished_) {
      finished_ = Storage::allocate(std::max<int64_t>(plan->output().nbytes(), 64), 64, {});
      scratch_ = Storage::allocate(std::max<int64_t>(folded->needs().scratch_nbytes, 64), 64, {});
    }
    folded->forward({.inputs = std::span(&outputs, 1),
                     .output = finished_->data(),
                     .parameters = {},
                     .kept = nullptr,
                     .scratch = scratch_->data(),
                     .is_training = false,
                     .random = {}});
    return finished_->data();
  }

 private:
  Reference<Storage> finished_, scratch_;
};

}  // namespace penstock::core::nn
