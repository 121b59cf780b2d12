#include "core/nn/loss.h"

#include "core/nn/class_losses.h"
#include "core/nn/described.h"
#include "core/nn/loss_shapes.h"
#include "core/nn/pair_losses.h"

namespace penstock::core::nn {
namespace {

struct LossKind {
  std::string_view name;
  std::unique_ptr<Loss> (*make)(Settings &settings);
};

constexpr LossKind kinds[] = {
    {"binary_cross_entropy", make_binary_cross_entropy},
    {"cosine", make_cosine},
    {"cross_entropy", make_cross_entropy},
    {"hinge", make_hinge},
    {"huber", make_huber},
    {"kl_divergence", make_kl_divergence},
    {"mae", make_mae},
    {"mse", make_mse},
    {"nll", make_nll},
};

}  // namespace

Json Loss::description() const {
  Json::Object description;
  append(description, "name", name());
  describe(description);
  return Json(std::move(description));
}

void Loss::check(const ValueOutline &outputs, const ValueOutline &targets) const {
  const std::string who = text("loss ", name());
  require_floating(who, outputs);
  if (outputs.shape.empty() || !is_same_shape(outputs.shape, targets.shape))
    refuse_shapes(who, outputs, targets, "the same shape, samples first");
}

DType Loss::target_dtype(const ValueOutline &outputs, const ValueOutline &) const { return outputs.dtype; }

std::unique_ptr<Loss> make_loss(const Json &description) {
  const LossKind &kind = find_described(kinds, description, "loss");
  Settings settings = described_settings(description, text("loss ", kind.name));
  std::unique_ptr<Loss> loss = kind.make(settings);
  settings.finish();
  return loss;
}

std::span<const std::string_view> loss_names() {
  static const auto names = names_of(kinds);
  return names;
}

}  // namespace penstock::core::nn
