// The handles of networks, for the files of shims that make and take them.
#pragma once

#include <penstock/nn.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/autograd/leaf.h"
#include "core/io/json.h"
#include "core/nn/model.h"

namespace nn = penstock::core::nn;

namespace penstock {

// A layer, and what gradients of its parameters flow to.
struct LayerHandle : core::Counted<LayerHandle> {
  explicit LayerHandle(std::shared_ptr<nn::Layer> value) : layer(std::move(value)) {
    const std::vector<nn::NamedLayer> alone = {{"", layer}};
    for (const nn::StoredParameter &stored : nn::list_parameters(alone)) {
      names.push_back(stored.name.substr(1));  // behind the dot
      core::autograd::Source source;
      if (stored.parameter->is_trained)
        source.node = core::Reference<core::autograd::Node>::adopt(new core::autograd::Leaf(stored.parameter->value));
      sources.push_back(std::move(source));
    }
  }

  std::shared_ptr<nn::Layer> layer;
  std::vector<std::string> names;
  std::vector<core::autograd::Source> sources;
};

struct ModelHandle : core::Counted<ModelHandle> {
  explicit ModelHandle(std::unique_ptr<nn::Model> value) : model(std::move(value)) {}
  std::unique_ptr<nn::Model> model;
};

inline LayerHandle *handle_of(ps_layer *layer) { return reinterpret_cast<LayerHandle *>(layer); }
inline const LayerHandle *handle_of(const ps_layer *layer) { return reinterpret_cast<const LayerHandle *>(layer); }
inline ModelHandle *handle_of(ps_model *model) { return reinterpret_cast<ModelHandle *>(model); }
inline const ModelHandle *handle_of(const ps_model *model) { return reinterpret_cast<const ModelHandle *>(model); }

inline ps_layer *wrap_layer(std::shared_ptr<nn::Layer> layer) {
  return reinterpret_cast<ps_layer *>(new LayerHandle(std::move(layer)));
}
inline ps_model *wrap_model(std::unique_ptr<nn::Model> model) {
  return reinterpret_cast<ps_model *>(new ModelHandle(std::move(model)));
}

inline core::Json read_json(const char *text, const char *name) {
  return text == nullptr ? core::Json(core::Json::Object()) : core::parse_json(text, name);
}

}  // namespace penstock
